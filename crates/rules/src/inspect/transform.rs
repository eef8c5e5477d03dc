//! What is done to bytes before they are inspected.

use serde::{Deserialize, Serialize};
use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use super::codec;
use crate::Pattern;
use crate::ir::{self, XorKey};

/// A transform, ready to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Transform {
    /// Anything but `pcrexform`.
    Plain(ir::Transform),
    /// `pcrexform`.
    Pcre(Pattern),
}

impl Transform {
    /// Makes transforms ready. An expression was checked when the rule was read.
    pub(crate) fn lower(transform: &ir::Transform) -> Self {
        match transform {
            ir::Transform::Pcre(source) => match Pattern::new(source, crate::Flags::default()) {
                Ok(pattern) => Transform::Pcre(pattern),
                Err(_) => Transform::Plain(transform.clone()),
            },
            other => Transform::Plain(other.clone()),
        }
    }

    /// Whether two lists do the same.
    pub(crate) fn same(left: &[Transform], right: &[Transform]) -> bool {
        left.len() == right.len()
            && left.iter().zip(right).all(|pair| match pair {
                (Transform::Plain(left), Transform::Plain(right)) => left == right,
                (Transform::Pcre(left), Transform::Pcre(right)) => left.source() == right.source(),
                _ => false,
            })
    }
}

/// Two buffers that transforms write into by turns.
#[derive(Debug, Default)]
pub(crate) struct Workbench {
    front: Vec<u8>,
    back: Vec<u8>,
}

impl Workbench {
    /// The bytes after all transforms.
    pub(crate) fn apply<'a>(&'a mut self, transforms: &[Transform], bytes: &'a [u8]) -> &'a [u8] {
        if transforms.is_empty() {
            return bytes;
        }
        self.front.clear();
        self.front.extend_from_slice(bytes);
        for transform in transforms {
            self.back.clear();
            match transform {
                Transform::Plain(transform) => apply_one(transform, &self.front, &mut self.back),
                Transform::Pcre(pattern) => first_group(pattern, &self.front, &mut self.back),
            }
            std::mem::swap(&mut self.front, &mut self.back);
        }
        &self.front
    }
}

fn apply_one(transform: &ir::Transform, bytes: &[u8], out: &mut Vec<u8>) {
    match transform {
        ir::Transform::StripWhitespace => out.extend(bytes.iter().filter(|byte| !is_space(**byte))),
        ir::Transform::CompressWhitespace => compress_whitespace(bytes, out),
        ir::Transform::Md5 => out.extend_from_slice(&Md5::digest(bytes)),
        ir::Transform::Sha1 => out.extend_from_slice(&Sha1::digest(bytes)),
        ir::Transform::Sha256 => out.extend_from_slice(&Sha256::digest(bytes)),
        ir::Transform::Lowercase => out.extend(bytes.iter().map(u8::to_ascii_lowercase)),
        ir::Transform::Uppercase => out.extend(bytes.iter().map(u8::to_ascii_uppercase)),
        ir::Transform::Dotprefix => {
            out.push(b'.');
            out.extend_from_slice(bytes);
        }
        ir::Transform::UrlDecode => url_decode(bytes, out),
        ir::Transform::HeaderLowercase => header_lowercase(bytes, out),
        ir::Transform::StripPseudoHeaders => strip_pseudo_headers(bytes, out),
        // The list of public suffixes is compiled in, so that every run of a release has the same.
        ir::Transform::Domain => out.extend(psl::domain(bytes).iter().flat_map(|found| found.as_bytes())),
        ir::Transform::PublicSuffix => {
            out.extend(psl::suffix(bytes).iter().flat_map(|found| found.as_bytes()));
        }
        ir::Transform::Pcre(_) => {}
        ir::Transform::Xor { key, offset } => xor(bytes, key, *offset, out),
        ir::Transform::FromBase64 { bytes: count, offset, strict } => {
            let rest = bytes.get(*offset..).unwrap_or_default();
            let rest = count.and_then(|count| rest.get(..count)).unwrap_or(rest);
            codec::base64(rest, *strict, out);
        }
        ir::Transform::Gunzip(limit) => decompress(GzDecoder::new(bytes), *limit, out),
        ir::Transform::Inflate(limit) => decompress(ZlibDecoder::new(bytes), *limit, out),
        ir::Transform::Subslice { offset, bytes: count, truncate } => {
            out.extend_from_slice(subslice(bytes, *offset, *count, *truncate));
        }
    }
}

/// White space as C's `isspace` has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn compress_whitespace(bytes: &[u8], out: &mut Vec<u8>) {
    let mut after_space = false;
    for byte in bytes {
        let space = is_space(*byte);
        if !(space && after_space) {
            out.push(*byte);
        }
        after_space = space;
    }
}

fn url_decode(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, ..]) => {
                let digit =
                    |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    out.push(high << 4 | low);
                    rest = after.get(2..).unwrap_or_default();
                } else {
                    out.push(b'%');
                }
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
    }
}

/// Names of `name: value` lines in lower case; values stay.
fn header_lowercase(bytes: &[u8], out: &mut Vec<u8>) {
    let mut in_name = true;
    for byte in bytes {
        if in_name {
            in_name = *byte != b':' || out.last().is_none_or(|last| *last == b'\n');
            out.push(byte.to_ascii_lowercase());
        } else {
            in_name = *byte == b'\n';
            out.push(*byte);
        }
    }
}

/// Leaves out lines that start with a colon.
fn strip_pseudo_headers(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.first() != Some(&b':') {
            out.extend_from_slice(line);
        }
    }
}

fn xor(bytes: &[u8], key: &XorKey, offset: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    let key = match key {
        XorKey::Bytes(key) => key.as_slice(),
        XorKey::Extract { bytes: count, at } => {
            match at.checked_add(*count).and_then(|end| bytes.get(*at..end)) {
                Some(key) => key,
                None => return,
            }
        }
    };
    if key.is_empty() {
        return;
    }
    for (byte, with) in out.iter_mut().skip(offset).zip(key.iter().cycle()) {
        *byte ^= with;
    }
}

/// Unpacks up to a limit; broken data yields what came before it broke.
fn decompress(reader: impl Read, limit: usize, out: &mut Vec<u8>) {
    let mut limited = reader.take(limit as u64);
    let mut piece = [0; 4096];
    loop {
        match limited.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => out.extend_from_slice(piece.get(..count).unwrap_or_default()),
        }
    }
}

/// The part of `bytes` that `subslice` names; empty when its limits do not fit, unless `truncate` cuts them.
fn subslice(bytes: &[u8], offset: i64, count: Option<i64>, truncate: bool) -> &[u8] {
    let len = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let cut = |at: i64| if truncate { at.clamp(0, len) } else { at };
    let start = cut(if offset < 0 { len.saturating_add(offset) } else { offset });
    let end = cut(match count {
        None => len,
        Some(count) if count < 0 => len.saturating_add(count),
        Some(count) => start.saturating_add(count),
    });
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) => bytes.get(start..end).unwrap_or_default(),
        _ => &[],
    }
}

fn first_group(pattern: &Pattern, bytes: &[u8], out: &mut Vec<u8>) {
    let mut locations = None;
    if pattern.captures_at(bytes, 0, &mut locations).is_none() {
        return;
    }
    if let Some((start, end)) = locations.and_then(|locations| locations.get(1)) {
        out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
    }
}
