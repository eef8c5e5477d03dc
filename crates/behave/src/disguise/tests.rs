use super::*;
use crate::Behaviour;
use crate::samples::transaction;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const OF_CHROME: &str = "t13d1516h2_8daaf6152771_02713d6af862";

fn judge(events: &[(&'static str, &str, &str, &'static str, &str)]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for (number, (protocol, client, server, field, value)) in (1..).zip(events) {
        behaviour.event(&transaction(number, protocol, (client, server, 443), &[(field, value)]));
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "disguise").collect()
}

#[test]
fn a_browser_that_shakes_hands_like_a_library_is_a_disguise() {
    let findings = judge(&[
        ("http", "10.0.0.23", "203.0.113.9", "http.user_agent", CHROME),
        ("tls", "10.0.0.23", "203.0.113.9", "ja4.hash", "t12i050400_a1b2c3d4e5f6_0123456789ab"),
    ]);
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert!(
        finding.title.contains("shakes hands like none (no TLS 1.3, no server name"),
        "{}",
        finding.title
    );
}

#[test]
fn a_browser_that_shakes_hands_like_one_is_none() {
    let findings = judge(&[
        ("http", "10.0.0.23", "203.0.113.9", "http.user_agent", CHROME),
        ("tls", "10.0.0.23", "203.0.113.9", "ja4.hash", OF_CHROME),
    ]);
    assert_eq!(findings.len(), 0, "{findings:?}");
}

#[test]
fn a_client_that_speaks_to_one_server_alone_stands_out_of_a_browsing_host() {
    let servers: Vec<String> = (1..20).map(|number| format!("198.51.100.{number}")).collect();
    let mut events: Vec<_> =
        servers.iter().map(|server| ("tls", "10.0.0.23", server.as_str(), "ja4.hash", OF_CHROME)).collect();
    events
        .extend((0..4).map(|_| {
            ("tls", "10.0.0.23", "203.0.113.9", "ja4.hash", "t12i050400_a1b2c3d4e5f6_0123456789ab")
        }));
    let findings = judge(&events);
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.server.as_ref().unwrap().0.to_string(), "203.0.113.9");
    // The same client alone on the wire is nobody's exception.
    assert_eq!(judge(&events[19..]).len(), 0);
}

#[test]
fn user_agents_without_sense_are_told_from_short_honest_ones() {
    assert!(odd_agent("vBKbaQgjyvRRbcgfvlsc").is_some());
    assert!(odd_agent("Mozilla/4.08 (Name; Other)").is_some());
    for honest in [
        CHROME,
        "curl/7.88.1",
        "Wget",
        "Microsoft-CryptoAPI/10.0",
        "python-requests/2.31.0",
        "Dalvik/2.1.0 (Linux; U; Android 13)",
    ] {
        assert_eq!(odd_agent(honest), None, "{honest}");
    }
}

#[test]
fn the_parts_of_a_fingerprint_are_read() {
    assert_eq!(lacks(OF_CHROME), Vec::<&str>::new());
    assert_eq!(lacks("t12i050400_a_b"), ["no TLS 1.3", "no server name", "few extensions", "no HTTP/2"]);
    assert_eq!(lacks(""), Vec::<&str>::new());
}
