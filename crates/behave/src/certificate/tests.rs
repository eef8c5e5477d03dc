use super::*;
use crate::Behaviour;
use crate::samples::transaction;
use model::Value;

const DAY: u64 = 86_400;

/// Handshakes with one server, judged at day 20,000.
fn judge(
    server: &str,
    port: u16,
    asked: &str,
    subject: &str,
    issuer: &str,
    days: (u64, u64),
) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for number in 0..3 {
        let fields = [
            ("tls.sni", asked),
            ("tls.cert_subject", subject),
            ("tls.cert_issuer", issuer),
            ("tls.cert_fingerprint", "aa:bb:cc"),
        ];
        let mut event = transaction(20_000 * DAY + number, "tls", ("10.0.0.23", server, port), &fields);
        if let EventKind::Transaction(fact) = &mut event.kind {
            fact.fields.push(("tls.not_before", Value::Number(days.0 * DAY)));
            fact.fields.push(("tls.not_after", Value::Number(days.1 * DAY)));
        }
        behaviour.event(&event);
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "certificate").collect()
}

#[test]
fn a_nameless_certificate_for_eternity_on_an_odd_port_is_a_finding() {
    let findings = judge("203.0.113.9", 4782, "", "CN=Some Server", "CN=Some Server", (19_900, 2_932_896));
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.title.contains("signed by itself, no host name"), "{}", finding.title);
    assert_eq!(finding.server.as_ref().unwrap().0.to_string(), "203.0.113.9");
}

#[test]
fn a_certificate_of_a_public_authority_is_not() {
    let issuer = "C=US, O=Authority Inc, CN=Authority TLS CA";
    assert_eq!(
        judge("203.0.113.9", 443, "shop.example", "CN=shop.example", issuer, (19_990, 20_080)).len(),
        0
    );
    assert_eq!(judge("203.0.113.9", 8443, "shop.example", "CN=*.example", issuer, (19_000, 20_080)).len(), 0);
}

#[test]
fn a_printer_of_ours_is_at_most_a_note() {
    let findings = judge("192.168.1.9", 443, "", "CN=printer", "CN=printer", (18_000, 21_600));
    assert!(findings.iter().all(|finding| finding.severity == Severity::Low), "{findings:?}");
}

#[test]
fn a_star_stands_for_one_label() {
    assert!(covers("*.example.com", "www.example.com"));
    assert!(!covers("*.example.com", "a.b.example.com"));
    assert!(!covers("www.example.com", "example.com"));
}
