//! The Huffman code of HPACK (RFC 7541 appendix B). It is canonical: the lengths of the codes say everything.

use std::sync::LazyLock;

/// Symbols: 256 bytes and the end of the string.
const SYMBOLS: usize = 257;
const END: usize = 256;
const LONGEST: usize = 30;

/// Length of each symbol's code in bits.
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6,
    6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7,
    8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7,
    15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24,
    23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23,
    23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26,
    26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20,
    21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26, 30,
];

/// For each length: the first code, where its symbols begin in the order, and how many they are.
struct Table {
    first: [u32; LONGEST + 1],
    start: [u16; LONGEST + 1],
    count: [u16; LONGEST + 1],
    order: [u16; SYMBOLS],
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        first: [0; LONGEST + 1],
        start: [0; LONGEST + 1],
        count: [0; LONGEST + 1],
        order: [0; SYMBOLS],
    };
    let (mut code, mut place) = (0u32, 0usize);
    for length in 1..=LONGEST {
        code <<= 1;
        table.first[length] = code;
        table.start[length] = place as u16;
        for (symbol, _) in LENGTHS.iter().enumerate().filter(|(_, bits)| usize::from(**bits) == length) {
            table.order[place] = symbol as u16;
            place += 1;
            code += 1;
        }
        table.count[length] = (place as u16) - table.start[length];
    }
    table
});

/// Decodes a string, at most `max` bytes of it. `None`: it holds the end symbol, or its padding is wrong (RFC 7541 §5.2).
pub(super) fn decode(bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    let table = &*TABLE;
    let mut text = Vec::with_capacity((bytes.len() * 2).min(max));
    let (mut code, mut length) = (0u32, 0usize);
    for byte in bytes {
        for shift in (0..8).rev() {
            code = code << 1 | u32::from(byte >> shift & 1);
            length += 1;
            if length > LONGEST {
                return None;
            }
            let offset = code.wrapping_sub(table.first[length]);
            if offset >= u32::from(table.count[length]) {
                continue;
            }
            let symbol = usize::from(table.order[usize::from(table.start[length]) + offset as usize]);
            if symbol == END {
                return None;
            }
            if text.len() >= max {
                return Some(text);
            }
            text.push(symbol as u8);
            (code, length) = (0, 0);
        }
    }
    // What is left must be less than a byte of ones.
    (length < 8 && code == (1 << length) - 1).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn the_lengths_make_a_complete_code() {
        let sum: u64 = LENGTHS.iter().map(|length| 1u64 << (LONGEST - usize::from(*length))).sum();
        assert_eq!(sum, 1 << LONGEST);
    }

    #[test]
    fn strings_of_rfc_7541_are_decoded() {
        let decode =
            |text: &str| decode(&hex(text), 100).map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(decode("f1e3c2e5f23a6ba0ab90f4ff").as_deref(), Some("www.example.com"));
        assert_eq!(decode("25a849e95bb8e8b4bf").as_deref(), Some("custom-value"));
        assert_eq!(
            decode("d07abe941054d444a8200595040b8166e082a62d1bff").as_deref(),
            Some("Mon, 21 Oct 2013 20:13:21 GMT")
        );
    }

    #[test]
    fn padding_must_be_ones_and_short() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff], 9), None);
        assert_eq!(decode(&[0b0001_1000], 9), None);
        assert_eq!(decode(&[0b0001_1111], 9), Some(vec![b'a']));
    }
}
