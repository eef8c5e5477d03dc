//! Data sets: values that rules ask for, load, and grow.
//!
//! A set that no rule changes is shared by all workers. One that grows belongs to [`Late`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;
use serde_json::Value;

use crate::inspect::Sets;
use crate::ir::{DatasetCommand, DatasetFormat, DatasetKind, DatasetSpec};
use crate::{Late, RuleSet};

/// Values one set holds at most, when the rule sets no limit in bytes.
const ENTRIES_MAX: usize = 1 << 20;
/// Bytes a value takes beside its own, for `memcap`.
const ENTRY_OVERHEAD_BYTES: u64 = 64;

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
    /// Reads the set that `spec` describes; `read` gives the content of a file.
    pub(crate) fn load(
        spec: &DatasetSpec,
        read: &dyn Fn(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, String> {
        let mut set = Self {
            kind: spec.kind.unwrap_or(DatasetKind::String),
            entries: HashMap::new(),
            scores: Vec::new(),
            shown: Vec::new(),
            subdomain: spec.subdomain,
            bytes: 0,
            bytes_max: spec.memcap_bytes,
        };
        if let Some(path) = &spec.load {
            let content = read(path).map_err(|error| format!("data set {}: {path}: {error}", spec.name))?;
            set.read(spec, &content).map_err(|error| format!("data set {}: {path}: {error}", spec.name))?;
        } else if let Some(path) = &spec.state
            && let Ok(content) = read(path)
        {
            set.read(spec, &content).map_err(|error| format!("data set {}: {path}: {error}", spec.name))?;
        }
        Ok(set)
    }

    fn read(&mut self, spec: &DatasetSpec, content: &[u8]) -> Result<(), String> {
        match spec.format {
            DatasetFormat::Csv => self.read_lines(content),
            DatasetFormat::Ndjson => {
                for (line, text) in content.split(|byte| *byte == b'\n').enumerate() {
                    if text.trim_ascii().is_empty() {
                        continue;
                    }
                    let entry = serde_json::from_slice(text)
                        .map_err(|error| format!("line {}: {error}", line + 1))?;
                    self.add_json(spec, entry).map_err(|error| format!("line {}: {error}", line + 1))?;
                }
                Ok(())
            }
            DatasetFormat::Json => {
                let all: Value = serde_json::from_slice(content).map_err(|error| error.to_string())?;
                let list = match &spec.array_key {
                    Some(path) => member(&all, path).ok_or_else(|| format!("there is no array `{path}`"))?,
                    None => &all,
                };
                let list = list.as_array().ok_or("expected an array of objects")?;
                list.iter().try_for_each(|entry| self.add_json(spec, entry.clone()))
            }
        }
    }

    fn read_lines(&mut self, content: &[u8]) -> Result<(), String> {
        for (at, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let wrong = |what: &str| format!("line {}: {what}", at + 1);
            let text = std::str::from_utf8(line).map_err(|_| wrong("not UTF-8"))?;
            let (value, score) = match text.split_once(',') {
                Some((value, score)) => (
                    value,
                    score.trim().parse().map_err(|_| wrong("the reputation is not a number up to 65535"))?,
                ),
                None => (text, 0),
            };
            let value = match self.kind {
                DatasetKind::String => STANDARD.decode(value).map_err(|_| wrong("not Base64"))?,
                kind => value_of_text(kind, value).ok_or_else(|| wrong("not a value of the set's type"))?,
            };
            self.add(&value, score, None);
        }
        Ok(())
    }

    fn add_json(&mut self, spec: &DatasetSpec, mut entry: Value) -> Result<(), String> {
        let key = spec.value_key.as_deref().ok_or("a JSON set needs `value_key`")?;
        let value =
            member(&entry, key).and_then(Value::as_str).ok_or_else(|| format!("there is no text `{key}`"))?;
        let value = match self.kind {
            DatasetKind::String => value.as_bytes().to_vec(),
            kind => value_of_text(kind, value).ok_or("not a value of the set's type")?,
        };
        if spec.remove_key
            && let Some(object) = entry.as_object_mut()
        {
            object.remove(key);
        }
        self.add(&value, 0, Some(entry.to_string().into()));
        Ok(())
    }

    /// Puts a value in; answers whether it was not there.
    fn add(&mut self, value: &[u8], score: u16, shown: Option<Arc<str>>) -> bool {
        if self.entries.contains_key(value) {
            return false;
        }
        let cost = value.len() as u64 + ENTRY_OVERHEAD_BYTES;
        let full = self.bytes_max.is_some_and(|max| self.bytes.saturating_add(cost) > max);
        if full || self.scores.len() >= ENTRIES_MAX {
            return false;
        }
        let number = u32::try_from(self.scores.len()).expect("sets are limited");
        self.entries.insert(value.into(), number);
        self.scores.push(score);
        self.shown.push(shown);
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
        // An entry for a domain is one for everything below it.
        let mut rest = value;
        while let Some(dot) = memchr::memchr(b'.', rest) {
            rest = rest.get(dot + 1..)?;
            if let Some(entry) = self.entries.get(rest) {
                return Some(*entry);
            }
        }
        None
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
            DatasetCommand::Unset => (self.entries.remove(&value[..]).is_some(), None),
        }
    }

    /// Answers without changing anything.
    fn look(&self, command: DatasetCommand, value: &[u8]) -> (bool, Option<u32>) {
        let entry = self.find(value);
        (entry.is_some() == (command == DatasetCommand::IsSet), entry)
    }

    fn reputation(&self, buffer: &[u8]) -> Option<u16> {
        let entry = self.find(&self.kept(buffer)?)?;
        self.scores.get(entry as usize).copied()
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

fn value_of_text(kind: DatasetKind, text: &str) -> Option<Vec<u8>> {
    match kind {
        DatasetKind::String => Some(text.as_bytes().to_vec()),
        DatasetKind::Md5 => unhex(text).filter(|bytes| bytes.len() == 16),
        DatasetKind::Sha256 => unhex(text).filter(|bytes| bytes.len() == 32),
        DatasetKind::Ipv4 => text.parse::<Ipv4Addr>().ok().map(|address| address.octets().to_vec()),
        DatasetKind::Ip => text.parse::<IpAddr>().ok().map(|address| match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        }),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The member at a dotted path.
fn member<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
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
