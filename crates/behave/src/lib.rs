//! Behaviour detectors: ordered events to findings. One folder per detector, one line in [`DETECTORS`].
//!
//! A detector sees neutral facts in the order of their moments and never a packet. Thresholds are knobs with a default; a
//! finding prints its arithmetic term by term and says what speaks against it. State is bounded: every table of every
//! detector has a limit, and what was evicted is counted.

mod home;
mod knob;
mod table;

mod beacon;
mod card_leak;
mod certificate;
mod coercion;
mod deeds;
mod delivery;
mod dga;
mod discovery;
mod disguise;
mod dns_tunnel;
mod domain;
mod domain_theft;
mod drive_by;
mod encoding;
mod evasion;
mod exploit;
mod few;
mod flood;
mod flux;
mod guessing;
mod icmp_tunnel;
mod kerberos;
mod keystrokes;
mod lookalike;
mod mail_forward;
#[cfg(test)]
mod metamorphic;
#[cfg(test)]
mod metamorphic_channels;
mod nxdomain;
mod plc;
mod rare;
mod raw_channel;
mod remote_execution;
mod remote_tool;
mod rhythm;
#[cfg(test)]
mod samples;
mod scan;
mod statistic;
mod theft;
mod tls_channel;
mod users;
mod verdict;
mod ways;
mod web_attack;
mod web_channel;

use std::collections::HashMap;
use std::fmt::Debug;

use foldhash::fast::FixedState;
pub use home::Home;
pub use knob::{Knob, Knobs};
use model::{Event, EventKind, Finding, LossMark};
pub use table::Bounded;

/// Every detector: one line each. The order is the order of findings at equal moments.
pub const DETECTORS: &[&Description] = &[
    &scan::DESCRIPTION,
    &guessing::DESCRIPTION,
    &beacon::DESCRIPTION,
    &dns_tunnel::DESCRIPTION,
    &certificate::DESCRIPTION,
    &dga::DESCRIPTION,
    &nxdomain::DESCRIPTION,
    &flux::DESCRIPTION,
    &rare::DESCRIPTION,
    &lookalike::DESCRIPTION,
    &disguise::DESCRIPTION,
    &icmp_tunnel::DESCRIPTION,
    &web_channel::DESCRIPTION,
    &raw_channel::DESCRIPTION,
    &tls_channel::DESCRIPTION,
    &delivery::DESCRIPTION,
    &theft::DESCRIPTION,
    &card_leak::DESCRIPTION,
    &remote_execution::DESCRIPTION,
    &domain_theft::DESCRIPTION,
    &coercion::DESCRIPTION,
    &discovery::DESCRIPTION,
    &kerberos::DESCRIPTION,
    &plc::DESCRIPTION,
    &flood::DESCRIPTION,
    &evasion::DESCRIPTION,
    &keystrokes::DESCRIPTION,
    &remote_tool::DESCRIPTION,
    &web_attack::DESCRIPTION,
    &mail_forward::DESCRIPTION,
    &exploit::DESCRIPTION,
    &drive_by::DESCRIPTION,
];

/// Whether a detector cares for an oddity, by its name in EVE's `anomaly` records; others need not be told.
pub fn heeds(oddity: &str) -> bool {
    evasion::WAYS.iter().chain(exploit::WAYS).any(|way| way.kinds.contains(&oddity))
}

/// What a detector declares of itself; its manual page is made from it.
pub struct Description {
    /// Its name, as in `findings.json`.
    pub name: &'static str,
    /// What it sees, in a sentence or two.
    pub sees: &'static str,
    /// Why that matters.
    pub matters: &'static str,
    /// What fools it.
    pub fooled_by: &'static str,
    /// What it costs: state and time.
    pub cost: &'static str,
    /// References: papers, ATT&CK ids.
    pub references: &'static [&'static str],
    /// What it is told of.
    pub hears: Hears,
    /// Its settings, below `behave.<name>.`.
    pub knobs: &'static [Knob],
    /// Makes one.
    pub new: fn(&Knobs<'_>) -> Box<dyn Detector>,
}

/// What a detector is told of; nothing else reaches it.
#[derive(Debug, Clone, Copy)]
pub struct Hears {
    /// Flows that ended.
    pub flows: bool,
    /// Files that travelled.
    pub files: bool,
    /// What receivers read differently, or not at all.
    pub oddities: bool,
    /// Exchanges of these protocols, by their EVE names.
    pub exchanges: &'static [&'static str],
    /// Fields of exchanges that it reads.
    pub fields: &'static [&'static str],
    /// Fields of which the first value is all that it reads.
    pub firsts: &'static [&'static str],
}

impl Hears {
    /// To fill up declarations: `..Hears::NOTHING`.
    pub const NOTHING: Hears =
        Hears { flows: false, files: false, oddities: false, exchanges: &[], fields: &[], firsts: &[] };
}

/// How many values of a field of exchanges, by its name, the detectors read at most; what is not read need not be gathered.
pub fn reads(field: &str) -> usize {
    let heard = || DETECTORS.iter().map(|description| &description.hears);
    if heard().any(|hears| hears.fields.contains(&field)) || home::FIELDS.contains(&field) {
        usize::MAX
    } else {
        usize::from(heard().any(|hears| hears.firsts.contains(&field)))
    }
}

impl Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Description").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A detector at work.
pub trait Detector: Debug + Send {
    /// Takes one event. Findings that are certain now go to `findings`.
    fn event(&mut self, event: &Event, home: &Home, findings: &mut Findings);
    /// The input is over: what was gathered is judged.
    fn finish(&mut self, home: &Home, findings: &mut Findings);
    /// A list that the operator gives by its dotted name (`lookalike.protected`); detectors take theirs, before the first event.
    fn list(&mut self, _name: &str, _items: &[String]) {}
    /// How many entries its tables evicted for want of room.
    fn evicted(&self) -> u64 {
        0
    }
}

/// Findings as they are made; numbered in order.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Most findings a run keeps; later ones are counted only in the loss marks.
    pub const MAX: usize = 100_000;

    /// Adds one; its number is given here.
    ///
    /// # Panics
    /// On a finding without evidence: no detector may make one.
    pub fn push(&mut self, mut finding: Finding) {
        assert!(!finding.evidence.is_empty(), "no finding without evidence: {}", finding.title);
        if self.list.len() < Self::MAX {
            finding.id = self.list.len() as u64 + 1;
            self.list.push(finding);
        }
    }

    /// All of them, in order.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }
}

/// All detectors at work.
#[derive(Debug)]
pub struct Behaviour {
    home: Home,
    detectors: Vec<(&'static str, Box<dyn Detector>)>,
    audience: Audience,
    findings: Findings,
}

/// Which detectors are told of what, by their places in [`DETECTORS`] and in that order.
#[derive(Debug)]
struct Audience {
    flows: Vec<usize>,
    files: Vec<usize>,
    oddities: Vec<usize>,
    exchanges: HashMap<&'static str, Vec<usize>, FixedState>,
}

impl Audience {
    fn new() -> Self {
        let of = |hears: &dyn Fn(&Hears) -> bool| {
            let places = DETECTORS.iter().enumerate().filter(|(_, description)| hears(&description.hears));
            places.map(|(place, _)| place).collect::<Vec<usize>>()
        };
        let protocols = DETECTORS.iter().flat_map(|description| description.hears.exchanges);
        let exchanges =
            protocols.map(|protocol| (*protocol, of(&|hears| hears.exchanges.contains(protocol))));
        Self {
            flows: of(&|hears| hears.flows),
            files: of(&|hears| hears.files),
            oddities: of(&|hears| hears.oddities),
            exchanges: exchanges.collect(),
        }
    }

    fn of(&self, kind: &EventKind) -> &[usize] {
        match kind {
            EventKind::Flow(_) => &self.flows,
            EventKind::Transaction(fact) => self.exchanges.get(fact.protocol).map_or(&[], Vec::as_slice),
            EventKind::File(_) => &self.files,
            EventKind::Oddity(_) => &self.oddities,
            // Alerts are findings already.
            EventKind::Alert(_) => &[],
        }
    }
}

impl Behaviour {
    /// All detectors with their settings; `settings` answers a dotted name such as `scan.ports_min`.
    pub fn new(home: Home, settings: &dyn Fn(&str) -> Option<f64>) -> Self {
        let detectors = DETECTORS
            .iter()
            .map(|description| (description.name, (description.new)(&Knobs::new(description, settings))))
            .collect();
        Self { home, detectors, audience: Audience::new(), findings: Findings::default() }
    }

    /// Gives a list to the detector that takes it, by its dotted name; before the first event.
    pub fn set_list(&mut self, name: &str, items: &[String]) {
        for (_, detector) in &mut self.detectors {
            detector.list(name, items);
        }
    }

    /// Takes one event; events come in the order of their moments.
    pub fn event(&mut self, event: &Event) {
        self.home.learn(event);
        for place in self.audience.of(&event.kind) {
            self.detectors[*place].1.event(event, &self.home, &mut self.findings);
        }
    }

    /// The input is over: all findings, and what was lost on the way.
    pub fn finish(mut self) -> (Vec<Finding>, Vec<LossMark>, Home) {
        let mut losses = Vec::new();
        for (name, detector) in &mut self.detectors {
            detector.finish(&self.home, &mut self.findings);
            let evicted = detector.evicted();
            if evicted > 0 {
                let reason = format!("{name}: {evicted} entries were forgotten because its table was full");
                losses.push(LossMark { after: model::PacketId(0), reason });
            }
        }
        (self.findings.list, losses, self.home)
    }
}
