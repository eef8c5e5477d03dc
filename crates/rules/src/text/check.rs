//! What can only be seen when all options of a rule are read: contradictions, and rules that can never match.

use std::ops::Range;

use model::Direction;

use super::draft::Draft;
use super::error::{Code, Fault, Parsed};
use super::keyword::size_max;
use crate::NumberTest;
use crate::ir::{Absent, Content, Inspection, Op, PacketTest, Subject, Transform, Value};

/// All checks.
pub(crate) fn all(draft: &Draft<'_>) -> Parsed<()> {
    directions(draft)?;
    flowbits(draft)?;
    fast_patterns(draft)?;
    for (inspection, place) in draft.rule.inspections.iter().zip(0..) {
        sizes(draft, inspection, place)?;
        transformed(draft, inspection, place)?;
        absent(inspection)?;
    }
    dsize(draft)?;
    subjects(draft)
}

/// Without `=>`, all keywords must be about one direction; with it, about both.
fn directions(draft: &Draft<'_>) -> Parsed<()> {
    let sides = draft.sides();
    let of = |direction: Direction| sides.iter().find(|(side, ..)| *side == direction);
    let (to_server, to_client) = (of(Direction::ToServer), of(Direction::ToClient));
    if draft.rule.header.both_sides {
        if to_server.is_some() && to_client.is_some() {
            return Ok(());
        }
        return Err(Fault::new(
            Code::Direction,
            "a rule with `=>` needs conditions on the request and on the response",
        )
        .help("write `->` for a rule about one of them"));
    }
    if let (Some((_, one, _)), Some((_, other, span))) = (to_server, to_client) {
        return Err(Fault::new(
            Code::Direction,
            format!("`{one}` is about the request, `{other}` about the response"),
        )
        .at(span.clone())
        .help("make two rules with a flowbit, or write `=>`"));
    }
    let hook = match draft.rule.header.hook {
        Some(crate::ir::Hook::App { direction, .. }) => direction,
        _ => return Ok(()),
    };
    match sides.iter().find(|(side, ..)| *side != hook) {
        None => Ok(()),
        Some((_, keyword, span)) => Err(Fault::new(
            Code::Direction,
            format!("`{keyword}` is about the other direction than the hook"),
        )
        .at(span.clone())),
    }
}

fn flowbits(draft: &Draft<'_>) -> Parsed<()> {
    for test in &draft.rule.packet {
        let PacketTest::FlowbitsSet(set) = test else { continue };
        for other in &draft.rule.packet {
            let PacketTest::FlowbitsNotSet(not_set) = other else { continue };
            if let Some(name) = set.iter().find(|name| not_set.contains(name)) {
                return Err(Fault::new(
                    Code::Never,
                    format!("the flowbit `{name}` cannot be set and not set"),
                ));
            }
        }
    }
    Ok(())
}

fn contents(ops: &[Op]) -> impl Iterator<Item = (usize, &Content)> {
    ops.iter().enumerate().filter_map(|(place, op)| match op {
        Op::Content(content) => Some((place, content)),
        _ => None,
    })
}

fn fast_patterns(draft: &Draft<'_>) -> Parsed<()> {
    let mut chosen: Vec<Range<usize>> = Vec::new();
    for (inspection, place) in draft.rule.inspections.iter().zip(0..) {
        for (op, content) in contents(&inspection.ops) {
            if content.fast.is_some() {
                chosen.push(draft.span_of(place, op));
            }
        }
    }
    let max = if draft.rule.header.both_sides { 2 } else { 1 };
    match chosen.get(max) {
        None => Ok(()),
        Some(span) => {
            Err(Fault::new(Code::Place, "the rule has another `fast_pattern` already").at(span.clone()))
        }
    }
}

/// How many bytes a buffer must have for its contents to fit in.
fn needed(ops: &[Op]) -> (u64, usize) {
    let (mut most, mut at) = (0, 0);
    let mut behind = 0i64;
    for (place, content) in contents(ops) {
        if content.negated {
            continue;
        }
        let size = content.bytes.len() as i64;
        let given = |value: Option<Value>| match value {
            Some(Value::Is(number)) => number,
            _ => 0,
        };
        let start = if content.relative() {
            (behind + given(content.distance)).max(0)
        } else {
            given(content.offset)
        };
        let end = start + size;
        behind = end;
        if end as u64 > most {
            (most, at) = (end as u64, place);
        }
    }
    (most, at)
}

fn sizes(draft: &Draft<'_>, inspection: &Inspection, place: usize) -> Parsed<()> {
    let (most, at) = needed(&inspection.ops);
    for op in &inspection.ops {
        let Op::Size(test) = op else { continue };
        if let Some(max) = size_max(*test)
            && most > max
        {
            return Err(too_long(draft, most, max, place, at));
        }
    }
    Ok(())
}

fn too_long(draft: &Draft<'_>, most: u64, max: u64, place: usize, at: usize) -> Fault {
    Fault::new(Code::Never, format!("the contents need {most} bytes, but there are at most {max}"))
        .at(draft.span_of(place, at))
}

fn dsize(draft: &Draft<'_>) -> Parsed<()> {
    let sizes: Vec<NumberTest> = draft
        .rule
        .packet
        .iter()
        .filter_map(|test| match test {
            PacketTest::Dsize(test) => Some(*test),
            _ => None,
        })
        .collect();
    for (inspection, place) in draft.rule.inspections.iter().zip(0..) {
        if inspection.subject != Subject::Payload {
            continue;
        }
        let (most, at) = needed(&inspection.ops);
        for max in sizes.iter().filter_map(|test| size_max(*test)) {
            if most > max {
                return Err(too_long(draft, most, max, place, at));
            }
        }
    }
    Ok(())
}

/// Contents that a transform makes impossible.
fn transformed(draft: &Draft<'_>, inspection: &Inspection, place: usize) -> Parsed<()> {
    // What comes after one of these can bring back what an earlier transform took away.
    let from = inspection
        .transforms
        .iter()
        .rposition(|transform| !shape_only(transform))
        .map_or(0, |position| position + 1);
    let last = inspection.transforms.get(from..).unwrap_or_default();
    let case =
        last.iter().rev().find(|transform| matches!(transform, Transform::Lowercase | Transform::Uppercase));
    for (op, content) in contents(&inspection.ops) {
        let fault = |cause: &str| Err(Fault::new(Code::Never, cause).at(draft.span_of(place, op)));
        let has = |wanted: fn(&u8) -> bool| content.bytes.iter().any(wanted);
        match case {
            Some(Transform::Lowercase) if has(u8::is_ascii_uppercase) => {
                return fault("the content has upper case, which `to_lowercase` leaves none of");
            }
            Some(Transform::Uppercase) if !content.nocase && has(u8::is_ascii_lowercase) => {
                return fault("the content has lower case, which `to_uppercase` leaves none of");
            }
            _ => {}
        }
        if last.contains(&Transform::StripWhitespace) && has(is_blank) {
            return fault("the content has a blank, which `strip_whitespace` takes out");
        }
        let double = content.bytes.windows(2).any(|pair| pair.iter().all(is_blank));
        if last.contains(&Transform::CompressWhitespace) && double {
            return fault("the content has blanks in a row, which `compress_whitespace` makes one");
        }
    }
    Ok(())
}

fn shape_only(transform: &Transform) -> bool {
    matches!(
        transform,
        Transform::Lowercase
            | Transform::Uppercase
            | Transform::StripWhitespace
            | Transform::CompressWhitespace
    )
}

/// C's `isspace`.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn absent(inspection: &Inspection) -> Parsed<()> {
    match (inspection.absent, inspection.ops.is_empty()) {
        (Absent::Required, false) => {
            Err(Fault::new(Code::Never, "a buffer that is absent has no content")
                .help("write `absent: or_else`"))
        }
        (Absent::Holds, true) => {
            Err(Fault::new(Code::Place, "`absent: or_else` needs another condition on the buffer")
                .help("write `absent;`"))
        }
        _ => Ok(()),
    }
}

/// Buffers that cannot be asked in one rule.
fn subjects(draft: &Draft<'_>) -> Parsed<()> {
    let rule = &draft.rule;
    let app = rule.inspections.iter().any(|inspection| {
        matches!(
            inspection.subject,
            Subject::Field { .. } | Subject::FileData { .. } | Subject::FileName | Subject::FileMagic
        )
    }) || !rule.transaction.is_empty();
    let frame = rule.inspections.iter().any(|inspection| matches!(inspection.subject, Subject::Frame { .. }));
    if app && frame {
        return Err(Fault::new(Code::Place, "frames and fields of transactions cannot be asked in one rule"));
    }
    let dsize = rule.packet.iter().any(|test| matches!(test, PacketTest::Dsize(_)));
    if app && (dsize || rule.header.proto.only_packet) {
        return Err(Fault::new(
            Code::Place,
            "conditions on single packets do not go with fields of transactions",
        )
        .help("leave out `dsize` or `tcp-pkt`"));
    }
    Ok(())
}
