//! How often a rule may speak.

use super::bytes::count;
use super::{Given, Keyword};
use crate::ir::{Late, ThresholdKind, Track, UniqueOn};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed, meant};

pub(super) const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "threshold",
        help: "Limits alerts: `type limit, track by_src, count 1, seconds 60`.",
        set: threshold,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "detection_filter",
        help: "The rule holds once it has matched often enough: `track by_src, count 10, seconds 60`.",
        set: detection_filter,
        ..Keyword::EMPTY
    },
];

/// `name value` pairs as thresholds have them, in any order.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) track: Option<Track>,
    pub(crate) count: Option<u32>,
    pub(crate) seconds: Option<u32>,
    pub(crate) multiplier: Option<u32>,
    pub(crate) unique_on: Option<UniqueOn>,
    /// Pairs that are none of these.
    pub(crate) others: Vec<(&'a str, &'a str)>,
}

/// Reads pairs.
pub(crate) fn pairs(text: &str) -> Parsed<Pairs<'_>> {
    let mut pairs = Pairs::default();
    for part in text.split(',').map(str::trim) {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let value = value.trim();
        let twice = match name {
            "type" => pairs.kind.replace(value).is_some(),
            "track" if !value.starts_with("by_either") => match track(value)? {
                Some(track) => pairs.track.replace(track).is_some(),
                None => return Err(not_a_track(value)),
            },
            "count" => pairs.count.replace(count(value, "matches")?).is_some(),
            "seconds" => pairs.seconds.replace(count(value, "seconds")?).is_some(),
            "multiplier" => pairs.multiplier.replace(count(value, "times")?).is_some(),
            "unique_on" => pairs.unique_on.replace(unique_on(value)?).is_some(),
            _ => {
                let twice = pairs.others.iter().any(|(known, _)| *known == name);
                pairs.others.push((name, value));
                twice
            }
        };
        if twice {
            return Err(Fault::new(Code::Value, format!("`{name}` stands here twice")));
        }
    }
    Ok(pairs)
}

fn track(text: &str) -> Parsed<Option<Track>> {
    Ok(match text {
        "by_src" => Some(Track::Src),
        "by_dst" => Some(Track::Dst),
        "by_both" => Some(Track::Both),
        "by_rule" => Some(Track::Rule),
        "by_flow" => Some(Track::Flow),
        _ => None,
    })
}

fn not_a_track(text: &str) -> Fault {
    let known = ["by_src", "by_dst", "by_both", "by_rule", "by_flow"];
    let mut fault = Fault::new(Code::Value, format!("nothing is counted `{text}`"));
    fault.help =
        meant(text, known.into_iter()).or_else(|| Some(format!("write one of {}", known.join(", "))));
    fault
}

fn unique_on(text: &str) -> Parsed<UniqueOn> {
    match text {
        "src_port" => Ok(UniqueOn::SrcPort),
        "dst_port" => Ok(UniqueOn::DstPort),
        other => Err(Fault::new(Code::Value, format!("`{other}` is not src_port or dst_port"))),
    }
}

/// What a threshold comes to.
pub(crate) fn build(pairs: &Pairs<'_>) -> Parsed<Late> {
    let missing = |what: &str| Fault::new(Code::Value, format!("`{what}` is missing"));
    let track = pairs.track.ok_or_else(|| missing("track"))?;
    let count = pairs.count.ok_or_else(|| missing("count"))?;
    if count == 0 {
        return Err(Fault::new(Code::Value, "a count of 0 means nothing"));
    }
    let kind = match pairs.kind.ok_or_else(|| missing("type"))? {
        "limit" => ThresholdKind::Limit,
        "threshold" => ThresholdKind::Threshold,
        "both" => ThresholdKind::Both,
        "backoff" => {
            let multiplier = pairs.multiplier.ok_or_else(|| missing("multiplier"))?;
            if multiplier < 2 {
                return Err(Fault::new(Code::Value, "a multiplier is 2 or more"));
            }
            if track != Track::Flow {
                return Err(Fault::new(Code::Value, "`backoff` counts `by_flow` only"));
            }
            return Ok(Late::Threshold {
                kind: ThresholdKind::Backoff { multiplier },
                track,
                count,
                seconds: 0,
            });
        }
        other => {
            let known = ["limit", "threshold", "both", "backoff"];
            let mut fault = Fault::new(Code::Value, format!("`{other}` is not a type of threshold"));
            fault.help = meant(other, known.into_iter())
                .or_else(|| Some(format!("write one of {}", known.join(", "))));
            return Err(fault);
        }
    };
    if pairs.multiplier.is_some() {
        return Err(Fault::new(Code::Value, "`multiplier` belongs to `type backoff`"));
    }
    let seconds = pairs.seconds.ok_or_else(|| missing("seconds"))?;
    if seconds == 0 {
        return Err(Fault::new(Code::Value, "0 seconds hold nothing"));
    }
    Ok(Late::Threshold { kind, track, count, seconds })
}

fn not_both(draft: &mut Draft<'_>, other: bool) -> Parsed<()> {
    if other {
        let cause = format!(
            "`{}` does not go with the other one of `threshold` and `detection_filter`",
            draft.keyword
        );
        return Err(Fault::new(Code::Place, cause).help("leave one of them out"));
    }
    Ok(())
}

fn threshold(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    not_both(draft, draft.once.detection_filter)?;
    draft.once.threshold = true;
    if draft.rule.firewall {
        return Err(Fault::new(Code::Place, "`threshold` is not allowed in firewall rules")
            .help("`detection_filter` is"));
    }
    let pairs = pairs(given.text)?;
    if let Some((name, _)) = pairs.others.first() {
        return Err(Fault::new(Code::Value, format!("`{name}` is not an option of `threshold`")));
    }
    let new = build(&pairs)?;
    let kind = |late: &Late| match late {
        Late::Threshold { kind, .. } => Some(std::mem::discriminant(kind)),
        _ => None,
    };
    if draft.rule.late.iter().any(|late| kind(late) == kind(&new)) {
        return Err(Fault::new(Code::Place, "a rule can have one `threshold` of a type"));
    }
    draft.rule.late.push(new);
    Ok(())
}

fn detection_filter(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    not_both(draft, draft.once.threshold)?;
    if std::mem::replace(&mut draft.once.detection_filter, true) {
        return Err(Fault::new(Code::Place, "a rule can have one `detection_filter`"));
    }
    let pairs = pairs(given.text)?;
    if let Some((name, _)) = pairs.others.first() {
        return Err(Fault::new(Code::Value, format!("`{name}` is not an option of `detection_filter`")));
    }
    if pairs.kind.is_some() || pairs.multiplier.is_some() {
        return Err(Fault::new(Code::Value, "`detection_filter` has no type"));
    }
    let missing = |what: &str| Fault::new(Code::Value, format!("`{what}` is missing"));
    let track = pairs.track.ok_or_else(|| missing("track"))?;
    let count = pairs.count.ok_or_else(|| missing("count"))?;
    let seconds = pairs.seconds.ok_or_else(|| missing("seconds"))?;
    if count == 0 || seconds == 0 {
        return Err(Fault::new(Code::Value, "count and seconds are 1 or more"));
    }
    let proto = &draft.rule.header.proto;
    let ported = !proto.any && (proto.has(6) || proto.has(17) || proto.has(132));
    if pairs.unique_on.is_some() && !ported {
        return Err(Fault::new(Code::Value, "`unique_on` counts ports, which only TCP, UDP and SCTP have"));
    }
    draft.rule.late.push(Late::DetectionFilter { track, count, seconds, unique_on: pairs.unique_on });
    Ok(())
}
