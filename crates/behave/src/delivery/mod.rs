//! Programs that arrive in disguise: executables under another name or type, fetched by something that is no browser.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Direction, Event, EventKind, FileFact, Finding, FlowId, Severity, Subject, Time, TransactionFact,
};

use crate::encoding::is_program;
use crate::verdict::{Packets, Verdict, WEB_PORTS, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "delivery",
    sees: "A program that comes over HTTP in the clear under the name or type of something else, from a bare address or an odd \
           port, by a post, or from several sites within minutes.",
    matters: "A loader fetches what comes next (T1105); what it fetches is rarely called what it is (T1036).",
    fooled_by: "Programs inside archives, scripts, or encryption. Updaters fetch programs, too; they ask by name and say what \
                they are.",
    cost: "One entry per client with at most 64 downloads; constant time per file.",
    references: &[
        "ATT&CK T1105",
        "ATT&CK T1036.008",
        "Invernizzi et al., Nazca: Detecting Malware Distribution, NDSS 2014",
    ],
    hears: Hears {
        files: true,
        exchanges: &["http"],
        fields: &[
            "http.accept",
            "http.accept_lang",
            "http.content_type",
            "http.host",
            "http.method",
            "http.referer",
            "http.stat_code",
            "http.uri",
            "http.user_agent",
        ],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.5,
    }],
    new: |knobs| {
        Box::new(Delivery {
            score_min: knobs.get("score_min"),
            pending: Bounded::new(PENDING_MAX),
            clients: Bounded::new(CLIENTS_MAX),
        })
    },
};

/// Clients remembered.
const CLIENTS_MAX: usize = 16_384;
/// Downloads remembered per client.
const DOWNLOADS_MAX: usize = 64;
/// Files whose exchange is not told yet.
const PENDING_MAX: usize = 4_096;
/// Time within which downloads from several sites belong together, in seconds.
const TOGETHER_SECS: f64 = 600.0;

#[derive(Debug)]
struct Delivery {
    score_min: f64,
    /// Programs that came, waiting for the exchange that brought them.
    pending: Bounded<FlowId, FileFact>,
    clients: Bounded<IpAddr, Vec<Download>>,
}

#[derive(Debug)]
struct Download {
    server: IpAddr,
    port: u16,
    host: String,
    page: String,
    name: String,
    agent: String,
    kind: String,
    announced: String,
    method: String,
    accepted: bool,
    language: bool,
    referer: bool,
    ranged: bool,
    size: u64,
    time: Time,
    packets: Packets,
}

impl Detector for Delivery {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::File(file)
                if file.protocol == "http"
                    && file.direction == Direction::ToClient
                    && is_program(&file.head) =>
            {
                *self.pending.touch(&file.who.flow, || (**file).clone()) = (**file).clone();
            }
            EventKind::Transaction(fact)
                if fact.protocol == "http"
                    && self.pending.get(&fact.who.flow).is_some()
                    && (home.has(fact.who.client) || !home.has(fact.who.server))
                    && !is_nobody(fact.who.server) =>
            {
                self.exchange(fact, event);
            }
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (client, downloads) in self.clients.sorted() {
            // A site that delivers several programs is judged once, by the worst.
            let mut seen: Vec<IpAddr> = Vec::new();
            let mut judged: Vec<(Verdict, &Download)> = downloads
                .iter()
                .map(|download| (weigh(*client, download, downloads, home), download))
                .collect();
            judged.sort_by(|a, b| b.0.score().total_cmp(&a.0.score()));
            for (verdict, download) in judged {
                if verdict.score() >= self.score_min && !seen.contains(&download.server) {
                    seen.push(download.server);
                    findings.push(finding(*client, download, verdict));
                }
            }
        }
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted()
    }
}

impl Delivery {
    fn exchange(&mut self, fact: &TransactionFact, event: &Event) {
        let file = self.pending.touch(&fact.who.flow, || unreachable_file(fact));
        // The exchange that is told next after a file is the one that brought it; a second one brings nothing.
        if file.size == 0 {
            return;
        }
        let (size, name, kind) = (file.size, file.name.clone(), file.magic.clone());
        file.size = 0;
        let downloads = self.clients.touch(&fact.who.client, Vec::new);
        if downloads.len() >= DOWNLOADS_MAX {
            return;
        }
        let mut packets = Packets::default();
        packets.add(fact.who.first_packet);
        packets.add(event.packet);
        let uri = fact.text("http.uri");
        downloads.push(Download {
            server: fact.who.server,
            port: fact.who.server_port,
            host: fact.text("http.host").to_owned(),
            page: uri.split(['?', '#']).next().unwrap_or_default().chars().take(120).collect(),
            name,
            agent: fact.text("http.user_agent").to_owned(),
            kind,
            announced: fact.texts("http.content_type").last().unwrap_or_default().to_owned(),
            method: fact.text("http.method").to_owned(),
            accepted: !fact.text("http.accept").is_empty(),
            language: !fact.text("http.accept_lang").is_empty(),
            referer: !fact.text("http.referer").is_empty(),
            ranged: fact.text("http.stat_code") == "206",
            size,
            time: fact.time,
            packets,
        });
    }
}

/// Stands in where nothing waits; its size says that there is nothing.
fn unreachable_file(fact: &TransactionFact) -> FileFact {
    FileFact {
        who: fact.who,
        direction: Direction::ToClient,
        protocol: "http",
        name: String::new(),
        magic: String::new(),
        size: 0,
        complete: false,
        sha256: String::new(),
        head: Vec::new(),
        cards: None,
        script: None,
    }
}

/// Endings under which programs travel openly.
const PROGRAM_ENDINGS: [&str; 20] = [
    "exe", "dll", "msi", "sys", "scr", "com", "ocx", "cpl", "msu", "so", "bin", "elf", "run", "deb", "rpm",
    "apk", "dylib", "app", "efi", "mui",
];

/// What the name of a page says it is.
fn ending(page: &str) -> Option<String> {
    let last = page.rsplit('/').next().unwrap_or_default();
    let (name, ending) = last.rsplit_once('.')?;
    (!name.is_empty() && (1..=5).contains(&ending.len())).then(|| ending.to_ascii_lowercase())
}

fn weigh(client: IpAddr, download: &Download, all: &[Download], home: &Home) -> Verdict {
    let mut verdict = Verdict::new(-2.5);
    verdict.term(
        "a program in the clear, bytes",
        download.size as f64,
        1.0,
        1.0,
        "those who ship programs sign and encrypt the way",
    );
    let ending = ending(&download.page);
    let (weight, why) = match &ending {
        Some(ending) if PROGRAM_ENDINGS.contains(&ending.as_str()) => (0.0, "the page is called a program"),
        Some(_) => (2.0, "the page is called something that is no program"),
        None => (1.5, "nothing in the page's name says that a program will come"),
    };
    verdict.fact("the name hides it", weight > 0.0, weight, why);
    let announced = download.announced.to_ascii_lowercase();
    let disguised = [
        "image/",
        "text/",
        "audio/",
        "video/",
        "font/",
        "application/json",
        "application/pdf",
        "application/javascript",
    ]
    .iter()
    .any(|kind| announced.starts_with(kind));
    verdict.fact(
        "the announced type hides it",
        disguised,
        2.5,
        "a program that says to be a picture or a page",
    );
    let bare = download.host.is_empty() || download.host.parse::<IpAddr>().is_ok();
    let weight = if home.is_inside(client, download.server) { 0.7 } else { 1.5 };
    verdict.fact("fetched by address, not by name", bare, weight, "sites that ship programs have names");
    let odd_port = !WEB_PORTS.contains(&download.port);
    verdict.fact("from a port of its own", odd_port, 1.0, "HTTP on an odd port is a private service");
    verdict.fact("fetched by a post", download.method == "POST", 1.5, "downloads are asked for with GET");
    weigh_agent(&mut verdict, download);
    let sites: std::collections::BTreeSet<&str> = all
        .iter()
        .filter(|other| {
            other.time.secs_since(download.time) + download.time.secs_since(other.time) < TOGETHER_SECS
        })
        .map(|other| other.host.as_str())
        .collect();
    verdict.term(
        "sites that sent programs within ten minutes",
        sites.len() as f64,
        3.0,
        match sites.len() {
            0 | 1 => 0.0,
            2 => 1.0,
            _ => 2.5,
        },
        "a loader tries one site after the other; an updater has one source",
    );
    let random = looks_random(download.page.rsplit('/').next().unwrap_or_default())
        || looks_random(download.name.rsplit('/').next().unwrap_or_default());
    verdict.fact(
        "a name of random letters",
        random,
        1.0,
        "people and build systems give names that can be read",
    );
    verdict.fact(
        "in parts, to be resumed",
        download.ranged,
        -2.0,
        "update services fetch ranges in the background",
    );
    verdict.fact(
        "name never asked for",
        !bare && home.is_unasked(client, download.server),
        0.7,
        "the host asks DNS for other names",
    );
    verdict
}

fn weigh_agent(verdict: &mut Verdict, download: &Download) {
    let agent = download.agent.to_ascii_lowercase();
    let browser = agent.starts_with("mozilla/");
    let (weight, why) = match (agent.is_empty(), browser, download.language) {
        (true, _, _) => (0.7, "nearly every program says what it is"),
        (_, true, false) if !download.referer => {
            (1.0, "says to be a browser but prefers no language, and comes from no page")
        }
        (_, true, true) if !download.referer => (0.5, "says to be a browser, but comes from no page"),
        (_, true, _) => (0.0, "says to be a browser and sends what browsers send"),
        (_, false, _) if !agent.contains(['/', ' ', '-', '.']) => {
            (1.5, "no known program calls itself like this")
        }
        _ => (0.0, "says what it is"),
    };
    verdict.term("user agent", f64::from(u8::from(download.accepted)), 1.0, weight, why);
}

/// Whether a file's name is a jumble: letters of both cases or digits mixed in, few vowels, no separators.
fn looks_random(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let letters = stem.chars().filter(char::is_ascii_alphabetic).count();
    if stem.len() < 5 || letters < 4 || !stem.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return false;
    }
    let changes = stem
        .as_bytes()
        .windows(2)
        .filter(|pair| {
            (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
                || (pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit())
                || (pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic())
        })
        .count();
    changes >= 2
}

fn finding(client: IpAddr, download: &Download, verdict: Verdict) -> Finding {
    let name = if download.host.parse::<IpAddr>().is_ok() { String::new() } else { download.host.clone() };
    let from =
        if name.is_empty() { download.server.to_string() } else { format!("{} ({name})", download.server) };
    let kind = if download.kind.is_empty() {
        "a program"
    } else {
        download.kind.split(',').next().unwrap_or("a program")
    };
    Finding {
        id: 0,
        detector: DESCRIPTION.name,
        title: format!(
            "{client} fetched a program ({kind}) from {from} port {} as {}",
            download.port, download.page
        ),
        severity: verdict.severity(Severity::High),
        confidence: verdict.confidence(),
        techniques: if download.agent.starts_with("Mozilla/") {
            vec!["T1105", "T1189", "T1204.002"]
        } else {
            vec!["T1105", "T1204.002"]
        },
        attackers: Vec::new(),
        victims: vec![client],
        server: Some((download.server, name)),
        subjects: vec![Subject::Host(client)],
        first: download.time,
        last: download.time,
        count: 1,
        terms: verdict.terms(),
        evidence: vec![
            download
                .packets
                .evidence("http.uri", &format!("{} {} {}", download.page, download.name, download.announced)),
        ],
        against: vec![
            "Administrators and build systems fetch programs from their own servers in the clear.".into(),
        ],
    }
}
