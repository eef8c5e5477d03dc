//! Holding a list of operations against a buffer.
//!
//! Operations run in the order of the rule. One that counts from the end of another (`distance`, `relative`) makes that
//! other one look for its next occurrence when it fails. Work per buffer is limited by [`STEPS_MAX`], as Suricata's
//! `inspection-recursion-limit` does.

use memchr::{memchr, memchr2};
use pcre2::bytes::CaptureLocations;

use super::codec;
use crate::NumberTest;
use crate::ir::{
    Asn1, ByteExtract, ByteFormat, ByteJump, ByteMath, ByteTest, CaptureKind, DatasetCommand, Endian,
    JumpFrom, MathOperator, TestOperator, Value,
};
use crate::op::{Content, Op, Pcre};

/// Operations run for one buffer at most.
const STEPS_MAX: u32 = 3_000;
/// Variables of one rule at most.
pub(crate) const VARIABLES_MAX: usize = 32;
/// Bytes that `base64_decode` yields at most.
const BASE64_MAX: usize = 65_535;

/// A buffer under inspection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer<'a> {
    /// The bytes at hand.
    pub(crate) bytes: &'a [u8],
    /// Where they start in the whole buffer.
    pub(crate) offset: u64,
    /// They reach to its end.
    pub(crate) end: bool,
}

impl<'a> Buffer<'a> {
    /// A buffer that is there as a whole.
    pub(crate) fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, end: true }
    }
}

/// What operations share: variables, captures, data sets. Reused from buffer to buffer.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// Values of `byte_extract` and `byte_math`.
    pub(crate) variables: [u64; VARIABLES_MAX],
    /// Groups captured by `pcre`: kind, name number, value. Kept until the rule is decided.
    pub(crate) captures: Vec<(CaptureKind, u32, Vec<u8>)>,
    /// Entries of data sets that matched and want to be shown: set, entry.
    pub(crate) contexts: Vec<(u32, u32)>,
    /// Byte order of the DCE/RPC transaction at hand.
    pub(crate) little_endian: bool,
    locations: Option<CaptureLocations>,
    decoded: Vec<u8>,
    steps: u32,
    /// Operations, and bytes of buffers, since somebody last asked.
    pub(crate) meter: (u64, u64),
}

/// Who answers questions about data sets.
pub(crate) trait Sets {
    /// Whether `value` is in `set` (or, for `Set` and `Unset`, whether that changes it). The number is the entry's.
    fn ask(&mut self, set: u32, command: DatasetCommand, value: &[u8]) -> (bool, Option<u32>);
    /// The reputation of `value` in `set`.
    fn reputation(&mut self, set: u32, value: &[u8]) -> Option<u16>;
}

/// Outcome of the operations from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    /// Not from here; an earlier operation may try its next occurrence.
    No,
    /// Not at all.
    Never,
}

/// A run of operations over one buffer.
struct Run<'r, 'b> {
    machine: &'r mut Machine,
    sets: &'r mut dyn Sets,
    buffer: Buffer<'b>,
    /// Where the last match ended.
    at: usize,
    /// Where a repeated `pcre` starts.
    pcre_from: usize,
}

impl Machine {
    /// Whether all operations hold.
    pub(crate) fn holds(&mut self, ops: &[Op], buffer: Buffer<'_>, sets: &mut dyn Sets) -> bool {
        self.steps = 0;
        let holds = self.run(ops, buffer, sets) == Found::Yes;
        self.meter.0 = self.meter.0.wrapping_add(self.steps.into());
        self.meter.1 = self.meter.1.wrapping_add(buffer.bytes.len() as u64);
        holds
    }

    /// Where the last match ends when all operations hold.
    pub(crate) fn end_of(&mut self, ops: &[Op], buffer: Buffer<'_>, sets: &mut dyn Sets) -> Option<usize> {
        self.steps = 0;
        let mut run = Run { machine: self, sets, buffer, at: 0, pcre_from: 0 };
        (run.from(ops) == Found::Yes).then_some(run.at)
    }

    fn run(&mut self, ops: &[Op], buffer: Buffer<'_>, sets: &mut dyn Sets) -> Found {
        Run { machine: self, sets, buffer, at: 0, pcre_from: 0 }.from(ops)
    }

    fn value(&self, value: Value) -> i64 {
        match value {
            Value::Is(number) => number,
            Value::Var(var) => {
                let number = self.variables.get(usize::from(var)).copied().unwrap_or(0);
                i64::try_from(number).unwrap_or(i64::MAX)
            }
        }
    }
}

impl<'b> Run<'_, 'b> {
    fn from(&mut self, ops: &[Op]) -> Found {
        let mut rest = ops;
        while let Some((op, after)) = rest.split_first() {
            self.machine.steps += 1;
            if self.machine.steps > STEPS_MAX {
                return Found::Never;
            }
            let found = match op {
                Op::Content(content) if content.again && !content.negated => {
                    return self.content_and_rest(content, after);
                }
                Op::Pcre(pcre) if pcre.again && !pcre.negated => return self.pcre_and_rest(pcre, after),
                Op::Content(content) => self.content(content),
                Op::Pcre(pcre) => yes_or(self.pcre(pcre), Found::No),
                Op::IsDataAt { at, relative, negated } => self.is_data_at(*at, *relative, *negated),
                Op::ByteTest(test) => yes_or(self.byte_test(test), Found::No),
                Op::ByteJump(jump) => yes_or(self.byte_jump(jump).is_some(), Found::No),
                Op::ByteExtract(extract) => yes_or(self.byte_extract(extract).is_some(), Found::No),
                Op::ByteMath(math) => yes_or(self.byte_math(math).is_some(), Found::No),
                Op::Size(test) => self.size(*test),
                Op::Entropy { offset, bytes, operator, negated, value } => yes_or(
                    self.entropy(*offset, *bytes)
                        .is_some_and(|found| compare(*operator, found, *value) != *negated),
                    Found::Never,
                ),
                Op::Base64 { bytes, offset, relative, then } => {
                    yes_or(self.base64(*bytes, *offset, *relative, then), Found::No)
                }
                Op::Asn1(asked) => yes_or(self.asn1(asked), Found::No),
                Op::Dataset { set, command, context } => {
                    let (holds, entry) = self.sets.ask(*set, *command, self.buffer.bytes);
                    if let (true, true, Some(entry)) = (holds, *context, entry) {
                        self.machine.contexts.push((*set, entry));
                    }
                    yes_or(holds, Found::Never)
                }
                Op::Datarep { set, test } => {
                    let known = self.sets.reputation(*set, self.buffer.bytes);
                    yes_or(known.is_some_and(|value| test.holds(value.into())), Found::Never)
                }
            };
            if found != Found::Yes {
                return found;
            }
            rest = after;
        }
        Found::Yes
    }

    fn asn1(&self, asked: &Asn1) -> bool {
        let base = if asked.relative { as_i64(self.at) } else { 0 };
        let start = usize::try_from(base.saturating_add(asked.offset.into())).ok();
        start
            .and_then(|start| self.buffer.bytes.get(start..))
            .is_some_and(|bytes| super::asn1::odd(bytes, asked))
    }

    /// Tries each occurrence of a content until what counts from it holds.
    fn content_and_rest(&mut self, content: &Content, rest: &[Op]) -> Found {
        let Some((mut from, to)) = self.span(content) else { return missing(content) };
        loop {
            let Some(start) = self.find(content, from, to) else { return missing(content) };
            self.at = start + content.bytes.len();
            match self.from(rest) {
                Found::No => from = start + 1,
                decided => return decided,
            }
            self.machine.steps += 1;
            if self.machine.steps > STEPS_MAX {
                return Found::Never;
            }
        }
    }

    fn content(&mut self, content: &Content) -> Found {
        let start = self.span(content).and_then(|(from, to)| self.find(content, from, to));
        match (start, content.negated) {
            (Some(start), false) => {
                self.at = start + content.bytes.len();
                Found::Yes
            }
            (None, true) => Found::Yes,
            (None, false) => missing(content),
            (Some(_), true) if content.free => Found::Never,
            (Some(_), true) => Found::No,
        }
    }

    /// Where a content may lie: from, and up to; `None` when nowhere.
    fn span(&self, content: &Content) -> Option<(usize, usize)> {
        let len = as_i64(self.buffer.bytes.len());
        let base = i64::try_from(self.buffer.offset).unwrap_or(i64::MAX);
        let at = as_i64(self.at);
        let value = |value: Option<Value>| value.map(|value| self.machine.value(value));
        let offset = value(content.offset);
        // A depth counts from the offset.
        let depth = value(content.depth).map(|depth| depth.saturating_add(offset.unwrap_or(0)));
        let (from, to) = if content.distance.is_some() || content.within.is_some() {
            let distance = value(content.distance).unwrap_or(0);
            let mut from = at.saturating_add(distance).max(0);
            let mut to = len;
            if let Some(within) = value(content.within) {
                to = to.min(at.saturating_add(within).saturating_add(distance));
            }
            if let Some(depth) = depth {
                to = to.min(at.saturating_add(depth));
            }
            from = from.max(offset.unwrap_or(0));
            (from, to)
        } else {
            // Positions count from the start of the whole buffer, of which `base` bytes lie before what is at hand.
            let from = offset.unwrap_or(0).saturating_sub(base).max(0);
            let to = depth.map_or(len, |depth| depth.saturating_sub(base).min(len));
            (from, to)
        };
        if from > to || to <= 0 {
            return None;
        }
        if content.endswith && (to < len || !self.buffer.end) {
            return None;
        }
        Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
    }

    fn find(&self, content: &Content, from: usize, to: usize) -> Option<usize> {
        let hay = self.buffer.bytes.get(from..to)?;
        if content.endswith {
            let start = hay.len().checked_sub(content.bytes.len())?;
            return equal(hay.get(start..)?, &content.bytes, content.nocase).then_some(from + start);
        }
        find(hay, content).map(|start| from + start)
    }

    fn pcre_and_rest(&mut self, pcre: &Pcre, rest: &[Op]) -> Found {
        let before = self.at;
        loop {
            if !self.pcre(pcre) {
                return Found::No;
            }
            let next = self.pcre_from;
            match self.from(rest) {
                Found::No => {}
                decided => return decided,
            }
            self.at = before;
            self.pcre_from = next;
            self.machine.steps += 1;
            if self.machine.steps > STEPS_MAX || next > self.buffer.bytes.len() {
                return Found::Never;
            }
        }
    }

    fn pcre(&mut self, pcre: &Pcre) -> bool {
        let base = if pcre.relative { self.at } else { 0 };
        let Some(bytes) = self.buffer.bytes.get(base..) else { return pcre.negated };
        let from = self.pcre_from.saturating_sub(base);
        self.pcre_from = 0;
        let found = if pcre.captures.is_empty() || pcre.negated {
            pcre.pattern.find_at(bytes, from)
        } else {
            pcre.pattern.captures_at(bytes, from, &mut self.machine.locations)
        };
        let Some((start, end)) = found else { return pcre.negated };
        if pcre.negated {
            return false;
        }
        if let Some(locations) = &self.machine.locations {
            for (group, (kind, name)) in pcre.captures.iter().enumerate() {
                if let Some(value) = locations.get(group + 1).and_then(|(start, end)| bytes.get(start..end)) {
                    self.machine.captures.push((*kind, *name, value.to_vec()));
                }
            }
        }
        self.at = base + end;
        self.pcre_from = base + start + 1;
        true
    }

    fn is_data_at(&self, at: Value, relative: bool, negated: bool) -> Found {
        let at = self.machine.value(at);
        let len = as_i64(self.buffer.bytes.len());
        let there = if relative { as_i64(self.at).saturating_add(at) <= len } else { at < len };
        yes_or(there != negated, Found::No)
    }

    /// Where `bytes` bytes at `offset` are; counted from the last match when `relative`.
    fn slice(&self, offset: Value, bytes: Value, relative: bool) -> Option<(usize, &'b [u8])> {
        let base = if relative { as_i64(self.at) } else { 0 };
        let start = usize::try_from(base.checked_add(self.machine.value(offset))?).ok()?;
        let count = usize::try_from(self.machine.value(bytes)).ok()?;
        let end = start.checked_add(count)?;
        Some((start, self.buffer.bytes.get(start..end)?))
    }

    /// The number that the bytes say, and how many of them it took.
    fn number(&self, bytes: &[u8], format: ByteFormat) -> Option<(u64, usize)> {
        match format {
            ByteFormat::Text(base) => codec::number_of_text(bytes, base),
            ByteFormat::Binary(endian) => {
                let little = match endian {
                    Endian::Big => false,
                    Endian::Little => true,
                    Endian::Dce => self.machine.little_endian,
                };
                let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                (bytes.len() <= 8).then(|| {
                    let number =
                        if little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) };
                    (number, bytes.len())
                })
            }
        }
    }

    fn byte_test(&self, test: &ByteTest) -> bool {
        let Some((_, bytes)) = self.slice(test.offset, test.bytes, test.relative) else { return false };
        let Some((number, _)) = self.number(bytes, test.format) else { return false };
        let number = masked(number, test.mask);
        let value = match test.value {
            Value::Is(value) => value.cast_unsigned(),
            Value::Var(var) => self.machine.variables.get(usize::from(var)).copied().unwrap_or(0),
        };
        let holds = match test.operator {
            TestOperator::Less => number < value,
            TestOperator::Greater => number > value,
            TestOperator::Equal => number == value,
            TestOperator::LessEqual => number <= value,
            TestOperator::GreaterEqual => number >= value,
            TestOperator::And => number & value != 0,
            TestOperator::Or => number ^ value != 0,
        };
        holds != test.negated
    }

    fn byte_jump(&mut self, jump: &ByteJump) -> Option<()> {
        if self.buffer.bytes.is_empty() {
            return None;
        }
        let (start, bytes) = self.slice(jump.offset, jump.bytes, jump.relative)?;
        let (number, used) = self.number(bytes, jump.format)?;
        let mut number = masked(number, jump.mask).wrapping_mul(jump.multiplier.into());
        if jump.align {
            number = number.checked_next_multiple_of(4)?;
        }
        // Numbers wrap as in Suricata; what lies outside of the buffer fails below.
        let number = number.wrapping_add_signed(self.machine.value(jump.post_offset));
        let from = match jump.from {
            JumpFrom::Here => start + used,
            JumpFrom::Beginning => 0,
            JumpFrom::End => self.buffer.bytes.len(),
        };
        let to = usize::try_from((from as u64).wrapping_add(number)).ok()?;
        if to > self.buffer.bytes.len() {
            return None;
        }
        self.at = to;
        Some(())
    }

    fn byte_extract(&mut self, extract: &ByteExtract) -> Option<()> {
        let (start, bytes) = self.slice(extract.offset, extract.bytes, extract.relative)?;
        let (number, used) = self.number(bytes, extract.format)?;
        let mut number = masked(number.wrapping_mul(extract.multiplier.into()), extract.mask);
        if extract.align > 0 {
            number = number.checked_next_multiple_of(extract.align.into())?;
        }
        self.at = start + used;
        *self.machine.variables.get_mut(usize::from(extract.var))? = number;
        Some(())
    }

    fn byte_math(&mut self, math: &ByteMath) -> Option<()> {
        let (start, bytes) = self.slice(math.offset, math.bytes, math.relative)?;
        let (number, used) = self.number(bytes, math.format)?;
        let operand = match math.operand {
            Value::Is(value) => value.cast_unsigned(),
            Value::Var(var) => self.machine.variables.get(usize::from(var)).copied().unwrap_or(0),
        };
        let number = match math.operator {
            MathOperator::Add => number.wrapping_add(operand),
            MathOperator::Subtract => number.wrapping_sub(operand),
            MathOperator::Multiply => number.wrapping_mul(operand),
            MathOperator::Divide => number.checked_div(operand)?,
            MathOperator::ShiftLeft => shift(operand).map_or(0, |by| number << by),
            MathOperator::ShiftRight => shift(operand).map_or(0, |by| number >> by),
        };
        self.at = start + used;
        *self.machine.variables.get_mut(usize::from(math.var))? = masked(number, math.mask);
        Some(())
    }

    fn size(&self, test: NumberTest) -> Found {
        let size = self.buffer.offset.saturating_add(self.buffer.bytes.len() as u64);
        if self.buffer.end {
            return yes_or(test.holds(size), Found::Never);
        }
        // More may come: only what more bytes cannot change is decided.
        let settled = match test {
            NumberTest::Greater(least) => size > least,
            NumberTest::GreaterEqual(least) => size >= least,
            _ => false,
        };
        yes_or(settled, Found::No)
    }

    fn entropy(&self, offset: usize, bytes: Option<usize>) -> Option<f64> {
        let rest = self.buffer.bytes.get(offset..)?;
        let bytes = match bytes {
            Some(count) => rest.get(..count)?,
            None => rest,
        };
        (!bytes.is_empty()).then(|| codec::entropy(bytes))
    }

    fn base64(&mut self, bytes: Option<usize>, offset: usize, relative: bool, then: &[Op]) -> bool {
        let start = if relative { self.at } else { 0 }.saturating_add(offset);
        let Some(rest) = self.buffer.bytes.get(start..) else { return false };
        let rest = rest.get(..bytes.unwrap_or(usize::MAX)).unwrap_or(rest);
        let mut decoded = std::mem::take(&mut self.machine.decoded);
        decoded.clear();
        codec::base64(rest, false, &mut decoded);
        decoded.truncate(BASE64_MAX);
        let holds = !decoded.is_empty()
            && (then.is_empty() || self.machine.run(then, Buffer::whole(&decoded), self.sets) == Found::Yes);
        self.machine.decoded = decoded;
        holds
    }
}

fn as_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn yes_or(holds: bool, otherwise: Found) -> Found {
    if holds { Found::Yes } else { otherwise }
}

/// A content with a place of its own that is missing stays missing, whatever comes before it.
fn missing(content: &Content) -> Found {
    let variable = |value: &Option<Value>| matches!(value, Some(Value::Var(_)));
    if content.distance.is_some()
        || content.within.is_some()
        || variable(&content.offset)
        || variable(&content.depth)
    {
        Found::No
    } else {
        Found::Never
    }
}

fn shift(by: u64) -> Option<u32> {
    u32::try_from(by).ok().filter(|by| *by < 64)
}

/// Applies a `bitmask`; the result moves down by the mask's trailing zeros.
fn masked(number: u64, mask: Option<u64>) -> u64 {
    match mask {
        Some(0) => 0,
        Some(mask) => (number & mask) >> mask.trailing_zeros(),
        None => number,
    }
}

fn compare(operator: TestOperator, left: f64, right: f64) -> bool {
    match operator {
        TestOperator::Less => left < right,
        TestOperator::Greater => left > right,
        TestOperator::LessEqual => left <= right,
        TestOperator::GreaterEqual => left >= right,
        TestOperator::Equal | TestOperator::And | TestOperator::Or => (left - right).abs() < 1e-5,
    }
}

fn equal(bytes: &[u8], needle: &[u8], nocase: bool) -> bool {
    if nocase { bytes.eq_ignore_ascii_case(needle) } else { bytes == needle }
}

/// First occurrence of a content: its rarest byte is searched for, then the rest compared.
fn find(hay: &[u8], content: &Content) -> Option<usize> {
    let needle = &content.bytes[..];
    let rare = usize::from(content.rare);
    let byte = *needle.get(rare)?;
    let last = hay.len().checked_sub(needle.len())?;
    let upper = byte.to_ascii_uppercase();
    let mut from = 0;
    while from <= last {
        let window = hay.get(from + rare..=last + rare)?;
        let hit = if content.nocase && upper != byte {
            memchr2(byte, upper, window)
        } else {
            memchr(byte, window)
        }?;
        let start = from + hit;
        if equal(hay.get(start..start + needle.len())?, needle, content.nocase) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}
