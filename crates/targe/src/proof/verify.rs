//! `targe verify`: everything a stranger can check of a bundle, on a machine that has nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use capture::{Batch, Source};
use evidence::{Bundle, Check, SlicePacket, open};
use json::Json;
use serde_json::Value;

use super::compare::{Comparison, Status, Verdict, compare, text};
use super::rerun::Rerun;
use super::{keys, rerun};
use crate::arguments::Verify;

/// Something does not hold.
const EXIT_FAILED: u8 = 3;
/// Packets that one command shows.
const FRAMES_MAX: usize = 64;
/// Packets of the original that are named when they differ.
const NAMED_MAX: usize = 8;

/// What was found.
struct Outcome {
    checks: Vec<Check>,
    claims: Vec<(Value, Verdict, String)>,
}

impl Outcome {
    fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds) && self.count("refuted") == 0
    }

    fn count(&self, word: &str) -> usize {
        self.claims.iter().filter(|(_, verdict, _)| word_of(&verdict.status) == word).count()
    }
}

/// Carries out `targe verify`.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn command(arguments: &Verify) -> Result<ExitCode> {
    let path = &arguments.bundle;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let key = arguments.key.as_deref().map(keys::read_public).transpose()?;
    let opened = open(&bytes, key.as_ref());
    let mut outcome = Outcome { checks: opened.checks, claims: Vec::new() };
    if let Some(mut bundle) = opened.bundle {
        let frames = frames(&bundle);
        let compared = match &arguments.original {
            Some(original) => against_original(&mut bundle, original, &mut outcome.checks)?,
            None => from_bundle(&mut bundle, &mut outcome.checks),
        };
        if let Some((claims, comparison)) = compared {
            for (claim, verdict) in claims.into_iter().zip(comparison.verdicts) {
                let command = tshark(&claim, &frames);
                outcome.claims.push((claim, verdict, command));
            }
        }
    }
    say(arguments, &outcome);
    Ok(if outcome.holds() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

/// Runs the engine on the packets of a bundle, which are used up.
fn from_bundle(bundle: &mut Bundle, checks: &mut Vec<Check>) -> Option<(Vec<Value>, Comparison)> {
    let (claims, findings) = stated(bundle, checks)?;
    let packets = Arc::new(std::mem::take(&mut bundle.packets));
    let count = packets.len();
    let run = |mut engine: Rerun| engine.run(&mut evidence::replay(packets), Some(count));
    match Rerun::new(&bundle.files).and_then(run) {
        Ok(outcome) => {
            let mut comparison = compare(&claims, &findings, outcome, false);
            if bundle.is_redacted() {
                excuse(bundle, &claims, &mut comparison);
            }
            if !rerun::HAS_YARA && bundle.files.iter().any(|(name, _)| name.starts_with(rerun::YARA)) {
                excuse_yara(&claims, &findings, &mut comparison);
            }
            Some((claims, comparison))
        }
        Err(error) => {
            checks.push(Check {
                name: "rerun",
                holds: bundle.is_redacted(),
                message: format!("the engine was not run again: {error:#}"),
            });
            let because = "the engine could not be run on this bundle";
            let verdicts = claims.iter().map(|claim| unknown(claim, because)).collect();
            Some((claims, Comparison { verdicts, strangers: Vec::new() }))
        }
    }
}

/// Claims and findings as the bundle states them.
fn stated(bundle: &Bundle, checks: &mut Vec<Check>) -> Option<(Vec<Value>, Vec<Value>)> {
    let mut claims = Vec::new();
    for (id, line) in &bundle.claims {
        match serde_json::from_slice(line) {
            Ok(claim) => claims.push(claim),
            Err(_) => {
                checks.push(Check {
                    name: "claims",
                    holds: false,
                    message: format!("claim {id} was altered: it is no JSON"),
                });
                return None;
            }
        }
    }
    let findings = bundle.file("findings.json").and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let findings = findings.and_then(|value| value["findings"].as_array().cloned()).unwrap_or_default();
    Some((claims, findings))
}

/// In a redacted bundle, what cannot be found again may have been taken out: it is no proof against the claim.
fn excuse(bundle: &Bundle, claims: &[Value], comparison: &mut Comparison) {
    for (verdict, claim) in comparison.verdicts.iter_mut().zip(claims) {
        if matches!(verdict.status, Status::Refuted(_)) {
            let touched = packets_of(claim).into_iter().filter(|id| bundle.is_withheld(*id)).count();
            verdict.status = Status::NotCheckable(format!(
                "pieces of packets were taken out of this copy ({touched} of its evidence packets are touched)"
            ));
        }
    }
}

/// A program without YARA cannot find again what YARA rules found, nor judge incidents that rest on it.
fn excuse_yara(claims: &[Value], findings: &[Value], comparison: &mut Comparison) {
    let of_yara: BTreeSet<String> = findings
        .iter()
        .filter(|finding| finding["detector"] == "yara")
        .map(|finding| format!("F{}", finding["id"]))
        .collect();
    let group = |claim: &Value| text(claim, "id").split('.').next().unwrap_or_default().to_owned();
    let incidents: BTreeSet<String> = claims
        .iter()
        .filter(|claim| text(claim, "object").split(' ').any(|id| of_yara.contains(id)))
        .map(group)
        .collect();
    for (verdict, claim) in comparison.verdicts.iter_mut().zip(claims) {
        let group = group(claim);
        if matches!(verdict.status, Status::Refuted(_))
            && (of_yara.contains(&group) || incidents.contains(&group))
        {
            let because = "it rests on YARA rules, and this program was built without YARA (feature `yara`)";
            verdict.status = Status::NotCheckable(because.to_owned());
        }
    }
}

fn unknown(claim: &Value, because: &str) -> Verdict {
    Verdict {
        id: text(claim, "id").to_owned(),
        status: Status::NotCheckable(because.to_owned()),
        left_out: Vec::new(),
        paths: Vec::new(),
    }
}

/// The packets are held against the capture they were picked from, and the engine is run on all of it.
fn against_original(
    bundle: &mut Bundle,
    original: &Path,
    checks: &mut Vec<Check>,
) -> Result<Option<(Vec<Value>, Comparison)>> {
    let sha256 = super::hash_of(original)?;
    let known = bundle.inputs.iter().find(|(_, hash)| *hash == sha256);
    checks.push(Check {
        name: "original",
        holds: known.is_some(),
        message: match known {
            Some((name, _)) => {
                format!("{} is the input `{name}` that the statement names", original.display())
            }
            None => format!("{} is not an input of this bundle: its SHA-256 is {sha256}", original.display()),
        },
    });
    if bundle.inputs.len() > 1 {
        let message =
            "the bundle was made from several inputs; one of them alone does not give it again".to_owned();
        checks.push(Check { name: "original", holds: false, message });
        return Ok(from_bundle(bundle, checks));
    }
    packets_are_of(bundle, original, checks)?;
    let Some((claims, findings)) = stated(bundle, checks) else { return Ok(None) };
    let mut source = Source::open(&[original.to_path_buf()])?;
    let outcome = Rerun::new(&bundle.files)?.run(&mut source, None)?;
    let comparison = compare(&claims, &findings, outcome, true);
    Ok(Some((claims, comparison)))
}

/// Every packet of the bundle is that packet of the original.
fn packets_are_of(bundle: &Bundle, original: &Path, checks: &mut Vec<Check>) -> Result<()> {
    let wanted: BTreeMap<u64, &SlicePacket> =
        bundle.packets.iter().map(|packet| (packet.id, packet)).collect();
    let mut source = Source::open(&[PathBuf::from(original)])?;
    let (mut batch, mut same, mut wrong) = (Batch::new(), 0, Vec::new());
    while source.next_batch(&mut batch, 4_096) {
        for (index, packet) in batch.iter().enumerate() {
            let Some(claimed) = wanted.get(&packet.id.0) else { continue };
            let own = batch.original_time(index).unwrap_or(packet.time);
            let begins = bundle.is_withheld(claimed.id) || packet.bytes.starts_with(&claimed.bytes);
            let whole = claimed.cut || claimed.bytes.len() == packet.bytes.len();
            if begins
                && whole
                && own == claimed.own_time
                && packet.wire_len == claimed.wire_len
                && packet.link == claimed.link
            {
                same += 1;
            } else {
                wrong.push(packet.id.0);
            }
        }
    }
    let holds = same == wanted.len();
    let message = if holds {
        format!("all {same} packets of the bundle are those of the original")
    } else {
        let named: Vec<String> = wrong.iter().take(NAMED_MAX).map(u64::to_string).collect();
        format!(
            "{} packets of the bundle are not those of the original: {}",
            wanted.len() - same,
            named.join(", ")
        )
    };
    checks.push(Check { name: "original", holds, message });
    Ok(())
}

/// Frame numbers in `packets.pcapng`, by packet.
fn frames(bundle: &Bundle) -> BTreeMap<u64, usize> {
    bundle.packets.iter().enumerate().map(|(index, packet)| (packet.id, index + 1)).collect()
}

fn packets_of(claim: &Value) -> BTreeSet<u64> {
    let evidence = claim["evidence"].as_array().into_iter().flatten();
    evidence
        .flat_map(|one| one["packets"].as_array().into_iter().flatten().filter_map(Value::as_u64))
        .collect()
}

/// The command with which a sceptic sees the packets behind a claim.
fn tshark(claim: &Value, frames: &BTreeMap<u64, usize>) -> String {
    let shown: Vec<String> = packets_of(claim)
        .iter()
        .filter_map(|packet| frames.get(packet))
        .take(FRAMES_MAX)
        .map(usize::to_string)
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    format!("tshark -r packets.pcapng -Y 'frame.number in {{{}}}'", shown.join(", "))
}

fn word_of(status: &Status) -> &'static str {
    match status {
        Status::Confirmed => "confirmed",
        Status::Refuted(_) => "refuted",
        Status::NotCheckable(_) => "not checkable here",
    }
}

fn reason_of(verdict: &Verdict) -> String {
    match &verdict.status {
        Status::Confirmed if verdict.left_out.is_empty() => {
            "the engine finds it again in these packets, value by value".into()
        }
        Status::Confirmed => format!(
            "the engine finds it again in these packets; not checkable here: {}",
            verdict.left_out.join(", ")
        ),
        Status::Refuted(differences) => differences.join("; "),
        Status::NotCheckable(reason) => reason.clone(),
    }
}

fn say(arguments: &Verify, outcome: &Outcome) {
    let text = if arguments.json { as_json(outcome) } else { as_text(arguments, outcome) };
    // A closed pipe is no reason to fail: the exit code says it, too.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn as_text(arguments: &Verify, outcome: &Outcome) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a String takes every write");
    for check in &outcome.checks {
        line(format!("{:>6}  {}: {}", if check.holds { "ok" } else { "FAILED" }, check.name, check.message));
    }
    for (claim, verdict, command) in &outcome.claims {
        line(format!("{}  {}: {}", word_of(&verdict.status), verdict.id, text(claim, "sentence")));
        line(format!("        {}", reason_of(verdict)));
        if !command.is_empty() {
            line(format!("        {command}"));
        }
    }
    if outcome.claims.iter().any(|(_, _, command)| !command.is_empty()) {
        line(format!(
            "The commands read packets.pcapng: unzip {} packets.pcapng",
            arguments.bundle.display()
        ));
    }
    line(format!(
        "{}: {} claims confirmed, {} refuted, {} not checkable here",
        if outcome.holds() { "holds" } else { "DOES NOT HOLD" },
        outcome.count("confirmed"),
        outcome.count("refuted"),
        outcome.count("not checkable here")
    ));
    out
}

fn as_json(outcome: &Outcome) -> String {
    let mut json = Json::new();
    json.object_item().boolean("holds", outcome.holds());
    for (key, word) in
        [("confirmed", "confirmed"), ("refuted", "refuted"), ("not_checkable", "not checkable here")]
    {
        json.number(key, outcome.count(word));
    }
    json.array("checks");
    for check in &outcome.checks {
        json.object_item()
            .text("name", check.name)
            .boolean("holds", check.holds)
            .text("message", &check.message)
            .end();
    }
    json.end().array("claims");
    for (claim, verdict, command) in &outcome.claims {
        json.object_item().text("id", &verdict.id).text("status", word_of(&verdict.status));
        json.text("reason", &reason_of(verdict)).text("sentence", text(claim, "sentence"));
        json.text("tshark", command).end();
    }
    json.end().end();
    let mut text = String::from_utf8_lossy(json.bytes()).into_owned();
    text.push('\n');
    text
}
