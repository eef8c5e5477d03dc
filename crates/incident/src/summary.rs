//! The claim in one sentence, and what to do next.

use std::net::IpAddr;

use model::{Confidence, Finding, Role, Server, Severity, Time};

use crate::{Network, words};

/// "10.0.0.23 is controlled from 203.0.113.9 (updates.example) since 09:12; every 300 s ± 12 s; 2.1 MB left; 3 of 140 hosts talk to it".
pub(crate) fn sentence(
    lead: &Finding,
    victims: &[IpAddr],
    servers: &[Server],
    confidence: Confidence,
    first: Time,
    network: &Network,
) -> String {
    let (Some(victim), Some(server)) = (victims.first(), servers.first()) else {
        return plain(lead, confidence);
    };
    if *victim == server.address {
        return plain(lead, confidence);
    }
    let hedge = words::hedge(Confidence(confidence.0.min(server.confidence.0.max(confidence.0 / 2))));
    let name = if server.name.is_empty() { String::new() } else { format!(" ({})", server.name) };
    let other = format!("{}{name}", server.address);
    let claim = match server.role {
        Role::Control => format!("{victim} {hedge} controlled from {other}"),
        Role::Drop => format!("data of {victim} {hedge} being sent to {other}"),
        Role::Delivery => format!("{victim} {hedge} being served hostile content by {other}"),
        Role::Attack => format!("{victim} {hedge} being attacked by {other}"),
        Role::Relay => format!("{victim} {hedge} hiding its traffic behind {other}"),
        Role::Benign | Role::Unknown => format!("{} ({other} {hedge} involved)", lead.title),
    };
    let profile = server.profile.as_deref();
    let client = profile.and_then(|profile| profile.clients.iter().find(|client| client.address == *victim));
    let since = client.map_or(first, |client| client.first);
    let mut parts = vec![format!("{claim} since {}", words::clock(since))];
    if let Some(rhythm) = profile.and_then(|profile| profile.rhythm) {
        parts.push(format!("every {} s ± {} s", words::number(rhythm.period), words::number(rhythm.spread)));
    }
    match (server.role, client) {
        (Role::Delivery, Some(client)) if client.bytes_from > 0 => {
            parts.push(format!("{} came in", words::bytes(client.bytes_from)));
        }
        (Role::Attack, Some(client)) => parts.push(format!("{} conversations", client.flows)),
        (_, Some(client)) if client.bytes_to > 0 => {
            parts.push(format!("{} left", words::bytes(client.bytes_to)))
        }
        _ => {}
    }
    if let Some(profile) = profile
        && profile.client_count > 0
    {
        let more = if profile.clients.len() >= model::Profile::CLIENTS { "at least " } else { "" };
        let hosts = profile.hosts.max(profile.client_count);
        parts.push(format!("{more}{} of {hosts} hosts talk to it", profile.client_count));
    }
    match victims.iter().skip(1).filter(|victim| network.has(**victim)).count() {
        0 => {}
        1 => parts.push("1 more host of ours is concerned".to_owned()),
        more => parts.push(format!("{more} more hosts of ours are concerned")),
    }
    parts.join("; ")
}

/// Without a server behind it the lead finding speaks.
fn plain(lead: &Finding, confidence: Confidence) -> String {
    let doubt = if confidence.0 < 500 { "; this may be nothing" } else { "" };
    format!("{}, since {}{doubt}", lead.title, words::clock(lead.first))
}

/// What the analyst should do next, one sentence each.
pub(crate) fn next_steps(
    lead: &Finding,
    victims: &[IpAddr],
    servers: &[Server],
    severity: Severity,
) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(server) = servers.first() {
        let named = if server.name.is_empty() {
            server.address.to_string()
        } else {
            format!("{} ({})", server.address, server.name)
        };
        let what = match server.role {
            Role::Control | Role::Drop | Role::Relay => "Find every host that talked to",
            Role::Delivery => "Find every host that fetched something from",
            Role::Attack => "Find every host that answered",
            Role::Benign | Role::Unknown => "Ask the owner of the service at",
        };
        steps.push(format!("{what} {named}, also before this capture."));
    }
    if let Some(victim) = victims.first() {
        let what = match servers.first().map(|server| server.role) {
            Some(Role::Attack) => {
                "did the attack succeed? New accounts, services and outgoing connections tell"
            }
            Some(Role::Drop) => "which files were read before they left, and by which account",
            _ => "running programs, recent files, scheduled tasks",
        };
        steps.push(format!("Look at {victim} itself: {what}."));
    }
    if severity >= Severity::High {
        steps.push("Keep the capture; its hash is in the report's manifest.".into());
    }
    if let Some(doubt) = lead.against.first() {
        steps.push(format!("Rule out the innocent reading first: {doubt}"));
    }
    steps
}
