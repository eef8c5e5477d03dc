//! `$HOME_NET` and friends: the groups of addresses and ports that the configuration names.

use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::{address_text, port_text};
use crate::{AddressSet, PortSet};

/// How deep variables may refer to each other.
const DEPTH_MAX: u32 = 16;

/// Variables by name, as configured.
#[derive(Debug, Default, Clone)]
pub struct Variables {
    addresses: Vec<(String, String)>,
    ports: Vec<(String, String)>,
}

impl Variables {
    /// Sets an address variable; the name without `$`.
    pub fn set_address(&mut self, name: &str, value: &str) {
        set(&mut self.addresses, name, value);
    }

    /// Sets a port variable; the name without `$`.
    pub fn set_port(&mut self, name: &str, value: &str) {
        set(&mut self.ports, name, value);
    }

    /// Reads a group of addresses as rules write it, with variables.
    ///
    /// # Errors
    /// When it cannot be read, when a variable is unknown or circular, or when nothing is left of it.
    pub fn addresses(&self, text: &str) -> Parsed<AddressSet> {
        self.addresses_within(text, 0)
    }

    /// Reads a group of ports as rules write it, with variables.
    ///
    /// # Errors
    /// As for [`Variables::addresses`].
    pub fn ports(&self, text: &str) -> Parsed<PortSet> {
        self.ports_within(text, 0)
    }

    fn addresses_within(&self, text: &str, depth: u32) -> Parsed<AddressSet> {
        address_text::parse(text, &mut |name| {
            let value = look_up(&self.addresses, name, "address", depth)?;
            self.addresses_within(value, depth + 1).map_err(|fault| within(name, fault))
        })
    }

    fn ports_within(&self, text: &str, depth: u32) -> Parsed<PortSet> {
        port_text::parse(text, &mut |name| {
            let value = look_up(&self.ports, name, "port", depth)?;
            self.ports_within(value, depth + 1).map_err(|fault| within(name, fault))
        })
    }
}

fn set(list: &mut Vec<(String, String)>, name: &str, value: &str) {
    match list.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => value.clone_into(old),
        None => list.push((name.to_owned(), value.to_owned())),
    }
}

fn look_up<'a>(list: &'a [(String, String)], name: &str, kind: &str, depth: u32) -> Parsed<&'a str> {
    if depth >= DEPTH_MAX {
        return Err(Fault::new(Code::Variable, format!("the {kind} variable `${name}` refers to itself")));
    }
    match list.iter().find(|(known, _)| known == name) {
        Some((_, value)) => Ok(value),
        None => {
            let mut fault =
                Fault::new(Code::Variable, format!("the {kind} variable `${name}` is not configured"));
            fault.help = meant(name, list.iter().map(|(known, _)| known.as_str()));
            Err(fault)
        }
    }
}

/// A fault inside a variable's value has no place in the rule but the variable's name.
fn within(name: &str, fault: Fault) -> Fault {
    if fault.code == Code::Variable {
        return Fault { span: None, ..fault };
    }
    Fault { span: None, cause: format!("in `${name}`: {}", fault.cause), ..fault }
}
