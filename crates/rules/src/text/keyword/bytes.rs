//! Numbers inside the bytes: `byte_test`, `byte_jump`, `byte_extract`, `byte_math`.

use super::{Given, Keyword};
use crate::ir::{
    Asn1, ByteExtract, ByteFormat, ByteJump, ByteMath, ByteTest, Endian, JumpFrom, MathOperator, Op,
    TestOperator, Value,
};
use crate::text::draft::{Draft, integer};
use crate::text::error::{Code, Fault, Parsed};

/// Most bytes of a binary number.
const BINARY_MAX: i64 = 8;
/// Most digits of a number in text (64 bits in octal, and a sign).
const TEXT_MAX: i64 = 23;
/// Farthest offset in either direction.
const REACH: i64 = 1 << 31;

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn keyword(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    keyword("byte_test", "Compares a number in the bytes: `2,>,1000,0,relative,little`.", byte_test),
    keyword(
        "byte_jump",
        "Moves on by a number in the bytes: `4,0,relative,little,post_offset -1`.",
        byte_jump,
    ),
    keyword("byte_extract", "Keeps a number in the bytes under a name: `2,0,length,relative`.", byte_extract),
    keyword(
        "asn1",
        "Oddities of BER: `bitstring_overflow, double_overflow, oversize_length 2048, relative_offset 27`.",
        asn1,
    ),
    keyword(
        "byte_math",
        "Keeps the outcome of a calculation: `bytes 2, offset 0, oper +, rvalue 4, result end`.",
        byte_math,
    ),
];

/// What the four keywords have in common, gathered while their options are read.
#[derive(Default)]
struct Reading {
    relative: bool,
    endian: Option<Endian>,
    /// Base of a number in text; 0 = as its prefix says.
    base: Option<u8>,
    text: bool,
    mask: Option<u64>,
    dce: bool,
}

impl Reading {
    /// Takes an option; `false` when it is none of the common ones.
    fn take(&mut self, part: &str) -> Parsed<bool> {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (name, value.trim()) {
            ("relative", "") => once(&mut self.relative, name)?,
            ("big", "") => self.order(Endian::Big)?,
            ("little", "") => self.order(Endian::Little)?,
            ("dce", "") => {
                self.order(Endian::Dce)?;
                self.dce = true;
            }
            ("endian", "big") => self.order(Endian::Big)?,
            ("endian", "little") => self.order(Endian::Little)?,
            ("endian", "dce") => {
                self.order(Endian::Dce)?;
                self.dce = true;
            }
            ("string", "") => self.text = true,
            ("string", base) => {
                self.text = true;
                self.base(base)?;
            }
            ("hex" | "dec" | "oct", "") => self.base(name)?,
            ("bitmask", value) => {
                let mask = u64::from_str_radix(value.trim_start_matches("0x").trim_start_matches("0X"), 16);
                match mask {
                    Ok(mask) if mask != 0 && mask <= u64::from(u32::MAX) => self.mask = Some(mask),
                    _ => {
                        return Err(Fault::new(Code::Value, format!("`{value}` is not a bit mask"))
                            .help("write it in hexadecimal: `bitmask 0xf8`"));
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn order(&mut self, endian: Endian) -> Parsed<()> {
        if self.endian.replace(endian).is_some() {
            return Err(Fault::new(Code::Value, "the byte order stands here twice"));
        }
        Ok(())
    }

    fn base(&mut self, name: &str) -> Parsed<()> {
        let base = match name {
            "hex" => 16,
            "dec" => 10,
            "oct" => 8,
            other => return Err(Fault::new(Code::Value, format!("`{other}` is not hex, dec or oct"))),
        };
        if self.base.replace(base).is_some() {
            return Err(Fault::new(Code::Value, "the base stands here twice"));
        }
        Ok(())
    }

    fn format(&self, bytes: Value, draft: &mut Draft<'_>) -> Parsed<ByteFormat> {
        if self.base.is_some() && !self.text {
            return Err(Fault::new(Code::Value, "hex, dec and oct are for numbers in text")
                .help("write `string` before it"));
        }
        if self.text && self.dce {
            return Err(Fault::new(Code::Value, "`dce` is about binary numbers, `string` about text"));
        }
        let max = if self.text { TEXT_MAX } else { BINARY_MAX };
        if let Value::Is(bytes) = bytes
            && bytes > max
        {
            let what = if self.text { "a number in text" } else { "a binary number" };
            return Err(Fault::new(Code::Value, format!("{what} has at most {max} bytes, not {bytes}")));
        }
        if self.dce {
            let protocols: Vec<_> =
                ["dcerpc", "smb"].iter().filter_map(|name| protocol::find(name)).collect();
            if !protocols.is_empty() {
                draft.narrow(&protocols)?;
            }
        }
        Ok(match (self.text, self.base) {
            (true, base) => ByteFormat::Text(base.unwrap_or(0)),
            (false, _) => ByteFormat::Binary(self.endian.unwrap_or(Endian::Big)),
        })
    }
}

/// Only a number in text may have 0 bytes: it then goes as far as its digits do.
fn some(bytes: Value, format: ByteFormat) -> Parsed<()> {
    match (bytes, format) {
        (Value::Is(0), ByteFormat::Binary(_)) => {
            Err(Fault::new(Code::Value, "a binary number has at least one byte"))
        }
        _ => Ok(()),
    }
}

fn once(flag: &mut bool, name: &str) -> Parsed<()> {
    if std::mem::replace(flag, true) {
        return Err(Fault::new(Code::Value, format!("`{name}` stands here twice")));
    }
    Ok(())
}

fn unknown(keyword: &str, part: &str) -> Fault {
    Fault::new(Code::Value, format!("`{part}` is not an option of `{keyword}`"))
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

fn needed<'a>(parts: &mut impl Iterator<Item = &'a str>, what: &str) -> Parsed<&'a str> {
    parts
        .next()
        .filter(|part| !part.is_empty())
        .ok_or_else(|| Fault::new(Code::Value, format!("{what} is missing")))
}

fn byte_test(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = parts(given.text);
    let bytes = draft.value(needed(&mut parts, "the number of bytes")?, 0..=TEXT_MAX)?;
    let (operator, negated) = operator(needed(&mut parts, "the comparison")?)?;
    let value = draft.value(needed(&mut parts, "the value to compare with")?, i64::MIN..=i64::MAX)?;
    let offset = draft.value(needed(&mut parts, "the offset")?, -REACH..=REACH)?;
    let mut reading = Reading::default();
    for part in parts {
        if !reading.take(part)? {
            return Err(unknown("byte_test", part));
        }
    }
    let format = reading.format(bytes, draft)?;
    some(bytes, format)?;
    let (relative, mask) = (reading.relative, reading.mask);
    let test = ByteTest { bytes, operator, negated, value, offset, relative, format, mask };
    draft.add(Op::ByteTest(test), relative);
    Ok(())
}

fn operator(text: &str) -> Parsed<(TestOperator, bool)> {
    let (negated, sign) = match text.strip_prefix('!') {
        Some(sign) => (true, sign.trim_start()),
        None => (false, text),
    };
    let operator = match sign {
        "<" => TestOperator::Less,
        ">" => TestOperator::Greater,
        "=" | "==" => TestOperator::Equal,
        "<=" => TestOperator::LessEqual,
        ">=" => TestOperator::GreaterEqual,
        "&" => TestOperator::And,
        "^" => TestOperator::Or,
        "" if negated => TestOperator::Equal,
        _ => {
            return Err(Fault::new(Code::Value, format!("`{text}` is not a comparison"))
                .help("write one of < > = <= >= & ^, perhaps with ! before it"));
        }
    };
    Ok((operator, negated))
}

fn byte_jump(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = parts(given.text);
    let bytes = draft.value(needed(&mut parts, "the number of bytes")?, 0..=TEXT_MAX)?;
    let offset = draft.value(needed(&mut parts, "the offset")?, -REACH..=REACH)?;
    let mut reading = Reading::default();
    let (mut multiplier, mut align, mut from, mut post_offset) = (1, false, JumpFrom::Here, Value::Is(0));
    for part in parts {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (name, value.trim()) {
            ("align", "") => once(&mut align, name)?,
            ("from_beginning", "") => from = JumpFrom::Beginning,
            ("from_end", "") => from = JumpFrom::End,
            ("multiplier", value) => multiplier = factor(value)?,
            ("post_offset", value) => post_offset = draft.value(value, -65_535..=65_535)?,
            _ if reading.take(part)? => {}
            _ => return Err(unknown("byte_jump", part)),
        }
    }
    let format = reading.format(bytes, draft)?;
    let (relative, mask) = (reading.relative, reading.mask);
    let jump = ByteJump { bytes, offset, relative, format, multiplier, align, from, post_offset, mask };
    draft.add(Op::ByteJump(jump), relative);
    Ok(())
}

fn factor(text: &str) -> Parsed<u32> {
    match text.parse::<u16>() {
        Ok(factor) if factor > 0 => Ok(factor.into()),
        _ => Err(Fault::new(Code::Value, format!("`{text}` is not a factor from 1 to 65535"))),
    }
}

fn name(text: &str) -> Parsed<&str> {
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(text)
    } else {
        Err(Fault::new(Code::Value, format!("`{text}` is not a name for a variable"))
            .help("it starts with a letter"))
    }
}

fn byte_extract(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = parts(given.text);
    let bytes = draft.value(needed(&mut parts, "the number of bytes")?, 0..=TEXT_MAX)?;
    let offset = draft.value(needed(&mut parts, "the offset")?, -REACH..=REACH)?;
    let name = name(needed(&mut parts, "the name")?)?;
    let mut reading = Reading::default();
    let (mut multiplier, mut align) = (1, 0);
    for part in parts {
        let (option, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (option, value.trim()) {
            ("multiplier", value) => multiplier = factor(value)?,
            ("align", "2") => align = 2,
            ("align", "4") => align = 4,
            _ if reading.take(part)? => {}
            _ => return Err(unknown("byte_extract", part)),
        }
    }
    let format = reading.format(bytes, draft)?;
    some(bytes, format)?;
    if draft.rule.variables.iter().any(|known| known == name) {
        return Err(Fault::new(Code::Name, format!("`{name}` is filled by an option before this already")));
    }
    let var = draft.define(name)?;
    let (relative, mask) = (reading.relative, reading.mask);
    let extract = ByteExtract { bytes, offset, relative, format, multiplier, align, mask, var };
    draft.add(Op::ByteExtract(extract), relative);
    Ok(())
}

fn byte_math(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut reading = Reading::default();
    let (mut bytes, mut offset, mut operator, mut operand, mut result) = (None, None, None, None, None);
    for part in parts(given.text) {
        let (option, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (option, value.trim()) {
            ("bytes", value) => bytes = Some(draft.value(value, 1..=TEXT_MAX)?),
            ("offset", value) => offset = Some(draft.value(value, -65_535..=65_535)?),
            ("oper", value) => operator = Some(math_operator(value)?),
            ("rvalue", value) => operand = Some(draft.value(value, 0..=i64::from(u32::MAX))?),
            ("result", value) => result = Some(name(value)?),
            _ if reading.take(part)? => {}
            _ => return Err(unknown("byte_math", part)),
        }
    }
    let missing = |what: &str| Fault::new(Code::Value, format!("`byte_math` needs `{what}`"));
    let bytes = bytes.ok_or_else(|| missing("bytes"))?;
    let offset = offset.ok_or_else(|| missing("offset"))?;
    let operator = operator.ok_or_else(|| missing("oper"))?;
    let operand = operand.ok_or_else(|| missing("rvalue"))?;
    let result = result.ok_or_else(|| missing("result"))?;
    if operand == Value::Is(0) && operator == MathOperator::Divide {
        return Err(Fault::new(Code::Value, "nothing can be divided by 0"));
    }
    let shift = matches!(operator, MathOperator::ShiftLeft | MathOperator::ShiftRight);
    if shift && matches!(operand, Value::Is(bits) if bits > 31) {
        return Err(Fault::new(Code::Value, "a shift goes by at most 31 bits"));
    }
    if reading.relative && !draft.has_match_here() {
        return Err(Fault::new(
            Code::Place,
            "`relative` has no content or pcre in this buffer to be relative to",
        ));
    }
    let format = reading.format(bytes, draft)?;
    let var = draft.define(result)?;
    let (relative, mask) = (reading.relative, reading.mask);
    let math = ByteMath { bytes, offset, relative, format, operator, operand, mask, var };
    draft.add(Op::ByteMath(math), relative);
    Ok(())
}

fn math_operator(text: &str) -> Parsed<MathOperator> {
    Ok(match text {
        "+" => MathOperator::Add,
        "-" => MathOperator::Subtract,
        "*" => MathOperator::Multiply,
        "/" => MathOperator::Divide,
        "<<" => MathOperator::ShiftLeft,
        ">>" => MathOperator::ShiftRight,
        _ => {
            return Err(Fault::new(Code::Value, format!("`{text}` is not an operator"))
                .help("write one of + - * / << >>"));
        }
    })
}

fn asn1(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut asked = Asn1 {
        bitstring_overflow: false,
        double_overflow: false,
        oversize_length: None,
        offset: 0,
        relative: false,
    };
    for part in given.text.split([',', ' ']).scan(None, |name: &mut Option<&str>, word| {
        // A name and its number may be parted by a blank or a comma.
        let pair = match name.take() {
            Some(before) => Some((before, word)),
            None if matches!(word, "oversize_length" | "absolute_offset" | "relative_offset") => {
                *name = Some(word);
                None
            }
            None => Some((word, "")),
        };
        Some(pair)
    }) {
        let Some((name, value)) = part else { continue };
        match name {
            "" => {}
            "bitstring_overflow" => asked.bitstring_overflow = true,
            "double_overflow" => asked.double_overflow = true,
            "oversize_length" => asked.oversize_length = Some(count(value, "bytes")?),
            "absolute_offset" | "relative_offset" => {
                asked.relative = name == "relative_offset";
                asked.offset = i32::try_from(integer(value)?)
                    .map_err(|_| Fault::new(Code::Value, format!("`{value}` is not an offset")))?;
            }
            other => return Err(unknown("asn1", other)),
        }
    }
    let relative = asked.relative;
    draft.add(Op::Asn1(asked), relative);
    Ok(())
}

/// A number of seconds, packets or the like that is written plainly.
pub(super) fn count(text: &str, what: &str) -> Parsed<u32> {
    u32::try_from(integer(text.trim())?)
        .map_err(|_| Fault::new(Code::Value, format!("`{text}` is not a number of {what}")))
}
