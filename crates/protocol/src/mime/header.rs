//! Structured header values: parameters, and lists of addresses.

/// Sections of one parameter that are joined (RFC 2231 §3).
const SECTIONS_MAX: usize = 100;
/// Bytes of one parameter's value that are kept.
const VALUE_BYTES_MAX: usize = 4096;

/// The parameter `key` (lower case) of a header value such as `attachment; filename="a.txt"`.
///
/// Sections (`filename*0=…; filename*1=…`) are joined; `%41` is decoded where a trailing star says so.
pub(crate) fn parameter(value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value;
    let mut sections: Vec<(u32, Vec<u8>)> = Vec::new();
    loop {
        let semicolon = memchr::memchr(b';', rest)?;
        rest = rest.get(semicolon + 1..)?;
        while let Some((name, text, after)) = pair(rest) {
            rest = after;
            match suffix(name, key) {
                Some(b"") => return Some(text),
                Some(b"*") => return Some(extended(&text, true)),
                Some(section) => {
                    if let Some((number, coded)) = section_number(section)
                        && sections.len() < SECTIONS_MAX
                    {
                        sections.push((number, if coded { extended(&text, number == 0) } else { text }));
                    }
                }
                None => {}
            }
            // After the value comes the next semicolon, or the end.
            let Some(next) = rest.trim_ascii_start().strip_prefix(b";") else { break };
            rest = next;
        }
        if memchr::memchr(b';', rest).is_none() {
            break;
        }
    }
    if sections.is_empty() {
        return None;
    }
    sections.sort_by_key(|(number, _)| *number);
    let mut joined: Vec<u8> = sections.into_iter().flat_map(|(_, text)| text).collect();
    joined.truncate(VALUE_BYTES_MAX);
    Some(joined)
}

/// What follows `key` in a parameter's name: nothing, or `*…`.
fn suffix<'a>(name: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(key.len())?;
    (start.eq_ignore_ascii_case(key) && matches!(rest.first(), None | Some(b'*'))).then_some(rest)
}

/// `*3` or `*3*`: the section's number, and whether it is coded.
fn section_number(section: &[u8]) -> Option<(u32, bool)> {
    let digits = section.strip_prefix(b"*")?;
    let (digits, coded) = match digits.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (digits, false),
    };
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, coded))
}

/// `name=value` or `name="value"`: name, value, and what comes after it.
fn pair(bytes: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|&byte| byte == b'=' || byte == b';')?;
    if bytes.get(end) == Some(&b';') {
        return None;
    }
    let (name, rest) = bytes.split_at(end);
    let rest = rest.get(1..)?.trim_ascii_start();
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        let (text, after) = quoted_text(quoted);
        return Some((name.trim_ascii(), text, after));
    }
    let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let (text, after) = rest.split_at(end);
    let text = text.trim_ascii();
    Some((name.trim_ascii(), text.get(..VALUE_BYTES_MAX).unwrap_or(text).to_vec(), after))
}

/// Text up to the closing quote, with `\"` undone, and what comes after the quote.
fn quoted_text(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let kept = match byte {
            b'"' => break,
            b'\\' => {
                at += 1;
                match bytes.get(at - 1) {
                    Some(&next) => next,
                    None => break,
                }
            }
            other => other,
        };
        if text.len() < VALUE_BYTES_MAX {
            text.push(kept);
        }
    }
    (text, bytes.get(at..).unwrap_or_default())
}

/// `charset'language'text` with `%41` decoded (RFC 2231 §4); the prefix stands only in the first section.
fn extended(bytes: &[u8], first: bool) -> Vec<u8> {
    let text = if first { bytes.splitn(3, |&byte| byte == b'\'').nth(2).unwrap_or(bytes) } else { bytes };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let code = text.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// The items of a comma-separated list of addresses; a comma inside quotes does not separate.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let mut quoted = false;
        let comma = bytes.iter().position(|&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        let (item, after) = match comma {
            Some(at) => (bytes.get(..at)?, bytes.get(at + 1..)),
            None => (bytes, None),
        };
        rest = after;
        Some(item.trim_ascii())
    })
    .filter(|item| !item.is_empty())
}
