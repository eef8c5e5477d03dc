//! State that crosses flows: thresholds, host bits, growing data sets. One owner sees the whole input in order.

use crate::{Candidate, RuleSet, Settled};

/// State that crosses flows.
#[derive(Debug)]
pub struct Late {}

impl Late {
    /// Empty state for a rule set.
    pub fn new(rules: &RuleSet) -> Self {
        let _ = rules;
        Self {}
    }

    /// Decides about a candidate; candidates come in the order of the input.
    pub fn settle(&mut self, rules: &RuleSet, candidate: &Candidate) -> Settled {
        let _ = (rules, candidate);
        Settled::Emit
    }

    /// Data sets that rules want saved at the end: path and content.
    pub fn save(&self, rules: &RuleSet) -> Vec<(String, Vec<u8>)> {
        let _ = rules;
        Vec::new()
    }
}
