//! Initial packets: their keys, which anybody can derive (RFC 9001 §5.2), their frames, and the crypto stream in them.

use aes::cipher::BlockEncrypt;
use aes::{Aes128, Block};
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use model::Direction;
use sha2::Sha256;

use super::packet::{Header, VERSION_1, VERSION_2, number};
use crate::tls::hello::Cursor;

/// Bytes of the crypto stream per direction.
const STREAM_MAX: usize = 64 * 1024;
/// Disjoint pieces of it.
const PIECES_MAX: usize = 64;
/// Frames of one packet.
const FRAMES_MAX: usize = 4096;
/// Ranges of one acknowledgement.
const ACK_RANGES_MAX: u64 = 4096;
/// Bytes of the authentication tag.
const TAG_BYTES: usize = 16;

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
    0xbd, 0x2e, 0xd9,
];
/// Drafts 29 to 32.
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
    0x90, 0xa8, 0x99,
];
/// Drafts 23 to 28.
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe,
    0xf9, 0xf5, 0x02,
];

/// Keys of the Initial packets of a connection.
#[derive(Clone)]
pub(super) struct Keys {
    sides: [SideKeys; 2],
}

#[derive(Clone)]
struct SideKeys {
    packet: Aes128Gcm,
    header: Aes128,
    iv: [u8; 12],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Keys from the destination connection id of the client's first packet; `None` for an unknown version.
    pub(super) fn new(version: u32, destination: &[u8]) -> Option<Self> {
        let salt = match version {
            VERSION_1 | 0xff00_0021..=0xff00_0022 => &SALT_1,
            VERSION_2 => &SALT_2,
            0xff00_001d..=0xff00_0020 => &SALT_DRAFT_29,
            0xff00_0017..=0xff00_001c => &SALT_DRAFT_23,
            _ => return None,
        };
        let words = if version == VERSION_2 {
            ["quicv2 key", "quicv2 iv", "quicv2 hp"]
        } else {
            ["quic key", "quic iv", "quic hp"]
        };
        let initial = Hkdf::<Sha256>::new(Some(salt), destination);
        let side = |label| {
            let secret: [u8; 32] = expand(&initial, label);
            let secret = Hkdf::<Sha256>::from_prk(&secret).expect("32 bytes are a SHA-256 key");
            let (key, header): ([u8; 16], [u8; 16]) = (expand(&secret, words[0]), expand(&secret, words[2]));
            SideKeys {
                packet: Aes128Gcm::new(&key.into()),
                header: Aes128::new(&header.into()),
                iv: expand(&secret, words[1]),
            }
        };
        Some(Self { sides: [side("client in"), side("server in")] })
    }

    /// Takes off the protection of a packet; `None` when the keys do not fit.
    pub(super) fn open(&self, header: &Header<'_>, direction: Direction) -> Option<Vec<u8>> {
        let keys = &self.sides[direction.index()];
        let at = header.number_at;
        let sample = header.packet.get(at + 4..at + 20)?;
        let mut mask = Block::clone_from_slice(sample);
        keys.header.encrypt_block(&mut mask);

        let first = *header.packet.first()? ^ (mask[0] & 0x0f);
        let count = usize::from(first & 3) + 1;
        let mut clear = header.packet.get(..at + count)?.to_vec();
        clear[0] = first;
        let mut packet_number = 0u64;
        for (byte, mask) in clear[at..].iter_mut().zip(mask.iter().skip(1)) {
            *byte ^= mask;
            packet_number = packet_number << 8 | u64::from(*byte);
        }
        let mut nonce = keys.iv;
        for (byte, digit) in nonce.iter_mut().skip(4).zip(packet_number.to_be_bytes()) {
            *byte ^= digit;
        }
        let sealed = header.packet.get(at + count..)?;
        let (sealed, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let mut plain = sealed.to_vec();
        keys.packet
            .decrypt_in_place_detached(Nonce::from_slice(&nonce), &clear, &mut plain, Tag::from_slice(tag))
            .ok()?;
        Some(plain)
    }
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 8446 §7.1) with an empty context.
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> [u8; N] {
    let mut info = vec![0, N as u8, 6 + label.len() as u8];
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let mut key = [0; N];
    secret.expand(&info, &mut key).expect("less than 255 hashes are asked for");
    key
}

/// Why frames could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Frames,
    TooLong,
}

/// The crypto stream of one direction as far as it is there.
#[derive(Debug, Default)]
pub(super) struct Stream {
    data: Vec<u8>,
    /// What of `data` is there: disjoint, in order.
    pieces: Vec<(usize, usize)>,
}

impl Stream {
    fn insert(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Flaw> {
        let start = usize::try_from(offset).map_err(|_| Flaw::TooLong)?;
        let end = start.saturating_add(bytes.len());
        if end > STREAM_MAX || self.pieces.len() >= PIECES_MAX {
            return Err(Flaw::TooLong);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        if let Some(place) = self.data.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        let (mut start, mut end) = (start, end);
        self.pieces.retain(|&(from, to)| {
            let apart = to < start || end < from;
            if !apart {
                (start, end) = (start.min(from), end.max(to));
            }
            apart
        });
        let place = self.pieces.partition_point(|piece| piece.0 < start);
        self.pieces.insert(place, (start, end));
        Ok(())
    }

    /// The first handshake message with its header, once it is whole.
    pub(super) fn message(&self) -> Option<&[u8]> {
        let &(0, end) = self.pieces.first()? else { return None };
        let here = self.data.get(..end)?;
        let &[_, a, b, c] = here.first_chunk::<4>()?;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        here.get(..4 + length)
    }
}

/// Reads the frames of an Initial packet (RFC 9000 §12.4 lists those allowed) and collects the crypto stream.
pub(super) fn frames(plain: &[u8], stream: &mut Stream) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(plain);
    for _ in 0..FRAMES_MAX {
        let padding = cursor.rest.iter().position(|byte| *byte != 0).unwrap_or(cursor.rest.len());
        cursor.take(padding);
        if cursor.rest.is_empty() {
            return Ok(());
        }
        if !frame(&mut cursor, stream)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one frame; false when no more can be read behind it.
fn frame(cursor: &mut Cursor<'_>, stream: &mut Stream) -> Result<bool, Flaw> {
    let mut next = || number(cursor).ok_or(Flaw::Frames);
    match next()? {
        1 => {}
        kind @ (2 | 3) => {
            let (_largest, _delay, ranges, _first) = (next()?, next()?, next()?, next()?);
            for _ in 0..ranges.min(ACK_RANGES_MAX) {
                next()?;
                next()?;
            }
            if kind == 3 {
                next()?;
                next()?;
                next()?;
            }
        }
        6 => {
            let (offset, length) = (next()?, next()?);
            let bytes = usize::try_from(length).ok().and_then(|length| cursor.take(length));
            stream.insert(offset, bytes.ok_or(Flaw::Frames)?)?;
        }
        // Closing the connection, or something that does not belong here.
        _ => return Ok(false),
    }
    Ok(true)
}
