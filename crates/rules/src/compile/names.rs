//! Numbers for names, and shared sets of addresses and ports.

use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::lower::any;
use crate::ir::DatasetSpec;
use crate::op::Numbering;
use crate::{AddressSet, PortSet};

/// Names in the order in which they were first met.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct List {
    names: Vec<String>,
    #[serde(skip)]
    numbers: HashMap<String, u32>,
}

impl List {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).expect("names are counted in 32 bits");
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// What each number is in another list; `None`: the name is not in it.
    pub(crate) fn numbers_in(&self, other: &List) -> Vec<Option<u32>> {
        self.names.iter().map(|name| other.numbers.get(name).copied()).collect()
    }

    /// Finds the numbers again.
    fn reopen(&mut self) {
        self.numbers = (0..).zip(&self.names).map(|(number, name)| (name.clone(), number)).collect();
    }

    /// The name behind a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

/// Everything that rules name, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    pub(crate) bits: List,
    pub(crate) ints: List,
    pub(crate) vars: List,
    pub(crate) xbits: List,
    #[serde(skip)]
    pub(crate) datasets: Vec<DatasetSpec>,
    pub(crate) addresses: Vec<AddressSet>,
    pub(crate) ports: Vec<PortSet>,
    #[serde(skip)]
    address_numbers: HashMap<AddressSet, u32>,
    #[serde(skip)]
    port_numbers: HashMap<PortSet, u32>,
}

impl Names {
    pub(super) fn bit(&mut self, name: &str) -> u32 {
        self.bits.number(name)
    }

    pub(super) fn int(&mut self, name: &str) -> u32 {
        self.ints.number(name)
    }

    pub(super) fn var(&mut self, name: &str) -> u32 {
        self.vars.number(name)
    }

    pub(super) fn xbit(&mut self, name: &str) -> u32 {
        self.xbits.number(name)
    }

    pub(super) fn addresses(&mut self, set: AddressSet) -> u32 {
        if set.is_any() {
            return any();
        }
        if let Some(number) = self.address_numbers.get(&set) {
            return *number;
        }
        let number = u32::try_from(self.addresses.len()).expect("sets are counted in 32 bits");
        self.addresses.push(set.clone());
        self.address_numbers.insert(set, number);
        number
    }

    pub(super) fn ports(&mut self, set: PortSet) -> u32 {
        if set.is_any() {
            return any();
        }
        if let Some(number) = self.port_numbers.get(&set) {
            return *number;
        }
        let number = u32::try_from(self.ports.len()).expect("sets are counted in 32 bits");
        self.ports.push(set.clone());
        self.port_numbers.insert(set, number);
        number
    }

    /// Makes numbers known again for more rules.
    pub(crate) fn reopen(&mut self) {
        for list in [&mut self.bits, &mut self.ints, &mut self.vars, &mut self.xbits] {
            list.reopen();
        }
        self.address_numbers =
            (0..).zip(&self.addresses).map(|(number, set)| (set.clone(), number)).collect();
        self.port_numbers = (0..).zip(&self.ports).map(|(number, set)| (set.clone(), number)).collect();
    }

    /// Forgets what was only needed to give numbers.
    pub(crate) fn close(&mut self) {
        self.address_numbers = HashMap::new();
        self.port_numbers = HashMap::new();
    }
}

impl Numbering for Names {
    fn variable(&mut self, name: &str) -> u32 {
        self.var(name)
    }

    fn dataset(&mut self, spec: &DatasetSpec) -> u32 {
        let known = self.datasets.iter().position(|known| known.name == spec.name);
        let position = known.unwrap_or_else(|| {
            self.datasets.push(DatasetSpec::named(&spec.name));
            self.datasets.len() - 1
        });
        // Rules may describe one set piece by piece; what is said first holds.
        let set = &mut self.datasets[position];
        set.kind = set.kind.or(spec.kind);
        for (place, value) in [
            (&mut set.load, &spec.load),
            (&mut set.save, &spec.save),
            (&mut set.state, &spec.state),
            (&mut set.value_key, &spec.value_key),
            (&mut set.array_key, &spec.array_key),
            (&mut set.context_key, &spec.context_key),
        ] {
            if place.is_none() {
                place.clone_from(value);
            }
        }
        if set.entries.is_empty() {
            set.entries = Arc::clone(&spec.entries);
        }
        set.memcap_bytes = set.memcap_bytes.or(spec.memcap_bytes);
        set.subdomain |= spec.subdomain;
        set.remove_key |= spec.remove_key;
        if spec.format != crate::ir::DatasetFormat::Csv {
            set.format = spec.format;
        }
        u32::try_from(position).expect("sets are counted in 32 bits")
    }
}
