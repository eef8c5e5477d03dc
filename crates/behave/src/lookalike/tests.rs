use super::likeness::Way;
use super::*;
use crate::Behaviour;
use crate::samples::transaction;

fn protected() -> Protected {
    Protected::new(&["exemplarbank.com".into(), "ministry.example.org".into(), "paylink.com".into()], 5)
}

fn way(name: &str) -> Option<Way> {
    let (below, domain) = domain::split(name)?;
    protected().resembles(below, domain).map(|likeness| likeness.way)
}

#[test]
fn each_way_of_looking_alike_is_told() {
    let cases = [
        // Cyrillic а in exemplаrbank.
        ("xn--exemplrbank-3ij.com", Some(Way::Homoglyph)),
        ("exemp1arbank.com", Some(Way::Homoglyph)),
        ("exempalrbank.com", Some(Way::Typo)),
        ("exemplarbnk.net", Some(Way::Typo)),
        ("exemplarbank-login.net", Some(Way::Combination)),
        ("secure-paylink.com", Some(Way::Combination)),
        ("exemplarbank.com.customer-service.net", Some(Way::Subdomain)),
    ];
    for (name, expected) in cases {
        assert_eq!(way(name), expected, "{name}");
    }
}

#[test]
fn the_protected_and_their_honest_neighbours_are_left_alone() {
    for name in [
        "www.exemplarbank.com",
        "exemplarbank.de",
        "exemplarbank.com.edgekey.net",
        "paylink-developers.com",
        "example.net",
        "banking.net",
    ] {
        assert_eq!(way(name), None, "{name}");
    }
}

#[test]
fn a_visit_to_a_look_alike_is_a_finding_with_its_server() {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    behaviour.set_list("lookalike.protected", &["exemplarbank.com".into()]);
    let name = "exemplarbank.com.account-check.net";
    behaviour.event(&transaction(1, "tls", ("10.0.0.23", "203.0.113.9", 443), &[("tls.sni", name)]));
    let findings: Vec<_> =
        behaviour.finish().0.into_iter().filter(|finding| finding.detector == "lookalike").collect();
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.server, Some(("203.0.113.9".parse().unwrap(), name.to_owned())));
}
