use std::net::{IpAddr, Ipv4Addr};

use json::Json;
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Config, FieldKind};

const REQUEST: &[u8] = b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\0\x04evil\x04test\0\0\x01\0\x01";
const RESPONSE: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x04evil\x04test\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\x00\x10\0\x04\x01b\xc0\x11\
    \x01b\xc0\x11\0\x01\0\x01\0\0\0\x10\0\x04\x01\x02\x03\x04";

fn endpoints(transport: u8) -> Endpoints {
    Endpoints {
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        server: IpAddr::V4(Ipv4Addr::LOCALHOST),
        client_port: 40000,
        server_port: 53,
        transport,
    }
}

fn feed(dns: &mut Dns, transport: u8, direction: Direction, data: Data<'_>) -> Fed {
    let mut asks = Asks::default();
    dns.feed(&mut Input {
        direction,
        data,
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: endpoints(transport),
        config: &Config::default(),
        asks: &mut asks,
    })
}

fn eve(dns: &Dns, index: usize) -> String {
    let mut json = Json::new();
    json.object_item();
    log::write(&dns.scope(index, Direction::ToServer), &mut json);
    json.end();
    String::from_utf8(json.bytes().to_vec()).unwrap()
}

fn list(dns: &Dns, name: &str) -> Vec<String> {
    let scope = dns.scope(0, dns.core(0).only.unwrap());
    let field = fields::FIELDS.iter().find(|field| field.name == name).unwrap();
    let FieldKind::List(get) = field.kind else { panic!("{name} is a list") };
    (0..)
        .map_while(|index| {
            let mut scratch = Vec::new();
            get(&scope, index, &mut scratch).map(|item| String::from_utf8_lossy(item).into_owned())
        })
        .collect()
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

#[test]
fn a_request_is_a_transaction_of_its_own() {
    let mut dns = Dns::new(Variant::Dns);
    feed(&mut dns, UDP, Direction::ToServer, Data::Bytes(REQUEST));
    assert_eq!(list(&dns, "dns.query"), ["evil.test"]);
    expect_test::expect![[r#"{"dns":{"version":3,"type":"request","tx_id":0,"id":4660,"flags":"120","rd":true,"opcode":0,"rcode":"NOERROR","queries":[{"rrname":"evil.test","rrtype":"A"}]}}"#]]
    .assert_eq(&eve(&dns, 0));
}

#[test]
fn a_response_lists_its_answers_and_groups_them() {
    let mut dns = Dns::new(Variant::Dns);
    feed(&mut dns, UDP, Direction::ToClient, Data::Bytes(RESPONSE));
    assert_eq!(list(&dns, "dns.answers.rrname"), ["evil.test", "b.test"]);
    assert_eq!(list(&dns, "dns.response.rrname"), ["evil.test", "b.test", "b.test", "b.test"]);
    let text = eve(&dns, 0);
    assert!(text.contains(r#""grouped":{"CNAME":["b.test"],"A":["1.2.3.4"]}"#), "{text}");
}

#[test]
fn rechunking_a_stream_changes_nothing() {
    let stream = [prefixed(REQUEST), vec![0, 0], prefixed(REQUEST)].concat();
    let mut whole = Dns::new(Variant::Dns);
    assert_eq!(feed(&mut whole, TCP, Direction::ToServer, Data::Bytes(&stream)), Fed::Used(stream.len()));
    let mut parts = Dns::new(Variant::Dns);
    let mut start = 0;
    for end in 1..=stream.len() {
        match feed(&mut parts, TCP, Direction::ToServer, Data::Bytes(&stream[start..end])) {
            Fed::Used(used) | Fed::Need { used, .. } => start += used,
            Fed::Broken => panic!("nothing is broken"),
        }
    }
    assert_eq!((whole.count(), parts.count()), (2, 2));
    assert_eq!(eve(&whole, 1), eve(&parts, 1));
}

#[test]
fn a_stream_goes_on_after_a_gap_where_a_message_begins() {
    let mut dns = Dns::new(Variant::Dns);
    feed(&mut dns, TCP, Direction::ToServer, Data::Gap(10));
    assert_eq!(feed(&mut dns, TCP, Direction::ToServer, Data::Bytes(&[0xff; 40])), Fed::Used(40));
    feed(&mut dns, TCP, Direction::ToServer, Data::Bytes(&prefixed(REQUEST)));
    assert_eq!(dns.count(), 1);
}

#[test]
fn a_pointer_to_itself_ends_the_name() {
    let mut dns = Dns::new(Variant::Dns);
    let bytes = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
    feed(&mut dns, UDP, Direction::ToServer, Data::Bytes(bytes));
    assert_eq!(dns.core(0).events.as_slice(), [INFINITE_LOOP]);
}

#[test]
fn a_long_name_is_cut_and_said_to_be() {
    let mut bytes = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0".to_vec();
    for _ in 0..30 {
        bytes.push(60);
        bytes.extend_from_slice(&[b'a'; 60]);
    }
    bytes.extend_from_slice(b"\0\0\x01\0\x01");
    let mut dns = Dns::new(Variant::Dns);
    feed(&mut dns, UDP, Direction::ToServer, Data::Bytes(&bytes));
    assert_eq!(dns.core(0).events.as_slice(), [NAME_TOO_LONG]);
    assert_eq!(list(&dns, "dns.query")[0].len(), 1025);
    assert!(eve(&dns, 0).contains(r#""rrname_truncated":true"#));
}

#[test]
fn a_broken_additional_section_is_only_an_event() {
    let mut dns = Dns::new(Variant::Dns);
    let bytes = b"\0\x01\x81\0\0\x01\0\0\0\0\0\x01\x01a\0\0\x01\0\x01\x01b\0\0\x01";
    feed(&mut dns, UDP, Direction::ToClient, Data::Bytes(bytes));
    assert_eq!(dns.core(0).events.as_slice(), [INVALID_ADDITIONALS]);
}

#[test]
fn junk_before_the_first_message_is_read_over() {
    let mut dns = Dns::new(Variant::Dns);
    assert_eq!(feed(&mut dns, UDP, Direction::ToServer, Data::Bytes(b"\xff\xff\xff")), Fed::Used(3));
    feed(&mut dns, UDP, Direction::ToServer, Data::Bytes(REQUEST));
    assert_eq!(dns.count(), 1);
}

#[test]
fn a_response_seen_first_means_that_the_sides_are_swapped() {
    let at = endpoints(UDP);
    assert_eq!(look_at_datagram(RESPONSE, Direction::ToServer, &at), ProbeAnswer::YesReversed);
    assert_eq!(look_at_datagram(REQUEST, Direction::ToServer, &at), ProbeAnswer::Yes);
    assert_eq!(look_at_stream(&prefixed(REQUEST), Direction::ToServer, &endpoints(TCP)), ProbeAnswer::Yes);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), tcp: bool) {
        let mut message = b"\0\x01\x81\x80\0\x01\0\x02\0\x01\0\x01".to_vec();
        message.extend_from_slice(&bytes);
        for bytes in [&bytes, &message] {
            for direction in Direction::BOTH {
                let mut dns = Dns::new(Variant::Dns);
                let bytes = if tcp { prefixed(bytes) } else { bytes.clone() };
                feed(&mut dns, if tcp { TCP } else { UDP }, direction, Data::Bytes(&bytes));
                for index in 0..dns.count() {
                    eve(&dns, index);
                    list(&dns, "dns.response.rrname");
                }
            }
        }
    }
}
