//! `report.json`: the frozen value at rest, from which every format can be made again without the capture.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use json::Json;
use model::{
    AddressSeen, Campaign, Certificate, ClientSeen, Confidence, Evidence, Finding, FlowId, Incident,
    Infrastructure, LossMark, NameSeen, PacketId, PortSeen, Profile, Rhythm, Role, Server, Severity, Subject,
    Term, Time, TimelineEntry,
};
use serde_json::Value;

use crate::document::{write_finding, write_incident, write_manifest};
use crate::eve::Clock;
use crate::{Manifest, Overview, Report};

/// Version of the file; another one is not read.
const FORMAT: u64 = 1;
/// Pairs of hosts kept beside those that incidents name: the greatest.
const PAIRS_MAX: usize = 1_000;
/// Distinct words (detectors, techniques, terms) of a file; a report has some hundreds.
const WORDS_MAX: usize = 4_096;

/// Why a file is no report.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a saved report: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

type Read<T> = Result<T, Unreadable>;

impl Report {
    /// `report.json`.
    pub fn to_json(&self) -> Vec<u8> {
        let (mut json, mut clock) = (Json::new(), Clock::default());
        json.object_item().number("format", FORMAT);
        write_manifest(&mut json, &self.manifest);
        self.write_overview(&mut json);
        json.array("findings");
        for finding in &self.findings {
            write_finding(&mut json, &mut clock, finding);
        }
        json.end().array("incidents");
        for incident in &self.incidents {
            write_incident(&mut json, &mut clock, incident);
        }
        json.end().array("losses");
        for loss in &self.losses {
            json.object_item().number("after", loss.after.0).text("reason", &loss.reason).end();
        }
        json.end().end();
        json.bytes_mut().push(b'\n');
        std::mem::take(json.bytes_mut())
    }

    fn write_overview(&self, json: &mut Json) {
        let overview = &self.overview;
        json.object("overview");
        for (key, value) in counters(overview) {
            json.number(key, value);
        }
        if let Some((first, last)) = overview.span {
            json.number("first_ns", first.nanos()).number("last_ns", last.nanos());
        }
        json.object("transactions");
        for (protocol, count) in &overview.transactions {
            json.number(protocol, *count);
        }
        json.end().array("talk");
        for (client, server, bytes) in self.talk_kept() {
            json.object_item()
                .display("client", client)
                .display("server", server)
                .number("bytes", bytes)
                .end();
        }
        json.end().end();
    }

    /// Pairs between parties of incidents, and the greatest others.
    fn talk_kept(&self) -> Vec<(IpAddr, IpAddr, u64)> {
        let mut parties = BTreeSet::new();
        for incident in &self.incidents {
            parties.extend(incident.victims.iter().chain(&incident.attackers).copied());
            parties.extend(incident.servers.iter().map(|server| server.address));
        }
        let all = self.overview.talk.iter().map(|((client, server), bytes)| (*client, *server, *bytes));
        let (mut kept, mut others): (Vec<_>, Vec<_>) =
            all.partition(|(client, server, _)| parties.contains(client) && parties.contains(server));
        others.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
        others.truncate(PAIRS_MAX);
        kept.extend(others);
        kept.sort_unstable();
        kept
    }

    /// Reads `report.json` back.
    ///
    /// # Errors
    /// When the bytes are not such a file.
    pub fn from_json(bytes: &[u8]) -> Result<Report, Unreadable> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| Unreadable(error.to_string()))?;
        let format = number(&value, "format")?;
        if format != FORMAT {
            return Err(Unreadable(format!("format {format}, and this program reads {FORMAT}")));
        }
        let mut reader = Reader::default();
        Ok(Report {
            manifest: manifest(part(&value, "manifest")?)?,
            overview: reader.overview(part(&value, "overview")?)?,
            findings: list(&value, "findings")?
                .iter()
                .map(|value| reader.finding(value))
                .collect::<Read<_>>()?,
            incidents: list(&value, "incidents")?
                .iter()
                .map(|value| reader.incident(value))
                .collect::<Read<_>>()?,
            losses: list(&value, "losses")?.iter().map(loss).collect::<Read<_>>()?,
        })
    }
}

fn counters(overview: &Overview) -> [(&'static str, u64); 10] {
    [
        ("packets", overview.packets),
        ("flows", overview.flows),
        ("flows_unknown", overview.flows_unknown),
        ("flows_encrypted", overview.flows_encrypted),
        ("flows_one_sided", overview.flows_one_sided),
        ("flows_with_gaps", overview.flows_with_gaps),
        ("bytes", overview.bytes),
        ("alerts", overview.alerts),
        ("files", overview.files),
        ("hosts", overview.hosts as u64),
    ]
}

/// Reads values; words that the program knows at build time live as long as the program, and so do those of a file.
#[derive(Debug, Default)]
struct Reader {
    words: BTreeSet<&'static str>,
}

impl Reader {
    /// A word that lives as long as the program. Bounded by [`WORDS_MAX`], each kept once.
    fn word(&mut self, text: &str) -> Read<&'static str> {
        if let Some(known) = self.words.get(text) {
            return Ok(known);
        }
        if self.words.len() >= WORDS_MAX {
            return Err(Unreadable("too many different words".into()));
        }
        let word: &'static str = Box::leak(text.to_owned().into_boxed_str());
        self.words.insert(word);
        Ok(word)
    }

    fn words(&mut self, value: &Value, key: &str) -> Read<Vec<&'static str>> {
        texts(value, key)?.iter().map(|text| self.word(text)).collect()
    }

    fn overview(&mut self, value: &Value) -> Read<Overview> {
        let mut overview = Overview {
            packets: number(value, "packets")?,
            flows: number(value, "flows")?,
            flows_unknown: number(value, "flows_unknown")?,
            flows_encrypted: number(value, "flows_encrypted")?,
            flows_one_sided: number(value, "flows_one_sided")?,
            flows_with_gaps: number(value, "flows_with_gaps")?,
            bytes: number(value, "bytes")?,
            alerts: number(value, "alerts")?,
            files: number(value, "files")?,
            hosts: usize::try_from(number(value, "hosts")?).unwrap_or(usize::MAX),
            ..Overview::default()
        };
        if value.get("first_ns").is_some() {
            let (first, last) = (number(value, "first_ns")?, number(value, "last_ns")?);
            overview.span = Some((Time::from_nanos(first), Time::from_nanos(last)));
        }
        let transactions = part(value, "transactions")?.as_object().ok_or_else(|| wrong("transactions"))?;
        for (protocol, count) in transactions {
            let count = count.as_u64().ok_or_else(|| wrong(protocol))?;
            overview.transactions.insert(self.word(protocol)?, count);
        }
        for pair in list(value, "talk")? {
            let key = (address(text(pair, "client")?)?, address(text(pair, "server")?)?);
            overview.talk.insert(key, number(pair, "bytes")?);
        }
        Ok(overview)
    }

    fn finding(&mut self, value: &Value) -> Read<Finding> {
        let server = match value.get("server") {
            Some(server) => Some((address(text(server, "address")?)?, text(server, "name")?.to_owned())),
            None => None,
        };
        Ok(Finding {
            id: number(value, "id")?,
            detector: self.word(text(value, "detector")?)?,
            title: text(value, "title")?.to_owned(),
            severity: severity(value)?,
            confidence: confidence(value)?,
            techniques: self.words(value, "techniques")?,
            attackers: addresses(value, "attackers")?,
            victims: addresses(value, "victims")?,
            server,
            subjects: list(value, "subjects")?.iter().map(subject).collect::<Read<_>>()?,
            first: time(text(value, "first")?)?,
            last: time(text(value, "last")?)?,
            count: number(value, "count")?,
            terms: list(value, "terms")?.iter().map(|value| self.term(value)).collect::<Read<_>>()?,
            evidence: list(value, "evidence")?
                .iter()
                .map(|value| self.evidence(value))
                .collect::<Read<_>>()?,
            against: texts(value, "against")?,
        })
    }

    fn term(&mut self, value: &Value) -> Read<Term> {
        Ok(Term {
            name: self.word(text(value, "name")?)?,
            value: float(value, "value")?,
            threshold: float(value, "threshold")?,
            weight: float(value, "weight")?,
            meaning: text(value, "meaning")?.to_owned(),
        })
    }

    fn evidence(&mut self, value: &Value) -> Read<Evidence> {
        let packets = list(value, "packets")?
            .iter()
            .map(|packet| packet.as_u64().map(PacketId).ok_or_else(|| wrong("packets")))
            .collect::<Read<_>>()?;
        Ok(Evidence {
            flow: value.get("flow_id").and_then(Value::as_u64).map(FlowId),
            packets,
            field: self.word(text(value, "field")?)?,
            excerpt: text(value, "excerpt")?.to_owned(),
        })
    }

    fn incident(&mut self, value: &Value) -> Read<Incident> {
        let techniques = self.words(value, "techniques")?;
        let mut phases: Vec<_> =
            techniques.iter().filter_map(|technique| incident::phase(technique)).collect();
        phases.sort();
        phases.dedup();
        Ok(Incident {
            id: number(value, "id")?,
            title: text(value, "title")?.to_owned(),
            summary: text(value, "summary")?.to_owned(),
            severity: severity(value)?,
            confidence: confidence(value)?,
            score: float(value, "score")?,
            terms: list(value, "terms")?.iter().map(|value| self.term(value)).collect::<Read<_>>()?,
            infrastructure: list(value, "infrastructure")?.iter().map(infrastructure).collect::<Read<_>>()?,
            campaign: value.get("campaign").map(campaign).transpose()?,
            victims: addresses(value, "victims")?,
            attackers: addresses(value, "attackers")?,
            servers: list(value, "servers")?.iter().map(|value| self.server(value)).collect::<Read<_>>()?,
            techniques,
            phases,
            first: time(text(value, "first")?)?,
            last: time(text(value, "last")?)?,
            findings: list(value, "findings")?
                .iter()
                .map(|id| id.as_u64().ok_or_else(|| wrong("findings")))
                .collect::<Read<_>>()?,
            timeline: list(value, "timeline")?.iter().map(entry).collect::<Read<_>>()?,
            next_steps: texts(value, "next_steps")?,
        })
    }

    fn server(&mut self, value: &Value) -> Read<Server> {
        let word = text(value, "role")?;
        const ROLES: [Role; 7] = [
            Role::Control,
            Role::Drop,
            Role::Delivery,
            Role::Attack,
            Role::Relay,
            Role::Benign,
            Role::Unknown,
        ];
        Ok(Server {
            address: address(text(value, "address")?)?,
            name: text(value, "name")?.to_owned(),
            role: ROLES.into_iter().find(|role| role.word() == word).ok_or_else(|| wrong("role"))?,
            confidence: confidence(value)?,
            reasons: texts(value, "reasons")?,
            terms: list(value, "terms")?.iter().map(|value| self.term(value)).collect::<Read<_>>()?,
            profile: value.get("seen").map(|seen| self.profile(seen).map(Box::new)).transpose()?,
        })
    }

    fn profile(&mut self, value: &Value) -> Read<Profile> {
        let (first, last) = span(value)?;
        let rhythm = value.get("rhythm").map(|rhythm| {
            Ok(Rhythm { period: float(rhythm, "period_s")?, spread: float(rhythm, "spread_s")? })
        });
        let asn = value.get("asn").map(|asn| Ok((small(asn, "number")?, text(asn, "holder")?.to_owned())));
        Ok(Profile {
            names: list(value, "names")?.iter().map(|value| self.name_seen(value)).collect::<Read<_>>()?,
            addresses: list(value, "addresses")?.iter().map(address_seen).collect::<Read<_>>()?,
            ports: list(value, "ports")?.iter().map(|value| self.port_seen(value)).collect::<Read<_>>()?,
            certificates: list(value, "certificates")?.iter().map(certificate).collect::<Read<_>>()?,
            fingerprints: list(value, "fingerprints")?
                .iter()
                .map(|value| Ok((self.word(text(value, "kind")?)?, text(value, "value")?.to_owned())))
                .collect::<Read<_>>()?,
            asn: asn.transpose()?,
            country: value.get("country").and_then(Value::as_str).map(str::to_owned),
            clients: list(value, "clients")?.iter().map(client_seen).collect::<Read<_>>()?,
            client_count: number(value, "clients_of_ours")?,
            hosts: number(value, "hosts_of_ours")?,
            first,
            last,
            flows: number(value, "flows")?,
            bytes_to: number(value, "bytes_to")?,
            bytes_from: number(value, "bytes_from")?,
            rhythm: rhythm.transpose()?,
        })
    }

    fn name_seen(&mut self, value: &Value) -> Read<NameSeen> {
        let (name, first, last) = name_and_span(value)?;
        Ok(NameSeen {
            name,
            source: self.word(text(value, "source")?)?,
            first,
            last,
            count: number(value, "count")?,
        })
    }

    fn port_seen(&mut self, value: &Value) -> Read<PortSeen> {
        Ok(PortSeen {
            port: small(value, "port")?,
            transport: small(value, "transport")?,
            protocol: self.word(text(value, "app_proto")?)?,
            flows: number(value, "flows")?,
        })
    }
}

fn manifest(value: &Value) -> Read<Manifest> {
    let mut manifest = Manifest {
        program: text(value, "program")?.to_owned(),
        configuration: text(value, "configuration_sha256")?.to_owned(),
        shards: usize::try_from(number(value, "shards")?).unwrap_or(usize::MAX),
        ..Manifest::default()
    };
    for input in list(value, "inputs")? {
        let digest = text(input, "sha256")?.to_owned();
        manifest.inputs.push((text(input, "name")?.to_owned(), number(input, "bytes")?, digest));
    }
    for rules in list(value, "rules")? {
        let count = usize::try_from(number(rules, "rules")?).unwrap_or(usize::MAX);
        manifest.rules.push((text(rules, "name")?.to_owned(), text(rules, "sha256")?.to_owned(), count));
    }
    // Files of runs without indicators do not speak of them.
    for intel in value.get("intel").and_then(Value::as_array).into_iter().flatten() {
        manifest.intel.push((text(intel, "name")?.to_owned(), text(intel, "sha256")?.to_owned()));
    }
    Ok(manifest)
}

fn infrastructure(value: &Value) -> Read<Infrastructure> {
    Ok(Infrastructure { servers: addresses(value, "servers")?, links: texts(value, "links")? })
}

fn campaign(value: &Value) -> Read<Campaign> {
    Ok(Campaign {
        id: text(value, "id")?.to_owned(),
        runs: number(value, "runs")?,
        first: time(text(value, "first")?)?,
        last: time(text(value, "last")?)?,
        links: texts(value, "links")?,
    })
}

/// First and last time of what was seen.
fn span(value: &Value) -> Read<(Time, Time)> {
    Ok((time(text(value, "first")?)?, time(text(value, "last")?)?))
}

fn name_and_span(value: &Value) -> Read<(String, Time, Time)> {
    let (first, last) = span(value)?;
    Ok((text(value, "name")?.to_owned(), first, last))
}

fn address_seen(value: &Value) -> Read<AddressSeen> {
    let (name, first, last) = name_and_span(value)?;
    Ok(AddressSeen { address: address(text(value, "address")?)?, name, first, last })
}

fn certificate(value: &Value) -> Read<Certificate> {
    let seconds = |key: &str| value.get(key).and_then(Value::as_i64);
    Ok(Certificate {
        fingerprint: text(value, "fingerprint")?.to_owned(),
        subject: text(value, "subject")?.to_owned(),
        issuer: text(value, "issuer")?.to_owned(),
        serial: text(value, "serial")?.to_owned(),
        names: texts(value, "names")?,
        validity: seconds("not_before").zip(seconds("not_after")),
        self_signed: part(value, "self_signed")?.as_bool().ok_or_else(|| wrong("self_signed"))?,
    })
}

fn client_seen(value: &Value) -> Read<ClientSeen> {
    let (first, last) = span(value)?;
    Ok(ClientSeen {
        address: address(text(value, "address")?)?,
        first,
        last,
        flows: number(value, "flows")?,
        bytes_to: number(value, "bytes_to")?,
        bytes_from: number(value, "bytes_from")?,
    })
}

/// A number that fits what it is kept in.
fn small<T: TryFrom<u64>>(value: &Value, key: &str) -> Read<T> {
    T::try_from(number(value, key)?).map_err(|_| wrong(key))
}

fn entry(value: &Value) -> Read<TimelineEntry> {
    Ok(TimelineEntry {
        time: time(text(value, "time")?)?,
        finding: number(value, "finding")?,
        text: text(value, "text")?.to_owned(),
    })
}

fn loss(value: &Value) -> Read<LossMark> {
    Ok(LossMark { after: PacketId(number(value, "after")?), reason: text(value, "reason")?.to_owned() })
}

fn subject(value: &Value) -> Read<Subject> {
    if let Ok(host) = text(value, "host") {
        return Ok(Subject::Host(address(host)?));
    }
    if let Ok(name) = text(value, "name") {
        return Ok(Subject::Name(name.to_owned()));
    }
    Ok(Subject::File(text(value, "file")?.to_owned()))
}

fn wrong(key: &str) -> Unreadable {
    Unreadable(format!("`{key}` is missing or of another kind"))
}

fn part<'a>(value: &'a Value, key: &str) -> Read<&'a Value> {
    value.get(key).ok_or_else(|| wrong(key))
}

fn number(value: &Value, key: &str) -> Read<u64> {
    part(value, key)?.as_u64().ok_or_else(|| wrong(key))
}

fn float(value: &Value, key: &str) -> Read<f64> {
    match part(value, key)? {
        // What never happened took infinitely long, and JSON has no word for that.
        Value::Null => Ok(f64::NAN),
        number => number.as_f64().ok_or_else(|| wrong(key)),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Read<&'a str> {
    part(value, key)?.as_str().ok_or_else(|| wrong(key))
}

fn list<'a>(value: &'a Value, key: &str) -> Read<&'a Vec<Value>> {
    part(value, key)?.as_array().ok_or_else(|| wrong(key))
}

fn texts(value: &Value, key: &str) -> Read<Vec<String>> {
    list(value, key)?.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(key))).collect()
}

fn address(text: &str) -> Read<IpAddr> {
    text.parse().map_err(|_| Unreadable(format!("`{text}` is no address")))
}

fn addresses(value: &Value, key: &str) -> Read<Vec<IpAddr>> {
    texts(value, key)?.iter().map(|text| address(text)).collect()
}

fn severity(value: &Value) -> Read<Severity> {
    let word = text(value, "severity")?;
    let all = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    all.into_iter().find(|severity| severity.word() == word).ok_or_else(|| wrong("severity"))
}

fn confidence(value: &Value) -> Read<Confidence> {
    let share = float(value, "confidence")?;
    if !(0.0..=1.0).contains(&share) {
        return Err(wrong("confidence"));
    }
    Ok(Confidence((share * 1000.0).round() as u16))
}

/// Reads a timestamp as EVE writes it, UTC.
fn time(text: &str) -> Read<Time> {
    let fail = || Unreadable(format!("`{text}` is no time"));
    let field = |from: usize, to: usize| -> Read<u64> {
        text.get(from..to).and_then(|digits| digits.parse().ok()).ok_or_else(fail)
    };
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    if text.len() != 31 || year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(fail());
    }
    let seconds =
        days(year, month, day) * 86_400 + field(11, 13)? * 3_600 + field(14, 16)? * 60 + field(17, 19)?;
    Ok(Time::from_micros(seconds * 1_000_000 + field(20, 26)?))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar: the inverse of [`crate::eve::civil`].
pub(crate) fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}
