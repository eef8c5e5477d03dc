//! Keywords of TLS with a syntax of their own.

use super::{Certificate, Talk};
use crate::der;
use crate::{Condition, Scope};

/// Values of [`Talk::state`], bits so that a rule can name several.
pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const CLIENT_KEYX: u8 = 4;
pub(super) const SERVER_KEYX: u8 = 8;
const UNKNOWN: u8 = 16;

type Parsed = Result<Box<dyn Condition>, String>;

fn talk<'a>(scope: &Scope<'a>) -> &'a Talk {
    scope.tx::<Box<Talk>>()
}

fn spoken(scope: &Scope<'_>) -> u16 {
    talk(scope).sides[scope.direction.index()].version
}

fn leaf<'a>(scope: &Scope<'a>) -> Option<&'a Certificate> {
    talk(scope).sides[scope.direction.index()].leaf.as_ref()
}

/// Drafts of TLS 1.3 count as 1.3.
const fn is_draft(version: u16) -> bool {
    matches!(version >> 8, 0x7f | 0xfb)
}

#[derive(Debug)]
struct Version {
    version: u16,
}

impl Condition for Version {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let version = spoken(scope);
        version == self.version || (self.version == 0x0304 && is_draft(version))
    }
}

/// `tls.version:1.2`
pub(super) fn version(argument: &str) -> Parsed {
    let version = match argument.trim().trim_matches('"') {
        "1.0" => 0x0301,
        "1.1" => 0x0302,
        "1.2" => 0x0303,
        "1.3" => 0x0304,
        other => {
            other.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(
                || format!("`{other}` is not a version of TLS; write 1.0, 1.1, 1.2, 1.3 or 0x0303"),
            )?
        }
    };
    Ok(Box::new(Version { version }))
}

#[derive(Debug)]
struct Versions {
    list: Vec<u16>,
    negated: bool,
}

impl Condition for Versions {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let version = match spoken(scope) {
            0 => return false,
            0x0200 => 0x0002,
            version if is_draft(version) => 0x0304,
            version => version,
        };
        self.list.contains(&version) != self.negated
    }
}

/// `ssl_version:tls1.0,tls1.1` or `ssl_version:!sslv3`
pub(super) fn ssl_version(argument: &str) -> Parsed {
    let mut found = Versions { list: Vec::new(), negated: false };
    for item in argument.trim().trim_matches('"').split(',') {
        let item = item.trim();
        let name = item.strip_prefix('!').map_or(item, str::trim);
        found.negated |= item.starts_with('!');
        let version = match name.to_ascii_lowercase().as_str() {
            "sslv2" => 0x0002,
            "sslv3" => 0x0300,
            "tls1.0" => 0x0301,
            "tls1.1" => 0x0302,
            "tls1.2" => 0x0303,
            "tls1.3" => 0x0304,
            _ => return Err(format!("`{name}` is not a version; write sslv2, sslv3 or tls1.0 to tls1.3")),
        };
        if found.list.contains(&version) {
            return Err(format!("`{name}` is named twice"));
        }
        found.list.push(version);
    }
    Ok(Box::new(found))
}

#[derive(Debug)]
struct State {
    named: u8,
    negated: u8,
}

impl Condition for State {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let state = match talk(scope).state {
            0 => UNKNOWN,
            state => state,
        };
        (self.named & state) ^ self.negated != 0
    }
}

/// `ssl_state:client_hello|server_hello`
pub(super) fn ssl_state(argument: &str) -> Parsed {
    let mut found = State { named: 0, negated: 0 };
    for item in argument.trim().trim_matches('"').split(['|', ',']) {
        let item = item.trim();
        let name = item.strip_prefix('!').map_or(item, str::trim);
        let bit = match name.to_ascii_lowercase().as_str() {
            "client_hello" => CLIENT_HELLO,
            "server_hello" => SERVER_HELLO,
            "client_keyx" => CLIENT_KEYX,
            "server_keyx" => SERVER_KEYX,
            "unknown" => UNKNOWN,
            _ => return Err(format!("`{name}` is not a state of the handshake")),
        };
        found.named |= bit;
        if item.starts_with('!') {
            found.negated |= bit;
        }
    }
    Ok(Box::new(found))
}

#[derive(Debug)]
struct Text {
    text: Vec<u8>,
    negated: bool,
    of: fn(&Certificate) -> &[u8],
}

impl Condition for Text {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        leaf(scope).is_some_and(|leaf| {
            let found = memchr::memmem::find((self.of)(leaf), &self.text).is_some();
            found != self.negated
        })
    }
}

/// Takes off the negation and the quotes.
fn plain(argument: &str) -> Result<(bool, &str), String> {
    let argument = argument.trim();
    let (negated, rest) = match argument.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, argument),
    };
    let text = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(rest);
    if text.is_empty() { Err("a text is missing".to_owned()) } else { Ok((negated, text)) }
}

/// `tls.subject:"CN=*.googleusercontent.com"`
pub(super) fn subject(argument: &str) -> Parsed {
    let (negated, text) = plain(argument)?;
    Ok(Box::new(Text { text: text.into(), negated, of: |leaf| &leaf.subject }))
}

/// `tls.issuerdn:!"CN=Google Internet Authority"`
pub(super) fn issuer(argument: &str) -> Parsed {
    let (negated, text) = plain(argument)?;
    Ok(Box::new(Text { text: text.into(), negated, of: |leaf| &leaf.issuer }))
}

#[derive(Debug)]
struct Fingerprint {
    text: String,
    negated: bool,
}

impl Condition for Fingerprint {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let party = &talk(scope).sides[scope.direction.index()];
        party.leaf.is_some() && (party.fingerprint == self.text) != self.negated
    }
}

/// `tls.fingerprint:"90:86:…"`
pub(super) fn fingerprint(argument: &str) -> Parsed {
    let (negated, text) = plain(argument)?;
    Ok(Box::new(Fingerprint { text: text.to_ascii_lowercase(), negated }))
}

#[derive(Debug)]
struct Store;

impl Condition for Store {
    fn holds(&self, _: &Scope<'_>) -> bool {
        true
    }
}

/// `tls.store`
pub(super) fn store(argument: &str) -> Parsed {
    if argument.trim().is_empty() { Ok(Box::new(Store)) } else { Err("takes no argument".to_owned()) }
}

#[derive(Debug)]
struct Between {
    /// Both exclusive, but for a single date.
    first: i64,
    last: i64,
    of: fn(&Certificate) -> i64,
}

impl Condition for Between {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        leaf(scope).is_some_and(|leaf| (self.first..=self.last).contains(&(self.of)(leaf)))
    }
}

/// `tls_cert_notbefore:1998-05-01<>2008-05-01`
pub(super) fn not_before(argument: &str) -> Parsed {
    between(argument, |leaf| leaf.not_before)
}

/// `tls_cert_notafter:>2015-10-22T23:59:59`
pub(super) fn not_after(argument: &str) -> Parsed {
    between(argument, |leaf| leaf.not_after)
}

fn between(argument: &str, of: fn(&Certificate) -> i64) -> Parsed {
    let text = argument.trim().trim_matches('"');
    let (first, last) = if let Some((first, last)) = text.split_once("<>") {
        let (first, last) = (date(first)?, date(last)?);
        if first >= last {
            return Err("the range ends before it begins".to_owned());
        }
        (first + 1, last - 1)
    } else if let Some(last) = text.strip_prefix('<') {
        (i64::MIN, date(last)? - 1)
    } else if let Some(first) = text.strip_prefix('>') {
        (date(first)? + 1, i64::MAX)
    } else {
        let exact = date(text)?;
        (exact, exact)
    };
    Ok(Box::new(Between { first, last, of }))
}

/// A date with as many parts as its author gave: `2015`, `2015-10`, … `2015-10-22 23:59:59`. UTC.
fn date(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{}` is not a date; write 2015-10-22T23:59:59 or less of it", text.trim());
    let parts = text
        .trim()
        .split(['-', 'T', ' ', ':'])
        .map(|part| part.parse::<i64>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit())))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(wrong)?;
    let part = |index: usize, default| parts.get(index).copied().unwrap_or(default);
    let (month, day) = (part(1, 1), part(2, 1));
    let (hour, minute, second) = (part(3, 0), part(4, 0), part(5, 0));
    let valid = parts.len() <= 6
        && (1900..=9999).contains(&part(0, 0))
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !valid {
        return Err(wrong());
    }
    Ok(der::seconds(part(0, 0), month, day) + hour * 3600 + minute * 60 + second)
}

#[derive(Debug)]
struct Validity {
    expired: bool,
}

impl Condition for Validity {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let now = i64::try_from(talk(scope).now.secs()).unwrap_or(i64::MAX);
        leaf(scope).is_some_and(|leaf| {
            if self.expired { leaf.not_after < now } else { leaf.not_before <= now && now <= leaf.not_after }
        })
    }
}

/// `tls_cert_expired`
pub(super) fn expired(argument: &str) -> Parsed {
    validity(argument, true)
}

/// `tls_cert_valid`
pub(super) fn valid(argument: &str) -> Parsed {
    validity(argument, false)
}

fn validity(argument: &str, expired: bool) -> Parsed {
    if argument.trim().is_empty() {
        Ok(Box::new(Validity { expired }))
    } else {
        Err("takes no argument".to_owned())
    }
}
