//! Ports of data connections, in the four notations.

use std::net::Ipv4Addr;

/// `h1,h2,h3,h4,p1,p2` (RFC 959 §4.1.2).
pub(super) fn port(argument: &[u8]) -> Option<(Ipv4Addr, u16)> {
    let mut numbers = [0_u8; 6];
    let mut parts = argument.trim_ascii().split(|&byte| byte == b',');
    for number in &mut numbers {
        *number = std::str::from_utf8(parts.next()?).ok()?.trim().parse().ok()?;
    }
    let [a, b, c, d, high, low] = numbers;
    let port = u16::from_be_bytes([high, low]);
    (port > 0 && parts.next().is_none()).then_some((Ipv4Addr::new(a, b, c, d), port))
}

/// `|2|::1|5282|` with any delimiter (RFC 2428 §2).
pub(super) fn eprt(argument: &[u8]) -> Option<u16> {
    let delimiter = *argument.first()?;
    let text = argument.split(|&byte| byte == delimiter).nth(3)?;
    std::str::from_utf8(text).ok()?.parse().ok().filter(|&port| port > 0)
}

/// `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`; the parentheses are often missing.
pub(super) fn pasv(line: &[u8]) -> Option<u16> {
    let text = line.get(4..)?;
    let start = text.iter().position(u8::is_ascii_digit)?;
    let text = text.get(start..)?;
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b',').unwrap_or(text.len());
    port(text.get(..end)?).map(|(_, port)| port)
}

/// `229 Entering Extended Passive Mode (|||6446|)` (RFC 2428 §3).
pub(super) fn epsv(line: &[u8]) -> Option<u16> {
    let open = memchr::memchr(b'(', line)?;
    let text = line.get(open + 1..)?;
    let close = memchr::memchr(b')', text)?;
    eprt(text.get(..close)?)
}
