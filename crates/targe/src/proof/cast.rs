//! Which packets a bundle takes: cast a net, see whether the claims come out, cast it wider where they do not, and where the
//! whole is larger than it should be, leave out what no claim reads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyhow::Result;
use capture::Source;
use evidence::{Keep, Scope, Selected, Service};
use model::Finding;
use report::Report;
use serde_json::Value;

use super::compare::{Comparison, Status, compare};
use super::make::{Making, finding_of};
use super::rerun;
use super::scope::{KEEP_LITTLE, KEEP_MORE, Reach, add};

/// Bytes of packets that a bundle holds at most.
const PACKETS_BYTES_MAX: u64 = 48 << 20;
/// Times that the net is cast.
const ROUNDS_MAX: usize = 10;
/// Times that leaving something out is tried.
const TRIES_MAX: usize = 24;
/// Payload that holds a handshake with its certificates.
const KEEP_HANDSHAKE: Keep = Keep(1_536);
/// Services that are tried one by one.
const LARGE_MAX: usize = 12;
/// Bytes of input that are read for those tries.
const TRIED_BYTES_MAX: u64 = 2 << 30;
/// What the packets of a bundle should be at most, packed: a part of the input,
const AIM_PARTS: u64 = 20;
/// and so much beside, the rest of a bundle being about as large.
const AIM_BYTES: u64 = 100_000;

/// What was caught.
#[derive(Debug, Default)]
pub(super) struct Cast {
    /// The packets.
    pub(super) selected: Selected,
    /// How the claims come out of them.
    pub(super) comparison: Comparison,
    /// Room was what ended it.
    pub(super) full: bool,
}

/// The engine's view of one choice of packets.
struct Trial<'a> {
    making: &'a Making<'a>,
    files: &'a [(String, Vec<u8>)],
    said: &'a [Value],
    findings: &'a [Value],
}

impl Trial<'_> {
    /// The packets of a scope, and how the claims come out of them; `None`: they are too many.
    fn of(&self, scope: &Scope) -> Result<Option<(Selected, Comparison)>> {
        let engine = &self.making.settings.engine;
        let ours = |address: IpAddr| engine.home.has(address);
        let mut source = Source::open(self.making.captures)?;
        let picked = evidence::select(&mut source, scope, &engine.decode, &ours, PACKETS_BYTES_MAX);
        let Ok(selected) = picked else { return Ok(None) };
        let packets = selected.packets.iter().map(evidence::inflate).collect();
        let outcome = rerun::run(self.files, &mut Source::from_picked(packets))?;
        Ok(Some((selected, compare(self.said, self.findings, outcome, true))))
    }
}

/// Picks packets until they give the claims or nothing wider helps; then leaves out what is not needed.
pub(super) fn cast(
    making: &Making<'_>,
    files: &[(String, Vec<u8>)],
    said: &[Value],
    findings: &[Value],
) -> Result<Cast> {
    let trial = Trial { making, files, said, findings };
    let ours = |address: IpAddr| making.settings.engine.home.has(address);
    let report = making.report;
    let mut reach: BTreeMap<u64, Reach> =
        report.findings.iter().map(|finding| (finding.id, Reach::Pairs)).collect();
    let mut extra = Scope::default();
    let mut best: Option<(Cast, Scope)> = None;
    let mut dropped = false;
    for _ in 0..ROUNDS_MAX {
        let mut scope = extra.clone();
        for finding in &report.findings {
            add(&mut scope, finding, reach.get(&finding.id).copied().unwrap_or(Reach::Nothing), &ours);
        }
        let Some((selected, comparison)) = trial.of(&scope)? else {
            if let Some((mut cast, _)) = best {
                cast.full = true;
                return Ok(cast);
            }
            // Not even the narrowest net fits: the faintest half of the findings goes without packets.
            drop_half(&mut reach, &report.findings);
            dropped = true;
            continue;
        };
        let widened = widen(&comparison, report, &selected, &mut reach, &mut extra);
        best = Some((Cast { selected, comparison, full: dropped }, scope));
        if !widened {
            break;
        }
    }
    let Some((cast, scope)) = best else { return Ok(Cast { full: dropped, ..Cast::default() }) };
    shrink(&trial, cast, scope)
}

/// Leaves out what no claim reads, while the packets take more room than they should: of the largest services everything, or all
/// payload, or what is beyond its beginning; then the payload of all the others.
fn shrink(trial: &Trial<'_>, mut cast: Cast, mut scope: Scope) -> Result<Cast> {
    let input: u64 = trial.making.report.manifest.inputs.iter().map(|(_, bytes, _)| bytes).sum();
    let aim = input / AIM_PARTS + AIM_BYTES;
    let mut tries =
        usize::try_from(TRIED_BYTES_MAX / input.max(1)).map_or(TRIES_MAX, |tries| tries.min(TRIES_MAX));
    let services = by_size(&cast.selected);
    let (large, small) = services.split_at(services.len().min(LARGE_MAX));
    let groups = large.iter().map(std::slice::from_ref).chain(std::iter::once(small));
    for group in groups.filter(|group| !group.is_empty()) {
        for cap in [None, Some(Keep(0)), Some(KEEP_LITTLE), Some(KEEP_HANDSHAKE)] {
            if tries == 0 || evidence::packed_bytes(&cast.selected.packets) <= aim {
                return Ok(cast);
            }
            if cap.is_none() && group.iter().any(|(_, evidence)| *evidence) {
                continue;
            }
            tries -= 1;
            let mut narrower = scope.clone();
            narrower.caps.extend(group.iter().map(|(service, _)| (*service, cap)));
            let Some((selected, comparison)) = trial.of(&narrower)? else { continue };
            if comparison.same(&cast.comparison) {
                scope = narrower;
                cast = Cast { selected, comparison, full: cast.full };
                break;
            }
        }
    }
    Ok(cast)
}

/// Services, those with most bytes first, and whether evidence is among their packets.
fn by_size(selected: &Selected) -> Vec<(Service, bool)> {
    let mut services: Vec<_> = selected.services.iter().collect();
    services.sort_by_key(|(service, (bytes, _))| (std::cmp::Reverse(*bytes), **service));
    services.into_iter().map(|(service, (_, evidence))| (*service, *evidence)).collect()
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
    let mut trouble = BTreeSet::new();
    let mut together = BTreeSet::new();
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
    if trouble.is_empty() && !together.is_empty() && !extra.witnesses {
        // Shares of the hosts that were seen are what an incident claims beside its findings.
        extra.witnesses = true;
        return true;
    }
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
