//! A rule in typed form: what loading fills and compiling reads.
//!
//! A rule is a conjunction. Its conditions are kept apart by where they can be decided: the header and `packet` on any
//! packet, `inspections` on bytes (payload, stream, header buffers, protocol fields, files), `transaction` on fields of a
//! protocol, `late` in packet order by the one who sees the whole input. Names (flowbits, data sets, variables) are still
//! names here; compiling numbers them.

use serde::{Deserialize, Serialize};

mod header;
mod late;
mod op;
mod packet;
mod subject;

pub use header::{Action, ActionScope, Header, Hook, Proto, Verb};
pub use late::{
    BitTrack, Late, PostAction, SuppressTrack, Tag, TagMetric, TagOf, ThresholdKind, Track, UniqueOn,
};
pub use op::{
    Asn1, Base64Decode, ByteExtract, ByteFormat, ByteJump, ByteMath, ByteTest, Capture, CaptureKind, Content,
    DatasetCommand, DatasetEntry, DatasetFormat, DatasetKind, DatasetSpec, Endian, FastPattern, JumpFrom,
    MathOperator, Op, Pcre, TestOperator, Value,
};
pub use packet::{
    AppSide, Checksummed, Counter, CountryTest, FlowCondition, FlowSide, FlowState, IpReputation, PacketTest,
    ReputationSide, SessionSide, StreamSide, TcpFlags, TcpFlagsMode,
};
pub use subject::{
    Absent, FileHashes, HashKind, Inspection, Items, PacketBuffer, Place, Quantity, Subject, TransactionTest,
    Transform, XorKey,
};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// What the rule says of itself.
    pub meta: Meta,
    /// What it does.
    pub action: Action,
    /// Protocol, addresses, ports.
    pub header: Header,
    /// Conditions on the packet and its flow, in the order of the text.
    pub packet: Vec<PacketTest>,
    /// Inspections of bytes, in the order of the text. Consecutive options on one buffer are one inspection, except that a
    /// list buffer named again starts another.
    pub inspections: Vec<Inspection>,
    /// Conditions on transactions that are not about bytes, in the order of the text.
    pub transaction: Vec<TransactionTest>,
    /// Lists of file hashes.
    pub hashes: Vec<FileHashes>,
    /// Thresholds and the like, from the rule and from `threshold.config`.
    pub late: Vec<Late>,
    /// What happens when it matches, in the order of the text.
    pub post: Vec<PostAction>,
    /// Names of the variables that `byte_extract`, `byte_math` and the like fill; the position is the number in
    /// [`Value::Var`].
    pub variables: Vec<String>,
    /// `prefilter`: which of `packet` (by position) finds candidates instead of a pattern.
    pub prefilter: Option<usize>,
    /// The rule came from the firewall rule file.
    pub firewall: bool,
}

/// What a rule says of itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Meta {
    /// Signature id.
    pub sid: u32,
    /// Group id; 1 unless said.
    pub gid: u32,
    /// Revision.
    pub rev: u32,
    /// Message; bytes that are not UTF-8 were escaped by loading.
    pub msg: String,
    /// Priority, 1 is highest: `priority`, else that of the class, else 3.
    pub priority: u8,
    /// Short name of the class (`trojan-activity`); empty when none.
    pub class: String,
    /// Description of the class: EVE's `alert.category`.
    pub category: String,
    /// References with the prefix of their system already in front (`http://…`), in order.
    pub references: Vec<String>,
    /// `metadata` pairs, in order.
    pub metadata: Vec<(String, String)>,
    /// `target:src_ip` or `target:dest_ip`.
    pub target: Option<Target>,
    /// `noalert` (also as `flowbits:noalert`, …).
    pub noalert: bool,
    /// File and line that it came from: position in the list of files, line counted from 1.
    pub origin: (u16, u32),
    /// The text of the rule.
    pub text: String,
}

/// Which end a rule calls the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// The packet's source.
    Source,
    /// The packet's destination.
    Destination,
}

impl Rule {
    /// A rule without conditions.
    pub fn new(action: Action, header: Header) -> Self {
        Self {
            meta: Meta { gid: 1, priority: 3, ..Meta::default() },
            action,
            header,
            packet: Vec::new(),
            inspections: Vec::new(),
            transaction: Vec::new(),
            hashes: Vec::new(),
            late: Vec::new(),
            post: Vec::new(),
            variables: Vec::new(),
            prefilter: None,
            firewall: false,
        }
    }
}
