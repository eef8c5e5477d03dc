//! Holding rules against packets.

use crate::{Late, Outcome, RuleSet, Scene};

/// Working memory of one worker. Holds nothing that outlives a packet.
#[derive(Debug)]
pub struct Inspector {}

impl Inspector {
    /// Working memory for a rule set.
    pub fn new(rules: &RuleSet) -> Self {
        let _ = rules;
        Self {}
    }

    /// Holds all rules against a packet: packet rules first, then frames, then the open transactions of its direction.
    ///
    /// `late` is given when packets come one after the other in input order (always so in prevention, and when
    /// [`RuleSet::needs_order`]); without it, alerts that depend on it come out as candidates.
    pub fn inspect(
        &mut self,
        rules: &RuleSet,
        scene: &mut Scene<'_>,
        late: Option<&mut Late>,
        outcome: &mut Outcome,
    ) {
        let _ = (rules, scene, late);
        outcome.clear();
    }
}
