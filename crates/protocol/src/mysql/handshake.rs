//! Greeting and login of MySQL (protocol version 10).

use crate::wire::Wire;

/// The greeting's version.
pub(super) const VERSION: u8 = 10;
/// Bytes of names that are kept.
const NAME_MAX: usize = 256;
/// Bytes of a greeting that is recognised.
const GREETING: std::ops::RangeInclusive<usize> = 30..=512;

/// What client and server can do.
pub(super) mod capability {
    pub(crate) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(crate) const COMPRESS: u32 = 1 << 5;
    pub(crate) const PROTOCOL_41: u32 = 1 << 9;
    pub(crate) const SSL: u32 = 1 << 11;
    pub(crate) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(crate) const PLUGIN_AUTH: u32 = 1 << 19;
    pub(crate) const AUTH_LENENC: u32 = 1 << 21;
    pub(crate) const DEPRECATE_EOF: u32 = 1 << 24;
    pub(crate) const QUERY_ATTRIBUTES: u32 = 1 << 27;
}

/// What the server says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: Vec<u8>,
    pub(super) connection: u32,
}

impl Greeting {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(body);
        wire.byte().filter(|version| *version == VERSION)?;
        let version = wire.until_zero()?.to_vec();
        let connection = wire.le32()?;
        wire.take(8)?;
        wire.byte().filter(|filler| *filler == 0)?;
        wire.le16()?;
        Some(Self { version, connection })
    }

    /// Whether a stream that begins with it is one of MySQL.
    pub(super) fn is_plausible(&self, bytes: &[u8]) -> bool {
        let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) as usize;
        let digits = self.version.first().is_some_and(u8::is_ascii_digit) && self.version.contains(&b'.');
        GREETING.contains(&length) && digits && self.version.iter().all(u8::is_ascii_graphic)
    }
}

/// Who the client says it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) capabilities: u32,
    pub(super) user: Vec<u8>,
    pub(super) database: Vec<u8>,
    pub(super) plugin: Vec<u8>,
    /// It only asks to go on with TLS.
    pub(super) tls: bool,
}

impl Login {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(body);
        let low = wire.le16()?;
        if u32::from(low) & capability::PROTOCOL_41 == 0 {
            // Of before 2004: largest packet, name, proof.
            wire.take(3)?;
            let user = name(wire.until_zero()?);
            return Some(Self { capabilities: low.into(), user, ..Self::default() });
        }
        let capabilities = u32::from(wire.le16()?) << 16 | u32::from(low);
        wire.take(28)?;
        let mut read = Self { capabilities, ..Self::default() };
        if wire.is_empty() {
            read.tls = capabilities & capability::SSL != 0;
            return Some(read);
        }
        read.user = name(wire.until_zero()?);
        let proof = if capabilities & capability::AUTH_LENENC != 0 {
            number(wire)? as usize
        } else if capabilities & capability::SECURE_CONNECTION != 0 {
            wire.byte()?.into()
        } else {
            memchr::memchr(0, wire.rest())? + 1
        };
        wire.take(proof)?;
        if capabilities & capability::CONNECT_WITH_DB != 0 {
            read.database = name(wire.until_zero().unwrap_or_default());
        }
        if capabilities & capability::PLUGIN_AUTH != 0 {
            read.plugin = name(wire.until_zero().unwrap_or_default());
        }
        Some(read)
    }

    /// The arguments of a change of user.
    pub(super) fn change(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        let user = name(wire.until_zero()?);
        let proof = wire.byte()?;
        wire.take(proof.into())?;
        let database = name(wire.until_zero().unwrap_or_default());
        Some(Self { user, database, ..Self::default() })
    }
}

fn name(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..NAME_MAX).unwrap_or(bytes).to_vec()
}

/// A number in one to nine bytes.
pub(super) fn number(wire: &mut Wire<'_>) -> Option<u64> {
    match wire.byte()? {
        0xfc => wire.le16().map(u64::from),
        0xfd => wire.le(3),
        0xfe => wire.le(8),
        0xfb | 0xff => None,
        small => Some(small.into()),
    }
}
