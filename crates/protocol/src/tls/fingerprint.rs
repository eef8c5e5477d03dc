//! Fingerprints of hello messages: JA3 and JA3S (MD5 of numbers in decimal), JA4 (counts, and SHA-256 of sorted lists).

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::Sha256;

use super::hello::{Hello, extension, is_grease, words};

/// A fingerprint's text and its hash in hexadecimal.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ja3 {
    pub(crate) text: String,
    pub(crate) hash: String,
}

impl Ja3 {
    fn new(text: String) -> Self {
        let hash = md5_hex(text.as_bytes());
        Self { text, hash }
    }
}

/// MD5 in hexadecimal.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    json::hex(&Md5::digest(bytes))
}

fn join(text: &mut String, numbers: impl Iterator<Item = u16>) {
    let start = text.len();
    for number in numbers {
        if text.len() > start {
            text.push('-');
        }
        push_number(text, number);
    }
}

/// Appends a number in decimal digits: five at most.
fn push_number(text: &mut String, number: u16) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// JA3 of a ClientHello: version, ciphers, extensions, groups, point formats.
pub(crate) fn ja3(hello: &Hello<'_>) -> Ja3 {
    let plain = |value: &u16| !is_grease(*value);
    let mut text = String::with_capacity(256);
    push_number(&mut text, hello.version);
    text.push(',');
    join(&mut text, words(hello.ciphers).filter(plain));
    text.push(',');
    join(&mut text, hello.each().map(|(number, _)| number).filter(plain));
    text.push(',');
    join(&mut text, hello.list(extension::SUPPORTED_GROUPS).filter(plain));
    text.push(',');
    join(&mut text, hello.point_formats().iter().map(|format| u16::from(*format)));
    Ja3::new(text)
}

/// JA3S of a ServerHello: version, cipher, extensions.
pub(crate) fn ja3s(hello: &Hello<'_>) -> Ja3 {
    let mut text = String::with_capacity(48);
    push_number(&mut text, hello.version);
    text.push(',');
    join(&mut text, words(hello.ciphers));
    text.push(',');
    join(&mut text, hello.each().map(|(number, _)| number));
    Ja3::new(text)
}

/// Bytes of hash that a JA4 shows, in hexadecimal digits.
const JA4_HASH_DIGITS: usize = 12;

/// JA4 of a ClientHello.
pub(crate) fn ja4(hello: &Hello<'_>, quic: bool) -> String {
    let plain = |value: &u16| !is_grease(*value);
    let mut ciphers: Vec<u16> = words(hello.ciphers).filter(plain).collect();
    let extensions: Vec<u16> = hello.each().map(|(number, _)| number).filter(plain).collect();
    let mut text = String::with_capacity(36);
    text.push(if quic { 'q' } else { 't' });
    text.push_str(version_digits(newest(hello)));
    text.push(if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' });
    let _ = write!(text, "{:02}{:02}", ciphers.len().min(99), extensions.len().min(99));
    let (first, last) = alpn_ends(hello.alpns().next());
    text.push(first);
    text.push(last);

    ciphers.sort_unstable();
    text.push('_');
    text.push_str(&short_hash(&hex_list(&ciphers)));

    let mut sorted: Vec<u16> = extensions
        .into_iter()
        .filter(|number| *number != extension::SERVER_NAME && *number != extension::ALPN)
        .collect();
    sorted.sort_unstable();
    let algorithms: Vec<u16> = hello.list(extension::SIGNATURE_ALGORITHMS).filter(plain).collect();
    let mut listed = hex_list(&sorted);
    listed.push('_');
    listed.push_str(&hex_list(&algorithms));
    text.push('_');
    text.push_str(&short_hash(&listed));
    text
}

/// The highest version that the client offers.
fn newest(hello: &Hello<'_>) -> u16 {
    let Some(content) = hello.find(extension::SUPPORTED_VERSIONS) else { return hello.version };
    let offered = words(content.get(1..).unwrap_or_default()).filter(|version| !is_grease(*version));
    offered.max().unwrap_or(hello.version)
}

const fn version_digits(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0200 | 0x0002 => "s2",
        0xfefd => "d2",
        0xfeff => "d1",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first ALPN name; of its hexadecimal form when one of them is no letter or digit.
fn alpn_ends(name: Option<&[u8]>) -> (char, char) {
    let Some((&first, &last)) = name.and_then(|name| name.first().zip(name.last())) else {
        return ('0', '0');
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(first), char::from(last));
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 15))
}

fn hex_list(numbers: &[u16]) -> String {
    let mut text = String::with_capacity(numbers.len() * 5);
    for number in numbers {
        if !text.is_empty() {
            text.push(',');
        }
        text.extend([12, 8, 4, 0].map(|shift| char::from(HEX_DIGITS[usize::from(number >> shift & 15)])));
    }
    text
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

fn short_hash(text: &str) -> String {
    json::hex(&Sha256::digest(text.as_bytes())[..JA4_HASH_DIGITS / 2])
}
