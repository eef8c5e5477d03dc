//! Modbus application units behind the MBAP header (Modbus Application Protocol 1.1b3, Messaging on TCP/IP 1.0b).

use crate::wire::Wire;

/// Kinds of access, as bits.
pub(super) mod access {
    pub(crate) const READ: u8 = 1;
    pub(crate) const WRITE: u8 = 2;
    pub(crate) const DISCRETES: u8 = 4;
    pub(crate) const COILS: u8 = 8;
    pub(crate) const INPUT: u8 = 16;
    pub(crate) const HOLDING: u8 = 32;
    pub(crate) const SINGLE: u8 = 64;
    pub(crate) const MULTIPLE: u8 = 128;
    /// Which of the tables.
    pub(crate) const TABLES: u8 = DISCRETES | COILS | INPUT | HOLDING;
}

/// Categories of functions, as bits (§4.1: figure "MODBUS Function Code Categories").
pub(super) mod category {
    pub(crate) const UNASSIGNED: u8 = 1;
    pub(crate) const ASSIGNED: u8 = 2;
    pub(crate) const USER: u8 = 4;
    pub(crate) const RESERVED: u8 = 8;
}

/// What is wrong with a message, as bits.
pub(super) mod flaw {
    pub(crate) const VALUE: u8 = 1;
    pub(crate) const LENGTH: u8 = 2;
    pub(crate) const EXCEPTION: u8 = 4;
    pub(crate) const FUNCTION: u8 = 8;
    pub(crate) const PROTOCOL: u8 = 16;
}

/// The header and the function.
pub(super) const HEAD_BYTES: usize = 8;
/// Unit, function and data.
const LENGTH_MAX: u16 = 254;
/// The function of Schneider's UMAS, with which Modicon controllers are programmed, and its longer messages.
const UMAS: u8 = 90;
const UMAS_LENGTH_MAX: u16 = 1024;

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) transaction: u16,
    pub(super) protocol: u16,
    pub(super) unit: u8,
    pub(super) function: u8,
    pub(super) access: u8,
    pub(super) category: u8,
    pub(super) flaws: u8,
    pub(super) data: Data,
}

#[derive(Debug, Default)]
pub(super) enum Data {
    #[default]
    Empty,
    Bytes(Vec<u8>),
    Exception(u8),
    Diagnostic {
        code: u16,
        data: Vec<u8>,
    },
    Mei {
        kind: u8,
        data: Vec<u8>,
    },
    Transfer {
        read: Option<Read>,
        write: Option<Write>,
    },
}

#[derive(Debug)]
pub(super) enum Read {
    Request { address: u16, quantity: u16 },
    Response(Vec<u8>),
}

#[derive(Debug)]
pub(super) enum Write {
    Many { address: u16, quantity: u16, data: Vec<u8> },
    Mask { address: u16, and: u16, or: u16 },
    One { address: u16, data: u16 },
}

/// Length of the message that starts here; `None`: more is needed; `Some(None)`: no Modbus.
pub(super) fn length(bytes: &[u8]) -> Option<Option<usize>> {
    let wire = &mut Wire::new(bytes);
    let (_transaction, _protocol, length) = (wire.be16()?, wire.be16()?, wire.be16()?);
    let limit = match length {
        ..=LENGTH_MAX => LENGTH_MAX,
        _ if *bytes.get(7)? & 0x7f == UMAS => UMAS_LENGTH_MAX,
        _ => LENGTH_MAX,
    };
    Some((2..=limit).contains(&length).then_some(usize::from(length) + 6))
}

/// Reads one whole message.
pub(super) fn read(bytes: &[u8], request: bool) -> Option<Message> {
    let wire = &mut Wire::new(bytes);
    let (transaction, protocol, _) = (wire.be16()?, wire.be16()?, wire.be16()?);
    let (unit, raw) = (wire.byte()?, wire.byte()?);
    let function = raw & 0x7f;
    let mut message = Message {
        transaction,
        protocol,
        unit,
        function: raw,
        access: access_of(function),
        category: category_of(function),
        ..Message::default()
    };
    if protocol != 0 {
        message.flaws |= flaw::PROTOCOL;
    }
    if raw & 0x80 != 0 {
        message.exception(wire, request);
        return Some(message);
    }
    let (data, flaws) = if request { of_request(function, wire) } else { of_response(function, wire) };
    message.data = data;
    message.flaws |= flaws;
    message.recategorise();
    Some(message)
}

impl Message {
    fn exception(&mut self, wire: &mut Wire<'_>, request: bool) {
        let Some(code) = wire.byte().filter(|_| !request) else {
            self.flaws |= flaw::FUNCTION;
            return;
        };
        if exception_name(code) == "Unknown" {
            self.flaws |= flaw::EXCEPTION;
        }
        self.data = Data::Exception(code);
    }

    /// Some subfunctions are reserved.
    fn recategorise(&mut self) {
        let reserved = match &self.data {
            Data::Diagnostic { code, .. } => matches!(diagnostic_name(*code), "Reserved" | "Unknown"),
            Data::Mei { kind, .. } => mei_name(*kind) == "Unknown",
            _ => false,
        };
        if reserved {
            self.category = category::RESERVED;
        }
    }

    /// Addresses read, else those written: first and last.
    pub(super) fn addresses(&self) -> Option<(u16, u16)> {
        let Data::Transfer { read, write } = &self.data else { return None };
        let range = |address: u16, quantity: u16| (address, address.saturating_add(quantity));
        match (read, write) {
            (Some(Read::Request { address, quantity }), _) => Some(range(*address, *quantity)),
            (_, Some(Write::Many { address, quantity, .. })) => Some(range(*address, *quantity)),
            (_, Some(Write::Mask { address, .. } | Write::One { address, .. })) => Some((*address, *address)),
            _ => None,
        }
    }

    /// What is written to `address`.
    pub(super) fn written(&self, address: u16) -> Option<u16> {
        let Data::Transfer { write: Some(write), .. } = &self.data else { return None };
        match write {
            Write::One { address: at, data } => (*at == address).then_some(*data),
            Write::Mask { .. } => None,
            Write::Many { address: at, quantity, data } => {
                let place = address.checked_sub(*at).filter(|place| place < quantity).map(usize::from)?;
                if self.access & access::COILS != 0 {
                    data.get(place / 8).map(|byte| u16::from(byte >> (place % 8) & 1))
                } else {
                    data.get(place * 2..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
                }
            }
        }
    }
}

fn access_of(function: u8) -> u8 {
    use access::{COILS, DISCRETES, HOLDING, INPUT, MULTIPLE, READ, SINGLE, WRITE};
    match function {
        1 => READ | COILS,
        2 => READ | DISCRETES,
        3 => READ | HOLDING,
        4 => READ | INPUT,
        5 => WRITE | COILS | SINGLE,
        6 | 22 => WRITE | HOLDING | SINGLE,
        15 => WRITE | COILS | MULTIPLE,
        16 => WRITE | HOLDING | MULTIPLE,
        20 => READ,
        21 => WRITE,
        23 => READ | WRITE | HOLDING | MULTIPLE,
        24 => READ | HOLDING,
        _ => 0,
    }
}

fn category_of(function: u8) -> u8 {
    match function {
        0 => 0,
        1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43 => category::ASSIGNED,
        9 | 10 | 13 | 14 | 41 | 42 | 90 | 91 | 125..=127 => category::RESERVED,
        65..=72 | 100..=110 => category::USER,
        _ => category::UNASSIGNED,
    }
}

type Found = (Data, u8);

const CUT: Found = (Data::Empty, flaw::LENGTH);

fn transfer(read: Option<Read>, write: Option<Write>, flaws: u8) -> Found {
    (Data::Transfer { read, write }, flaws)
}

fn whole(wire: &Wire<'_>) -> u8 {
    if wire.is_empty() { 0 } else { flaw::LENGTH }
}

fn of_request(function: u8, wire: &mut Wire<'_>) -> Found {
    of_known_request(function, wire).unwrap_or(CUT)
}

fn of_known_request(function: u8, wire: &mut Wire<'_>) -> Option<Found> {
    Some(match function {
        1..=4 => {
            let (address, quantity) = (wire.be16()?, wire.be16()?);
            let most = if function <= 2 { 2000 } else { 125 };
            let wrong = if (1..=most).contains(&quantity) { 0 } else { flaw::VALUE };
            transfer(Some(Read::Request { address, quantity }), None, wrong | whole(wire))
        }
        5 | 6 => {
            let (address, data) = (wire.be16()?, wire.be16()?);
            let wrong = if function == 6 || matches!(data, 0 | 0xff00) { 0 } else { flaw::VALUE };
            transfer(None, Some(Write::One { address, data }), wrong | whole(wire))
        }
        7 | 11 | 12 | 17 => (Data::Empty, whole(wire)),
        15 | 16 => many(function == 15, wire).map(|(write, flaws)| transfer(None, Some(write), flaws))?,
        22 => {
            let write = Write::Mask { address: wire.be16()?, and: wire.be16()?, or: wire.be16()? };
            transfer(None, Some(write), whole(wire))
        }
        23 => {
            let (address, quantity) = (wire.be16()?, wire.be16()?);
            let wrong = if (1..=125).contains(&quantity) { 0 } else { flaw::VALUE };
            let (write, flaws) = many(false, wire)?;
            transfer(Some(Read::Request { address, quantity }), Some(write), wrong | flaws)
        }
        _ => of_either(function, wire)?,
    })
}

fn many(coils: bool, wire: &mut Wire<'_>) -> Option<(Write, u8)> {
    let (address, quantity, count) = (wire.be16()?, wire.be16()?, wire.byte()?);
    let most = if coils { 1968 } else { 123 };
    let bytes = if coils { quantity.div_ceil(8) } else { quantity.saturating_mul(2) };
    let wrong = if (1..=most).contains(&quantity) && bytes == u16::from(count) { 0 } else { flaw::VALUE };
    let data = wire.take(usize::from(count).min(wire.len()))?.to_vec();
    let short = if data.len() < usize::from(count) { flaw::LENGTH } else { whole(wire) };
    Some((Write::Many { address, quantity, data }, wrong | short))
}

fn of_either(function: u8, wire: &mut Wire<'_>) -> Option<Found> {
    Some(match function {
        8 => (Data::Diagnostic { code: wire.be16()?, data: wire.rest().to_vec() }, 0),
        43 => (Data::Mei { kind: wire.byte()?, data: wire.rest().to_vec() }, 0),
        _ if wire.is_empty() => (Data::Empty, 0),
        _ => (Data::Bytes(wire.rest().to_vec()), 0),
    })
}

fn of_response(function: u8, wire: &mut Wire<'_>) -> Found {
    of_known_response(function, wire).unwrap_or(CUT)
}

fn of_known_response(function: u8, wire: &mut Wire<'_>) -> Option<Found> {
    Some(match function {
        1..=4 | 23 => {
            let count = wire.byte()?;
            let data = wire.take(usize::from(count).min(wire.len()))?.to_vec();
            let short = if data.len() < usize::from(count) { flaw::LENGTH } else { whole(wire) };
            transfer(Some(Read::Response(data)), None, short)
        }
        5 | 6 | 15 | 16 => {
            let write = Write::One { address: wire.be16()?, data: wire.be16()? };
            transfer(None, Some(write), whole(wire))
        }
        22 => {
            let write = Write::Mask { address: wire.be16()?, and: wire.be16()?, or: wire.be16()? };
            transfer(None, Some(write), whole(wire))
        }
        _ => of_either(function, wire)?,
    })
}

pub(super) fn function_name(function: u8) -> &'static str {
    match function & 0x7f {
        1 => "RdCoils",
        2 => "RdDiscreteInputs",
        3 => "RdHoldRegs",
        4 => "RdInputRegs",
        5 => "WrSingleCoil",
        6 => "WrSingleReg",
        7 => "RdExcStatus",
        8 => "Diagnostic",
        9 => "Program484",
        10 => "Poll484",
        11 => "GetCommEventCtr",
        12 => "GetCommEventLog",
        13 => "ProgramController",
        14 => "PollController",
        15 => "WrMultCoils",
        16 => "WrMultRegs",
        17 => "ReportServerID",
        18 => "Program884",
        19 => "ResetCommLink",
        20 => "RdFileRec",
        21 => "WrFileRec",
        22 => "MaskWrReg",
        23 => "RdWrMultRegs",
        24 => "RdFIFOQueue",
        43 => "MEI",
        _ => "Unknown",
    }
}

pub(super) fn exception_name(code: u8) -> &'static str {
    match code {
        1 => "IllegalFunction",
        2 => "IllegalDataAddr",
        3 => "IllegalDataValue",
        4 => "ServerDeviceFail",
        5 => "Ack",
        6 => "ServerDeviceBusy",
        7 => "NegAck",
        8 => "MemParityErr",
        10 => "GatewayPathUnavailable",
        11 => "GatewayTargetFailToResp",
        _ => "Unknown",
    }
}

pub(super) fn diagnostic_name(code: u16) -> &'static str {
    match code {
        0 => "RetQueryData",
        1 => "RestartCommOpt",
        2 => "RetDiagReg",
        3 => "ChangeInputDelimiter",
        4 => "ForceListenMode",
        5..=9 | 19 => "Reserved",
        10 => "ClearCtrDiagReg",
        11 => "RetBusMsgCount",
        12 => "RetBusCommErrCount",
        13 => "RetBusExcErrCount",
        14 => "RetServerMsgCount",
        15 => "RetServerNoRespCount",
        16 => "RetServerNAKCount",
        17 => "RetServerBusyCount",
        18 => "RetBusCharOverrunCount",
        20 => "ClearOverrunCounterFlag",
        21 => "GetClearPlusStats",
        _ => "Unknown",
    }
}

pub(super) fn mei_name(kind: u8) -> &'static str {
    match kind {
        13 => "CANOpenGenRefReqResp",
        14 => "RdDevId",
        _ => "Unknown",
    }
}
