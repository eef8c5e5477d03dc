//! Operations on bytes, in the form in which they run: names are numbers, what repeats is worked out.

pub(crate) use literal::commonness;
use serde::{Deserialize, Serialize};

use crate::NumberTest;
use crate::Pattern;
use crate::ir::{
    self, ByteExtract, ByteJump, ByteMath, ByteTest, CaptureKind, DatasetCommand, FastPattern, TestOperator,
    Value,
};

/// One operation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Op {
    Content(Content),
    Pcre(Pcre),
    IsDataAt { at: Value, relative: bool, negated: bool },
    ByteTest(ByteTest),
    ByteJump(ByteJump),
    ByteExtract(ByteExtract),
    ByteMath(ByteMath),
    Size(NumberTest),
    Entropy { offset: usize, bytes: Option<usize>, operator: TestOperator, negated: bool, value: f64 },
    Base64 { bytes: Option<usize>, offset: usize, relative: bool, then: Box<[Op]> },
    Asn1(ir::Asn1),
    Dataset { set: u32, command: DatasetCommand, context: bool },
    Datarep { set: u32, test: NumberTest },
}

/// `content`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Lower case when `nocase`.
    pub(crate) bytes: Box<[u8]>,
    pub(crate) nocase: bool,
    pub(crate) negated: bool,
    pub(crate) endswith: bool,
    /// An operation further on counts from where this one ends, so that other occurrences are tried when it fails.
    pub(crate) again: bool,
    /// It has neither position nor followers: where it is found does not matter.
    pub(crate) free: bool,
    /// Position of the rarest byte, which is searched for.
    pub(crate) rare: u8,
    pub(crate) offset: Option<Value>,
    pub(crate) depth: Option<Value>,
    pub(crate) distance: Option<Value>,
    pub(crate) within: Option<Value>,
    /// What its author said of finding candidates.
    pub(crate) fast: Option<FastPattern>,
}

/// `pcre`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pcre {
    pub(crate) pattern: Pattern,
    pub(crate) negated: bool,
    pub(crate) relative: bool,
    pub(crate) again: bool,
    /// Kind and name number per group.
    pub(crate) captures: Box<[(CaptureKind, u32)]>,
}

/// Numbers for names.
pub(crate) trait Numbering {
    /// Of a variable captured by `pcre`.
    fn variable(&mut self, name: &str) -> u32;
    /// Of a data set.
    fn dataset(&mut self, spec: &ir::DatasetSpec) -> u32;
}

/// Brings operations into the form in which they run.
pub(crate) fn lower(ops: Vec<ir::Op>, names: &mut dyn Numbering) -> Box<[Op]> {
    let again: Vec<bool> = (0..ops.len()).map(|at| has_follower(&ops[at + 1..])).collect();
    ops.into_iter().zip(again).map(|(op, again)| lower_one(op, again, names)).collect()
}

fn lower_one(op: ir::Op, again: bool, names: &mut dyn Numbering) -> Op {
    match op {
        ir::Op::Content(content) => Op::Content(lower_content(content, again)),
        ir::Op::Pcre(pcre) => Op::Pcre(Pcre {
            captures: pcre
                .captures
                .iter()
                .map(|capture| (capture.kind, names.variable(&capture.name)))
                .collect(),
            pattern: pcre.pattern,
            negated: pcre.negated,
            relative: pcre.relative,
            again,
        }),
        ir::Op::IsDataAt { at, relative, negated } => Op::IsDataAt { at, relative, negated },
        ir::Op::ByteTest(test) => Op::ByteTest(test),
        ir::Op::ByteJump(jump) => Op::ByteJump(jump),
        ir::Op::ByteExtract(extract) => Op::ByteExtract(extract),
        ir::Op::ByteMath(math) => Op::ByteMath(math),
        ir::Op::Size(test) => Op::Size(test),
        ir::Op::Entropy { offset, bytes, operator, negated, value } => {
            Op::Entropy { offset, bytes, operator, negated, value }
        }
        ir::Op::Base64(decode) => Op::Base64 {
            bytes: decode.bytes,
            offset: decode.offset,
            relative: decode.relative,
            then: lower(decode.then, names),
        },
        ir::Op::Asn1(asked) => Op::Asn1(asked),
        ir::Op::Dataset { set, command } => {
            Op::Dataset { set: names.dataset(&set), command, context: set.context_key.is_some() }
        }
        ir::Op::Datarep { set, test } => Op::Datarep { set: names.dataset(&set), test },
    }
}

fn lower_content(content: ir::Content, again: bool) -> Content {
    let relative = content.relative();
    let placed = relative || content.offset.is_some() || content.depth.is_some() || content.startswith;
    let (offset, depth) = if content.startswith {
        // The same as `offset:0; depth:<length>`.
        (Some(Value::Is(0)), Some(Value::Is(i64::try_from(content.bytes.len()).unwrap_or(i64::MAX))))
    } else {
        (content.offset, content.depth)
    };
    Content {
        rare: rarest(&content.bytes),
        nocase: content.nocase && content.bytes.iter().any(u8::is_ascii_alphabetic),
        bytes: if content.nocase { content.bytes.to_ascii_lowercase() } else { content.bytes }.into(),
        negated: content.negated,
        endswith: content.endswith,
        again,
        free: !placed && !again && !content.endswith,
        offset,
        depth,
        distance: content.distance,
        within: content.within,
        fast: content.fast,
    }
}

/// Whether what follows counts from here, before something else sets a new place to count from.
fn has_follower(rest: &[ir::Op]) -> bool {
    for op in rest {
        match op {
            ir::Op::Content(content) if content.relative() => return true,
            ir::Op::Content(content) if content.negated => {}
            ir::Op::Content(_) => return false,
            ir::Op::Pcre(pcre) if pcre.relative => return true,
            ir::Op::Pcre(pcre) if pcre.negated => {}
            ir::Op::Pcre(_) => return false,
            ir::Op::IsDataAt { relative: true, .. } => return true,
            ir::Op::ByteTest(test) if test.relative => return true,
            ir::Op::ByteJump(jump) => return jump.relative,
            ir::Op::ByteExtract(extract) => return extract.relative,
            ir::Op::ByteMath(math) => return math.relative,
            ir::Op::Base64(decode) if decode.relative => return true,
            ir::Op::Asn1(asked) if asked.relative => return true,
            ir::Op::IsDataAt { .. }
            | ir::Op::ByteTest(_)
            | ir::Op::Base64(_)
            | ir::Op::Size(_)
            | ir::Op::Entropy { .. }
            | ir::Op::Asn1(_)
            | ir::Op::Dataset { .. }
            | ir::Op::Datarep { .. } => {}
        }
    }
    false
}

/// Position of the byte that is rarest in traffic, among the first 256.
fn rarest(bytes: &[u8]) -> u8 {
    let mut best = (u8::MAX, 0);
    for (at, byte) in bytes.iter().enumerate().take(256) {
        let rank = commonness(*byte);
        if rank < best.0 {
            best = (rank, u8::try_from(at).unwrap_or(0));
        }
    }
    best.1
}
