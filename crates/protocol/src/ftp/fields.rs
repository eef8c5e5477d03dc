//! Fields of FTP exchanges: the rule keywords `ftp.*`.

use std::net::IpAddr;

use super::{Command, Exchange, port};
use crate::{Condition, Field, FieldKind, Scope, Sides};

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "ftp.command",
        help: "Name of the command.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| Some(scope.tx::<Exchange>().command?.name().as_bytes())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ftp.command_data",
        help: "Argument of the command.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| scope.tx::<Exchange>().argument()),
        ..Field::EMPTY
    },
    Field {
        name: "ftp.argument",
        help: "Argument of the command, without passwords.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| scope.tx::<Exchange>().shown()),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ftp.reply",
        help: "Text of a reply line.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, index, _| {
            scope.tx::<Exchange>().replies.get(index).map(super::Reply::text)
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ftp.completion_code",
        help: "Code of a reply line.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, index, _| {
            scope.tx::<Exchange>().replies.iter().filter_map(super::Reply::code).nth(index)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ftp.dynamic_port",
        help: "Port of the data connection agreed on.",
        kind: FieldKind::Number {
            bits: 16,
            names: &[],
            get: |scope| scope.tx::<Exchange>().port().map(u64::from),
        },
        ..Field::EMPTY
    },
    Field {
        name: "ftp.mode",
        help: "Whether the data connection is active or passive.",
        kind: FieldKind::Custom(|argument| {
            let active = match argument.trim() {
                "active" => true,
                "passive" => false,
                other => return Err(format!("`{other}` is neither `active` nor `passive`")),
            };
            Ok(Box::new(Mode { active }))
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ftp.reply_received",
        help: "Whether the command was answered.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(|argument| {
            let received = match argument.trim().to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" | "1" => true,
                "no" | "off" | "false" | "0" => false,
                other => return Err(format!("`{other}` is neither `yes` nor `no`")),
            };
            Ok(Box::new(Received { received }))
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ftpbounce",
        help: "PORT names an address that is not the client's.",
        sides: Sides::ToServer,
        kind: FieldKind::Custom(|argument| match argument.trim() {
            "" => Ok(Box::new(Bounce)),
            _ => Err("it takes no argument".to_owned()),
        }),
        ..Field::EMPTY
    },
];

#[derive(Debug)]
struct Mode {
    active: bool,
}

impl Condition for Mode {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let word = if self.active { "active" } else { "passive" };
        let exchange = scope.tx::<Exchange>();
        exchange.agreed.is_some() && exchange.mode() == Some(word)
    }
}

#[derive(Debug)]
struct Received {
    received: bool,
}

impl Condition for Received {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let exchange = scope.tx::<Exchange>();
        exchange.command.is_some() && exchange.done == self.received
    }
}

/// A client that has the server connect to somebody else (RFC 2577 §2).
#[derive(Debug)]
struct Bounce;

impl Condition for Bounce {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let exchange = scope.tx::<Exchange>();
        let client = scope.state::<super::Ftp>().client;
        exchange.command == Some(Command::PORT)
            && exchange
                .argument()
                .and_then(port::port)
                .is_some_and(|(address, _)| client.is_some_and(|client| client != IpAddr::V4(address)))
    }
}
