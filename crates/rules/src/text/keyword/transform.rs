//! Transforms: what is done to a sticky buffer before it is looked at.

use super::{Argument, Given, Keyword};
use crate::ir::{Transform, XorKey};
use crate::text::draft::{Draft, integer};
use crate::text::error::{Code, Fault, Parsed};
use crate::{Flags, Pattern};

/// Most bytes that a decompression yields unless the rule says otherwise, and at all.
const INFLATED_DEFAULT: usize = 1024;
const INFLATED_MAX: usize = 1 << 20;
/// Longest key of `xor`.
const KEY_MAX: usize = 255;

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn bare(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, argument: Argument::None, help, set, ..Keyword::EMPTY }
}

const fn optional(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, argument: Argument::Optional, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    bare("strip_whitespace", "Takes all blanks out.", |draft, _| draft.transform(Transform::StripWhitespace)),
    bare("compress_whitespace", "Makes several blanks one space.", |draft, _| {
        draft.transform(Transform::CompressWhitespace)
    }),
    bare("to_md5", "Its MD5, 16 bytes.", |draft, _| draft.transform(Transform::Md5)),
    bare("to_sha1", "Its SHA-1, 20 bytes.", |draft, _| draft.transform(Transform::Sha1)),
    bare("to_sha256", "Its SHA-256, 32 bytes.", |draft, _| draft.transform(Transform::Sha256)),
    bare("to_lowercase", "In lower case.", |draft, _| draft.transform(Transform::Lowercase)),
    bare("to_uppercase", "In upper case.", |draft, _| draft.transform(Transform::Uppercase)),
    bare("dotprefix", "With a dot before it.", |draft, _| draft.transform(Transform::Dotprefix)),
    bare("url_decode", "With %xx and + undone.", |draft, _| draft.transform(Transform::UrlDecode)),
    bare("header_lowercase", "With names of headers in lower case.", |draft, _| {
        draft.transform(Transform::HeaderLowercase)
    }),
    bare("strip_pseudo_headers", "Without HTTP/2's pseudo headers.", |draft, _| {
        draft.transform(Transform::StripPseudoHeaders)
    }),
    bare("domain", "Its registrable domain: `example.co.uk` of `www.example.co.uk`.", |draft, _| {
        draft.transform(Transform::Domain)
    }),
    bare("tld", "Its public suffix: `co.uk` of `www.example.co.uk`.", |draft, _| {
        draft.transform(Transform::PublicSuffix)
    }),
    Keyword {
        name: "pcrexform",
        argument: Argument::Quoted,
        help: "What the first group of the expression matches.",
        set: pcrexform,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "xor",
        argument: Argument::MaybeQuoted,
        help: "Exclusive or with a key in hexadecimal, or with bytes of its own: `offset 2,extract 1 0`.",
        set: xor,
        ..Keyword::EMPTY
    },
    optional("from_base64", "Decoded base64: `bytes 64, offset 4, mode rfc4648`.", from_base64),
    optional("gunzip", "Unpacked with gzip: `max-size 4096`.", |draft, given| {
        let size = max_size(given)?;
        draft.transform(Transform::Gunzip(size))
    }),
    optional("zlib_deflate", "Unpacked with zlib: `max-size 4096`.", |draft, given| {
        let size = max_size(given)?;
        draft.transform(Transform::Inflate(size))
    }),
    Keyword {
        name: "subslice",
        help: "A part of it: `offset[,bytes][,truncate]`; negative numbers count from the end.",
        set: subslice,
        ..Keyword::EMPTY
    },
    optional("luaxform", "A script's doing.", |_, _| {
        Err(Fault::new(Code::Unsupported, "Targe does not run Lua")
            .help("use another transform, or leave the rule out"))
    }),
];

fn pcrexform(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let pattern = Pattern::new(given.text, Flags::default()).map_err(|cause| {
        Fault::new(Code::Regex, format!("the expression cannot be compiled: {}", cause.trim()))
    })?;
    if pattern.groups() != 1 {
        let cause = format!("`pcrexform` needs exactly one group, this expression has {}", pattern.groups());
        return Err(Fault::new(Code::Value, cause).help("write (?:…) for groups that only hold together"));
    }
    draft.transform(Transform::Pcre(given.text.to_owned()))
}

fn xor(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (mut key, mut offset) = (None, 0);
    for part in given.text.split(',').map(str::trim) {
        let mut words = part.split_whitespace();
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("offset"), Some(value), None, None) => offset = size(value)?,
            (Some("extract"), Some(bytes), Some(at), None) => {
                let (bytes, at) = (size(bytes)?, size(at)?);
                if bytes == 0 || bytes > KEY_MAX {
                    return Err(Fault::new(Code::Value, format!("a key has 1 to {KEY_MAX} bytes")));
                }
                key = Some(XorKey::Extract { bytes, at });
            }
            (Some(hex), None, ..) if key.is_none() => key = Some(XorKey::Bytes(hex_key(hex)?)),
            _ => {
                return Err(Fault::new(Code::Value, format!("`{part}` is not an option of `xor`"))
                    .help("write a key in hexadecimal, or `extract BYTES OFFSET`"));
            }
        }
    }
    let key = key.ok_or_else(|| Fault::new(Code::Value, "`xor` has no key").help("write xor:\"0d0a\""))?;
    draft.transform(Transform::Xor { key, offset })
}

fn hex_key(text: &str) -> Parsed<Vec<u8>> {
    let wrong = || {
        Fault::new(Code::Value, format!("`{text}` is not a key")).help("two hexadecimal digits for each byte")
    };
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > 2 * KEY_MAX {
        return Err(wrong());
    }
    hex_bytes(text).ok_or_else(wrong)
}

/// Bytes from pairs of hexadecimal digits.
pub(crate) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn size(text: &str) -> Parsed<usize> {
    match integer(text)? {
        size @ 0..=65_535 => Ok(size as usize),
        other => Err(Fault::new(Code::Value, format!("{other} is not between 0 and 65535"))),
    }
}

fn from_base64(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (mut bytes, mut offset, mut strict) = (None, 0, true);
    for part in given.text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (name, value.trim()) {
            ("bytes", value) => {
                let count = size(value)?;
                if count == 0 {
                    return Err(Fault::new(Code::Value, "0 bytes cannot be decoded"));
                }
                bytes = Some(count);
            }
            ("offset", value) => offset = size(value)?,
            ("mode", "rfc4648" | "strict") => strict = true,
            ("mode", "rfc2045") => strict = false,
            _ => {
                return Err(Fault::new(Code::Value, format!("`{part}` is not an option of `from_base64`"))
                    .help("write bytes N, offset N, mode rfc4648, mode rfc2045 or mode strict"));
            }
        }
    }
    draft.transform(Transform::FromBase64 { bytes, offset, strict })
}

fn max_size(given: &Given<'_>) -> Parsed<usize> {
    if given.text.is_empty() {
        return Ok(INFLATED_DEFAULT);
    }
    let size = given.text.strip_prefix("max-size").and_then(|size| size.trim().parse::<usize>().ok());
    match size {
        Some(size) if (1..=INFLATED_MAX).contains(&size) => Ok(size),
        _ => Err(Fault::new(Code::Value, format!("`{}` is not a limit", given.text))
            .help(format!("write `max-size N`, up to {INFLATED_MAX}"))),
    }
}

fn subslice(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.split(',').map(str::trim).peekable();
    let offset = integer(parts.next().unwrap_or_default())?;
    let bytes = parts
        .next_if(|part| part.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
        .map(integer)
        .transpose()?;
    let truncate = match (parts.next(), parts.next()) {
        (None, _) => false,
        (Some("truncate"), None) => true,
        (Some(other), _) => {
            return Err(Fault::new(Code::Value, format!("`{other}` is not an option of `subslice`"))
                .help("write subslice:offset,bytes,truncate"));
        }
    };
    draft.transform(Transform::Subslice { offset, bytes, truncate })
}
