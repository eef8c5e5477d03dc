//! A streaming JSON writer: values go straight into a byte buffer, without a tree in between.
//!
//! Every EVE record of every protocol is written with it, so it is on the hot path: no allocation but the buffer's own
//! growth. In a string that is not UTF-8 every byte outside ASCII becomes `\xnn` text, as Suricata writes it (RFC 8259 §7 has
//! no byte strings).

#[cfg(test)]
mod tests;

/// Writes one JSON document into a byte buffer.
///
/// Commas are placed by the writer. `object`/`array` open, `end` closes the innermost one.
///
/// # Panics
/// `end` without an open object or array is a bug and panics.
#[derive(Debug, Default, Clone)]
pub struct Json {
    bytes: Vec<u8>,
    /// Closers of the open containers, innermost last.
    open: Vec<u8>,
    /// The innermost one has something in it: a comma is due.
    due: bool,
}

impl Json {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The buffer itself, for appending raw bytes such as a newline between documents.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.open.clear();
        self.due = false;
    }

    /// How many containers are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    #[inline]
    fn separate(&mut self) {
        if std::mem::replace(&mut self.due, !self.open.is_empty()) {
            self.bytes.push(b',');
        }
    }

    #[inline]
    fn begin(&mut self, opener: u8, closer: u8) {
        self.bytes.push(opener);
        self.open.push(closer);
        self.due = false;
    }

    // Keys are literals: inlined, their length is known and copying them is a move or two. What writes the values is there
    // once for all: what records are full of should stay near.
    #[inline(always)]
    fn key(&mut self, key: &str) {
        if std::mem::replace(&mut self.due, !self.open.is_empty()) {
            self.bytes.extend_from_slice(b",\"");
        } else {
            self.bytes.push(b'"');
        }
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// Opens the document's outermost object, or an object inside an array.
    pub fn object_item(&mut self) -> &mut Self {
        self.separate();
        self.begin(b'{', b'}');
        self
    }

    /// Opens an object like [`Json::object_item`], for members that are written as they are. The first stands without a comma,
    /// and there must be one; what follows may go through the other methods.
    pub fn object_with_members(&mut self) -> &mut Vec<u8> {
        self.object_item();
        self.members()
    }

    /// The buffer, for members of the innermost object that are written as they are, each behind its comma when
    /// [`Json::has_members`]. There must be one by the time another method is called.
    pub fn members(&mut self) -> &mut Vec<u8> {
        self.due = !self.open.is_empty();
        &mut self.bytes
    }

    /// Whether the next member of the innermost object is separated by a comma.
    pub fn has_members(&self) -> bool {
        self.due
    }

    /// Opens an array inside an array (or as the document).
    pub fn array_item(&mut self) -> &mut Self {
        self.separate();
        self.begin(b'[', b']');
        self
    }

    /// Opens an object under `key`. Keys are our own names and are not escaped.
    #[inline]
    pub fn object(&mut self, key: &str) -> &mut Self {
        self.key(key);
        self.begin(b'{', b'}');
        self
    }

    /// Opens an array under `key`.
    #[inline]
    pub fn array(&mut self, key: &str) -> &mut Self {
        self.key(key);
        self.begin(b'[', b']');
        self
    }

    /// Closes the innermost object or array.
    pub fn end(&mut self) -> &mut Self {
        let closer = self.open.pop().expect("an object or array is open");
        self.bytes.push(closer);
        self.due = !self.open.is_empty();
        self
    }

    /// `key: "text"`, escaped.
    #[inline(always)]
    pub fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.quoted_str(value);
        self
    }

    /// `key: "text"` for text that is known to need no escaping: printable ASCII without `"` and `\`.
    #[inline(always)]
    pub fn plain(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.key(key);
        self.quoted_plain(value);
        self
    }

    /// `key: "bytes"`: valid UTF-8 is kept, other bytes become `\xNN` text.
    #[inline]
    pub fn bytes_text(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.key(key);
        self.quoted(value);
        self
    }

    /// `key: "text"` for plain text (see [`Json::plain`]) that `write` appends: what is written often and has no form in memory.
    #[inline]
    pub fn plain_by(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.key(key);
        self.bytes.push(b'"');
        let start = self.bytes.len();
        write(&mut self.bytes);
        debug_assert!(self.bytes[start..].iter().all(|byte| is_plain(*byte)), "plain text needs no escaping");
        self.bytes.push(b'"');
        self
    }

    /// `key: "TEXT"`: plain text in capitals.
    pub fn capitals(&mut self, key: &str, value: &str) -> &mut Self {
        self.plain_by(key, |out| {
            let start = out.len();
            out.extend_from_slice(value.as_bytes());
            out[start..].make_ascii_uppercase();
        })
    }

    /// `key: "value"` for anything that displays as plain text, such as an address.
    pub fn display(&mut self, key: &str, value: impl std::fmt::Display) -> &mut Self {
        self.key(key);
        self.bytes.push(b'"');
        write_display(&mut self.bytes, value);
        self.bytes.push(b'"');
        self
    }

    /// `key: "one | two"`: parts of plain text (see [`Json::plain`]) with `between` between them; `none` when there are none.
    pub fn joined<'a>(
        &mut self,
        key: &str,
        parts: impl Iterator<Item = &'a str>,
        between: &str,
        none: &str,
    ) -> &mut Self {
        self.key(key);
        self.bytes.push(b'"');
        let start = self.bytes.len();
        for part in parts {
            debug_assert!(part.bytes().all(is_plain), "plain text needs no escaping");
            if self.bytes.len() > start {
                self.bytes.extend_from_slice(between.as_bytes());
            }
            self.bytes.extend_from_slice(part.as_bytes());
        }
        if self.bytes.len() == start {
            self.bytes.extend_from_slice(none.as_bytes());
        }
        self.bytes.push(b'"');
        self
    }

    /// `key: 7`.
    #[inline(always)]
    pub fn number(&mut self, key: &str, value: impl Integer) -> &mut Self {
        self.key(key);
        self.integer(value.parts());
        self
    }

    /// `key: 0.25`; a value that is not finite becomes `null`. Whole numbers keep `.0`.
    pub fn float(&mut self, key: &str, value: f64) -> &mut Self {
        self.key(key);
        write_float(&mut self.bytes, value);
        self
    }

    /// `key: 0.25` for 25: hundredths, exactly as [`Json::float`] writes the number that is nearest to them.
    pub fn hundredths(&mut self, key: &str, value: impl Integer) -> &mut Self {
        let (negative, value) = value.parts();
        self.key(key);
        self.integer((negative, value / 100));
        let (tenths, rest) = (value / 10 % 10, value % 10);
        self.bytes.extend_from_slice(&[b'.', b'0' + tenths as u8]);
        if rest != 0 {
            self.bytes.push(b'0' + rest as u8);
        }
        self
    }

    /// `key: true`.
    #[inline(always)]
    pub fn boolean(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key);
        self.bytes.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// `key: <json>`, where the value is already JSON.
    pub fn raw(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.key(key);
        self.bytes.extend_from_slice(value);
        self
    }

    /// `key: "68656c6c6f"`, lower-case hexadecimal; `separator` stands between bytes when given.
    pub fn hex(&mut self, key: &str, value: &[u8], separator: Option<u8>) -> &mut Self {
        self.key(key);
        self.bytes.push(b'"');
        match separator {
            None => push_hex(&mut self.bytes, value),
            Some(separator) => {
                for (index, byte) in value.iter().enumerate() {
                    if index > 0 {
                        self.bytes.push(separator);
                    }
                    self.bytes.extend_from_slice(&hex_pair(*byte));
                }
            }
        }
        self.bytes.push(b'"');
        self
    }

    /// An array item: text.
    pub fn text_item(&mut self, value: &str) -> &mut Self {
        self.separate();
        self.quoted_str(value);
        self
    }

    /// An array item: bytes as text, see [`Json::bytes_text`].
    pub fn bytes_item(&mut self, value: &[u8]) -> &mut Self {
        self.separate();
        self.quoted(value);
        self
    }

    /// An array item: number.
    pub fn number_item(&mut self, value: impl Integer) -> &mut Self {
        self.separate();
        self.integer(value.parts());
        self
    }

    /// An array item: anything that displays as plain text.
    pub fn display_item(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.separate();
        self.bytes.push(b'"');
        write_display(&mut self.bytes, value);
        self.bytes.push(b'"');
        self
    }

    #[inline(never)]
    fn integer(&mut self, (negative, value): (bool, u64)) {
        if negative {
            self.bytes.push(b'-');
        }
        decimal_into(&mut self.bytes, value);
    }

    #[inline(never)]
    fn quoted_plain(&mut self, value: &[u8]) {
        debug_assert!(value.iter().all(|byte| is_plain(*byte)), "plain text needs no escaping");
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(value);
        self.bytes.push(b'"');
    }

    fn quoted_str(&mut self, value: &str) {
        self.bytes.push(b'"');
        escape_utf8(&mut self.bytes, value.as_bytes());
        self.bytes.push(b'"');
    }

    fn quoted(&mut self, value: &[u8]) {
        self.bytes.push(b'"');
        escape_into(&mut self.bytes, value);
        self.bytes.push(b'"');
    }
}

/// Appends `value` as the inside of a JSON string; see the crate's head for bytes that are not UTF-8.
pub fn escape_into(out: &mut Vec<u8>, value: &[u8]) {
    if std::str::from_utf8(value).is_ok() {
        return escape_utf8(out, value);
    }
    let mut rest = value;
    while !rest.is_empty() {
        let (plain, others) =
            rest.split_at(rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len()));
        escape_utf8(out, plain);
        let count = others.iter().position(u8::is_ascii).unwrap_or(others.len());
        for byte in &others[..count] {
            let [high, low] = hex_pair(*byte);
            out.extend_from_slice(&[b'\\', b'\\', b'x', high, low]);
        }
        rest = &others[count..];
    }
}

/// Whether a byte stands for itself inside a JSON string.
const fn is_plain(byte: u8) -> bool {
    // Without a branch, so that many are compared at once.
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\') & (byte != 0x7f)
}

/// Whether no byte needs escaping.
fn are_plain(value: &[u8]) -> bool {
    // Without a branch inside, sixteen bytes are compared at once.
    fn all<const N: usize>(bytes: &[u8; N]) -> bool {
        bytes.iter().fold(true, |plain, byte| plain & is_plain(*byte))
    }
    if let Some(last) = value.last_chunk::<16>() {
        return value.as_chunks::<16>().0.iter().all(all) && all(last);
    }
    match (value.first_chunk::<8>(), value.last_chunk::<8>()) {
        (Some(first), Some(last)) => all(first) && all(last),
        _ => value.iter().all(|byte| is_plain(*byte)),
    }
}

fn escape_utf8(out: &mut Vec<u8>, value: &[u8]) {
    if are_plain(value) {
        return out.extend_from_slice(value);
    }
    for bytes in value.chunks(ESCAPED_TOGETHER) {
        let mut text = [0; ESCAPED_TOGETHER * ESCAPE_MAX];
        let mut len = 0;
        for byte in bytes {
            // A block of known size each; the next one begins where what counts of it ends.
            let (escape, used) = ESCAPES[usize::from(*byte)];
            text[len..len + ESCAPE_MAX].copy_from_slice(&escape);
            len += usize::from(used);
        }
        out.extend_from_slice(&text[..len]);
    }
}

/// Bytes whose escapes are put together before they are appended.
const ESCAPED_TOGETHER: usize = 16;
/// Bytes of the longest escape: `\u0000`.
const ESCAPE_MAX: usize = 6;

/// What stands for each byte inside a JSON string (RFC 8259 §7), and how long it is.
const ESCAPES: [([u8; ESCAPE_MAX], u8); 256] = {
    let mut escapes = [([0; ESCAPE_MAX], 0); 256];
    let mut number = 0;
    while number < escapes.len() {
        let byte = number as u8;
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => 0,
        };
        escapes[number] = match (is_plain(byte), short) {
            (true, _) => ([byte, 0, 0, 0, 0, 0], 1),
            (false, 0) => ([b'\\', b'u', b'0', b'0', DIGITS[number >> 4], DIGITS[number & 15]], 6),
            (false, _) => ([b'\\', short, 0, 0, 0, 0], 2),
        };
        number += 1;
    }
    escapes
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends a number in decimal digits.
#[inline]
pub fn decimal_into(out: &mut Vec<u8>, value: u64) {
    match u32::try_from(value) {
        Ok(value) if value < 10_000 => {
            let zeros = usize::from(value < 1_000) + usize::from(value < 100) + usize::from(value < 10);
            let digits = u32::from_le_bytes(four_digits(value)) >> (zeros * 8);
            // A block of known size is copied in one move; what is beyond the digits is cut off again.
            let end = out.len() + 4 - zeros;
            out.extend_from_slice(&digits.to_le_bytes());
            out.truncate(end);
        }
        _ => long_decimal_into(out, value),
    }
}

#[inline(never)]
fn long_decimal_into(out: &mut Vec<u8>, value: u64) {
    let digits = |value: u64| {
        let [a, b, c, d] = four_digits((value / 10_000) as u32);
        let [e, f, g, h] = four_digits((value % 10_000) as u32);
        [a, b, c, d, e, f, g, h]
    };
    let (high, low) = (value / 100_000_000, digits(value % 100_000_000));
    if high > 0 {
        decimal_into(out, high);
        return out.extend_from_slice(&low);
    }
    let low = u64::from_le_bytes(low);
    let zeros = (low ^ u64::from_le_bytes([b'0'; 8])).trailing_zeros() as usize / 8;
    let end = out.len() + 8 - zeros;
    out.extend_from_slice(&(low >> (zeros * 8)).to_le_bytes());
    out.truncate(end);
}

/// The digits of a number below ten thousand, zeros in front.
#[inline]
pub fn four_digits(value: u32) -> [u8; 4] {
    let ([a, b], [c, d]) = (two_digits(value / 100), two_digits(value % 100));
    [a, b, c, d]
}

/// The digits of a number below a hundred, a zero in front.
#[inline]
pub fn two_digits(value: u32) -> [u8; 2] {
    PAIRS[value as usize]
}

/// Appends a number in lower-case hexadecimal digits, as many as it has.
pub fn hex_into(out: &mut Vec<u8>, value: u64) {
    let digits = 16 - (value | 1).leading_zeros() / 4;
    for place in (0..digits).rev() {
        out.push(DIGITS[(value >> (place * 4) & 15) as usize]);
    }
}

/// The digits of the numbers below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    String::from_utf8(text).expect("digits are ASCII")
}

fn push_hex(out: &mut Vec<u8>, value: &[u8]) {
    for bytes in value.chunks(32) {
        let mut text = [[0; 2]; 32];
        for (pair, byte) in text.iter_mut().zip(bytes) {
            *pair = hex_pair(*byte);
        }
        out.extend_from_slice(text[..bytes.len()].as_flattened());
    }
}

/// The two lower-case hexadecimal digits of a byte.
#[inline]
pub const fn hex_pair(byte: u8) -> [u8; 2] {
    [DIGITS[byte as usize >> 4], DIGITS[byte as usize & 15]]
}

/// What [`Json::number`] takes: the integers of up to 64 bits.
pub trait Integer: Copy {
    /// Whether it is negative, and how far it is from zero.
    fn parts(self) -> (bool, u64);
}

macro_rules! integers {
    ($($unsigned:ty)*; $($signed:ty)*) => {
        $(impl Integer for $unsigned {
            #[inline]
            fn parts(self) -> (bool, u64) {
                (false, self as u64)
            }
        })*
        $(impl Integer for $signed {
            #[inline]
            fn parts(self) -> (bool, u64) {
                (self < 0, (self as i64).unsigned_abs())
            }
        })*
    };
}

integers!(u8 u16 u32 u64 usize; i8 i16 i32 i64 isize);

fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    struct Bytes<'a>(&'a mut Vec<u8>);

    impl std::fmt::Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    use std::fmt::Write;
    write!(Bytes(out), "{value}").expect("a Vec<u8> takes every write");
}

fn write_float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        write_display(out, format_args!("{value:?}"));
    } else {
        out.extend_from_slice(b"null");
    }
}
