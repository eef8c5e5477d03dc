//! What is inspected: buffers, fields, files, and what is done to bytes before they are looked at.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use protocol::{Condition, ProtocolId};

use super::Op;
use crate::NumberTest;

/// Bytes, what is done to them first, and what must hold of them.
#[derive(Debug)]
pub struct Inspection {
    /// The bytes.
    pub subject: Subject,
    /// Done to them first, in order.
    pub transforms: Vec<Transform>,
    /// What must hold, in order.
    pub ops: Vec<Op>,
    /// `absent`: what holds when the buffer does not exist.
    pub absent: Absent,
    /// The buffer of this direction is meant, whatever the rule's own (`http.connection:to_client` in a `=>` rule).
    pub direction: Option<model::Direction>,
}

impl Inspection {
    /// Of the subject as it is.
    pub fn new(subject: Subject, ops: Vec<Op>) -> Self {
        Self { subject, transforms: Vec::new(), ops, absent: Absent::Fails, direction: None }
    }
}

/// What holds when a buffer does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Absent {
    /// The inspection fails.
    #[default]
    Fails,
    /// `absent`: it must not exist.
    Required,
    /// `absent: or_else`: it holds; an existing buffer is inspected.
    Holds,
}

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// No sticky buffer (or `pkt_data`): the payload of the packet or the stream, as the rule's type decides.
    Payload,
    /// A header of the packet.
    Packet(PacketBuffer),
    /// A field of protocols. One keyword may exist in several (`http.uri` in HTTP/1 and HTTP/2).
    Field {
        /// Canonical name.
        name: &'static str,
        /// Where it exists.
        places: Vec<Place>,
    },
    /// `file.data`: bodies (fields of that name) and files of every protocol.
    FileData {
        /// Protocols that have a field for it; all others are read through their files.
        places: Vec<Place>,
    },
    /// `file.name`.
    FileName,
    /// `file.magic`.
    FileMagic,
    /// `frame:`: a named part of the stream.
    Frame {
        /// Its protocol.
        protocol: ProtocolId,
        /// Its kind, as protocols announce it (`Frame::kind`, without the protocol's name).
        kind: String,
    },
}

/// A field of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The protocol.
    pub protocol: ProtocolId,
    /// Position in its table of fields.
    pub field: u16,
}

impl Place {
    /// The field's declaration.
    pub fn field(self) -> &'static protocol::Field {
        protocol::get(self.protocol)
            .fields
            .get(usize::from(self.field))
            .expect("a place was made from the table of fields")
    }
}

/// Headers of the packet as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PacketBuffer {
    Ethernet,
    Arp,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp4,
    Icmp6,
    Igmp,
    /// `ip.src`: 4 or 16 bytes.
    IpSource,
    /// `ip.dst`: 4 or 16 bytes.
    IpDestination,
}

/// What is done to bytes before they are inspected.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transform {
    /// `strip_whitespace`.
    StripWhitespace,
    /// `compress_whitespace`.
    CompressWhitespace,
    /// `to_md5`.
    Md5,
    /// `to_sha1`.
    Sha1,
    /// `to_sha256`.
    Sha256,
    /// `to_lowercase`.
    Lowercase,
    /// `to_uppercase`.
    Uppercase,
    /// `dotprefix`.
    Dotprefix,
    /// `url_decode`.
    UrlDecode,
    /// `header_lowercase`.
    HeaderLowercase,
    /// `strip_pseudo_headers`.
    StripPseudoHeaders,
    /// `domain`: the part of a name that somebody registered.
    Domain,
    /// `tld`: the public suffix of a name, under which somebody registered it.
    PublicSuffix,
    /// `pcrexform`: the first group of the expression.
    Pcre(String),
    /// `xor`.
    Xor {
        /// The key.
        key: XorKey,
        /// Bytes before this offset stay as they are.
        offset: usize,
    },
    /// `from_base64`.
    FromBase64 {
        /// Bytes to decode; `None` = all.
        bytes: Option<usize>,
        /// Where to begin.
        offset: usize,
        /// RFC 4648 (stop at the first foreign byte) rather than RFC 2045 (skip foreign bytes).
        strict: bool,
    },
    /// `gunzip`, with the most bytes it may yield.
    Gunzip(usize),
    /// `zlib_deflate`, with the most bytes it may yield.
    Inflate(usize),
    /// `subslice: offset, bytes`; negative numbers count from the end. See the user guide's table.
    Subslice {
        /// Where to begin.
        offset: i64,
        /// How many bytes, or (negative) where to end; `None` = to the end.
        bytes: Option<i64>,
        /// `truncate`: limits beyond the buffer are cut to it instead of yielding nothing.
        truncate: bool,
    },
}

/// Key of the `xor` transform.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum XorKey {
    /// These bytes, repeated.
    Bytes(Vec<u8>),
    /// `extract`: taken from the buffer itself.
    Extract {
        /// How many bytes.
        bytes: usize,
        /// Where they are.
        at: usize,
    },
}

/// A condition on a transaction that is not about bytes.
#[derive(Debug, Clone)]
pub enum TransactionTest {
    /// An integer keyword.
    Number {
        /// Canonical name.
        name: &'static str,
        /// Where it exists.
        places: Vec<Place>,
        /// The comparison.
        test: NumberTest,
        /// Of which items, for a list of integers.
        items: Items,
    },
    /// A keyword with a syntax of its own.
    Custom {
        /// Canonical name.
        name: &'static str,
        /// Where it exists, and the parsed argument there.
        places: Vec<(Place, Arc<dyn Condition>)>,
        /// It must not hold.
        negated: bool,
    },
    /// `app-layer-event:proto.event`, by its code.
    Event {
        /// The protocol.
        protocol: ProtocolId,
        /// The event's position in the protocol's list.
        code: u8,
    },
    /// `app-layer-state`: progress in the rule's direction.
    State {
        /// Direction of the state.
        direction: model::Direction,
        /// The comparison.
        test: NumberTest,
    },
    /// `filesize`.
    FileSize {
        /// The comparison.
        test: NumberTest,
        /// Files of this direction; `None` = of the rule's own.
        direction: Option<model::Direction>,
    },
}

/// Which items of a list of integers a test is about, and how many must satisfy it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Items {
    /// How many, or which.
    pub quantity: Quantity,
    /// Only this part of the list counts: from the first index up to before the second; negative counts from the end. A
    /// part that reaches beyond the list is empty.
    pub part: Option<(i32, i32)>,
}

/// How many items of a list, or which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Quantity {
    /// At least one.
    #[default]
    Any,
    /// `all`: all of them, and there is at least one.
    All,
    /// `all_or_absent`: all of them; holds when there is none.
    AllOrAbsent,
    /// `or_absent`: at least one, or there is none at all.
    AnyOrAbsent,
    /// The one at this index; negative counts from the end.
    At(i32),
    /// `oob_or`: the one at this index, or the list does not reach it.
    AtOrBeyond(i32),
    /// `nb`, `count`: the number of items that satisfy the test is compared with this.
    Count(NumberTest),
}

/// `filemd5`, `filesha1`, `filesha256`.
#[derive(Debug, Clone)]
pub struct FileHashes {
    /// Which hash.
    pub kind: HashKind,
    /// The digests, sorted.
    pub digests: Arc<Vec<Vec<u8>>>,
    /// None of them.
    pub negated: bool,
}

/// Which hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum HashKind {
    Md5,
    Sha1,
    Sha256,
}
