//! Indicator files: which format, and what is in it.

mod misp;
mod stix;
mod table;

use std::net::IpAddr;

use serde_json::Value;

use crate::indicator::{CONFIDENCE_UNSTATED, Indicator, Kind, network};

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Why, in a sentence.
    pub cause: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.cause)
    }
}

/// What a file holds: indicators with their lines.
pub(crate) type Found = Vec<(usize, Indicator)>;

/// A reader at work on one file.
pub(crate) struct Reading {
    pub(crate) file: String,
    pub(crate) found: Found,
    pub(crate) faults: Vec<Fault>,
}

impl Reading {
    pub(crate) fn fault(&mut self, line: usize, cause: impl Into<String>) {
        self.faults.push(Fault { file: self.file.clone(), line, cause: cause.into() });
    }

    /// Takes a value of a stated kind; `None` lets the value's form decide.
    pub(crate) fn take(&mut self, line: usize, kind: Option<Kind>, value: &str, about: &About) {
        match normal(kind, value) {
            Ok((kind, value)) => self.found.push((
                line,
                Indicator {
                    kind,
                    value,
                    confidence: about.confidence.unwrap_or(CONFIDENCE_UNSTATED),
                    expires: about.expires,
                    source: if about.source.is_empty() { self.file.clone() } else { about.source.clone() },
                    note: about.note.clone(),
                },
            )),
            Err(cause) => self.fault(line, cause),
        }
    }
}

/// What a file says about an indicator besides its value.
#[derive(Debug, Default, Clone)]
pub(crate) struct About {
    pub(crate) confidence: Option<u8>,
    pub(crate) expires: Option<u64>,
    pub(crate) source: String,
    pub(crate) note: String,
}

/// Reads a file; its content tells the format.
pub(crate) fn file(name: &str, bytes: &[u8]) -> (Found, Vec<Fault>) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reading = Reading { file: name.to_owned(), found: Vec::new(), faults: Vec::new() };
    if text.trim_start().starts_with(['{', '[']) {
        match serde_json::from_str::<Value>(text) {
            Ok(document) if stix::is(&document) => stix::read(&document, text, &mut reading),
            Ok(document) => misp::read(&document, text, &mut reading),
            Err(error) => reading.fault(error.line(), format!("not JSON: {error}")),
        }
    } else if text.lines().any(|line| line.starts_with("#fields\t")) {
        table::zeek(text, &mut reading);
    } else {
        table::lines(text, &mut reading);
    }
    (reading.found, reading.faults)
}

/// The line on which `mark` first stands in `text`, from 1; 1 when it does not.
pub(crate) fn line_of(text: &str, mark: &str) -> usize {
    text.find(mark).map_or(1, |at| text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1)
}

/// Kind and value in the form that look-ups use.
///
/// # Errors
/// What is wrong with the value.
pub(crate) fn normal(kind: Option<Kind>, value: &str) -> Result<(Kind, String), String> {
    // Analysts defang what they send each other.
    let value = value.trim().replace("[.]", ".").replace("hxxp", "http").replace("[:]", ":");
    let kind = kind.or_else(|| guess(&value)).ok_or_else(|| {
        format!(
            "`{}` is neither address, network, domain, URL, hash nor fingerprint",
            value.chars().take(60).collect::<String>()
        )
    })?;
    let wrong = |what: &str| Err(format!("`{}` is not {what}", value.chars().take(60).collect::<String>()));
    match kind {
        Kind::Address => match value.parse::<IpAddr>() {
            Ok(address) => Ok((kind, address.to_string())),
            Err(_) if network(&value).is_some() => Ok((Kind::Network, value)),
            Err(_) => wrong("an address"),
        },
        Kind::Network => {
            if network(&value).is_some() {
                Ok((kind, value))
            } else {
                wrong("a network in CIDR notation")
            }
        }
        Kind::Domain => {
            let name = value
                .trim_end_matches('.')
                .trim_start_matches("*.")
                .trim_start_matches('.')
                .to_ascii_lowercase();
            if is_domain(&name) { Ok((kind, name)) } else { wrong("a domain") }
        }
        Kind::Url => {
            let rest = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
            let host = host.strip_suffix(":80").unwrap_or(&host);
            if host.is_empty() {
                return wrong("a URL");
            }
            Ok((kind, format!("{host}{}", if path.is_empty() { "/" } else { path })))
        }
        Kind::Hash => {
            let hash: String =
                value.chars().filter(|letter| *letter != ':').collect::<String>().to_ascii_lowercase();
            let fits =
                matches!(hash.len(), 32 | 40 | 64) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            if fits { Ok((kind, hash)) } else { wrong("an MD5, SHA-1 or SHA-256") }
        }
        Kind::Fingerprint => {
            if value.is_empty() {
                wrong("a fingerprint")
            } else {
                Ok((kind, value.to_ascii_lowercase()))
            }
        }
    }
}

/// The kind that a value's form suggests.
fn guess(value: &str) -> Option<Kind> {
    let hexadecimal = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if value.parse::<IpAddr>().is_ok() {
        Some(Kind::Address)
    } else if network(value).is_some() {
        Some(Kind::Network)
    } else if matches!(value.len(), 32 | 40 | 64) && hexadecimal {
        Some(Kind::Hash)
    } else if value.contains("://") || value.contains('/') {
        value.split('/').next().is_some_and(|host| host.contains(['.', ':'])).then_some(Kind::Url)
    } else if value.len() == 36 && value.as_bytes()[10] == b'_' && value.as_bytes()[23] == b'_' {
        Some(Kind::Fingerprint)
    } else {
        is_domain(value.trim_end_matches('.').trim_start_matches("*.")).then_some(Kind::Domain)
    }
}

fn is_domain(name: &str) -> bool {
    name.contains('.')
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
        && name.parse::<IpAddr>().is_err()
        && name.rsplit('.').next().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Seconds since 1970 of `2026-11-26`, `2026-11-26T09:12:00Z` (also with fraction), or of plain seconds.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds);
    }
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.split('-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 by counting from March, so that the leap day comes last (proleptic Gregorian calendar).
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    let mut clock = clock
        .trim_end_matches('Z')
        .split(':')
        .map(|part| part.split('.').next().and_then(|part| part.parse::<u64>().ok()));
    let mut next = || clock.next().flatten().unwrap_or(0);
    Some(days * 86_400 + next() * 3_600 + next() * 60 + next())
}

/// A confidence in hundredths: a number to 100, or a word.
pub(crate) fn confidence(text: &str) -> Option<u8> {
    match text.trim().to_ascii_lowercase().as_str() {
        "high" => Some(85),
        "medium" | "moderate" => Some(60),
        "low" => Some(30),
        other => other
            .parse::<f64>()
            .ok()
            .filter(|number| (0.0..=100.0).contains(number))
            .map(|number| number as u8),
    }
}
