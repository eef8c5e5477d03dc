//! Making a bundle: pick the packets, try whether they give the claims, cast the net wider where they do not, say what is left.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use capture::Source;
use evidence::{Bundle, Scope, Selected, SigningKey};
use json::Json;
use model::Finding;
use report::Report;
use report::claim::{Claim, claims};
use serde_json::Value;

use super::compare::{Comparison, Status, compare};
use super::rerun;
use super::scope::{KEEP_MORE, Reach, add};
use crate::config::Settings;

/// Bytes of packets that a bundle holds at most.
const PACKETS_BYTES_MAX: u64 = 48 << 20;
/// Times that the net is cast.
const ROUNDS_MAX: usize = 10;
/// Findings and incidents whose claims a bundle holds.
const FINDINGS_MAX: usize = 2_000;
/// Bytes of standard input that are kept until the bundle is made.
const SPOOL_BYTES_MAX: u64 = 16 << 30;

/// What a bundle is made from.
pub(crate) struct Making<'a> {
    /// The frozen report.
    pub(crate) report: &'a Report,
    /// Its page, as written.
    pub(crate) page: &'a [u8],
    /// The settings of the run.
    pub(crate) settings: &'a Settings,
    /// Rule files.
    pub(crate) rules: &'a [PathBuf],
    /// Inputs, to be read again.
    pub(crate) captures: &'a [PathBuf],
    /// Who signs; `None`: nobody.
    pub(crate) key: Option<SigningKey>,
}

/// Writes a bundle, and says in a sentence what it holds.
///
/// # Errors
/// An input that cannot be read again, or a file that cannot be written.
pub(crate) fn write(making: &Making<'_>, path: &Path) -> Result<String> {
    let mut files = files(making)?;
    let made: Vec<Claim> = bounded(claims(making.report), making.report);
    let said: Vec<Value> =
        made.iter().map(|claim| serde_json::from_slice(&claim.json()).unwrap_or_default()).collect();
    let findings: Value = serde_json::from_slice(&making.report.findings_json())?;
    let findings = findings["findings"].as_array().cloned().unwrap_or_default();
    let (selected, comparison, full) = cast(making, &files, &said, &findings)?;
    let (marked, open) = mark(made, &comparison, full);
    files.insert(0, ("manifest.json".into(), manifest(making, &selected, &files)));
    let inputs = making
        .report
        .manifest
        .inputs
        .iter()
        .map(|(name, _, sha256)| (name.clone(), sha256.clone()))
        .collect();
    let lines = marked.iter().map(|claim| (claim.id.clone(), claim.json())).collect();
    let packets = selected.packets.len();
    let seen = selected.seen;
    let bundle = Bundle::new(inputs, files, lines, selected, making.key.as_ref());
    let bytes = bundle.seal(making.key.as_ref()).write();
    std::fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let count = report::words::count;
    let signed =
        making.key.as_ref().map_or("not signed".into(), |key| format!("signed by {}", key.public().id()));
    let left = if open > 0 { format!(", {open} of them not checkable from it alone") } else { String::new() };
    Ok(format!(
        "{}: {} claims{left}, {} of {} packets, {}; {signed}",
        path.display(),
        count(marked.len() as u64),
        count(packets as u64),
        count(seen),
        report::words::bytes(bytes.len() as u64)
    ))
}

/// Standard input, kept in a file until the bundle is made, since its packets are picked in a second reading.
///
/// # Errors
/// No room on disk, or more input than is kept.
pub(crate) fn spool(folder: &Path) -> Result<PathBuf> {
    let path = folder.join(".targe-spool");
    let mut file =
        std::fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let bytes = std::io::copy(&mut std::io::stdin().lock().take(SPOOL_BYTES_MAX + 1), &mut file)?;
    file.flush()?;
    if bytes > SPOOL_BYTES_MAX {
        let _ = std::fs::remove_file(&path);
        bail!(
            "standard input is longer than the {SPOOL_BYTES_MAX} bytes that are kept for a bundle: save it to a file first"
        );
    }
    Ok(path)
}

/// The claims of at most so many findings, the gravest first to stay; in order.
fn bounded(mut made: Vec<Claim>, report: &Report) -> Vec<Claim> {
    if report.findings.len() <= FINDINGS_MAX {
        return made;
    }
    let mut ranked: Vec<&Finding> = report.findings.iter().collect();
    ranked.sort_by_key(|finding| (std::cmp::Reverse((finding.severity, finding.confidence)), finding.id));
    let kept: std::collections::BTreeSet<u64> =
        ranked.iter().take(FINDINGS_MAX).map(|finding| finding.id).collect();
    made.retain(|claim| finding_of(&claim.id).is_none_or(|id| kept.contains(&id)));
    made
}

/// The finding that a claim belongs to.
fn finding_of(claim: &str) -> Option<u64> {
    claim.strip_prefix('F')?.split('.').next()?.parse().ok()
}

/// Picks packets until they give the claims or nothing wider helps. Also says whether room was what ended it.
fn cast(
    making: &Making<'_>,
    files: &[(String, Vec<u8>)],
    said: &[Value],
    findings: &[Value],
) -> Result<(Selected, Comparison, bool)> {
    let ours = |address: IpAddr| making.settings.engine.home.has(address);
    let report = making.report;
    let mut reach: BTreeMap<u64, Reach> =
        report.findings.iter().map(|finding| (finding.id, Reach::Pairs)).collect();
    let mut extra = Scope::default();
    let mut best: Option<(Selected, Comparison)> = None;
    let mut dropped = false;
    for _ in 0..ROUNDS_MAX {
        let mut scope = extra.clone();
        for finding in &report.findings {
            add(&mut scope, finding, reach.get(&finding.id).copied().unwrap_or(Reach::Nothing), &ours);
        }
        let mut source = Source::open(making.captures)?;
        let picked =
            evidence::select(&mut source, &scope, &making.settings.engine.decode, &ours, PACKETS_BYTES_MAX);
        let Ok(selected) = picked else {
            if let Some((selected, comparison)) = best {
                return Ok((selected, comparison, true));
            }
            // Not even the narrowest net fits: the faintest half of the findings goes without packets.
            drop_half(&mut reach, &report.findings);
            dropped = true;
            continue;
        };
        let packets = selected.packets.iter().map(evidence::inflate).collect();
        let outcome = rerun::run(files, &mut Source::from_picked(packets))?;
        let comparison = compare(said, findings, outcome, true);
        let widened = widen(&comparison, report, &selected, &mut reach, &mut extra);
        best = Some((selected, comparison));
        if !widened {
            break;
        }
    }
    let (selected, comparison) = best.unwrap_or_default();
    Ok((selected, comparison, dropped))
}

fn drop_half(reach: &mut BTreeMap<u64, Reach>, findings: &[Finding]) {
    let mut left: Vec<&Finding> = findings
        .iter()
        .filter(|finding| reach.get(&finding.id).is_some_and(|reach| *reach != Reach::Nothing))
        .collect();
    left.sort_by_key(|finding| (finding.severity, finding.confidence, std::cmp::Reverse(finding.id)));
    for finding in left.iter().take(left.len().div_ceil(2)) {
        reach.insert(finding.id, Reach::Nothing);
    }
}

/// Casts the net wider for whatever did not come out. False: nothing is left to be done.
fn widen(
    comparison: &Comparison,
    report: &Report,
    selected: &Selected,
    reach: &mut BTreeMap<u64, Reach>,
    extra: &mut Scope,
) -> bool {
    let mut trouble = std::collections::BTreeSet::new();
    let mut together = std::collections::BTreeSet::new();
    for verdict in comparison.verdicts.iter().filter(|verdict| matches!(verdict.status, Status::Refuted(_))) {
        if let Some(finding) = finding_of(&verdict.id) {
            trouble.insert(finding);
        } else if let Some(id) =
            verdict.id.strip_prefix('I').and_then(|id| id.split('.').next()?.parse::<u64>().ok())
        {
            let incident = report.incidents.iter().find(|incident| incident.id == id);
            together.extend(incident.into_iter().flat_map(|incident| incident.findings.iter().copied()));
        }
    }
    let mut changed = false;
    // An incident that comes out otherwise although its findings come out: somebody else is drawn into it.
    if trouble.is_empty() {
        trouble = together;
    }
    if trouble.is_empty() {
        return false;
    }
    for host in comparison.strangers.iter().flatten() {
        changed |= !extra.hosts.contains_key(host);
        extra.host(*host, KEEP_MORE);
    }
    for id in &trouble {
        for (a, b) in selected.evidence_pairs.get(id).into_iter().flatten() {
            changed |= !extra.pairs.contains_key(&(*a, *b));
            extra.pair(*a, *b, KEEP_MORE);
        }
        if let Some(wider) = reach.get(id).and_then(|reach| reach.wider()) {
            reach.insert(*id, wider);
            changed = true;
        }
    }
    changed
}

/// Marks what the packets alone do not give; also how many claims that concerns.
fn mark(mut made: Vec<Claim>, comparison: &Comparison, full: bool) -> (Vec<Claim>, usize) {
    let why = if full {
        "it needs more packets than a bundle holds"
    } else {
        "it rests on more of the input than these packets"
    };
    let mut open = 0;
    for (claim, verdict) in made.iter_mut().zip(&comparison.verdicts) {
        if !matches!(verdict.status, Status::Refuted(_)) {
            continue;
        }
        let places: Vec<Option<usize>> = verdict
            .paths
            .iter()
            .map(|path| path.strip_prefix("values/")?.split('/').next()?.parse().ok())
            .collect();
        if places.iter().all(Option::is_some) {
            for place in places.into_iter().flatten() {
                if let Some(value) = claim.values.get_mut(place) {
                    value.unchecked = why.to_owned();
                }
            }
        } else {
            let named = verdict.paths.iter().map(|path| if path.is_empty() { "all of it" } else { path });
            let named: Vec<&str> = named.take(4).collect();
            claim.unchecked = format!("{why} (differs: {})", named.join(", "));
            open += 1;
        }
    }
    (made, open)
}

/// Files of the bundle besides claims and packets.
fn files(making: &Making<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let (report, settings) = (making.report, making.settings);
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("README.txt".into(), include_bytes!("readme.txt").to_vec()),
        ("report.html".into(), making.page.to_vec()),
        ("findings.json".into(), report.findings_json()),
        ("incidents.json".into(), report.incidents_json()),
        ("overview.json".into(), report.overview_json()),
        (rerun::CONFIGURATION.into(), settings.show().into_bytes()),
    ];
    if !making.rules.is_empty() {
        let texts = making
            .rules
            .iter()
            .map(|path| Ok(String::from_utf8_lossy(&crate::rules::unpacked(path)?).into_owned()));
        let texts: Vec<String> = texts.collect::<Result<_>>()?;
        files.push((rerun::RULES.into(), super::needed::rules(&texts, &report.findings).into_bytes()));
    }
    let of = &settings.files;
    let single = [
        (rerun::CLASSIFICATION, &of.classification),
        (rerun::REFERENCE, &of.reference),
        (rerun::THRESHOLD, &of.threshold),
        (rerun::REPUTATION_CATEGORIES, &of.reputation_categories),
    ];
    for (name, path) in single {
        if let Some(path) = path {
            files.push((name.into(), crate::rules::unpacked(path)?));
        }
    }
    for (number, path) in of.reputation.iter().enumerate() {
        files.push((format!("{}{number:03}.list", rerun::REPUTATION), crate::rules::unpacked(path)?));
    }
    Ok(files)
}

/// `manifest.json`: what the bundle was made from.
fn manifest(making: &Making<'_>, selected: &Selected, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let manifest = &making.report.manifest;
    let program =
        std::env::current_exe().and_then(std::fs::read).map(|bytes| evidence::hex(&evidence::sha256(&bytes)));
    let mut json = Json::new();
    json.object_item().number("format", 1_u64).text("program", &manifest.program);
    json.text("program_sha256", program.as_deref().unwrap_or("unreadable")).number("shards", manifest.shards);
    json.text("configuration_sha256", &manifest.configuration).array("inputs");
    for (name, bytes, sha256) in &manifest.inputs {
        json.object_item().text("name", name).number("bytes", *bytes).text("sha256", sha256).end();
    }
    json.end().array("rules");
    for (name, sha256, count) in &manifest.rules {
        json.object_item().text("name", name).text("sha256", sha256).number("rules", *count).end();
    }
    json.end().array("content");
    for (name, content) in
        files.iter().filter(|(name, _)| name.starts_with("rules/") || name.starts_with("configuration"))
    {
        json.object_item()
            .text("name", name)
            .text("sha256", &evidence::hex(&evidence::sha256(content)))
            .end();
    }
    json.end()
        .number("packets_of_input", selected.seen)
        .number("packets_in_bundle", selected.packets.len() as u64);
    json.number(
        "packets_with_payload_left_out",
        selected.packets.iter().filter(|packet| packet.cut).count() as u64,
    );
    json.end();
    json.bytes_mut().push(b'\n');
    std::mem::take(json.bytes_mut())
}

#[cfg(test)]
pub(super) mod tests {
    use model::{Confidence, Evidence, Finding, PacketId, Severity, Time};

    /// A finding with little in it.
    pub(crate) fn finding(detector: &'static str, title: &str) -> Finding {
        Finding {
            id: 1,
            detector,
            title: title.into(),
            severity: Severity::Medium,
            confidence: Confidence(900),
            techniques: Vec::new(),
            attackers: Vec::new(),
            victims: Vec::new(),
            server: None,
            subjects: Vec::new(),
            first: Time::from_secs(1),
            last: Time::from_secs(2),
            count: 1,
            terms: Vec::new(),
            evidence: vec![Evidence {
                flow: None,
                packets: vec![PacketId(1)],
                field: "",
                excerpt: String::new(),
            }],
            against: Vec::new(),
        }
    }
}
