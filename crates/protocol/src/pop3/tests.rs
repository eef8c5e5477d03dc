use std::net::{IpAddr, Ipv4Addr};

use json::Json;
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Config, Endpoints};

fn feed(pop3: &mut Pop3, direction: Direction, bytes: &[u8]) -> usize {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let fed = pop3.feed(&mut Input {
        direction,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints { client: at, server: at, client_port: 40000, server_port: 110, transport: 6 },
        config: &Config::default(),
        asks: &mut Asks::default(),
    });
    if let Fed::Used(used) = fed { used } else { bytes.len() }
}

fn talk(lines: &[(char, &str)], step: usize) -> Pop3 {
    let mut pop3 = Pop3::default();
    let mut kept: [Vec<u8>; 2] = Default::default();
    for (who, text) in lines {
        let direction = if *who == 'C' { Direction::ToServer } else { Direction::ToClient };
        let kept = &mut kept[direction.index()];
        for part in text.as_bytes().chunks(step) {
            kept.extend_from_slice(part);
            let used = feed(&mut pop3, direction, kept);
            kept.drain(..used);
        }
    }
    pop3
}

fn eve(pop3: &Pop3) -> String {
    (0..pop3.count())
        .map(|index| {
            let mut json = Json::new();
            json.object_item();
            log::write(&pop3.scope(index, Direction::ToServer), &mut json);
            json.end();
            String::from_utf8(json.bytes().to_vec()).unwrap() + "\n"
        })
        .collect()
}

const SESSION: &[(char, &str)] = &[
    ('S', "+OK hi\r\n"),
    ('C', "user bob\r\nPASS secret word\r\n"),
    ('S', "+OK \r\n-ERR no\r\n"),
    ('C', "LIST\r\n"),
    ('S', "+OK 2\r\n1 5\r\n2 6\r\n.\r\n"),
    ('C', "LIST 1\r\nFOO\r\n"),
    ('S', "+OK 1 5\r\n-ERR\r\n"),
];

#[test]
fn a_command_and_its_response_are_a_transaction() {
    let pop3 = talk(SESSION, usize::MAX);
    expect_test::expect![[r#"
        {"pop3":{"request":{"command":"USER","args":["bob"]},"response":{"success":true,"status":"OK","header":"","data":[]}}}
        {"pop3":{"request":{"command":"PASS","args":["***","***"]},"response":{"success":false,"status":"ERR","header":"no","data":[]}}}
        {"pop3":{"request":{"command":"LIST","args":[]},"response":{"success":true,"status":"OK","header":"2","data":["1 5","2 6"]}}}
        {"pop3":{"request":{"command":"LIST","args":["1"]},"response":{"success":true,"status":"OK","header":"1 5","data":[]}}}
        {"pop3":{"request":{"command":"FOO","args":[]},"response":{"success":false,"status":"ERR","header":"","data":[]}}}
    "#]]
    .assert_eq(&eve(&pop3));
    assert_eq!(pop3.core(4).events.as_slice(), [UNKNOWN_COMMAND]);
}

#[test]
fn rechunking_changes_nothing() {
    let whole = eve(&talk(SESSION, usize::MAX));
    assert_eq!(whole, eve(&talk(SESSION, 1)));
    assert_eq!(whole, eve(&talk(SESSION, 3)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..12)
    ) {
        let mut pop3 = Pop3::default();
        for (server, bytes) in &talk {
            feed(&mut pop3, if *server { Direction::ToClient } else { Direction::ToServer }, bytes);
        }
        eve(&pop3);
    }
}
