//! Words of rule headers that were read before: tens of thousands of rules share a few dozen.

use std::cell::RefCell;

use hashbrown::HashMap;

use super::Environment;
use super::error::Parsed;
use super::protocol_name::{self, Meant};
use crate::{AddressSet, PortSet};

/// What words mean, within one reading. Words that mean nothing are not kept: each gets its own fault.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    protocols: RefCell<HashMap<String, Meant>>,
    addresses: RefCell<HashMap<String, AddressSet>>,
    ports: RefCell<HashMap<String, PortSet>>,
}

impl Memo {
    /// A header's protocol.
    pub(crate) fn protocol(&self, word: &str, environment: &Environment) -> Parsed<Meant> {
        once(&self.protocols, word, || protocol_name::parse(word, &environment.disabled))
    }

    /// A group of addresses.
    pub(crate) fn addresses(&self, word: &str, environment: &Environment) -> Parsed<AddressSet> {
        once(&self.addresses, word, || environment.variables.addresses(word))
    }

    /// A group of ports.
    pub(crate) fn ports(&self, word: &str, environment: &Environment) -> Parsed<PortSet> {
        once(&self.ports, word, || environment.variables.ports(word))
    }
}

fn once<T: Clone>(
    known: &RefCell<HashMap<String, T>>,
    word: &str,
    read: impl FnOnce() -> Parsed<T>,
) -> Parsed<T> {
    if let Some(value) = known.borrow().get(word) {
        return Ok(value.clone());
    }
    let value = read()?;
    known.borrow_mut().insert(word.to_owned(), value.clone());
    Ok(value)
}
