//! Keywords and facts of ISO transport, S7comm, S7comm-plus and MMS.

use super::s7::{Item, S7};
use super::s7_names::{AREAS, FUNCTIONS, GROUPS, KINDS};
use super::{Connection, Message, mms::Mms, mms_names, plus};
use crate::exchange::Exchange;
use crate::{Field, Scope};

fn here<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    scope.tx::<Exchange<Message>>().side(scope.direction)
}

fn connection<'a>(scope: &Scope<'a>) -> Option<&'a Connection> {
    match here(scope)? {
        Message::Connection(connection) => Some(connection),
        _ => None,
    }
}

fn s7<'a>(scope: &Scope<'a>) -> Option<&'a S7> {
    match here(scope)? {
        Message::S7(message) => Some(message),
        _ => None,
    }
}

fn item<'a>(scope: &Scope<'a>, index: usize) -> Option<&'a Item> {
    s7(scope)?.items.get(index)
}

fn plus_of<'a>(scope: &Scope<'a>) -> Option<&'a plus::Plus> {
    match here(scope)? {
        Message::Plus(message) => Some(message),
        _ => None,
    }
}

fn mms<'a>(scope: &Scope<'a>) -> Option<&'a Mms> {
    match here(scope)? {
        Message::Mms(message) => Some(message),
        _ => None,
    }
}

const CALLED: Field =
    Field::bytes("cotp.called_tsap", "Selector of the transport that is called.", |scope, _| {
        connection(scope).map(|connection| &*connection.called)
    })
    .fact();
const CALLING: Field =
    Field::bytes("cotp.calling_tsap", "Selector of the transport that calls.", |scope, _| {
        connection(scope).map(|connection| &*connection.calling)
    })
    .fact();

pub(super) const COTP: &[Field] = &[CALLED, CALLING];

pub(super) const S7COMM: &[Field] = &[
    Field::number("s7comm.rosctr", "Kind of message.", 8, KINDS, |scope| Some(s7(scope)?.kind.into())),
    Field::number("s7comm.function", "Function of a job and of its answer.", 8, FUNCTIONS, |scope| {
        s7(scope)?.function.map(u64::from)
    })
    .fact(),
    Field::number("s7comm.userdata_group", "Group of functions of userdata.", 8, GROUPS, |scope| {
        s7(scope)?.userdata.map(|data| data.group.into())
    })
    .fact(),
    Field::number("s7comm.userdata_subfunction", "Function of userdata in its group.", 8, &[], |scope| {
        s7(scope)?.userdata.map(|data| data.subfunction.into())
    })
    .fact(),
    Field::bytes("s7comm.action", "Name of the function, of a job or of userdata.", |scope, _| {
        s7(scope)?.act().map(str::as_bytes)
    })
    .fact(),
    Field::numbers(
        "s7comm.area",
        "Area of each variable that is read or written.",
        8,
        AREAS,
        |scope, index| Some(item(scope, index)?.area.into()),
    )
    .asked()
    .fact(),
    Field::numbers("s7comm.db", "Data block of each variable.", 16, &[], |scope, index| {
        Some(item(scope, index)?.block.into())
    })
    .asked()
    .fact(),
    Field::numbers("s7comm.address", "Byte address of each variable.", 32, &[], |scope, index| {
        Some(item(scope, index)?.address.into())
    })
    .asked()
    .fact(),
    Field::list("s7comm.value", "Start of each value that is written.", |scope, index, _| {
        item(scope, index).map(|item| &*item.value).filter(|value| !value.is_empty())
    })
    .asked(),
    Field::bytes("s7comm.block", "Block that is loaded up or down, such as `DB1`.", |scope, scratch| {
        let block = s7(scope)?.block.as_ref()?;
        scratch.extend_from_slice(format!("{}{}", block.kind, block.number).as_bytes());
        Some(scratch)
    })
    .fact(),
    Field::bytes(
        "s7comm.service",
        "Service of the program that is called, such as `P_PROGRAM`.",
        |scope, _| s7(scope).map(|message| &*message.service).filter(|service| !service.is_empty()),
    )
    .asked()
    .fact(),
    Field::number("s7comm.error_class", "Class of the error in an answer.", 8, &[], |scope| {
        s7(scope)?.error.map(|(class, _)| class.into())
    })
    .answered()
    .fact(),
    Field::numbers(
        "s7comm.return_code",
        "What the answer says of each variable.",
        8,
        super::s7_names::RETURNS,
        |scope, index| s7(scope)?.returns.get(index).map(|code| u64::from(*code)),
    )
    .answered()
    .fact(),
    CALLED,
    CALLING,
];

pub(super) const S7COMM_PLUS: &[Field] = &[
    Field::number("s7comm_plus.version", "Version of the protocol.", 8, &[], |scope| {
        Some(plus_of(scope)?.version.into())
    })
    .fact(),
    Field::number("s7comm_plus.operation", "Kind of message.", 8, plus::OPERATIONS, |scope| {
        Some(plus_of(scope)?.operation.into())
    }),
    Field::number("s7comm_plus.function", "Function.", 16, plus::FUNCTIONS, |scope| {
        plus_of(scope)?.function.map(u64::from)
    })
    .fact(),
    CALLED,
    CALLING,
];

pub(super) const MMS: &[Field] = &[
    Field::number("mms.pdu", "Kind of PDU.", 8, mms_names::PDUS, |scope| Some(mms(scope)?.pdu.into())),
    Field::number(
        "mms.service",
        "Number of the service that is asked for.",
        8,
        mms_names::SERVICES,
        |scope| mms(scope)?.service.map(u64::from),
    ),
    Field::bytes("mms.service_name", "Name of the service that is asked for.", |scope, _| {
        mms(scope)?.service_name().map(str::as_bytes)
    })
    .fact(),
    Field::list("mms.name", "Each name of a domain, variable or file.", |scope, index, _| {
        mms(scope)?.names.get(index).map(Vec::as_slice)
    })
    .fact(),
    CALLED,
    CALLING,
];
