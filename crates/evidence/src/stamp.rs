//! Time stamps (RFC 3161): a third party says that the signed envelope existed at a time.
//!
//! What is stamped is `signature.dsse.json`, byte for byte. The request can be carried to an authority by any means; the response
//! is attached as it comes. Checked here: the authority granted it, the imprint is that of the envelope, and the signed
//! attributes of the token cover its content. Whether the authority's certificate deserves trust is decided by whoever trusts
//! it: `openssl ts -verify -data signature.dsse.json -in stamps/1.tsr -CAfile AUTHORITY.pem`.

use std::fmt;

use sha2::{Digest, Sha384, Sha512};

use crate::der::{self, INTEGER, OCTETS, OID, SEQUENCE, SET, TIME};
use crate::{hex, sha256};

const OID_SHA256: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const OID_SHA384: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const OID_SHA512: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const OID_SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const OID_MESSAGE_DIGEST: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When, as the authority wrote it (`20250304101500Z`).
    pub time: String,
    /// Serial number, in hexadecimal.
    pub serial: String,
}

/// Why a response is no stamp of this envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampError(pub String);

impl fmt::Display for StampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StampError {}

/// The request for an envelope (RFC 3161 §2.4.1): its SHA-256, and that the certificate be sent along. No nonce: the same envelope
/// gives the same request.
pub fn request(envelope: &[u8]) -> Vec<u8> {
    let algorithm = der::element(SEQUENCE, &[der::element(OID, &OID_SHA256), vec![0x05, 0x00]].concat());
    let imprint = der::element(SEQUENCE, &[algorithm, der::element(OCTETS, &sha256(envelope))].concat());
    let version = der::element(INTEGER, &[1]);
    der::element(SEQUENCE, &[version, imprint, vec![0x01, 0x01, 0xff]].concat())
}

/// Reads a response, and checks that it is for this envelope.
///
/// # Errors
/// What is wrong with it.
pub fn response(bytes: &[u8], envelope: &[u8]) -> Result<Stamp, StampError> {
    let wrong = |what: &str| StampError(what.to_owned());
    let (outer, rest) = der::next(bytes).ok_or_else(|| wrong("it is no time stamp response (RFC 3161)"))?;
    if outer.tag != SEQUENCE || !rest.is_empty() {
        return Err(wrong("it is no time stamp response (RFC 3161), or something was added to it"));
    }
    let parts = der::list(outer.content);
    let status = parts
        .first()
        .and_then(|status| der::list(status.content).first().map(|status| status.content.to_vec()));
    // granted, or granted with changes (RFC 3161 §2.4.2)
    if !matches!(status.as_deref(), Some([0 | 1])) {
        return Err(wrong("the authority did not grant the time stamp"));
    }
    let token = parts.get(1).ok_or_else(|| wrong("the response holds no token"))?;
    let (info, signers) =
        token_parts(token.content).ok_or_else(|| wrong("the token is no signed data (RFC 5652)"))?;
    let stamp = read_info(info, envelope)?;
    if !signers.iter().any(|signer| covers(signer.content, info)) {
        return Err(wrong("the token was altered: its signed digest is not that of its content"));
    }
    Ok(stamp)
}

/// The content that is stamped and the signers' infos.
fn token_parts(token: &[u8]) -> Option<(&[u8], Vec<der::Element<'_>>)> {
    let content_info = der::list(token);
    if content_info.first()?.content != OID_SIGNED_DATA {
        return None;
    }
    let (signed, _) = der::next(content_info.get(1)?.content)?;
    let fields = der::list(signed.content);
    let encapsulated = der::list(fields.get(2)?.content);
    let (octets, _) = der::next(encapsulated.get(1)?.content)?;
    let signers = fields.last().filter(|field| field.tag == SET)?;
    (octets.tag == OCTETS).then(|| (octets.content, der::list(signers.content)))
}

/// TSTInfo (RFC 3161 §2.4.2).
fn read_info(info: &[u8], envelope: &[u8]) -> Result<Stamp, StampError> {
    let wrong = |what: &str| StampError(what.to_owned());
    let (outer, _) = der::next(info).ok_or_else(|| wrong("the token holds no time stamp info"))?;
    let fields = der::list(outer.content);
    let imprint = fields.get(2).map(|imprint| der::list(imprint.content)).unwrap_or_default();
    let algorithm =
        imprint.first().and_then(|algorithm| der::list(algorithm.content).first().map(|oid| oid.content));
    let digest = imprint.get(1).map(|digest| digest.content).unwrap_or_default();
    if algorithm != Some(&OID_SHA256[..]) || digest != sha256(envelope) {
        return Err(wrong(
            "the stamp is for something else: its imprint is not the SHA-256 of signature.dsse.json",
        ));
    }
    let time =
        fields.get(4).filter(|time| time.tag == TIME).ok_or_else(|| wrong("the token states no time"))?;
    let serial = fields.get(3).map(|serial| hex(serial.content)).unwrap_or_default();
    Ok(Stamp { time: String::from_utf8_lossy(time.content).into_owned(), serial })
}

/// Whether a signer's signed attributes hold the digest of the content.
fn covers(signer: &[u8], content: &[u8]) -> bool {
    let fields = der::list(signer);
    let algorithm =
        fields.get(2).and_then(|algorithm| der::list(algorithm.content).first().map(|oid| oid.content));
    let digest = match algorithm {
        Some(oid) if oid == OID_SHA256 => sha256(content).to_vec(),
        Some(oid) if oid == OID_SHA384 => Sha384::digest(content).to_vec(),
        Some(oid) if oid == OID_SHA512 => Sha512::digest(content).to_vec(),
        _ => return false,
    };
    // [0] IMPLICIT signed attributes.
    let Some(attributes) = fields.iter().find(|field| field.tag == 0xa0) else { return false };
    der::list(attributes.content).iter().any(|attribute| {
        let parts = der::list(attribute.content);
        parts.first().is_some_and(|oid| oid.content == OID_MESSAGE_DIGEST)
            && parts
                .get(1)
                .and_then(|values| der::list(values.content).first().map(|value| value.content == digest))
                .unwrap_or(false)
    })
}
