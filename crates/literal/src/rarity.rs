//! How likely traffic is to have some bytes.

/// How common a byte is in traffic, roughly, from 60 to 255; both cases of a letter count together.
pub const fn commonness(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        0 => 255,
        b' ' => 230,
        b'e' | b't' | b'a' | b'o' => 220,
        b'i' | b'n' | b's' | b'r' => 210,
        b'/' | b'.' | b'-' | b'=' | b'\r' | b'\n' => 200,
        b'0' | b'1' => 195,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' => 190,
        b'2'..=b'9' => 170,
        b'f' | b'g' | b'w' | b'y' | b'b' => 165,
        b':' | b';' | b',' | b'"' | b'<' | b'>' | b'_' | b'%' | b'&' => 150,
        b'v' | b'k' | b'x' => 140,
        b'j' | b'q' | b'z' => 110,
        255 => 180,
        1..=31 => 100,
        128..=254 => 60,
        _ => 90,
    }
}

/// How often traffic has four bytes in a row, by hash, two places in a byte: 0 for less than one in 260,000, each level twice as
/// often. Measured over hundreds of captures of all kinds, none of which counts for more than 256 KiB; see
/// `examples/frequencies.rs`.
const LEVELS: &[u8; 1 << 15] = include_bytes!("frequencies.bin");
/// Knuth's multiplier (The Art of Computer Programming, volume 3, §6.4); the table was made with it.
const MULTIPLIER: u32 = 0x9e37_79b1;

/// How often traffic has these four bytes in whatever case, from 0 to 15: each level is twice as often as the one before.
pub(crate) fn level(bytes: [u8; 4]) -> u32 {
    let window = u32::from_le_bytes(bytes) | 0x2020_2020;
    let place = (window.wrapping_mul(MULTIPLIER) >> 16) as usize;
    let both = LEVELS.get(place / 2).copied().unwrap_or(0);
    u32::from(if place.is_multiple_of(2) { both & 15 } else { both >> 4 })
}

/// What it costs when traffic has these four bytes, for comparison only: how often that is, and how common they are one by one.
pub(crate) fn cost(bytes: [u8; 4]) -> u64 {
    let common: u64 = bytes.iter().map(|byte| u64::from(commonness(*byte))).sum();
    (1 << (level(bytes) + LEVEL_BITS)) + common
}

/// A cost is shifted so far, that single bytes decide where frequencies do not.
pub(crate) const LEVEL_BITS: u32 = 10;
