//! X.509 certificates (RFC 5280 §4.1): who, by whom, from when, until when. Signatures are not verified.
//!
//! Limits: 256 attributes per name, 1,024 subject alternative names, 16 KiB of text per name.

use sha1::{Digest, Sha1};

use crate::der::{self, Element, Reader, tag};

/// Attributes of a name that are shown.
const ATTRIBUTES_MAX: usize = 256;
/// Alternative names that are kept.
const ALTERNATIVES_MAX: usize = 1024;
/// Bytes of text of one name.
const NAME_BYTES_MAX: usize = 16 * 1024;

/// What is shown of a certificate.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    /// Bytes in upper-case hexadecimal, with colons.
    pub(crate) serial: String,
    /// Seconds since 1970.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// Subject alternative names: hosts, addresses, mail addresses, URIs.
    pub(crate) alternatives: Vec<Vec<u8>>,
}

/// Why a certificate could not be read: the event that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Der,
    /// It says that it is longer than it is.
    Length,
    Serial,
    Issuer,
    Validity,
    Subject,
}

/// SHA-1 over the certificate in lower-case hexadecimal, with colons.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    colons(&Sha1::digest(bytes), false)
}

fn colons(bytes: &[u8], upper: bool) -> String {
    let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !text.is_empty() {
            text.push(':');
        }
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 15)]));
    }
    text
}

/// Reads a certificate.
pub(crate) fn read(bytes: &[u8]) -> Result<Certificate, Flaw> {
    if der::header(bytes).is_some_and(|(header, length)| header.saturating_add(length) > bytes.len()) {
        return Err(Flaw::Length);
    }
    let mut body = Reader::new(bytes)
        .enter(tag::SEQUENCE)
        .and_then(|mut outer| outer.enter(tag::SEQUENCE))
        .ok_or(Flaw::Der)?;
    body.take(tag::context(0));
    let serial = body.take(tag::INTEGER).ok_or(Flaw::Serial)?;
    body.take(tag::SEQUENCE).ok_or(Flaw::Der)?;
    let issuer = body.enter(tag::SEQUENCE).and_then(name).ok_or(Flaw::Issuer)?;
    let mut validity = body.enter(tag::SEQUENCE).ok_or(Flaw::Validity)?;
    let mut moment = || validity.next().and_then(|element| der::time(&element));
    let (not_before, not_after) = moment().zip(moment()).ok_or(Flaw::Validity)?;
    let subject = body.enter(tag::SEQUENCE).and_then(name).ok_or(Flaw::Subject)?;
    body.take(tag::SEQUENCE).ok_or(Flaw::Der)?;
    let alternatives = alternatives(body);
    let serial = colons(serial.content, true);
    Ok(Certificate { subject, issuer, serial, not_before, not_after, alternatives })
}

/// A distinguished name as text: `C=US, O=Example, CN=www.example.com`, in the order of the certificate.
fn name(mut list: Reader<'_>) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut shown = 0;
    while !list.is_empty() {
        let mut set = list.enter(tag::SET)?;
        let mut first = true;
        while !set.is_empty() {
            let mut attribute = set.enter(tag::SEQUENCE)?;
            let (kind, value) = (attribute.take(tag::OID)?, attribute.next()?);
            shown += 1;
            if shown > ATTRIBUTES_MAX || text.len() > NAME_BYTES_MAX {
                return Some(text);
            }
            if !text.is_empty() {
                text.extend_from_slice(if first { b", " } else { b" + " });
            }
            first = false;
            match short_name(kind.content) {
                Some(word) => text.extend_from_slice(word.as_bytes()),
                None => text.extend_from_slice(der::oid_text(kind.content).as_bytes()),
            }
            text.push(b'=');
            string(&value, &mut text);
        }
    }
    Some(text)
}

/// Attribute types with a word of their own (RFC 4519, RFC 4514 §3, CA/Browser Forum).
fn short_name(oid: &[u8]) -> Option<&'static str> {
    if let [0x55, 4, number] = oid {
        return Some(match number {
            3 => "CN",
            4 => "surname",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "streetAddress",
            10 => "O",
            11 => "OU",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            16 => "postalAddress",
            17 => "postalCode",
            18 => "postOfficeBox",
            20 => "telephoneNumber",
            41 => "name",
            42 => "givenName",
            43 => "initials",
            44 => "generationQualifier",
            45 => "uniqueIdentifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return None,
        });
    }
    Some(match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "Email",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2] => "unstructuredName",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 8] => "unstructuredAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "userId",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1] => "jurisdictionLocalityName",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 2] => "jurisdictionStateOrProvinceName",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3] => "jurisdictionCountryName",
        _ => return None,
    })
}

/// Appends a string of any of the kinds that names use.
fn string(element: &Element<'_>, text: &mut Vec<u8>) {
    let content = element.content.get(..NAME_BYTES_MAX).unwrap_or(element.content);
    match element.tag {
        tag::UTF8_STRING
        | tag::NUMERIC_STRING
        | tag::PRINTABLE_STRING
        | tag::IA5_STRING
        | tag::VISIBLE_STRING
        | tag::GENERAL_STRING
        | tag::T61_STRING => text.extend_from_slice(content),
        tag::BMP_STRING => push_units(text, content.chunks_exact(2)),
        tag::UNIVERSAL_STRING => push_units(text, content.chunks_exact(4)),
        _ => {
            text.push(b'#');
            text.extend_from_slice(json::hex(content).as_bytes());
        }
    }
}

fn push_units<'a>(text: &mut Vec<u8>, units: impl Iterator<Item = &'a [u8]>) {
    for unit in units {
        let code = unit.iter().fold(0u32, |code, byte| code << 8 | u32::from(*byte));
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Names in the extension 2.5.29.17 (RFC 5280 §4.2.1.6); `rest` stands behind the public key.
fn alternatives(mut rest: Reader<'_>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(element) = rest.next() {
        if element.tag != tag::context(3) {
            continue;
        }
        let Some(mut extensions) = element.inside().enter(tag::SEQUENCE) else { break };
        while let Some(mut extension) = extensions.enter(tag::SEQUENCE) {
            if extension.take(tag::OID).is_none_or(|oid| oid.content != [0x55, 0x1d, 17]) {
                continue;
            }
            extension.take(tag::BOOLEAN);
            let names = extension.enter(tag::OCTET_STRING).and_then(|mut inner| inner.enter(tag::SEQUENCE));
            collect(names.unwrap_or(Reader::new(&[])), &mut found);
        }
    }
    found
}

fn collect(mut names: Reader<'_>, found: &mut Vec<Vec<u8>>) {
    while let Some(name) = names.next() {
        if found.len() >= ALTERNATIVES_MAX {
            return;
        }
        match name.tag {
            // rfc822Name, dNSName, uniformResourceIdentifier
            0x81 | 0x82 | 0x86 => found.push(name.content.to_vec()),
            // iPAddress
            0x87 => found.extend(address(name.content).map(String::into_bytes)),
            _ => {}
        }
    }
}

fn address(content: &[u8]) -> Option<String> {
    match content.len() {
        4 => content.first_chunk::<4>().map(|octets| std::net::Ipv4Addr::from(*octets).to_string()),
        16 => content.first_chunk::<16>().map(|octets| std::net::Ipv6Addr::from(*octets).to_string()),
        _ => None,
    }
}
