//! Payloads of version 1 (RFC 2408 §3, RFC 2407 §4.6).

use super::{Message, payloads};
use crate::Core;
use crate::tls::hello::Cursor;
use json::hex;

/// Transforms of one message.
const TRANSFORMS_MAX: usize = 64;
/// Attributes of one transform.
const ATTRIBUTES_MAX: usize = 32;
/// Bytes kept of a key or nonce.
const VALUE_MAX: usize = 2048;
/// Vendor ids of one message.
const VENDORS_MAX: usize = 32;

/// An attribute of a transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) kind: u16,
    /// `None`: it does not fit a number.
    pub(super) number: Option<u32>,
    pub(super) bytes: Vec<u8>,
}

/// What both sides have said so far.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    pub(super) doi: Option<u32>,
    pub(super) sides: [Party; 2],
}

/// One side.
#[derive(Debug, Default)]
pub(super) struct Party {
    pub(super) key_exchange: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) transforms: Vec<Vec<Attribute>>,
}

mod kind {
    pub(super) const SECURITY_ASSOCIATION: u8 = 1;
    pub(super) const PROPOSAL: u8 = 2;
    pub(super) const KEY_EXCHANGE: u8 = 4;
    pub(super) const NONCE: u8 = 10;
    pub(super) const VENDOR: u8 = 13;
}

/// Reads what is behind the header; `None` when it is malformed.
pub(super) fn read(
    body: &[u8],
    message: &mut Message,
    negotiation: &mut Negotiation,
    core: &mut Core,
) -> Option<()> {
    message.encrypted = message.header.flags & 1 != 0;
    if message.encrypted {
        return Some(());
    }
    let length = message.header.length.checked_sub(super::HEADER_BYTES)?;
    let body = body.get(..length).unwrap_or(body);
    let place = usize::from(!message.from_client);
    payloads(message.header.next, body, core, |kind, content, core| {
        message.payloads.push(kind);
        let kept = content.get(..VALUE_MAX).unwrap_or(content);
        let party = &mut negotiation.sides[place];
        match kind {
            kind::SECURITY_ASSOCIATION => {
                let transforms = association(content, &mut negotiation.doi, core)?;
                if place == 1 {
                    message.chosen = transforms.first().cloned().unwrap_or_default();
                }
                party.transforms = transforms;
            }
            kind::KEY_EXCHANGE => {
                message.key_exchange = kept.to_vec();
                party.key_exchange = kept.to_vec();
            }
            kind::NONCE => {
                message.nonce = kept.to_vec();
                party.nonce = kept.to_vec();
            }
            kind::VENDOR if message.vendors.len() < VENDORS_MAX => message.vendors.push(hex(kept)),
            _ => {}
        }
        Some(())
    })
}

/// A security association: domain, situation, then proposals with transforms.
fn association(content: &[u8], doi: &mut Option<u32>, core: &mut Core) -> Option<Vec<Vec<Attribute>>> {
    let (domain, rest) = content.split_first_chunk()?;
    let domain = u32::from_be_bytes(*domain);
    *doi = Some(domain);
    let mut transforms = Vec::new();
    // Of other domains than IPsec the situation has a form of its own.
    if domain != 1 {
        return Some(transforms);
    }
    payloads(kind::PROPOSAL, rest.get(4..)?, core, |_, proposal, core| {
        let mut cursor = Cursor::new(proposal);
        let (_number, _protocol, spi, _count) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
        cursor.take(usize::from(spi))?;
        if cursor.rest.is_empty() {
            return Some(());
        }
        payloads(3, cursor.rest, core, |_, transform, _| {
            if transforms.len() < TRANSFORMS_MAX {
                transforms.push(attributes(transform.get(4..)?));
            }
            Some(())
        })
    })?;
    Some(transforms)
}

/// Attributes: two bytes of value, or a length and as many bytes (RFC 2408 §3.3).
fn attributes(bytes: &[u8]) -> Vec<Attribute> {
    let mut cursor = Cursor::new(bytes);
    let mut found = Vec::new();
    while let Some((kind, value)) = cursor.u16().zip(cursor.u16()) {
        if found.len() >= ATTRIBUTES_MAX {
            break;
        }
        if kind & 0x8000 != 0 {
            let bytes = value.to_be_bytes().to_vec();
            found.push(Attribute { kind: kind & 0x7fff, number: Some(value.into()), bytes });
            continue;
        }
        let Some(bytes) = cursor.take(usize::from(value)) else { break };
        let fits = bytes.len() <= 4;
        let number = fits.then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)));
        let kept = bytes.get(..VALUE_MAX).unwrap_or(bytes);
        found.push(Attribute { kind, number, bytes: kept.to_vec() });
    }
    found
}
