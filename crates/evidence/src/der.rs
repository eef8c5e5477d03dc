//! As much of DER as a time stamp needs (X.690): lengths of at most four bytes, tags of one.

/// One element: tag and content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The first element, and what is behind it.
pub(crate) fn next(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let length = rest.get(..count)?.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest.get(count..)?)
    };
    Some((Element { tag, content: rest.get(..length)? }, rest.get(length..)?))
}

/// The elements of a constructed content, as far as they can be read; bounded.
pub(crate) fn list(mut bytes: &[u8]) -> Vec<Element<'_>> {
    let mut elements = Vec::new();
    while let Some((element, rest)) = next(bytes) {
        elements.push(element);
        bytes = rest;
        if elements.len() >= ELEMENTS_MAX {
            break;
        }
    }
    elements
}

const ELEMENTS_MAX: usize = 1_024;

/// An element's bytes.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..0x80 => out.push(length as u8),
        length @ 0x80..0x100 => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}
