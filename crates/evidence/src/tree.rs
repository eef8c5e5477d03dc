//! The Merkle tree of RFC 6962 §2.1: leaves and nodes are hashed under different first bytes, so that neither can pass for the
//! other.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// Hash of a leaf: `SHA-256(00 ‖ salt ‖ length of the name, 4 bytes, big-endian ‖ name ‖ content)`.
pub fn leaf_hash(salt: &[u8; SALT_BYTES], name: &str, content: &[u8]) -> Hash {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let mut hash = Sha256::new();
    // What leads is short: in one piece it is hashed faster than in four.
    let mut head = [0; 1 + SALT_BYTES + 4];
    head[1..=SALT_BYTES].copy_from_slice(salt);
    head[1 + SALT_BYTES..].copy_from_slice(&length.to_be_bytes());
    hash.update(head);
    hash.update(name);
    hash.update(content);
    hash.finalize().into()
}

/// Root of a list of leaf hashes; of none, the hash of nothing (RFC 6962 §2.1).
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            // The largest power of two below the number of leaves; at most 64 levels deep.
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            let mut node = [1; 1 + 2 * 32];
            node[1..33].copy_from_slice(&root(left));
            node[33..].copy_from_slice(&root(right));
            Sha256::digest(node).into()
        }
    }
}
