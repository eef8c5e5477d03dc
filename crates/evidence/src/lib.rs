//! Evidence that a stranger can check: the format of a bundle, and everything about it that needs no engine.
//!
//! A bundle is one zip file that ordinary tools open. In it: what the report was made from (`manifest.json`, the configuration,
//! the rules that matter), what is claimed (`claims.json`), the report itself, and the packets behind the claims
//! (`packets.pcapng`, with their original numbers and times). Every member, every claim and every piece of a packet is a leaf of
//! a Merkle tree (RFC 6962 §2.1); the root stands in an in-toto statement that is signed with Ed25519 in a DSSE envelope
//! (`signature.dsse.json`). Leaves are salted, so that a redacted copy, from which pieces were taken out, still proves the rest.
//!
//! Reading is strict: a bundle is taken apart and put together again, and each byte that comes out differently is named by
//! what it belongs to. Nothing here reads a clock or draws a random number: the same report and key give the same bytes.
//!
//! The re-run of the engine on the packets is not here: it needs the engine, and is the program's (`targe verify`).
//!
//! References: RFC 6962 §2.1 (tree), RFC 8032 (Ed25519), RFC 5869 (HKDF, for salts), RFC 3161 (time stamps), DSSE 1.0,
//! in-toto Statement v1, draft-ietf-opsawg-pcapng.

mod archive;
mod bundle;
mod check;
mod cut;
mod der;
mod envelope;
mod key;
mod pieces;
mod redact;
mod scope;
mod slice;
mod stamp;
#[cfg(test)]
mod tests;
mod tree;

pub use archive::{Archive, ArchiveError, Member};
pub use bundle::{Bundle, MEMBERS_LEADING};
pub use check::{Check, Opened, open};
pub use cut::{Cutter, Flow, Keep, replay};
pub use envelope::{Signed, Statement};
pub use key::{KeyError, PublicKey, SigningKey};
pub use pieces::{Kind, Sensitive};
pub use redact::redact;
pub use scope::{Scope, Selected, TooLarge, select};
pub use slice::{SlicePacket, read_slice, write_slice};
pub use stamp::{Stamp, StampError, request, response};
pub use tree::{Hash, leaf_hash, root};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes every write");
    }
    text
}

/// Bytes of lower-case hexadecimal; `None` when it is anything else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
