//! One rule set takes the place of another while flows go on: what the old one kept is brought over.
//!
//! A rule is the same when its generator, its number and its text are; bits, numbers and variables are the same when their
//! names are. What only the old set knew is forgotten. A new rule looks at what comes; it does not look back.

use hashbrown::HashMap;
use protocol::Inspected;

use crate::compile::Names;
use crate::late::Late;
use crate::{FlowState, RuleSet};

/// Marks an entry that says which file a rule has matched.
const OF_FILE: u32 = 1 << 31;

/// What the numbers of one rule set are in the one that takes its place.
#[derive(Debug)]
pub struct Succession {
    rules: Vec<Option<u32>>,
    bits: Vec<Option<u32>>,
    ints: Vec<Option<u32>>,
    vars: Vec<Option<u32>>,
    xbits: Vec<Option<u32>>,
}

impl RuleSet {
    /// What this set's numbers are in `next`.
    pub fn succession(&self, next: &RuleSet) -> Succession {
        let new: HashMap<(u32, u32), u32> =
            (0u32..).zip(&next.sigs).map(|(number, sig)| ((sig.meta.gid, sig.meta.sid), number)).collect();
        let rules = self.sigs.iter().map(|sig| {
            let number = *new.get(&(sig.meta.gid, sig.meta.sid))?;
            let same = next.sigs.get(number as usize).is_some_and(|new| new.meta.text == sig.meta.text);
            same.then_some(number)
        });
        let (old, new): (&Names, &Names) = (&self.names, &next.names);
        Succession {
            rules: rules.collect(),
            bits: old.bits.numbers_in(&new.bits),
            ints: old.ints.numbers_in(&new.ints),
            vars: old.vars.numbers_in(&new.vars),
            xbits: old.xbits.numbers_in(&new.xbits),
        }
    }
}

impl Succession {
    pub(crate) fn rule(&self, old: u32) -> Option<u32> {
        *self.rules.get(old as usize)?
    }

    pub(crate) fn xbit(&self, old: u32) -> Option<u32> {
        *self.xbits.get(old as usize)?
    }

    /// Brings over what rules keep with a flow.
    pub fn flow(&self, state: &mut FlowState) {
        // The new rules draw another border.
        state.zone = None;
        let of = |list: &[Option<u32>], old: u32| list.get(old as usize).copied().flatten();
        state.bits = state.bits.iter().filter_map(|bit| of(&self.bits, *bit)).collect();
        let Some(lists) = state.rare.written_mut() else { return };
        lists.ints =
            lists.ints.iter().filter_map(|(name, value)| Some((of(&self.ints, *name)?, *value))).collect();
        let vars = std::mem::take(&mut lists.vars);
        lists.vars =
            vars.into_iter().filter_map(|(name, value)| Some((of(&self.vars, name)?, value))).collect();
        lists.tx_bits = lists.tx_bits.iter().filter_map(|(bit, tx)| Some((self.xbit(*bit)?, *tx))).collect();
        let counters = std::mem::take(&mut lists.counters);
        lists.counters = counters
            .into_iter()
            .filter_map(|(rule, which, counter)| Some((self.rule(rule)?, which, counter)))
            .collect();
    }

    /// Brings over what is remembered with a transaction: which rules matched, or matched in part.
    pub fn transaction(&self, inspected: &mut [Inspected; 2]) {
        for side in inspected {
            side.rules.retain(|entry| match self.rule(entry.rule & !OF_FILE) {
                Some(new) => {
                    entry.rule = new | entry.rule & OF_FILE;
                    true
                }
                None => false,
            });
        }
    }

    /// Brings over which rules matched on a frame.
    pub fn frame(&self, matched: &mut smallvec::SmallVec<[u32; 2]>) {
        *matched = matched.iter().filter_map(|old| self.rule(*old)).collect();
    }
}

impl Late {
    /// Brings over what crosses flows. Data sets that rules grow keep what they have.
    pub fn succeed(self, old: &RuleSet, next: &RuleSet, succession: &Succession) -> Late {
        let mut late = Late::new(next);
        late.take_over(self, old, next, succession);
        late
    }
}
