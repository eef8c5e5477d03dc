//! What must hold of bytes.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::{NumberTest, Pattern};

/// A number in an option: given, or the value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Given.
    Is(i64),
    /// The variable's number in [`super::Rule::variables`].
    Var(u8),
}

/// One operation on bytes.
#[derive(Debug)]
pub enum Op {
    /// `content`.
    Content(Content),
    /// `pcre`.
    Pcre(Pcre),
    /// `isdataat`.
    IsDataAt {
        /// How far.
        at: Value,
        /// From the last match.
        relative: bool,
        /// There must be none.
        negated: bool,
    },
    /// `byte_test`.
    ByteTest(ByteTest),
    /// `byte_jump`.
    ByteJump(ByteJump),
    /// `byte_extract`.
    ByteExtract(ByteExtract),
    /// `byte_math`.
    ByteMath(ByteMath),
    /// `bsize`, `urilen`: length of the buffer.
    Size(NumberTest),
    /// `entropy`: of so many bytes at an offset.
    Entropy {
        /// Where to begin.
        offset: usize,
        /// How many bytes; `None` = all.
        bytes: Option<usize>,
        /// The comparison: `Less`… as [`TestOperator`], never bit operations.
        operator: TestOperator,
        /// Its negation.
        negated: bool,
        /// In bits per byte.
        value: f64,
    },
    /// `base64_decode`, with what `base64_data` says of the outcome.
    Base64(Base64Decode),
    /// `asn1`.
    Asn1(Asn1),
    /// `dataset`.
    Dataset {
        /// The set.
        set: DatasetSpec,
        /// What is asked or done.
        command: DatasetCommand,
    },
    /// `datarep`.
    Datarep {
        /// The set.
        set: DatasetSpec,
        /// The comparison with the value's reputation.
        test: NumberTest,
    },
}

/// `content` with its modifiers.
#[derive(Debug, Clone)]
pub struct Content {
    /// The bytes; lower case when `nocase`.
    pub bytes: Vec<u8>,
    /// Case does not matter.
    pub nocase: bool,
    /// Must not be found.
    pub negated: bool,
    /// `offset`.
    pub offset: Option<Value>,
    /// `depth`.
    pub depth: Option<Value>,
    /// `distance`.
    pub distance: Option<Value>,
    /// `within`.
    pub within: Option<Value>,
    /// `startswith`.
    pub startswith: bool,
    /// `endswith`.
    pub endswith: bool,
    /// `fast_pattern`.
    pub fast: Option<FastPattern>,
    /// `replace`.
    pub replace: Option<Vec<u8>>,
}

impl Content {
    /// These bytes, anywhere.
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            nocase: false,
            negated: false,
            offset: None,
            depth: None,
            distance: None,
            within: None,
            startswith: false,
            endswith: false,
            fast: None,
            replace: None,
        }
    }

    /// Whether it depends on the match before it.
    pub fn relative(&self) -> bool {
        self.distance.is_some() || self.within.is_some()
    }
}

/// `fast_pattern`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FastPattern {
    /// This content finds candidates.
    Whole,
    /// `fast_pattern:only`: and is not looked at again (position does not matter).
    Only,
    /// `fast_pattern:offset,length`: this part of it finds candidates.
    Chop(u16, u16),
}

/// `pcre`.
#[derive(Debug)]
pub struct Pcre {
    /// The expression, ready to match.
    pub pattern: Pattern,
    /// Must not match.
    pub negated: bool,
    /// `R`: from the last match on.
    pub relative: bool,
    /// What becomes of the groups, in order.
    pub captures: Vec<Capture>,
}

/// A group of a `pcre` that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Where it is kept.
    pub kind: CaptureKind,
    /// Under which name.
    pub name: String,
}

/// Where a group is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CaptureKind {
    /// `flow:name`.
    Flow,
    /// `pkt:name`.
    Packet,
    /// `alert:name`.
    Alert,
    /// `pkt_key`/`flow_key`-like pairs: this group is a key, the next its value.
    FlowKey,
}

/// Byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endian {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
    /// `dce`: as the DCE/RPC transaction says.
    Dce,
}

/// How a number is read from bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ByteFormat {
    /// Binary.
    Binary(Endian),
    /// Text in base 8, 10 or 16; 0 = as its prefix says.
    Text(u8),
}

/// Comparison of `byte_test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TestOperator {
    Less,
    Greater,
    Equal,
    LessEqual,
    GreaterEqual,
    And,
    Or,
}

/// `byte_test`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByteTest {
    /// How many bytes are read; 0 with a format of text: as far as there are digits.
    pub bytes: Value,
    /// Comparison.
    pub operator: TestOperator,
    /// Its negation.
    pub negated: bool,
    /// Compared with.
    pub value: Value,
    /// Where they are.
    pub offset: Value,
    /// From the last match.
    pub relative: bool,
    /// How they are read.
    pub format: ByteFormat,
    /// `bitmask`; the value is shifted right by its trailing zeros.
    pub mask: Option<u64>,
}

/// From where `byte_jump` jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JumpFrom {
    /// The end of the bytes read.
    Here,
    /// `from_beginning`.
    Beginning,
    /// `from_end`.
    End,
}

/// `byte_jump`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByteJump {
    /// How many bytes are read; 0 with a format of binary jumps by `post_offset` only.
    pub bytes: Value,
    /// Where they are.
    pub offset: Value,
    /// From the last match.
    pub relative: bool,
    /// How they are read.
    pub format: ByteFormat,
    /// `multiplier`; 1 when not given.
    pub multiplier: u32,
    /// `align`: round up to 4 bytes.
    pub align: bool,
    /// From where.
    pub from: JumpFrom,
    /// `post_offset`.
    pub post_offset: Value,
    /// `bitmask`.
    pub mask: Option<u64>,
}

/// `byte_extract`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByteExtract {
    /// How many bytes are read; 0 with a format of text: as far as there are digits.
    pub bytes: Value,
    /// Where they are.
    pub offset: Value,
    /// From the last match.
    pub relative: bool,
    /// How they are read.
    pub format: ByteFormat,
    /// `multiplier`; 1 when not given.
    pub multiplier: u32,
    /// `align` to 2 or 4; 0 = not.
    pub align: u8,
    /// `bitmask`.
    pub mask: Option<u64>,
    /// Number of the variable that is filled.
    pub var: u8,
}

/// Operator of `byte_math`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MathOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    ShiftLeft,
    ShiftRight,
}

/// `byte_math`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByteMath {
    /// How many bytes are read.
    pub bytes: Value,
    /// Where they are.
    pub offset: Value,
    /// From the last match.
    pub relative: bool,
    /// How they are read.
    pub format: ByteFormat,
    /// Operator.
    pub operator: MathOperator,
    /// Right operand.
    pub operand: Value,
    /// `bitmask`.
    pub mask: Option<u64>,
    /// Number of the variable that is filled.
    pub var: u8,
}

/// `base64_decode`.
#[derive(Debug)]
pub struct Base64Decode {
    /// Bytes to decode; `None` = all.
    pub bytes: Option<usize>,
    /// Where to begin.
    pub offset: usize,
    /// From the last match.
    pub relative: bool,
    /// What `base64_data` asks of the decoded bytes; empty when it is not used.
    pub then: Vec<Op>,
}

/// `asn1`: oddities of BER, any of which will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asn1 {
    /// A bit string with more unused bits than it has.
    pub bitstring_overflow: bool,
    /// A very long decimal real.
    pub double_overflow: bool,
    /// An element longer than this.
    pub oversize_length: Option<u32>,
    /// Where the encoding begins.
    pub offset: i32,
    /// From the last match.
    pub relative: bool,
}

/// What kind of values a data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum DatasetKind {
    String,
    Md5,
    Sha256,
    Ipv4,
    /// `ip`, `ipv6`: both versions.
    Ip,
}

/// How the file of a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum DatasetFormat {
    Csv,
    Json,
    Ndjson,
}

/// A data set as a rule (or the configuration) describes it. One name, one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSpec {
    /// Its name.
    pub name: String,
    /// Kind of values; `None` when only the name is given and another rule or the configuration says the rest.
    pub kind: Option<DatasetKind>,
    /// File to load (absolute, or relative to the working directory: loading has resolved it).
    pub load: Option<String>,
    /// File to save to at the end.
    pub save: Option<String>,
    /// File to load when it exists, and to save to.
    pub state: Option<String>,
    /// Bytes that values may take.
    pub memcap_bytes: Option<u64>,
    /// How the file is written.
    pub format: DatasetFormat,
    /// JSON: path of the value in each object.
    pub value_key: Option<String>,
    /// JSON: path of the array in the file.
    pub array_key: Option<String>,
    /// Key under which the matching entry appears in the alert (`alert.context`).
    pub context_key: Option<String>,
    /// The value's key is taken out of what the alert shows.
    pub remove_key: bool,
    /// `match subdomain`: an entry matches its subdomains, too.
    pub subdomain: bool,
    /// What was in its file when the rule was read.
    pub entries: Arc<Vec<DatasetEntry>>,
}

/// One value of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetEntry {
    /// The bytes that a buffer must have: addresses in 4 or 16 bytes, digests decoded.
    pub value: Vec<u8>,
    /// Its reputation, for `datarep`.
    pub reputation: u16,
    /// JSON that the alert shows under the set's `context_key`.
    pub context: Option<String>,
}

impl DatasetSpec {
    /// A set that only has a name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: None,
            load: None,
            save: None,
            state: None,
            memcap_bytes: None,
            format: DatasetFormat::Csv,
            value_key: None,
            array_key: None,
            context_key: None,
            remove_key: false,
            subdomain: false,
            entries: Arc::default(),
        }
    }
}

/// What `dataset` asks or does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetCommand {
    /// The value is in the set.
    IsSet,
    /// It is not.
    IsNotSet,
    /// Puts it in; holds when it was not there.
    Set,
    /// Takes it out; holds when it was there.
    Unset,
}
