//! Data units of IEC 60870-5-104 (IEC 60870-5-101 §7).

use super::names;
use crate::wire::Wire;

/// Type, qualifier, two bytes of cause, two of address.
pub(super) const HEAD_BYTES: usize = 6;
/// Objects kept of a data unit.
const OBJECTS_MAX: usize = 127;

/// A data unit.
#[derive(Debug, Default)]
pub(crate) struct Asdu {
    pub(super) kind: u8,
    pub(super) count: u8,
    pub(super) cause: u8,
    /// The command was refused.
    pub(super) negative: bool,
    pub(super) test: bool,
    pub(super) originator: u8,
    pub(super) address: u16,
    pub(super) objects: Vec<Object>,
    /// Fewer objects were there than it says.
    pub(super) is_cut: bool,
}

/// An object and what it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Object {
    pub(super) address: u32,
    pub(super) value: Value,
}

/// A value, by its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    /// On, off; the quality or command qualifier is left out.
    Number(i64),
    Float(f32),
    /// A command's state; `select`: it is only announced.
    Command {
        state: u8,
        select: bool,
    },
}

impl Asdu {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        let (kind, qualifier, cause) = (wire.byte()?, wire.byte()?, wire.byte()?);
        let mut read = Self {
            kind,
            count: qualifier & 0x7f,
            cause: cause & 0x3f,
            negative: cause & 0x40 != 0,
            test: cause & 0x80 != 0,
            originator: wire.byte()?,
            address: wire.le16()?,
            ..Self::default()
        };
        let sequence = qualifier & 0x80 != 0;
        read.is_cut = read.objects(wire, sequence).is_none();
        Some(read)
    }

    fn objects(&mut self, wire: &mut Wire<'_>, sequence: bool) -> Option<()> {
        let (_, bytes) = names::kind(self.kind)?;
        let mut address = 0;
        for place in 0..u32::from(self.count).min(OBJECTS_MAX as u32) {
            if place == 0 || !sequence {
                let [low, middle, high] = wire.array()?;
                address = u32::from_le_bytes([low, middle, high, 0]);
            } else {
                address = (address + 1) & 0x00ff_ffff;
            }
            let value = wire.take(bytes.into())?;
            self.objects.push(Object { address, value: Value::of(self.kind, value) });
            // Sections of files are of any length; there is one per data unit.
            if self.kind == 125 {
                break;
            }
        }
        Some(())
    }

    /// Whether the value is only announced.
    pub(super) fn is_select(&self) -> bool {
        self.objects.iter().any(|object| matches!(object.value, Value::Command { select: true, .. }))
    }
}

impl Value {
    fn of(kind: u8, bytes: &[u8]) -> Self {
        let signed = |at: usize| {
            let bytes = bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(Value::None, |bytes| Value::Number(i16::from_le_bytes(bytes).into()))
        };
        let float = || {
            let bytes = bytes.get(..4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(Value::None, |bytes| Value::Float(f32::from_le_bytes(bytes)))
        };
        let long = || {
            let bytes = bytes.get(..4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(Value::None, |bytes| Value::Number(i32::from_le_bytes(bytes).into()))
        };
        let first = bytes.first().copied().unwrap_or(0);
        match kind {
            1 | 2 | 30 => Value::Number((first & 1).into()),
            3 | 4 | 31 => Value::Number((first & 3).into()),
            // Seven bits with a sign.
            5 | 6 | 32 => Value::Number(((first << 1) as i8 >> 1).into()),
            9..=12 | 21 | 34 | 35 | 48 | 49 | 61 | 62 | 110 | 111 => signed(0),
            13 | 14 | 36 | 50 | 63 | 112 => float(),
            7 | 8 | 15 | 16 | 33 | 37 | 51 | 64 => long(),
            45 | 58 => Value::Command { state: first & 1, select: first & 0x80 != 0 },
            46 | 47 | 59 | 60 => Value::Command { state: first & 3, select: first & 0x80 != 0 },
            100 | 101 | 105 | 70 | 113 => Value::Number(first.into()),
            _ => Value::None,
        }
    }
}
