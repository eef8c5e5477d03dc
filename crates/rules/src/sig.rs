//! A rule in the form in which it runs.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use model::Direction;
use protocol::{Condition, ProtocolId};

use crate::NumberTest;
use crate::inspect::Transform;
use crate::ir::{
    Absent, Action, BitTrack, FileHashes, FlowCondition, HashKind, Hook, Items, Late, Meta, PacketBuffer,
    PacketTest, Proto, Tag, Verb,
};
use crate::op::Op;

/// A rule, ready to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sig {
    /// What the rule says of itself.
    pub meta: Meta,
    /// What it does.
    pub action: Action,
    /// Its type, which decides what its action applies to.
    pub(crate) kind: Kind,
    pub(crate) head: Head,
    /// Conditions on packet and flow.
    pub(crate) tests: Box<[Test]>,
    /// Inspections of the packet: payload or stream, header buffers.
    pub(crate) looks: Box<[Look]>,
    /// A frame to be inspected.
    pub(crate) frame: Option<FrameLook>,
    /// Inspections of transactions, per protocol.
    pub(crate) plans: Box<[Plan]>,
    /// What a match changes.
    pub(crate) post: Box<[Post]>,
    /// Suppressions, then thresholds, in the order in which they are asked.
    pub(crate) late: Box<[Late]>,
    /// `detection_filter`, `threshold`, … are counted in tables that cross flows.
    pub(crate) crosses_flows: bool,
    /// An action of its own: alert.
    pub(crate) alerts: bool,
    /// `tag`: which packets after the match are written, too.
    pub(crate) tags: Box<[Tag]>,
    /// It came from the firewall's rules.
    pub firewall: bool,
}

/// The quick checks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) proto: Proto,
    /// Application protocols; empty = no matter.
    #[serde(with = "crate::store::foreign")]
    pub(crate) apps: Box<[ProtocolId]>,
    /// Whose transactions and flows count as one of `apps`: bit by protocol.
    pub(crate) spoken: u128,
    pub(crate) never: bool,
    #[serde(with = "crate::store::foreign")]
    pub(crate) hook: Option<Hook>,
    /// The hook is for every state before its own, too.
    pub(crate) hook_up_to: bool,
    /// Number of the address set; [`ANY`] = all.
    pub(crate) src: u32,
    pub(crate) dst: u32,
    /// Number of the port set; [`ANY`] = all.
    pub(crate) src_ports: u32,
    pub(crate) dst_ports: u32,
    /// Packet directions in which it can match.
    pub(crate) directions: [bool; 2],
    /// The `flow` keyword.
    pub(crate) flow: Option<FlowCondition>,
    /// What the packet must have; bits of [`gate`].
    pub(crate) gate: u16,
    /// `=>`.
    pub(crate) both_sides: bool,
    /// `<>`: either end of the packet may be the rule's source.
    pub(crate) either_way: bool,
}

/// Number of the set of everything.
pub(crate) const ANY: u32 = u32::MAX;

/// What a packet must have for a rule to be worth a look.
pub(crate) mod gate {
    pub(crate) const PAYLOAD: u16 = 1;
    pub(crate) const FLOW: u16 = 2;
    pub(crate) const DECODE_EVENT: u16 = 4;
    pub(crate) const STREAM_EVENT: u16 = 8;
    pub(crate) const TCP: u16 = 16;
    pub(crate) const ICMP: u16 = 32;
    pub(crate) const APP: u16 = 64;
    pub(crate) const DETECTED: u16 = 128;
    pub(crate) const SYN: u16 = 256;
}

/// Rule types, as Suricata tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Only addresses: once per flow and direction.
    IpOnly,
    /// Only addresses, with negated ones.
    LikeIpOnly,
    /// Only the application protocol.
    ProtocolOnly,
    /// Only decoder events.
    DecodeOnly,
    /// A packet.
    Packet,
    /// Packet or stream.
    PacketStream,
    /// The stream.
    Stream,
    /// The application protocol, without a transaction.
    App,
    /// Transactions.
    Transaction,
}

/// A condition on packet or flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Test {
    /// One that needs no names.
    Packet(PacketTest),
    BitsSet(Box<[u32]>),
    BitsNotSet(Box<[u32]>),
    IntIs {
        name: u32,
        test: NumberTest,
        other: Option<u32>,
    },
    IntSet(u32),
    IntNotSet(u32),
    Xbit {
        bit: u32,
        track: BitTrack,
        set: bool,
    },
    Flowvar {
        name: u32,
        bytes: Vec<u8>,
        negated: bool,
    },
    Pktvar {
        name: u32,
        bytes: Vec<u8>,
        negated: bool,
    },
}

/// Where payload conditions look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PayloadSides {
    /// At the stream.
    pub(crate) stream: bool,
    /// At each packet.
    pub(crate) packet: bool,
    /// At packets that are not in the stream, in place of it.
    pub(crate) outside: bool,
}

/// An inspection of the packet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Look {
    /// The payload: of the stream, of the packet, or whichever there is.
    Payload { sides: PayloadSides, ops: Box<[Op]> },
    /// A header.
    Header { buffer: PacketBuffer, transforms: Box<[Transform]>, ops: Box<[Op]>, absent: Absent },
    /// The payload after transforms.
    PayloadTransformed { transforms: Box<[Transform]>, ops: Box<[Op]> },
}

/// An inspection of a frame.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FrameLook {
    #[serde(with = "crate::store::foreign")]
    pub(crate) protocol: ProtocolId,
    pub(crate) kind: String,
    pub(crate) parts: Box<[(Box<[Transform]>, Box<[Op]>)]>,
}

/// How a rule inspects transactions of one protocol.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    #[serde(with = "crate::store::foreign")]
    pub(crate) protocol: ProtocolId,
    /// In the order in which they are tried; at most [`Plan::STEPS_MAX`].
    pub(crate) steps: Box<[Step]>,
    /// Directions in which the rule can be decided.
    pub(crate) directions: [bool; 2],
    /// A step is about single files (size, digests, storing): the rule is held against each file anew. Content, name and
    /// kind are not: each of these may come from another file of the transaction.
    pub(crate) files: bool,
}

impl Plan {
    /// Steps that fit into the bits of `InspectedRule::matched`; its two highest bits mean "done" and "failed".
    pub(crate) const STEPS_MAX: usize = 30;
}

/// One step of a plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Directions in which it can be taken.
    pub(crate) directions: [bool; 2],
    /// Progress from which it can be taken, per direction.
    pub(crate) progress: [u8; 2],
    pub(crate) what: What,
}

/// What a step looks at. Operations are shared between the plans of a rule.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum What {
    /// Bytes of a field.
    Bytes {
        field: u16,
        #[serde(with = "crate::store::part")]
        part: Arc<Part>,
    },
    /// Each file's content.
    FileData(#[serde(with = "crate::store::part")] Arc<Part>),
    /// Each file's name.
    FileName(#[serde(with = "crate::store::part")] Arc<Part>),
    /// Each file's kind.
    FileMagic(#[serde(with = "crate::store::part")] Arc<Part>),
    /// The stream's payload.
    Stream(#[serde(with = "crate::store::part")] Arc<Part>),
    Number {
        field: u16,
        test: NumberTest,
        items: Items,
    },
    Event(u8),
    State {
        #[serde(with = "crate::store::foreign")]
        direction: Direction,
        test: NumberTest,
    },
    FileSize(NumberTest),
    /// Any file at all.
    AnyFile,
    /// Nothing but the progress: a hook.
    Reached,
    // These two cannot be packed. They stand last: what is skipped would shift the numbers of those behind.
    #[serde(skip)]
    Custom {
        condition: Arc<dyn Condition>,
        negated: bool,
    },
    #[serde(skip)]
    Hashes(FileHashes),
}

/// Transforms and operations of one inspection.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) transforms: Box<[Transform]>,
    pub(crate) ops: Box<[Op]>,
    pub(crate) absent: Absent,
    /// The buffer of this direction is meant, whatever the rule's own.
    #[serde(with = "crate::store::foreign")]
    pub(crate) direction: Option<Direction>,
}

/// What a match changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Post {
    BitSet(u32),
    BitUnset(u32),
    BitToggle(u32),
    Int {
        name: u32,
        operator: char,
        value: u32,
        other: Option<u32>,
    },
    XbitSet {
        bit: u32,
        track: BitTrack,
        expire: u32,
    },
    XbitUnset {
        bit: u32,
        track: BitTrack,
    },
    XbitToggle {
        bit: u32,
        track: BitTrack,
        expire: u32,
    },
    Filestore {
        #[serde(with = "crate::store::foreign")]
        direction: Option<Option<Direction>>,
        scope: crate::ir::ActionScope,
    },
    Bypass,
    LoggingOff(crate::ir::ActionScope),
}

impl Sig {
    /// Whether its action drops.
    pub(crate) fn drops(&self) -> bool {
        matches!(self.action.verb, Verb::Drop | Verb::Reject | Verb::RejectDst | Verb::RejectBoth)
    }

    /// Whether it stands for the firewall's policy on packets.
    pub fn is_packet_policy(&self) -> bool {
        self.firewall && self.meta.sid == crate::firewall::PACKET_POLICY_SID && self.head.hook.is_none()
    }

    /// Which file digests it compares.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = HashKind> {
        self.plans.iter().flat_map(|plan| &plan.steps).filter_map(|step| match &step.what {
            What::Hashes(hashes) => Some(hashes.kind),
            _ => None,
        })
    }

    /// The plan for a protocol.
    pub(crate) fn plan(&self, protocol: ProtocolId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.protocol == protocol)
    }
}
