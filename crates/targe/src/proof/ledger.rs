//! `targe claim check`: holds a public statement against what was found. Three answers: supported, refuted, or not observable
//! from this sensor; each with its reasons.
//!
//! Rules: what was found supports; what was found to the contrary refutes; what was not found refutes only where it could not
//! have been missed. A capture shows that traffic ceased, never why.

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use json::Json;
use model::Time;
use serde_json::Value;

use super::compare::text;
use super::ledger_grammar::{Statement, read, time_of};
use crate::arguments::ClaimCommand;

/// The statement is refuted.
const EXIT_REFUTED: u8 = 3;
/// It cannot be told.
const EXIT_NOT_OBSERVABLE: u8 = 1;

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Supported,
    Refuted,
    NotObservable,
}

impl Answer {
    const fn word(self) -> &'static str {
        match self {
            Answer::Supported => "supported",
            Answer::Refuted => "refuted",
            Answer::NotObservable => "not observable from this sensor",
        }
    }
}

/// What a report says, as far as statements are held against it.
pub(crate) struct Ledger {
    pub(crate) findings: Vec<Value>,
    pub(crate) incidents: Vec<Value>,
    pub(crate) overview: Value,
    pub(crate) home: behave::Home,
}

/// Carries out `targe claim …`.
///
/// # Errors
/// A statement outside the grammar, or files that cannot be read.
pub(crate) fn command(command: &ClaimCommand) -> Result<ExitCode> {
    let ClaimCommand::Check { statement, bundle, output, json } = command;
    let said = read(statement).map_err(anyhow::Error::msg)?;
    let ledger = match (bundle, output) {
        (Some(path), None) => of_bundle(path)?,
        (None, Some(folder)) => of_folder(folder)?,
        _ => bail!("say where to look: --bundle FILE or -o DIR"),
    };
    let (answer, reasons) = ledger.answer(&said);
    if *json {
        let mut out = Json::new();
        out.object_item().text("statement", statement).text("answer", answer.word()).array("reasons");
        for reason in &reasons {
            out.text_item(reason);
        }
        out.end().end();
        println!("{}", String::from_utf8_lossy(out.bytes()));
    } else {
        println!("{}: {}", answer.word(), statement.trim());
        for reason in &reasons {
            println!("  {reason}");
        }
    }
    Ok(match answer {
        Answer::Supported => ExitCode::SUCCESS,
        Answer::Refuted => ExitCode::from(EXIT_REFUTED),
        Answer::NotObservable => ExitCode::from(EXIT_NOT_OBSERVABLE),
    })
}

fn of_bundle(path: &std::path::Path) -> Result<Ledger> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let opened = evidence::open(&bytes, None);
    if let Some(check) = opened.checks.iter().find(|check| !check.holds) {
        bail!("{} does not hold: {}", path.display(), check.message);
    }
    let bundle = opened.bundle.context("the bundle cannot be read")?;
    let get = |name: &str| bundle.file(name).filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec);
    let mut settings = crate::config::Settings::new();
    if let Some(text) = get(super::rerun::CONFIGURATION) {
        settings.merge(&String::from_utf8_lossy(&text))?;
    }
    ledger(&get, settings.engine.home)
}

fn of_folder(folder: &std::path::Path) -> Result<Ledger> {
    ledger(&|name| std::fs::read(folder.join(name)).ok(), behave::Home::default())
}

fn ledger(get: &dyn Fn(&str) -> Option<Vec<u8>>, home: behave::Home) -> Result<Ledger> {
    let value = |name: &str| -> Result<Value> {
        let bytes = get(name).with_context(|| format!("{name} is missing"))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{name} is no JSON"))
    };
    let list = |mut value: Value, key: &str| match value[key].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    Ok(Ledger {
        findings: list(value("findings.json")?, "findings"),
        incidents: list(value("incidents.json")?, "incidents"),
        overview: value("overview.json")?,
        home,
    })
}

/// Usual names of kinds of attack, and what they are called here: parts of detectors' names, techniques, tactics.
const KINDS: &[(&str, &[&str])] = &[
    ("scan", &["scan", "T1595", "T1046", "T1018"]),
    ("reconnaissance", &["scan", "T1595", "T1046"]),
    ("brute force", &["guess", "T1110"]),
    ("password guessing", &["guess", "T1110"]),
    ("c2", &["beacon", "T1071", "T1095", "T1573", "T1572", "T1568"]),
    ("command and control", &["beacon", "T1071", "T1095", "T1573", "T1572", "T1568"]),
    ("beacon", &["beacon"]),
    ("tunnel", &["tunnel", "T1572"]),
    ("exfiltration", &["exfil", "T1041", "T1048", "T1567", "T1030"]),
    ("ransomware", &["ransom", "T1486"]),
    ("phishing", &["phish", "mail", "T1566"]),
    ("flood", &["flood", "T1498", "T1499"]),
    ("ddos", &["flood", "T1498", "T1499"]),
    ("lateral movement", &["lateral", "T1021", "T1570", "T1550"]),
];

impl Ledger {
    /// Holds a statement against the ledger.
    pub(crate) fn answer(&self, said: &Statement) -> (Answer, Vec<String>) {
        match said {
            Statement::Stopped { kind, host, at } => self.stopped(kind, host, *at),
            Statement::CardsLeft { count } => self.cards_left(*count),
            Statement::Controlled { server, host } => self.controlled(server, host),
            Statement::NothingLeft => self.nothing_left(),
        }
    }

    fn stopped(&self, kind: &str, host: &str, at: Time) -> (Answer, Vec<String>) {
        let found: Vec<&Value> = self
            .findings
            .iter()
            .filter(|finding| is_kind(finding, kind) && concerns(finding, host))
            .collect();
        let mut reasons: Vec<String> = found.iter().take(REASONS_MAX).map(|finding| told(finding)).collect();
        if found.is_empty() {
            reasons.push(if self.spoke(host) {
                format!("Nothing of kind `{kind}` was found on {host}. {}", self.blind())
            } else {
                format!("{host} does not appear in this capture.")
            });
            return (Answer::NotObservable, reasons);
        }
        let last =
            found.iter().filter_map(|finding| time_of(text(finding, "last"))).max().unwrap_or_default();
        let first =
            found.iter().filter_map(|finding| time_of(text(finding, "first"))).min().unwrap_or_default();
        let (Some(end), events) = (
            time_of(text(&self.overview, "last")),
            found.iter().filter_map(|f| f["count"].as_u64()).sum::<u64>(),
        ) else {
            reasons.push("The capture has no end that could be compared.".into());
            return (Answer::NotObservable, reasons);
        };
        let begin = time_of(text(&self.overview, "first")).unwrap_or_default();
        if at < begin || end < at {
            reasons.push(if end < at {
                format!("The capture ends {:.0} s before the time that is stated.", at.secs_since(end))
            } else {
                format!("The capture begins {:.0} s after the time that is stated.", begin.secs_since(at))
            });
            return (Answer::NotObservable, reasons);
        }
        if first > at {
            reasons.push("It only began after the time that is stated.".into());
            return (Answer::Refuted, reasons);
        }
        if last > at {
            reasons
                .push(format!("It went on for {:.0} s after the time that is stated.", last.secs_since(at)));
            return (Answer::Refuted, reasons);
        }
        let pause = (last.secs_since(first) / events.max(1) as f64).max(1.0) * PAUSES_MIN;
        if end.secs_since(at) < pause {
            reasons.push(format!(
                "The capture goes on for {:.0} s after the time that is stated; {pause:.0} s would be needed to tell an end from a pause.",
                end.secs_since(at)
            ));
            return (Answer::NotObservable, reasons);
        }
        reasons.push(format!(
            "Nothing of it was seen in the {:.0} s of capture that follow; its last sign was {:.0} s before the time that is stated. \
             Packets show that it ceased, not who made it cease.",
            end.secs_since(at),
            at.secs_since(last)
        ));
        (Answer::Supported, reasons)
    }

    fn cards_left(&self, count: u64) -> (Answer, Vec<String>) {
        let mut seen = 0.0;
        let mut reasons = Vec::new();
        for finding in &self.findings {
            let terms = finding["terms"].as_array().into_iter().flatten();
            let cards = terms
                .filter(|term| text(term, "name").contains("card number"))
                .filter_map(|term| term["value"].as_f64())
                .fold(0.0, f64::max);
            if cards > 0.0 {
                seen += cards;
                reasons.push(told(finding));
            }
        }
        reasons.truncate(REASONS_MAX);
        reasons.push(format!("Card numbers that were seen to leave: {seen:.0}; stated: {count}."));
        let encrypted = self.number("flows_encrypted") + self.number("flows_unknown");
        if seen == count as f64 && (count > 0 || encrypted == 0) {
            return (Answer::Supported, reasons);
        }
        if seen > count as f64 {
            return (Answer::Refuted, reasons);
        }
        if encrypted > 0 || self.number("flows_with_gaps") > 0 {
            reasons.push(self.blind());
            return (Answer::NotObservable, reasons);
        }
        let fewest = fewest_cards();
        if seen == 0.0 && (count as f64) < fewest {
            reasons.push(format!(
                "Fewer than {fewest:.0} numbers to one receiver are no finding: one in ten of arbitrary long numbers looks like a card's."
            ));
            return (Answer::NotObservable, reasons);
        }
        reasons.push("Every flow could be read from beginning to end.".into());
        (Answer::Refuted, reasons)
    }

    fn controlled(&self, server: &str, host: &str) -> (Answer, Vec<String>) {
        let mut reasons = Vec::new();
        let is_server = |value: &Value| {
            text(value, "address") == server || text(value, "name").eq_ignore_ascii_case(server)
        };
        for incident in &self.incidents {
            let servers = incident["servers"].as_array().into_iter().flatten();
            let named: Vec<&Value> = servers.filter(|value| is_server(value)).collect();
            let suffers = incident["victims"].as_array().into_iter().flatten().any(|victim| victim == host);
            for named in named.into_iter().filter(|_| suffers) {
                let probability = named["confidence"].as_f64().unwrap_or(0.0);
                reasons.push(format!(
                    "Incident {}: {server} has the role `{}` towards {host} with probability {probability:.2}.",
                    incident["id"], text(named, "role")
                ));
                if text(named, "role") == "control" && probability >= 0.5 {
                    return (Answer::Supported, reasons);
                }
            }
        }
        let exchanged = self.exchanged(server, host);
        if exchanged > 0 {
            reasons.push(format!("{server} and {host} exchanged {exchanged} bytes; nothing in them was judged to be control. {}", self.blind()));
            return (Answer::NotObservable, reasons);
        }
        if !self.spoke(host) || server.parse::<IpAddr>().is_err() || self.number("talk_left_out") > 0 {
            reasons.push(format!("This capture does not show with whom {host} spoke, or under which address {server} was reached."));
            return (Answer::NotObservable, reasons);
        }
        reasons.push(format!(
            "{host} appears in this capture, and exchanged not one packet with {server} while it lasted."
        ));
        (Answer::Refuted, reasons)
    }

    fn nothing_left(&self) -> (Answer, Vec<String>) {
        let left: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| is_kind(finding, "exfiltration") || text(finding, "detector").contains("card"))
            .map(told)
            .take(REASONS_MAX)
            .collect();
        if !left.is_empty() {
            return (Answer::Refuted, left);
        }
        let talk = self.overview["talk"].as_array().into_iter().flatten();
        let crossing = talk.filter_map(|pair| {
            let ends =
                (text(pair, "client").parse::<IpAddr>().ok()?, text(pair, "server").parse::<IpAddr>().ok()?);
            (self.home.has(ends.0) != self.home.has(ends.1)).then(|| pair["bytes"].as_u64().unwrap_or(0))
        });
        let (mut pairs, mut bytes) = (0_u64, 0_u64);
        for sum in crossing {
            pairs += 1;
            bytes += sum;
        }
        if pairs == 0 && self.number("talk_left_out") == 0 && self.number("flows") > 0 {
            return (
                Answer::Supported,
                vec!["Not one packet crossed the border of the network while the capture lasted.".into()],
            );
        }
        let said = format!(
            "{bytes} bytes were exchanged between {pairs} pairs of hosts across the border; no detector found data leaving in them. {}",
            self.blind()
        );
        (Answer::NotObservable, vec![said])
    }

    fn number(&self, key: &str) -> u64 {
        self.overview[key].as_u64().unwrap_or(0)
    }

    /// What this sensor could not see.
    fn blind(&self) -> String {
        format!(
            "Of {} flows, {} are encrypted, {} of unknown content, {} seen from one side, {} with gaps.",
            self.number("flows"),
            self.number("flows_encrypted"),
            self.number("flows_unknown"),
            self.number("flows_one_sided"),
            self.number("flows_with_gaps")
        )
    }

    fn spoke(&self, host: &str) -> bool {
        let talk = self.overview["talk"].as_array().into_iter().flatten();
        talk.into_iter().any(|pair| pair["client"] == host || pair["server"] == host)
    }

    fn exchanged(&self, a: &str, b: &str) -> u64 {
        let talk = self.overview["talk"].as_array().into_iter().flatten();
        talk.filter(|pair| {
            (pair["client"] == a && pair["server"] == b) || (pair["client"] == b && pair["server"] == a)
        })
        .filter_map(|pair| pair["bytes"].as_u64())
        .sum()
    }
}

/// Card numbers to one receiver from which on they are a finding.
fn fewest_cards() -> f64 {
    let knobs =
        behave::DETECTORS.iter().find(|detector| detector.name == "card_leak").map(|detector| detector.knobs);
    let fewest = knobs.into_iter().flatten().find(|knob| knob.name == "numbers_min");
    fewest.map_or(1.0, |knob| knob.default)
}

/// Reasons that are listed.
const REASONS_MAX: usize = 5;
/// Silence that tells an end from a pause, in mean intervals.
const PAUSES_MIN: f64 = 3.0;

fn told(finding: &Value) -> String {
    format!(
        "Finding {} ({}): {}, from {} to {}, probability {:.2}.",
        finding["id"],
        text(finding, "detector"),
        text(finding, "title"),
        text(finding, "first"),
        text(finding, "last"),
        finding["confidence"].as_f64().unwrap_or(0.0)
    )
}

fn is_kind(finding: &Value, kind: &str) -> bool {
    let detector = text(finding, "detector").to_ascii_lowercase();
    let techniques: Vec<&str> =
        finding["techniques"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is = |word: &str| {
        if word.starts_with('T') && word[1..].starts_with(|letter: char| letter.is_ascii_digit()) {
            return techniques
                .iter()
                .any(|technique| *technique == word || technique.starts_with(&format!("{word}.")));
        }
        detector.contains(&word.to_ascii_lowercase())
    };
    let plain = kind.to_ascii_lowercase();
    let named = KINDS
        .iter()
        .find(|(name, _)| *name == plain)
        .is_some_and(|(_, words)| words.iter().any(|word| is(word)));
    let technique = kind.to_ascii_uppercase();
    named
        || is(&technique)
        || detector.replace('_', " ") == plain.replace('_', " ")
        || techniques.iter().any(|technique| {
            incident::technique_name(technique).eq_ignore_ascii_case(kind)
                || incident::phase(technique).is_some_and(|phase| phase.name.eq_ignore_ascii_case(kind))
        })
}

fn concerns(finding: &Value, host: &str) -> bool {
    let list = |key: &str| finding[key].as_array().into_iter().flatten().any(|one| one == host);
    list("victims")
        || list("attackers")
        || finding["server"]["address"] == host
        || text(&finding["server"], "name").eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(statement: &str) -> (Answer, String) {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
        let findings = value(
            r#"[{"id":1,"detector":"beacon","title":"10.0.0.5 calls","techniques":["T1071.001"],"attackers":[],
                "victims":["10.0.0.5"],"server":{"address":"203.0.113.9","name":"c2.example"},"count":20,"confidence":0.97,
                "first":"2025-03-04T09:00:00.000000+0000","last":"2025-03-04T09:30:00.000000+0000","terms":[]},
               {"id":2,"detector":"card_leak","title":"cards leave","techniques":["T1048.003"],"attackers":[],"victims":["10.0.0.7"],
                "count":1,"confidence":0.9,"first":"2025-03-04T09:10:00.000000+0000","last":"2025-03-04T09:10:00.000000+0000",
                "terms":[{"name":"card numbers","value":12,"threshold":1,"weight":1}]}]"#,
        );
        let incidents = value(
            r#"[{"id":1,"victims":["10.0.0.5"],"servers":[{"address":"203.0.113.9","name":"c2.example","role":"control","confidence":0.97}]}]"#,
        );
        let overview = value(
            r#"{"flows":9,"flows_encrypted":4,"flows_unknown":0,"flows_one_sided":0,"flows_with_gaps":0,"talk_left_out":0,
                "first":"2025-03-04T08:00:00.000000+0000","last":"2025-03-04T12:00:00.000000+0000","talk":[{"client":"10.0.0.5","server":"203.0.113.9","bytes":900},
                {"client":"10.0.0.7","server":"198.51.100.4","bytes":80}]}"#,
        );
        let list = |value: Value| value.as_array().cloned().unwrap_or_default();
        let ledger = Ledger {
            findings: list(findings),
            incidents: list(incidents),
            overview,
            home: behave::Home::default(),
        };
        let (answer, reasons) = ledger.answer(&read(statement).expect("it is a statement"));
        (answer, reasons.join(" "))
    }

    #[test]
    fn an_attack_that_ceased_before_the_time_is_supported_one_that_went_on_is_refuted() {
        let (answer, reasons) = check("an attack of kind c2 on 10.0.0.5 was stopped at 2025-03-04T09:31Z");
        assert_eq!(answer, Answer::Supported);
        assert!(reasons.contains("not who made it cease"), "{reasons}");
        let (answer, reasons) =
            check("an attack of kind beacon on 10.0.0.5 was stopped at 2025-03-04T09:15Z");
        assert_eq!(answer, Answer::Refuted);
        assert!(reasons.contains("went on for 900 s"), "{reasons}");
        assert_eq!(
            check("an attack of kind c2 on 10.0.0.5 was stopped at 2025-03-04T11:59:59Z").0,
            Answer::NotObservable
        );
        assert_eq!(
            check("an attack of kind c2 on 10.0.0.99 was stopped at 2025-03-04T09:31Z").0,
            Answer::NotObservable
        );
    }

    #[test]
    fn control_is_supported_by_a_role_and_refuted_by_silence() {
        assert_eq!(check("server 203.0.113.9 controlled host 10.0.0.5").0, Answer::Supported);
        assert_eq!(check("server c2.example controlled host 10.0.0.5").0, Answer::Supported);
        assert_eq!(check("server 203.0.113.9 controlled host 10.0.0.7").0, Answer::Refuted);
        assert_eq!(check("server 198.51.100.4 controlled host 10.0.0.7").0, Answer::NotObservable);
        assert_eq!(check("server 203.0.113.9 controlled host 10.0.0.88").0, Answer::NotObservable);
    }

    #[test]
    fn card_numbers_are_counted_and_what_is_encrypted_may_hide_more() {
        assert_eq!(check("12 card numbers left").0, Answer::Supported);
        assert_eq!(check("3 card numbers left").0, Answer::Refuted);
        assert_eq!(check("5,000 card numbers left").0, Answer::NotObservable);
        assert_eq!(check("nothing left").0, Answer::Refuted);
    }
}
