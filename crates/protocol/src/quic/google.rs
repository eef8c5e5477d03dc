//! Google's QUIC before TLS: hello messages of tags, in the clear.

use super::Message;
use super::packet::Header;
use crate::tls::fingerprint::{Ja3, md5_hex};
use crate::tls::hello::Cursor;

/// Bytes of the hash that stands between packet number and frames.
const HASH_BYTES: usize = 12;
/// Tags of a message.
const TAGS_MAX: u16 = 64;

/// Looks for a client's hello in the first frame.
pub(super) fn read(header: &Header<'_>, message: &mut Message) {
    let Some(text) = tags(header, message) else { return };
    let digits = (header.version & 0xffff).to_be_bytes();
    let version = String::from_utf8_lossy(&digits[2..]).into_owned();
    let text = format!("{version},{text}");
    let hash = md5_hex(text.as_bytes());
    message.cyu.push(Ja3 { text, hash });
}

/// The tags' names with dashes between them; host name and user agent go into the message.
fn tags(header: &Header<'_>, message: &mut Message) -> Option<String> {
    let first = *header.packet.first()?;
    let number_bytes = if first & 0x80 != 0 {
        usize::from(first & 3) + 1
    } else {
        [1, 2, 4, 6][usize::from((first & 0x30) >> 4)]
    };
    let mut cursor = Cursor::new(header.packet.get(header.number_at..)?);
    cursor.take(number_bytes + HASH_BYTES)?;
    // A stream frame: 1fdooossB; the bits give the lengths of data length, offset and stream id.
    let kind = cursor.u8()?;
    if kind & 0x80 == 0 {
        return None;
    }
    let offset = usize::from((kind & 0x1c) >> 2);
    cursor.take(usize::from(kind & 3) + 1 + if offset > 0 { offset + 1 } else { 0 })?;
    let data = if kind & 0x20 != 0 { cursor.vector16()? } else { cursor.rest };
    let mut cursor = Cursor::new(data);
    if cursor.take(4)? != b"CHLO" {
        return None;
    }
    let count = cursor.u16()?.swap_bytes();
    cursor.take(2)?;
    if count > TAGS_MAX {
        return None;
    }
    let index = cursor.take(usize::from(count) * 8)?;
    let values = cursor.rest;
    let mut text = String::new();
    let mut start = 0;
    for entry in index.chunks_exact(8) {
        let (&tag, end) = entry.split_first_chunk::<4>()?;
        let end = u32::from_le_bytes(*end.first_chunk()?) as usize;
        let value = values.get(start..end).unwrap_or_default();
        start = end;
        match &tag {
            b"SNI\0" => message.sni = Some(value.to_vec()),
            b"UAID" => message.agent = Some(value.to_vec()),
            _ => {}
        }
        if !text.is_empty() {
            text.push('-');
        }
        text.extend(tag.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)));
    }
    Some(text)
}
