//! The keywords with a syntax of their own: interface and operation, for calls over TCP, UDP and SMB pipes alike.

use super::names;
use super::pdu::{Identifier, Interface};
use crate::{Condition, Scope};

/// What the keywords look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Interfaces of the connection.
    pub(crate) interfaces: &'a [Interface],
    /// The presentation context that the call uses.
    pub(crate) context: u16,
    /// The operation, when the request was seen.
    pub(crate) opnum: Option<u16>,
    /// Only the first fragment has been seen.
    pub(crate) first_fragment: bool,
}

impl<'a> Call<'a> {
    /// The interface that the call uses.
    pub(crate) fn interface(&self) -> Option<&'a Interface> {
        // A context may be bound again; the newest counts.
        self.interfaces
            .iter()
            .rev()
            .find(|interface| interface.context == self.context && interface.accepted())
    }
}

/// Finds the call of a transaction.
pub(crate) type CallOf = for<'a> fn(&Scope<'a>) -> Option<Call<'a>>;

/// Writes the interface of a call as facts want it: service and identifier.
pub(crate) fn describe(call: &Call<'_>, space: &mut Vec<u8>) -> bool {
    use std::io::Write;
    let Some(interface) = call.interface() else { return false };
    let written = match names::service(interface.uuid) {
        Some(name) => write!(space, "{name} {}", interface.uuid),
        None => write!(space, "{}", interface.uuid),
    };
    written.is_ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equal,
    Differs,
    Below,
    Above,
}

impl Test {
    fn split(text: &str) -> (Test, &str) {
        let test = match text.as_bytes().first() {
            Some(b'=') => Test::Equal,
            Some(b'!') => Test::Differs,
            Some(b'<') => Test::Below,
            Some(b'>') => Test::Above,
            _ => return (Test::Equal, text),
        };
        (test, text[1..].trim())
    }

    fn holds(self, value: u16, bound: u16) -> bool {
        match self {
            Test::Equal => value == bound,
            Test::Differs => value != bound,
            Test::Below => value < bound,
            Test::Above => value > bound,
        }
    }
}

/// `dcerpc.iface:UUID[,[<>!=]VERSION][,any_frag]`.
#[derive(Debug)]
struct Iface {
    uuid: Identifier,
    version: Option<(Test, u16)>,
    any_fragment: bool,
    call: CallOf,
}

impl Condition for Iface {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let Some(call) = (self.call)(scope) else { return false };
        if !self.any_fragment && !call.first_fragment {
            return false;
        }
        call.interface().is_some_and(|interface| {
            interface.uuid == self.uuid
                && self.version.is_none_or(|(test, bound)| test.holds(interface.major, bound))
        })
    }
}

/// Reads the argument of `dcerpc.iface`.
pub(crate) fn iface(text: &str, call: CallOf) -> Result<Box<dyn Condition>, String> {
    let mut parts = text.split(',').map(str::trim);
    let uuid = parts.next().unwrap_or_default();
    let uuid = Identifier::parse(uuid).ok_or_else(|| {
        format!("`{uuid}` is not an interface such as 367abb81-9844-35f1-ad32-98f038001003")
    })?;
    let mut iface = Iface { uuid, version: None, any_fragment: false, call };
    for part in parts {
        if part == "any_frag" && !iface.any_fragment {
            iface.any_fragment = true;
            continue;
        }
        let (test, number) = Test::split(part);
        let number = number.parse().map_err(|_| format!("`{part}` is neither a version nor `any_frag`"))?;
        if iface.any_fragment || iface.version.replace((test, number)).is_some() {
            return Err("the interface has one version, before `any_frag`".to_owned());
        }
    }
    Ok(Box::new(iface))
}

/// `dcerpc.opnum:15,18,20-22`.
#[derive(Debug)]
struct Opnum {
    list: Vec<(Test, u16, u16)>,
    call: CallOf,
}

impl Condition for Opnum {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let Some(opnum) = (self.call)(scope).and_then(|call| call.opnum) else { return false };
        self.list.iter().any(|&(test, low, high)| match test {
            Test::Equal => (low..=high).contains(&opnum),
            test => test.holds(opnum, low),
        })
    }
}

/// Reads the argument of `dcerpc.opnum`.
pub(crate) fn opnum(text: &str, call: CallOf) -> Result<Box<dyn Condition>, String> {
    let mut list = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (test, number) = Test::split(part);
        let wrong = || format!("`{part}` is not an operation number or a range of them");
        let (low, high) = match number.split_once('-') {
            Some((low, high)) if test == Test::Equal => (low, high),
            _ => (number, number),
        };
        let low = low.trim().parse().map_err(|_| wrong())?;
        let high = high.trim().parse().map_err(|_| wrong())?;
        if low > high {
            return Err(format!("`{part}` ends before it begins"));
        }
        list.push((test, low, high));
    }
    Ok(Box::new(Opnum { list, call }))
}
