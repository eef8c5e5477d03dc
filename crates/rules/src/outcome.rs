//! What inspecting a packet came to.

use std::net::IpAddr;
use std::sync::Arc;

use model::{FlowId, PacketId, Time};

use crate::ir::Verb;

/// What inspecting one packet came to. Reused from packet to packet.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Alerts to be written, in order. Rules with `noalert` are not among them.
    pub alerts: Vec<Alert>,
    /// The packet is to be dropped: EVE's `drop.reason`. Only in prevention.
    pub drop: Option<&'static str>,
    /// Whom to answer: the sender, the receiver. Only in prevention… and with a `drop`.
    pub reject: [bool; 2],
    /// A rule passed the packet.
    pub pass: bool,
    /// The flow is to be bypassed.
    pub bypass: bool,
    /// A tag asks for this packet to be written.
    pub tagged: bool,
    /// Packet variables captured: name number, value.
    pub packet_vars: Vec<(u32, Vec<u8>)>,
    /// Whether inspection has moved transactions on; the engine need not look for more to log otherwise.
    pub inspected_transactions: bool,
}

impl Outcome {
    /// Forgets the last packet, keeps the memory.
    pub fn clear(&mut self) {
        self.alerts.clear();
        self.drop = None;
        self.reject = [false; 2];
        self.pass = false;
        self.bypass = false;
        self.tagged = false;
        self.packet_vars.clear();
        self.inspected_transactions = false;
    }
}

/// One alert.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Position in the rule set: [`crate::RuleSet::rule`].
    pub rule: u32,
    /// The action after rate filters.
    pub action: Verb,
    /// EVE's `alert.action`: `blocked` instead of `allowed`.
    pub blocked: bool,
    /// The transaction it is about, by its number in the flow.
    pub tx: Option<u64>,
    /// The match was in the stream rather than in the packet.
    pub stream: bool,
    /// The match was on a transaction (Suricata's `STATE_MATCH`).
    pub state: bool,
    /// Number of the frame it is about.
    pub frame: Option<u64>,
    /// Fields for `alert.context`: key, JSON value.
    pub context: Vec<(Arc<str>, Arc<str>)>,
    /// Bytes per `pcre` group captured for the alert: name number, value.
    pub captures: Vec<(u32, Vec<u8>)>,
    /// To be settled in packet order before it is written; `None`: write it.
    pub candidate: Option<Candidate>,
}

/// What settling needs to know of an alert. All alerts of a packet are candidates when one of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Position in the rule set.
    pub rule: u32,
    /// The packet, with its tunnel level below: alerts with equal values share the limit per packet.
    pub group: u64,
    /// Packet.
    pub packet: PacketId,
    /// Packet time.
    pub time: Time,
    /// Flow; 0 without.
    pub flow: FlowId,
    /// Source of the packet.
    pub src: IpAddr,
    /// Destination of the packet.
    pub dst: IpAddr,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// It would not be written in any case (`noalert`), and is only here to be counted.
    pub silent: bool,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Write it.
    Emit,
    /// Leave it out.
    Hold,
}
