//! What a message of an industrial protocol asks of a controller.

use model::{TransactionFact, Value};

/// What a message asks, and what the controller answers.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) stop: bool,
    pub(super) restart: bool,
    pub(super) silence: bool,
    pub(super) program: bool,
    pub(super) operate: bool,
    pub(super) write: bool,
    /// A function that the controller does not have.
    pub(super) refused_function: Option<u64>,
    /// An address that the controller does not have.
    pub(super) refused_address: Option<u64>,
}

impl Message {
    /// Whether it changes anything.
    pub(super) fn commands(&self) -> bool {
        self.stop || self.restart || self.silence || self.program || self.operate || self.write
    }
}

/// Reads a message; `None` for other protocols.
pub(super) fn read(fact: &TransactionFact) -> Option<Message> {
    match fact.protocol {
        "s7comm" => Some(s7(fact)),
        "modbus" => Some(modbus(fact)),
        "dnp3" => Some(dnp3(fact)),
        "enip" => Some(cip(fact)),
        "iec104" => Some(iec104(fact)),
        "bacnet" => Some(bacnet(fact)),
        _ => None,
    }
}

fn numbers<'a>(fact: &'a TransactionFact, name: &'a str) -> impl Iterator<Item = u64> + 'a {
    fact.fields.iter().filter(move |(key, _)| *key == name).filter_map(|(_, value)| match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
    })
}

/// Functions of jobs: 0x05 write, 0x1a..0x1c load down, 0x28 control, 0x29 stop.
fn s7(fact: &TransactionFact) -> Message {
    let function = fact.number("s7comm.function").unwrap_or_default();
    Message {
        stop: function == 0x29,
        operate: function == 0x28,
        program: function == 0x1a,
        write: function == 0x05,
        ..Message::default()
    }
}

/// Functions 5, 6, 15, 16, 21..23 write; exception 1 is an unknown function, 2 an unknown address.
fn modbus(fact: &TransactionFact) -> Message {
    let function = fact.number("modbus.function").unwrap_or_default();
    let exception = fact.number("modbus.exception").unwrap_or_default();
    Message {
        write: exception == 0 && matches!(function, 5 | 6 | 15 | 16 | 21 | 22 | 23),
        refused_function: (exception == 1).then_some(function),
        refused_address: (exception == 2).then(|| fact.number("modbus.address").unwrap_or_default()),
        ..Message::default()
    }
}

/// Functions 2..6 write and operate, 13 and 14 restart, 16..18 handle applications (IEEE 1815 §4.4).
fn dnp3(fact: &TransactionFact) -> Message {
    let function = numbers(fact, "dnp3.func").next().unwrap_or_default();
    Message {
        restart: matches!(function, 13 | 14),
        stop: function == 18,
        operate: matches!(function, 16 | 17),
        write: matches!(function, 2..=6),
        ..Message::default()
    }
}

/// Services 0x05 reset and 0x07 stop; 0x10 and 0x4d write (CIP volume 1, appendix A).
fn cip(fact: &TransactionFact) -> Message {
    let identity = numbers(fact, "enip.cip_class").next() == Some(1);
    let mut message = Message::default();
    for service in numbers(fact, "cip.service") {
        message.restart |= service == 0x05 && identity;
        message.stop |= service == 0x07 && identity;
        message.write |= service == 0x4d;
    }
    message
}

/// Types 45..64 command, 105 resets the process (IEC 60870-5-104).
fn iec104(fact: &TransactionFact) -> Message {
    let kind = fact.number("iec104.type").unwrap_or_default();
    Message { restart: kind == 105, write: matches!(kind, 45..=64), ..Message::default() }
}

/// Services of ASHRAE 135 by name.
fn bacnet(fact: &TransactionFact) -> Message {
    let action = fact.text("bacnet.action");
    let said = |words: &str| action.eq_ignore_ascii_case(words);
    Message {
        restart: said("reinitialize_device"),
        silence: said("device_communication_control"),
        write: said("write_property"),
        ..Message::default()
    }
}
