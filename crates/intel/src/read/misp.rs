//! MISP events as JSON: the attributes that are meant for detection (`to_ids`).

use serde_json::Value;

use super::{About, Reading, line_of, seconds};
use crate::indicator::Kind;

/// Objects below one another that are walked.
const DEPTH_MAX: usize = 6;

/// Reads every attribute of every event in the document.
pub(super) fn read(document: &Value, text: &str, reading: &mut Reading) {
    let before = reading.found.len() + reading.faults.len();
    walk(document, text, "", 0, reading);
    if reading.found.len() + reading.faults.len() == before {
        reading.fault(1, "neither a STIX 2.1 bundle nor a MISP event with attributes for detection");
    }
}

fn walk(value: &Value, text: &str, source: &str, depth: usize, reading: &mut Reading) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                walk(item, text, source, depth + 1, reading);
            }
        }
        Value::Object(members) => {
            let source = members.get("info").and_then(Value::as_str).unwrap_or(source);
            for (key, member) in members {
                match key.as_str() {
                    "Attribute" => {
                        for attribute in member.as_array().into_iter().flatten() {
                            take(attribute, text, source, reading);
                        }
                    }
                    "Event" | "Object" | "response" => walk(member, text, source, depth + 1, reading),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn take(attribute: &Value, text: &str, source: &str, reading: &mut Reading) {
    let value = attribute["value"].as_str().unwrap_or_default();
    // What is context only would raise alarms about Google and the victim itself.
    if matches!(&attribute["to_ids"], Value::Bool(false))
        || attribute["to_ids"] == "0"
        || attribute["deleted"] == true
    {
        return;
    }
    let mark = attribute["uuid"].as_str().unwrap_or(value);
    let line = line_of(text, mark);
    let about = About {
        confidence: None,
        expires: attribute["expires"].as_str().and_then(seconds),
        source: source.to_owned(),
        note: attribute["comment"].as_str().unwrap_or_default().to_owned(),
    };
    let (first, second) = value.split_once('|').unwrap_or((value, ""));
    let kind = attribute["type"].as_str().unwrap_or_default();
    match kind {
        "ip-dst" | "ip-src" | "ip-dst|port" | "ip-src|port" => {
            reading.take(line, Some(Kind::Address), first, &about)
        }
        "domain" | "hostname" | "hostname|port" => reading.take(line, Some(Kind::Domain), first, &about),
        "domain|ip" => {
            reading.take(line, Some(Kind::Domain), first, &about);
            reading.take(line, Some(Kind::Address), second, &about);
        }
        "url" | "uri" | "link" => reading.take(line, Some(Kind::Url), first, &about),
        "md5" | "sha1" | "sha256" | "x509-fingerprint-sha1" => {
            reading.take(line, Some(Kind::Hash), first, &about)
        }
        "filename|md5" | "filename|sha1" | "filename|sha256" | "malware-sample" => {
            reading.take(line, Some(Kind::Hash), second, &about);
        }
        "ja3-fingerprint-md5" | "jarm-fingerprint" | "ja4-fingerprint" => {
            reading.take(line, Some(Kind::Fingerprint), first, &about);
        }
        other => reading.fault(line, format!("attributes of type `{other}` cannot be matched")),
    }
}
