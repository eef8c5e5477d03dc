//! As much of BER (X.690) as SNMP needs: definite lengths, low tags.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const TEXT: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Takes one element off `bytes`: its tag and content.
pub(super) fn take<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, content))
}

/// Takes an element that must have this tag.
pub(super) fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    take(bytes).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// Takes an integer of at most four bytes.
pub(super) fn integer(bytes: &mut &[u8]) -> Option<i64> {
    let content = expect(bytes, INTEGER)?;
    let negative = content.first()? & 0x80 != 0;
    let start = if negative { -1_i64 } else { 0 };
    (content.len() <= 5).then(|| content.iter().fold(start, |value, &digit| value << 8 | i64::from(digit)))
}

/// An object identifier in dots; `None` when it is broken.
pub(super) fn object(content: &[u8]) -> Option<String> {
    const ARCS_MAX: usize = 128;
    let mut text = String::new();
    let mut arc: u64 = 0;
    let mut arcs = 0;
    for &byte in content {
        arc = arc.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if arcs == 0 {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text.push('.');
            text.push_str(&arc.to_string());
        }
        arc = 0;
        arcs += 1;
        if arcs > ARCS_MAX {
            return None;
        }
    }
    (content.last()? & 0x80 == 0).then_some(text)
}
