//! UUIDs of version 5 (RFC 9562 §5.5): the same name gives the same id.

use std::fmt;

use sha1::{Digest, Sha1};

/// A UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid([u8; 16]);

/// Space of the ids of STIX cyber observables (STIX 2.1 §2.9).
pub(crate) const OBSERVABLE: Uuid =
    Uuid([0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7]);

/// Space of the ids of everything else that Targe says; drawn once.
pub(crate) const TARGE: Uuid =
    Uuid([0x5f, 0x2c, 0x1d, 0x90, 0x6b, 0x0e, 0x4d, 0x37, 0x8a, 0x54, 0xc3, 0x71, 0x9e, 0x02, 0xb6, 0x48]);

impl Uuid {
    /// The id of a name in a space.
    pub(crate) fn of(space: Uuid, name: &str) -> Uuid {
        let mut hash = Sha1::new();
        hash.update(space.0);
        hash.update(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_the_id_that_the_standard_shows() {
        // RFC 9562 §A.4: `www.example.com` in the space of DNS names.
        let dns = Uuid([
            0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
        ]);
        assert_eq!(Uuid::of(dns, "www.example.com").to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
