//! `targe rules pairs`: which rule gave an alert on which flow, in a form that can be compared between engines.
//!
//! The pairs are read from EVE alert records, Targe's own or another engine's, so that both sides are reduced alike. A
//! flow is named by its transport protocol and its two ends, the lower end first: engines differ in who they take for the
//! client, and in how they number flows. Rows are sorted, and the file is the same for the same alerts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Trial;

/// First line of the file.
const HEADER: &str = "gid,sid,proto,low_ip,low_port,high_ip,high_port,first_packet,alerts";

/// A rule and a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    gid: u64,
    sid: u64,
    proto: String,
    low: (IpAddr, u64),
    high: (IpAddr, u64),
}

/// Pairs met so far: the packet of the first alert (0 = none named) and how many alerts there were.
#[derive(Debug, Default)]
struct Pairs {
    seen: BTreeMap<Pair, (u64, u64)>,
}

impl Pairs {
    /// Takes one line of EVE; other records than alerts, and lines that are none, are passed over.
    fn line(&mut self, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { return };
        if record["event_type"] != "alert" {
            return;
        }
        if let Some(pair) = pair(&record) {
            let packet = record["pcap_cnt"].as_u64().unwrap_or(0);
            let (_, count) = self.seen.entry(pair).or_insert((packet, 0));
            *count += 1;
        }
    }

    fn text(&self) -> String {
        let mut out = format!("{HEADER}\n");
        for (pair, (packet, count)) in &self.seen {
            let Pair { gid, sid, proto, low, high } = pair;
            let _ = writeln!(
                out,
                "{gid},{sid},{proto},{},{},{},{},{packet},{count}",
                low.0, low.1, high.0, high.1
            );
        }
        out
    }
}

fn pair(record: &Value) -> Option<Pair> {
    let alert = &record["alert"];
    let end = |address: &str, port: &str| -> Option<(IpAddr, u64)> {
        let address = record[address].as_str()?.parse().ok()?;
        Some((address, record[port].as_u64().unwrap_or(0)))
    };
    let nowhere = (IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
    let (one, other) =
        (end("src_ip", "src_port").unwrap_or(nowhere), end("dest_ip", "dest_port").unwrap_or(nowhere));
    Some(Pair {
        gid: alert["gid"].as_u64().unwrap_or(1),
        sid: alert["signature_id"].as_u64()?,
        proto: record["proto"].as_str().unwrap_or("").to_ascii_uppercase(),
        low: one.min(other),
        high: one.max(other),
    })
}

impl engine::Sink for Pairs {
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        for line in pieces.flat_map(|bytes| bytes.split(|byte| *byte == b'\n')) {
            self.line(line);
        }
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// Carries out `targe rules pairs`.
///
/// # Errors
/// Rules, captures or records that cannot be read, or an output that cannot be written.
pub(super) fn command(trial: Option<&Trial>, eve: Option<&Path>, output: Option<&Path>) -> Result<ExitCode> {
    let mut pairs = Pairs::default();
    match (trial, eve) {
        (_, Some(path)) => {
            let file =
                std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            for line in BufReader::new(file).split(b'\n') {
                pairs.line(&line.with_context(|| format!("cannot read {}", path.display()))?);
            }
        }
        (Some(trial), None) => {
            let mut settings = trial.settings()?;
            settings.engine.detectors = false;
            settings.engine.eve.types = vec!["alert".to_owned()];
            super::load(&mut settings, std::slice::from_ref(&trial.rules), true)?;
            let mut source = capture::Source::open(&trial.captures)?;
            engine::run(&mut source, &settings.engine, &mut pairs).context("cannot run")?;
        }
        (None, None) => bail!("name rules and captures, or the records of another engine with --eve"),
    }
    let text = pairs.text();
    match output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_of_a_flow_are_one_pair() {
        let mut pairs = Pairs::default();
        for line in [
            r#"{"event_type":"alert","pcap_cnt":7,"src_ip":"10.0.0.2","src_port":80,"dest_ip":"10.0.0.1","dest_port":4000,"proto":"TCP","alert":{"gid":1,"signature_id":5}}"#,
            r#"{"event_type":"alert","pcap_cnt":9,"src_ip":"10.0.0.1","src_port":4000,"dest_ip":"10.0.0.2","dest_port":80,"proto":"tcp","alert":{"gid":1,"signature_id":5}}"#,
            r#"{"event_type":"flow","src_ip":"10.0.0.1"}"#,
            "no JSON at all",
        ] {
            pairs.line(line.as_bytes());
        }
        assert_eq!(pairs.text(), format!("{HEADER}\n1,5,TCP,10.0.0.1,4000,10.0.0.2,80,7,2\n"));
    }
}
