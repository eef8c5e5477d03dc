//! Matching over past events: the `eve.json` of an earlier run.

use std::collections::BTreeMap;

use model::Time;
use serde_json::Value;

use crate::indicator::{Indicators, Kind, Sighting};
use crate::read::seconds;

/// Different sightings (indicator, source, destination) that are kept.
const HITS_MAX: usize = 100_000;

/// What was met in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Number of the indicator.
    pub indicator: u32,
    /// Source and destination of the records.
    pub ends: (String, String),
    /// The field of the record that carried it, and its value.
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// Timestamps of the first and the last record, as they are written.
    pub first: String,
    /// Timestamp of the last record.
    pub last: String,
    /// Records.
    pub count: u64,
}

/// Past events, matched line by line.
#[derive(Debug, Default)]
pub struct Past {
    hits: BTreeMap<(u32, String, String), Hit>,
    /// Lines read.
    pub lines: u64,
    /// Lines that are no records.
    pub broken: u64,
    /// Sightings that found no room.
    pub left_out: u64,
}

impl Past {
    /// Takes one line of an `eve.json`.
    pub fn line(&mut self, line: &str, indicators: &Indicators) {
        if line.trim().is_empty() {
            return;
        }
        self.lines += 1;
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            self.broken += 1;
            return;
        };
        let stamp = record["timestamp"].as_str().unwrap_or_default();
        let time = Time::from_secs(seconds(stamp.get(..19).unwrap_or_default()).unwrap_or(0));
        // A conversation is told once, by the record of its flow; every other record would count its addresses again.
        if matches!(record["event_type"].as_str(), Some("flow" | "alert")) {
            for field in ["src_ip", "dest_ip"] {
                if let Some(sighting) =
                    text(&record, &[field]).parse().ok().and_then(|address| indicators.address(address, time))
                {
                    self.note(sighting, &record, stamp, field, text(&record, &[field]));
                }
            }
        }
        self.names(&record, stamp, time, indicators);
        self.values(&record, stamp, time, indicators);
    }

    fn names(&mut self, record: &Value, stamp: &str, time: Time, indicators: &Indicators) {
        const NAMES: [(&str, &[&str]); 4] = [
            ("dns.rrname", &["dns", "rrname"]),
            ("tls.sni", &["tls", "sni"]),
            ("quic.sni", &["quic", "sni"]),
            ("http.hostname", &["http", "hostname"]),
        ];
        for (field, path) in NAMES {
            let name = text(record, path);
            if let Some(sighting) = indicators.name(name.split(':').next().unwrap_or_default(), time) {
                self.note(sighting, record, stamp, field, name);
            }
        }
        for query in record["dns"]["queries"].as_array().into_iter().flatten() {
            let name = query["rrname"].as_str().unwrap_or_default();
            if let Some(sighting) = indicators.name(name, time) {
                self.note(sighting, record, stamp, "dns.queries.rrname", name);
            }
        }
    }

    fn values(&mut self, record: &Value, stamp: &str, time: Time, indicators: &Indicators) {
        const VALUES: [(&str, Kind, &[&str]); 8] = [
            ("tls.ja3.hash", Kind::Fingerprint, &["tls", "ja3", "hash"]),
            ("tls.ja3s.hash", Kind::Fingerprint, &["tls", "ja3s", "hash"]),
            ("tls.ja4", Kind::Fingerprint, &["tls", "ja4"]),
            ("quic.ja4", Kind::Fingerprint, &["quic", "ja4"]),
            ("tls.fingerprint", Kind::Hash, &["tls", "fingerprint"]),
            ("fileinfo.md5", Kind::Hash, &["fileinfo", "md5"]),
            ("fileinfo.sha1", Kind::Hash, &["fileinfo", "sha1"]),
            ("fileinfo.sha256", Kind::Hash, &["fileinfo", "sha256"]),
        ];
        for (field, kind, path) in VALUES {
            let value = text(record, path);
            let plain: String =
                value.chars().filter(|letter| *letter != ':').collect::<String>().to_ascii_lowercase();
            if let Some(sighting) = indicators.value(kind, &plain, time) {
                self.note(sighting, record, stamp, field, value);
            }
        }
        let (host, path) = (text(record, &["http", "hostname"]), text(record, &["http", "url"]));
        let url = format!("{}{path}", host.to_ascii_lowercase());
        if let Some(sighting) = indicators.value(Kind::Url, &url, time) {
            self.note(sighting, record, stamp, "http.url", &url);
        }
    }

    fn note(
        &mut self,
        sighting: Sighting<'_>,
        record: &Value,
        stamp: &str,
        field: &'static str,
        value: &str,
    ) {
        let ends = (text(record, &["src_ip"]).to_owned(), text(record, &["dest_ip"]).to_owned());
        // Both directions of a conversation are one matter.
        let ends = if ends.0 <= ends.1 { ends } else { (ends.1, ends.0) };
        let key = (sighting.number, ends.0.clone(), ends.1.clone());
        if self.hits.len() >= HITS_MAX && !self.hits.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        let hit = self.hits.entry(key).or_insert_with(|| Hit {
            indicator: sighting.number,
            ends,
            field,
            value: value.to_owned(),
            first: stamp.to_owned(),
            last: stamp.to_owned(),
            count: 0,
        });
        hit.count += 1;
        if stamp < hit.first.as_str() {
            stamp.clone_into(&mut hit.first);
        }
        if stamp > hit.last.as_str() {
            stamp.clone_into(&mut hit.last);
        }
    }

    /// The hits, the surest indicator first.
    pub fn hits(&self, indicators: &Indicators) -> Vec<&Hit> {
        let mut hits: Vec<&Hit> = self.hits.values().collect();
        let sure = |hit: &Hit| indicators.list()[hit.indicator as usize].confidence;
        hits.sort_by(|a, b| {
            sure(b)
                .cmp(&sure(a))
                .then(a.first.cmp(&b.first))
                .then(a.indicator.cmp(&b.indicator))
                .then(a.ends.cmp(&b.ends))
        });
        hits
    }
}

/// The text at a path; empty when there is none.
fn text<'a>(record: &'a Value, path: &[&str]) -> &'a str {
    path.iter().fold(record, |value, key| &value[*key]).as_str().unwrap_or_default()
}
