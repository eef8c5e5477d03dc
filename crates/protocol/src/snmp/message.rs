//! SNMP messages.

use super::ber::{self, OBJECT, SEQUENCE, TEXT};

const VARIABLES_MAX: usize = 128;
/// The user-based security model (RFC 3414).
pub(super) const USER_MODEL: i64 = 3;
const TRAP_V1: u8 = 4;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// 1, 2 (2c) or 3.
    pub(super) version: u8,
    pub(super) community: Option<Vec<u8>>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) security_model: Option<i64>,
    pub(super) encrypted: bool,
    pub(super) pdu: Option<Pdu>,
}

/// What is asked or answered.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Pdu {
    /// See [`super::KINDS`].
    pub(super) kind: u8,
    pub(super) error: i64,
    pub(super) trap: Option<Trap>,
    pub(super) variables: Vec<String>,
}

/// The head of a trap of version 1.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Trap {
    pub(super) generic: i64,
    pub(super) object: String,
    pub(super) address: Vec<u8>,
}

impl Message {
    pub(super) fn new(version: u8) -> Self {
        Self { version, community: None, user: None, security_model: None, encrypted: false, pdu: None }
    }
}

/// The version that a message claims.
pub(super) fn version(bytes: &[u8]) -> Option<u8> {
    // The outer length is not checked here: the datagram may be cut off.
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let mut rest = match first {
        0..=0x7f => rest,
        0x81..=0x84 => rest.get(usize::from(first & 0x7f)..)?,
        _ => return None,
    };
    match ber::integer(&mut rest)? {
        0 if tag == SEQUENCE => Some(1),
        1 if tag == SEQUENCE => Some(2),
        3 if tag == SEQUENCE => Some(3),
        _ => None,
    }
}

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Option<Message> {
    let mut message = Message::new(version(bytes)?);
    let mut outer = bytes;
    let mut rest = ber::expect(&mut outer, SEQUENCE)?;
    ber::integer(&mut rest)?;
    if message.version == 3 {
        read_version3(&mut message, rest)?;
    } else {
        message.community = Some(ber::expect(&mut rest, TEXT)?.to_vec());
        message.pdu = Some(read_pdu(&mut rest)?);
    }
    Some(message)
}

/// RFC 3412 §6: global data, security parameters, and the scoped message.
fn read_version3(message: &mut Message, bytes: &[u8]) -> Option<()> {
    let mut rest = bytes;
    let mut global = ber::expect(&mut rest, SEQUENCE)?;
    ber::integer(&mut global)?;
    ber::integer(&mut global)?;
    let flags = *ber::expect(&mut global, TEXT)?.first()?;
    let model = ber::integer(&mut global)?;
    message.security_model = Some(model);
    message.encrypted = flags & 2 != 0;
    let mut parameters = ber::expect(&mut rest, TEXT)?;
    if model == USER_MODEL {
        let mut user = ber::expect(&mut parameters, SEQUENCE)?;
        ber::expect(&mut user, TEXT)?;
        ber::integer(&mut user)?;
        ber::integer(&mut user)?;
        message.user = Some(ber::expect(&mut user, TEXT)?.to_vec());
    }
    if !message.encrypted {
        let mut scoped = ber::expect(&mut rest, SEQUENCE)?;
        ber::expect(&mut scoped, TEXT)?;
        ber::expect(&mut scoped, TEXT)?;
        message.pdu = Some(read_pdu(&mut scoped)?);
    }
    Some(())
}

fn read_pdu(bytes: &mut &[u8]) -> Option<Pdu> {
    let (tag, mut rest) = ber::take(bytes)?;
    let kind = tag.checked_sub(0xa0).filter(|kind| *kind <= 8)?;
    let mut pdu = Pdu { kind, ..Pdu::default() };
    if kind == TRAP_V1 {
        let object = ber::object(ber::expect(&mut rest, OBJECT)?)?;
        let (_, address) = ber::take(&mut rest)?;
        let generic = ber::integer(&mut rest)?;
        ber::integer(&mut rest)?;
        ber::take(&mut rest)?;
        pdu.trap = Some(Trap { generic, object, address: address.to_vec() });
    } else {
        ber::integer(&mut rest)?;
        pdu.error = ber::integer(&mut rest)?;
        ber::integer(&mut rest)?;
        if kind == 5 {
            // The place of the error holds a count here (RFC 3416 §4.2.3).
            pdu.error = 0;
        }
    }
    let mut list = ber::expect(&mut rest, SEQUENCE)?;
    while !list.is_empty() && pdu.variables.len() < VARIABLES_MAX {
        let mut variable = ber::expect(&mut list, SEQUENCE)?;
        pdu.variables.push(ber::object(ber::expect(&mut variable, OBJECT)?)?);
    }
    Some(pdu)
}
