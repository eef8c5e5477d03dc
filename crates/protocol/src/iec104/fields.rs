//! Keywords, facts and records of IEC 60870-5-104.

use json::Json;

use super::asdu::{Asdu, Value};
use super::names::{self, CAUSES};
use super::{Exchange, Frame, control_name};
use crate::exchange::side;
use crate::{Field, Scope};

/// Objects that a record shows.
const SHOWN_MAX: usize = 32;

fn asdu<'a>(scope: &Scope<'a>) -> Option<&'a Asdu> {
    match side::<Frame>(scope)? {
        Frame::Data { asdu, .. } => Some(asdu),
        _ => None,
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field::number("iec104.type", "Number of the data unit's type.", 8, &[], |scope| {
        Some(asdu(scope)?.kind.into())
    })
    .fact(),
    Field::bytes("iec104.type_name", "Name of the data unit's type, such as `C_SC_NA_1`.", |scope, _| {
        names::kind(asdu(scope)?.kind).map(|(name, _)| name.as_bytes())
    })
    .fact(),
    Field::number("iec104.cause", "Cause of transmission.", 8, CAUSES, |scope| {
        Some(asdu(scope)?.cause.into())
    })
    .fact(),
    Field::number("iec104.negative", "1 when a command was refused.", 8, &[], |scope| {
        Some(asdu(scope)?.negative.into())
    })
    .fact(),
    Field::number("iec104.command", "1 when the data unit commands, 0 when it tells.", 8, &[], |scope| {
        Some(names::is_command(asdu(scope)?.kind).into())
    })
    .fact(),
    Field::number("iec104.asdu_address", "Common address: the station.", 16, &[], |scope| {
        Some(asdu(scope)?.address.into())
    })
    .fact(),
    Field::number("iec104.originator", "Address of the originator.", 8, &[], |scope| {
        Some(asdu(scope)?.originator.into())
    }),
    Field::numbers("iec104.ioa", "Address of each information object.", 32, &[], |scope, index| {
        asdu(scope)?.objects.get(index).map(|object| object.address.into())
    })
    .fact(),
    Field::bytes("iec104.control", "Unnumbered control, such as `stopdt_act`.", |scope, _| {
        match side::<Frame>(scope)? {
            Frame::Control(control) => control_name(*control).map(str::as_bytes),
            _ => None,
        }
    })
    .fact(),
];

/// Writes `"iec104": {…}`. That a connection is alive is not logged.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some(frame) = scope.tx::<Exchange<Frame>>().either() else { return false };
    match frame {
        Frame::Broken => return false,
        Frame::Control(super::control::TEST_ACT | super::control::TEST_CON) => return false,
        Frame::Control(control) => {
            json.object("iec104")
                .text("frame", "U")
                .text("control", control_name(*control).unwrap_or("unknown"));
        }
        Frame::Data { sequence, asdu } => {
            json.object("iec104").text("frame", "I").number("sequence", *sequence);
            write_asdu(asdu, json);
        }
    }
    json.end();
    true
}

fn write_asdu(asdu: &Asdu, json: &mut Json) {
    json.number("type_id", asdu.kind);
    if let Some((name, _)) = names::kind(asdu.kind) {
        json.text("type", name);
    }
    json.number("cause_id", asdu.cause);
    if let Some(name) = names::cause(asdu.cause) {
        json.text("cause", name);
    }
    json.boolean("negative", asdu.negative).boolean("test", asdu.test);
    json.boolean("command", names::is_command(asdu.kind));
    if asdu.is_select() {
        json.boolean("select", true);
    }
    json.number("originator", asdu.originator)
        .number("asdu_address", asdu.address)
        .number("count", asdu.count);
    if asdu.objects.is_empty() {
        return;
    }
    json.array("objects");
    for object in asdu.objects.iter().take(SHOWN_MAX) {
        json.object_item().number("ioa", object.address);
        match object.value {
            Value::None => {}
            Value::Number(number) => {
                json.number("value", number);
            }
            // What is no number has no form in JSON.
            Value::Float(number) if number.is_finite() => {
                json.float("value", number.into());
            }
            Value::Float(_) => {
                json.text("value", "not_a_number");
            }
            Value::Command { state, select } => {
                json.number("value", state).boolean("select", select);
            }
        }
        json.end();
    }
    json.end();
}
