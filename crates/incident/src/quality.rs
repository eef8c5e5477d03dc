//! What a signature's alert is worth: its own words about itself, read soberly.
//!
//! A ruleset mixes proof ("this is the check-in of that trojan") with notes ("somebody uses STUN"). The rule says which it is in
//! four places: the classification, `metadata: signature_severity` and `confidence`, and the family in its message. The most
//! modest of them wins, because each of them was written to hold the others back.

use model::{AlertFact, Severity};

/// What kind of thing a signature speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A host of ours talks to who controls it.
    Control,
    /// Hostile code or a lure comes in.
    Delivery,
    /// A service or client is attacked.
    Attack,
    /// Somebody looks around.
    Scan,
    /// Somebody floods.
    Flood,
    /// Computing power is stolen.
    Mining,
    /// Worth knowing.
    Note,
}

/// What an alert is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quality {
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// Probability in thousandths that the signature means what it says.
    pub(crate) sure: u16,
}

/// Classifications by their description in `classification.config`: what they speak of, and how bad at most.
const CATEGORIES: &[(&str, Kind, Severity)] = &[
    ("a network trojan was detected", Kind::Control, Severity::High),
    ("malware command and control activity detected", Kind::Control, Severity::High),
    ("domain observed used for c2 detected", Kind::Control, Severity::High),
    ("targeted malicious activity was detected", Kind::Control, Severity::High),
    ("exploit kit activity detected", Kind::Delivery, Severity::High),
    ("successful credential theft detected", Kind::Delivery, Severity::High),
    ("possible social engineering attempted", Kind::Delivery, Severity::Medium),
    ("a suspicious filename was detected", Kind::Delivery, Severity::Low),
    ("executable code was detected", Kind::Attack, Severity::High),
    ("attempted administrator privilege gain", Kind::Attack, Severity::High),
    ("attempted user privilege gain", Kind::Attack, Severity::High),
    ("unsuccessful user privilege gain", Kind::Attack, Severity::Medium),
    ("successful administrator privilege gain", Kind::Attack, Severity::Critical),
    ("successful user privilege gain", Kind::Attack, Severity::Critical),
    ("web application attack", Kind::Attack, Severity::High),
    ("access to a potentially vulnerable web application", Kind::Attack, Severity::Medium),
    ("attempt to login by a default username and password", Kind::Attack, Severity::Medium),
    ("an attempted login using a suspicious username was detected", Kind::Attack, Severity::Medium),
    ("decode of an rpc query", Kind::Scan, Severity::Low),
    ("misc attack", Kind::Attack, Severity::Medium),
    ("detection of a network scan", Kind::Scan, Severity::Medium),
    ("attempted information leak", Kind::Scan, Severity::Medium),
    ("information leak", Kind::Scan, Severity::Medium),
    ("large scale information leak", Kind::Scan, Severity::Medium),
    ("attempted denial of service", Kind::Flood, Severity::Medium),
    ("denial of service", Kind::Flood, Severity::Medium),
    ("detection of a denial of service attack", Kind::Flood, Severity::Medium),
    ("crypto currency mining activity detected", Kind::Mining, Severity::Medium),
    ("possibly unwanted program detected", Kind::Note, Severity::Low),
    ("device retrieving external ip address detected", Kind::Note, Severity::Low),
    ("potential corporate privacy violation", Kind::Note, Severity::Low),
    ("a system call was detected", Kind::Note, Severity::Low),
    ("a suspicious string was detected", Kind::Note, Severity::Low),
    ("a client was using an unusual port", Kind::Note, Severity::Low),
    ("detection of a non-standard protocol or event", Kind::Note, Severity::Low),
    ("unknown traffic", Kind::Note, Severity::Low),
    ("misc activity", Kind::Note, Severity::Low),
    ("not suspicious traffic", Kind::Note, Severity::Info),
    ("generic protocol command decode", Kind::Note, Severity::Info),
    ("generic icmp event", Kind::Note, Severity::Info),
];

/// Families that take notes.
const NOTES: [&str; 8] = ["INFO", "CHAT", "GAMES", "ICMP_INFO", "INAPPROPRIATE", "P2P", "VOIP", "ICMP"];
/// Families that state customs, suspicions or reputations: worth a look when other things join them.
const SUSPICIONS: [&str; 13] = [
    "POLICY",
    "TOR",
    "USER_AGENTS",
    "JA3",
    "ADWARE_PUP",
    "DROP",
    "CINS",
    "COMPROMISED",
    "3CORESEC",
    "THREATVIEW",
    "DNS",
    "DYN_DNS",
    "RETIRED",
];

/// Families whose every rule is about hostile code: the grave ones are grave whatever their classification.
const MALICE: [&str; 8] =
    ["TROJAN", "MALWARE", "CNC", "EXPLOIT_KIT", "COINMINER", "WORM", "MOBILE_MALWARE", "PHISHING"];

/// What an alert is worth by the rule's own words.
pub(crate) fn of(alert: &AlertFact) -> Quality {
    let category = alert.category.to_ascii_lowercase();
    let (kind, most) = CATEGORIES
        .iter()
        .find(|(name, _, _)| *name == category)
        .map_or_else(|| by_priority(alert), |(_, kind, severity)| (*kind, *severity));
    let family = family(&alert.message);
    let said = said(alert, "signature_severity");
    let most = match said {
        "Major" | "Critical" if MALICE.contains(&family) => most.max(Severity::High),
        _ => most,
    };
    let mut severity = most.min(cap(family)).min(match said {
        "Informational" => Severity::Low,
        "Minor" => Severity::Medium,
        _ => Severity::Critical,
    });
    // A custom of administrators that is also the habit of intruders: the rule says so itself.
    let lateral = alert.message.contains("Lateral Movement");
    if lateral && said != "Informational" {
        severity = severity.max(Severity::Medium);
    }
    // A generic family says what the message says: a check-in among `Potentially Bad Traffic` stays what it is.
    let kind =
        if kind == Kind::Note && severity >= Severity::Medium { by_message(&alert.message) } else { kind };
    if severity == Severity::High && said == "Critical" && kind == Kind::Control {
        severity = Severity::Critical;
    }
    let sure: u16 = match (self::said(alert, "confidence"), severity) {
        ("High", _) => 800,
        ("Medium", Severity::High | Severity::Critical) => 650,
        ("Low", _) => 250,
        (_, Severity::High | Severity::Critical) => 700,
        (_, Severity::Medium) => 550,
        _ => 300,
    };
    let modest = match said {
        "Informational" => 250,
        "Minor" => 100,
        _ => 0,
    };
    Quality { kind, severity, sure: sure.saturating_sub(modest).max(50) }
}

/// Rules without a known classification: what their priority claims, and no more.
fn by_priority(alert: &AlertFact) -> (Kind, Severity) {
    (by_message(&alert.message), alert.severity)
}

/// The kind that a message speaks of.
fn by_message(message: &str) -> Kind {
    let text = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "c2", "cnc", "c&c", "checkin", "check-in", "beacon", "trojan", "backdoor", "botnet", "malware",
        "tunnel",
    ]) {
        Kind::Control
    } else if says(&["phish", "download", "dropper", "payload", "exploit kit"]) {
        Kind::Delivery
    } else if says(&["scan", "sweep", "nmap", "recon"]) {
        Kind::Scan
    } else if says(&["ddos", "flood", "amplification"]) {
        Kind::Flood
    } else if says(&["exploit", "attack", "overflow", "injection", "traversal", "cve-", "brute", "shell"]) {
        Kind::Attack
    } else {
        Kind::Note
    }
}

/// How bad a family's rule may be at most.
fn cap(family: &str) -> Severity {
    if NOTES.contains(&family) {
        Severity::Info
    } else if SUSPICIONS.contains(&family) {
        Severity::Low
    } else if family == "HUNTING" {
        Severity::Medium
    } else {
        Severity::Critical
    }
}

/// The family of a message: the word after the publisher's (`ET`, `ETPRO`, `GPL`, `SURICATA`).
pub(crate) fn family(message: &str) -> &str {
    let mut words = message.split_ascii_whitespace();
    match words.next() {
        Some("ET" | "ETPRO" | "GPL") => words.next().unwrap_or_default(),
        // Oddities of streams and protocols, told by the engine itself.
        Some("SURICATA") => "INFO",
        _ => "",
    }
}

/// A value of the rule's metadata.
fn said<'a>(alert: &'a AlertFact, key: &str) -> &'a str {
    alert.metadata.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
}

/// Techniques that go with a kind when the rule names none.
pub(crate) fn techniques(kind: Kind, alert: &AlertFact) -> Vec<&'static str> {
    let port = alert.who.map_or(0, |who| who.server_port);
    let transport = alert.who.map_or(6, |who| who.transport);
    let text = alert.message.to_ascii_lowercase();
    match kind {
        Kind::Control if text.contains("tunnel") || text.contains("dns2tcp") => vec!["T1572", "T1071.004"],
        Kind::Control if text.contains("download") && !text.contains("checkin") => vec!["T1105"],
        Kind::Control => match (transport, port) {
            (1 | 58, _) => vec!["T1095"],
            (_, 53) => vec!["T1071.004"],
            (_, 80 | 443 | 8000 | 8080 | 8443) => vec!["T1071.001"],
            _ => vec!["T1071"],
        },
        Kind::Delivery if text.contains("phish") => vec!["T1566.002"],
        Kind::Delivery if text.contains("exploit kit") || text.starts_with("et exploit_kit") => vec!["T1189"],
        Kind::Delivery => vec!["T1105"],
        Kind::Attack if text.contains("lateral movement") => vec!["T1021.002"],
        Kind::Attack if alert.who.is_some_and(|who| who.server == alert.source) => vec!["T1203"],
        Kind::Attack => vec!["T1190"],
        Kind::Scan => vec!["T1046"],
        Kind::Flood => vec!["T1498"],
        Kind::Mining => vec!["T1496"],
        Kind::Note => Vec::new(),
    }
}
