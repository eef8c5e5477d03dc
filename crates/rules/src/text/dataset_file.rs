//! Files of data sets: CSV with one value a line, and JSON.

use std::net::IpAddr;

use base64::Engine as _;
use serde_json::Value;

use super::error::{Code, Fault, Parsed};
use super::keyword::hex_bytes;
use crate::ir::{DatasetEntry, DatasetFormat, DatasetKind, DatasetSpec};

/// Reads the values of a set; with `reputation`, each has one.
pub(crate) fn read(text: &str, set: &DatasetSpec, reputation: bool) -> Parsed<Vec<DatasetEntry>> {
    let kind = set.kind.unwrap_or(DatasetKind::String);
    match set.format {
        DatasetFormat::Csv => csv(text, kind, set, reputation),
        DatasetFormat::Json => json(text, kind, set),
        DatasetFormat::Ndjson => ndjson(text, kind, set),
    }
}

fn wrong(set: &DatasetSpec, cause: String) -> Fault {
    let file = set.load.as_deref().or(set.state.as_deref()).unwrap_or(&set.name);
    Fault::new(Code::File, format!("{file}: {cause}"))
}

fn csv(text: &str, kind: DatasetKind, set: &DatasetSpec, reputation: bool) -> Parsed<Vec<DatasetEntry>> {
    let mut entries = Vec::new();
    for (line, number) in text.lines().zip(1u32..) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (word, score) = match line.split_once(',') {
            Some((word, score)) => (word.trim(), Some(score.trim())),
            None => (line, None),
        };
        if reputation && score.is_none() {
            return Err(wrong(set, format!("line {number} has no reputation")));
        }
        let score = match score.filter(|_| reputation) {
            None => None,
            Some(score) => match score.parse::<u16>() {
                Ok(score) => Some(score),
                Err(_) => {
                    return Err(wrong(
                        set,
                        format!("line {number}: `{score}` is not a reputation from 0 to 65535"),
                    ));
                }
            },
        };
        let word = if reputation || kind == DatasetKind::String { word } else { word.trim() };
        let value = value(word, kind, true)
            .ok_or_else(|| wrong(set, format!("line {number}: `{word}` is not {}", noun(kind, true))))?;
        entries.push(DatasetEntry { value, reputation: score.unwrap_or(0), context: None });
    }
    Ok(entries)
}

fn noun(kind: DatasetKind, encoded: bool) -> &'static str {
    match kind {
        DatasetKind::String if encoded => "base64",
        DatasetKind::String => "a string",
        DatasetKind::Md5 => "an MD5",
        DatasetKind::Sha256 => "a SHA-256",
        DatasetKind::Ipv4 => "an IPv4 address",
        DatasetKind::Ip => "an IP address",
    }
}

/// The bytes that a buffer must have to be this value.
fn value(word: &str, kind: DatasetKind, encoded: bool) -> Option<Vec<u8>> {
    match kind {
        DatasetKind::String if encoded => base64::engine::general_purpose::STANDARD.decode(word).ok(),
        DatasetKind::String => Some(word.as_bytes().to_vec()),
        DatasetKind::Md5 => hex_bytes(word).filter(|bytes| bytes.len() == 16),
        DatasetKind::Sha256 => hex_bytes(word).filter(|bytes| bytes.len() == 32),
        DatasetKind::Ipv4 => match word.parse().ok()? {
            IpAddr::V4(address) => Some(address.octets().to_vec()),
            IpAddr::V6(_) => None,
        },
        DatasetKind::Ip => Some(match word.parse().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => address.octets().to_vec(),
                None => address.octets().to_vec(),
            },
        }),
    }
}

fn json(text: &str, kind: DatasetKind, set: &DatasetSpec) -> Parsed<Vec<DatasetEntry>> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| wrong(set, format!("this is not JSON: {error}")))?;
    let list = match &set.array_key {
        Some(path) => at(&document, path),
        None => Some(&document),
    };
    let Some(list) = list.and_then(Value::as_array) else {
        return Err(wrong(set, "there is no array of values".to_owned()));
    };
    let mut entries = Vec::with_capacity(list.len());
    for object in list {
        entries.extend(entry(object, kind, set)?);
    }
    if entries.is_empty() {
        return Err(wrong(set, "no element has the value".to_owned()));
    }
    Ok(entries)
}

fn ndjson(text: &str, kind: DatasetKind, set: &DatasetSpec) -> Parsed<Vec<DatasetEntry>> {
    let mut entries = Vec::new();
    for (line, number) in text.lines().zip(1u32..) {
        if line.trim().is_empty() {
            continue;
        }
        let object: Value = serde_json::from_str(line)
            .map_err(|error| wrong(set, format!("line {number} is not JSON: {error}")))?;
        entries.extend(entry(&object, kind, set)?);
    }
    if entries.is_empty() {
        return Err(wrong(set, "no line has the value".to_owned()));
    }
    Ok(entries)
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |object, key| object.get(key))
}

/// The entry of one object; `None` when it lacks the value.
fn entry(object: &Value, kind: DatasetKind, set: &DatasetSpec) -> Parsed<Option<DatasetEntry>> {
    let path = set.value_key.as_deref().unwrap_or_default();
    let Some(found) = at(object, path) else { return Ok(None) };
    let Some(word) = found.as_str() else {
        return Err(wrong(set, format!("the value under `{path}` is not a string: {found}")));
    };
    let Some(value) = value(word, kind, false) else {
        return Err(wrong(set, format!("`{word}` is not {}", noun(kind, false))));
    };
    let mut context = object.clone();
    if set.remove_key {
        remove(&mut context, path);
    }
    Ok(Some(DatasetEntry { value, reputation: 0, context: Some(context.to_string()) }))
}

fn remove(object: &mut Value, path: &str) {
    let (folder, key) = match path.rsplit_once('.') {
        Some((folder, key)) => (Some(folder), key),
        None => (None, path),
    };
    let holder = match folder {
        Some(folder) => folder.split('.').try_fold(object, |object, key| object.get_mut(key)),
        None => Some(object),
    };
    if let Some(Value::Object(map)) = holder {
        map.shift_remove(key);
    }
}
