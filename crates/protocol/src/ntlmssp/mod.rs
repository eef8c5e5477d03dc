//! NTLMSSP and SPNEGO: who logs on (MS-NLMP §2.2.1.3, RFC 4178). Kerberos tickets inside SPNEGO show their realm and service.
//!
//! Nothing secret is kept: challenges and responses are read over. Limits: what a security blob of SMB can hold.

#[cfg(test)]
mod tests;

use json::Json;

use crate::der::{Reader, tag};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const AUTHENTICATE: u32 = 3;
const NEGOTIATE_VERSION: u32 = 0x0200_0000;
/// SPNEGO, 1.3.6.1.5.5.2.
const OID_SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];
/// Kerberos 5, 1.2.840.113554.1.2.2.
const OID_KRB5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
/// Parts of a service name that are kept.
const NAMES_MAX: usize = 16;

/// Who logs on, from where.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Logon {
    pub(crate) domain: Vec<u8>,
    pub(crate) user: Vec<u8>,
    pub(crate) host: Vec<u8>,
    /// Major, minor, build, revision.
    pub(crate) version: Option<(u8, u8, u16, u8)>,
}

/// The service that a Kerberos ticket is for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) realm: Vec<u8>,
    pub(crate) service: Vec<Vec<u8>>,
}

/// What a security blob says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Logon(Logon),
    Ticket(Ticket),
    /// NTLMSSP that cannot be read.
    Malformed,
    /// Something else, or nothing of interest.
    Other,
}

/// Reads a security blob: SPNEGO around NTLMSSP or Kerberos, or bare NTLMSSP.
pub(crate) fn read(blob: &[u8]) -> Token {
    if blob.starts_with(SIGNATURE) {
        return message(blob);
    }
    match inner(blob) {
        Some(token) if token.starts_with(SIGNATURE) => message(token),
        Some(token) => ticket(token).map_or(Token::Other, Token::Ticket),
        None => Token::Other,
    }
}

/// The mechanism's token inside SPNEGO.
fn inner(blob: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(blob);
    if let Some(mut first) = outer.enter(tag::application(0)) {
        // [APPLICATION 0] of GSS-API, then NegTokenInit.
        if first.take(tag::OID)?.content != OID_SPNEGO {
            return ticket(blob).map(|_| blob);
        }
        return token_of(first.enter(tag_of(0))?);
    }
    token_of(outer.enter(tag_of(1))?)
}

fn tag_of(number: u8) -> u8 {
    tag::context(number)
}

/// `[2]` of NegTokenInit and of NegTokenResp.
fn token_of(mut choice: Reader<'_>) -> Option<&[u8]> {
    let mut fields = choice.enter(tag::SEQUENCE)?;
    while let Some(field) = fields.next() {
        if field.tag == tag_of(2) {
            return Some(field.inside().take(tag::OCTET_STRING)?.content);
        }
    }
    None
}

fn ticket(token: &[u8]) -> Option<Ticket> {
    let mut outer = Reader::new(token).enter(tag::application(0))?;
    if outer.take(tag::OID)?.content != OID_KRB5 {
        return None;
    }
    // Two bytes behind the identifier tell the kind of token: 01 00, AP-REQ (RFC 4121 §4.1).
    let end = token.windows(OID_KRB5.len()).position(|window| window == OID_KRB5)? + OID_KRB5.len();
    let request = token.get(end..)?.strip_prefix(&[1, 0])?;
    let mut fields = Reader::new(request).enter(tag::application(14))?.enter(tag::SEQUENCE)?;
    while let Some(field) = fields.next() {
        if field.tag == tag_of(3) {
            return sealed(field.inside());
        }
    }
    None
}

/// The part of a ticket that is in the clear (RFC 4120 §5.3).
fn sealed(mut field: Reader<'_>) -> Option<Ticket> {
    let mut fields = field.enter(tag::application(1))?.enter(tag::SEQUENCE)?;
    let mut ticket = Ticket::default();
    while let Some(field) = fields.next() {
        if field.tag == tag_of(1) {
            ticket.realm = field.inside().take(tag::GENERAL_STRING)?.content.to_vec();
        } else if field.tag == tag_of(2) {
            let mut name = field.inside().enter(tag::SEQUENCE)?;
            name.take(tag_of(0))?;
            let mut parts = name.enter(tag_of(1))?.enter(tag::SEQUENCE)?;
            while let Some(part) = parts.take(tag::GENERAL_STRING) {
                if ticket.service.len() < NAMES_MAX {
                    ticket.service.push(part.content.to_vec());
                }
            }
        }
    }
    Some(ticket)
}

fn message(bytes: &[u8]) -> Token {
    let kind = bytes.get(8..12).and_then(|kind| kind.first_chunk()).map(|kind| u32::from_le_bytes(*kind));
    match kind {
        Some(AUTHENTICATE) => logon(bytes).map_or(Token::Malformed, Token::Logon),
        Some(_) => Token::Other,
        None => Token::Malformed,
    }
}

/// AUTHENTICATE_MESSAGE: lengths and offsets, then the payload.
fn logon(bytes: &[u8]) -> Option<Logon> {
    let head = bytes.first_chunk::<64>()?;
    let flags = u32::from_le_bytes([head[60], head[61], head[62], head[63]]);
    let text = |at: usize| {
        let length = usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let offset = u32::from_le_bytes([head[at + 4], head[at + 5], head[at + 6], head[at + 7]]) as usize;
        let value = bytes.get(offset..offset.checked_add(length)?)?;
        Some(value.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>())
    };
    let version = bytes.get(64..72).filter(|_| flags & NEGOTIATE_VERSION != 0);
    Some(Logon {
        domain: text(28)?,
        user: text(36)?,
        host: text(44)?,
        version: version.map(|part| (part[0], part[1], u16::from_le_bytes([part[2], part[3]]), part[7])),
    })
}

/// Writes a logon as EVE has it.
pub(crate) fn write_logon(logon: &Logon, json: &mut Json) {
    json.object("ntlmssp").bytes_text("domain", &logon.domain);
    json.bytes_text("user", &logon.user).bytes_text("host", &logon.host);
    if let Some((major, minor, build, revision)) = logon.version {
        json.display("version", format_args!("{major}.{minor} build {build} rev {revision}"));
    }
    json.end();
}

/// Writes a ticket as EVE has it.
pub(crate) fn write_ticket(ticket: &Ticket, json: &mut Json) {
    json.object("kerberos").bytes_text("realm", &ticket.realm).array("snames");
    for part in &ticket.service {
        json.bytes_item(part);
    }
    json.end().end();
}
