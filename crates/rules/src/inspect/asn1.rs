//! `asn1`: encodings in BER (X.690) that broke decoders of their time.
//!
//! Limits: [`ELEMENTS_MAX`] elements are walked, [`DEPTH_MAX`] deep.

use crate::ir::Asn1;

/// Elements walked at most.
const ELEMENTS_MAX: u32 = 512;
/// Nesting walked at most.
const DEPTH_MAX: u32 = 32;
/// A REAL longer than this with a decimal encoding overflows fixed buffers.
const REAL_BYTES_MAX: usize = 256;

const CONSTRUCTED: u8 = 0x20;
const UNIVERSAL: u8 = 0x00;
const CLASS: u8 = 0xc0;
const BIT_STRING: u32 = 3;
const REAL: u32 = 9;

/// Whether an element of `bytes` is odd in one of the ways that are asked for.
pub(super) fn odd(bytes: &[u8], asked: &Asn1) -> bool {
    let mut left = ELEMENTS_MAX;
    walk(bytes, asked, 0, &mut left)
}

struct Element<'a> {
    first: u8,
    tag: u32,
    /// As the encoding says; `None` for the indefinite form.
    length: Option<u64>,
    /// What there is of it.
    content: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

fn walk(mut bytes: &[u8], asked: &Asn1, depth: u32, left: &mut u32) -> bool {
    while let Some(element) = read(bytes) {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        if is_odd(&element, asked) {
            return true;
        }
        let nested = element.first & CONSTRUCTED != 0 && depth < DEPTH_MAX;
        if nested && walk(element.content, asked, depth + 1, left) {
            return true;
        }
        bytes = element.rest;
    }
    false
}

fn is_odd(element: &Element<'_>, asked: &Asn1) -> bool {
    if let (Some(max), Some(length)) = (asked.oversize_length, element.length)
        && length > u64::from(max)
    {
        return true;
    }
    if element.first & (CLASS | CONSTRUCTED) != UNIVERSAL {
        return false;
    }
    match (element.tag, element.content.split_first()) {
        // X.690 §8.6.2: the first octet counts the unused bits of the last one.
        (BIT_STRING, Some((unused, bits))) => {
            asked.bitstring_overflow && usize::from(*unused) > bits.len() * 8
        }
        // X.690 §8.5.8: decimal encoding.
        (REAL, Some((first, _))) => {
            asked.double_overflow && first & 0xc0 == 0 && element.content.len() > REAL_BYTES_MAX
        }
        _ => false,
    }
}

/// Reads the element at the start (X.690 §8.1).
fn read(bytes: &[u8]) -> Option<Element<'_>> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(first & 0x1f);
    if tag == 0x1f {
        tag = 0;
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            tag = tag.checked_mul(128)?.checked_add(u32::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    let (byte, after) = rest.split_first()?;
    let (length, body) = match byte {
        0x80 => (None, after),
        0..0x80 => (Some(u64::from(*byte)), after),
        _ => {
            let count = usize::from(byte & 0x7f);
            let (digits, body) = after.split_at_checked(count)?;
            let length = digits.iter().try_fold(0u64, |length, digit| {
                length.checked_mul(256).map(|length| length + u64::from(*digit))
            });
            (Some(length.unwrap_or(u64::MAX)), body)
        }
    };
    let size = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX).min(body.len());
    let (content, rest) = body.split_at(size);
    Some(Element { first: *first, tag, length, content, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Asn1 = Asn1 {
        bitstring_overflow: false,
        double_overflow: false,
        oversize_length: None,
        offset: 0,
        relative: false,
    };

    #[test]
    fn a_bit_string_with_more_unused_bits_than_it_has_is_odd() {
        let asked = Asn1 { bitstring_overflow: true, ..NOTHING };
        assert!(odd(&[0x30, 4, 3, 2, 9, 0xff], &asked));
        assert!(!odd(&[0x30, 4, 3, 2, 7, 0xff], &asked));
        assert!(!odd(&[0x30, 4, 3, 2, 9, 0xff], &NOTHING));
    }

    #[test]
    fn a_long_decimal_real_is_odd() {
        let mut bytes = vec![9, 0x82, 1, 1, 3];
        bytes.extend([b'1'; 256]);
        let asked = Asn1 { double_overflow: true, ..NOTHING };
        assert!(odd(&bytes, &asked));
        bytes[4] = 0x80;
        assert!(!odd(&bytes, &asked));
    }

    #[test]
    fn a_length_beyond_the_limit_is_odd() {
        let asked = Asn1 { oversize_length: Some(2048), ..NOTHING };
        assert!(odd(&[4, 0x82, 8, 1], &asked));
        assert!(!odd(&[4, 0x82, 8, 0], &asked));
    }

    #[test]
    fn any_bytes_are_walked_without_panic() {
        proptest::proptest!(|(bytes: Vec<u8>)| {
            odd(&bytes, &Asn1 { bitstring_overflow: true, double_overflow: true, oversize_length: Some(9), ..NOTHING });
        });
    }
}
