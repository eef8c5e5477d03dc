use super::*;
use crate::Behaviour;
use crate::samples::{file, transaction};

fn judge(host: &str, page: &str, kind: &str, agent: &str) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    let ends = ("10.0.0.7", "203.0.113.9", 80);
    behaviour.event(&file(1, ends, Direction::ToClient, b"MZ\x90\0\x03\0\0\0"));
    behaviour.event(&transaction(
        1,
        "http",
        ends,
        &[
            ("http.method", "GET"),
            ("http.uri", page),
            ("http.host", host),
            ("http.user_agent", agent),
            ("http.content_type", kind),
        ],
    ));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "delivery").collect()
}

#[test]
fn a_program_as_a_picture_from_a_bare_address_is_a_delivery() {
    let found = judge("203.0.113.9", "/img/logo.png", "image/png", "");
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(
        finding.title,
        "10.0.0.7 fetched a program (a program) from 203.0.113.9 port 80 as /img/logo.png"
    );
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn an_update_that_says_what_it_is_is_none() {
    let found = judge("download.example.com", "/setup-1.2.exe", "application/octet-stream", "Updater/1.2");
    assert_eq!(found.len(), 0);
}

#[test]
fn jumbled_names_are_told_from_names() {
    assert!(looks_random("ZjZ5jJy.exe"));
    assert!(!looks_random("setup.exe"));
    assert!(!looks_random("update2024.exe"));
}
