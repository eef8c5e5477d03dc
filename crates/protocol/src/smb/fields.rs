//! Keywords and facts of SMB.

use model::Direction;

use super::state::{Call, Connect, Exchange, Kind, Setup, Smb};
use crate::dcerpc::condition::{self, Call as Called};
use crate::dcerpc::pdu::kind;
use crate::{Field, FieldKind, Scope, Sides};

/// The call of a transaction as the keywords of DCE/RPC see it.
pub(super) fn call_of<'a>(state: &'a Smb, call: &'a Call) -> Called<'a> {
    let asked = call.asked == Some(kind::REQUEST);
    Called {
        interfaces: match state.pipes.get(&call.file) {
            Some(pipe) if asked => &pipe.interfaces,
            _ => &[],
        },
        context: call.context,
        opnum: asked.then_some(call.opnum),
        first_fragment: true,
    }
}

fn called<'a>(scope: &Scope<'a>) -> Option<Called<'a>> {
    match &scope.tx::<Exchange>().kind {
        Kind::Call(call) => Some(call_of(scope.state(), call)),
        _ => None,
    }
}

/// The service behind the pipe of a call, for pipes that only one service listens on.
fn service_of_pipe(scope: &Scope<'_>) -> Option<&'static str> {
    const PIPES: [&str; 10] =
        ["atsvc", "efsrpc", "eventlog", "netdfs", "samr", "spoolss", "srvsvc", "svcctl", "winreg", "wkssvc"];
    let Kind::Call(call) = &scope.tx::<Exchange>().kind else { return None };
    let name = scope.state::<Smb>().names.get(&call.file)?.to_ascii_lowercase();
    let name = name.strip_prefix(b"\\").unwrap_or(&name);
    PIPES.into_iter().find(|pipe| pipe.as_bytes() == name)
}

fn connect<'a>(scope: &Scope<'a>) -> Option<&'a Connect> {
    match &scope.tx::<Exchange>().kind {
        Kind::Tree(connect) => Some(connect),
        _ => None,
    }
}

fn setup<'a>(scope: &Scope<'a>) -> Option<&'a Setup> {
    match &scope.tx::<Exchange>().kind {
        Kind::Setup(setup) => Some(setup),
        _ => None,
    }
}

fn file_name<'a>(scope: &Scope<'a>) -> Option<&'a [u8]> {
    match &scope.tx::<Exchange>().kind {
        Kind::Create(create) => Some(&create.name),
        Kind::File(transfer) => Some(&transfer.name),
        Kind::Rename(rename) => Some(&rename.to),
        Kind::SetInfo(info) => Some(&info.name),
        _ => None,
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "smb.named_pipe",
        aliases: &["smb_named_pipe"],
        help: "The share of pipes that is connected to.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| connect(scope).filter(|tree| tree.pipe).map(|tree| &*tree.name)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.share",
        aliases: &["smb_share"],
        help: "The share of files that is connected to.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| connect(scope).filter(|tree| !tree.pipe).map(|tree| &*tree.name)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.ntlmssp_user",
        help: "User that logs on.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| setup(scope)?.logon.as_ref().map(|logon| &*logon.user)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.ntlmssp_domain",
        help: "Domain of the user that logs on.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| setup(scope)?.logon.as_ref().map(|logon| &*logon.domain)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.version",
        help: "1, or 2 for all that came after it.",
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| Some(scope.tx::<Exchange>().version.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.file_name",
        help: "File or pipe that is opened, read, written, renamed or deleted.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| file_name(scope)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.command_name",
        help: "The command in EVE's words.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| {
            let exchange = scope.tx::<Exchange>();
            let name = match exchange.version {
                1 => u8::try_from(exchange.command).ok().and_then(super::names::command1),
                _ => super::names::command2(exchange.command),
            };
            name.map(str::as_bytes)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smb.status_code",
        help: "The NT status of the answer as a number.",
        sides: Sides::ToServer,
        kind: FieldKind::Number {
            bits: 32,
            names: &[],
            get: |scope| match scope.tx::<Exchange>().status {
                Some(super::state::Status::Nt(code)) => Some(code.into()),
                _ => None,
            },
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.iface",
        aliases: &["dce_iface"],
        help: "The interface that is called: its identifier, perhaps a version, perhaps `any_frag`.",
        kind: FieldKind::Custom(|text| condition::iface(text, called)),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.opnum",
        aliases: &["dce_opnum"],
        help: "The operation that is called: numbers and ranges.",
        kind: FieldKind::Custom(|text| condition::opnum(text, called)),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.stub_data",
        aliases: &["dce_stub_data"],
        help: "Arguments or results of the call.",
        kind: FieldKind::Bytes(|scope, _| match &scope.tx::<Exchange>().kind {
            Kind::Call(call) => {
                let stub = &call.stubs[if scope.direction == Direction::ToServer { 0 } else { 1 }];
                (!stub.is_empty()).then_some(&**stub)
            }
            _ => None,
        }),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.interface",
        help: "The called interface in words: service and identifier.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, space| {
            let call = called(scope)?;
            if condition::describe(&call, space) {
                return Some(&*space);
            }
            // The binding was not seen: a pipe that only one service listens on names it as well.
            call.opnum?;
            space.extend_from_slice(service_of_pipe(scope)?.as_bytes());
            Some(&*space)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.operation",
        help: "The called operation as a number.",
        sides: Sides::ToServer,
        kind: FieldKind::Number { bits: 16, names: &[], get: |scope| called(scope)?.opnum.map(u64::from) },
        fact: true,
        ..Field::EMPTY
    },
];
