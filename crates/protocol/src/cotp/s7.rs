//! S7comm: jobs with their answers, and userdata.

use super::Part;
use super::s7_names::{BLOCKS, FUNCTIONS, name};
use super::userdata::Userdata;
use crate::wire::Wire;

/// What a message begins with.
pub(super) const PROTOCOL_ID: u8 = 0x32;
/// Items of a message that are kept.
const ITEMS_MAX: usize = 64;
/// Bytes of a written value that are kept.
const VALUE_MAX: usize = 32;

/// Kinds of messages.
pub(super) mod kind {
    pub(crate) const JOB: u8 = 1;
    pub(crate) const ACK: u8 = 2;
    pub(crate) const ACK_DATA: u8 = 3;
    pub(crate) const USERDATA: u8 = 7;
}

/// Functions whose parameters are read.
mod function {
    pub(crate) const READ: u8 = 0x04;
    pub(crate) const WRITE: u8 = 0x05;
    pub(crate) const REQUEST_DOWNLOAD: u8 = 0x1a;
    pub(crate) const DOWNLOAD_BLOCK: u8 = 0x1b;
    pub(crate) const DOWNLOAD_ENDED: u8 = 0x1c;
    pub(crate) const START_UPLOAD: u8 = 0x1d;
    pub(crate) const CONTROL: u8 = 0x28;
    pub(crate) const STOP: u8 = 0x29;
    pub(crate) const SETUP: u8 = 0xf0;
}

/// A message.
#[derive(Debug, Default)]
pub(crate) struct S7 {
    pub(super) kind: u8,
    pub(super) reference: u16,
    /// Class and code.
    pub(super) error: Option<(u8, u8)>,
    pub(super) function: Option<u8>,
    pub(super) items: Vec<Item>,
    /// What the answer says of each item.
    pub(super) returns: Vec<u8>,
    /// Block that is loaded up or down: kind and number.
    pub(super) block: Option<Block>,
    /// Service that PLC control calls, and its arguments.
    pub(super) service: Vec<u8>,
    pub(super) arguments: Vec<u8>,
    /// Bytes of a data unit that the sides agree upon.
    pub(super) unit_bytes: Option<u16>,
    pub(super) userdata: Option<Userdata>,
    /// Bytes behind the parameters.
    pub(super) data_bytes: u16,
}

/// A variable that is read or written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) syntax: u8,
    pub(super) kind: u8,
    pub(super) count: u16,
    pub(super) block: u16,
    pub(super) area: u8,
    /// Byte address, and the bit in it.
    pub(super) address: u32,
    pub(super) bit: u8,
    /// Start of the value that is written.
    pub(super) value: Vec<u8>,
}

/// A block of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: &'static str,
    pub(super) number: u32,
    /// The name as it was sent.
    pub(super) file: Vec<u8>,
}

impl S7 {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        wire.byte().filter(|id| *id == PROTOCOL_ID)?;
        let kind = wire.byte()?;
        wire.take(2)?;
        let mut read = Self { kind, reference: wire.be16()?, ..Self::default() };
        let (parameter_bytes, data_bytes) = (wire.be16()?, wire.be16()?);
        read.data_bytes = data_bytes;
        match kind {
            kind::JOB | kind::USERDATA => {}
            kind::ACK | kind::ACK_DATA => read.error = Some((wire.byte()?, wire.byte()?)),
            _ => return None,
        }
        let parameters = wire.take(parameter_bytes.into())?;
        let data = wire.rest().get(..data_bytes.into())?;
        match kind {
            kind::USERDATA => read.userdata = Some(Userdata::read(parameters, data)?),
            kind::JOB => {
                read.function = parameters.first().copied();
                read.job(parameters.get(1..).unwrap_or_default(), data);
            }
            _ => {
                read.function = parameters.first().copied();
                read.answer(parameters.get(1..).unwrap_or_default(), data);
            }
        }
        Some(read)
    }

    pub(super) fn part(&self) -> Part {
        match (self.kind, self.userdata.map(|data| data.kind)) {
            (kind::JOB, _) | (_, Some(4)) => Part::Request,
            (_, Some(0)) => Part::Notice,
            _ => Part::Response,
        }
    }

    /// Name of what it does: the function, or the group and function of userdata.
    pub(super) fn act(&self) -> Option<&'static str> {
        match self.userdata {
            Some(data) => super::s7_names::subfunction(data.group, data.subfunction)
                .or_else(|| name(super::s7_names::GROUPS, data.group.into())),
            None => name(FUNCTIONS, self.function?.into()),
        }
    }

    fn job(&mut self, parameters: &[u8], data: &[u8]) {
        let wire = &mut Wire::new(parameters);
        match self.function {
            Some(function::READ | function::WRITE) => {
                self.items = items(wire);
                if self.function == Some(function::WRITE) {
                    values(&mut self.items, data);
                }
            }
            Some(
                function::REQUEST_DOWNLOAD
                | function::DOWNLOAD_BLOCK
                | function::DOWNLOAD_ENDED
                | function::START_UPLOAD,
            ) => self.block = wire.take(7).and_then(|_| text(wire)).and_then(Block::read),
            Some(function::CONTROL) => {
                let arguments =
                    wire.take(7).and_then(|_| wire.be16()).and_then(|length| wire.take(length.into()));
                self.arguments = arguments.unwrap_or_default().to_vec();
                self.service = text(wire).unwrap_or_default().to_vec();
            }
            Some(function::STOP) => {
                self.service = wire.take(5).and_then(|_| text(wire)).unwrap_or_default().to_vec();
            }
            Some(function::SETUP) => self.unit_bytes = wire.take(5).and_then(|_| wire.be16()),
            _ => {}
        }
    }

    fn answer(&mut self, parameters: &[u8], data: &[u8]) {
        let wire = &mut Wire::new(parameters);
        match self.function {
            Some(function::SETUP) => self.unit_bytes = wire.take(5).and_then(|_| wire.be16()),
            Some(function::WRITE) => {
                let count = usize::from(wire.byte().unwrap_or(0));
                self.returns = data.iter().copied().take(count.min(ITEMS_MAX)).collect();
            }
            Some(function::READ) => {
                let count = usize::from(wire.byte().unwrap_or(0)).min(ITEMS_MAX);
                let wire = &mut Wire::new(data);
                self.returns = (0..count).map_while(|_| value(wire).map(|(returns, _)| returns)).collect();
            }
            _ => {}
        }
    }
}

/// A byte that says how many follow.
fn text<'a>(wire: &mut Wire<'a>) -> Option<&'a [u8]> {
    let length = wire.byte()?;
    wire.take(length.into())
}

fn items(wire: &mut Wire<'_>) -> Vec<Item> {
    let count = usize::from(wire.byte().unwrap_or(0)).min(ITEMS_MAX);
    (0..count).map_while(|_| item(wire)).collect()
}

fn item(wire: &mut Wire<'_>) -> Option<Item> {
    wire.byte()?;
    let bytes = text(wire)?;
    let wire = &mut Wire::new(bytes);
    let syntax = wire.byte()?;
    let mut item = Item { syntax, ..Item::default() };
    // Addresses of other kinds (symbols, drives) are told by their syntax alone.
    if syntax == 0x10 {
        item.kind = wire.byte()?;
        item.count = wire.be16()?;
        item.block = wire.be16()?;
        item.area = wire.byte()?;
        let [high, middle, low] = wire.array()?;
        let address = u32::from_be_bytes([0, high, middle, low]);
        // Counters and timers are numbered, everything else is addressed by bits.
        (item.address, item.bit) = match item.area {
            0x1c | 0x1d => (address, 0),
            _ => (address >> 3, (address & 7) as u8),
        };
    }
    Some(item)
}

/// A return code and a value of data; values stand at even places.
fn value<'a>(wire: &mut Wire<'a>) -> Option<(u8, &'a [u8])> {
    let (returns, kind, length) = (wire.byte()?, wire.byte()?, wire.be16()?);
    // Some types count their length in bits.
    let bytes = match kind {
        3..=5 => usize::from(length).div_ceil(8),
        _ => usize::from(length),
    };
    let value = wire.take(bytes.min(wire.len()))?;
    if bytes % 2 == 1 {
        wire.byte();
    }
    Some((returns, value))
}

fn values(items: &mut [Item], data: &[u8]) {
    let wire = &mut Wire::new(data);
    for item in items {
        let Some((_, value)) = value(wire) else { return };
        item.value = value.get(..VALUE_MAX).unwrap_or(value).to_vec();
    }
}

impl Block {
    /// Reads a name such as `_0A00001P`: data block 1, passive.
    fn read(file: &[u8]) -> Option<Self> {
        let kind = file.get(1..3)?;
        let kind =
            BLOCKS.iter().find(|(code, _)| code.as_slice() == kind).map_or("unknown", |(_, name)| *name);
        let digits = std::str::from_utf8(file.get(3..8)?).ok()?;
        Some(Self { kind, number: digits.parse().ok()?, file: file.to_vec() })
    }
}
