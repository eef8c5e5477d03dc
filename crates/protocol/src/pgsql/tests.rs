use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn packet(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = kind.into_iter().collect();
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn talk(chunk: usize) -> Drive<Pgsql> {
    let mut drive = Drive::stream(Pgsql::default());
    let lines: Vec<(Direction, Vec<u8>)> = vec![
        (CLIENT, packet(None, &CODE_SSL.to_be_bytes())),
        (SERVER, b"N".to_vec()),
        (CLIENT, packet(None, b"\0\x03\0\0user\0bob\0database\0d\0\0")),
        (SERVER, packet(Some(b'R'), b"\0\0\0\x05salt")),
        (CLIENT, packet(Some(b'p'), b"md5x\0")),
        (SERVER, packet(Some(b'R'), b"\0\0\0\0")),
        (SERVER, packet(Some(b'S'), b"TimeZone\0UTC\0")),
        (SERVER, packet(Some(b'K'), b"\0\0\0\x07\0\0\0\x09")),
        (SERVER, packet(Some(b'Z'), b"I")),
        (CLIENT, packet(Some(b'Q'), b"select 1\0")),
        (SERVER, packet(Some(b'T'), b"\0\x01a\0")),
        (SERVER, packet(Some(b'D'), b"\0\x02\0\0\0\x011\xff\xff\xff\xff")),
        (SERVER, packet(Some(b'D'), b"\0\x01\0\0\0\x0222")),
        (SERVER, packet(Some(b'C'), b"SELECT 2\0")),
        (SERVER, packet(Some(b'Z'), b"I")),
        (CLIENT, packet(Some(b'X'), b"")),
    ];
    for (direction, bytes) in lines {
        drive.send(direction, &bytes, chunk);
    }
    drive
}

#[test]
fn an_exchange_ends_when_the_server_is_ready() {
    expect_test::expect![[r#"
        [1, 1] [] {"pgsql":{"tx_id":1,"request":{"message":"SSL Request"},"response":{"ssl_accepted":false}}}
        [1, 1] [] {"pgsql":{"tx_id":2,"request":{"protocol_version":"3.0","startup_parameters":{"user":"bob","optional_parameters":[{"database":"d"}]}},"response":{"authentication_md5_password":"salt"}}}
        [1, 1] [] {"pgsql":{"tx_id":3,"request":{"password_redacted":true},"response":{"message":"authentication_ok","process_id":7,"secret_key":9,"parameter_status":[{"time_zone":"UTC"}]}}}
        [1, 1] [] {"pgsql":{"tx_id":4,"request":{"simple_query":"select 1"},"response":{"field_count":1,"data_rows":2,"data_size":3,"command_completed":"SELECT 2"}}}
        [1, 1] [] {"pgsql":{"tx_id":5,"request":{"message":"termination_message"}}}"#]]
    .assert_eq(&talk(1000).all(log::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(1000).all(log::write);
    for chunk in [1, 2, 3, 7] {
        assert_eq!(talk(chunk).all(log::write), whole);
    }
}

#[test]
fn tls_follows_when_the_server_agrees() {
    let mut drive = Drive::stream(Pgsql::default());
    drive.send(CLIENT, &packet(None, &CODE_SSL.to_be_bytes()), 100).send(SERVER, b"S", 1);
    assert_eq!(drive.asks.change, Some(Some("tls")));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec(
            (any::<bool>(), proptest::sample::select(b"QpdcfXRSKZENTDCGHA\0".to_vec()),
             proptest::collection::vec(any::<u8>(), 0..40)), 0..12)
    ) {
        let mut drive = Drive::stream(Pgsql::default());
        for (server, kind, body) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, &packet(Some(*kind), body), 16);
        }
        drive.all(log::write);
    }
}
