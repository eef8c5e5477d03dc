//! `content` and its modifiers, and the other keywords about the bytes of one buffer that read no numbers.

use super::buffer::buffer_named;
use super::{Argument, Given, Keyword};
use crate::NumberTest;
use crate::ir::{Absent, Base64Decode, Content, FastPattern, Op, PacketTest, Subject, TestOperator, Value};
use crate::text::draft::{Draft, Latest, integer};
use crate::text::error::{Code, Fault, Parsed};
use crate::text::number_text::{self, Kind};

/// Largest distance from the start of a buffer or from the last match.
const REACH_MAX: i64 = 1 << 20;
/// Largest argument of `isdataat`.
const ISDATAAT_MAX: i64 = 65_535;

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn plain(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, help, set, ..Keyword::EMPTY }
}

const fn bare(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, argument: Argument::None, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "content",
        argument: Argument::Quoted,
        negatable: true,
        help: "These bytes occur; bytes in hexadecimal stand between bars.",
        set: content,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "uricontent",
        argument: Argument::Quoted,
        negatable: true,
        help: "These bytes occur in the URI; written `http.uri; content` today.",
        set: uricontent,
        ..Keyword::EMPTY
    },
    bare("nocase", "Case does not matter for the content before it.", nocase),
    plain("offset", "The content before it is at this byte or later.", offset),
    plain("depth", "The content before it lies within so many bytes, counted from the offset.", depth),
    plain("distance", "The content before it is so many bytes or more behind the last match.", distance),
    plain("within", "The content before it ends within so many bytes behind the last match.", within),
    bare("startswith", "The buffer starts with the content before it.", startswith),
    bare("endswith", "The buffer ends with the content before it.", endswith),
    Keyword {
        name: "fast_pattern",
        argument: Argument::Optional,
        help: "The content before it finds candidates for the rule; `only`, or `offset,length` of a part of it.",
        set: fast_pattern,
        ..Keyword::EMPTY
    },
    bare("rawbytes", "No effect; known for the sake of old rules.", rawbytes),
    Keyword {
        name: "replace",
        argument: Argument::Quoted,
        help: "In prevention, the content before it is overwritten by these bytes, as many as it has.",
        set: replace,
        ..Keyword::EMPTY
    },
    plain(
        "isdataat",
        "There is (`!`: is not) a byte at this position, or so far behind the last match.",
        isdataat,
    ),
    plain("bsize", "Length of the buffer.", bsize),
    plain("dsize", "Length of the packet's payload.", dsize),
    plain("urilen", "Length of the URI, `norm` or `raw`.", urilen),
    Keyword {
        name: "absent",
        argument: Argument::Optional,
        help: "The buffer does not exist; with `or_else`, or what follows holds of it.",
        set: absent,
        ..Keyword::EMPTY
    },
    plain("entropy", "Entropy of bytes, in bits per byte: `offset 0, bytes 64, value >= 7.5`.", entropy),
    Keyword {
        name: "base64_decode",
        argument: Argument::Optional,
        help: "Decodes base64, for `base64_data` behind it: `bytes 64, offset 0, relative`.",
        set: base64_decode,
        ..Keyword::EMPTY
    },
];

/// Reads the bytes of a content: text, `|hex|`, and escapes of `; : " \`.
pub(super) fn pattern(text: &str) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut hex: Option<usize> = None;
    let mut half: Option<u8> = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        let here = at..at + char.len_utf8();
        match (char, hex) {
            ('|', None) => hex = Some(at),
            ('|', Some(_)) if half.is_some() => {
                return Err(Fault::new(Code::Value, "a byte in hexadecimal has two digits").at(here));
            }
            ('|', Some(_)) => hex = None,
            (' ', Some(_)) => {}
            (_, Some(_)) => {
                let Some(digit) = char.to_digit(16) else {
                    return Err(Fault::new(Code::Value, format!("`{char}` is not a hexadecimal digit"))
                        .at(here)
                        .help("between bars stand bytes in hexadecimal, as in |0d 0a|"));
                };
                match half.take() {
                    Some(high) => bytes.push(high << 4 | digit as u8),
                    None => half = Some(digit as u8),
                }
            }
            ('\\', None) => match chars.next() {
                Some((_, escaped @ (';' | ':' | '"' | '\\'))) => bytes.push(escaped as u8),
                _ => {
                    return Err(Fault::new(Code::Value, "only `;`, `:`, `\"` and `\\` are escaped by `\\`")
                        .at(here)
                        .help("write the backslash itself as |5c|"));
                }
            },
            ('"', None) => {
                return Err(Fault::new(Code::Value, "a quote inside a pattern")
                    .at(here)
                    .help("write it as |22|"));
            }
            ('\u{fffd}', None) => {
                return Err(Fault::new(Code::Text, "the file is not UTF-8 here")
                    .at(here)
                    .help("write the byte as |xx|"));
            }
            (_, None) => {
                let mut buffer = [0; 4];
                bytes.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
    if let Some(at) = hex {
        return Err(Fault::new(Code::Value, "the bar is not closed")
            .at(at..text.len())
            .help("a bar itself is |7c|"));
    }
    if bytes.is_empty() {
        return Err(Fault::new(Code::Value, "the pattern is empty"));
    }
    Ok(bytes)
}

fn content(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut content = Content::new(&pattern(given.text)?);
    content.negated = given.negated;
    draft.add(Op::Content(content), false);
    Ok(())
}

fn uricontent(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if draft.has_buffer() {
        return Err(Fault::new(Code::Place, "`uricontent` stands behind a sticky buffer")
            .help("write `http.uri; content:…` instead"));
    }
    content(draft, given)?;
    let subject = buffer_named(draft, "http.uri")?;
    draft.move_content(subject)
}

fn twice(draft: &Draft<'_>) -> Fault {
    Fault::new(Code::Place, format!("the content has `{}` already", draft.keyword))
}

fn nocase(draft: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    let content = draft.content()?;
    if content.nocase {
        return Err(twice(draft));
    }
    content.nocase = true;
    content.bytes.make_ascii_lowercase();
    Ok(())
}

/// Faults that all four position modifiers share.
fn placeable(draft: &mut Draft<'_>, relative: bool) -> Parsed<()> {
    let content = draft.content()?;
    let (starts, absolute) = (content.startswith, content.offset.is_some() || content.depth.is_some());
    let (was_relative, fast) = (content.relative(), content.fast);
    let keyword = draft.keyword.clone();
    if starts {
        return Err(Fault::new(Code::Place, format!("`{keyword}` and `startswith` exclude each other")));
    }
    if (relative && absolute) || (!relative && was_relative) {
        return Err(Fault::new(Code::Place, "`offset` and `depth` do not go with `distance` and `within`")
            .help("the first two count from the start of the buffer, the others from the last match"));
    }
    if fast == Some(FastPattern::Only) {
        return Err(Fault::new(
            Code::Place,
            format!("`{keyword}` and `fast_pattern:only` exclude each other"),
        ));
    }
    Ok(())
}

fn offset(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    placeable(draft, false)?;
    let value = draft.value(given.text, 0..=REACH_MAX)?;
    let content = draft.content()?;
    if content.offset.replace(value).is_some() {
        return Err(twice(draft));
    }
    Ok(())
}

fn depth(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    placeable(draft, false)?;
    let value = draft.value(given.text, 0..=REACH_MAX)?;
    let content = draft.content()?;
    let size = content.bytes.len();
    if let Value::Is(depth) = value
        && depth < size as i64
    {
        return Err(too_narrow("depth", depth, size));
    }
    if content.depth.replace(value).is_some() {
        return Err(twice(draft));
    }
    Ok(())
}

fn too_narrow(keyword: &str, value: i64, size: usize) -> Fault {
    Fault::new(Code::Never, format!("{keyword} {value} has no room for the {size} bytes of the content"))
        .help(format!("write {keyword}:{size} or more"))
}

fn distance(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    placeable(draft, true)?;
    after_only(draft)?;
    let value = draft.value(given.text, -REACH_MAX..=REACH_MAX)?;
    let content = draft.content()?;
    if content.distance.replace(value).is_some() {
        return Err(twice(draft));
    }
    Ok(())
}

fn within(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    placeable(draft, true)?;
    after_only(draft)?;
    let value = draft.value(given.text, -REACH_MAX..=REACH_MAX)?;
    let content = draft.content()?;
    let size = content.bytes.len();
    if let Value::Is(within) = value
        && within < size as i64
    {
        return Err(too_narrow("within", within, size));
    }
    if content.within.replace(value).is_some() {
        return Err(twice(draft));
    }
    Ok(())
}

/// Nothing can be relative to a content whose position is not looked at.
fn after_only(draft: &mut Draft<'_>) -> Parsed<()> {
    match draft.match_before_content() {
        Some(Op::Content(before)) if before.fast == Some(FastPattern::Only) => Err(Fault::new(
            Code::Place,
            "the content before has `fast_pattern:only`, so its position is not known",
        )),
        _ => Ok(()),
    }
}

fn startswith(draft: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    let content = draft.content()?;
    if content.startswith {
        return Err(twice(draft));
    }
    if content.relative() || content.offset.is_some() || content.depth.is_some() {
        return Err(Fault::new(
            Code::Place,
            "`startswith` does not go with `offset`, `depth`, `distance` and `within`",
        ));
    }
    content.startswith = true;
    Ok(())
}

fn endswith(draft: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    let content = draft.content()?;
    if content.endswith {
        return Err(twice(draft));
    }
    content.endswith = true;
    Ok(())
}

fn fast_pattern(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let Some(spot) = draft.last_content else {
        return draft.content().map(|_| ());
    };
    if spot.inner.is_some() {
        return Err(Fault::new(Code::Place, "`fast_pattern` cannot be used on `base64_data`")
            .help("what is encoded cannot be searched for before it is decoded"));
    }
    let content = draft.content()?;
    if content.fast.is_some() {
        return Err(twice(draft));
    }
    let placed = content.relative() || content.offset.is_some() || content.depth.is_some();
    if content.negated && placed {
        return Err(Fault::new(Code::Place, "a negated content with a position cannot find candidates"));
    }
    let size = content.bytes.len();
    let fast = match given.text {
        "" => FastPattern::Whole,
        "only" if content.negated || placed => {
            return Err(Fault::new(Code::Place, "`fast_pattern:only` needs a plain content")
                .help("write `fast_pattern;` or leave out the negation and the position"));
        }
        "only" => FastPattern::Only,
        part => {
            let chop = part.split_once(',').and_then(|(offset, length)| {
                Some((offset.trim().parse::<u16>().ok()?, length.trim().parse::<u16>().ok()?))
            });
            match chop {
                Some((offset, length)) if length > 0 && usize::from(offset) + usize::from(length) <= size => {
                    FastPattern::Chop(offset, length)
                }
                Some(_) => {
                    return Err(Fault::new(
                        Code::Value,
                        format!("this part is not inside the {size} bytes of the content"),
                    ));
                }
                None => {
                    return Err(Fault::new(Code::Value, format!("`{part}` is not a part of the content"))
                        .help("write `only`, or offset and length as in `fast_pattern:2,8`"));
                }
            }
        }
    };
    content.fast = Some(fast);
    Ok(())
}

fn rawbytes(draft: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    let spot = draft.last_content;
    draft.content()?;
    let in_payload = spot
        .and_then(|spot| draft.rule.inspections.get(spot.inspection))
        .is_some_and(|inspection| inspection.subject == Subject::Payload);
    if in_payload { Ok(()) } else { Err(Fault::new(Code::Place, "`rawbytes` is only for the payload")) }
}

fn replace(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let bytes = pattern(given.text)?;
    let in_payload = draft
        .last_content
        .and_then(|spot| draft.rule.inspections.get(spot.inspection))
        .is_none_or(|inspection| inspection.subject == Subject::Payload);
    let content = draft.content()?;
    if content.negated || !in_payload {
        return Err(Fault::new(Code::Place, "`replace` needs a content in the payload that is not negated"));
    }
    if content.bytes.len() != bytes.len() {
        let cause = format!("{} bytes cannot replace {}", bytes.len(), content.bytes.len());
        return Err(Fault::new(Code::Value, cause).help("both must have the same length"));
    }
    content.replace = Some(bytes);
    Ok(())
}

fn isdataat(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (negated, rest) = match given.text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, given.text),
    };
    let mut parts = rest.split(',').map(str::trim);
    let at = draft.value(parts.next().unwrap_or_default(), 0..=ISDATAAT_MAX)?;
    let mut relative = false;
    for part in parts {
        match part {
            "relative" => relative = true,
            "rawbytes" => {}
            other => {
                return Err(Fault::new(Code::Value, format!("`{other}` is not an option of `isdataat`")));
            }
        }
    }
    draft.add(Op::IsDataAt { at, relative, negated }, relative);
    Ok(())
}

fn bsize(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if !draft.has_buffer() {
        return Err(Fault::new(Code::Place, "`bsize` needs a sticky buffer before it")
            .help("for the packet's payload write `dsize`"));
    }
    let test = number_text::test(given.text, Kind::bits(64))?;
    draft.add(Op::Size(test), false);
    Ok(())
}

fn dsize(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if std::mem::replace(&mut draft.once.dsize, true) {
        return Err(
            Fault::new(Code::Place, "a rule can have one `dsize`").help("write a range: `dsize:10<>20`")
        );
    }
    let test = number_text::test(given.text, Kind::bits(16))?;
    draft.latest = Latest::Packet(draft.rule.packet.len());
    draft.rule.packet.push(PacketTest::Dsize(test));
    Ok(())
}

fn urilen(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (text, form) = given.text.split_once(',').unwrap_or((given.text, "norm"));
    let name = match form.trim() {
        "norm" => "http.uri",
        "raw" => "http.uri.raw",
        other => return Err(Fault::new(Code::Value, format!("`{other}` is neither `norm` nor `raw`"))),
    };
    let test = number_text::test(text, Kind::bits(16))?;
    let subject = buffer_named(draft, name)?;
    draft.side(model::Direction::ToServer);
    draft.add_aside(subject, Op::Size(test));
    Ok(())
}

fn absent(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let absent = match given.text {
        "" => Absent::Required,
        "or_else" => Absent::Holds,
        other => return Err(Fault::new(Code::Value, format!("`{other}` is not `or_else`"))),
    };
    if draft.in_base64() || !draft.buffer_is_fresh() {
        return Err(Fault::new(Code::Place, "`absent` directly follows a sticky buffer"));
    }
    draft.absent(absent);
    Ok(())
}

fn entropy(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (mut offset, mut bytes, mut test) = (0, None, None);
    for part in given.text.split(',').map(str::trim) {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let value = value.trim();
        let count = || {
            usize::try_from(integer(value)?).map_err(|_| Fault::new(Code::Value, "this cannot be negative"))
        };
        match name {
            "offset" => offset = count()?,
            "bytes" => bytes = Some(count()?).filter(|bytes| *bytes > 0),
            "value" => test = Some(entropy_test(value)?),
            other => return Err(Fault::new(Code::Value, format!("`{other}` is not an option of `entropy`"))),
        }
    }
    let (operator, negated, value) =
        test.ok_or_else(|| Fault::new(Code::Value, "`entropy` needs a value").help("write `value >= 7.5`"))?;
    draft.add(Op::Entropy { offset, bytes, operator, negated, value }, false);
    Ok(())
}

fn entropy_test(text: &str) -> Parsed<(TestOperator, bool, f64)> {
    let operators = [
        (">=", TestOperator::GreaterEqual, false),
        ("<=", TestOperator::LessEqual, false),
        ("!=", TestOperator::Equal, true),
        (">", TestOperator::Greater, false),
        ("<", TestOperator::Less, false),
        ("=", TestOperator::Equal, false),
        ("!", TestOperator::Equal, true),
    ];
    let (rest, operator, negated) = operators
        .iter()
        .find_map(|(sign, operator, negated)| Some((text.strip_prefix(sign)?, *operator, *negated)))
        .unwrap_or((text, TestOperator::Equal, false));
    match rest.trim().parse::<f64>() {
        Ok(value) if (0.0..=8.0).contains(&value) => Ok((operator, negated, value)),
        _ => {
            Err(Fault::new(Code::Value, format!("`{rest}` is not an entropy"))
                .help("bits per byte, from 0 to 8"))
        }
    }
}

fn base64_decode(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut decode = Base64Decode { bytes: None, offset: 0, relative: false, then: Vec::new() };
    for part in given.text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let count = || match value.trim().parse::<u32>() {
            Ok(count) => Ok(count as usize),
            Err(_) => Err(Fault::new(Code::Value, format!("`{value}` is not a number of bytes"))),
        };
        match name {
            "relative" if value.is_empty() => decode.relative = true,
            "bytes" => decode.bytes = Some(count()?).filter(|bytes| *bytes > 0),
            "offset" => decode.offset = count()?,
            other => {
                return Err(Fault::new(
                    Code::Value,
                    format!("`{other}` is not an option of `base64_decode`"),
                ));
            }
        }
    }
    if draft.in_base64() {
        return Err(Fault::new(Code::Place, "`base64_decode` cannot read what `base64_data` yields")
            .help("name another buffer first, or `pkt_data;`"));
    }
    draft.add(Op::Base64(decode), true);
    Ok(())
}

/// The most bytes that a size test allows; `None` = no limit.
pub(crate) fn size_max(test: NumberTest) -> Option<u64> {
    match test {
        NumberTest::Equal(size) | NumberTest::LessEqual(size) => Some(size),
        NumberTest::Less(size) | NumberTest::Between(_, size) => Some(size.saturating_sub(1)),
        _ => None,
    }
}
