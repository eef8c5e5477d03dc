use crate::{DecodeEvent, DecodeEvents, EVENTS_MAX};

#[test]
fn every_event_is_found_by_its_name() {
    for event in DecodeEvent::ALL {
        assert_eq!(DecodeEvent::from_name(event.name()), Some(*event));
        assert_eq!(DecodeEvent::from_name(event.full_name()), Some(*event));
    }
    assert_eq!(DecodeEvent::from_name("ipv4.nonsense"), None);
}

#[test]
fn numbers_and_order_agree() {
    for (number, event) in DecodeEvent::ALL.iter().enumerate() {
        assert_eq!(*event as usize, number);
    }
}

#[test]
fn events_keep_their_order_and_the_first_fifteen() {
    let mut events = DecodeEvents::default();
    assert!(events.is_empty());
    events.insert(DecodeEvent::VlanUnknownType);
    for _ in 0..20 {
        events.insert(DecodeEvent::Ipv4OptInvalidLen);
    }
    assert_eq!(events.as_slice().len(), EVENTS_MAX);
    assert_eq!(events.iter().next(), Some(DecodeEvent::VlanUnknownType));
    assert!(events.contains(DecodeEvent::Ipv4OptInvalidLen));
    assert!(!events.contains(DecodeEvent::Ipv4PktTooSmall));
}
