//! The part of a rule before the parenthesis.

use protocol::ProtocolId;
use serde::{Deserialize, Serialize};

use crate::{AddressSet, PortSet};

/// What a rule does, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What.
    pub verb: Verb,
    /// To what (`drop:flow`, `accept:hook`, `pass:flow`); `None` = as the rule's type decides.
    pub scope: Option<ActionScope>,
    /// A firewall rule that also writes an alert (`accept:hook` with `alert`).
    pub alert: bool,
    /// A firewall rule that also spares the packet or flow the rules of detection (`accept:flow,pass:flow`).
    pub pass: Option<ActionScope>,
}

impl Action {
    /// An action without a scope of its own.
    pub const fn new(verb: Verb) -> Self {
        Self { verb, scope: None, alert: matches!(verb, Verb::Alert), pass: None }
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verb {
    /// Let go, and inspect no further.
    Pass,
    /// Drop.
    Drop,
    /// Drop and answer the sender (`reject`, `rejectsrc`).
    Reject,
    /// Drop and answer the receiver.
    RejectDst,
    /// Drop and answer both.
    RejectBoth,
    /// Say so.
    Alert,
    /// Change the configuration for the packet, transaction or flow.
    Config,
    /// Firewall: let through.
    Accept,
}

/// To what an action applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionScope {
    /// This packet.
    Packet,
    /// The flow.
    Flow,
    /// This hook.
    Hook,
    /// The transaction.
    Tx,
    /// The file (`filestore` only).
    File,
}

/// The header of a rule.
#[derive(Debug, Clone)]
pub struct Header {
    /// Network and transport.
    pub proto: Proto,
    /// Application protocols, any of which will do; empty = no matter.
    pub apps: Vec<ProtocolId>,
    /// The header names an application protocol that is switched off or never parsed: the rule is loaded but never matches.
    pub never: bool,
    /// Place in the processing that the rule hooks into.
    pub hook: Option<Hook>,
    /// The hook was written with `<`: it, and every state of its direction before it.
    pub hook_up_to: bool,
    /// Source addresses.
    pub src: AddressSet,
    /// Source ports.
    pub src_ports: PortSet,
    /// Destination addresses.
    pub dst: AddressSet,
    /// Destination ports.
    pub dst_ports: PortSet,
    /// `<>`: either end may be the source.
    pub either_way: bool,
    /// `=>`: request and response of one transaction together.
    pub both_sides: bool,
}

impl Header {
    /// Any addresses and ports.
    pub fn any(proto: Proto) -> Self {
        Self {
            proto,
            apps: Vec::new(),
            never: false,
            hook: None,
            hook_up_to: false,
            src: AddressSet::any(),
            src_ports: PortSet::any(),
            dst: AddressSet::any(),
            dst_ports: PortSet::any(),
            either_way: false,
            both_sides: false,
        }
    }
}

/// Network and transport that a header (and `ip_proto`) asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proto {
    /// IP protocol numbers, one bit each.
    pub numbers: [u64; 4],
    /// Any IP protocol will do; `numbers` is then full.
    pub any: bool,
    /// Only IPv4.
    pub ipv4: bool,
    /// Only IPv6.
    pub ipv6: bool,
    /// `tcp-pkt`: packets, not the stream.
    pub only_packet: bool,
    /// `tcp-stream`: the stream, not packets.
    pub only_stream: bool,
    /// `pkthdr`: any packet, even one without a network layer or with a broken one.
    pub packet_header: bool,
    /// `arp`.
    pub arp: bool,
    /// `ether`: any packet with a link layer.
    pub ether: bool,
}

impl Proto {
    /// `ip`: any protocol over either version.
    pub const ANY: Proto = Proto {
        numbers: [u64::MAX; 4],
        any: true,
        ipv4: false,
        ipv6: false,
        only_packet: false,
        only_stream: false,
        packet_header: false,
        arp: false,
        ether: false,
    };

    /// One IP protocol.
    pub const fn one(number: u8) -> Proto {
        let mut numbers = [0; 4];
        numbers[(number / 64) as usize] = 1 << (number % 64);
        Proto { numbers, any: false, ..Self::ANY }
    }

    /// The same with another IP protocol added.
    #[must_use]
    pub const fn and(mut self, number: u8) -> Proto {
        self.numbers[(number / 64) as usize] |= 1 << (number % 64);
        self
    }

    /// Whether it has this IP protocol.
    pub const fn has(&self, number: u8) -> bool {
        self.numbers[(number / 64) as usize] & (1 << (number % 64)) != 0
    }
}

/// Place in the processing that a rule hooks into (`http1:request_line`, `tcp:flow_start`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// `app:state`: the transaction has reached this progress in this direction.
    App {
        /// Direction of the state.
        direction: model::Direction,
        /// The state.
        progress: u8,
        /// Name of the state, for EVE.
        name: &'static str,
    },
    /// `<proto>:flow_start`: the first packet of a flow.
    FlowStart,
    /// `<proto>:pre_flow`: before the flow is looked up.
    PreFlow,
    /// `<proto>:pre_stream`: before the stream engine sees it.
    PreStream,
    /// `<proto>:all`: every packet.
    All,
}
