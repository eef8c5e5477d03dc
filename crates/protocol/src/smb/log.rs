//! SMB in EVE.

use std::fmt;

use json::Json;

use super::names;
use super::state::{
    Call, Connect, Create, Exchange, FileId, Host, Kind, Negotiate, SetInfo, Setup, Smb, Status,
};
use crate::Scope;
use crate::dcerpc::{log as rpc, names as rpc_names, pdu::kind};
use crate::ntlmssp;

/// Seconds between 1601, where Windows counts from, and 1970.
const EPOCH: u64 = 11_644_473_600;

/// The record: only for the kinds that are wanted.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let (state, exchange) = (scope.state::<Smb>(), scope.tx::<Exchange>());
    if !state.types.is_empty() && !state.types.iter().any(|kind| kind == type_of(&exchange.kind)) {
        return false;
    }
    write_object(scope, json);
    true
}

/// The name of a transaction's kind in the configuration.
fn type_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Plain => "generic",
        Kind::Negotiate(_) => "negotiate",
        Kind::Setup(_) => "session_setup",
        Kind::Tree(_) => "tree_connect",
        Kind::Create(_) => "create",
        Kind::File(_) => "file",
        Kind::Call(_) => "dcerpc",
        Kind::Control(_) => "ioctl",
        Kind::Rename(_) => "rename",
        Kind::SetInfo(_) => "set_file_path_info",
    }
}

fn write_object(scope: &Scope<'_>, json: &mut Json) {
    let (state, exchange) = (scope.state::<Smb>(), scope.tx::<Exchange>());
    json.object("smb").number("id", scope.core.id + 1);
    match (state.dialect, &state.dialect_name) {
        (0, Some(name)) => json.bytes_text("dialect", name),
        (0, None) => json.text("dialect", "unknown"),
        (code, _) => match names::dialect(code) {
            Some(name) => json.text("dialect", name),
            None => json.display("dialect", code),
        },
    };
    let command = match exchange.version {
        1 => u8::try_from(exchange.command).ok().and_then(names::command1),
        _ => names::command2(exchange.command),
    };
    match command {
        Some(name) => json.text("command", name),
        None => json.display("command", exchange.command),
    };
    write_status(exchange.status, json);
    json.number("session_id", exchange.session).number("tree_id", exchange.tree);
    write_kind(state, exchange, json);
    json.end();
}

fn write_status(status: Option<Status>, json: &mut Json) {
    match status {
        None => {}
        Some(Status::Nt(code)) => {
            match names::status(code) {
                Some(name) => json.text("status", name),
                None => json.display("status", code),
            };
            json.plain_by("status_code", |out| {
                out.extend_from_slice(b"0x");
                json::hex_into(out, code.into());
            });
        }
        Some(Status::Old { class, code }) => {
            match names::old_error(class, code) {
                Some(name) => json.text("status", name),
                None => json.display("status", format_args!("UNKNOWN_{class:02x}_{code:04x}")),
            };
            json.display("status_code", format_args!("0x{code:04x}"));
        }
    }
}

fn write_kind(state: &Smb, exchange: &Exchange, json: &mut Json) {
    match &exchange.kind {
        Kind::Plain => {}
        Kind::Negotiate(negotiate) => write_negotiate(state, negotiate, json),
        Kind::Setup(setup) => write_setup(setup, json),
        Kind::Tree(connect) => write_connect(exchange.version, connect, json),
        Kind::Create(create) => write_create(create, json),
        Kind::File(transfer) => {
            json.bytes_text("filename", &transfer.name).bytes_text("share", &transfer.share);
            json.display("fuid", transfer.file);
        }
        Kind::Call(call) => write_call(state, call, json),
        Kind::Control(code) => {
            match names::control(*code) {
                Some(name) => json.text("function", name),
                None => json.display("function", format_args!("{code:x}")),
            };
        }
        Kind::Rename(rename) => {
            if exchange.version == 2 {
                json.object("set_info")
                    .text("class", "FILE_INFO")
                    .text("info_level", "SMB2_FILE_RENAME_INFO")
                    .end();
            }
            json.object("rename").bytes_text("from", &rename.from).bytes_text("to", &rename.to).end();
            json.display("fuid", rename.file);
        }
        Kind::SetInfo(info) => write_set_info(exchange.version, info, json),
    }
}

fn write_negotiate(state: &Smb, negotiate: &Negotiate, json: &mut Json) {
    json.array("client_dialects");
    for dialect in &negotiate.dialects {
        json.bytes_item(dialect);
    }
    json.end();
    if let Some(client) = negotiate.client {
        json.display("client_guid", FileId { bytes: client, short: false });
    }
    json.display("server_guid", FileId { bytes: negotiate.server, short: false });
    if state.read_max > 0 {
        json.number("max_read_size", state.read_max);
    }
    if state.write_max > 0 {
        json.number("max_write_size", state.write_max);
    }
}

fn write_setup(setup: &Setup, json: &mut Json) {
    if let Some(ticket) = &setup.ticket {
        ntlmssp::write_ticket(ticket, json);
    }
    if let Some(logon) = &setup.logon {
        ntlmssp::write_logon(logon, json);
    }
    write_host("request", setup.request.as_ref(), json);
    write_host("response", setup.response.as_ref(), json);
}

fn write_host(key: &str, host: Option<&Host>, json: &mut Json) {
    if let Some(host) = host {
        json.object(key).bytes_text("native_os", &host.system).bytes_text("native_lm", &host.program).end();
    }
}

fn write_connect(version: u8, connect: &Connect, json: &mut Json) {
    json.bytes_text(if connect.pipe { "named_pipe" } else { "share" }, &connect.name);
    if version == 1 {
        json.object("service")
            .bytes_text("request", &connect.asked)
            .bytes_text("response", &connect.given)
            .end();
        return;
    }
    json.text(
        "share_type",
        match connect.share_type {
            1 => "FILE",
            2 => "PIPE",
            3 => "PRINT",
            _ => "UNKNOWN",
        },
    );
}

fn write_create(create: &Create, json: &mut Json) {
    if create.name.is_empty() {
        json.text("filename", "<share_root>");
    } else {
        json.bytes_text(if create.directory { "directory" } else { "filename" }, &create.name);
    }
    let dispositions =
        ["FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF"];
    let disposition = usize::try_from(create.disposition).ok().and_then(|at| dispositions.get(at));
    json.text("disposition", disposition.copied().unwrap_or("UNKNOWN"));
    json.text("access", access(create.delete));
    for (name, time) in ["created", "accessed", "modified", "changed"].iter().zip(create.times) {
        json.number(name, (time / 10_000_000).saturating_sub(EPOCH));
    }
    json.number("size", create.size).display("fuid", create.file);
}

fn access(delete: bool) -> &'static str {
    if delete { "delete on close" } else { "normal" }
}

fn write_set_info(version: u8, info: &SetInfo, json: &mut Json) {
    if info.name.is_empty() {
        json.text("filename", "<share_root>");
    } else {
        json.bytes_text("filename", &info.name);
    }
    json.text("access", access(info.delete));
    if version == 1 {
        json.text("subcmd", if info.by_path { "SET_PATH_INFO" } else { "SET_FILE_INFO" });
        json.text("level_of_interest", "Set Disposition Information");
    } else {
        json.object("set_info")
            .text("class", "FILE_INFO")
            .text("info_level", "SMB2_FILE_DISPOSITION_INFO")
            .end();
    }
    json.display("fuid", info.file);
}

fn write_call(state: &Smb, call: &Call, json: &mut Json) {
    json.object("dcerpc");
    match call.asked {
        Some(kind) => {
            json.text("request", rpc_names::kind_name(kind));
            if kind == kind::REQUEST {
                json.number("opnum", call.opnum).object("req");
                json.number("frag_cnt", call.fragments[0])
                    .number("stub_data_size", call.stubs[0].len())
                    .end();
                if let Some(interface) = super::fields::call_of(state, call).interface() {
                    json.array("interfaces");
                    rpc::write_interface(interface, Some(call.opnum), true, json);
                    json.end();
                }
            } else if kind == kind::BIND {
                rpc::write_interfaces(&call.bound, true, json);
            }
        }
        None => {
            json.text("request", "REQUEST_LOST");
        }
    }
    match call.answered {
        Some(kind) => {
            json.text("response", rpc_names::kind_name(kind));
            if kind == kind::RESPONSE {
                json.object("res").number("frag_cnt", call.fragments[1]);
                json.number("stub_data_size", call.stubs[1].len()).end();
            }
        }
        None => {
            json.text("response", "UNREPLIED");
        }
    }
    json.number("call_id", call.call).end();
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.short {
            return self.bytes[..6].iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        }
        for (place, at) in [3, 2, 1, 0, 5, 4, 7, 6, 9, 8, 11, 10, 15, 14, 13, 12].into_iter().enumerate() {
            let dash = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{:02x}", self.bytes[at])?;
        }
        Ok(())
    }
}
