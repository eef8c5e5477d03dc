//! From findings to the packets they need: how wide a net each finding gets.
//!
//! Nobody but a detector knows which packets its numbers came from, and none has to say: the net begins narrow, the engine
//! is run on what it holds, and where a claim does not come out as it was, the net of its finding is cast wider.

use std::collections::BTreeSet;
use std::net::IpAddr;

use evidence::{Flow, Keep, Scope};
use model::{Finding, Subject};

/// How wide, in order: what is added at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not even its evidence: there is no room.
    Nothing,
    /// Flows between the hosts it names, and all of an outside host that it names: how each direction and each message begins.
    Near,
    /// More of each, and most of the flows of its evidence.
    Content,
    /// All flows of whom it is about, and of those of its evidence still more.
    Hosts,
    /// The flows of its evidence whole; the rest of the input, long payloads cut; packets without addresses.
    Everything,
    /// The whole input.
    EverythingWhole,
}

impl Reach {
    /// One step wider; `None` at the end.
    pub(crate) fn wider(self) -> Option<Self> {
        Some(match self {
            Reach::Near => Reach::Content,
            Reach::Content => Reach::Hosts,
            Reach::Hosts => Reach::Everything,
            Reach::Everything => Reach::EverythingWhole,
            Reach::Nothing | Reach::EverythingWhole => return None,
        })
    }
}

/// Payload kept at first: what most protocols say of themselves, and the head of each request and answer.
const KEEP_LITTLE: Keep = Keep { start: 512, message: 512 };
/// Where the evidence is a certificate: a handshake.
const KEEP_HANDSHAKE: Keep = Keep { start: 1_536, message: 512 };
/// And later: chains of certificates, long heads.
pub(super) const KEEP_MORE: Keep = Keep { start: 8_192, message: 2_048 };
/// Of the flows that the evidence of a finding lies in, all together and by direction.
const EVIDENCE_BYTES: u32 = 256 << 10;
/// Hosts of one finding that are followed.
const HOSTS_MAX: usize = 512;

/// What the evidence of a finding lies in, as far as it was met.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Flows of its packets.
    pub(crate) flows: BTreeSet<Flow>,
    /// Hosts that they are between.
    pub(crate) pairs: BTreeSet<(IpAddr, IpAddr)>,
}

/// Adds what a finding needs.
pub(crate) fn add(
    scope: &mut Scope,
    finding: &Finding,
    reach: Reach,
    places: Option<&Places>,
    ours: &dyn Fn(IpAddr) -> bool,
) {
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
    let of_certificate = finding.evidence.iter().any(|evidence| evidence.field.starts_with("tls.cert"));
    let keep = match reach {
        Reach::Nothing | Reach::Near if of_certificate => KEEP_HANDSHAKE,
        Reach::Nothing | Reach::Near => KEEP_LITTLE,
        Reach::Content | Reach::Hosts | Reach::Everything | Reach::EverythingWhole => KEEP_MORE,
    };
    add_named(scope, finding, keep, ours);
    if let Some(places) = places.filter(|_| reach >= Reach::Content) {
        let flows = u32::try_from(places.flows.len().max(1)).unwrap_or(u32::MAX);
        let of_evidence = match reach {
            Reach::Content => Keep { start: EVIDENCE_BYTES / flows, message: keep.message },
            Reach::Hosts => Keep { start: 8 * (EVIDENCE_BYTES / flows), message: keep.message },
            _ => Keep::WHOLE,
        };
        places.flows.iter().for_each(|flow| scope.flow(*flow, of_evidence));
        places.pairs.iter().for_each(|(a, b)| scope.pair(*a, *b, keep));
    }
    if reach >= Reach::Hosts {
        for host in super::compare::principals(finding) {
            scope.host(host, keep);
        }
    }
    if reach >= Reach::Everything {
        scope.without_address = true;
        let keep = if reach == Reach::EverythingWhole { Keep::WHOLE } else { KEEP_MORE };
        scope.everything = Some(scope.everything.unwrap_or_default().or_more(keep));
    }
}

/// Adds what a finding names: hosts, pairs of them, and names.
fn add_named(scope: &mut Scope, finding: &Finding, keep: Keep, ours: &dyn Fn(IpAddr) -> bool) {
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
}
