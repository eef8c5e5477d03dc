//! What identifies a server, and what ties an incident, in sentences: for the page and the PDF.

use model::{Incident, Profile};

use crate::eve::Clock;
use crate::words;

/// Entries told of each list; the rest are in `incidents.json`.
const ENTRIES_MAX: usize = 4;

/// A server's profile, one sentence per matter.
pub(crate) fn profile(profile: &Profile) -> Vec<String> {
    let mut clock = Clock::default();
    let first = clock.format(profile.first).to_owned();
    let mut lines = vec![format!(
        "{} conversations from {first} to {}; {} to it, {} from it; {} of {} hosts of ours",
        words::count(profile.flows),
        clock.format(profile.last),
        words::bytes(profile.bytes_to),
        words::bytes(profile.bytes_from),
        profile.client_count,
        profile.hosts.max(profile.client_count)
    )];
    let ports = profile.ports.iter().take(ENTRIES_MAX).map(|port| match port.protocol {
        "" => port.port.to_string(),
        protocol => format!("{} ({protocol})", port.port),
    });
    say(&mut lines, "ports", ports);
    let names = profile.names.iter().take(ENTRIES_MAX);
    say(&mut lines, "names", names.map(|name| format!("{} ({})", name.name, name.source)));
    let others = profile.addresses.iter().take(ENTRIES_MAX);
    say(&mut lines, "its names also led to", others.map(|other| other.address.to_string()));
    for certificate in profile.certificates.iter().take(ENTRIES_MAX) {
        let signer = if certificate.self_signed { "itself" } else { &certificate.issuer };
        lines.push(format!(
            "certificate of {}, signed by {signer}, SHA-1 {}",
            certificate.subject, certificate.fingerprint
        ));
    }
    let prints = profile.fingerprints.iter().take(ENTRIES_MAX);
    say(&mut lines, "fingerprints", prints.map(|(kind, value)| format!("{kind} {value}")));
    lines.extend(profile.asn.as_ref().map(|(number, holder)| format!("AS{number} {holder}")));
    lines.extend(profile.country.as_ref().map(|country| format!("country {country}")));
    lines
}

fn say(lines: &mut Vec<String>, what: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.collect();
    if !entries.is_empty() {
        lines.push(format!("{what} {}", entries.join(", ")));
    }
}

/// What ties an incident to servers and to earlier runs, and how its score comes about.
pub(crate) fn ties(incident: &Incident) -> Vec<String> {
    let mut lines: Vec<String> = incident
        .infrastructure
        .iter()
        .map(|group| {
            let servers: Vec<String> = group.servers.iter().map(ToString::to_string).collect();
            format!("One infrastructure: {} share {}", servers.join(", "), group.links.join("; "))
        })
        .collect();
    if let Some(campaign) = &incident.campaign {
        let mut clock = Clock::default();
        let first = clock.format(campaign.first).to_owned();
        lines.push(format!(
            "Campaign {}: seen in {} runs from {first} to {}: {}",
            campaign.id,
            campaign.runs,
            clock.format(campaign.last),
            campaign.links.join("; ")
        ));
    }
    lines.extend(
        incident.terms.iter().map(|term| format!("{:+.2} {}: {}", term.weight, term.name, term.meaning)),
    );
    lines
}
