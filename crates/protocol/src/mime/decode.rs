//! The transfer encodings (RFC 2045 §6.7, §6.8), line by line.

/// Base64 across lines: up to three characters wait for their fourth.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Base64 {
    bits: u32,
    count: u8,
    ended: bool,
}

/// A byte that is not of the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign;

impl Base64 {
    /// Whether characters are left over.
    pub(super) fn is_open(&self) -> bool {
        self.count > 0
    }

    /// Decodes a line. White space is read over; at another foreign byte the rest of the line is given up.
    pub(super) fn decode(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Foreign> {
        for &byte in line {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => {
                    self.pad(out);
                    continue;
                }
                b' ' | b'\t' | b'\r' => continue,
                _ => return Err(Foreign),
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 1;
            self.ended = false;
            if self.count == 4 {
                let [_, first, second, third] = self.bits.to_be_bytes();
                out.extend_from_slice(&[first, second, third]);
                self.count = 0;
                self.bits = 0;
            }
        }
        Ok(())
    }

    fn pad(&mut self, out: &mut Vec<u8>) {
        match self.count {
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&[(self.bits >> 10) as u8, (self.bits >> 2) as u8]),
            _ => {}
        }
        self.count = 0;
        self.bits = 0;
        self.ended = true;
    }
}

/// How a quoted-printable line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    /// Its end is part of the text.
    Hard,
    /// `=` at the end: the next line continues it.
    Soft,
    /// It has an escape that is none; it was kept as it is.
    Invalid,
}

/// Decodes a quoted-printable line.
pub(super) fn quoted_printable(line: &[u8], out: &mut Vec<u8>) -> Quoted {
    let mut answer = Quoted::Hard;
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        match escape {
            [_] => return if answer == Quoted::Hard { Quoted::Soft } else { answer },
            [_, high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) << 4 | digit(*low));
                rest = escape.get(3..).unwrap_or_default();
            }
            _ => {
                answer = Quoted::Invalid;
                out.push(b'=');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
    answer
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    }
}
