//! STIX 2.1 (OASIS Standard, June 2021): one bundle with a report per incident.
//!
//! Indicators with patterns, the infrastructure they point at, what was observed and sighted, ATT&CK patterns, a note with the
//! arithmetic and the packets of each finding, and an opinion that carries the doubts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Finding, Incident, Role, Severity};
use serde_json::{Map, Value, json};

use super::indicator::{Indicator, What, indicators};
use super::uuid::{OBSERVABLE, TARGE, Uuid};
use super::{as_of, pretty, rfc3339};
use crate::{Edition, Report, Tlp, story, visible, words};

/// Hosts of a finding that are named as observables.
const HOSTS_MAX: usize = 64;

/// What makes the ids of this report's objects its own: its inputs, rules and configuration.
pub(crate) fn origin(report: &Report) -> String {
    let manifest = &report.manifest;
    // An input without a digest is told from others by its name.
    let inputs =
        manifest.inputs.iter().map(|(name, _, sha256)| if sha256.is_empty() { name } else { sha256 });
    let rules = manifest.rules.iter().map(|(_, sha256, _)| sha256.as_str());
    let parts: Vec<&str> =
        inputs.map(String::as_str).chain(rules).chain([manifest.configuration.as_str()]).collect();
    parts.join(" ")
}

/// `stix.json`.
pub(crate) fn render(report: &Report, edition: Edition) -> Vec<u8> {
    let mut bundle = Bundle::new(report, edition);
    let list = indicators(report);
    for incident in story::told(report) {
        bundle.incident(incident, &list);
    }
    let id = format!("bundle--{}", Uuid::of(bundle.space, "bundle"));
    let objects: Vec<Value> = bundle.order.iter().filter_map(|id| bundle.objects.remove(id)).collect();
    pretty(&json!({ "type": "bundle", "id": id, "objects": objects }))
}

struct Bundle<'a> {
    report: &'a Report,
    edition: Edition,
    space: Uuid,
    created: String,
    author: String,
    /// Objects by id, and the order they were made in: each once.
    objects: BTreeMap<String, Value>,
    order: Vec<String>,
}

impl<'a> Bundle<'a> {
    fn new(report: &'a Report, edition: Edition) -> Self {
        let space = Uuid::of(TARGE, &origin(report));
        let author = format!("identity--{}", Uuid::of(TARGE, "identity"));
        let created = rfc3339(as_of(report));
        let mut bundle =
            Bundle { report, edition, space, created, author, objects: BTreeMap::new(), order: Vec::new() };
        bundle.put(marking(edition.tlp));
        let author = bundle.author.clone();
        let mut identity = bundle.domain_object("identity", &author);
        identity.insert("name".into(), json!("Targe"));
        identity.insert("description".into(), json!(report.manifest.program));
        identity.insert("identity_class".into(), json!("system"));
        identity.remove("created_by_ref");
        bundle.put(Value::Object(identity));
        bundle
    }

    fn put(&mut self, object: Value) -> String {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        if self.objects.insert(id.clone(), object).is_none() {
            self.order.push(id.clone());
        }
        id
    }

    /// An id of this report's own, from a name.
    fn id(&self, kind: &str, name: &str) -> String {
        format!("{kind}--{}", Uuid::of(self.space, &format!("{kind} {name}")))
    }

    /// The properties that every domain object has.
    fn domain_object(&self, kind: &str, id: &str) -> Map<String, Value> {
        let object = json!({
            "type": kind,
            "spec_version": "2.1",
            "id": id,
            "created_by_ref": self.author,
            "created": self.created,
            "modified": self.created,
            "object_marking_refs": [marking_id(self.edition.tlp)]
        });
        match object {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn put_object(&mut self, kind: &str, id: String, more: Value) -> String {
        let mut object = self.domain_object(kind, &id);
        if let Value::Object(more) = more {
            object.extend(more);
        }
        self.put(Value::Object(object))
    }

    fn relate(&mut self, source: &str, how: &str, target: &str) -> String {
        let id = self.id("relationship", &format!("{source} {how} {target}"));
        let more = json!({ "relationship_type": how, "source_ref": source, "target_ref": target });
        self.put_object("relationship", id, more)
    }

    fn incident(&mut self, incident: &Incident, list: &[Indicator]) {
        let mut refs = Vec::new();
        for technique in &incident.techniques {
            refs.push(self.attack_pattern(technique));
        }
        let mut observed = BTreeMap::new();
        for finding in incident.findings.iter().filter_map(|id| self.report.finding(*id)) {
            if finding.severity >= Severity::Low {
                let Some(id) = self.observed(finding) else { continue };
                refs.extend(self.doubts(finding, &id));
                observed.insert(finding.id, id);
            }
        }
        refs.extend(observed.values().cloned());
        for indicator in list.iter().filter(|each| each.incident == incident.id && each.what.is_global()) {
            refs.extend(self.indicator(indicator, &observed));
        }
        for server in &incident.servers {
            if !incident.victims.contains(&server.address) && server.role != Role::Benign {
                refs.extend(self.infrastructure(incident, server, list));
            }
        }
        refs.sort();
        refs.dedup();
        let id = self.id("report", &format!("incident {}", incident.id));
        let steps: Vec<String> = incident.next_steps.iter().map(|step| visible(step)).collect();
        let more = json!({
            "name": visible(&incident.title),
            "description": format!(
                "{} Severity {}. That this is an incident is {} ({} in 1,000). What to do next: {} What could not be seen: {}.",
                visible(&incident.summary), incident.severity.word(), words::likelihood(incident.confidence), incident.confidence.0,
                steps.join(" "), visible(&self.report.not_seen().join("; "))
            ),
            "report_types": ["indicator", "observed-data", "attack-pattern"],
            "published": self.created,
            "confidence": percent(incident.confidence.0),
            "object_refs": refs
        });
        self.put_object("report", id, more);
    }

    fn attack_pattern(&mut self, technique: &str) -> String {
        // The same technique is the same object in every report.
        let id = format!("attack-pattern--{}", Uuid::of(TARGE, &format!("attack-pattern {technique}")));
        let matrix = if technique.starts_with("T0") { "mitre-ics-attack" } else { "mitre-attack" };
        let name = incident::technique_name(technique);
        let mut more = json!({
            "name": if name.is_empty() { technique } else { name },
            "external_references": [{
                "source_name": matrix,
                "external_id": technique,
                "url": format!("https://attack.mitre.org/techniques/{}", technique.replace('.', "/"))
            }]
        });
        if let Some(phase) = incident::phase(technique) {
            let phase_name = phase.name.to_ascii_lowercase().replace(' ', "-");
            more["kill_chain_phases"] = json!([{ "kill_chain_name": matrix, "phase_name": phase_name }]);
        }
        self.put_object("attack-pattern", id, more)
    }

    /// Observables and the observed-data that joins them; `None` when a finding names neither host nor file.
    fn observed(&mut self, finding: &Finding) -> Option<String> {
        let mut refs = Vec::new();
        let server = finding.server.iter().map(|(address, _)| *address);
        for address in server
            .chain(finding.attackers.iter().copied())
            .chain(finding.victims.iter().copied())
            .take(HOSTS_MAX)
        {
            refs.push(self.observable(&What::Address(address)));
        }
        if let Some((_, name)) = &finding.server
            && super::indicator::is_domain(name)
        {
            refs.push(self.observable(&What::Name(name.to_ascii_lowercase())));
        }
        for subject in &finding.subjects {
            match subject {
                model::Subject::File(sha256) if sha256.len() == 64 => {
                    refs.push(self.observable(&What::File(sha256.to_ascii_lowercase())));
                }
                model::Subject::Host(address) if refs.is_empty() => {
                    refs.push(self.observable(&What::Address(*address)));
                }
                _ => {}
            }
        }
        if refs.is_empty() {
            return None;
        }
        refs.sort();
        refs.dedup();
        let id = self.id("observed-data", &format!("finding {}", finding.id));
        let more = json!({
            "first_observed": rfc3339(finding.first),
            "last_observed": rfc3339(finding.last.max(finding.first)),
            "number_observed": finding.count.clamp(1, 999_999_999),
            "object_refs": refs
        });
        Some(self.put_object("observed-data", id, more))
    }

    /// A cyber observable; its id follows from its value alone (STIX 2.1 §2.9).
    fn observable(&mut self, what: &What) -> String {
        let (kind, key, value) = match what {
            What::Address(address @ IpAddr::V4(_)) => ("ipv4-addr", "value", json!(address.to_string())),
            What::Address(address @ IpAddr::V6(_)) => ("ipv6-addr", "value", json!(address.to_string())),
            What::Name(name) => ("domain-name", "value", json!(name)),
            What::File(sha256) => ("file", "hashes", json!({ "SHA-256": sha256 })),
        };
        let id = format!("{kind}--{}", Uuid::of(OBSERVABLE, &json!({ key: value }).to_string()));
        let marking = marking_id(self.edition.tlp);
        self.put(json!({ "type": kind, "spec_version": "2.1", "id": id, "object_marking_refs": [marking], key: value }))
    }

    /// The arithmetic and the packets as a note, and what speaks against it as an opinion.
    fn doubts(&mut self, finding: &Finding, observed: &str) -> Vec<String> {
        let terms: Vec<String> = finding
            .terms
            .iter()
            .map(|term| {
                format!(
                    "- {}: {} (threshold {}, weight {:+.1}): {}",
                    term.name,
                    words::number(term.value),
                    words::number(term.threshold),
                    term.weight,
                    visible(&term.meaning)
                )
            })
            .collect();
        let packets: Vec<String> = finding
            .evidence
            .iter()
            .map(|evidence| visible(&story::look(self.report, &evidence.packets)))
            .collect();
        let note_id = self.id("note", &format!("finding {}", finding.id));
        let note = self.put_object(
            "note",
            note_id,
            json!({
                "abstract": visible(&finding.title),
                "content": format!("Measured by {}:\n{}\nPackets:\n{}", finding.detector, terms.join("\n"), packets.join("\n")),
                "object_refs": [observed],
                "confidence": percent(finding.confidence.0)
            }),
        );
        let opinion = match finding.confidence.0 {
            951.. => "strongly-agree",
            801..=950 => "agree",
            451..=800 => "neutral",
            201..=450 => "disagree",
            _ => "strongly-disagree",
        };
        let against: Vec<String> = finding.against.iter().map(|line| visible(line)).collect();
        let opinion_id = self.id("opinion", &format!("finding {}", finding.id));
        let more = json!({
            "explanation": format!(
                "That this is hostile is {} ({} in 1,000). Against it: {}",
                words::likelihood(finding.confidence), finding.confidence.0,
                if against.is_empty() { "nothing is known.".into() } else { against.join(" ") }
            ),
            "opinion": opinion,
            "object_refs": [observed, &note]
        });
        let opinion = self.put_object("opinion", opinion_id, more);
        vec![note, opinion]
    }

    fn indicator(&mut self, indicator: &Indicator, observed: &BTreeMap<u64, String>) -> Vec<String> {
        let pattern = pattern(&indicator.what);
        let id = self.id("indicator", &pattern);
        let phases: Vec<Value> = indicator
            .techniques
            .iter()
            .filter(|technique| !technique.starts_with("T0"))
            .filter_map(|technique| incident::phase(technique))
            .map(|phase| phase.name.to_ascii_lowercase().replace(' ', "-"))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|name| json!({ "kill_chain_name": "mitre-attack", "phase_name": name }))
            .collect();
        let mut more = json!({
            "name": indicator.what.value(),
            "description": visible(&indicator.why),
            "indicator_types": ["malicious-activity"],
            "pattern": pattern,
            "pattern_type": "stix",
            "pattern_version": "2.1",
            "valid_from": rfc3339(indicator.first),
            "confidence": percent(indicator.confidence.0)
        });
        if !phases.is_empty() {
            more["kill_chain_phases"] = json!(phases);
        }
        let id = self.put_object("indicator", id, more);
        let mut refs = vec![id.clone()];
        for technique in &indicator.techniques {
            let target = self.attack_pattern(technique);
            refs.push(self.relate(&id, "indicates", &target));
        }
        let seen: Vec<&String> =
            indicator.findings.iter().filter_map(|finding| observed.get(finding)).collect();
        for observed in &seen {
            refs.push(self.relate(&id, "based-on", observed));
        }
        let sighting_id = self.id("sighting", &id);
        let mut sighting = json!({
            "sighting_of_ref": id,
            "first_seen": rfc3339(indicator.first),
            "last_seen": rfc3339(indicator.last.max(indicator.first)),
            "count": indicator.count.clamp(1, 999_999_999),
            "where_sighted_refs": [self.author]
        });
        if !seen.is_empty() {
            sighting["observed_data_refs"] = json!(seen);
        }
        refs.push(self.put_object("sighting", sighting_id, sighting));
        refs
    }

    fn infrastructure(
        &mut self,
        incident: &Incident,
        server: &model::Server,
        list: &[Indicator],
    ) -> Vec<String> {
        let kind = match server.role {
            Role::Control => "command-and-control",
            Role::Drop => "exfiltration",
            Role::Delivery => "hosting-malware",
            Role::Attack => "reconnaissance",
            Role::Relay => "anonymization",
            Role::Benign | Role::Unknown => "unknown",
        };
        let value = server.address.to_string();
        let id = self.id("infrastructure", &format!("{} {value}", incident.id));
        let name = if server.name.is_empty() {
            value.clone()
        } else {
            format!("{value} ({})", visible(&server.name))
        };
        let reasons: Vec<String> = server.reasons.iter().map(|reason| visible(reason)).collect();
        let more = json!({
            "name": name,
            "description": reasons.join("; "),
            "infrastructure_types": [kind],
            "confidence": percent(server.confidence.0)
        });
        let id = self.put_object("infrastructure", id, more);
        let mut refs = vec![id.clone()];
        let address = self.observable(&What::Address(server.address));
        refs.push(self.relate(&id, "consists-of", &address));
        let name = server.name.to_ascii_lowercase();
        if super::indicator::is_domain(&name) {
            let name = self.observable(&What::Name(name));
            refs.push(self.relate(&id, "consists-of", &name));
        }
        let is_it = |each: &&Indicator| match &each.what {
            What::Address(address) => *address == server.address,
            What::Name(name) => name.eq_ignore_ascii_case(&server.name),
            What::File(_) => false,
        };
        for indicator in
            list.iter().filter(|each| each.incident == incident.id && each.what.is_global()).filter(is_it)
        {
            let source = self.id("indicator", &pattern(&indicator.what));
            refs.push(self.relate(&source, "indicates", &id));
        }
        refs
    }
}

/// The STIX pattern of an indicator. Values are addresses, domain names or hexadecimal digits: nothing that needs escaping.
fn pattern(what: &What) -> String {
    match what {
        What::Address(address @ IpAddr::V4(_)) => format!("[ipv4-addr:value = '{address}']"),
        What::Address(address @ IpAddr::V6(_)) => format!("[ipv6-addr:value = '{address}']"),
        What::Name(name) => format!("[domain-name:value = '{name}']"),
        What::File(sha256) => format!("[file:hashes.'SHA-256' = '{sha256}']"),
    }
}

fn percent(promille: u16) -> u16 {
    promille.min(1000) / 10
}

/// Ids of the TLP 2.0 markings in OASIS's repository of common objects.
fn marking_id(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

/// The marking itself, by the TLP 2.0 extension.
fn marking(tlp: Tlp) -> Value {
    json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking_id(tlp),
        "created": "2022-10-01T00:00:00.000Z",
        "name": format!("TLP:{}", tlp.label()),
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension",
                "tlp_2_0": tlp.label().to_ascii_lowercase()
            }
        }
    })
}
