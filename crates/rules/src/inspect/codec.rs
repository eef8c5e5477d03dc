//! Numbers in text, Base64, entropy, and what else bytes are put through.

/// The number at the start of a text, as C's `strtoull` reads it, and how many bytes it took.
///
/// Base 0 takes the base from the number's prefix.
pub(crate) fn number_of_text(bytes: &[u8], base: u8) -> Option<(u64, usize)> {
    let mut at = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut negative = false;
    if let Some(sign @ (b'+' | b'-')) = bytes.get(at) {
        negative = *sign == b'-';
        at += 1;
    }
    let hex_prefix = matches!(bytes.get(at..at + 2), Some([b'0', b'x' | b'X']))
        && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
    let base = match base {
        0 if hex_prefix => 16,
        0 if bytes.get(at) == Some(&b'0') => 8,
        0 => 10,
        base => base,
    };
    if base == 16 && hex_prefix {
        at += 2;
    }
    let digits = bytes.get(at..)?.iter().map_while(|byte| char::from(*byte).to_digit(base.into()));
    let (mut number, mut count) = (0_u64, 0);
    for digit in digits {
        number = number.checked_mul(base.into())?.checked_add(digit.into())?;
        count += 1;
    }
    (count > 0).then(|| (if negative { number.wrapping_neg() } else { number }, at + count))
}

/// Decodes Base64 onto `out`.
///
/// `strict` (RFC 4648): stops at the first byte that does not belong. Otherwise (RFC 2045 §6.8): leaves such bytes out.
/// Either way padding ends it, and an incomplete last group yields what it can. Returns whether everything belonged.
pub(crate) fn base64(bytes: &[u8], strict: bool, out: &mut Vec<u8>) -> bool {
    let (mut group, mut count) = (0_u32, 0);
    let mut clean = true;
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ if strict => {
                clean = false;
                break;
            }
            _ => {
                clean = false;
                continue;
            }
        };
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            let [_, high, middle, low] = group.to_be_bytes();
            out.extend_from_slice(&[high, middle, low]);
            (group, count) = (0, 0);
        }
    }
    match count {
        2 => out.push(low_byte(group >> 4)),
        3 => out.extend_from_slice(&[low_byte(group >> 10), low_byte(group >> 2)]),
        _ => {}
    }
    clean
}

fn low_byte(number: u32) -> u8 {
    let [.., low] = number.to_be_bytes();
    low
}

/// Shannon entropy in bits per byte.
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let len = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / len;
            -share * libm::log2(share)
        })
        .sum()
}
