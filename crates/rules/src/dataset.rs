//! Data sets: values that rules ask for, and grow.
//!
//! A set that no rule changes is shared by all workers. One that grows belongs to [`Late`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;

use crate::inspect::Sets;
use crate::ir::{DatasetCommand, DatasetKind, DatasetSpec};
use crate::{Late, RuleSet};

/// Values one set holds at most, when the rule sets no limit in bytes.
const ENTRIES_MAX: usize = 1 << 20;
/// Bytes a value takes beside its own, for `memcap`.
const ENTRY_OVERHEAD_BYTES: u64 = 64;

/// The entry of a value that has neither a reputation nor anything to show.
const PLAIN: u32 = u32::MAX;

/// One set.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    kind: DatasetKind,
    entries: HashMap<Box<[u8]>, u32>,
    /// By entry: reputation, and the JSON shown in alerts.
    scores: Vec<u16>,
    shown: Vec<Option<Arc<str>>>,
    subdomain: bool,
    bytes: u64,
    bytes_max: Option<u64>,
}

impl Dataset {
    /// The set that `spec` describes, with what was in its file.
    pub(crate) fn new(spec: &DatasetSpec) -> Self {
        let mut set = Self {
            kind: spec.kind.unwrap_or(DatasetKind::String),
            entries: HashMap::new(),
            scores: Vec::new(),
            shown: Vec::new(),
            subdomain: spec.subdomain,
            bytes: 0,
            bytes_max: spec.memcap_bytes,
        };
        for entry in spec.entries.iter() {
            if let Some(value) = set.kept(&entry.value) {
                set.add(&value, entry.reputation, entry.context.as_deref().map(Arc::from));
            }
        }
        set
    }

    /// Puts a value in; answers whether it was not there.
    fn add(&mut self, value: &[u8], score: u16, shown: Option<Arc<str>>) -> bool {
        if self.entries.contains_key(value) {
            return false;
        }
        let cost = value.len() as u64 + ENTRY_OVERHEAD_BYTES;
        let full = self.bytes_max.is_some_and(|max| self.bytes.saturating_add(cost) > max);
        if full || self.entries.len() >= ENTRIES_MAX {
            return false;
        }
        let number = if score == 0 && shown.is_none() {
            PLAIN
        } else {
            self.scores.push(score);
            self.shown.push(shown);
            u32::try_from(self.scores.len() - 1).expect("files are smaller than that")
        };
        self.entries.insert(value.into(), number);
        self.bytes += cost;
        true
    }

    fn find(&self, value: &[u8]) -> Option<u32> {
        if let Some(entry) = self.entries.get(value) {
            return Some(*entry);
        }
        if !self.subdomain {
            return None;
        }
        // An entry for a domain is one for everything below it, whether it is written with the dot before it or without.
        memchr::memchr_iter(b'.', value).find_map(|dot| {
            let with_dot = value.get(dot..).and_then(|rest| self.entries.get(rest));
            with_dot.or_else(|| value.get(dot + 1..).and_then(|rest| self.entries.get(rest))).copied()
        })
    }

    /// The value in the form in which it is kept; `None` when the buffer cannot be one.
    fn kept(&self, buffer: &[u8]) -> Option<Vec<u8>> {
        match (self.kind, buffer.len()) {
            (DatasetKind::String, 1..)
            | (DatasetKind::Md5, 16)
            | (DatasetKind::Sha256, 32)
            | (DatasetKind::Ipv4, 4) => Some(buffer.to_vec()),
            (DatasetKind::Ip, 16) => Some(buffer.to_vec()),
            (DatasetKind::Ip, 4) => {
                let [a, b, c, d] = *buffer.first_chunk::<4>()?;
                Some(Ipv4Addr::new(a, b, c, d).to_ipv6_mapped().octets().to_vec())
            }
            _ => None,
        }
    }

    /// Answers, and changes the set when asked to.
    pub(crate) fn ask(&mut self, command: DatasetCommand, buffer: &[u8]) -> (bool, Option<u32>) {
        let Some(value) = self.kept(buffer) else { return (false, None) };
        match command {
            DatasetCommand::IsSet | DatasetCommand::IsNotSet => self.look(command, &value),
            DatasetCommand::Set => (self.add(&value, 0, None), None),
            DatasetCommand::Unset => {
                let was_there = self.entries.remove(&value[..]).is_some();
                if was_there {
                    self.bytes = self.bytes.saturating_sub(value.len() as u64 + ENTRY_OVERHEAD_BYTES);
                }
                (was_there, None)
            }
        }
    }

    /// Answers without changing anything.
    fn look(&self, command: DatasetCommand, value: &[u8]) -> (bool, Option<u32>) {
        let entry = self.find(value);
        (entry.is_some() == (command == DatasetCommand::IsSet), entry)
    }

    fn reputation(&self, buffer: &[u8]) -> Option<u16> {
        let entry = self.find(&self.kept(buffer)?)?;
        Some(self.scores.get(entry as usize).copied().unwrap_or(0))
    }

    /// JSON shown in alerts for an entry.
    pub(crate) fn shown(&self, entry: u32) -> Option<Arc<str>> {
        self.shown.get(entry as usize)?.clone()
    }

    /// The set as a file, in a fixed order.
    pub(crate) fn save(&self) -> Vec<u8> {
        let mut values: Vec<&[u8]> = self.entries.iter().map(|(value, _)| &**value).collect();
        values.sort_unstable();
        let mut text = String::new();
        for value in values {
            text.push_str(&text_of_value(self.kind, value));
            text.push('\n');
        }
        text.into_bytes()
    }
}

fn text_of_value(kind: DatasetKind, value: &[u8]) -> String {
    match (kind, value.len()) {
        (DatasetKind::String, _) => STANDARD.encode(value),
        (DatasetKind::Ipv4, 4) => {
            value.first_chunk::<4>().map_or_else(String::new, |octets| Ipv4Addr::from(*octets).to_string())
        }
        (DatasetKind::Ip, 16) => value.first_chunk::<16>().map_or_else(String::new, |octets| {
            IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical().to_string()
        }),
        _ => {
            use std::fmt::Write;
            value.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").expect("a String takes every write");
                text
            })
        }
    }
}

/// Questions about data sets, asked by the operations of a rule.
pub(crate) struct Asked<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) late: Option<&'a mut Late>,
}

impl Sets for Asked<'_> {
    fn ask(&mut self, set: u32, command: DatasetCommand, value: &[u8]) -> (bool, Option<u32>) {
        if let Some(growing) = self.late.as_mut().and_then(|late| late.dataset_mut(set)) {
            return growing.ask(command, value);
        }
        let Some(known) = self.rules.datasets.get(set as usize) else { return (false, None) };
        match known.kept(value) {
            Some(value) => known.look(command, &value),
            None => (false, None),
        }
    }

    fn reputation(&mut self, set: u32, value: &[u8]) -> Option<u16> {
        self.rules.datasets.get(set as usize)?.reputation(value)
    }
}
