use std::net::{IpAddr, Ipv4Addr};

use super::*;

fn ends(transport: u8, server_port: u16) -> Endpoints {
    let at = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    Endpoints { client: at(1), server: at(2), client_port: 40000, server_port, transport }
}

fn datagram(bytes: &[u8], direction: Direction) -> Feed<'_> {
    Feed {
        direction,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: ends(17, 123),
        midstream: false,
        established: true,
    }
}

fn ntp() -> Vec<u8> {
    let mut bytes = vec![0u8; 48];
    bytes[0] = 0x23;
    bytes
}

#[test]
fn an_unknown_first_datagram_leaves_the_answer_its_chance() {
    let (mut app, config, mut asks) = (App::new(), Config::default(), Asks::default());
    app.feed_datagram(&datagram(b"what is this", Direction::ToServer), &config, &mut asks);
    assert_eq!(app.name(), "failed");
    app.feed_datagram(&datagram(&ntp(), Direction::ToClient), &config, &mut asks);
    assert_eq!(app.name(), "ntp");
    assert_eq!(app.differing_name(Direction::ToServer), "failed");
    assert_eq!(app.session().map(|session| session.count()), Some(1));
}

#[test]
fn a_known_first_datagram_names_the_flow_for_both_sides() {
    let (mut app, config, mut asks) = (App::new(), Config::default(), Asks::default());
    app.feed_datagram(&datagram(&ntp(), Direction::ToServer), &config, &mut asks);
    app.feed_datagram(&datagram(b"odd", Direction::ToClient), &config, &mut asks);
    assert_eq!((app.name(), app.differing_name(Direction::ToClient)), ("ntp", ""));
    assert!(app.events().is_empty());
}

#[test]
fn a_disabled_protocol_is_not_recognised() {
    let id = crate::find("ntp").expect("registered");
    let config = Config { disabled: vec![id], ..Config::default() };
    let (mut app, mut asks) = (App::new(), Asks::default());
    app.feed_datagram(&datagram(&ntp(), Direction::ToServer), &config, &mut asks);
    assert_eq!(app.name(), "failed");
}
