//! Which content of a rule finds candidates.
//!
//! The author's choice, or the longest and most diverse content that is not negated; contents of protocol fields before
//! those of payload, since fields are fewer and shorter.

use std::sync::Arc;

use literal::commonness;

use crate::ir::{Absent, FastPattern, Value};
use crate::op::{Content, Op};
use crate::sig::{Look, Part, PayloadSides, Sig, What};

/// Where the pattern is looked for.
#[derive(Debug)]
pub(crate) enum Where {
    /// In the payload of packet rules.
    Payload(PayloadSides),
    /// In what a step of the plans looks at, recognised by its part.
    Step(Arc<Part>),
}

/// The choice.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) place: Where,
    pub(crate) pattern: Vec<u8>,
    pub(crate) span: Span,
}

/// Where in the buffer a pattern must lie, as far as the rule says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Anywhere,
    /// It starts at this byte.
    At(u32),
    /// It ends at this byte or before it.
    Until(u32),
}

impl Span {
    /// The same in a buffer of which any part may be what is searched.
    pub(crate) fn in_part(self) -> Self {
        match self {
            // A place counts from the start of the whole buffer: from that of a later part it is nearer.
            Span::At(_) | Span::Anywhere => Span::Anywhere,
            Span::Until(until) => Span::Until(until),
        }
    }
}

/// Points for a pattern in a field over one of the same strength in payload.
const FIELD_BONUS: u32 = 400;

/// Chooses.
pub(crate) fn choose(sig: &Sig) -> Option<Choice> {
    let mut best: Option<(u32, Choice)> = None;
    let mut offer = |score: u32, choice: &dyn Fn() -> Choice| {
        if best.as_ref().is_none_or(|(best, _)| score > *best) {
            best = Some((score, choice()));
        }
    };
    for look in &sig.looks {
        let Look::Payload { sides, ops } = look else { continue };
        for (content, end) in contents(ops) {
            let pattern = piece(content);
            offer(score(content, pattern), &|| Choice {
                place: Where::Payload(*sides),
                pattern: pattern.to_vec(),
                span: span(content, end),
            });
        }
    }
    // All plans share the same parts.
    for step in sig.plans.first().iter().flat_map(|plan| &plan.steps) {
        let (part, bonus) = match &step.what {
            What::Bytes { part, .. }
            | What::FileData(part)
            | What::FileName(part)
            | What::FileMagic(part) => (part, FIELD_BONUS),
            What::Stream(part) => (part, 0),
            What::Number { .. }
            | What::Custom { .. }
            | What::Event(_)
            | What::State { .. }
            | What::FileSize(_)
            | What::Hashes(_)
            | What::AnyFile
            | What::Reached => continue,
        };
        if part.absent != Absent::Fails
            || (matches!(step.what, What::Stream(_)) && !part.transforms.is_empty())
        {
            continue;
        }
        for (content, end) in contents(&part.ops) {
            let pattern = piece(content);
            offer(score(content, pattern).saturating_add(bonus), &|| Choice {
                place: Where::Step(Arc::clone(part)),
                pattern: pattern.to_vec(),
                span: span(content, end),
            });
        }
    }
    best.map(|(_, choice)| choice)
}

/// The contents that must be there, and the byte of the buffer at which each ends at the latest, when there is one.
fn contents(ops: &[Op]) -> impl Iterator<Item = (&Content, Option<u32>)> {
    // Where the next operation counts from, at the latest.
    let mut before = None;
    ops.iter().filter_map(move |op| match op {
        Op::Content(content) if content.negated => None,
        Op::Content(content) => {
            before = latest_end(content, before);
            (!content.bytes.is_empty()).then_some((content, before))
        }
        Op::IsDataAt { .. } | Op::ByteTest(_) | Op::Size(_) => None,
        _ => {
            before = None;
            None
        }
    })
}

/// The byte at which a content ends at the latest, when the operation before it ends at `before` at the latest.
fn latest_end(content: &Content, before: Option<u32>) -> Option<u32> {
    let number = |value: &Option<Value>| match value {
        None => Some(None),
        Some(Value::Is(number)) => Some(Some(*number)),
        Some(Value::Var(_)) => None,
    };
    let end = if content.distance.is_some() || content.within.is_some() {
        let distance = number(&content.distance)?.unwrap_or(0);
        i64::from(before?).checked_add(number(&content.within)??)?.checked_add(distance)?
    } else {
        number(&content.depth)??.checked_add(number(&content.offset)?.unwrap_or(0))?
    };
    u32::try_from(end.max(0)).ok()
}

fn span(content: &Content, end: Option<u32>) -> Span {
    match (anchor(content), end) {
        (Some(at), _) => Span::At(at),
        (None, Some(end)) => Span::Until(end),
        (None, None) => Span::Anywhere,
    }
}

/// The part of a content that is searched for.
fn piece(content: &Content) -> &[u8] {
    match content.fast {
        Some(FastPattern::Chop(offset, len)) => {
            let start = usize::from(offset);
            content.bytes.get(start..start + usize::from(len)).unwrap_or(&content.bytes)
        }
        Some(FastPattern::Whole | FastPattern::Only) | None => &content.bytes,
    }
}

/// Where the searched part of a content must start, when there is just one place for it.
fn anchor(content: &Content) -> Option<u32> {
    let (Some(Value::Is(offset)), Some(Value::Is(depth))) = (content.offset, content.depth) else {
        return None;
    };
    if content.distance.is_some()
        || content.within.is_some()
        || usize::try_from(depth) != Ok(content.bytes.len())
    {
        return None;
    }
    let skipped = match content.fast {
        Some(FastPattern::Chop(skipped, _)) if content.bytes.len() > piece(content).len() => skipped,
        _ => 0,
    };
    u32::try_from(offset).ok()?.checked_add(skipped.into())
}

fn score(content: &Content, pattern: &[u8]) -> u32 {
    if content.fast.is_some() {
        return u32::MAX;
    }
    let mut seen = [false; 256];
    pattern.iter().take(PATTERN_BYTES).fold(0, |sum, byte| {
        let place = &mut seen[usize::from(*byte)];
        let worth = 300 - u32::from(commonness(*byte));
        // A byte that was there before says less.
        let worth = if std::mem::replace(place, true) { worth / 4 } else { worth };
        sum + worth
    })
}

/// Bytes of a pattern that count.
const PATTERN_BYTES: usize = 32;
