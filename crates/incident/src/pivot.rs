//! Servers that belong together: they share a certificate, a signer, a key, a fingerprint, a domain, or a rhythm.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Infrastructure, Server};

use crate::entity::Entities;
use crate::entity::Entity;
use crate::names::Names;

/// What more servers than this share is a product or a hosting company, and links nobody.
const SHARED_MAX: usize = 16;
/// Sentences told per group.
const LINKS_MAX: usize = 16;
/// Rhythms this close, as a share of the period, are the same setting.
const RHYTHM_CLOSE: f64 = 0.01;
/// Shortest period that tells settings apart, s.
const RHYTHM_MIN: f64 = 5.0;

/// What a server may share with others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trait {
    what: &'static str,
    value: String,
}

/// Traits by server, for the servers that share one with another.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    of: BTreeMap<Trait, Vec<IpAddr>>,
}

impl Shared {
    /// Looks who shares what with one of `suspects`. One pass over the servers.
    pub(crate) fn find(suspects: &BTreeSet<IpAddr>, entities: &Entities, names: &Names) -> Self {
        let mut of: BTreeMap<Trait, Vec<IpAddr>> = BTreeMap::new();
        for address in suspects {
            if let Some(entity) = entities.of(*address) {
                for shared in traits(entity, names.of(*address)) {
                    of.entry(shared).or_default();
                }
            }
        }
        if of.is_empty() {
            return Self::default();
        }
        for (address, entity) in entities.sorted() {
            for shared in traits(entity, names.of(address)) {
                if let Some(servers) = of.get_mut(&shared)
                    && servers.len() <= SHARED_MAX
                    && !servers.contains(&address)
                {
                    servers.push(address);
                }
            }
        }
        of.retain(|_, servers| (2..=SHARED_MAX).contains(&servers.len()));
        Self { of }
    }

    /// Names under which incidents join: one per strong trait of the server.
    pub(crate) fn ties(&self) -> BTreeMap<IpAddr, Vec<String>> {
        let mut ties: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
        for (shared, servers) in
            self.of.iter().filter(|(shared, _)| shared.what != FINGERPRINT && shared.what != DOMAIN)
        {
            for server in servers {
                ties.entry(*server).or_default().push(format!("{} {}", shared.what, shared.value));
            }
        }
        ties
    }

    /// The groups that an incident's servers belong to.
    pub(crate) fn groups(&self, servers: &[Server]) -> Vec<Infrastructure> {
        let suspects: BTreeSet<IpAddr> = servers.iter().map(|server| server.address).collect();
        let mut groups: Vec<(BTreeSet<IpAddr>, Vec<String>)> = Vec::new();
        let links =
            self.of.iter().filter(|(_, sharing)| sharing.iter().any(|server| suspects.contains(server)));
        for (shared, sharing) in links {
            // A product's fingerprint or a company's domain links only servers that are suspects already.
            let weak = shared.what == FINGERPRINT || shared.what == DOMAIN;
            let members: BTreeSet<IpAddr> =
                sharing.iter().filter(|server| !weak || suspects.contains(server)).copied().collect();
            if members.len() >= 2 {
                join(&mut groups, members, format!("{} {}", shared.what, shared.value));
            }
        }
        for (first, a) in servers.iter().enumerate() {
            for b in &servers[first + 1..] {
                if let Some(sentence) = same_rhythm(a, b) {
                    join(&mut groups, BTreeSet::from([a.address, b.address]), sentence);
                }
            }
        }
        groups
            .into_iter()
            .map(|(servers, mut links)| {
                links.truncate(LINKS_MAX);
                Infrastructure { servers: servers.into_iter().collect(), links }
            })
            .collect()
    }
}

const CERTIFICATE: &str = "the same certificate:";
const SIGNER: &str = "certificates that sign themselves with the same subject:";
const FINGERPRINT: &str = "the same server fingerprint:";
const KEY: &str = "the same host key algorithms and software:";
const DOMAIN: &str = "names below the same domain:";

/// What a server could share.
fn traits(entity: &Entity, name: &str) -> Vec<Trait> {
    let mut list = Vec::new();
    for certificate in entity.certificates() {
        list.push(Trait { what: CERTIFICATE, value: certificate.fingerprint.clone() });
        if certificate.self_signed {
            list.push(Trait { what: SIGNER, value: certificate.subject.clone() });
        }
    }
    for (kind, value) in entity.prints() {
        match *kind {
            "ja3s" => {
                let port = entity.ports().first().map_or(0, |port| port.port);
                list.push(Trait { what: FINGERPRINT, value: format!("JA3S {value} on port {port}") });
            }
            "hassh" => list.push(Trait { what: KEY, value: format!("HASSH {value}") }),
            _ => {}
        }
    }
    if let Some(domain) = domain(name) {
        list.push(Trait { what: DOMAIN, value: domain.to_owned() });
    }
    list
}

/// The last two labels, or three below a country's short second level (`co.uk`).
pub(crate) fn domain(name: &str) -> Option<&str> {
    let dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
    let last = *dots.last()?;
    let Some(second) = dots.len().checked_sub(2) else { return Some(name) };
    let short = last - dots[second] - 1 <= 3 && name.len() - last == 3;
    match (short, second.checked_sub(1)) {
        (true, Some(third)) => Some(&name[dots[third] + 1..]),
        (true, None) => Some(name),
        (false, _) => Some(&name[dots[second] + 1..]),
    }
}

fn same_rhythm(a: &Server, b: &Server) -> Option<String> {
    let of = |server: &Server| server.profile.as_ref()?.rhythm;
    let (one, two) = (of(a)?, of(b)?);
    let close = (one.period - two.period).abs() <= one.period.max(two.period) * RHYTHM_CLOSE;
    (close && one.period >= RHYTHM_MIN).then(|| format!("the same rhythm: every {:.1} s", one.period))
}

/// Adds a link; groups that it connects become one.
fn join(groups: &mut Vec<(BTreeSet<IpAddr>, Vec<String>)>, members: BTreeSet<IpAddr>, sentence: String) {
    let (mut servers, mut links) = (members, Vec::new());
    let mut position = 0;
    while position < groups.len() {
        if groups[position].0.is_disjoint(&servers) {
            position += 1;
        } else {
            let (more, said) = groups.remove(position);
            servers.extend(more);
            links.extend(said);
            position = 0;
        }
    }
    if !links.contains(&sentence) {
        links.push(sentence);
    }
    groups.push((servers, links));
}
