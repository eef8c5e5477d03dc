use super::*;
use crate::Behaviour;
use crate::samples::transaction;

fn judge(server: &str, port: u16, fields: &[(&'static str, &str)]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    behaviour.event(&transaction(
        1,
        "dns",
        ("10.0.0.7", "10.0.0.1", 53),
        &[("dns.answers.address", "198.51.100.80")],
    ));
    behaviour.event(&transaction(2, "tls", ("10.0.0.7", server, port), fields));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "tls_channel").collect()
}

#[test]
fn a_nameless_server_that_vouches_for_itself_is_a_channel() {
    let found =
        judge("203.0.113.9", 4_782, &[("tls.cert_subject", "CN=Server"), ("tls.cert_issuer", "CN=Server")]);
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert!(
        finding
            .title
            .starts_with("10.0.0.7 keeps an encrypted channel to 203.0.113.9 port 4782, which signs"),
        "{}",
        finding.title
    );
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_site_is_none() {
    let site = [
        ("tls.sni", "www.example.com"),
        ("tls.cert_subject", "CN=www.example.com"),
        ("tls.cert_issuer", "C=US, O=Public Authority"),
    ];
    assert_eq!(judge("198.51.100.80", 443, &site).len(), 0);
}

#[test]
fn hosts_are_told_from_titles() {
    assert!(names_a_host("C=CH, CN=www.example.com"));
    assert!(!names_a_host("CN=AsyncServer"));
    assert!(!names_a_host("CN=My Remote Server"));
}
