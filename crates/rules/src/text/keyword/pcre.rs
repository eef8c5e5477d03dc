//! `pcre`: regular expressions with Perl's and Suricata's flags, and what is kept of their groups.

use super::buffer::buffer_named;
use super::{Argument, Given, Keyword};
use crate::ir::{Capture, CaptureKind, Op, Pcre, Subject};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed};
use crate::{Flags, Pattern};

/// Groups of one expression that can be kept.
const CAPTURES_MAX: usize = 8;

pub(super) const KEYWORDS: &[Keyword] = &[Keyword {
    name: "pcre",
    argument: Argument::MaybeQuoted,
    negatable: true,
    help: "A regular expression matches: `\"/expression/flags\"`.",
    set: pcre,
    ..Keyword::EMPTY
}];

/// Flags that stand for a buffer.
const BUFFERS: &[(char, &str)] = &[
    ('U', "http.uri"),
    ('I', "http.uri.raw"),
    ('P', "http.request_body"),
    ('Q', "http.response_body"),
    ('H', "http.header"),
    ('D', "http.header.raw"),
    ('M', "http.method"),
    ('C', "http.cookie"),
    ('S', "http.stat_code"),
    ('Y', "http.stat_msg"),
    ('V', "http.user_agent"),
    ('W', "http.host"),
    ('Z', "http.host.raw"),
];

fn pcre(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (expression, flags, list) = split(given.text)?;
    let mut perl = Flags::default();
    let (mut relative, mut buffer) = (false, None);
    for flag in flags.chars() {
        match flag {
            'i' => perl.caseless = true,
            'm' => perl.multi_line = true,
            's' => perl.dot_all = true,
            'x' => perl.extended = true,
            'A' => perl.anchored = true,
            'E' => perl.dollar_end_only = true,
            'G' => perl.ungreedy = true,
            'R' => relative = true,
            // Raw bytes and "no match limit": known, and without effect.
            'B' | 'O' => {}
            _ => match BUFFERS.iter().find(|(letter, _)| *letter == flag) {
                Some((_, name)) if buffer.is_none_or(|known| known == *name) => buffer = Some(*name),
                Some(_) => return Err(Fault::new(Code::Value, "two flags stand for different buffers")),
                None => return Err(Fault::new(Code::Value, format!("`{flag}` is not a flag of `pcre`"))),
            },
        }
    }
    let subject = buffer.map(|name| flagged(draft, name)).transpose()?.flatten();
    let mut captures = named_groups(expression);
    captures.extend(listed(list)?);
    if captures.len() > CAPTURES_MAX {
        return Err(Fault::new(Code::Value, format!("at most {CAPTURES_MAX} groups can be kept")));
    }
    let pattern = Pattern::new(expression, perl).map_err(|cause| {
        Fault::new(Code::Regex, format!("the expression cannot be compiled: {}", cause.trim()))
    })?;
    if relative && subject.is_none() && !draft.has_buffer() && !draft.has_match_here() {
        return Err(Fault::new(Code::Place, "the flag `R` has no match to be relative to"));
    }
    let op = Op::Pcre(Pcre { pattern, negated: given.negated, relative, captures });
    match subject {
        Some(subject) => draft.add_in(subject, op),
        None => drop(draft.add(op, false)),
    }
    Ok(())
}

/// The buffer that a flag stands for; `None` when the sticky buffer is that one.
fn flagged(draft: &mut Draft<'_>, name: &str) -> Parsed<Option<Subject>> {
    let same = match draft.buffer() {
        None => false,
        Some(Subject::Field { name: chosen, .. }) => *chosen == name,
        Some(Subject::FileData { .. }) => name == "http.response_body",
        Some(_) => false,
    };
    if same {
        return Ok(None);
    }
    if draft.has_buffer() {
        return Err(Fault::new(Code::Place, "a flag of `pcre` names another buffer than the sticky one")
            .help("leave the flag out, or write `pkt_data;` before"));
    }
    buffer_named(draft, name).map(Some)
}

/// Expression, flags, and what follows the first comma behind them.
fn split(text: &str) -> Parsed<(&str, &str, &str)> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(Fault::new(Code::Value, "the expression does not start with `/`")
            .help("write \"/expression/flags\""));
    };
    let Some(end) = rest.rfind('/') else {
        return Err(Fault::new(Code::Value, "the expression is not closed by `/`"));
    };
    let (expression, behind) = (&rest[..end], &rest[end + 1..]);
    let (flags, list) = behind.split_once(',').unwrap_or((behind, ""));
    if expression.is_empty() {
        return Err(Fault::new(Code::Value, "the expression is empty"));
    }
    Ok((expression, flags.trim(), list.trim()))
}

/// `flow:name` and `pkt:name` behind the flags.
fn listed(list: &str) -> Parsed<Vec<Capture>> {
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (kind, name) = part.split_once(':').unwrap_or((part, ""));
            let kind = match kind.trim() {
                "flow" => CaptureKind::Flow,
                "pkt" => CaptureKind::Packet,
                "alert" => CaptureKind::Alert,
                other => {
                    return Err(Fault::new(Code::Value, format!("a group cannot be kept with `{other}`"))
                        .help("write flow:NAME, pkt:NAME or alert:NAME"));
                }
            };
            Ok(Capture { kind, name: name.trim().to_owned() })
        })
        .collect()
}

/// Groups whose own name says where they are kept: `(?P<flow_user>…)`.
fn named_groups(expression: &str) -> Vec<Capture> {
    let mut captures = Vec::new();
    for (at, _) in expression.match_indices("(?P<") {
        let rest = &expression[at + 4..];
        let Some(name) = rest.split('>').next() else { continue };
        let kinds =
            [("flow_", CaptureKind::Flow), ("pkt_", CaptureKind::Packet), ("alert_", CaptureKind::Alert)];
        for (prefix, kind) in kinds {
            if let Some(name) = name.strip_prefix(prefix) {
                captures.push(Capture { kind, name: name.to_owned() });
            }
        }
    }
    captures
}
