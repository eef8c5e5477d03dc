use std::net::{IpAddr, Ipv4Addr};

use json::Json;
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Config, Endpoints};

const INVITE: &[u8] =
    b"INVITE sip:a@b SIP/2.0\r\nf: <sip:c@d>\r\nTo: x\r\n y\r\nContent-Type: application/sdp\r\n\
    Content-Length: 17\r\n\r\nv=0\r\no=o\r\ns=s\r\n\r\n";

fn feed(sip: &mut Sip, transport: u8, direction: Direction, bytes: &[u8]) -> (Fed, Vec<Frame>) {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut asks = Asks::default();
    let fed = sip.feed(&mut Input {
        direction,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints { client: at, server: at, client_port: 5060, server_port: 5060, transport },
        config: &Config::default(),
        asks: &mut asks,
    });
    (fed, asks.frames)
}

fn eve(sip: &Sip, index: usize) -> String {
    let mut json = Json::new();
    json.object_item();
    log::write(&sip.scope(index, Direction::ToServer), &mut json);
    json.end();
    String::from_utf8(json.bytes().to_vec()).unwrap()
}

#[test]
fn a_datagram_is_a_message_with_its_description() {
    let mut sip = Sip::default();
    let (_, frames) = feed(&mut sip, UDP, Direction::ToServer, INVITE);
    expect_test::expect![[r#"{"sip":{"method":"INVITE","uri":"sip:a@b","version":"SIP/2.0","request_line":"INVITE sip:a@b SIP/2.0","sdp":{"version":0,"origin":"o","session_name":"s"}}}"#]]
    .assert_eq(&eve(&sip, 0));
    let kinds: Vec<_> = frames.iter().map(|frame| (frame.kind, frame.offset, frame.len.unwrap())).collect();
    assert_eq!(
        kinds,
        [("pdu", 0, 119), ("request.line", 0, 24), ("request.headers", 24, 76), ("request.body", 102, 17)]
    );
    let message = &sip.transactions.get(0).unwrap().body;
    assert_eq!(message.values(b"from", b'f').next().unwrap(), b"<sip:c@d>");
    assert_eq!(message.values(b"to", b't').next().unwrap(), b"x y");
}

#[test]
fn rechunking_a_stream_changes_nothing() {
    let stream = [INVITE, b"\r\n\r\n", b"ACK sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n", INVITE].concat();
    let mut whole = Sip::default();
    feed(&mut whole, TCP, Direction::ToServer, &stream);
    let mut parts = Sip::default();
    let mut start = 0;
    for end in 1..=stream.len() {
        match feed(&mut parts, TCP, Direction::ToServer, &stream[start..end]).0 {
            Fed::Used(used) | Fed::Need { used, .. } => start += used,
            Fed::Broken => panic!("nothing is broken"),
        }
    }
    assert_eq!((whole.count(), parts.count()), (3, 3));
    for index in 0..3 {
        assert_eq!(eve(&whole, index), eve(&parts, index));
    }
}

#[test]
fn other_protocols_with_the_same_methods_are_told_apart() {
    assert_eq!(confirm(b"NOTIFY * HTTP/1.1\r\n"), ProbeAnswer::No);
    assert_eq!(confirm(b"NOTIFY sip:a SIP/2.0\r\n"), ProbeAnswer::Yes);
    assert_eq!(confirm(b"NOTIFY sip:a"), ProbeAnswer::More);
}

#[test]
fn a_request_from_the_server_is_no_message() {
    let mut sip = Sip::default();
    assert_eq!(feed(&mut sip, UDP, Direction::ToClient, INVITE).0, Fed::Used(INVITE.len()));
    assert_eq!(sip.count(), 0);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), tcp: bool) {
        for start in [b"".as_slice(), b"INVITE a SIP/2.0\r\n", b"SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"] {
            let mut sip = Sip::default();
            let bytes = [start, &bytes].concat();
            feed(&mut sip, if tcp { TCP } else { UDP }, Direction::ToServer, &bytes);
            (0..sip.count()).for_each(|index| drop(eve(&sip, index)));
        }
    }
}
