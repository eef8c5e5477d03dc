use super::*;
use crate::Behaviour;
use crate::samples::{flow, transaction};

fn findings(events: impl Iterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "guessing").collect()
}

fn ssh(number: u64, sent: u64) -> Event {
    let mut event = flow(number, "198.51.100.7", "10.0.0.5", 22, [sent, 2_500]);
    if let EventKind::Flow(fact) = &mut event.kind {
        fact.protocol = "ssh";
    }
    event
}

#[test]
fn many_short_ssh_sessions_of_one_size_are_guesses() {
    let found = findings((1..=20).map(|number| ssh(number, 1_900 + number % 3 * 16)));
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(finding.title, "198.51.100.7 guesses passwords of 10.0.0.5 (ssh port 22), 20 tries");
}

#[test]
fn a_few_sessions_are_not() {
    assert_eq!(findings((1..=4).map(|number| ssh(number, 1_900))).len(), 0);
}

#[test]
fn refused_ftp_logins_are_guesses_and_an_accepted_one_makes_it_worse() {
    let login = |number: u64, code: &str| {
        transaction(
            number,
            "ftp",
            ("198.51.100.7", "10.0.0.5", 21),
            &[("ftp.command", "PASS"), ("ftp.completion_code", code)],
        )
    };
    let refused = findings((1..=12).map(|number| login(number, "530")));
    let fallen = findings((1..=12).map(|number| login(number, if number == 12 { "230" } else { "530" })));
    assert_eq!((refused[0].severity, fallen[0].severity), (Severity::Medium, Severity::High));
}
