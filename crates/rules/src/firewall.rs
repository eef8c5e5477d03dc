//! The firewall mode: what its rules do not accept is dropped.
//!
//! Firewall rules form two tables, asked in the order of the file: `packet:filter` for each packet, and `app:filter` for
//! each state that a transaction goes through, per direction. The first rule that holds decides; where none does, the
//! policy of the place does. Rules of detection run behind each table on what was let through.

use model::Direction;
use protocol::{ProtocolId, REGISTRY};

use crate::ir::{Action, ActionScope, Header, Hook, Meta, Proto, Rule, Verb};
use crate::sig::Sig;

/// What happens where no firewall rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `accept` or `drop`.
    pub verb: Verb,
    /// To what.
    pub scope: ActionScope,
    /// Say so.
    pub alert: bool,
}

/// Policies of all places.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Of `packet:filter`.
    pub packet: Policy,
    /// Of `app:filter`: protocol, state (`request_started`), policy. All others drop the flow.
    pub app: Vec<(String, String, Policy)>,
}

impl Policy {
    /// Reads a policy: `accept:hook`, `drop:flow`, … and maybe `alert`, separated by commas.
    pub fn read(text: &str) -> Option<Policy> {
        let mut policy = None;
        let mut alert = false;
        for part in text.split(',').map(str::trim) {
            let (verb, scope) = match part.split_once(':') {
                None if part == "alert" => {
                    alert = true;
                    continue;
                }
                Some(("accept", scope)) => (Verb::Accept, scope),
                Some(("drop", scope)) => (Verb::Drop, scope),
                _ => return None,
            };
            let scope = match scope {
                "packet" => ActionScope::Packet,
                "flow" => ActionScope::Flow,
                "hook" => ActionScope::Hook,
                "tx" => ActionScope::Tx,
                _ => return None,
            };
            policy = Some((verb, scope));
        }
        policy.map(|(verb, scope)| Policy { verb, scope, alert })
    }
}

impl Default for Policies {
    fn default() -> Self {
        Self { packet: DROP_PACKET, app: Vec::new() }
    }
}

const DROP_PACKET: Policy = Policy { verb: Verb::Drop, scope: ActionScope::Packet, alert: false };
const DROP_FLOW: Policy = Policy { verb: Verb::Drop, scope: ActionScope::Flow, alert: false };

/// Signature ids of the alerts that policies give.
pub(crate) const PACKET_POLICY_SID: u32 = 2_201_000;
const APP_POLICY_SID: u32 = 2_201_001;

/// The firewall's tables.
#[derive(Debug)]
pub(crate) struct Firewall {
    /// `pre_flow`.
    pub(crate) before_flow: Box<[u32]>,
    /// `flow_start`.
    pub(crate) flow_start: Box<[u32]>,
    /// `all` (and `pre_stream`).
    pub(crate) packet: Box<[u32]>,
    /// By protocol and direction.
    app: Box<[[AppTable; 2]]>,
    pub(crate) packet_policy: Policy,
    /// Rules that stand for the policies in alerts: packet, app.
    pub(crate) policy_rules: [u32; 2],
}

/// What is asked of transactions of one protocol in one direction.
#[derive(Debug, Default)]
pub(crate) struct AppTable {
    /// Rules in order.
    pub(crate) rules: Box<[AppRule]>,
    /// Policies by state.
    policies: Box<[Policy]>,
    /// States that are asked about, lowest first.
    pub(crate) states: Box<[u8]>,
}

/// A rule of `app:filter`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppRule {
    pub(crate) sig: u32,
    pub(crate) state: u8,
    /// Also of every state before.
    pub(crate) up_to: bool,
}

impl AppTable {
    /// What happens in a state where no rule decides.
    pub(crate) fn policy(&self, state: u8) -> Policy {
        self.policies.get(usize::from(state)).copied().unwrap_or(DROP_FLOW)
    }
}

impl Firewall {
    /// Sorts firewall rules into their tables.
    pub(crate) fn build(sigs: &[Sig], policies: &Policies) -> Self {
        let mut tables: [Vec<u32>; 3] = Default::default();
        let mut app: Vec<[Vec<AppRule>; 2]> = REGISTRY.iter().map(|_| Default::default()).collect();
        let mut policy_rules = [0; 2];
        for (position, sig) in sigs.iter().enumerate() {
            let number = u32::try_from(position).expect("rules are counted in 32 bits");
            if !sig.firewall {
                continue;
            }
            match (sig.meta.sid, sig.head.hook) {
                (PACKET_POLICY_SID, None) => policy_rules[0] = number,
                (APP_POLICY_SID, None) => policy_rules[1] = number,
                (_, Some(Hook::PreFlow)) => tables[0].push(number),
                (_, Some(Hook::FlowStart)) => tables[1].push(number),
                (_, Some(Hook::App { direction, progress, .. })) => {
                    for plan in &sig.plans {
                        let rule = AppRule { sig: number, state: progress, up_to: sig.head.hook_up_to };
                        if let Some(of) = app.get_mut(usize::from(plan.protocol.0)) {
                            of[direction.index()].push(rule);
                        }
                    }
                }
                (_, Some(Hook::All | Hook::PreStream) | None) => tables[2].push(number),
            }
        }
        let [before_flow, flow_start, packet] = tables.map(Vec::into_boxed_slice);
        let app = app.into_iter().enumerate().map(|(position, of)| {
            let protocol = ProtocolId(u8::try_from(position).expect("protocols are counted in 8 bits"));
            let mut of = of.into_iter();
            Direction::BOTH.map(|direction| AppTable {
                rules: of.next().unwrap_or_default().into(),
                policies: policies_of(protocol, direction, policies),
                states: states_of(protocol, direction),
            })
        });
        Self {
            before_flow,
            flow_start,
            packet,
            app: app.collect(),
            packet_policy: policies.packet,
            policy_rules,
        }
    }

    /// What is asked of transactions.
    pub(crate) fn app(&self, protocol: ProtocolId, direction: Direction) -> Option<&AppTable> {
        self.app.get(usize::from(protocol.0)).map(|of| &of[direction.index()])
    }
}

/// The states of a protocol that have a name; without any, its beginning and end.
fn states_of(protocol: ProtocolId, direction: Direction) -> Box<[u8]> {
    let declared = protocol::get(protocol);
    let mut states: Vec<u8> = declared.states[direction.index()].iter().map(|(_, state)| *state).collect();
    if states.is_empty() {
        states = vec![0, declared.complete[direction.index()]];
    }
    states.sort_unstable();
    states.dedup();
    states.into()
}

fn policies_of(protocol: ProtocolId, direction: Direction, policies: &Policies) -> Box<[Policy]> {
    let declared = protocol::get(protocol);
    let side = direction.index();
    let complete = declared.complete[side];
    let generic = match direction {
        Direction::ToServer => [("request_started", 0), ("request_complete", complete)],
        Direction::ToClient => [("response_started", 0), ("response_complete", complete)],
    };
    let mut list = vec![DROP_FLOW; usize::from(complete) + 1];
    for (name, state, policy) in &policies.app {
        if !declared.names().any(|known| known == name) {
            continue;
        }
        let states = declared.states[side].iter().chain(&generic);
        if let Some((_, number)) = states.into_iter().find(|(known, _)| known == state)
            && let Some(place) = list.get_mut(usize::from(*number))
        {
            *place = *policy;
        }
    }
    list.into()
}

/// Rules that stand for the policies in alerts.
pub(crate) fn policy_rules() -> [Rule; 2] {
    [
        (PACKET_POLICY_SID, "SURICATA FW default packet policy"),
        (APP_POLICY_SID, "SURICATA FW default app policy"),
    ]
    .map(|(sid, msg)| {
        let mut rule =
            Rule::new(Action { alert: true, ..Action::new(Verb::Accept) }, Header::any(Proto::ANY));
        rule.meta = Meta { sid, gid: 1, rev: 1, msg: msg.to_owned(), priority: 3, ..Meta::default() };
        rule.firewall = true;
        rule
    })
}
