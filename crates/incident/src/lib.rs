//! Findings to incidents: what shares a host, a server, a name, a file or infrastructure tells one story.
//!
//! While events pass by, every server becomes an entity: names that led to it, ports, certificates, fingerprints, clients, bytes. Rule
//! alerts on the same matter fold into one finding whose worth the rule's own words decide. Findings join through what they share;
//! each incident gets victims, attackers, servers with roles and reasons, ATT&CK phases, a timeline, one sentence that says it all,
//! and a score whose terms add up as log-likelihoods inside dependency groups, so that one critical finding is enough and many
//! copies of a faint one are not.

mod alerts;
mod campaign;
mod entity;
mod join;
mod names;
mod pivot;
mod place;
mod profile;
mod quality;
mod score;
mod summary;
mod suspect;
mod table;
mod tactic;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use model::{AddressSeen, Event, EventKind, Finding, Incident, LossMark, PacketId};

pub use campaign::Memory;
pub use place::Places;
pub use tactic::{phase, technique_name};

/// Fields of exchanges that are read.
pub const FIELDS: &[&str] = &[
    "dns.answers.address",
    "dns.queries.rrname",
    "http.host",
    "http.server",
    "ja3s.hash",
    "quic.sni",
    "ssh.hassh.server",
    "tls.cert_fingerprint",
    "tls.cert_issuer",
    "tls.cert_serial",
    "tls.cert_subject",
    "tls.not_after",
    "tls.not_before",
    "tls.sni",
    "tls.subjectaltname",
];

/// What the incident stage must know of the network.
pub struct Network {
    ours: Box<dyn Fn(IpAddr) -> bool + Send>,
    places: Option<Arc<Places>>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Network {
    /// `ours` answers whether an address is ours; `places` where the others are, when that is known.
    pub fn new(ours: impl Fn(IpAddr) -> bool + Send + 'static, places: Option<Arc<Places>>) -> Self {
        Self { ours: Box::new(ours), places }
    }

    /// Whether an address is ours.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        (self.ours)(address)
    }

    pub(crate) fn places(&self) -> Option<&Places> {
        self.places.as_deref()
    }
}

/// What a run's judgement comes to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// All findings, alerts among them, numbered from 1.
    pub findings: Vec<Finding>,
    /// Incidents, most important first.
    pub incidents: Vec<Incident>,
    /// What was forgotten on the way.
    pub losses: Vec<LossMark>,
}

/// Gathers alerts, names and servers while events pass by.
#[derive(Debug)]
pub struct Desk {
    network: Network,
    alerts: alerts::Alerts,
    names: names::Names,
    entities: entity::Entities,
}

/// What judging a group of findings needs to look up.
pub(crate) struct Scene<'a> {
    network: &'a Network,
    names: &'a names::Names,
    entities: &'a entity::Entities,
    /// Hosts of ours that spoke.
    hosts: u64,
    /// Other addresses of the suspects' names.
    siblings: BTreeMap<IpAddr, Vec<AddressSeen>>,
}

impl Desk {
    /// An empty desk.
    pub fn new(network: Network) -> Self {
        Self {
            network,
            alerts: alerts::Alerts::default(),
            names: names::Names::default(),
            entities: entity::Entities::default(),
        }
    }

    /// Takes one event, in the order of its moment.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Alert(alert) => self.alerts.take(alert, event),
            EventKind::Transaction(fact) => {
                self.names.learn(fact);
                self.entities.transaction(fact);
            }
            EventKind::Flow(flow) => {
                let network = &self.network;
                self.entities.flow(flow, |address| network.has(address));
            }
            EventKind::File(_) | EventKind::Oddity(_) => {}
        }
    }

    /// The input is over. `detected` is what the detectors found, `hosts` how many hosts of ours spoke.
    pub fn finish(self, detected: Vec<Finding>, hosts: usize) -> Verdict {
        let losses = self.losses();
        let mut findings = detected;
        findings.extend(self.alerts.findings(&self.network));
        findings.sort_by(|a, b| (a.first, a.detector, &a.title).cmp(&(b.first, b.detector, &b.title)));
        for (number, finding) in (1..).zip(&mut findings) {
            finding.id = number;
            if let Some((address, name)) = &mut finding.server
                && name.is_empty()
            {
                *name = self.names.of(*address).to_owned();
            }
        }
        let mut scene = Scene {
            network: &self.network,
            names: &self.names,
            entities: &self.entities,
            hosts: hosts as u64,
            siblings: BTreeMap::new(),
        };
        let incidents = join::incidents(&findings, &mut scene);
        Verdict { findings, incidents, losses }
    }

    fn losses(&self) -> Vec<LossMark> {
        let counts = [
            (self.alerts.left_out, "alerts found no room among the matters that are kept"),
            (self.entities.evicted(), "servers were forgotten because the table of servers was full"),
            (self.names.evicted(), "addresses were forgotten because the table of names was full"),
        ];
        let said = counts.iter().filter(|(count, _)| *count > 0);
        said.map(|(count, what)| LossMark { after: PacketId(0), reason: format!("{count} {what}") }).collect()
    }
}
