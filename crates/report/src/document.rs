//! The frozen report value, and its JSON files.

use json::Json;
use model::{Finding, Incident, LossMark, Profile, Server, Subject, Term};

use crate::Overview;
use crate::eve::Clock;

/// Hashes and versions that say what a report was made from.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// Program and version.
    pub program: String,
    /// Inputs: name (without its folder), bytes, SHA-256 in hexadecimal; empty = not computed.
    pub inputs: Vec<(String, u64, String)>,
    /// SHA-256 of the configuration as `targe config show` prints it.
    pub configuration: String,
    /// Rule files: name, SHA-256, rules that are matched.
    pub rules: Vec<(String, String, usize)>,
    /// Indicator files: name, SHA-256.
    pub intel: Vec<(String, String)>,
    /// Logical shards, part of the format.
    pub shards: usize,
}

/// A frozen report.
#[derive(Debug)]
pub struct Report {
    /// What it was made from.
    pub manifest: Manifest,
    /// What was seen, in numbers.
    pub overview: Overview,
    /// Judgements.
    pub findings: Vec<Finding>,
    /// Stories, most important first.
    pub incidents: Vec<Incident>,
    /// What is missing or doubtful.
    pub losses: Vec<LossMark>,
}

impl Report {
    /// `findings.json`.
    pub fn findings_json(&self) -> Vec<u8> {
        let (mut json, mut clock) = (Json::new(), Clock::default());
        json.object_item().array("findings");
        for finding in &self.findings {
            write_finding(&mut json, &mut clock, finding);
        }
        json.end().end();
        json.bytes_mut().push(b'\n');
        std::mem::take(json.bytes_mut())
    }

    /// `incidents.json`.
    pub fn incidents_json(&self) -> Vec<u8> {
        let (mut json, mut clock) = (Json::new(), Clock::default());
        json.object_item();
        write_manifest(&mut json, &self.manifest);
        json.array("incidents");
        for incident in &self.incidents {
            write_incident(&mut json, &mut clock, incident);
        }
        json.end().array("not_seen");
        for line in self.not_seen() {
            json.text_item(&line);
        }
        json.end().end();
        json.bytes_mut().push(b'\n');
        std::mem::take(json.bytes_mut())
    }

    /// The finding of a number.
    pub fn finding(&self, id: u64) -> Option<&Finding> {
        // Numbers are given in order from 1; a file edited by hand may differ.
        let position = usize::try_from(id.checked_sub(1)?).ok()?;
        self.findings
            .get(position)
            .filter(|finding| finding.id == id)
            .or_else(|| self.findings.iter().find(|finding| finding.id == id))
    }

    /// What could not be seen, one sentence each: attached to every claim.
    pub fn not_seen(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.losses.iter().map(|loss| loss.reason.clone()).collect();
        let overview = &self.overview;
        let said = [
            (overview.flows_encrypted, "flows are encrypted: only handshakes, sizes and times were seen"),
            (overview.flows_unknown, "flows carry payload of a protocol that was not recognised"),
            (overview.flows_one_sided, "TCP flows were seen from one side only"),
            (overview.flows_with_gaps, "flows have gaps: packets are missing from the capture"),
        ];
        lines.extend(
            said.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        lines
    }
}

pub(crate) fn write_manifest(json: &mut Json, manifest: &Manifest) {
    json.object("manifest").text("program", &manifest.program).number("shards", manifest.shards);
    json.text("configuration_sha256", &manifest.configuration).array("inputs");
    for (name, bytes, sha256) in &manifest.inputs {
        json.object_item().text("name", name).number("bytes", *bytes).text("sha256", sha256).end();
    }
    json.end().array("rules");
    for (name, sha256, count) in &manifest.rules {
        json.object_item().text("name", name).text("sha256", sha256).number("rules", *count).end();
    }
    json.end();
    if !manifest.intel.is_empty() {
        json.array("intel");
        for (name, sha256) in &manifest.intel {
            json.object_item().text("name", name).text("sha256", sha256).end();
        }
        json.end();
    }
    json.end();
}

pub(crate) fn write_finding(json: &mut Json, clock: &mut Clock, finding: &Finding) {
    json.object_item()
        .number("id", finding.id)
        .text("detector", finding.detector)
        .text("title", &finding.title);
    json.text("severity", finding.severity.word())
        .float("confidence", f64::from(finding.confidence.0) / 1000.0);
    list(json, "techniques", &finding.techniques);
    displays(json, "attackers", &finding.attackers);
    displays(json, "victims", &finding.victims);
    if let Some((address, name)) = &finding.server {
        json.object("server").display("address", address).text("name", name).end();
    }
    json.array("subjects");
    for subject in &finding.subjects {
        json.object_item();
        match subject {
            Subject::Host(address) => json.display("host", address),
            Subject::Name(name) => json.text("name", name),
            Subject::File(sha256) => json.text("file", sha256),
        };
        json.end();
    }
    json.end();
    json.text("first", clock.format(finding.first));
    json.text("last", clock.format(finding.last)).number("count", finding.count);
    write_terms(json, &finding.terms);
    json.array("evidence");
    for evidence in &finding.evidence {
        json.object_item();
        if let Some(flow) = evidence.flow {
            json.number("flow_id", flow.0);
        }
        json.array("packets");
        for packet in &evidence.packets {
            json.number_item(packet.0);
        }
        json.end().text("field", evidence.field).text("excerpt", &evidence.excerpt).end();
    }
    json.end();
    list(json, "against", &finding.against);
    json.end();
}

fn write_terms(json: &mut Json, terms: &[Term]) {
    json.array("terms");
    for term in terms {
        json.object_item()
            .text("name", term.name)
            .float("value", term.value)
            .float("threshold", term.threshold);
        json.float("weight", term.weight).text("meaning", &term.meaning).end();
    }
    json.end();
}

pub(crate) fn write_incident(json: &mut Json, clock: &mut Clock, incident: &Incident) {
    json.object_item().number("id", incident.id).text("title", &incident.title);
    json.text("summary", &incident.summary);
    json.text("severity", incident.severity.word());
    json.float("confidence", f64::from(incident.confidence.0) / 1000.0);
    // Hundredths are all that the arithmetic supports.
    json.float("score", (incident.score * 100.0).round() / 100.0);
    write_terms(json, &incident.terms);
    displays(json, "victims", &incident.victims);
    displays(json, "attackers", &incident.attackers);
    json.array("servers");
    for server in &incident.servers {
        write_server(json, clock, server);
    }
    json.end().array("infrastructure");
    for group in &incident.infrastructure {
        json.object_item();
        displays(json, "servers", &group.servers);
        list(json, "links", &group.links);
        json.end();
    }
    json.end();
    if let Some(campaign) = &incident.campaign {
        json.object("campaign").text("id", &campaign.id).number("runs", campaign.runs);
        json.text("first", clock.format(campaign.first)).text("last", clock.format(campaign.last));
        list(json, "links", &campaign.links);
        json.end();
    }
    list(json, "techniques", &incident.techniques);
    json.array("phases");
    for phase in &incident.phases {
        json.object_item().text("id", phase.id).text("name", phase.name).end();
    }
    json.end();
    json.text("first", clock.format(incident.first));
    json.text("last", clock.format(incident.last)).array("findings");
    for finding in &incident.findings {
        json.number_item(*finding);
    }
    json.end().array("timeline");
    for entry in &incident.timeline {
        json.object_item().text("time", clock.format(entry.time)).number("finding", entry.finding);
        json.text("text", &entry.text).end();
    }
    json.end();
    list(json, "next_steps", &incident.next_steps);
    json.end();
}

fn write_server(json: &mut Json, clock: &mut Clock, server: &Server) {
    json.object_item().display("address", server.address).text("name", &server.name);
    json.text("role", server.role.word()).float("confidence", f64::from(server.confidence.0) / 1000.0);
    list(json, "reasons", &server.reasons);
    write_terms(json, &server.terms);
    if let Some(profile) = &server.profile {
        write_profile(json, clock, profile);
    }
    json.end();
}

fn write_profile(json: &mut Json, clock: &mut Clock, profile: &Profile) {
    json.object("seen").text("first", clock.format(profile.first)).text("last", clock.format(profile.last));
    json.number("flows", profile.flows);
    json.number("bytes_to", profile.bytes_to).number("bytes_from", profile.bytes_from);
    json.number("clients_of_ours", profile.client_count).number("hosts_of_ours", profile.hosts);
    if let Some(rhythm) = profile.rhythm {
        json.object("rhythm").float("period_s", rhythm.period).float("spread_s", rhythm.spread).end();
    }
    if let Some((number, holder)) = &profile.asn {
        json.object("asn").number("number", *number).text("holder", holder).end();
    }
    if let Some(country) = &profile.country {
        json.text("country", country);
    }
    json.array("names");
    for name in &profile.names {
        json.object_item().text("name", &name.name).text("source", name.source);
        json.text("first", clock.format(name.first)).text("last", clock.format(name.last));
        json.number("count", name.count).end();
    }
    json.end().array("addresses");
    for seen in &profile.addresses {
        json.object_item().display("address", seen.address).text("name", &seen.name);
        json.text("first", clock.format(seen.first)).text("last", clock.format(seen.last)).end();
    }
    json.end().array("ports");
    for port in &profile.ports {
        json.object_item().number("port", port.port).number("transport", port.transport);
        json.text("app_proto", port.protocol).number("flows", port.flows).end();
    }
    json.end().array("certificates");
    for certificate in &profile.certificates {
        json.object_item().text("fingerprint", &certificate.fingerprint);
        json.text("subject", &certificate.subject).text("issuer", &certificate.issuer);
        json.text("serial", &certificate.serial).boolean("self_signed", certificate.self_signed);
        if let Some((begin, end)) = certificate.validity {
            json.number("not_before", begin).number("not_after", end);
        }
        list(json, "names", &certificate.names);
        json.end();
    }
    json.end().array("fingerprints");
    for (kind, value) in &profile.fingerprints {
        json.object_item().text("kind", kind).text("value", value).end();
    }
    json.end().array("clients");
    for client in &profile.clients {
        json.object_item().display("address", client.address);
        json.text("first", clock.format(client.first)).text("last", clock.format(client.last));
        json.number("flows", client.flows);
        json.number("bytes_to", client.bytes_to).number("bytes_from", client.bytes_from).end();
    }
    json.end().end();
}

fn list<T: AsRef<str>>(json: &mut Json, key: &str, items: &[T]) {
    json.array(key);
    for item in items {
        json.text_item(item.as_ref());
    }
    json.end();
}

fn displays<T: std::fmt::Display>(json: &mut Json, key: &str, items: &[T]) {
    json.array(key);
    for item in items {
        json.display_item(item);
    }
    json.end();
}
