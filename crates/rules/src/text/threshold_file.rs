//! `threshold.config`: thresholds, rate filters and suppressions for rules, from outside the rule files.

use super::error::{Code, Fault, Parsed, meant};
use super::keyword::{Pairs, build_threshold, pairs};
use super::variable::Variables;
use crate::AddressSet;
use crate::ir::{Late, SuppressTrack, Verb};

/// One line: what it adds, and to which rules.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Group; 0 = every.
    pub(crate) gid: u32,
    /// Rule; 0 = every.
    pub(crate) sid: u32,
    pub(crate) late: Late,
}

/// Reads a line that is neither blank nor a comment.
pub(crate) fn parse(line: &str, variables: &Variables) -> Parsed<Entry> {
    let line = line.trim();
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (head, rest) = protect_list(rest);
    let pairs = pairs(&head)?;
    let mut others = pairs.others.clone();
    let gid = number(take(&mut others, "gen_id"), "gen_id")?;
    let sid = number(take(&mut others, "sig_id"), "sig_id")?;
    let late = match command {
        "threshold" | "event_filter" => build_threshold(&pairs)?,
        "rate_filter" => rate_filter(&pairs, &mut others)?,
        "suppress" => suppress(&pairs, &mut others, rest.as_deref(), variables)?,
        other => {
            let known = ["threshold", "event_filter", "rate_filter", "suppress"];
            let mut fault =
                Fault::new(Code::Text, format!("`{other}` is not known here")).at(0..command.len());
            fault.help = meant(other, known.into_iter())
                .or_else(|| Some(format!("write one of {}", known.join(", "))));
            return Err(fault);
        }
    };
    if let Some((name, _)) = others.first() {
        return Err(Fault::new(Code::Value, format!("`{name}` is not an option of `{command}`")));
    }
    Ok(Entry { gid, sid, late })
}

/// Takes the address of `ip …` out, which may hold commas itself: it is always the last option.
fn protect_list(text: &str) -> (String, Option<String>) {
    let at = text.match_indices("ip").find(|(at, _)| {
        let before = text[..*at].trim_end();
        before.ends_with(',') && text[at + 2..].starts_with(char::is_whitespace)
    });
    match at {
        None => (text.to_owned(), None),
        Some((at, _)) => {
            let head = text[..at].trim_end().trim_end_matches(',').to_owned();
            (head, Some(text[at + 2..].trim().to_owned()))
        }
    }
}

fn take<'a>(others: &mut Vec<(&'a str, &'a str)>, name: &str) -> Option<&'a str> {
    let position = others.iter().position(|(known, _)| *known == name)?;
    Some(others.remove(position).1)
}

fn number(text: Option<&str>, name: &str) -> Parsed<u32> {
    let text = text.ok_or_else(|| Fault::new(Code::Value, format!("`{name}` is missing")))?;
    text.parse().map_err(|_| Fault::new(Code::Value, format!("`{text}` is not a number for `{name}`")))
}

fn rate_filter<'a>(pairs: &Pairs<'_>, others: &mut Vec<(&'a str, &'a str)>) -> Parsed<Late> {
    let missing = |what: &str| Fault::new(Code::Value, format!("`{what}` is missing"));
    let action = match take(others, "new_action").ok_or_else(|| missing("new_action"))? {
        "alert" => Verb::Alert,
        "drop" => Verb::Drop,
        "pass" => Verb::Pass,
        "reject" => Verb::Reject,
        other => {
            return Err(Fault::new(Code::Value, format!("`{other}` is not an action"))
                .help("write alert, drop, pass or reject"));
        }
    };
    let timeout = number(take(others, "timeout"), "timeout")?;
    Ok(Late::RateFilter {
        track: pairs.track.ok_or_else(|| missing("track"))?,
        count: pairs.count.ok_or_else(|| missing("count"))?,
        seconds: pairs.seconds.ok_or_else(|| missing("seconds"))?,
        action,
        timeout,
    })
}

fn suppress<'a>(
    pairs: &Pairs<'_>,
    others: &mut Vec<(&'a str, &'a str)>,
    addresses: Option<&str>,
    variables: &Variables,
) -> Parsed<Late> {
    use crate::ir::Track;
    let either = take(others, "track").is_some();
    let track = match (either, pairs.track) {
        (true, _) => SuppressTrack::Either,
        (false, Some(Track::Src)) => SuppressTrack::Src,
        (false, Some(Track::Dst)) => SuppressTrack::Dst,
        (false, None) => SuppressTrack::Rule,
        (false, Some(_)) => {
            return Err(Fault::new(Code::Value, "a suppression looks at by_src, by_dst or by_either"));
        }
    };
    let addresses = match (track, addresses) {
        (SuppressTrack::Rule, None) => AddressSet::any(),
        (SuppressTrack::Rule, Some(_)) => return Err(Fault::new(Code::Value, "`ip` needs `track`")),
        (_, None) => return Err(Fault::new(Code::Value, "`track` needs `ip`")),
        (_, Some(text)) => variables.addresses(text).map_err(|fault| Fault { span: None, ..fault })?,
    };
    Ok(Late::Suppress { track, addresses })
}
