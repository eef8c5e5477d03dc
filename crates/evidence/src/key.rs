//! Ed25519 keys in the forms that `openssl` reads: PKCS #8 and SubjectPublicKeyInfo, as PEM (RFC 8410).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, Verifier};

use crate::{hex, sha256};

/// What stands before the 32 bytes of a private key (RFC 8410 §7).
const PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the 32 bytes of a public key (RFC 8410 §4).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(pub String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

/// A key that signs. Never printed.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().id()).finish()
    }
}

impl SigningKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// From PEM text.
    ///
    /// # Errors
    /// When it is no private Ed25519 key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der =
            pem_body(text, "PRIVATE KEY").ok_or_else(|| KeyError("no private key in PEM form".into()))?;
        let seed = der.strip_prefix(&PRIVATE_PREFIX).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        seed.map(|seed| Self::from_seed(&seed))
            .ok_or_else(|| KeyError("the key is not an Ed25519 key (RFC 8410)".into()))
    }

    /// As PEM text.
    pub fn to_pem(&self) -> String {
        pem("PRIVATE KEY", &[&PRIVATE_PREFIX[..], &self.0.to_bytes()].concat())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs (RFC 8032: deterministic, no randomness).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Material for secrets that only the holder of the key can derive.
    pub(crate) fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

/// A key that checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// From PEM text; a private key's text gives its public half.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("PRIVATE KEY") {
            return Ok(SigningKey::from_pem(text)?.public());
        }
        let der = pem_body(text, "PUBLIC KEY").ok_or_else(|| KeyError("no public key in PEM form".into()))?;
        let bytes = der.strip_prefix(&PUBLIC_PREFIX).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| KeyError("the key is not an Ed25519 key (RFC 8410)".into()))?;
        Self::from_bytes(&bytes)
    }

    /// From its 32 bytes.
    ///
    /// # Errors
    /// When they are no point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        ed25519_dalek::VerifyingKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| KeyError("the bytes are no Ed25519 public key".into()))
    }

    /// Its 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// As PEM text.
    pub fn to_pem(self) -> String {
        pem("PUBLIC KEY", &[&PUBLIC_PREFIX[..], &self.0.to_bytes()].concat())
    }

    /// Its name: `SHA256:` and the hash of its SubjectPublicKeyInfo, as `openssl` computes it too.
    pub fn id(&self) -> String {
        format!("SHA256:{}", hex(&sha256(&[&PUBLIC_PREFIX[..], &self.0.to_bytes()].concat())))
    }

    /// Whether the signature is of this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        self.0.verify(message, &signature).is_ok() && self.0.verify_strict(message, &signature).is_ok()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn pem_body(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}
