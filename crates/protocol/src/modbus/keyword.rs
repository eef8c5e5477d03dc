//! The keyword `modbus`: `function`, `access`, `unit`.

use super::Exchange;
use super::message::{Data, Message, access, category};
use crate::{Condition, Scope};

/// A parsed argument.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    unit: Option<Range>,
    function: Option<u8>,
    subfunction: Option<u16>,
    category: Option<u8>,
    access: Option<u8>,
    address: Option<Range>,
    value: Option<Range>,
}

/// One number, or what lies between two; the ends do not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: u16,
    to: u16,
}

impl Range {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| format!("`{text}` is not a number"));
        if let Some(text) = text.strip_prefix('>') {
            return Ok(Self { from: number(text)?, to: u16::MAX });
        }
        if let Some(text) = text.strip_prefix('<') {
            return Ok(Self { from: 0, to: number(text)? });
        }
        let (from, to) = match text.split_once("<>") {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(text)?, number(text)?),
        };
        if from > to || (text.contains("<>") && from == to) {
            return Err(format!("nothing lies between {from} and {to}"));
        }
        Ok(Self { from, to })
    }

    fn holds(self, low: u16, high: u16) -> bool {
        if self.from == self.to {
            (low..=high).contains(&self.from)
        } else if self.from == 0 {
            self.to > low
        } else if self.to == u16::MAX {
            self.from < high
        } else {
            self.from < high && low < self.to
        }
    }
}

/// Parses the argument.
pub(super) fn parse(text: &str) -> Result<Box<dyn Condition>, String> {
    parse_wanted(text).map(|wanted| Box::new(wanted) as Box<dyn Condition>)
}

pub(super) fn parse_wanted(text: &str) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut said = false;
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let word = words.next().ok_or("a part is empty")?;
        let rest: Vec<&str> = words.collect();
        match (word, rest.as_slice()) {
            ("unit", [range]) if wanted.unit.is_none() => wanted.unit = Some(Range::parse(range)?),
            ("function", [function]) if !said => {
                said = true;
                set_function(&mut wanted, function)?;
            }
            ("subfunction", [code]) if wanted.function.is_some() => {
                wanted.subfunction = Some(code.parse().map_err(|_| format!("`{code}` is not a number"))?);
            }
            ("access", [way, table @ ..]) if !said => {
                said = true;
                wanted.access = Some(access_of(way, table)?);
            }
            ("address", [range]) if wanted.access.is_some() => wanted.address = Some(Range::parse(range)?),
            ("value", [range]) if wanted.address.is_some() => {
                if wanted.access.is_some_and(|access| access & access::WRITE == 0) {
                    return Err("a value can only be written".into());
                }
                wanted.value = Some(Range::parse(range)?);
            }
            _ => return Err(format!("`{}` is not understood here", part.trim())),
        }
    }
    Ok(wanted)
}

fn set_function(wanted: &mut Wanted, text: &str) -> Result<(), String> {
    if let Ok(number) = text.parse::<u8>() {
        if number == 0 {
            return Err("there is no function 0".into());
        }
        wanted.function = Some(number);
        return Ok(());
    }
    let (negated, name) = text.strip_prefix('!').map_or((false, text), |name| (true, name));
    let all = category::UNASSIGNED | category::ASSIGNED | category::USER | category::RESERVED;
    let bits = match name {
        "assigned" => category::ASSIGNED,
        "unassigned" => category::UNASSIGNED,
        "public" => category::ASSIGNED | category::UNASSIGNED,
        "user" => category::USER,
        "reserved" => category::RESERVED,
        "all" => all,
        _ => return Err(format!("`{name}` is neither a function nor a category")),
    };
    wanted.category = Some(if negated { all & !bits } else { bits });
    Ok(())
}

fn access_of(way: &str, table: &[&str]) -> Result<u8, String> {
    let way = match way {
        "read" => access::READ,
        "write" => access::WRITE,
        _ => return Err(format!("`{way}` is neither read nor write")),
    };
    let table = match (way, table) {
        (_, []) => 0,
        (access::READ, ["discretes"]) => access::DISCRETES,
        (access::READ, ["input"]) => access::INPUT,
        (_, ["coils"]) => access::COILS,
        (_, ["holding"]) => access::HOLDING,
        _ => return Err("nothing of that kind can be accessed that way".into()),
    };
    Ok(way | table)
}

impl Condition for Wanted {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        scope.tx::<Exchange>().request.as_ref().is_some_and(|request| self.holds_for(request))
    }
}

impl Wanted {
    fn holds_for(&self, message: &Message) -> bool {
        let unit = u16::from(message.unit);
        if self.unit.is_some_and(|range| !range.holds(unit, unit)) {
            return false;
        }
        if let Some(access) = self.access {
            return self.accesses(access, message);
        }
        if let Some(category) = self.category {
            return message.category & category != 0;
        }
        let Some(function) = self.function else { return true };
        let sub = self.subfunction.is_none_or(|wanted| match message.data {
            Data::Diagnostic { code, .. } => code == wanted,
            _ => false,
        });
        message.function == function && sub
    }

    fn accesses(&self, access: u8, message: &Message) -> bool {
        let way = access & (access::READ | access::WRITE);
        let table = access & access::TABLES;
        if message.access & way == 0 || (table != 0 && message.access & table == 0) {
            return false;
        }
        let Some(range) = self.address else { return true };
        let Some((low, high)) = message.addresses() else { return false };
        if !range.holds(low, high) {
            return false;
        }
        let Some(value) = self.value else { return true };
        (low..=high)
            .filter(|address| range.holds(*address, *address))
            .filter_map(|address| message.written(address))
            .any(|written| value.holds(written, written))
    }
}
