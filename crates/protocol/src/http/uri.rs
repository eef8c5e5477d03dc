//! Request URIs: taken apart, and normalised as a lenient server would (percent and `%u` decoding, backslashes, repeated
//! slashes, UTF-8 to one byte by best fit, dot segments of RFC 3986 §5.2.4).
//!
//! Cost: linear in the length of the URI, which the request line bounds.

use super::line::split_while;

/// Dots and slashes as seen by [`remove_dot_segments`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    Start,
    StartDot,
    StartDotDot,
    Slash,
    /// The slash behind `/.` or `/..`: at the end of a path it goes as well.
    SlashAgain,
    SlashDot,
    SlashDotDot,
    Plain,
}

/// The parts of a URI, as they stand there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) scheme: Option<&'a [u8]>,
    pub(super) user: Option<&'a [u8]>,
    pub(super) password: Option<&'a [u8]>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) port: Option<&'a [u8]>,
    pub(super) path: Option<&'a [u8]>,
    pub(super) query: Option<&'a [u8]>,
    pub(super) fragment: Option<&'a [u8]>,
}

/// A host and what may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HostPort<'a> {
    /// Without spaces around it.
    pub(super) host: &'a [u8],
    /// As written.
    pub(super) port: Option<&'a [u8]>,
    /// Both are as they should be, and nothing else is there.
    pub(super) valid: bool,
}

/// How URIs are normalised beyond the fixed rules.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Rules {
    /// Decode the path twice.
    pub(super) double_decode_path: bool,
    /// Decode the query twice.
    pub(super) double_decode_query: bool,
    /// `+` in a query is a space.
    pub(super) plus_is_space: bool,
    /// Scheme, user and host belong to the normalised URI.
    pub(super) include_all: bool,
}

/// A normalised URI.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Normal {
    /// The URI.
    pub(super) uri: Vec<u8>,
    /// Where its path lies.
    pub(super) path: Option<std::ops::Range<usize>>,
    /// Decoding twice made a difference.
    pub(super) double_encoded: bool,
}

/// Length of the path of a URI that is normal as it stands, like most; `None` when that is not certain.
pub(super) fn plain_path_len(uri: &[u8]) -> Option<usize> {
    let special = |byte: &u8| matches!(byte, b'%' | b'\\' | b'+') || !byte.is_ascii();
    if !uri.starts_with(b"/") || uri.iter().any(special) {
        return None;
    }
    let path = uri.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(uri.len());
    let dubious = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.']);
    (!uri.get(..path)?.windows(2).any(dubious)).then_some(path)
}

/// Takes a URI apart without judging it.
pub(super) fn split(uri: &[u8]) -> Parts<'_> {
    let mut parts = Parts::default();
    let mut rest = uri;
    if !rest.starts_with(b"/")
        && let Some(colon) = memchr::memchr(b':', rest)
    {
        parts.scheme = rest.get(..colon);
        rest = rest.get(colon + 1..).unwrap_or_default();
        rest = split_user(rest, &mut parts);
        rest = split_host(rest, &mut parts);
    }
    let (path, rest) = split_while(rest, |byte| byte != b'?' && byte != b'#');
    parts.path = (!path.is_empty()).then_some(path);
    let rest = match rest.strip_prefix(b"?") {
        Some(rest) => {
            let (query, rest) = split_while(rest, |byte| byte != b'#');
            parts.query = Some(query);
            rest
        }
        None => rest,
    };
    parts.fragment = rest.strip_prefix(b"#");
    parts
}

fn split_user<'a>(rest: &'a [u8], parts: &mut Parts<'a>) -> &'a [u8] {
    let Some(after) = rest.strip_prefix(b"//") else { return rest };
    let Some(at) = memchr::memchr(b'@', after).filter(|_| !after.starts_with(b"/")) else { return rest };
    let (user, after) = after.split_at(at);
    match memchr::memchr(b':', user) {
        Some(colon) => {
            parts.user = user.get(..colon);
            parts.password = user.get(colon + 1..);
        }
        None => parts.user = Some(user),
    }
    after.get(1..).unwrap_or_default()
}

fn split_host<'a>(rest: &'a [u8], parts: &mut Parts<'a>) -> &'a [u8] {
    let Some((host, after)) = host(rest) else { return rest };
    parts.host = Some(host);
    match port(after) {
        Some((port, after)) => {
            parts.port = Some(port);
            after
        }
        None => after,
    }
}

/// A host at the start of `input`, and what follows it.
fn host(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let input = input.strip_prefix(b"//").unwrap_or(input);
    if input.starts_with(b"/") {
        return None;
    }
    let (_, input) = split_while(input, |byte| byte == b' ');
    let (host, rest) = if input.starts_with(b"[") {
        let (inner, _) = split_while(input.get(1..)?, |byte| !matches!(byte, b'/' | b'?' | b'#' | b']'));
        let end = 1 + inner.len() + usize::from(input.get(1 + inner.len()) == Some(&b']'));
        if inner.is_empty() { split_name(input) } else { input.split_at(end) }
    } else {
        split_name(input)
    };
    let end = host.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    if rest.len() == input.len() { None } else { Some((host.get(..end)?, rest)) }
}

fn split_name(input: &[u8]) -> (&[u8], &[u8]) {
    split_while(input, |byte| !matches!(byte, b'/' | b'?' | b'#' | b':'))
}

fn port(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, input) = split_while(input.strip_prefix(b":")?, |byte| byte == b' ');
    let (port, rest) = split_while(input, |byte| !matches!(byte, b'/' | b'?' | b'#'));
    let (port, _) = split_while(port, |byte| byte != b' ');
    (!port.is_empty()).then_some((port, rest))
}

/// Reads a Host header or the target of a CONNECT.
pub(super) fn host_port(input: &[u8]) -> Option<HostPort<'_>> {
    let (host, rest) = host(input)?;
    let valid = is_host(host);
    Some(match port(rest) {
        Some((port, _)) => HostPort { host, port: Some(port), valid: valid && port_number(port).is_some() },
        None => HostPort { host, port: None, valid: valid && rest.is_empty() },
    })
}

/// A port from 1 to 65535.
pub(super) fn port_number(text: &[u8]) -> Option<u16> {
    let number: u16 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number != 0).then_some(number)
}

/// Whether a host name is plausible: labels of at most 63 letters, digits, `-` and `_`, or an IPv6 address in brackets.
pub(super) fn is_host(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > 255 {
        return false;
    }
    if let Some(inner) = name.strip_prefix(b"[")
        && let Some(close) = memchr::memchr(b']', inner)
        && close > 0
        && let Some(Ok(text)) = inner.get(..close).map(std::str::from_utf8)
        && !text.contains(['#', '?', '/'])
    {
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    }
    if name.starts_with(b".") || name.windows(2).any(|pair| pair == b"..") {
        return false;
    }
    // Bytes from 0x80 up are letters in Latin-1, and names in such bytes are seen in practice.
    let letter = |&byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-')
            || (!byte.is_ascii() && char::from(byte).is_alphanumeric())
    };
    name.split(|&byte| byte == b'.').all(|label| label.len() <= 63 && label.iter().all(letter))
}

/// The host of a URI, normalised: decoded, in lower case, without dots at the end.
pub(super) fn normal_host(host: &[u8], rules: &Rules) -> Vec<u8> {
    let mut name = decode(host, rules);
    name.make_ascii_lowercase();
    while name.last() == Some(&b'.') {
        name.pop();
    }
    name
}

/// Normalises a URI that was taken apart.
pub(super) fn normalise(parts: &Parts<'_>, rules: &Rules) -> Normal {
    let mut normal = Normal::default();
    let uri = &mut normal.uri;
    if rules.include_all {
        write_authority(parts, rules, uri);
    }
    if let Some(path) = parts.path {
        let start = uri.len();
        let mut path = normal_path(path);
        if rules.double_decode_path {
            let again = decode(&path, rules);
            normal.double_encoded |= again.len() < path.len();
            path = again;
        }
        uri.extend_from_slice(&path);
        normal.path = Some(start..uri.len());
    }
    if let Some(query) = parts.query {
        let mut query = decode(query, rules);
        if rules.double_decode_query {
            let again = decode(&query, rules);
            normal.double_encoded |= again.len() < query.len();
            query = again;
        }
        uri.push(b'?');
        uri.extend_from_slice(&query);
    }
    if let Some(fragment) = parts.fragment {
        uri.push(b'#');
        uri.extend_from_slice(&decode(fragment, rules));
    }
    normal
}

fn write_authority(parts: &Parts<'_>, rules: &Rules, uri: &mut Vec<u8>) {
    if let Some(scheme) = parts.scheme {
        uri.extend(scheme.iter().map(u8::to_ascii_lowercase));
        uri.extend_from_slice(b"://");
    }
    if parts.user.is_some() || parts.password.is_some() {
        uri.extend_from_slice(&decode(parts.user.unwrap_or_default(), rules));
        uri.push(b':');
        uri.extend_from_slice(&decode(parts.password.unwrap_or_default(), rules));
        uri.push(b'@');
    }
    if let Some(host) = parts.host {
        uri.extend_from_slice(&normal_host(host, rules));
    }
}

fn normal_path(path: &[u8]) -> Vec<u8> {
    let decoded = decode_path(path);
    let mut single = if decoded.is_ascii() { decoded } else { to_single_bytes(&decoded) };
    remove_dot_segments(&mut single);
    single
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What stands behind a `%`: the byte, and how many bytes of the input it took.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    if matches!(rest.first(), Some(b'u' | b'U')) {
        let mut code = 0u16;
        for at in 1..5 {
            code = code << 4 | u16::from(hex(rest.get(at))?);
        }
        return Some((best_fit(code.into()), 5));
    }
    Some((hex(rest.first())? << 4 | hex(rest.get(1))?, 2))
}

fn decode_path(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let mut byte = byte;
        if byte == b'%'
            && let Some((decoded, used)) = escape(tail)
        {
            byte = decoded;
            rest = tail.get(used..).unwrap_or_default();
        }
        if byte == b'\\' {
            byte = b'/';
        }
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

/// Decodes percent escapes; broken ones stay as they are.
pub(super) fn decode(text: &[u8], rules: &Rules) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => match escape(tail) {
                Some((decoded, used)) => {
                    out.push(decoded);
                    rest = tail.get(used..).unwrap_or_default();
                }
                None => out.push(byte),
            },
            b'+' if rules.plus_is_space => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

/// UTF-8 to single bytes by best fit; overlong forms are decoded, broken sequences become `?`.
fn to_single_bytes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let (extra, bits) = match first {
            0x00..=0x7f => {
                out.push(first);
                rest = tail;
                continue;
            }
            0xc0..=0xdf => (1, first & 0x1f),
            0xe0..=0xef => (2, first & 0x0f),
            0xf0..=0xf4 => (3, first & 0x07),
            _ => (0, 0),
        };
        let (more, _) = split_while(tail, |byte| byte & 0xc0 == 0x80);
        let more = more.get(..more.len().min(extra)).unwrap_or_default();
        rest = tail.get(more.len()..).unwrap_or_default();
        if extra == 0 {
            out.push(REPLACEMENT);
        } else if more.len() == extra {
            let code = more.iter().fold(u32::from(bits), |code, &byte| code << 6 | u32::from(byte & 0x3f));
            out.push(best_fit(code));
        } else if rest.is_empty() {
            out.extend(more.iter().map(|_| REPLACEMENT));
        } else {
            out.push(REPLACEMENT);
        }
    }
    out
}

/// RFC 3986 §5.2.4, in place. Every leading `../` goes, too.
fn remove_dot_segments(path: &mut Vec<u8>) {
    let mut state = Dots::Start;
    let mut kept = 0;
    for at in 0..path.len() {
        let Some(&byte) = path.get(at) else { break };
        let pending: &[u8] = match state {
            Dots::Start | Dots::Plain => b"",
            Dots::StartDot => b".",
            Dots::StartDotDot => b"..",
            Dots::Slash | Dots::SlashAgain => b"/",
            Dots::SlashDot => b"/.",
            Dots::SlashDotDot => b"/..",
        };
        state = match (state, byte) {
            (Dots::Start, b'.') => Dots::StartDot,
            (Dots::StartDot, b'.') => Dots::StartDotDot,
            (Dots::StartDot | Dots::StartDotDot, b'/') => Dots::Start,
            (Dots::Start | Dots::Plain, b'/') => Dots::Slash,
            (Dots::Slash | Dots::SlashAgain, b'.') => Dots::SlashDot,
            (Dots::SlashDot, b'.') => Dots::SlashDotDot,
            (Dots::SlashDot, b'/') => Dots::SlashAgain,
            (Dots::SlashDotDot, b'/') => {
                kept = parent(path, kept);
                Dots::SlashAgain
            }
            _ => {
                for &byte in pending.iter().chain(&[byte]) {
                    if let Some(place) = path.get_mut(kept) {
                        *place = byte;
                    }
                    kept += 1;
                }
                Dots::Plain
            }
        };
    }
    match state {
        Dots::Slash => {
            if let Some(place) = path.get_mut(kept) {
                *place = b'/';
            }
            kept += 1;
        }
        Dots::SlashDotDot => kept = parent(path, kept),
        _ => {}
    }
    path.truncate(kept);
}

/// Where the last segment of the first `kept` bytes begins.
fn parent(path: &[u8], kept: usize) -> usize {
    path.get(..kept).and_then(|path| memchr::memrchr(b'/', path)).unwrap_or(0)
}

/// Put in place of what has no equivalent.
const REPLACEMENT: u8 = b'?';

/// The single byte that comes closest to a character, as Windows code page 1252 sees it.
fn best_fit(code: u32) -> u8 {
    const LATIN: &[u8; 128] =
        b"AaAaAaCcCcCcCcDd\xd0dEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi??JjKk?LlLlLl??LlNnNnNn???OoOoOo\x8c\x9c\
        RrRrRrSsSsSs\x8a\x9aTtTtTtUuUuUuUuUuUuWwYy\x9fZzZz\x8e\x9e?";
    let low = code.to_le_bytes()[0];
    match code {
        0..=0xff => low,
        0x100..=0x17f => LATIN.get((code - 0x100) as usize).copied().unwrap_or(REPLACEMENT),
        0x180 => b'b',
        0x189 => 0xd0,
        0x191 | 0x192 => 0x83,
        0x197 | 0x1cf => b'I',
        0x19a => b'l',
        0x19f | 0x1a0 | 0x1d1 | 0x1ea | 0x1ec => b'O',
        0x1a1 | 0x1d2 | 0x1eb | 0x1ed => b'o',
        0x1ab => b't',
        0x1ae => b'T',
        0x1af | 0x1d3 | 0x1d5 | 0x1d7 | 0x1d9 | 0x1db => b'U',
        0x1b0 | 0x1d4 | 0x1d6 | 0x1d8 | 0x1da | 0x1dc => b'u',
        0x1b6 => b'z',
        0x1c0 | 0x2223 => b'|',
        0x1c3 => b'!',
        0x1cd | 0x1de => b'A',
        0x1ce | 0x1df => b'a',
        0x1d0 => b'i',
        0x1e4 | 0x1e6 => b'G',
        0x1e5 | 0x1e7 => b'g',
        0x1e8 => b'K',
        0x1e9 => b'k',
        0x1f0 => b'j',
        0x2b9 | 0x2bc | 0x2c8 | 0x301 | 0x2032 => b'\'',
        0x2ba | 0x30e | 0x2033 => b'"',
        0x2c4 | 0x2c6 | 0x302 | 0x2303 => b'^',
        0x2cb | 0x300 | 0x2035 => b'`',
        0x2cd | 0x331 | 0x332 => b'_',
        0x2dc | 0x303 | 0x223c => b'~',
        0x37e => b';',
        0x589 | 0x2236 => b':',
        0x66a => b'%',
        0x2000..=0x2006 | 0x3000 => b' ',
        0x2010 | 0x2011 | 0x2212 => b'-',
        0x2013 => 0x96,
        0x2014 => 0x97,
        0x2018 => 0x91,
        0x2019 => 0x92,
        0x201a => 0x82,
        0x201c => 0x93,
        0x201d => 0x94,
        0x201e => 0x84,
        0x2022 => 0x95,
        0x2026 => 0x85,
        0x2039 | 0x2329 | 0x3008 => b'<',
        0x203a | 0x232a | 0x3009 => b'>',
        0x2044 | 0x2215 => b'/',
        0x2074..=0x2079 => low - 0x44,
        0x2080..=0x2089 => low - 0x50,
        0x20ac => 0x80,
        0x2122 => 0x99,
        0x2216 => b'\\',
        0x2217 => b'*',
        0x301a => b'[',
        0x301b => b']',
        0xff01..=0xff5e => low + 0x20,
        _ => REPLACEMENT,
    }
}
