//! Messages of Kerberos (RFC 4120 §5).

use crate::der::{Reader, tag};

/// Components of a principal's name.
const COMPONENTS_MAX: usize = 32;
/// Encryption types and kinds of proof that are kept of a request.
const OFFERED_MAX: usize = 16;

/// Numbers of messages.
pub(super) mod kind {
    pub(in crate::krb5) const AS_REQ: u8 = 10;
    pub(in crate::krb5) const AS_REP: u8 = 11;
    pub(in crate::krb5) const TGS_REQ: u8 = 12;
    pub(in crate::krb5) const TGS_REP: u8 = 13;
    pub(in crate::krb5) const AP_REQ: u8 = 14;
    pub(in crate::krb5) const AP_REP: u8 = 15;
    pub(in crate::krb5) const ERROR: u8 = 30;
}

/// What one message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(super) kind: u8,
    /// Components of the client's name.
    pub(super) client: Option<Vec<Vec<u8>>>,
    pub(super) realm: Option<Vec<u8>>,
    /// Components of the service's name.
    pub(super) service: Option<Vec<Vec<u8>>>,
    /// Of the answer's sealed part.
    pub(super) encryption: Option<i32>,
    pub(super) ticket_encryption: Option<i32>,
    pub(super) error: Option<i32>,
    /// The request that an error answers.
    pub(super) failed: Option<u8>,
    /// Encryption types that a request offers, in order of preference.
    pub(super) offered: Vec<i32>,
    /// Kinds of data that prove who asks (RFC 4120 §5.2.7).
    pub(super) proofs: Vec<i32>,
}

/// Reads a message that is looked into; `None` for others, and for what is cut off.
pub(super) fn read(bytes: &[u8]) -> Option<Message> {
    let outer = Reader::new(bytes).next()?;
    let kind = outer.tag & 0x1f;
    let mut list = outer.inside().enter(tag::SEQUENCE)?;
    let mut message = Message { kind, ..Message::default() };
    match kind {
        kind::AS_REQ | kind::TGS_REQ => request(&mut list, &mut message)?,
        kind::AS_REP | kind::TGS_REP => reply(&mut list, &mut message)?,
        kind::ERROR => error(&mut list, &mut message)?,
        _ => return None,
    }
    Some(message)
}

fn request(list: &mut Reader<'_>, message: &mut Message) -> Option<()> {
    list.take(tag::context(1))?;
    list.take(tag::context(2))?;
    if let Some(proofs) = list.enter(tag::context(3)) {
        message.proofs = proof_kinds(proofs);
    }
    let mut body = list.enter(tag::context(4))?.enter(tag::SEQUENCE)?;
    body.take(tag::context(0))?;
    message.client = body.enter(tag::context(1)).and_then(principal);
    message.realm = Some(text(body.enter(tag::context(2))?)?);
    message.service = body.enter(tag::context(3)).and_then(principal);
    for number in 4..8 {
        body.take(tag::context(number));
    }
    if let Some(mut offered) = body.enter(tag::context(8)).and_then(|mut list| list.enter(tag::SEQUENCE)) {
        while let Some(number) = offered.take(tag::INTEGER).filter(|_| message.offered.len() < OFFERED_MAX) {
            message.offered.extend(number.signed());
        }
    }
    Some(())
}

/// Kinds of `PA-DATA` of a request.
fn proof_kinds(mut list: Reader<'_>) -> Vec<i32> {
    let mut kinds = Vec::new();
    let Some(mut proofs) = list.enter(tag::SEQUENCE) else { return kinds };
    while let Some(mut proof) = proofs.enter(tag::SEQUENCE).filter(|_| kinds.len() < OFFERED_MAX) {
        let kind = proof.enter(tag::context(1)).and_then(|mut kind| kind.take(tag::INTEGER)?.signed());
        kinds.extend(kind);
    }
    kinds
}

fn reply(list: &mut Reader<'_>, message: &mut Message) -> Option<()> {
    list.take(tag::context(0))?;
    list.take(tag::context(1))?;
    list.take(tag::context(2));
    message.realm = Some(text(list.enter(tag::context(3))?)?);
    message.client = Some(principal(list.enter(tag::context(4))?)?);
    let mut ticket = list.enter(tag::context(5))?.enter(tag::application(1))?.enter(tag::SEQUENCE)?;
    ticket.take(tag::context(0))?;
    ticket.take(tag::context(1))?;
    message.service = Some(principal(ticket.enter(tag::context(2))?)?);
    message.ticket_encryption = Some(sealed(ticket.enter(tag::context(3))?)?);
    message.encryption = Some(sealed(list.enter(tag::context(6))?)?);
    Some(())
}

fn error(list: &mut Reader<'_>, message: &mut Message) -> Option<()> {
    list.take(tag::context(0))?;
    list.take(tag::context(1))?;
    for number in 2..6 {
        list.take(tag::context(number));
    }
    message.error = Some(list.enter(tag::context(6))?.take(tag::INTEGER)?.signed()?);
    message.realm = list.enter(tag::context(7)).and_then(text);
    message.client = list.enter(tag::context(8)).and_then(principal);
    list.take(tag::context(9))?;
    message.service = Some(principal(list.enter(tag::context(10))?)?);
    Some(())
}

fn text(mut list: Reader<'_>) -> Option<Vec<u8>> {
    Some(list.next()?.content.to_vec())
}

/// `PrincipalName`: a type, then components.
fn principal(mut list: Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut name = list.enter(tag::SEQUENCE)?;
    name.take(tag::context(0))?;
    let mut parts = name.enter(tag::context(1))?.enter(tag::SEQUENCE)?;
    let mut components = Vec::new();
    while let Some(part) = parts.next().filter(|_| components.len() < COMPONENTS_MAX) {
        components.push(part.content.to_vec());
    }
    Some(components)
}

/// `EncryptedData`: the encryption type.
fn sealed(mut list: Reader<'_>) -> Option<i32> {
    list.enter(tag::SEQUENCE)?.enter(tag::context(0))?.take(tag::INTEGER)?.signed()
}
