//! How likely traffic is to have some bytes.

use crate::pass::{FOLD, MULTIPLIER, window_of};

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

/// What most connections have somewhere, in lower case: words of protocol headers and of markup.
const EVERYWHERE: &[&[u8]] = &[
    b"http://www.",
    b"https://",
    b".com/",
    b".net/",
    b".org/",
    b"http/1.1",
    b"\r\nhost: ",
    b"\r\ncontent-type: ",
    b"\r\ncontent-length: ",
    b"\r\nconnection: ",
    b"keep-alive\r\n",
    b"\r\ncache-control: ",
    b"\r\naccept: */*\r\n",
    b"\r\naccept-encoding: ",
    b"\r\naccept-language: ",
    b"\r\nuser-agent: mozilla/5.0 (windows nt ",
    b"gzip, deflate",
    b"compatible; msie ",
    b"text/html",
    b"text/plain",
    b"charset=utf-8",
    b"application/x-www-form-urlencoded",
    b"applewebkit/537.36 (khtml, like gecko) chrome/",
    b"safari/",
    b"\r\nserver: ",
    b"\r\ndate: ",
    b"\r\nreferer: ",
    b"\r\ncookie: ",
    b"\r\nset-cookie: ",
    b"expires",
    b"<html><head><title>",
    b"</div><div class=\"",
    b"<script ",
    b"javascript",
    b"function(",
    b"return ",
    b"index.php",
    b".html",
    b".aspx",
    b"image/",
    b" get /",
    b"post /",
    b"\x00\x00\x00\x00\x00\x00",
    b"\xff\xff\xff\xff\xff",
    b"        ",
    b"microsoft",
    b"windows",
    b"admin",
    b"login",
    b"password",
    b"version",
    b"update",
    b"download",
    b"document.",
    b"this program cannot be run in dos mode",
    b"content-disposition: ",
    b"octet-stream",
    b"transfer-encoding: chunked",
    b"\r\n\r\n",
    b"www.",
    b"google",
];

/// What a window costs that is in the words of every connection, over the sum of its bytes' commonness.
const EVERYWHERE_COST: u32 = 600;

/// Costs of windows.
#[derive(Debug)]
pub(crate) struct Rarity {
    commonness: [u8; 256],
    /// Windows of the words above: a bit for each hash. A foreign window with the same hash costs a better choice, no more.
    everywhere: Box<[u64; HASHES / 64]>,
}

/// Hashes told apart.
const HASHES: usize = 1 << 14;

impl Rarity {
    pub(crate) fn new() -> Self {
        let mut everywhere = Box::new([0; HASHES / 64]);
        for window in EVERYWHERE.iter().flat_map(|text| text.windows(4)).filter_map(window_of) {
            let hash = hash(window);
            everywhere[hash / 64] |= 1 << (hash % 64);
        }
        let mut table = [0; 256];
        for byte in 0..=255 {
            table[usize::from(byte)] = commonness(byte);
        }
        Self { commonness: table, everywhere }
    }

    /// How likely traffic is to have these four bytes; for comparison only.
    pub(crate) fn cost(&self, bytes: [u8; 4]) -> u32 {
        let sum: u32 = bytes.iter().map(|byte| u32::from(self.commonness[usize::from(*byte)])).sum();
        // One byte over and over is filling, whatever it is.
        let [a, b, c, d] = bytes;
        let filling = (u32::from(a == b) + u32::from(b == c) + u32::from(c == d)) * 100;
        let hash = hash(u32::from_le_bytes(bytes) | FOLD);
        let known = self.everywhere[hash / 64] >> (hash % 64) & 1 != 0;
        sum + filling + if known { EVERYWHERE_COST } else { 0 }
    }
}

fn hash(window: u32) -> usize {
    (window.wrapping_mul(MULTIPLIER) >> 18) as usize % HASHES
}
