//! Which packets a bundle takes: what the claims name, and more for those that do not come out of it.
//!
//! The net begins with what findings name. The engine runs on what it holds; where a claim does not come out as it was, the net of
//! its finding, and of no other, is cast a step wider. One run is enough for most inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Result;
use capture::Source;
use evidence::{Scope, Selected};
use model::Finding;
use report::Report;
use serde_json::Value;

use super::compare::{Comparison, Status, compare};
use super::make::{Making, finding_of};
use super::rerun::Rerun;
use super::scope::{KEEP_MORE, Places, Reach, add};

/// Bytes of packets that a bundle holds at most.
const PACKETS_BYTES_MAX: u64 = 48 << 20;
/// Times that the net is cast.
const ROUNDS_MAX: usize = 6;
/// Times that half of the findings goes without packets before the first net fits.
const DROPS_MAX: usize = 12;

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

/// Picks packets until they give the claims or nothing wider helps.
pub(super) fn cast(
    making: &Making<'_>,
    files: &[(String, Vec<u8>)],
    said: &[Value],
    findings: &[Value],
) -> Result<Cast> {
    let mut engine = Rerun::new(files)?;
    let mut net = Net::new(making.report);
    let mut best: Option<Cast> = None;
    let (mut rounds, mut drops) = (0, 0);
    while rounds < ROUNDS_MAX && drops < DROPS_MAX {
        let Some(mut selected) = pick(making, &net.scope(making))? else {
            if let Some(cast) = &mut best {
                cast.full = true;
                break;
            }
            net.drop_half();
            drops += 1;
            continue;
        };
        rounds += 1;
        let packets = Arc::new(std::mem::take(&mut selected.packets));
        let count = packets.len();
        let outcome = engine.run(&mut evidence::replay(Arc::clone(&packets)), Some(count))?;
        selected.packets = Arc::unwrap_or_clone(packets);
        let comparison = compare(said, findings, outcome, true);
        net.learn(&selected);
        let widened = net.widen(&comparison);
        if best.as_ref().is_none_or(|best| comparison.refuted() <= best.comparison.refuted()) {
            best = Some(Cast { selected, comparison, full: drops > 0 });
        }
        if !widened {
            break;
        }
    }
    Ok(best.unwrap_or_else(|| Cast { full: drops > 0, ..Cast::default() }))
}

/// The packets of a scope; `None`: they are too many.
fn pick(making: &Making<'_>, scope: &Scope) -> Result<Option<Selected>> {
    let engine = &making.settings.engine;
    let ours = |address: IpAddr| engine.home.has(address);
    let mut source = Source::open(making.captures)?;
    Ok(evidence::select(&mut source, scope, &engine.decode, &ours, PACKETS_BYTES_MAX).ok())
}

/// How wide the net is cast, finding by finding.
struct Net<'a> {
    report: &'a Report,
    reach: BTreeMap<u64, Reach>,
    /// Where the evidence of findings lies.
    places: BTreeMap<u64, Places>,
    /// Hosts of findings that nobody claims: more of them is needed to see why not.
    strangers: BTreeSet<IpAddr>,
}

impl<'a> Net<'a> {
    fn new(report: &'a Report) -> Self {
        let reach = report.findings.iter().map(|finding| (finding.id, Reach::Near)).collect();
        Self { report, reach, places: BTreeMap::new(), strangers: BTreeSet::new() }
    }

    fn scope(&self, making: &Making<'_>) -> Scope {
        let ours = |address: IpAddr| making.settings.engine.home.has(address);
        // Shares of the hosts that were seen are what an incident claims beside its findings.
        let mut scope = Scope { witnesses: !self.report.incidents.is_empty(), ..Scope::default() };
        self.strangers.iter().for_each(|host| scope.host(*host, KEEP_MORE));
        for finding in &self.report.findings {
            let reach = self.reach.get(&finding.id).copied().unwrap_or(Reach::Nothing);
            add(&mut scope, finding, reach, self.places.get(&finding.id), &ours);
        }
        scope
    }

    /// Not even the narrowest net fits: the faintest half of the findings goes without packets.
    fn drop_half(&mut self) {
        let mut left: Vec<&Finding> = self
            .report
            .findings
            .iter()
            .filter(|finding| self.reach.get(&finding.id).is_some_and(|reach| *reach != Reach::Nothing))
            .collect();
        left.sort_by_key(|finding| (finding.severity, finding.confidence, std::cmp::Reverse(finding.id)));
        for finding in left.iter().take(left.len().div_ceil(2)) {
            self.reach.insert(finding.id, Reach::Nothing);
        }
    }

    /// Remembers where evidence was met.
    fn learn(&mut self, selected: &Selected) {
        for (finding, flows) in &selected.evidence_flows {
            self.places.entry(*finding).or_default().flows.extend(flows);
        }
        for (finding, pairs) in &selected.evidence_pairs {
            self.places.entry(*finding).or_default().pairs.extend(pairs);
        }
    }

    /// Casts the net wider for whatever did not come out. False: nothing is left to be done.
    fn widen(&mut self, comparison: &Comparison) -> bool {
        let (mut trouble, mut together) = (BTreeSet::new(), BTreeSet::new());
        let refuted =
            comparison.verdicts.iter().filter(|verdict| matches!(verdict.status, Status::Refuted(_)));
        for verdict in refuted {
            if let Some(finding) = finding_of(&verdict.id) {
                trouble.insert(finding);
            } else if let Some(id) = super::make::incident_of(&verdict.id) {
                let incident = self.report.incidents.iter().find(|incident| incident.id == id);
                together.extend(incident.into_iter().flat_map(|incident| incident.findings.iter().copied()));
            }
        }
        // An incident that comes out otherwise although its findings come out: somebody else is drawn into it.
        if trouble.is_empty() {
            trouble = together;
        }
        if trouble.is_empty() {
            return false;
        }
        let known = self.strangers.len();
        self.strangers.extend(comparison.strangers.iter().flatten());
        let mut changed = self.strangers.len() > known;
        for id in &trouble {
            if let Some(wider) = self.reach.get(id).and_then(|reach| reach.wider()) {
                self.reach.insert(*id, wider);
                changed = true;
            }
        }
        changed
    }
}
