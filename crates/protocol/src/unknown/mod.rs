//! Traffic that no parser knows, labelled by best guess: a known beginning, what the bytes look like, and what lives on
//! the port. "Unknown" is then a statement with grounds rather than a hole.
//!
//! The bytes are described by their first 512 per direction: how many are text, how many values there are, and how evenly
//! both halves of the bytes are spread. Random bytes look the same whether encrypted or compressed; a known beginning
//! tells those apart, otherwise nothing does.

mod known;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::magic;

/// How often each half of a byte was seen: upper, lower.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Halves {
    counts: [[u16; 16]; 2],
}

impl Halves {
    /// The halves of bytes of which so many were seen of each value; no more than 65,535 together.
    pub fn of(bytes: &[u16; 256]) -> Self {
        let mut counts = [[0u16; 16]; 2];
        let [upper, lower] = &mut counts;
        for (count, row) in upper.iter_mut().zip(bytes.chunks_exact(16)) {
            *count = row.iter().fold(0, |sum, seen| sum.saturating_add(*seen));
            for (count, seen) in lower.iter_mut().zip(row) {
                *count = count.saturating_add(*seen);
            }
        }
        Self { counts }
    }

    /// Entropy of the two halves together, in hundredths of a bit: 0 = always the same byte, 800 = all evenly spread. It is
    /// never below that of whole bytes.
    pub fn entropy(&self) -> u16 {
        let bits: f64 = self.counts.iter().map(entropy_of).sum();
        (bits * 100.0 + 0.5) as u16
    }
}

fn entropy_of(counts: &[u16; 16]) -> f64 {
    let all: u32 = counts.iter().map(|count| u32::from(*count)).sum();
    let parts: f64 = counts.iter().map(|count| times_log2((*count).into())).sum();
    if all == 0 { 0.0 } else { (times_log2(all) - parts) / f64::from(all) }
}

/// `count * log2(count)`: read from a table for the counts of one look, since most flows are looked at.
fn times_log2(count: u32) -> f64 {
    static KNOWN: LazyLock<[f64; 513]> = LazyLock::new(|| std::array::from_fn(|count| product(count as f64)));
    fn product(count: f64) -> f64 {
        if count == 0.0 { 0.0 } else { count * libm::log2(count) }
    }
    KNOWN.get(count as usize).copied().unwrap_or_else(|| product(count.into()))
}

/// What is known of the bytes of one direction.
#[derive(Debug, Default, Clone, Copy)]
pub struct Look<'a> {
    /// Its first bytes.
    pub head: &'a [u8],
    /// Bytes that were looked at.
    pub seen: u16,
    /// How many of them were printable text, tabs or line ends.
    pub text: u16,
    /// [`Halves::entropy`] of them.
    pub entropy: u16,
}

/// The best guess.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// What it is taken for: a protocol (`stun`), a kind of file (`gzip compressed data`), or a kind of bytes (`random`,
    /// `text`, `binary`).
    pub label: &'static str,
    /// What says so: `beginning`, `bytes`.
    pub by: &'static str,
    /// What usually lives on the server's port; empty when nothing is known.
    pub port_hint: &'static str,
}

/// Bytes below which nothing is said of how they are spread.
const SEEN_MIN: u16 = 32;
/// Share of text, in percent, from which on bytes are text, and up to which they may be random.
const TEXT_MIN: u32 = 90;
const RANDOM_TEXT_MAX: u32 = 70;
/// So far below what random bytes reach may lie what counts as random, in hundredths of a bit.
const RANDOM_SLACK: u32 = 20;

/// Labels a flow by the looks of both directions, to server and to client.
pub fn guess(transport: u8, server_port: u16, looks: [Look<'_>; 2]) -> Guess {
    let port_hint = known::port(transport, server_port);
    let beginning = looks.iter().find_map(|look| known::beginning(transport, look.head));
    if let Some(label) = beginning.or_else(|| looks.iter().find_map(|look| magic::known(look.head))) {
        return Guess { label, by: "beginning", port_hint };
    }
    let kinds = looks.map(|look| look.kind());
    let label = match kinds {
        [Some(one), Some(other)] if one == other => one,
        // Where one direction only acknowledges, the other tells what it is about.
        [Some(one), None] | [None, Some(one)] => one,
        [Some("binary"), Some(_)] | [Some(_), Some("binary")] => "binary",
        [Some(_), Some(_)] => "mixed",
        [None, None] => "little",
    };
    Guess { label, by: "bytes", port_hint }
}

impl Look<'_> {
    fn kind(&self) -> Option<&'static str> {
        if self.seen == 0 {
            return None;
        }
        let text = u32::from(self.text) * 100 / u32::from(self.seen);
        if text >= TEXT_MIN {
            return Some(match self.head.trim_ascii_start().first() {
                Some(b'{' | b'[') => "json",
                Some(b'<') => "xml",
                _ => "text",
            });
        }
        if self.seen < SEEN_MIN {
            return None;
        }
        Some(if self.is_random() { "random" } else { "binary" })
    }

    /// Whether the bytes are spread as those of an encrypted or compressed text are.
    pub fn is_random(&self) -> bool {
        let seen = u32::from(self.seen);
        let text = u32::from(self.text) * 100;
        // So few bytes cannot be spread evenly: of n random ones, 15 / (n ln 2) bits are missing for both halves.
        seen >= u32::from(SEEN_MIN)
            && u32::from(self.entropy) + RANDOM_SLACK >= 800u32.saturating_sub(2164 / seen)
            && text <= RANDOM_TEXT_MAX * seen
    }
}
