use model::{CardNumber, PacketId};

use super::*;
use crate::Behaviour;
use crate::samples::{file, flow};

fn judge(events: impl IntoIterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.into_iter().for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "card_leak").collect()
}

/// Numbers `keys`, and so many that fail the check digit.
fn seen(keys: std::ops::Range<u64>, failed: u32) -> Option<Box<CardsSeen>> {
    let number = |key: u64| CardNumber {
        key,
        prefix: 400_000 + (key % 3) as u32,
        suffix: (key % 10_000) as u16,
        grouped: false,
        time: Time::from_secs(10 + key),
        packet: PacketId(1 + key),
    };
    Some(Box::new(CardsSeen { numbers: keys.map(number).collect(), failed, ..CardsSeen::default() }))
}

fn leak(ends: (&str, &str), cards: Option<Box<CardsSeen>>) -> Event {
    let mut event = flow(20, ends.0, ends.1, 80, [9_000, 300]);
    if let EventKind::Flow(flow) = &mut event.kind {
        flow.cards = cards;
    }
    event
}

#[test]
fn numbers_that_leave_are_counted_once_and_shown_masked() {
    let mut upload = file(21, ("10.0.0.7", "203.0.113.88", 80), Direction::ToServer, b"");
    if let EventKind::File(file) = &mut upload.kind {
        file.cards = seen(10..40, 0);
    }
    let found = judge([leak(("10.0.0.7", "203.0.113.88"), seen(0..30, 12)), upload]);
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(finding.title, "10.0.0.7 sent 40 payment card numbers in the clear to 203.0.113.88 port 80");
    assert_eq!((finding.count, finding.severity), (40, Severity::High));
    assert!(finding.evidence[0].excerpt.contains("400000…0000, 400001…0001"), "{finding:?}");
}

#[test]
fn what_an_outsider_takes_from_a_server_of_ours_leaves_too() {
    let found = judge([leak(("203.0.113.88", "10.0.0.7"), seen(0..30, 0))]);
    assert!(found[0].title.starts_with("10.0.0.7 sent 30 payment card numbers"), "{found:?}");
}

#[test]
fn long_numbers_of_another_kind_and_neighbours_are_none() {
    // One in ten passes the check.
    assert_eq!(judge([leak(("10.0.0.7", "203.0.113.88"), seen(0..30, 270))]).len(), 0);
    assert_eq!(judge([leak(("10.0.0.7", "10.0.0.8"), seen(0..30, 0))]).len(), 0);
    assert_eq!(judge([leak(("10.0.0.7", "203.0.113.88"), seen(0..1, 0))]).len(), 0);
}
