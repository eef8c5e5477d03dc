use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn packet(sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes[3] = sequence;
    bytes.extend_from_slice(body);
    bytes
}

fn greeting() -> Vec<u8> {
    let rest = hex(
        "07000000 6162636465666768 00 fff7 ff 0200 7f80 15 00000000000000000000 414243444546474849404142 00",
    );
    packet(0, &[&[10][..], b"8.0.30\0", &rest, b"mysql_native_password\0"].concat())
}

fn login(capabilities: u32, name: &[u8]) -> Vec<u8> {
    let head = [&capabilities.to_le_bytes()[..], &[0, 0, 0, 1, 33], &[0; 23]].concat();
    packet(1, &[&head[..], name].concat())
}

const PLAIN: u32 = capability::PROTOCOL_41 | capability::SECURE_CONNECTION | capability::CONNECT_WITH_DB;

fn lines() -> Vec<(Direction, Vec<u8>)> {
    let column = b"\x03def\0\0\0\x01a\0\x0c\x3f\0\x01\0\0\0\x08\0\0\0\0\0";
    vec![
        (SERVER, greeting()),
        (CLIENT, login(PLAIN, b"root\0\x04ABCDshop\0")),
        (SERVER, packet(2, &hex("00 00 00 0200 0000"))),
        (CLIENT, packet(0, b"\x03SELECT a FROM t")),
        (SERVER, [packet(1, &[1]), packet(2, column), packet(3, &hex("fe 0000 0200"))].concat()),
        (SERVER, [packet(4, b"\x0215"), packet(5, b"\x0216"), packet(6, &hex("fe 0000 0200"))].concat()),
        (CLIENT, packet(0, b"\x03ALTER USER x IDENTIFIED BY 'top\\'secret', 'y'")),
        (SERVER, packet(1, b"\xff\x19\x04#42000denied")),
        (CLIENT, packet(0, b"\x01")),
    ]
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<MySql> {
    let mut drive = Drive::stream(MySql::default());
    for (direction, bytes) in lines {
        drive.send(*direction, bytes, chunk);
    }
    drive
}

#[test]
fn login_queries_and_results_are_told_without_secrets() {
    let drive = talk(&lines(), 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"mysql":{"version":"8.0.30","connection_id":7,"tls":false,"user":"root","database":"shop","status":"ok","affected_rows":0}}
        [1, 1] [] {"mysql":{"command":"query","query":"SELECT a FROM t","status":"ok","columns":1,"rows":2}}
        [1, 1] [] {"mysql":{"command":"query","query":"ALTER USER x IDENTIFIED BY '***', 'y'","status":"error","error_code":1049,"error_message":"denied"}}
        [1, 1] [] {"mysql":{"command":"quit"}}"#]]
    .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&lines(), 4096).all(fields::write);
    for chunk in [1, 3, 40] {
        assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
    }
}

#[test]
fn a_login_may_go_over_to_tls() {
    let drive = talk(&[(SERVER, greeting()), (CLIENT, login(PLAIN | capability::SSL, b""))], 4096);
    assert_eq!(drive.asks.change, Some(Some("tls")));
}

#[test]
fn attributes_before_a_query_are_read_over() {
    // Two attributes: a number and a text.
    let attributes = hex("02 01 00 01 0300 01 61 fe00 01 62 07000000 02 6869");
    let text = [&attributes[..], b"SELECT 1"].concat();
    assert_eq!(query::text(&text, capability::QUERY_ATTRIBUTES), b"SELECT 1");
    assert_eq!(query::text(b"\0\x01SELECT 2", capability::QUERY_ATTRIBUTES), b"SELECT 2");
    assert_eq!(query::text(b"SELECT 3", 0), b"SELECT 3");
}

#[test]
fn passwords_inside_queries_are_masked() {
    for (text, expected) in [
        ("SET PASSWORD = 'a b'", "SET PASSWORD = '***'"),
        ("set password for x = password(\"p\"), y = 'z'", "set password for x = password(\"***\"), y = 'z'"),
        ("CREATE USER u IDENTIFIED WITH p BY 'open", "CREATE USER u IDENTIFIED WITH p BY '***"),
        ("SELECT 'a'", "SELECT 'a'"),
    ] {
        assert_eq!(String::from_utf8_lossy(&query::kept(text.as_bytes())), expected);
    }
}

#[test]
fn a_server_that_asks_for_a_file_is_told() {
    let mut lines = lines()[..3].to_vec();
    lines.push((CLIENT, packet(0, b"\x03LOAD DATA LOCAL INFILE 'x' INTO TABLE t")));
    lines.push((SERVER, packet(1, b"\xfb/etc/passwd")));
    lines.push((CLIENT, [packet(2, b"root:x"), packet(3, b"")].concat()));
    lines.push((SERVER, packet(4, &hex("00 01 00 0200 0000"))));
    let record = talk(&lines, 4096).record(1, CLIENT, fields::write);
    assert!(record.ends_with(r#""status":"ok","affected_rows":1,"local_file":"/etc/passwd"}}"#), "{record}");
}

#[test]
fn only_a_whole_greeting_is_recognised() {
    let confirm = PROTOCOL.patterns[0].confirm.expect("the pattern is confirmed");
    assert_eq!(confirm(&greeting()), ProbeAnswer::Yes);
    assert_eq!(confirm(&packet(0, b"\x0ahello\0 and more than enough to fill it")), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        logged_in in any::<bool>(),
        talk in proptest::collection::vec((any::<bool>(), 0u8..3, proptest::collection::vec(any::<u8>(), 0..50)), 0..12)
    ) {
        let mut drive = Drive::stream(MySql::default());
        for (direction, bytes) in &lines()[..if logged_in { 3 } else { 0 }] {
            drive.send(*direction, bytes, 4096);
        }
        for (server, sequence, body) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, &packet(*sequence, body), 16);
        }
        for (_, _, body) in &talk {
            drive.send(SERVER, body, 16);
            query::text(body, capability::QUERY_ATTRIBUTES);
        }
        drive.all(fields::write);
    }
}
