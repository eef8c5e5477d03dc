//! The plain way: no patterns, no groups; every rule that could be about something is held against it in full.

use protocol::ProtocolId;

use super::Run;
use crate::RuleSet;
use crate::compile::choose;
use crate::sig::{Kind, What};

/// Rules by what they may be about at all.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Packets and streams, with what there must be for a rule without a pattern; of those on transactions the ones that look at
    /// the stream, too.
    packets: Vec<(u32, u16)>,
    /// Transactions, by protocol.
    transactions: Vec<Vec<u32>>,
}

impl Lists {
    fn new(rules: &RuleSet) -> Self {
        let mut lists =
            Self { packets: Vec::new(), transactions: vec![Vec::new(); protocol::REGISTRY.len()] };
        for (number, sig) in (0u32..).zip(&rules.sigs) {
            let mut steps = sig.plans.iter().flat_map(|plan| &plan.steps);
            if sig.kind != Kind::Transaction || steps.any(|step| matches!(step.what, What::Stream(_))) {
                let gate = if choose(sig).is_some() { 0 } else { sig.head.gate };
                lists.packets.push((number, gate));
            }
            for plan in &sig.plans {
                if let Some(list) = lists.transactions.get_mut(usize::from(plan.protocol.0)) {
                    list.push(number);
                }
            }
        }
        lists
    }
}

impl Run<'_, '_> {
    pub(super) fn plain_packet_candidates(&mut self) {
        let rules = self.rules;
        let lists = self.tools.plain.get_or_insert_with(|| Box::new(Lists::new(rules)));
        let stream = self.scene.flow.as_ref().and_then(|flow| flow.stream);
        let payload =
            !self.scene.payload.is_empty() || stream.is_some_and(|stream| !stream.windows.is_empty());
        for (number, gate) in &lists.packets {
            let Some(sig) = rules.sigs.get(*number as usize) else { continue };
            let fits = if sig.kind == Kind::Transaction { payload } else { gate & !self.have == 0 };
            if fits {
                self.tools.candidates.add(*number);
            }
        }
    }

    pub(super) fn plain_transaction_candidates(&mut self, protocol: ProtocolId) {
        let rules = self.rules;
        let lists = self.tools.plain.get_or_insert_with(|| Box::new(Lists::new(rules)));
        if let Some(list) = lists.transactions.get(usize::from(protocol.0)) {
            self.tools.candidates.extend(list);
        }
    }
}
