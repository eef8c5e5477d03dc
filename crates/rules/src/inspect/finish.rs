//! What comes of the matches of a packet: in the order of the rules, thresholds are asked, actions taken, alerts made.

use std::sync::Arc;

use model::FlowId;

use super::{Hit, Run};
use crate::ir::{TagOf, Verb};
use crate::late::{Decision, Holds, count_in_flow, suppressed};
use crate::sig::{Kind, Sig};
use crate::{Alert, Candidate};

/// Wording of EVE's `drop.reason` for a rule.
const BY_RULES: &str = "rules";
/// The same when a rate filter made the rule drop.
const BY_RATE: &str = "threshold detection_filter";

impl Run<'_, '_> {
    /// Decides what comes of the queue.
    pub(super) fn finish(&mut self) {
        if self.tools.hits.is_empty() {
            return;
        }
        let mut hits = std::mem::take(&mut self.tools.hits);
        hits.sort_by_key(|hit| (hit.sig, hit.tx.unwrap_or(u64::MAX), hit.frame));
        // One alert that must wait makes all of its packet wait, since they share the limit.
        let waits = self.late.is_none()
            && hits.iter().any(|hit| self.sig(hit.sig).is_some_and(|sig| sig.crosses_flows));
        let mut written = 0;
        for hit in hits.drain(..) {
            if !self.decide(hit, waits, &mut written) {
                break;
            }
        }
        self.tools.hits = hits;
    }

    /// Decides about one match; `false`: those behind it do not count.
    fn decide(&mut self, hit: Hit, waits: bool, written: &mut u16) -> bool {
        let Some(sig) = self.sig(hit.sig) else { return true };
        let candidate = self.candidate(sig, &hit);
        let decision = self.late_conditions(sig, &candidate);
        if decision.holds == Holds::Nothing {
            return true;
        }
        let verb = decision.action.unwrap_or(sig.action.verb);
        if sig.firewall {
            // The firewall has acted when the rule held.
        } else if !waits || !sig.crosses_flows {
            self.act(sig, verb, &hit, decision.action.is_some());
        }
        if decision.holds == Holds::Alert && sig.alerts {
            if waits {
                let alert = self.alert(sig, verb, hit, Some(candidate));
                self.outcome.alerts.push(alert);
            } else if *written < self.rules.settings().alerts_max {
                *written += 1;
                let alert = self.alert(sig, verb, hit, None);
                self.outcome.alerts.push(alert);
            }
        }
        // What comes behind a pass is not spoken of, even when the packet is dropped already.
        verb != Verb::Pass || sig.firewall
    }

    fn late_conditions(&mut self, sig: &Sig, candidate: &Candidate) -> Decision {
        if sig.late.is_empty() {
            return Decision::ALERT;
        }
        if suppressed(sig, candidate) {
            return Decision { holds: Holds::Silent, action: None };
        }
        let mut decision = match &mut self.scene.flow {
            Some(flow) => count_in_flow(sig, candidate, &mut flow.state.rare.counters),
            None => Decision::ALERT,
        };
        if let (Holds::Alert, Some(late)) = (decision.holds, &mut self.late) {
            let counted = late.count(sig, candidate);
            decision = Decision { holds: counted.holds, action: counted.action.or(decision.action) };
        }
        decision
    }

    fn candidate(&self, sig: &Sig, hit: &Hit) -> Candidate {
        let layers = self.scene.layers;
        Candidate {
            rule: hit.sig,
            group: self.scene.packet.0 << 5 | u64::from(layers.level & 31),
            packet: self.scene.packet,
            time: self.scene.time,
            flow: self.scene.flow.as_ref().map_or(FlowId(0), |flow| flow.id),
            src: layers.src,
            dst: layers.dst,
            src_port: layers.src_port,
            dst_port: layers.dst_port,
            silent: !sig.alerts,
        }
    }

    /// Takes the rule's action on packet and flow.
    fn act(&mut self, sig: &Sig, verb: Verb, hit: &Hit, by_rate: bool) {
        for tag in &sig.tags {
            self.start_tag(*tag, hit.sig);
        }
        let drops = matches!(verb, Verb::Drop | Verb::Reject | Verb::RejectDst | Verb::RejectBoth);
        // A packet that is dropped already is not saved by a later rule.
        let saved_too_late = verb == Verb::Pass && self.outcome.drop.is_some();
        if drops && self.rules.settings().prevent {
            self.outcome.drop.get_or_insert(if by_rate { BY_RATE } else { BY_RULES });
            let [to_source, to_destination] = &mut self.outcome.reject;
            *to_source |= matches!(verb, Verb::Reject | Verb::RejectBoth);
            *to_destination |= matches!(verb, Verb::RejectDst | Verb::RejectBoth);
        } else if verb == Verb::Pass && !saved_too_late {
            self.outcome.pass = true;
        }
        if !(drops || verb == Verb::Pass) || saved_too_late || !self.applies_to_flow(sig, hit) {
            return;
        }
        if let Some(flow) = &mut self.scene.flow
            && !flow.state.dropped
            && !flow.state.passed
        {
            flow.state.dropped = drops;
            flow.state.passed = !drops;
        }
    }

    fn alert(&mut self, sig: &Sig, verb: Verb, hit: Hit, candidate: Option<Candidate>) -> Alert {
        let rejects = matches!(verb, Verb::Reject | Verb::RejectDst | Verb::RejectBoth);
        if let (Some(tx), Some(session)) =
            (hit.tx, self.scene.flow.as_mut().and_then(|flow| flow.app.session_mut()))
            && let Some(index) = (0..session.count()).find(|index| session.core(*index).id == tx)
        {
            session.core_mut(index).alerted = true;
        }
        let context = hit
            .contexts
            .iter()
            .filter_map(|(set, entry)| {
                let spec = self.rules.names.datasets.get(*set as usize)?;
                let shown = match self.late.as_mut().and_then(|late| late.dataset_mut(*set)) {
                    Some(set) => set.shown(*entry),
                    None => self.rules.datasets.get(*set as usize)?.shown(*entry),
                };
                Some((Arc::from(spec.context_key.as_deref()?), shown?))
            })
            .collect();
        let _ = sig;
        Alert {
            rule: hit.sig,
            action: verb,
            blocked: rejects || (verb == Verb::Drop && self.rules.settings().prevent),
            tx: hit.tx,
            stream: hit.stream,
            state: hit.state,
            frame: hit.frame,
            context,
            captures: hit.captures,
            candidate,
        }
    }

    fn start_tag(&mut self, tag: crate::ir::Tag, rule: u32) {
        let layers = self.scene.layers;
        match (tag.of, &mut self.scene.flow, &mut self.late) {
            (TagOf::Session, Some(flow), _) => {
                flow.state.rare.tags.start(tag, rule, self.scene.time);
            }
            (TagOf::HostSource | TagOf::HostDestination, _, Some(late)) => {
                late.tag(tag, rule, layers.src, layers.dst, self.scene.time);
            }
            _ => {}
        }
    }

    /// Whether a tag asks for this packet.
    pub(super) fn tags(&mut self) {
        if self.scene.pseudo {
            return;
        }
        let (now, len) = (self.scene.time, self.scene.bytes.len() as u64);
        let mut tagged = false;
        if let Some(flow) = &mut self.scene.flow
            && let Some(lists) = flow.state.rare.written_mut()
        {
            tagged = lists.tags.count(now, len);
        }
        if let Some(late) = &mut self.late {
            let layers = self.scene.layers;
            tagged |= late.tagged(layers.src, layers.dst, now, len);
        }
        self.outcome.tagged = tagged;
    }

    /// Whether a rule's action is for the flow and not just the packet, by its type and by what it matched on.
    fn applies_to_flow(&self, sig: &Sig, hit: &Hit) -> bool {
        use crate::ir::ActionScope;
        match sig.action.scope {
            Some(ActionScope::Flow) => return true,
            Some(ActionScope::Packet | ActionScope::Hook | ActionScope::Tx | ActionScope::File) => {
                return false;
            }
            // Behind a firewall, what detection drops it drops for good.
            None if self.rules.firewall.is_some() && sig.drops() => return true,
            None => {}
        }
        match sig.kind {
            Kind::IpOnly | Kind::LikeIpOnly | Kind::ProtocolOnly | Kind::App | Kind::Transaction => true,
            Kind::PacketStream | Kind::Stream => hit.stream || hit.state,
            Kind::DecodeOnly | Kind::Packet => false,
        }
    }
}
