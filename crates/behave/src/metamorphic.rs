//! A story told later, under other addresses, or with independent conversations in another order is the same story.

use model::{Direction, Event, EventKind, Finding, Time, Value};

use crate::samples::{flow, transaction};
use crate::{Behaviour, Home};

const DAY: u64 = 86_400;

/// An answer of the resolver.
fn answer(at: u64, client: &str, name: &str, code: u64, address: Option<&str>) -> Event {
    let mut event = transaction(at, "dns", (client, "10.0.0.1", 53), &[("dns.queries.rrname", name)]);
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.only = Some(Direction::ToClient);
        fact.fields.push(("dns.rcode", Value::Number(code)));
        fact.fields.extend(address.map(|address| ("dns.answers.address", Value::Text(address.into()))));
    }
    event
}

/// Two hosts' stories: one searches for its server under generated names and finds it, the other visits a look-alike. `shift` in
/// seconds; hosts of ours get `turn` added to their last byte.
fn stories(shift: u64, turn: u8) -> [Vec<Event>; 2] {
    let host = |number: u8| format!("10.0.0.{}", number + turn);
    let start = 20_000 * DAY + shift;
    let mut searching = Vec::new();
    for number in 0..40u64 {
        let name =
            format!("{}qxkvzj{}.com", ["bw", "tn", "gf", "pd"][number as usize % 4], number * 7_919 % 1_000);
        searching.push(answer(
            start + number * 5,
            &host(23),
            &name,
            if number == 39 { 0 } else { 3 },
            (number == 39).then_some("203.0.113.9"),
        ));
    }
    let fields = [
        ("tls.cert_subject", "CN=Some Server"),
        ("tls.cert_issuer", "CN=Some Server"),
        ("tls.cert_fingerprint", "aa:bb"),
    ];
    let mut shown = transaction(start + 300, "tls", (&host(23), "203.0.113.9", 4782), &fields);
    if let EventKind::Transaction(fact) = &mut shown.kind {
        fact.fields.push(("tls.not_before", Value::Number(start - 100 * DAY)));
        fact.fields.push(("tls.not_after", Value::Number(start + 9_000 * DAY)));
    }
    searching.push(shown);
    let mut visiting = Vec::new();
    for number in 0..5 {
        visiting.push(flow(start + 2 + number, &host(30), "198.51.100.4", 443, [900, 30_000]));
        visiting.push(transaction(
            start + 2 + number,
            "tls",
            (&host(30), "198.51.100.7", 443),
            &[("tls.sni", "exemplarbank-login.net")],
        ));
    }
    [searching, visiting]
}

fn judge(events: impl IntoIterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    behaviour.set_list("lookalike.protected", &["exemplarbank.com".into()]);
    for event in events {
        behaviour.event(&event);
    }
    behaviour.finish().0
}

/// What must not change: everything but times and our hosts' addresses.
fn shape(findings: &[Finding], shift: u64, turn: u8) -> Vec<String> {
    let plain = |text: &str| {
        text.replace(&format!("10.0.0.{}", 23 + turn), "A").replace(&format!("10.0.0.{}", 30 + turn), "B")
    };
    let since = |time: Time| time.secs() - shift;
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let weights: Vec<String> =
                finding.terms.iter().map(|term| format!("{:.6}", term.weight)).collect();
            let (first, last) = (since(finding.first), since(finding.last));
            format!(
                "{} {} {:?} {:?} {first} {last} {}",
                finding.detector,
                plain(&finding.title),
                finding.severity,
                finding.confidence,
                weights.join(" ")
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn findings_shift_rename_or_stay() {
    let told = shape(&judge(stories(0, 0).concat()), 0, 0);
    let detectors: Vec<&str> = told.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(detectors, ["certificate", "dga", "lookalike", "nxdomain", "tls_channel"], "{told:#?}");
    assert_eq!(told, shape(&judge(stories(400 * DAY, 0).concat()), 400 * DAY, 0), "told later");
    assert_eq!(told, shape(&judge(stories(0, 100).concat()), 0, 100), "under other names");
    let [searching, visiting] = stories(0, 0);
    assert_eq!(told, shape(&judge([visiting, searching].concat()), 0, 0), "the other first");
}
