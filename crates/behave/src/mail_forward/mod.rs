//! Mail that is passed on: what comes for a mailbox of ours leaves again, to one address outside.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;
use model::{Event, EventKind, Finding, Severity, Subject, Time, TransactionFact};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "mail_forward",
    sees: "Mails that came for a mailbox of ours and leave again for one address outside, known by their Message-ID, by what a \
           forwarding rule writes into them, or by their subjects.",
    matters: "A rule in a mailbox reads along for months, long after the password was changed (T1114.003).",
    fooled_by: "Mail that comes or leaves encrypted, and providers that pass on inside themselves: nothing crosses the sensor.",
    cost: "One entry per mail that came, at most 65,536, per mailbox, at most 16,384, and per address outside, at most 16,384.",
    references: &["ATT&CK T1114.003", "RFC 5322 §3.6.4 and §3.6.6", "RFC 3834 §5"],
    hears: Hears {
        exchanges: &["smtp"],
        fields: &["email.forwarded", "email.message_id", "email.subject", "smtp.rcpt_to"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "mails_min",
            help: "Mails that are passed on to one address.",
            unit: "count",
            range: (2.0, 10_000.0),
            default: 5.0,
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
        Box::new(MailForward {
            mails_min: knobs.get("mails_min"),
            score_min: knobs.get("score_min"),
            came: Bounded::new(CAME_MAX),
            mailboxes: Bounded::new(MAILBOXES_MAX),
            collectors: Bounded::new(COLLECTORS_MAX),
        })
    },
};

/// Mails that came and are remembered.
const CAME_MAX: usize = 65_536;
/// Mailboxes of ours that are remembered.
const MAILBOXES_MAX: usize = 16_384;
/// Addresses outside that are remembered.
const COLLECTORS_MAX: usize = 16_384;
/// Recipients of one mail that are looked at; what goes to more is a list.
const RECIPIENTS_MAX: usize = 8;
/// Mailboxes and recipients that are counted per address.
const OTHERS_MAX: usize = 64;
/// A mail that is passed on leaves within so many seconds.
const SOON_SECS: f64 = 3_600.0;

#[derive(Debug)]
struct MailForward {
    mails_min: f64,
    score_min: f64,
    /// By the hash of the Message-ID.
    came: Bounded<u64, Came>,
    /// How many mails came for each mailbox.
    mailboxes: Bounded<String, u64>,
    collectors: Bounded<String, Collector>,
}

/// A mail that came for somebody of ours.
#[derive(Debug)]
struct Came {
    mailboxes: Vec<String>,
    time: Time,
    /// The address outside that it was passed on to first, and to how many in all.
    first: String,
    passed: u32,
}

/// An address outside that mails are passed on to.
#[derive(Debug, Default)]
struct Collector {
    /// Mails that had come before, mails that say that a rule passed them on, and mails whose subject says so.
    known: u64,
    marked: u64,
    titled: u64,
    /// Of the mails that had come, those that went to other addresses, too.
    listed: u64,
    /// Mails to this address in all.
    all: u64,
    mailboxes: BTreeSet<String>,
    client: Option<IpAddr>,
    server: Option<IpAddr>,
    first: Option<Time>,
    last: Time,
    packets: Packets,
    excerpt: String,
}

impl Detector for MailForward {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if fact.protocol != "smtp" {
            return;
        }
        let recipients: Vec<String> =
            fact.texts("smtp.rcpt_to").take(RECIPIENTS_MAX + 1).filter_map(address).collect();
        if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
            return;
        }
        if home.has(fact.who.server) {
            self.incoming(fact, recipients);
        } else if home.has(fact.who.client) {
            self.outgoing(fact, &recipients, event);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (address, collector) in self.collectors.sorted() {
            if let Some(finding) = self.judge(address, collector) {
                findings.push(finding);
            }
        }
    }

    fn evicted(&self) -> u64 {
        self.came.evicted() + self.mailboxes.evicted() + self.collectors.evicted()
    }
}

impl MailForward {
    fn incoming(&mut self, fact: &TransactionFact, recipients: Vec<String>) {
        for recipient in &recipients {
            *self.mailboxes.touch(recipient, || 0) += 1;
        }
        if let Some(id) = message_id(fact) {
            self.came.touch(&id, || Came {
                mailboxes: recipients,
                time: fact.time,
                first: String::new(),
                passed: 0,
            });
        }
    }

    fn outgoing(&mut self, fact: &TransactionFact, recipients: &[String], event: &Event) {
        let subject = fact.text("email.subject").trim_start().to_ascii_lowercase();
        let titled = subject.starts_with("fwd:") || subject.starts_with("fw:");
        let marked = !fact.text("email.forwarded").is_empty();
        let id = message_id(fact).filter(|id| self.came.get(id).is_some());
        for recipient in recipients {
            if self.mailboxes.get(recipient).is_some() {
                continue;
            }
            let mut passed_on = marked || titled;
            let mut mailboxes = Vec::new();
            let mut listed = false;
            if let Some(id) = id {
                let came = self.came.touch(&id, || unreachable!("it was there a line ago"));
                let soon = fact.time.secs_since(came.time) <= SOON_SECS;
                if soon && !came.mailboxes.contains(recipient) {
                    came.passed += 1;
                    listed = came.passed > 1;
                    mailboxes.clone_from(&came.mailboxes);
                    passed_on = true;
                    match came.passed {
                        1 => came.first.clone_from(recipient),
                        2 => self.collectors.touch(&came.first, Collector::default).listed += 1,
                        _ => {}
                    }
                }
            }
            let collector = self.collectors.touch(recipient, Collector::default);
            collector.all += 1;
            collector.known += u64::from(!mailboxes.is_empty());
            collector.listed += u64::from(listed);
            mailboxes.truncate(OTHERS_MAX.saturating_sub(collector.mailboxes.len()));
            collector.mailboxes.extend(mailboxes);
            collector.marked += u64::from(marked);
            collector.titled += u64::from(titled);
            if passed_on {
                collector.note(fact, event);
            }
        }
    }

    fn judge(&self, address: &str, collector: &Collector) -> Option<Finding> {
        let (known, marked) = (collector.known as f64, collector.marked as f64);
        let titled = collector.titled as f64;
        if known.max(marked).max(titled) < self.mails_min {
            return None;
        }
        let mut verdict = Verdict::new(-3.5);
        let more = |count: f64, weight: f64| {
            if count >= self.mails_min { weight + libm::log(count / self.mails_min).min(2.0) } else { 0.0 }
        };
        verdict.term(
            "mails that had come for one of ours within the hour",
            known,
            self.mails_min,
            more(known, 3.0),
            "the same Message-ID comes in and leaves again",
        );
        verdict.term(
            "mails that say that a rule passed them on",
            marked,
            self.mails_min,
            more(marked, 1.5),
            "mail programs mark what a rule sends on",
        );
        verdict.term(
            "mails whose subject says so",
            titled,
            self.mails_min,
            more(titled, 0.7),
            "people forward mails, too, though rarely many to one address",
        );
        let share = (known.max(marked).max(titled)) / (collector.all as f64).max(1.0);
        verdict.term(
            "share of the mails to this address",
            share,
            0.9,
            if share >= 0.9 { 1.0 } else { -1.5 },
            "somebody whom we write to gets other mails besides",
        );
        let comes: u64 =
            collector.mailboxes.iter().filter_map(|mailbox| self.mailboxes.get(mailbox)).copied().sum();
        let taken = if comes == 0 { 0.0 } else { known / comes as f64 };
        verdict.term(
            "share of what came for those mailboxes",
            taken,
            0.8,
            if taken >= 0.8 { 1.5 } else { 0.0 },
            "a rule takes all; a person chooses",
        );
        let listed = collector.listed as f64 / known.max(1.0);
        verdict.term(
            "share that went to other addresses as well",
            listed,
            0.5,
            if listed >= 0.5 { -3.0 } else { 0.0 },
            "a mailing list sends each mail to all its members",
        );
        if verdict.score() < self.score_min {
            return None;
        }
        Some(self.finding(address, collector, verdict))
    }

    fn finding(&self, address: &str, collector: &Collector, verdict: Verdict) -> Finding {
        let count = collector.known.max(collector.marked).max(collector.titled);
        let whose = match collector.mailboxes.iter().next() {
            Some(mailbox) if collector.mailboxes.len() == 1 => mailbox.clone(),
            Some(_) => format!("{} mailboxes", collector.mailboxes.len()),
            None => "a mailbox".to_owned(),
        };
        let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
        Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("mail for {whose} is passed on to {address}: {count} mails"),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1114.003"],
            attackers: Vec::new(),
            victims: collector.client.into_iter().collect(),
            server: collector.server.map(|server| (server, domain)),
            subjects: collector.client.map(Subject::Host).into_iter().collect(),
            first: collector.first.unwrap_or_default(),
            last: collector.last,
            count,
            terms: verdict.terms(),
            evidence: vec![collector.packets.evidence("smtp.rcpt_to", &collector.excerpt)],
            against: vec![
                "Somebody who left, or who is away, may have asked for it; the mailbox's owner knows.".into(),
            ],
        }
    }
}

impl Collector {
    fn note(&mut self, fact: &TransactionFact, event: &Event) {
        self.first.get_or_insert(fact.time);
        self.last = self.last.max(fact.time);
        self.client.get_or_insert(fact.who.client);
        self.server.get_or_insert(fact.who.server);
        self.packets.add(fact.who.first_packet);
        self.packets.add(event.packet);
        if self.excerpt.is_empty() {
            self.excerpt = fact.text("email.subject").chars().take(120).collect();
        }
    }
}

/// The hash of a mail's Message-ID; a forged one may come twice, which does no harm.
fn message_id(fact: &TransactionFact) -> Option<u64> {
    let id = fact.text("email.message_id").trim();
    (!id.is_empty()).then(|| FixedState::with_seed(0).hash_one(id))
}

/// The address of an envelope without its brackets, in lower case.
fn address(path: &str) -> Option<String> {
    let address = path.trim().trim_start_matches('<').split('>').next()?.to_ascii_lowercase();
    address.contains('@').then_some(address)
}
