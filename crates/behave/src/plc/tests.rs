use super::*;
use crate::Behaviour;
use crate::samples::numbered;
use model::Finding;

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

fn modbus(number: u64, client: &str, function: u64, address: u64, exception: u64) -> Event {
    let mut numbers = vec![("modbus.function", function), ("modbus.address", address)];
    if exception > 0 {
        numbers.push(("modbus.exception", exception));
    }
    let mut event = numbered(number, "modbus", (client, "10.0.1.9", 502), &[], &numbers);
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.only = None;
    }
    event
}

fn dnp3(number: u64, function: u64, only: Direction) -> Event {
    let mut event =
        numbered(number, "dnp3", ("10.0.0.23", "10.0.1.9", 20_000), &[], &[("dnp3.func", function)]);
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.only = Some(only);
    }
    event
}

#[test]
fn stops_and_restarts_are_worth_a_look() {
    let stop = numbered(1, "s7comm", ("10.0.0.23", "10.0.1.9", 102), &[], &[("s7comm.function", 0x29)]);
    let [finding] = &judge(&[stop])[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T0858"));
    let [finding] = &judge(&[dnp3(1, 13, Direction::ToServer)])[..] else { panic!("one finding") };
    assert_eq!(finding.techniques, ["T0816"]);
}

#[test]
fn a_master_that_writes_all_day_is_nothing() {
    let events: Vec<_> = (1..2_000).map(|n| modbus(n, "10.0.0.23", 16, n % 10, 0)).collect();
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn a_newcomer_among_commanders_is_seen() {
    let mut events: Vec<_> = (1..1_000).map(|n| modbus(n, "10.0.0.23", 16, n % 10, 0)).collect();
    events.push(modbus(1_000, "10.0.0.77", 6, 3, 0));
    let [finding] = &judge(&events)[..] else { panic!("one finding") };
    assert_eq!((&*finding.attackers[0].to_string(), finding.techniques[0]), ("10.0.0.77", "T0855"));
    // Two masters from the beginning are a plant's custom.
    let two: Vec<_> =
        (1..1_000).map(|n| modbus(n, if n % 2 == 0 { "10.0.0.23" } else { "10.0.0.24" }, 16, 1, 0)).collect();
    assert_eq!(judge(&two).len(), 0);
}

#[test]
fn functions_tried_one_after_the_other_are_a_scan() {
    let tries: Vec<_> = (1..20).map(|n| modbus(n, "10.0.0.77", n + 60, 0, 1)).collect();
    assert_eq!(judge(&tries)[0].techniques, ["T0846"]);
    let same: Vec<_> = (1..200).map(|n| modbus(n, "10.0.0.23", 7, 0, 1)).collect();
    assert_eq!(judge(&same).len(), 0);
}

#[test]
fn requests_faster_than_answers_are_a_flood() {
    let burst = |answers: bool| {
        let events = (0..40).flat_map(|n| {
            let mut asked = dnp3(1, 3, Direction::ToServer);
            asked.moment.cause = n;
            let answer = answers.then(|| dnp3(1, 129, Direction::ToClient));
            [Some(asked), answer].into_iter().flatten()
        });
        events.collect::<Vec<_>>()
    };
    assert_eq!(judge(&burst(false))[0].techniques, ["T0814", "T0836"]);
    assert_eq!(judge(&burst(true)).len(), 0);
}
