//! Keywords, facts and records of NFS.

use json::Json;

use super::names::{self, PROCEDURES_2, PROCEDURES_3, PROCEDURES_4};
use super::{Exchange, Kind};
use crate::{Condition, Field, FieldKind, Scope};

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "nfs_procedure",
        aliases: &["nfs.procedure"],
        help: "Procedure of a call, or operation of a compound: a number, a range or a name.",
        sides: crate::Sides::ToServer,
        kind: FieldKind::Custom(|text| Ok(Box::new(Wanted::parse(text)?))),
        ..Field::EMPTY
    },
    Field {
        aliases: &["nfs_version"],
        ..Field::number("nfs.version", "Version of the protocol.", 32, &[], |scope| {
            Some(scope.tx::<Exchange>().version.into())
        })
        .asked()
        .fact()
    },
    Field::bytes("nfs.procedure_name", "Name of the procedure or operation.", |scope, scratch| {
        let exchange = scope.tx::<Exchange>();
        let name = names::procedure(exchange.version, exchange.procedure);
        scratch.extend_from_slice(name.to_string().as_bytes());
        Some(scratch)
    })
    .asked()
    .fact(),
    Field::bytes("nfs.filename", "Name of the file or directory.", |scope, _| {
        Some(&*scope.tx::<Exchange>().name).filter(|name| !name.is_empty())
    })
    .asked()
    .fact(),
    Field::bytes("nfs.rename_to", "New name of what is renamed.", |scope, _| {
        match &scope.tx::<Exchange>().kind {
            Kind::Rename { to } => Some(to),
            _ => None,
        }
    })
    .asked()
    .fact(),
    Field::number("nfs.status", "What the server answered; 0 is success.", 32, &[], |scope| {
        let exchange = scope.tx::<Exchange>();
        exchange.answered.then_some(exchange.status.into())
    })
    .answered()
    .fact(),
    Field::number("rpc.uid", "User that the client says it acts for.", 32, &[], |scope| {
        scope.tx::<Exchange>().unix.as_ref().map(|unix| unix.uid.into())
    })
    .asked()
    .fact(),
    Field::bytes("rpc.machine_name", "Machine that the client says it is.", |scope, _| {
        scope.tx::<Exchange>().unix.as_ref().map(|unix| &*unix.machine)
    })
    .asked()
    .fact(),
];

/// A parsed argument of `nfs_procedure`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The same name has another number in each version.
    Named { numbers: [Option<u32>; 3], negated: bool },
    /// From, to; both belong to it.
    Range { from: u32, to: u32, negated: bool },
}

impl Wanted {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (negated, text) = match text.strip_prefix("!=").or_else(|| text.strip_prefix('!')) {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        let find = |list: &[(&str, u32)]| {
            list.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| *number)
        };
        let numbers = [PROCEDURES_2, PROCEDURES_3, PROCEDURES_4].map(find);
        if numbers.iter().any(Option::is_some) {
            return Ok(Wanted::Named { numbers, negated });
        }
        let (from, to) = range(text)?;
        if from > to {
            return Err(format!("`{text}` holds for no number"));
        }
        Ok(Wanted::Range { from, to, negated })
    }

    fn is(&self, version: u32, procedure: u32) -> bool {
        match self {
            Wanted::Named { numbers, negated } => {
                let place = (version.clamp(2, 4) - 2) as usize;
                numbers.get(place).copied().flatten().is_some_and(|number| (number == procedure) != *negated)
            }
            Wanted::Range { from, to, negated } => (*from..=*to).contains(&procedure) != *negated,
        }
    }
}

fn range(text: &str) -> Result<(u32, u32), String> {
    let number = |text: &str| {
        text.trim().parse::<u32>().map_err(|_| format!("`{text}` is neither a number nor a procedure of NFS"))
    };
    let none = || format!("`{text}` holds for no number");
    if let Some(rest) = text.strip_prefix(">=") {
        return Ok((number(rest)?, u32::MAX));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Ok((0, number(rest)?));
    }
    if let Some((from, to)) = text.split_once("<>").or_else(|| text.split_once('-')) {
        return Ok((number(from)?, number(to)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Ok((number(rest)?.checked_add(1).ok_or_else(none)?, u32::MAX));
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Ok((0, number(rest)?.checked_sub(1).ok_or_else(none)?));
    }
    number(text).map(|number| (number, number))
}

impl Condition for Wanted {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let exchange = scope.tx::<Exchange>();
        let more = match &exchange.kind {
            Kind::File(transfer) => transfer.more_procedures.as_slice(),
            _ => &[],
        };
        std::iter::once(&exchange.procedure).chain(more).any(|number| self.is(exchange.version, *number))
    }
}

/// Writes `"rpc": {…}, "nfs": {…}`. Attributes are asked for without end; those calls are not logged.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    if exchange.version <= 3 && exchange.procedure == 1 {
        return false;
    }
    json.object("rpc").number("xid", exchange.xid).display("status", names::rpc_state(exchange.rpc_state));
    json.display("auth_type", names::flavor(exchange.flavor));
    if let Some(unix) = &exchange.unix {
        json.object("creds").bytes_text("machine_name", &unix.machine);
        json.number("uid", unix.uid).number("gid", unix.gid).end();
    }
    json.end();
    json.object("nfs").number("version", exchange.version);
    json.display("procedure", names::procedure(exchange.version, exchange.procedure));
    json.bytes_text("filename", &exchange.name);
    if !exchange.handle.is_empty() {
        let mut sum = flate2::Crc::new();
        sum.update(&exchange.handle);
        json.display("hhash", format_args!("{:x}", sum.sum()));
    }
    let file = matches!(exchange.kind, Kind::File(_));
    json.number("id", scope.core.id + 1).boolean("file_tx", file);
    json.text("type", "response").display("status", names::status(exchange.status));
    match &exchange.kind {
        Kind::Plain => {}
        Kind::Rename { to } => {
            json.object("rename").bytes_text("from", &exchange.name).bytes_text("to", to).end();
        }
        Kind::File(transfer) => {
            json.object(if transfer.write { "write" } else { "read" });
            json.boolean("first", true).boolean("last", transfer.last);
            json.number("last_xid", transfer.last_xid).number("chunks", transfer.chunks).end();
        }
    }
    json.end();
    true
}
