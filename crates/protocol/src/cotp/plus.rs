//! S7comm-plus: operation, function and session; what they carry is read no further.

use super::Part;
use crate::Enumeration;
use crate::wire::Wire;

/// What a message begins with.
pub(super) const PROTOCOL_ID: u8 = 0x72;

/// Operations.
pub(super) const OPERATIONS: Enumeration = &[("request", 0x31), ("response", 0x32), ("notification", 0x33)];

/// Functions.
pub(super) const FUNCTIONS: Enumeration = &[
    ("explore", 0x04bb),
    ("create_object", 0x04ca),
    ("delete_object", 0x04d4),
    ("set_variable", 0x04f2),
    ("get_variable", 0x04fc),
    ("add_link", 0x0506),
    ("remove_link", 0x051a),
    ("get_link", 0x0524),
    ("set_multiple_variables", 0x0542),
    ("get_multiple_variables", 0x054c),
    ("begin_sequence", 0x0556),
    ("end_sequence", 0x0560),
    ("invoke", 0x056b),
    ("set_variable_substream", 0x057c),
    ("get_variable_substream", 0x0586),
    ("get_variables_address", 0x0590),
    ("abort", 0x059a),
    ("error", 0x05a9),
    ("init_ssl", 0x05b3),
];

/// A message.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Plus {
    pub(super) version: u8,
    pub(super) operation: u8,
    pub(super) function: Option<u16>,
    pub(super) sequence: u16,
    pub(super) session: u32,
    /// A checksum with a key protects it.
    pub(super) integrity: bool,
}

impl Plus {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        wire.byte().filter(|id| *id == PROTOCOL_ID)?;
        let mut read = Self { version: wire.byte()?, ..Self::default() };
        let length = wire.be16()?;
        if read.version == 0xff || length < 10 {
            return Some(read);
        }
        read.operation = wire.byte()?;
        // From version 3 on a digest may stand before the operation, led by its length.
        if !(0x31..=0x33).contains(&read.operation) {
            wire.take(read.operation.into())?;
            read.integrity = true;
            read.operation = wire.byte()?;
        }
        match read.operation {
            0x33 => read.session = wire.be32()?,
            0x31 | 0x32 => {
                wire.take(2)?;
                read.function = Some(wire.be16()?);
                wire.take(2)?;
                read.sequence = wire.be16()?;
                if read.operation == 0x31 {
                    read.session = wire.be32()?;
                }
            }
            _ => return None,
        }
        Some(read)
    }

    /// Whether it only keeps the connection alive.
    pub(super) fn is_empty(&self) -> bool {
        self.operation == 0
    }

    pub(super) fn part(&self) -> Part {
        match self.operation {
            0x31 => Part::Request,
            0x32 => Part::Response,
            _ => Part::Notice,
        }
    }
}
