//! Payloads of version 2 (RFC 7296 §3).

use super::{Message, event, payloads};
use crate::Core;
use crate::tls::hello::Cursor;

/// Notifications of one message.
const NOTIFICATIONS_MAX: usize = 64;
/// Bytes kept of a key or nonce.
const VALUE_MAX: usize = 2048;
/// Notifications below this are errors.
const ERRORS_BELOW: u16 = 16_384;

/// Transforms that the responder chose, by their kind.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Choice {
    pub(super) encryption: Option<u16>,
    pub(super) random: Option<u16>,
    pub(super) integrity: Option<u16>,
    pub(super) group: Option<u16>,
    pub(super) sequence: Option<u16>,
}

mod kind {
    pub(super) const SECURITY_ASSOCIATION: u8 = 33;
    pub(super) const KEY_EXCHANGE: u8 = 34;
    pub(super) const NONCE: u8 = 40;
    pub(super) const NOTIFY: u8 = 41;
}

/// Reads what is behind the header; `None` when it is malformed.
pub(super) fn read(body: &[u8], message: &mut Message, choice: &mut Choice, core: &mut Core) -> Option<()> {
    payloads(message.header.next, body, core, |kind, content, core| {
        message.payloads.push(kind);
        let kept = content.get(..VALUE_MAX).unwrap_or(content);
        match kind {
            kind::SECURITY_ASSOCIATION => association(content, message.from_client, choice, core)?,
            kind::KEY_EXCHANGE => message.key_exchange = kept.get(4..)?.to_vec(),
            kind::NONCE => message.nonce = kept.to_vec(),
            kind::NOTIFY => {
                let number = u16::from_be_bytes(*content.get(2..4)?.first_chunk()?);
                message.errors += u32::from(number < ERRORS_BELOW);
                if message.notifications.len() < NOTIFICATIONS_MAX {
                    message.notifications.push(number);
                }
            }
            _ => {}
        }
        Some(())
    })
}

/// Proposals with transforms; each sort of transform must be there, and not a weak one.
fn association(content: &[u8], from_client: bool, choice: &mut Choice, core: &mut Core) -> Option<()> {
    let mut proposals = 0;
    payloads(2, content, core, |_, proposal, core| {
        proposals += 1;
        if proposals > 1 && !from_client {
            core.raise(event::MULTIPLE_SERVER_PROPOSAL);
        }
        let mut cursor = Cursor::new(proposal);
        let (_number, protocol, spi, count) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
        cursor.take(usize::from(spi))?;
        let mut found = Choice::default();
        if count > 0 {
            payloads(3, cursor.rest, core, |_, transform, core| {
                let mut cursor = Cursor::new(transform);
                let (kind, _, number) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
                judge(kind, number, core);
                let place = match kind {
                    1 => &mut found.encryption,
                    2 => &mut found.random,
                    3 => &mut found.integrity,
                    4 => &mut found.group,
                    5 => &mut found.sequence,
                    _ => return Some(()),
                };
                *place = Some(number);
                Some(())
            })?;
        }
        // IKE itself (protocol 1) needs a group; AES-GCM and its like bring their own integrity.
        if protocol == 1 && found.group.is_none() {
            core.raise(event::WEAK_CRYPTO_NO_DH);
        }
        if found.integrity.is_none() && !found.encryption.is_some_and(is_combined) {
            core.raise(event::WEAK_CRYPTO_NO_AUTH);
        }
        if !from_client {
            *choice = found;
        }
        Some(())
    })
}

const fn is_combined(encryption: u16) -> bool {
    matches!(encryption, 14..=16 | 18..=20 | 25..=28)
}

/// Says which transforms are weak (RFC 8247, RFC 9395).
fn judge(kind: u8, number: u16, core: &mut Core) {
    match (kind, number) {
        (1, 11) => core.raise(event::NO_ENCRYPTION),
        (1, 1..=9) => core.raise(event::WEAK_CRYPTO_ENC),
        (2, 1 | 2) => core.raise(event::WEAK_CRYPTO_PRF),
        (3, 0) => core.raise(event::WEAK_CRYPTO_NO_AUTH),
        (3, 1..=4 | 6 | 7) => core.raise(event::WEAK_CRYPTO_AUTH),
        (4, 0) => core.raise(event::WEAK_CRYPTO_NO_DH),
        (4, 1 | 2 | 5) => core.raise(event::WEAK_CRYPTO_DH),
        _ => {}
    }
}
