//! Making a bundle: pick the packets, try whether they give the claims, cast the net wider where they do not, say what is left.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use evidence::{Bundle, Selected, SigningKey};
use json::Json;
use model::Finding;
use report::Report;
use report::claim::{Claim, claims};
use serde_json::Value;

use super::cast::{Cast, cast};
use super::compare::{Comparison, Status};
use super::rerun;
use crate::config::Settings;

/// Findings and incidents whose claims a bundle holds.
const FINDINGS_MAX: usize = 2_000;
/// Bytes of indicator files and YARA rules that a bundle carries; of more only the hashes are told.
const LISTS_BYTES_MAX: u64 = 8 << 20;
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
    /// Indicator files.
    pub(crate) intel: &'a [PathBuf],
    /// Files of YARA rules.
    pub(crate) yara: &'a [PathBuf],
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
    let (mut files, left_out) = files(making)?;
    let made: Vec<Claim> = bounded(claims(making.report), making.report);
    let said: Vec<Value> =
        made.iter().map(|claim| serde_json::from_slice(&claim.json()).unwrap_or_default()).collect();
    let findings: Value = serde_json::from_slice(&making.report.findings_json())?;
    let findings = findings["findings"].as_array().cloned().unwrap_or_default();
    let Cast { selected, comparison, full } = cast(making, &files, &said, &findings)?;
    let (marked, open) = mark(made, &comparison, making.report, full, &left_out);
    files.insert(0, ("manifest.json".into(), manifest(making, &selected, &files, &left_out)));
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
pub(super) fn finding_of(claim: &str) -> Option<u64> {
    claim.strip_prefix('F')?.split('.').next()?.parse().ok()
}

/// The incident that a claim belongs to.
pub(super) fn incident_of(claim: &str) -> Option<u64> {
    claim.strip_prefix('I')?.split('.').next()?.parse().ok()
}

/// Marks what the packets alone do not give; also how many claims that concerns.
fn mark(
    mut made: Vec<Claim>,
    comparison: &Comparison,
    report: &Report,
    full: bool,
    left_out: &[LeftOut],
) -> (Vec<Claim>, usize) {
    let mut open = 0;
    for (claim, verdict) in made.iter_mut().zip(&comparison.verdicts) {
        if !matches!(verdict.status, Status::Refuted(_)) {
            continue;
        }
        let why = if left_out.iter().any(|list| list.is_behind(&claim.id, report)) {
            "it rests on a list of which the bundle holds the hash alone"
        } else if full {
            "it needs more packets than a bundle holds"
        } else {
            "it rests on more of the input than these packets"
        };
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

/// A file that the run used and the bundle does not carry.
struct LeftOut {
    /// The detector whose findings rest on it.
    detector: &'static str,
    name: String,
    sha256: String,
    because: &'static str,
}

impl LeftOut {
    /// Whether a claim is about a finding that rests on it, or about an incident with such a finding.
    fn is_behind(&self, claim: &str, report: &Report) -> bool {
        let of = |id: u64| {
            report.findings.iter().any(|finding| finding.id == id && finding.detector == self.detector)
        };
        match finding_of(claim) {
            Some(id) => of(id),
            None => {
                let id = incident_of(claim);
                let incident = report.incidents.iter().find(|incident| Some(incident.id) == id);
                incident.is_some_and(|incident| incident.findings.iter().any(|id| of(*id)))
            }
        }
    }
}

/// Indicator files and YARA rules: those that are carried, and of the others what is told.
fn lists(making: &Making<'_>) -> Result<(Vec<(String, Vec<u8>)>, Vec<LeftOut>)> {
    let (mut carried, mut left_out, mut room) = (Vec::new(), Vec::new(), LISTS_BYTES_MAX);
    let of = [(rerun::INTEL, "intel", making.intel), (rerun::YARA, "yara", making.yara)];
    for (prefix, detector, paths) in of {
        for (number, path) in paths.iter().enumerate() {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let reads_others = detector == "yara" && rerun::reads_others(&bytes);
            if bytes.len() as u64 > room || reads_others {
                left_out.push(LeftOut {
                    detector,
                    name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
                    sha256: evidence::hex(&evidence::sha256(&bytes)),
                    because: if reads_others { "it includes other files" } else { "it is too long" },
                });
                continue;
            }
            room -= bytes.len() as u64;
            carried.push((format!("{prefix}{number:03}-{}", crate::intelligence::label(path)), bytes));
        }
    }
    Ok((carried, left_out))
}

/// Files of the bundle besides claims and packets, and which lists it does not carry.
fn files(making: &Making<'_>) -> Result<(Vec<(String, Vec<u8>)>, Vec<LeftOut>)> {
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
    let (carried, left_out) = lists(making)?;
    files.extend(carried);
    Ok((files, left_out))
}

/// `manifest.json`: what the bundle was made from.
fn manifest(
    making: &Making<'_>,
    selected: &Selected,
    files: &[(String, Vec<u8>)],
    left_out: &[LeftOut],
) -> Vec<u8> {
    let manifest = &making.report.manifest;
    let program = std::env::current_exe().map_err(Into::into).and_then(|path| super::hash_of(&path));
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
    let of_run = ["rules/", "configuration", rerun::INTEL, rerun::YARA];
    for (name, content) in
        files.iter().filter(|(name, _)| of_run.iter().any(|prefix| name.starts_with(prefix)))
    {
        json.object_item()
            .text("name", name)
            .text("sha256", &evidence::hex(&evidence::sha256(content)))
            .end();
    }
    json.end().array("content_left_out");
    for list in left_out {
        json.object_item().text("name", &list.name).text("sha256", &list.sha256);
        json.text("because", list.because).end();
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
