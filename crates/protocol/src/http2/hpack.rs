//! Header compression (RFC 7541): a static table, a table that both sides build up, integers and strings.
//!
//! Limits: tables of 64 KiB, strings of 64 KiB, 1,024 headers and 256 KiB per block.

use std::collections::VecDeque;
use std::sync::Arc;

use super::huffman;

/// Bytes that a dynamic table may be allowed.
const TABLE_MAX: usize = 65_536;
/// Bytes of a dynamic table unless a setting says otherwise.
const TABLE_DEFAULT: usize = 4096;
/// Bytes that an entry counts besides its text (RFC 7541 §4.1).
const ENTRY_BYTES: usize = 32;
/// Bytes of one string.
const STRING_MAX: usize = 65_536;
/// Headers of one block.
const HEADERS_MAX: usize = 1024;
/// Bytes of all headers of one block, decoded.
const LIST_MAX: usize = 256 * 1024;

/// Text that several headers may share.
pub(super) type Text = Arc<[u8]>;

/// A header, or what stood in the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Field(Text, Text),
    /// The sender changed the size of its table.
    SizeUpdate(u64),
    /// What cannot be decoded.
    Invalid(&'static str),
}

/// Outcome of a block.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) headers: Vec<Header>,
    /// Something could not be decoded.
    pub(super) invalid: bool,
    /// An integer was too large.
    pub(super) overflow: bool,
}

/// The decoder of one direction.
#[derive(Debug)]
pub(super) struct Decoder {
    entries: VecDeque<(Text, Text)>,
    bytes: usize,
    limit: usize,
    /// What the receiver allows (its `SETTINGS_HEADER_TABLE_SIZE`).
    allowed: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limit: TABLE_DEFAULT, allowed: TABLE_DEFAULT }
    }
}

enum Flaw {
    Invalid(&'static str),
    Overflow,
}

impl Decoder {
    /// The receiver of these headers allows a table of so many bytes.
    pub(super) fn allow(&mut self, bytes: u32) {
        self.allowed = (bytes as usize).min(TABLE_MAX);
        if self.limit > self.allowed {
            self.resize(self.allowed);
        }
    }

    fn resize(&mut self, limit: usize) {
        self.limit = limit;
        while self.bytes > self.limit {
            let Some((name, value)) = self.entries.pop_back() else { break };
            self.bytes -= name.len() + value.len() + ENTRY_BYTES;
        }
    }

    fn insert(&mut self, name: Text, value: Text) {
        let bytes = name.len() + value.len() + ENTRY_BYTES;
        if bytes > self.limit {
            self.resize_to_nothing();
            return;
        }
        let limit = self.limit;
        self.resize(limit - bytes);
        self.limit = limit;
        self.bytes += bytes;
        self.entries.push_front((name, value));
    }

    /// An entry larger than the table empties it (RFC 7541 §4.4).
    fn resize_to_nothing(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    fn entry(&self, index: u64) -> Option<(Text, Text)> {
        let index = usize::try_from(index).ok()?.checked_sub(1)?;
        if let Some((name, value)) = STATIC.get(index) {
            return Some((name.as_bytes().into(), value.as_bytes().into()));
        }
        self.entries.get(index - STATIC.len()).cloned()
    }

    /// Decodes a block of headers.
    pub(super) fn decode(&mut self, mut bytes: &[u8]) -> Decoded {
        let mut decoded = Decoded::default();
        let mut total = 0;
        while !bytes.is_empty() && decoded.headers.len() < HEADERS_MAX {
            let header = match self.header(&mut bytes) {
                Ok(header) => header,
                Err(flaw) => {
                    let (word, overflow) = match flaw {
                        Flaw::Invalid(word) => (word, false),
                        Flaw::Overflow => ("HTTP2HeaderDecodeIntegerOverflow", true),
                    };
                    decoded.headers.push(Header::Invalid(word));
                    decoded.overflow |= overflow;
                    decoded.invalid |= !overflow;
                    return decoded;
                }
            };
            if let Header::Field(name, value) = &header {
                total += name.len() + value.len();
            }
            if let Header::Invalid(_) = &header {
                decoded.invalid = true;
            }
            if total > LIST_MAX {
                decoded.invalid = true;
                return decoded;
            }
            decoded.headers.push(header);
        }
        decoded
    }

    fn header(&mut self, bytes: &mut &[u8]) -> Result<Header, Flaw> {
        let first = bytes.first().copied().unwrap_or_default();
        if first & 0x80 != 0 {
            let index = integer(bytes, 7)?;
            return Ok(match self.entry(index) {
                Some((name, value)) => Header::Field(name, value),
                None => Header::Invalid("HTTP2HeaderDecodeNotIndexed"),
            });
        }
        if first & 0xe0 == 0x20 {
            let size = integer(bytes, 5)?;
            let wished = usize::try_from(size).unwrap_or(usize::MAX);
            self.resize(wished.min(self.allowed));
            return Ok(Header::SizeUpdate(size));
        }
        let indexed = first & 0xc0 == 0x40;
        let index = integer(bytes, if indexed { 6 } else { 4 })?;
        let name = match index {
            0 => Some(string(bytes)?),
            index => self.entry(index).map(|(name, _)| name),
        };
        let value = string(bytes)?;
        let Some(name) = name else { return Ok(Header::Invalid("HTTP2HeaderDecodeNotIndexed")) };
        if indexed {
            self.insert(Arc::clone(&name), Arc::clone(&value));
        }
        Ok(Header::Field(name, value))
    }
}

/// An integer with a prefix of so many bits (RFC 7541 §5.1).
fn integer(bytes: &mut &[u8], bits: u32) -> Result<u64, Flaw> {
    const SHORT: Flaw = Flaw::Invalid("HTTP2HeaderDecodeError");
    let (&first, mut rest) = bytes.split_first().ok_or(SHORT)?;
    let most = (1u64 << bits) - 1;
    let mut value = u64::from(first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (&byte, tail) = rest.split_first().ok_or(SHORT)?;
            rest = tail;
            // Nothing that is meant has more than 32 bits.
            if shift > 28 {
                return Err(Flaw::Overflow);
            }
            value += u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *bytes = rest;
    Ok(value)
}

fn string(bytes: &mut &[u8]) -> Result<Text, Flaw> {
    const SHORT: Flaw = Flaw::Invalid("HTTP2HeaderDecodeError");
    let huffman = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let length = usize::try_from(integer(bytes, 7)?).map_err(|_| Flaw::Overflow)?;
    let (text, rest) = bytes.split_at_checked(length).ok_or(SHORT)?;
    *bytes = rest;
    if huffman {
        return huffman::decode(text, STRING_MAX)
            .map(Text::from)
            .ok_or(Flaw::Invalid("HTTP2HeaderDecodeHuffmanError"));
    }
    Ok(text.get(..STRING_MAX).unwrap_or(text).into())
}

/// RFC 7541 appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn text(decoded: &Decoded) -> Vec<String> {
        let show = |header: &Header| match header {
            Header::Field(name, value) => {
                format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
            }
            other => format!("{other:?}"),
        };
        decoded.headers.iter().map(show).collect()
    }

    #[test]
    fn the_requests_of_rfc_7541_c_4_build_up_the_table() {
        let mut decoder = Decoder::default();
        let first = decoder.decode(&hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"));
        assert_eq!(
            text(&first),
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]
        );
        let second = decoder.decode(&hex("828684be5886a8eb10649cbf"));
        assert_eq!(text(&second)[3..], [":authority: www.example.com", "cache-control: no-cache"]);
        let third = decoder.decode(&hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"));
        assert_eq!(text(&third)[3..], [":authority: www.example.com", "custom-key: custom-value"]);
        assert_eq!(decoder.bytes, 164);
    }

    #[test]
    fn a_smaller_table_drops_the_oldest_entries() {
        let mut decoder = Decoder::default();
        decoder.decode(&hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"));
        decoder.decode(&hex("828684be5886a8eb10649cbf"));
        let decoded = decoder.decode(&hex("3f21 be bf"));
        assert_eq!(text(&decoded)[..2], ["SizeUpdate(64)", "cache-control: no-cache"]);
        assert!(decoded.invalid && decoder.entries.len() == 1);
    }

    #[test]
    fn an_endless_integer_is_an_overflow() {
        let decoded = Decoder::default().decode(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert!(decoded.overflow && decoded.headers.len() == 1);
    }
}
