//! From findings to the packets they need: how wide a net each finding gets.
//!
//! Nobody but a detector knows which packets its numbers came from, and none has to say: the net begins narrow, the engine
//! is run on what it holds, and where a claim does not come out as it was, the net of its finding is cast wider.

use std::collections::BTreeSet;
use std::net::IpAddr;

use evidence::{Keep, Scope};
use model::{Finding, Subject};

/// How wide, in order: what is added at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not even its evidence: there is no room.
    Nothing,
    /// Flows between the hosts it names, and all of an outside host that it names; long payloads cut early.
    Pairs,
    /// The same, long payloads cut later.
    PairsMore,
    /// The same, payload whole.
    PairsWhole,
    /// All flows of whom it is about; long payloads cut.
    Hosts,
    /// The same, payload whole; packets without addresses.
    HostsWhole,
    /// The whole input; long payloads cut.
    Everything,
    /// The whole input.
    EverythingWhole,
}

impl Reach {
    /// One step wider; `None` at the end.
    pub(crate) fn wider(self) -> Option<Self> {
        Some(match self {
            Reach::Nothing => return None,
            Reach::Pairs => Reach::PairsMore,
            Reach::PairsMore => Reach::PairsWhole,
            Reach::PairsWhole => Reach::Hosts,
            Reach::Hosts => Reach::HostsWhole,
            Reach::HostsWhole => Reach::Everything,
            Reach::Everything => Reach::EverythingWhole,
            Reach::EverythingWhole => return None,
        })
    }
}

/// Payload kept per direction of a flow at first: enough for what most protocols say of themselves.
pub(super) const KEEP_LITTLE: Keep = Keep(512);
/// And later: enough for certificates and the heads of several exchanges.
pub(super) const KEEP_MORE: Keep = Keep(4_096);
/// Hosts of one finding that are followed.
const HOSTS_MAX: usize = 512;

/// Adds what a finding needs.
pub(crate) fn add(scope: &mut Scope, finding: &Finding, reach: Reach, ours: &dyn Fn(IpAddr) -> bool) {
    if reach == Reach::Nothing {
        return;
    }
    for packet in
        finding.evidence.iter().flat_map(|evidence| &evidence.packets).filter(|packet| packet.0 != 0)
    {
        let findings = scope.evidence.entry(packet.0).or_default();
        if findings.last() != Some(&finding.id) {
            findings.push(finding.id);
        }
    }
    let keep = match reach {
        Reach::PairsWhole | Reach::HostsWhole | Reach::EverythingWhole => Keep::WHOLE,
        Reach::PairsMore | Reach::Hosts | Reach::Everything => KEEP_MORE,
        Reach::Pairs | Reach::Nothing => KEEP_LITTLE,
    };
    let server = finding.server.as_ref().map(|(address, _)| *address);
    let actors: BTreeSet<IpAddr> = finding.attackers.iter().copied().chain(server).take(HOSTS_MAX).collect();
    let hosts = finding.subjects.iter().filter_map(|subject| match subject {
        Subject::Host(address) => Some(*address),
        Subject::Name(_) | Subject::File(_) => None,
    });
    let sufferers: BTreeSet<IpAddr> = finding.victims.iter().copied().chain(hosts).take(HOSTS_MAX).collect();
    for actor in &actors {
        for sufferer in sufferers.iter().chain(&actors).filter(|sufferer| *sufferer != actor) {
            scope.pair(*actor, *sufferer, keep);
        }
        // Outside hosts that are named talk to us about little else.
        if !ours(*actor) {
            scope.host(*actor, keep);
        }
    }
    if actors.is_empty() {
        for pair in
            sufferers.iter().flat_map(|a| sufferers.iter().map(move |b| (a, b))).filter(|(a, b)| a < b)
        {
            scope.pair(*pair.0, *pair.1, keep);
        }
    }
    if let Some((address, name)) = &finding.server {
        scope.address_needle(*address);
        scope.name_needle(name);
    }
    for subject in &finding.subjects {
        if let Subject::Name(name) = subject {
            scope.name_needle(name);
        }
    }
    if reach >= Reach::Hosts {
        scope.without_address |= reach >= Reach::HostsWhole;
        for host in super::compare::principals(finding) {
            scope.host(host, keep);
        }
    }
    if reach >= Reach::Everything {
        scope.everything = scope.everything.max(Some(keep));
    }
}
