//! The text of a query: found behind its attributes, kept in part, secrets in it masked.

use super::handshake::{capability, number};
use crate::line::begins;
use crate::wire::Wire;

/// Bytes of a query that are kept.
const KEPT_MAX: usize = 8192;
/// Attributes of a query.
const ATTRIBUTES_MAX: u64 = 256;
/// Bytes between a word that announces a secret and the secret.
const DISTANCE_MAX: usize = 96;

/// The text of a query command.
pub(super) fn text(rest: &[u8], capabilities: u32) -> Vec<u8> {
    if capabilities & capability::QUERY_ATTRIBUTES != 0
        && let Some(text) = behind_attributes(rest)
    {
        return kept(text);
    }
    kept(rest)
}

/// What is kept of a text.
pub(super) fn kept(text: &[u8]) -> Vec<u8> {
    let mut kept = text.get(..KEPT_MAX).unwrap_or(text).to_vec();
    mask(&mut kept);
    kept
}

fn behind_attributes(bytes: &[u8]) -> Option<&[u8]> {
    let wire = &mut Wire::new(bytes);
    let count = number(wire)?;
    number(wire)?;
    if count == 0 {
        return Some(wire.rest());
    }
    if count > ATTRIBUTES_MAX {
        return None;
    }
    let nulls = wire.take((count as usize).div_ceil(8))?;
    wire.byte().filter(|types_follow| *types_follow == 1)?;
    let mut kinds = Vec::new();
    for _ in 0..count {
        kinds.push(wire.le16()?);
        let length = number(wire)?;
        wire.take(usize::try_from(length).ok()?)?;
    }
    for (place, kind) in kinds.iter().enumerate() {
        if nulls.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1) {
            continue;
        }
        let length = match kind & 0xff {
            1 => 1,
            2 | 13 => 2,
            3 | 4 | 9 => 4,
            5 | 8 => 8,
            7 | 10..=12 => wire.byte()?.into(),
            _ => usize::try_from(number(wire)?).ok()?,
        };
        wire.take(length)?;
    }
    Some(wire.rest())
}

/// Masks strings behind words that announce a password.
fn mask(text: &mut Vec<u8>) {
    let mut from = 0;
    while let Some(at) = announced(text, from) {
        let window = text.get(at..(at + DISTANCE_MAX).min(text.len())).unwrap_or_default();
        from = at;
        let Some(quote) = window.iter().position(|byte| matches!(byte, b'\'' | b'"')) else { continue };
        let (start, mark) = (at + quote + 1, window[quote]);
        let mut end = start;
        while end < text.len() && text[end] != mark {
            end += if text[end] == b'\\' { 2 } else { 1 };
        }
        text.splice(start..end.min(text.len()), *b"***");
        from = start + 4;
    }
}

/// The end of the next word that announces a password.
fn announced(text: &[u8], from: usize) -> Option<usize> {
    const WORDS: [&[u8]; 2] = [b"identified", b"password"];
    (from..text.len()).find_map(|at| {
        let rest = text.get(at..)?;
        WORDS.iter().find(|word| begins(rest, word)).map(|word| at + word.len())
    })
}
