//! A server as the report shows it.

use std::net::IpAddr;

use model::{Finding, Profile, Rhythm, Term};

use crate::Scene;
use crate::entity::Entity;

/// What the traffic showed of a server.
pub(crate) fn of(address: IpAddr, entity: &Entity, findings: &[&Finding], scene: &Scene<'_>) -> Profile {
    let mut clients = entity.clients();
    clients
        .sort_by(|a, b| (b.bytes_to + b.bytes_from, a.address).cmp(&(a.bytes_to + a.bytes_from, b.address)));
    let mut ports = entity.ports();
    ports.sort_by(|a, b| (b.flows, a.port, a.transport).cmp(&(a.flows, b.port, b.transport)));
    let places = scene.network.places();
    Profile {
        names: scene.names.all(address),
        addresses: scene.siblings.get(&address).cloned().unwrap_or_default(),
        ports,
        certificates: entity.certificates().to_vec(),
        fingerprints: entity.prints().to_vec(),
        asn: places.and_then(|places| places.asn(address)),
        country: places.and_then(|places| places.country(address)),
        client_count: clients.iter().filter(|client| scene.network.has(client.address)).count() as u64,
        clients,
        hosts: scene.hosts,
        first: entity.first,
        last: entity.last,
        flows: entity.flows(),
        bytes_to: entity.bytes[0],
        bytes_from: entity.bytes[1],
        rhythm: findings.iter().find_map(|finding| rhythm(finding)),
    }
}

/// The rhythm that a finding measured.
pub(crate) fn rhythm(finding: &Finding) -> Option<Rhythm> {
    let value = |name: &str| finding.terms.iter().find(|term| term.name == name).map(|term| term.value);
    let period = value(Term::INTERVAL).filter(|period| period.is_finite() && *period > 0.0)?;
    let spread = value(Term::INTERVAL_SPREAD).filter(|spread| spread.is_finite()).unwrap_or(0.0);
    Some(Rhythm { period, spread })
}
