//! Firewall rules at work: `packet:filter` on packets, `app:filter` on the states of transactions.

use protocol::{Inspected, InspectedRule};

use super::transaction::Tx;
use super::{Hit, Run};
use crate::firewall::{Firewall, Policy};
use crate::ir::{Action, ActionScope, Verb};
use crate::sig::{Sig, What};

/// Wordings of EVE's `drop.reason`.
const BY_RULE: &str = "firewall rules";
const BY_PACKET_POLICY: &str = "firewall default packet policy";
const BY_APP_POLICY: &str = "firewall default app policy";
/// Stands for the firewall in the list of rules that are done with a transaction: it was accepted as a whole.
const ACCEPTED: u32 = u32::MAX >> 1;

/// What the firewall makes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Through, and on to `app:filter`.
    Open,
    /// Through; `app:filter` is not asked.
    Accepted,
    /// Dropped.
    Shut,
}

impl<'r> Run<'r, '_> {
    /// Asks `packet:filter`.
    pub(super) fn packet_filter(&mut self, firewall: &'r Firewall) -> Gate {
        let after_all = |closed: bool| closed && self.scene.pseudo;
        if self.scene.flow.as_ref().is_some_and(|flow| flow.state.accepted || after_all(flow.closed)) {
            return Gate::Accepted;
        }
        if let Some(action) = self.first_of(&firewall.flow_start) {
            match self.carry_out(action, BY_RULE) {
                Gate::Open => {}
                decided => return decided,
            }
        }
        match self.first_of(&firewall.packet) {
            Some(action) => self.carry_out(action, BY_RULE),
            None => {
                self.say_policy(firewall.packet_policy, firewall.policy_rules[0], None);
                self.carry_out(action_of(firewall.packet_policy), BY_PACKET_POLICY)
            }
        }
    }

    /// Asks `pre_flow`: whether the packet is dropped before its flow is looked for.
    pub(super) fn before_flow(&mut self, firewall: &'r Firewall) {
        if let Some(action) = self.first_of(&firewall.before_flow) {
            self.carry_out(action, BY_RULE);
        }
    }

    /// The action of the first packet rule that holds.
    fn first_of(&mut self, rules: &[u32]) -> Option<Action> {
        for number in rules {
            let Some(sig) = self.sig(*number) else { continue };
            if !self.header(sig) {
                continue;
            }
            self.tools.machine.captures.clear();
            self.tools.machine.contexts.clear();
            if let Some(stream) = self.looks(sig)
                && self.tests(sig)
            {
                self.matched(sig, Hit { stream, ..Hit::packet(*number) });
                return Some(sig.action);
            }
        }
        None
    }

    /// Does what a deciding rule or policy says.
    fn carry_out(&mut self, action: Action, reason: &'static str) -> Gate {
        let flow = action.scope == Some(ActionScope::Flow);
        match action.pass {
            Some(ActionScope::Flow) => {
                if let Some(flow) = &mut self.scene.flow {
                    flow.state.passed = true;
                }
            }
            Some(_) => self.outcome.pass = true,
            None => {}
        }
        if action.verb == Verb::Accept {
            if let (true, Some(scene)) = (flow, &mut self.scene.flow) {
                scene.state.accepted = true;
            }
            return match action.scope {
                Some(ActionScope::Flow | ActionScope::Packet) => Gate::Accepted,
                _ => Gate::Open,
            };
        }
        self.outcome.drop.get_or_insert(reason);
        if let (true, Some(scene)) = (flow, &mut self.scene.flow) {
            scene.state.dropped = true;
            scene.state.dropped_by_firewall = true;
        }
        Gate::Shut
    }

    fn say_policy(&mut self, policy: Policy, rule: u32, tx: Option<u64>) {
        if policy.alert {
            self.tools.hits.push(Hit { tx, state: tx.is_some(), ..Hit::packet(rule) });
        }
    }

    /// Asks `app:filter` about the states that a transaction has gone through since it was last asked; `false`: the packet
    /// is dropped.
    pub(super) fn app_filter(
        &mut self,
        firewall: &'r Firewall,
        tx: &Tx,
        inspected: &mut [Inspected; 2],
    ) -> bool {
        let side = self.direction.index();
        let Some(table) = firewall.app(tx.protocol, self.direction) else { return true };
        let through =
            |inspected: &[Inspected; 2]| inspected[0].rules.iter().any(|entry| entry.rule == ACCEPTED);
        let passed = tx.first_state()..=tx.progress[side];
        for state in table.states.iter().copied().filter(|state| passed.contains(state)) {
            let accepted = self.scene.flow.as_ref().is_some_and(|flow| flow.state.accepted);
            if accepted || through(inspected) {
                return true;
            }
            let mut decided = None;
            let mut held = None;
            let mut pending = false;
            for rule in &table.rules {
                let here = rule.state == state || (rule.up_to && state < rule.state);
                let Some(sig) = self.sig(rule.sig).filter(|_| here) else { continue };
                let bare = sig.plan(tx.protocol).is_none_or(|plan| plan.steps.len() == 1);
                // A rule that looked at something and held is not asked again; it decides when no other does.
                if inspected[side].rules.iter().any(|entry| entry.rule == rule.sig) {
                    held.get_or_insert((sig.action, BY_RULE));
                    continue;
                }
                if self.app_rule_holds(sig, tx, state) {
                    self.matched(sig, Hit { tx: Some(tx.id), state: true, ..Hit::packet(rule.sig) });
                    if !bare {
                        inspected[side].rules.push(InspectedRule { rule: rule.sig, matched: u32::MAX });
                    }
                    decided = Some((sig.action, BY_RULE));
                    break;
                }
                // What may still come to hold keeps the way open until its state is reached.
                pending |= rule.up_to && state < rule.state;
            }
            let (action, reason) = decided.or(held).unwrap_or_else(|| {
                if pending {
                    return (Action { scope: Some(ActionScope::Hook), ..Action::new(Verb::Accept) }, BY_RULE);
                }
                let policy = table.policy(state);
                self.say_policy(policy, firewall.policy_rules[1], Some(tx.id));
                (action_of(policy), BY_APP_POLICY)
            });
            if action.verb == Verb::Accept && action.scope == Some(ActionScope::Tx) {
                inspected[0].rules.push(InspectedRule { rule: ACCEPTED, matched: u32::MAX });
            }
            if self.carry_out(action, reason) == Gate::Shut {
                return false;
            }
        }
        true
    }

    /// Whether a rule holds in a state: of what it looks at, nothing may come later than the state.
    fn app_rule_holds(&mut self, sig: &Sig, tx: &Tx, state: u8) -> bool {
        let tx = &tx.in_state(self.direction, state);
        let Some(plan) = sig.plan(tx.protocol) else { return false };
        self.tools.machine.captures.clear();
        self.tools.machine.contexts.clear();
        self.header_and_tests(sig) && self.transaction_bits(sig, tx) && {
            let done = plan
                .steps
                .iter()
                .enumerate()
                .filter(|(_, step)| matches!(step.what, What::Reached))
                .fold(0, |bits, (bit, _)| bits | 1 << bit);
            let (_, all) = self.steps(sig, plan, tx, done);
            all
        }
    }

    /// Whether detection has dropped the packet already.
    pub(super) fn is_dropped_by_detection(&self) -> bool {
        let mut verdicts: Vec<(u32, Verb)> = self
            .tools
            .hits
            .iter()
            .filter_map(|hit| self.sig(hit.sig).map(|sig| (hit.sig, sig)))
            .filter(|(_, sig)| !sig.firewall && sig.late.is_empty())
            .map(|(number, sig)| (number, sig.action.verb))
            .collect();
        verdicts.sort_unstable();
        let decided = verdicts.iter().find(|(_, verb)| !matches!(verb, Verb::Alert | Verb::Config));
        decided.is_some_and(|(_, verb)| *verb != Verb::Pass)
    }
}

fn action_of(policy: Policy) -> Action {
    // A flow that a policy accepts is spared detection, too.
    let accepted = (policy.verb, policy.scope) == (Verb::Accept, ActionScope::Flow);
    Action {
        pass: accepted.then_some(ActionScope::Flow),
        scope: Some(policy.scope),
        alert: policy.alert,
        ..Action::new(policy.verb)
    }
}
