//! S7comm's userdata: diagnosis, blocks, passwords, clocks.

use crate::wire::Wire;

/// A message of userdata.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Userdata {
    /// 0 = pushed, 4 = asked, 8 = answered.
    pub(super) kind: u8,
    pub(super) group: u8,
    pub(super) subfunction: u8,
    pub(super) error: u16,
    /// Which part of the system's state list is read, and its index.
    pub(super) szl: Option<(u16, u16)>,
    /// A password travels in it.
    pub(super) password: bool,
}

/// The group "security", and setting a password there.
const SECURITY: u8 = 5;
const PASSWORD: u8 = 1;
/// The group "CPU", and reading the state list there.
const CPU: u8 = 4;
const READ_SZL: u8 = 1;

impl Userdata {
    pub(super) fn read(parameters: &[u8], data: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(parameters);
        wire.take(3)?;
        let length = wire.byte()?;
        wire.byte()?;
        let (kind, subfunction) = (wire.byte()?, wire.byte()?);
        wire.byte()?;
        let mut read = Self { kind: kind >> 4, group: kind & 0x0f, subfunction, ..Self::default() };
        if length >= 8 {
            wire.take(2)?;
            read.error = wire.be16()?;
        }
        read.password = (read.group, subfunction) == (SECURITY, PASSWORD) && read.kind == 4;
        if (read.group, subfunction) == (CPU, READ_SZL) {
            let wire = &mut Wire::new(data);
            let head = wire.take(4);
            read.szl = head.and_then(|_| Some((wire.be16()?, wire.be16()?)));
        }
        Some(read)
    }
}
