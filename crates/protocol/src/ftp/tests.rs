use std::net::Ipv4Addr;

use json::Json;
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Config, Endpoints};

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn feed(ftp: &mut Ftp, direction: Direction, bytes: &[u8], config: &Config, asks: &mut Asks) -> Fed {
    ftp.feed(&mut Input {
        direction,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints {
            client: CLIENT,
            server: SERVER,
            client_port: 40000,
            server_port: 21,
            transport: 6,
        },
        config,
        asks,
    })
}

fn talk(lines: &[(char, &str)], step: usize) -> (Ftp, Asks) {
    let (mut ftp, mut asks) = (Ftp::default(), Asks::default());
    let mut kept: [Vec<u8>; 2] = Default::default();
    for (who, text) in lines {
        let direction = if *who == 'C' { Direction::ToServer } else { Direction::ToClient };
        let kept = &mut kept[direction.index()];
        for part in text.as_bytes().chunks(step) {
            kept.extend_from_slice(part);
            let Fed::Used(used) = feed(&mut ftp, direction, kept, &Config::default(), &mut asks) else {
                break;
            };
            kept.drain(..used);
        }
    }
    (ftp, asks)
}

fn eve(ftp: &Ftp) -> Vec<String> {
    (0..ftp.count())
        .map(|index| {
            let mut json = Json::new();
            json.object_item();
            log::write(&ftp.scope(index, Direction::ToServer), &mut json);
            json.end();
            String::from_utf8(json.bytes().to_vec()).unwrap()
        })
        .collect()
}

const SESSION: &[(char, &str)] = &[
    ('S', "220-hello\r\n you\r\n220 there\r\n"),
    ('C', "user bob\r\n"),
    ('S', "331 password\r\n"),
    ('C', "PASS secret\r\n"),
    ('S', "230 in\r\n"),
    ('C', "PORT 192,0,2,1,174,127\r\n"),
    ('S', "200 ok\r\n"),
    ('C', "RETR a.txt\r\n"),
    ('S', "150 here\r\n226 done\r\n"),
    ('C', "PASV\r\n"),
    ('S', "227 Entering Passive Mode (192,0,2,9,1,2).\r\n"),
    ('C', "STOR b.txt\r\n"),
];

#[test]
fn a_command_and_its_replies_are_a_transaction() {
    let (ftp, _) = talk(SESSION, usize::MAX);
    let records = eve(&ftp);
    expect_test::expect![[r#"
        {"ftp":{"completion_code":["220","220"],"reply":["hello"," you","there"],"reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"USER","command_data":"bob","command_truncated":false,"completion_code":["331"],"reply":["password"],"reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"PASS","command_data":"***","command_truncated":false,"completion_code":["230"],"reply":["in"],"reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"PORT","command_data":"192,0,2,1,174,127","command_truncated":false,"completion_code":["200"],"reply":["ok"],"dynamic_port":44671,"mode":"active","reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"RETR","command_data":"a.txt","command_truncated":false,"completion_code":["150","226"],"reply":["here","done"],"reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"PASV","completion_code":["227"],"reply":["Entering Passive Mode (192,0,2,9,1,2)."],"dynamic_port":258,"mode":"passive","reply_received":"yes","reply_truncated":false}}
        {"ftp":{"command":"STOR","command_data":"b.txt","command_truncated":false,"reply_received":"no","reply_truncated":false}}"#]]
    .assert_eq(&records.join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = eve(&talk(SESSION, usize::MAX).0);
    for step in [1, 3] {
        assert_eq!(whole, eve(&talk(SESSION, step).0));
    }
}

#[test]
fn a_file_command_announces_its_data_connection() {
    let (_, asks) = talk(SESSION, usize::MAX);
    let flows: Vec<_> = asks
        .expect
        .iter()
        .map(|expected| (expected.client, expected.server_port, expected.direction, expected.note.as_slice()))
        .collect();
    assert_eq!(
        flows,
        [
            (SERVER, 44671, Direction::ToServer, b"\x04a.txt".as_slice()),
            (CLIENT, 258, Direction::ToServer, b"\x06b.txt".as_slice())
        ]
    );
}

#[test]
fn ports_are_read_in_all_notations() {
    assert_eq!(port::port(b"1,2,3,4,0,80").unwrap(), (Ipv4Addr::new(1, 2, 3, 4), 80));
    assert_eq!(port::port(b"1,2,3,4,0,0"), None);
    assert_eq!(port::eprt(b"|2|::1|5282|"), Some(5282));
    assert_eq!(port::pasv(b"227 go 1,2,3,4,1,1"), Some(257));
    assert_eq!(port::epsv(b"229 Entering (|||6446|)"), Some(6446));
}

#[test]
fn too_many_open_commands_end_parsing() {
    let (mut ftp, mut asks) = (Ftp::default(), Asks::default());
    let config = Config { settings: vec![("ftp.max_tx".into(), "1".into())], ..Config::default() };
    assert_eq!(feed(&mut ftp, Direction::ToServer, b"PWD\r\nPWD\r\n", &config, &mut asks), Fed::Broken);
    assert_eq!(ftp.core(0).events.as_slice(), [TOO_MANY_TRANSACTIONS]);
}

#[test]
fn a_long_command_is_cut() {
    let line = format!("RETR {}\r\n", "x".repeat(5000));
    let (ftp, _) = talk(&[('C', &line), ('C', "RETR y\r\n")], 700);
    assert_eq!((ftp.count(), ftp.core(0).events.as_slice()), (2, [REQUEST_TOO_LONG].as_slice()));
    let exchange = &ftp.transactions.get(0).unwrap().body;
    assert_eq!((exchange.argument().unwrap().len(), exchange.request_truncated), (4091, true));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..12)
    ) {
        let mut ftp = Ftp::default();
        for (server, bytes) in &talk {
            let direction = if *server { Direction::ToClient } else { Direction::ToServer };
            feed(&mut ftp, direction, bytes, &Config::default(), &mut Asks::default());
        }
        eve(&ftp);
    }
}
