//! Pages that break into the browser: text that fills memory, lands anywhere in it, and reaches out of the page.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Direction, Event, EventKind, FileFact, Finding, FlowId, ScriptSeen, Severity, Subject, Time,
    TransactionFact,
};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "drive_by",
    sees: "A page or script that spells out machine code, lets strings grow until they fill the memory, makes objects of the \
           system, pads values by hundreds of letters, or lets the browser run programs.",
    matters: "Looking at such a page is enough (T1189, T1203).",
    fooled_by: "Pages that are packed and unpack themselves, and all that comes encrypted.",
    cost: "One entry per page that shows any of it, at most 4,096; the first 64 KiB of each page are searched once.",
    references: &[
        "ATT&CK T1189, T1203, T1059.007",
        "Ratanaworabhan et al., Nozzle: A Defense Against Heap-spraying Code Injection Attacks, USENIX Security 2009",
        "Cova et al., Detection and Analysis of Drive-by-Download Attacks and Malicious JavaScript Code, WWW 2010",
    ],
    hears: Hears {
        files: true,
        exchanges: &["http", "http2"],
        fields: &["http.host", "http.uri"],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| {
        Box::new(DriveBy {
            score_min: knobs.get("score_min"),
            pages: Bounded::new(PAGES_MAX),
            waiting: Bounded::new(PAGES_MAX),
        })
    },
};

/// Pages remembered, and pages whose exchange is not told yet.
const PAGES_MAX: usize = 4_096;

#[derive(Debug)]
struct DriveBy {
    score_min: f64,
    /// By client and server: the worst page. Only what is a finding comes in.
    pages: Bounded<(IpAddr, IpAddr), Page>,
    /// Flows whose page waits for the exchange that names it.
    waiting: Bounded<FlowId, (IpAddr, IpAddr)>,
}

#[derive(Debug)]
struct Page {
    script: ScriptSeen,
    score: f64,
    host: String,
    name: String,
    port: u16,
    count: u64,
    first: Time,
    last: Time,
    packets: Packets,
}

impl Detector for DriveBy {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::File(file) if file.direction == Direction::ToClient => {
                if let Some(script) = &file.script {
                    self.page(file, script, event);
                }
            }
            EventKind::Transaction(fact) if matches!(fact.protocol, "http" | "http2") => self.named(fact),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((client, server), page) in self.pages.sorted() {
            findings.push(finding(*client, *server, page, home));
        }
    }

    fn evicted(&self) -> u64 {
        self.pages.evicted()
    }
}

impl DriveBy {
    fn page(&mut self, file: &FileFact, script: &ScriptSeen, event: &Event) {
        let score = weigh(script).score();
        if score < self.score_min {
            return;
        }
        let pair = (file.who.client, file.who.server);
        let page = self.pages.touch(&pair, || Page {
            script: script.clone(),
            score,
            host: String::new(),
            name: file.name.chars().take(120).collect(),
            port: file.who.server_port,
            count: 0,
            first: event.moment.time,
            last: event.moment.time,
            packets: Packets::default(),
        });
        page.count += 1;
        page.last = page.last.max(event.moment.time);
        page.packets.add(file.who.first_packet);
        page.packets.add(event.packet);
        if score > page.score {
            (page.script, page.score) = (script.clone(), score);
        }
        *self.waiting.touch(&file.who.flow, || pair) = pair;
    }

    fn named(&mut self, fact: &TransactionFact) {
        let Some(pair) = self.waiting.get(&fact.who.flow).copied() else { return };
        if self.pages.get(&pair).is_none_or(|page| !page.host.is_empty()) {
            return;
        }
        let page = self.pages.touch(&pair, || unreachable!("it was there a line ago"));
        page.host = fact.text("http.host").chars().take(80).collect();
        page.name = fact.text("http.uri").chars().take(120).collect();
    }
}

fn weigh(script: &ScriptSeen) -> Verdict {
    let mut verdict = Verdict::new(-4.5);
    let number = |count: u32| f64::from(count);
    let graded = |count: u32, steps: [(u32, f64); 2]| {
        steps
            .iter()
            .filter(|(least, _)| count >= *least)
            .map(|(_, weight)| *weight)
            .next_back()
            .unwrap_or(0.0)
    };
    verdict.term(
        "characters spelled as numbers",
        number(script.escapes),
        8.0,
        graded(script.escapes, [(8, 0.7), (60, 1.5)]),
        "machine code has no letters: it is written as %u and four digits",
    );
    verdict.term(
        "places to land on",
        number(script.sled),
        1.0,
        graded(script.sled, [(1, 2.2), (4, 3.0)]),
        "9090, 0c0c and their like mean nothing as text and \"go on\" as code",
    );
    verdict.term(
        "numbers that are no characters",
        number(script.unwritable),
        3.0,
        graded(script.unwritable, [(3, 2.0), (12, 3.5)]),
        "code hits them at random; text in no language has them (Unicode §23.5, §23.6)",
    );
    verdict.term(
        "strings made of numbers",
        number(script.unescapes),
        1.0,
        if script.unescapes > 0 && script.escapes > 0 { 0.5 } else { 0.0 },
        "unescape and fromCharCode",
    );
    verdict.term(
        "strings that grow to a length",
        number(script.growth),
        1.0,
        graded(script.growth, [(1, 1.5), (3, 2.0)]),
        "a loop doubles a string until the memory is full",
    );
    verdict.term(
        "objects of the system",
        number(script.objects),
        1.0,
        graded(script.objects, [(1, 1.0), (3, 1.5)]),
        "pages hardly make them any more",
    );
    verdict.term(
        "words of attackers",
        number(script.words),
        1.0,
        graded(script.words, [(1, 2.5), (3, 3.0)]),
        "\"shellcode\" is written by those who write it, and about it",
    );
    let own = script.objects > 0;
    verdict.term(
        "letters of the longest word",
        number(script.longest_word),
        200.0,
        if own { graded(script.longest_word, [(200, 3.5), (500, 4.7)]) } else { 0.0 },
        "a value for an object is filled up until it overflows",
    );
    verdict.term(
        "files on the visitor's disk",
        number(script.paths),
        1.0,
        if own && script.paths > 0 { 4.7 } else { 0.0 },
        "a page has no business there; an object can be made to write or to run them",
    );
    let has = |bit: u16| script.reaches & bit != 0;
    verdict.fact(
        "runs programs",
        has(ScriptSeen::RUNS) && script.objects > 0,
        2.5,
        "a shell, a command, PowerShell",
    );
    verdict.fact(
        "writes files",
        has(ScriptSeen::STORES) && script.objects > 0,
        2.0,
        "a stream that is saved, a file system",
    );
    verdict.fact(
        "fetches and writes",
        has(ScriptSeen::FETCHES) && has(ScriptSeen::STORES),
        1.5,
        "what is fetched is saved as a file: a loader",
    );
    verdict
}

fn finding(client: IpAddr, server: IpAddr, page: &Page, home: &Home) -> Finding {
    let verdict = weigh(&page.script);
    let name = if page.host.parse::<IpAddr>().is_ok() { String::new() } else { page.host.clone() };
    let from = if name.is_empty() { server.to_string() } else { format!("{server} ({name})") };
    Finding {
        id: 0,
        detector: DESCRIPTION.name,
        title: format!("{client} got a page from {from} port {} that attacks its browser: {}", page.port, page.name),
        severity: verdict.severity(Severity::High),
        confidence: verdict.confidence(),
        techniques: vec!["T1203", "T1189"],
        attackers: if home.has(server) { Vec::new() } else { vec![server] },
        victims: vec![client],
        server: Some((server, name)),
        subjects: vec![Subject::Host(client)],
        first: page.first,
        last: page.last,
        count: page.count,
        terms: verdict.terms(),
        evidence: vec![page.packets.evidence("http.response_body", &page.name)],
        against: vec![
            "Collections of exploits show the same text as a page to read; a browser of today does not fall for old ones.".into(),
        ],
    }
}
