//! Modbus exchanges in EVE.

use json::Json;

use super::Exchange;
use super::message::{Data, Message, Read, Write, diagnostic_name, exception_name, function_name, mei_name};
use crate::Scope;

const ACCESS: [&str; 8] = ["READ", "WRITE", "DISCRETES", "COILS", "INPUT", "HOLDING", "SINGLE", "MULTIPLE"];
const CATEGORY: [&str; 4] = ["PUBLIC_UNASSIGNED", "PUBLIC_ASSIGNED", "USER_DEFINED", "RESERVED"];
const FLAWS: [&str; 5] = ["DATA_VALUE", "DATA_LENGTH", "EXC_CODE", "FUNC_CODE", "PROTO_ID"];

/// Writes `"modbus": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("modbus").number("id", scope.core.id + 1);
    for (name, message) in [("request", &exchange.request), ("response", &exchange.response)] {
        if let Some(message) = message {
            json.object(name);
            write_message(message, json);
            json.end();
        }
    }
    json.end();
    true
}

fn write_message(message: &Message, json: &mut Json) {
    json.number("transaction_id", message.transaction).number("protocol_id", message.protocol);
    json.number("unit_id", message.unit).number("function_raw", message.function);
    json.plain("function_code", function_name(message.function).as_bytes());
    write_bits("access_type", message.access, &ACCESS, json);
    write_bits("category", message.category, &CATEGORY, json);
    write_bits("error_flags", message.flaws, &FLAWS, json);
    match &message.data {
        Data::Empty => {}
        Data::Bytes(data) => {
            json.bytes_text("data", data);
        }
        Data::Exception(code) => {
            json.object("exception").number("raw", *code).text("code", exception_name(*code)).end();
        }
        Data::Diagnostic { code, data } => {
            json.object("diagnostic").number("raw", *code).text("code", diagnostic_name(*code));
            json.bytes_text("data", data).end();
        }
        Data::Mei { kind, data } => {
            json.object("mei").number("raw", *kind).text("code", mei_name(*kind));
            json.bytes_text("data", data).end();
        }
        Data::Transfer { read, write } => {
            if let Some(read) = read {
                write_read(read, json);
            }
            if let Some(write) = write {
                write_write(write, json);
            }
        }
    }
}

fn write_read(read: &Read, json: &mut Json) {
    json.object("read");
    match read {
        Read::Request { address, quantity } => {
            json.number("address", *address).number("quantity", *quantity);
        }
        Read::Response(data) => {
            json.bytes_text("data", data);
        }
    }
    json.end();
}

fn write_write(write: &Write, json: &mut Json) {
    json.object("write");
    match write {
        Write::Many { address, quantity, data } => {
            json.number("address", *address).number("quantity", *quantity).bytes_text("data", data);
        }
        Write::Mask { address, and, or } => {
            json.number("address", *address).number("and_mask", *and).number("or_mask", *or);
        }
        Write::One { address, data } => {
            json.number("address", *address).number("data", *data);
        }
    }
    json.end();
}

/// Names of the bits that are set, as `READ | COILS`; `NONE` when there are none.
fn write_bits(key: &str, bits: u8, names: &[&str], json: &mut Json) {
    let set = names.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
    json.joined(key, set.map(|(_, name)| *name), " | ", "NONE");
}
