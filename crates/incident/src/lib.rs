//! Findings to incidents: what shares a host, a server, a name or a file tells one story.
//!
//! Rule alerts on the same matter fold into one finding with a count. Findings join through what they share; each incident
//! gets victims, attackers, servers with roles and reasons, ATT&CK phases, a timeline and a score whose terms add up as
//! log-likelihoods inside dependency groups, so that one critical finding is enough and many copies of a faint one are not.

mod alerts;
mod join;
mod names;
mod score;
mod tactic;
#[cfg(test)]
mod tests;

use model::{Event, EventKind, Finding, Incident};
use network::Ours;

pub use tactic::{phase, technique_name};

/// What the incident stage must know of the network.
pub mod network {
    use std::net::IpAddr;

    /// Answers whether an address is ours.
    pub type Ours<'a> = &'a dyn Fn(IpAddr) -> bool;
}

/// Gathers alerts and names while events pass by.
#[derive(Debug, Default)]
pub struct Desk {
    alerts: alerts::Alerts,
    names: names::Names,
}

impl Desk {
    /// Takes one event, in the order of its moment.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Alert(alert) => self.alerts.take(alert, event),
            EventKind::Transaction(fact) => self.names.learn(fact),
            EventKind::Flow(_) | EventKind::File(_) => {}
        }
    }

    /// All findings, alerts among them, renumbered; and the incidents, most important first.
    pub fn finish(self, detected: Vec<Finding>, ours: Ours<'_>) -> (Vec<Finding>, Vec<Incident>) {
        let mut findings = detected;
        findings.extend(self.alerts.findings(ours));
        findings.sort_by(|a, b| (a.first, a.detector, &a.title).cmp(&(b.first, b.detector, &b.title)));
        for (number, finding) in (1..).zip(&mut findings) {
            finding.id = number;
            if let Some((address, name)) = &mut finding.server
                && name.is_empty()
            {
                *name = self.names.of(*address).to_owned();
            }
        }
        let incidents = join::incidents(&findings, &self.names, ours);
        (findings, incidents)
    }
}
