//! The small grammar of public statements that can be held against a capture.
//!
//! ```text
//! statement = "an attack of kind" KIND "on" HOST "was stopped at" TIME
//!           | NUMBER "card numbers left"
//!           | "server" HOST "controlled host" HOST
//!           | "nothing left"
//! KIND      = a word or several: a detector (beacon), a technique (T1071.004), a tactic (exfiltration), or a usual
//!             name (scan, brute force, c2, tunnel, ransomware, phishing, flood)
//! HOST      = an IP address, or a name without blanks
//! TIME      = 2025-03-04T09:30:00Z, with or without seconds, fraction, and T; always UTC
//! ```
//!
//! Case, articles, commas in numbers and the full stop at the end do not matter.

use model::Time;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// An attack of a kind on a host was stopped at a time.
    Stopped { kind: String, host: String, at: Time },
    /// So many card numbers left.
    CardsLeft { count: u64 },
    /// A server controlled a host.
    Controlled { server: String, host: String },
    /// Nothing left.
    NothingLeft,
}

/// The forms, for people.
pub(crate) const FORMS: [&str; 4] = [
    "an attack of kind KIND on HOST was stopped at TIME",
    "NUMBER card numbers left",
    "server HOST controlled host HOST",
    "nothing left",
];

/// Reads a statement.
///
/// # Errors
/// What was expected where, and the forms there are.
pub(crate) fn read(text: &str) -> Result<Statement, String> {
    let trimmed = text.trim().trim_end_matches('.');
    let words: Vec<&str> = trimmed
        .split_whitespace()
        .filter(|word| !matches!(word.to_ascii_lowercase().as_str(), "a" | "an" | "the"))
        .collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match lower[..] {
        ["nothing", "left"] => Ok(Statement::NothingLeft),
        ["nothing", ..] => Err(wrong("behind `nothing` only `left` can follow", text)),
        ["attack", ref rest @ ..] => stopped(&words, rest, text),
        ["server", server, "controlled", "host", host] => {
            Ok(Statement::Controlled { server: server.to_owned(), host: host.to_owned() })
        }
        ["server", ..] => Err(wrong("expected `server HOST controlled host HOST`", text)),
        [number, "card", "numbers" | "number", "left"] => {
            let count = number.replace([',', '_'], "").parse();
            count
                .map(|count| Statement::CardsLeft { count })
                .map_err(|_| wrong(&format!("`{number}` is not a number of cards"), text))
        }
        [_, "card", ..] => Err(wrong("expected `NUMBER card numbers left`", text)),
        [] => Err(wrong("nothing was said", text)),
        [first, ..] => Err(wrong(&format!("a statement does not begin with `{first}`"), text)),
    }
}

fn stopped(words: &[&str], rest: &[&str], text: &str) -> Result<Statement, String> {
    let rest = rest
        .strip_prefix(&["of", "kind"])
        .ok_or_else(|| wrong("behind `attack` expected `of kind KIND`", text))?;
    let on = rest
        .iter()
        .rposition(|word| *word == "on")
        .ok_or_else(|| wrong("expected `on HOST` behind the kind", text))?;
    let (kind, tail) = rest.split_at(on);
    if kind.is_empty() {
        return Err(wrong("expected a kind between `of kind` and `on`", text));
    }
    let tail_words = words.get(words.len() - tail.len()..).unwrap_or_default();
    match (tail, tail_words) {
        (["on", host, "was", "stopped", "at", ..], [_, _, _, _, _, time @ ..]) => {
            let at = time_of(&time.join("T")).ok_or_else(|| {
                wrong(&format!("`{}` is no time; expected 2025-03-04T09:30:00Z (UTC)", time.join(" ")), text)
            })?;
            Ok(Statement::Stopped { kind: kind.join(" "), host: (*host).to_owned(), at })
        }
        _ => Err(wrong("expected `on HOST was stopped at TIME`", text)),
    }
}

fn wrong(what: &str, text: &str) -> String {
    format!(
        "cannot read \"{}\": {what}\nStatements that can be checked:\n  {}",
        text.trim(),
        FORMS.join("\n  ")
    )
}

/// A time in UTC, as RFC 3339 or EVE write it.
pub(crate) fn time_of(text: &str) -> Option<Time> {
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let clock = clock
        .trim_end_matches("UTC")
        .trim_end_matches(['Z', 'z', 'T'])
        .trim_end_matches("+0000")
        .trim_end_matches("+00:00");
    let mut date = date.split('-').map(str::parse::<u64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.split(':').map(str::parse::<u64>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().transpose().ok()?.unwrap_or(0);
    if !(1970..=2500).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let digits: String = fraction.chars().take(9).collect();
    let nanos = if digits.is_empty() { 0 } else { format!("{digits:0<9}").parse::<u64>().ok()? };
    let secs = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Time::from_secs(secs).plus_nanos(nanos))
}

/// Days since 1970-01-01 (the inverse of `report::eve`'s calendar).
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March, so that the leap day ends one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms_are_read() {
        let at = Time::from_secs(1_741_080_600);
        assert_eq!(
            read("An attack of kind brute force on 10.0.0.10 was stopped at 2025-03-04T09:30:00Z."),
            Ok(Statement::Stopped { kind: "brute force".into(), host: "10.0.0.10".into(), at })
        );
        assert_eq!(
            read("attack of kind scan on dmz.example was stopped at 2025-03-04 09:30"),
            Ok(Statement::Stopped { kind: "scan".into(), host: "dmz.example".into(), at })
        );
        assert_eq!(read("1,200 card numbers left"), Ok(Statement::CardsLeft { count: 1_200 }));
        assert_eq!(
            read("The server 203.0.113.9 controlled the host 10.0.0.5"),
            Ok(Statement::Controlled { server: "203.0.113.9".into(), host: "10.0.0.5".into() })
        );
        assert_eq!(read("Nothing left."), Ok(Statement::NothingLeft));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_what_was_expected() {
        let told = |text: &str| read(text).unwrap_err();
        assert!(told("attack of kind scan on 10.0.0.1 was stopped at noon").contains("`noon` is no time"));
        assert!(told("attack of scan on 10.0.0.1").contains("expected `of kind KIND`"));
        assert!(told("many card numbers left").contains("`many` is not a number"));
        assert!(told("the shield held").contains("does not begin with `shield`"));
        assert!(told("server x").contains("NUMBER card numbers left"), "the forms are listed");
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(
            time_of("2024-02-29T23:59:59.000001+0000"),
            Some(Time::from_micros(1_709_251_199_000_001))
        );
        assert_eq!(time_of("1970-01-01T00:00Z"), Some(Time::from_secs(0)));
        assert_eq!(time_of("2025-13-01T00:00"), None);
    }
}
