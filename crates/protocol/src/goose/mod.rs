//! GOOSE (IEC 61850-8-1, annex A): events of substations, published in Ethernet frames and repeated until the next one.
//!
//! A frame is told when its state number is new, or when its sequence does not follow the one before it; repetitions are
//! counted and told with the next record. Limits: 1,024 publishers are told apart, 32 values of a frame are shown.

#[cfg(test)]
mod tests;

use json::Json;

use crate::ber::{self, Element};
use crate::table::Table;
use crate::wire::Wire;

/// What announces such a frame.
pub(crate) const ETHER_TYPE: u16 = 0x88b8;
const PUBLISHERS_MAX: usize = 1024;
const VALUES_MAX: usize = 32;
const LEVELS: u8 = 4;
/// The PDU: `[APPLICATION 1]`.
const PDU: (u8, u32) = (0x60, 1);
/// "This frame is a simulation" in the first reserved field.
const SIMULATED: u16 = 0x8000;

/// A frame.
#[derive(Debug, Default, PartialEq)]
struct Message<'a> {
    application: u16,
    control_block: &'a [u8],
    data_set: &'a [u8],
    identifier: &'a [u8],
    /// Milliseconds until the next frame must have come.
    lives_ms: u64,
    state: u64,
    sequence: u64,
    configuration: u64,
    simulation: bool,
    needs_commissioning: bool,
    values: Vec<Value<'a>>,
}

/// A value, by its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    Boolean(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f32),
    Bits(&'a [u8]),
    Text(&'a [u8]),
    Other(u32),
}

/// What was last seen of each publisher.
#[derive(Debug)]
pub(crate) struct Seen {
    publishers: Table<([u8; 6], u16, Vec<u8>), Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    state: u64,
    sequence: u64,
    repeated: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { publishers: Table::new(PUBLISHERS_MAX) }
    }
}

impl Seen {
    /// Writes `"goose": {…}` when the frame says something new.
    pub(crate) fn write(&mut self, source: [u8; 6], bytes: &[u8], json: &mut Json) -> bool {
        let Some(message) = read(bytes) else { return false };
        let key = (source, message.application, message.control_block.to_vec());
        let last = self.publishers.get(&key).copied();
        let follows = last.is_some_and(|last| {
            // The sequence starts over before it ends.
            last.state == message.state
                && (message.sequence == last.sequence.wrapping_add(1) || message.sequence == 1)
        });
        let repeated = last.map_or(0, |last| last.repeated);
        let now = Last {
            state: message.state,
            sequence: message.sequence,
            repeated: if follows { repeated + 1 } else { 0 },
        };
        self.publishers.put(key, now);
        if follows {
            return false;
        }
        json.object("goose");
        write_message(&message, json);
        if let Some(last) = last {
            json.object("previous").number("st_num", last.state).number("sq_num", last.sequence);
            json.number("repeated", last.repeated).end();
        }
        json.end();
        true
    }
}

fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let wire = &mut Wire::new(bytes);
    let application = wire.be16()?;
    let length = usize::from(wire.be16()?);
    let reserved = wire.be16()?;
    wire.be16()?;
    // Short frames are padded.
    let mut rest = wire.rest().get(..length.checked_sub(8)?)?;
    let pdu = ber::next(&mut rest).filter(|pdu| (pdu.class, pdu.number) == PDU)?;
    let mut message = Message { application, simulation: reserved & SIMULATED != 0, ..Message::default() };
    let mut rest = pdu.content;
    while let Some(element) = ber::next(&mut rest) {
        let number = element.integer().unwrap_or(0);
        match (element.class, element.number) {
            (0x80, 0) => message.control_block = element.content,
            (0x80, 1) => message.lives_ms = number,
            (0x80, 2) => message.data_set = element.content,
            (0x80, 3) => message.identifier = element.content,
            (0x80, 5) => message.state = number,
            (0x80, 6) => message.sequence = number,
            (0x80, 7) => message.simulation |= number != 0,
            (0x80, 8) => message.configuration = number,
            (0x80, 9) => message.needs_commissioning = number != 0,
            (0xa0, 11) => message.values = values(element.content),
            _ => {}
        }
    }
    (!message.control_block.is_empty()).then_some(message)
}

/// Values of the data set, those inside structures included.
fn values(bytes: &[u8]) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    ber::walk(bytes, LEVELS, &mut |element| {
        if !element.is_constructed() {
            values.push(Value::of(&element));
        }
        values.len() < VALUES_MAX
    });
    values
}

impl<'a> Value<'a> {
    fn of(element: &Element<'a>) -> Self {
        let content = element.content;
        match element.number {
            3 => Value::Boolean(content.iter().any(|byte| *byte != 0)),
            // The first byte says how many bits of the last are none.
            4 => Value::Bits(content.get(1..).unwrap_or_default()),
            5 => {
                let sign = content.first().map_or(0, |byte| (*byte as i8 >> 7) as i64);
                Value::Integer(
                    content.iter().take(8).fold(sign, |number, byte| number << 8 | i64::from(*byte)),
                )
            }
            6 => Value::Unsigned(element.integer().unwrap_or(0)),
            // The width of the exponent stands before it.
            7 => match content {
                [8, float @ ..] => match float.try_into() {
                    Ok(bytes) => Value::Float(f32::from_be_bytes(bytes)),
                    Err(_) => Value::Other(7),
                },
                _ => Value::Other(7),
            },
            10 | 16 => Value::Text(content),
            number => Value::Other(number),
        }
    }
}

fn write_message(message: &Message<'_>, json: &mut Json) {
    json.display("appid", format_args!("{:#06x}", message.application));
    json.bytes_text("gocb_ref", message.control_block).bytes_text("dat_set", message.data_set);
    if !message.identifier.is_empty() {
        json.bytes_text("go_id", message.identifier);
    }
    json.number("st_num", message.state).number("sq_num", message.sequence);
    json.number("time_allowed_to_live", message.lives_ms).number("conf_rev", message.configuration);
    json.boolean("simulation", message.simulation).boolean("nds_com", message.needs_commissioning);
    if message.values.is_empty() {
        return;
    }
    json.array("values");
    for value in &message.values {
        match value {
            Value::Boolean(value) => json.text_item(if *value { "true" } else { "false" }),
            Value::Integer(number) => json.number_item(*number),
            Value::Unsigned(number) => json.number_item(*number),
            Value::Float(number) => json.display_item(number),
            Value::Bits(bits) => json.display_item(Hex(bits)),
            Value::Text(text) => json.bytes_item(text),
            Value::Other(number) => json.display_item(format_args!("type {number}")),
        };
    }
    json.end();
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
