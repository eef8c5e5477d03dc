//! Card leak: payment card numbers leave in the clear.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{CardsSeen, Direction, Event, EventKind, Fact, Finding, Severity, Subject, Time};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "card_leak",
    sees: "Payment card numbers that a host of ours sends out unencrypted: in HTTP bodies and addresses, mail and its attachments, \
           FTP transfers, DNS names, and bare connections. A number begins as an issuer's do, has its length and passes its check digit; \
           numbers published for tests do not count.",
    matters: "Card numbers are what skimmers on web shops and tills are after (T1048.003), and sending them in the clear is a breach by \
              itself (PCI DSS 4.0, requirement 4.2).",
    fooled_by: "Encryption, and encodings other than those of mail and HTTP uploads; numbers compressed by a server of ours for an outside \
                client; numbers split over segments that arrive out of order. One in ten of arbitrary long numbers passes the check: the \
                share that passes tells lists of cards from lists of something else.",
    cost: "Two bytes of twelve of what leaves in the clear; 65,536 hashes per (host, receiver). Of a number six and four digits are kept.",
    references: &["ATT&CK T1048.003", "ISO/IEC 7812-1 annex B", "PCI DSS 4.0 requirement 3.4.1"],
    hears: Hears { flows: true, files: true, ..Hears::NOTHING },
    knobs: &[
        Knob {
            name: "numbers_min",
            help: "Different card numbers that must have left to one receiver.",
            unit: "count",
            range: (1.0, 1e6),
            default: 3.0,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
    ],
    new: |knobs| {
        Box::new(CardLeak {
            numbers_min: knobs.get("numbers_min"),
            score_min: knobs.get("score_min"),
            leaks: Bounded::new(LEAKS_MAX),
        })
    },
};

/// (host, receiver) pairs remembered.
const LEAKS_MAX: usize = 4_096;
/// Different numbers told apart per pair; more are counted without that.
const NUMBERS_MAX: usize = 65_536;
/// Numbers shown, masked.
const SHOWN_MAX: usize = 5;
/// What a number that passes the check weighs: ln(0.5 / 0.1). One in ten of arbitrary numbers passes; of a list of cards that somebody
/// copied, with its typing errors and other columns, at least half.
const PASSED_WEIGHT: f64 = 1.609;
/// What one that fails weighs: ln(0.5 / 0.9).
const FAILED_WEIGHT: f64 = -0.588;
/// Most that the check digits can weigh.
const CHECK_WEIGHT_MAX: f64 = 8.0;

#[derive(Debug)]
struct CardLeak {
    numbers_min: f64,
    score_min: f64,
    leaks: Bounded<(IpAddr, IpAddr), Leak>,
}

/// What one host sent to one receiver.
#[derive(Debug, Default)]
struct Leak {
    keys: BTreeSet<u64>,
    issuers: BTreeSet<u32>,
    more: u64,
    failed: u64,
    tests: u64,
    grouped: u64,
    shown: Vec<String>,
    port: u16,
    protocol: &'static str,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for CardLeak {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Flow(flow) => {
                if let Some(seen) = &flow.cards {
                    // In a flow only what leaves is looked at: the sender is the end that is ours.
                    let direction =
                        if home.has(flow.who.client) { Direction::ToServer } else { Direction::ToClient };
                    self.take(&flow.who, direction, flow.protocol, seen, home);
                }
            }
            EventKind::File(file) => {
                if let Some(seen) = &file.cards {
                    self.take(&file.who, file.direction, file.protocol, seen, home);
                }
            }
            EventKind::Transaction(_) | EventKind::Alert(_) | EventKind::Oddity(_) => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((sender, receiver), leak) in self.leaks.sorted() {
            self.judge(*sender, *receiver, leak, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.leaks.evicted()
    }
}

impl CardLeak {
    fn take(
        &mut self,
        who: &Fact,
        direction: Direction,
        protocol: &'static str,
        seen: &CardsSeen,
        home: &Home,
    ) {
        let (sender, receiver) = match direction {
            Direction::ToServer => (who.client, who.server),
            Direction::ToClient => (who.server, who.client),
        };
        if home.leaves(sender, receiver) {
            self.leaks.touch(&(sender, receiver), Leak::default).take(who, protocol, seen);
        }
    }

    fn judge(&self, sender: IpAddr, receiver: IpAddr, leak: &Leak, home: &Home, findings: &mut Findings) {
        let count = leak.keys.len();
        if count == 0 || (count as f64) < self.numbers_min {
            return;
        }
        let verdict = weigh(leak, home.is_unasked(sender, receiver));
        if verdict.score() < self.score_min {
            return;
        }
        let way = if leak.protocol.is_empty() { "a bare connection" } else { leak.protocol };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{sender} sent {count} payment card numbers in the clear to {receiver} port {}", leak.port),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1048.003"],
            attackers: Vec::new(),
            victims: vec![sender],
            server: Some((receiver, String::new())),
            subjects: vec![Subject::Host(sender)],
            first: leak.first.unwrap_or_default(),
            last: leak.last,
            count: count as u64,
            terms: verdict.terms(),
            evidence: vec![leak.packets.evidence("", &format!("by {way}: {}", leak.shown.join(", ")))],
            against: vec![
                "A shop or till that reports its sales without encryption sends cards to whom it should, and still breaks the rules for \
                 card data."
                    .into(),
            ],
        });
    }
}

impl Leak {
    fn take(&mut self, who: &Fact, protocol: &'static str, seen: &CardsSeen) {
        self.more += u64::from(seen.more);
        self.failed += u64::from(seen.failed);
        self.tests += u64::from(seen.tests);
        self.port = who.server_port;
        if self.protocol.is_empty() && protocol != "failed" {
            self.protocol = protocol;
        }
        for number in &seen.numbers {
            if self.keys.len() >= NUMBERS_MAX {
                self.more += 1;
                continue;
            }
            if !self.keys.insert(number.key) {
                continue;
            }
            self.issuers.insert(number.prefix);
            self.grouped += u64::from(number.grouped);
            self.first = Some(self.first.map_or(number.time, |first| first.min(number.time)));
            self.last = self.last.max(number.time);
            self.packets.add(number.packet);
            if self.shown.len() < SHOWN_MAX {
                self.shown.push(format!("{:06}…{:04}", number.prefix, number.suffix));
            }
        }
    }
}

fn weigh(leak: &Leak, unasked: bool) -> Verdict {
    let (passed, failed) = (leak.keys.len() as f64, leak.failed as f64);
    let mut verdict = Verdict::new(-4.5);
    verdict.term(
        "card numbers",
        passed,
        1.0,
        (passed * PASSED_WEIGHT + failed * FAILED_WEIGHT).clamp(-CHECK_WEIGHT_MAX, CHECK_WEIGHT_MAX),
        format!(
            "different numbers that begin as an issuer's do and pass the check digit; {failed} of that form fail it, of arbitrary numbers \
             nine in ten do"
        ),
    );
    verdict.term(
        "beginnings of issuers",
        leak.issuers.len() as f64,
        2.0,
        if leak.issuers.len() >= 2 { 0.5 } else { 0.0 },
        "cards of customers are of several banks; numbers of one series share their beginning",
    );
    verdict.fact(
        "written in groups, as on a card",
        leak.grouped * 2 >= leak.keys.len() as u64,
        1.0,
        "identifiers are written without gaps",
    );
    verdict.term(
        "numbers published for tests",
        leak.tests as f64,
        1.0,
        if leak.tests * 2 > leak.keys.len() as u64 { -2.0 } else { 0.0 },
        "who sends those tries a program out",
    );
    verdict.term(
        "numbers beyond what is told apart",
        leak.more as f64,
        1.0,
        0.0,
        "some of them may be repetitions: the count is a lower bound",
    );
    verdict.fact("address never asked for", unasked, 0.5, "the host asks for names, but not for this one");
    verdict
}
