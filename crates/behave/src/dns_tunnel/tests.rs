use super::*;
use crate::Behaviour;
use crate::samples::transaction;

fn judge(names: impl Iterator<Item = String>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for (number, name) in (1..).zip(names) {
        behaviour.event(&transaction(
            number,
            "dns",
            ("10.0.0.7", "10.0.0.1", 53),
            &[("dns.queries.rrname", &name)],
        ));
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "dns_tunnel").collect()
}

/// A label of base-32 letters that looks random.
fn packed(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..40)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(state >> 59) as usize])
        })
        .collect()
}

#[test]
fn packed_names_below_one_domain_are_a_tunnel() {
    let findings = judge((0..40).map(|number| format!("{}.t.example.org", packed(number))));
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(
        finding.title,
        "10.0.0.7 sends data in names below example.org: 40 names and their answers carried 1640 bytes"
    );
    assert_eq!(finding.server.as_ref().map(|server| server.1.as_str()), Some("example.org"));
}

#[test]
fn the_names_of_a_large_site_are_not() {
    let hosts =
        ["www", "mail", "news", "images", "video", "static", "api", "login", "search", "maps", "docs", "cdn"];
    let names =
        hosts.iter().cycle().take(60).enumerate().map(|(n, host)| format!("{host}{}.example.com", n % 5));
    assert_eq!(judge(names).len(), 0);
}

#[test]
fn one_name_of_base_64_is_enough() {
    let found =
        judge(std::iter::once("H4sICN03*2QAA3R0eHQAC8nILFYAokSF4tTkotQShbTMnFQuAA==-.test.txt".to_owned()));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn lists_of_senders_are_asked_often_and_are_no_tunnel() {
    let names = (0..200)
        .map(|n: u32| format!("{}.{}.{}.203.zen.lists.example.org", n % 251, n * 7 % 256, n * 13 % 256));
    assert_eq!(judge(names).len(), 0);
}
