//! Calls in EVE.

use json::Json;

use super::pdu::{Interface, kind};
use super::{Dcerpc, Exchange, names};
use crate::Scope;

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let (state, exchange) = (scope.state::<Dcerpc>(), scope.tx::<Exchange>());
    json.object("dcerpc");
    match exchange.request.kind.filter(|_| exchange.request.done) {
        Some(kind) => {
            json.text("request", names::kind_name(kind));
            match kind {
                kind::REQUEST => {
                    json.object("req").number("opnum", exchange.opnum);
                    json.number("frag_cnt", exchange.request.fragments);
                    json.number("stub_data_size", exchange.request.stub.len()).end();
                    if let Some(interface) = exchange.call(state).interface() {
                        json.array("interfaces");
                        write_interface(interface, Some(exchange.opnum), false, json);
                        json.end();
                    }
                }
                kind::BIND => write_interfaces(&exchange.bound, false, json),
                _ => {}
            }
        }
        None => {
            json.text("request", "REQUEST_LOST");
        }
    }
    match exchange.response.kind.filter(|_| exchange.response.done) {
        Some(kind) => {
            json.text("response", names::kind_name(kind));
            if kind == kind::RESPONSE {
                json.object("res").number("frag_cnt", exchange.response.fragments);
                json.number("stub_data_size", exchange.response.stub.len()).end();
            }
        }
        None => {
            json.text("response", "RESPONSE_LOST");
        }
    }
    match exchange.activity {
        Some((activity, sequence)) => {
            json.plain("activityuuid", &activity.text())
                .number("seqnum", sequence)
                .text("rpc_version", "4.0");
        }
        None => {
            json.number("call_id", exchange.call);
            write_version("rpc_version", 5, state.minor.into(), json);
        }
    }
    json.end();
    true
}

/// The list of interfaces of a binding; over SMB with the reason of a refusal.
pub(crate) fn write_interfaces(interfaces: &[Interface], reasons: bool, json: &mut Json) {
    if interfaces.is_empty() {
        return;
    }
    json.array("interfaces");
    for interface in interfaces {
        write_interface(interface, None, reasons, json);
    }
    json.end();
}

fn write_version(key: &str, major: u64, minor: u64, json: &mut Json) {
    json.plain_by(key, |out| {
        json::decimal_into(out, major);
        out.push(b'.');
        json::decimal_into(out, minor);
    });
}

/// One interface, with the procedure that is called.
pub(crate) fn write_interface(interface: &Interface, opnum: Option<u16>, reasons: bool, json: &mut Json) {
    json.object_item().plain("uuid", &interface.uuid.text());
    write_version("version", interface.major.into(), interface.minor.into(), json);
    json.number("ack_result", interface.result);
    if reasons {
        // Suricata writes the field, but never learns the reason.
        json.number("ack_reason", 0);
    }
    if let Some(service) = names::service(interface.uuid) {
        json.text("service", service);
    }
    if let Some(procedure) = opnum.and_then(|opnum| names::procedure(interface.uuid, opnum)) {
        json.text("procedure", procedure);
    }
    json.end();
}
