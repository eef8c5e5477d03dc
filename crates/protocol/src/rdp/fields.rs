//! Facts and EVE records of RDP.

use json::Json;

use super::message::{Client, Message, Negotiation};
use super::names;
use crate::{Field, FieldKind, Scope, Sides};

fn message<'a>(scope: &Scope<'a>) -> &'a Message {
    scope.tx::<Box<Message>>()
}

fn client<'a>(scope: &Scope<'a>) -> Option<&'a Client> {
    match message(scope) {
        Message::ConnectRequest { client, .. } => client.as_deref(),
        _ => None,
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "rdp.cookie",
        help: "User name in the cookie of the connection request.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| match message(scope) {
            Message::ConnectionRequest { cookie, .. } => cookie.as_deref(),
            _ => None,
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "rdp.client_name",
        help: "Name of the client's machine.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| client(scope).map(|client| client.name.as_bytes())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "rdp.channel",
        help: "Each channel that the client asks for.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, index, _| match message(scope) {
            Message::ConnectRequest { channels, .. } => channels.get(index).map(Vec::as_slice),
            _ => None,
        }),
        fact: true,
        ..Field::EMPTY
    },
];

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    json.object("rdp").number("tx_id", scope.core.id);
    match message(scope) {
        Message::ConnectionRequest { cookie, flags } => {
            json.text("event_type", "initial_request");
            if let Some(cookie) = cookie {
                json.bytes_text("cookie", cookie);
            }
            write_flags("flags", names::REQUEST_FLAGS, *flags, json);
        }
        Message::ConnectionConfirm(negotiation) => {
            json.text("event_type", "initial_response");
            write_negotiation(negotiation.as_ref(), json);
        }
        Message::ConnectRequest { client, channels } => {
            json.text("event_type", "connect_request");
            if let Some(client) = client {
                write_client(client, json);
            }
            if !channels.is_empty() {
                json.array("channels");
                for channel in channels {
                    json.bytes_item(channel);
                }
                json.end();
            }
        }
        Message::ConnectResponse => _ = json.text("event_type", "connect_response"),
        Message::TlsHandshake { serials } => {
            json.text("event_type", "tls_handshake").array("x509_serials");
            for serial in serials {
                json.text_item(serial);
            }
            json.end();
        }
    }
    json.end();
    true
}

fn write_flags<T: Copy + Into<u32>>(key: &str, names: &[(&str, T)], flags: T, json: &mut Json) {
    let flags: u32 = flags.into();
    let set = |bit: T| flags & bit.into() != 0;
    if flags == 0 {
        return;
    }
    json.array(key);
    for (name, _) in names.iter().filter(|(_, bit)| set(*bit)) {
        json.text_item(name);
    }
    json.end();
}

fn write_negotiation(negotiation: Option<&Negotiation>, json: &mut Json) {
    match negotiation {
        None => {}
        Some(Negotiation::Response { flags, protocol }) => {
            write_flags("server_supports", names::RESPONSE_FLAGS, *flags, json);
            json.text("protocol", names::protocol(*protocol));
        }
        Some(Negotiation::Failure { code }) => {
            json.number("error_code", *code).text("reason", names::failure(*code));
        }
    }
}

fn write_client(client: &Client, json: &mut Json) {
    json.object("client").text("version", &names::version(client.version));
    json.number("desktop_width", client.width).number("desktop_height", client.height);
    if let Some(depth) = color_depth(client) {
        json.number("color_depth", depth);
    }
    json.text("keyboard_layout", names::layout(client.keyboard_layout));
    json.text("build", names::build(client.build));
    if !client.name.is_empty() {
        json.text("client_name", &client.name);
    }
    if let Some(keyboard) = names::keyboard(client.keyboard_type) {
        json.text("keyboard_type", keyboard);
    }
    for (key, value) in
        [("keyboard_subtype", client.keyboard_subtype), ("function_keys", client.function_keys)]
    {
        if value != 0 {
            json.number(key, value);
        }
    }
    if !client.ime.is_empty() {
        json.text("ime", &client.ime);
    }
    write_optional(client, json);
    json.end();
}

fn write_optional(client: &Client, json: &mut Json) {
    if let Some(product) = client.product {
        json.number("product_id", product);
    }
    if let Some(serial) = client.serial.filter(|serial| *serial != 0) {
        json.number("serial_number", serial);
    }
    if let Some(capabilities) = client.capabilities {
        write_flags("capabilities", names::CAPABILITIES, capabilities, json);
    }
    if let Some(id) = client.id.as_ref().filter(|id| !id.is_empty()) {
        json.text("id", id);
    }
    if let Some(hint) = client.connection.and_then(names::connection) {
        json.text("connection_hint", hint);
    }
    let sizes = [("physical_width", client.physical_width), ("physical_height", client.physical_height)];
    let scales = [("scale_factor", client.scale), ("device_scale_factor", client.device_scale)];
    for (key, value) in sizes {
        if let Some(value) = value {
            json.number(key, value);
        }
    }
    if let Some(orientation) = client.orientation {
        json.number("desktop_orientation", orientation);
    }
    for (key, value) in scales {
        if let Some(value) = value {
            json.number(key, value);
        }
    }
}

/// The newest of the three fields that speak of colours ([MS-RDPBCGR] §2.2.1.3.2).
fn color_depth(client: &Client) -> Option<u16> {
    const WANTS_32: u16 = 0x0002;
    const KNOWS_32: u16 = 0x0008;
    let wants = client.capabilities.unwrap_or_default() & WANTS_32 != 0;
    if wants && client.supported_depths.unwrap_or_default() & KNOWS_32 != 0 {
        return Some(32);
    }
    if let Some(depth @ (4 | 8 | 15 | 16 | 24)) = client.high_color_depth {
        return Some(depth);
    }
    match client.post_beta_depth.unwrap_or(client.color_depth) {
        0xca00 => Some(4),
        0xca01 => Some(8),
        0xca02 => Some(15),
        0xca03 => Some(16),
        0xca04 => Some(24),
        _ => None,
    }
}
