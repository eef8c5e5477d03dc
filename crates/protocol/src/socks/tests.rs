use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn talk(lines: &[(Direction, &str)], chunk: usize) -> Drive<Socks> {
    let mut drive = Drive::stream(Socks::default());
    for (direction, text) in lines {
        if drive.asks.change.is_none() {
            drive.send(*direction, &hex(text), chunk);
        }
    }
    drive
}

/// A name and a password, then a connection to `a.test`, port 443.
const FIVE: &[(Direction, &str)] = &[
    (CLIENT, "05 02 00 02"),
    (SERVER, "05 02"),
    (CLIENT, "01 03 626f62 04 70617373"),
    (SERVER, "01 00"),
    (CLIENT, "05 01 00 03 06 612e74657374 01bb"),
    (SERVER, "05 00 00 01 c0000209 1f90"),
];

#[test]
fn a_connection_through_the_proxy_is_recognised_anew() {
    let drive = talk(FIVE, 100);
    expect_test::expect![[r#"[1, 1] [] {"socks":{"version":5,"methods":["none","password"],"method":"password","user":"bob","password":"***","authentication":"success","command":"connect","host":"a.test","port":443,"reply":"succeeded","reply_code":0,"bound":"192.0.2.9"}}"#]]
        .assert_eq(&drive.all(fields::write).join("\n"));
    assert_eq!((drive.asks.change, drive.asks.change_port), (Some(None), 443));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(FIVE, 100).all(fields::write);
    for chunk in [1, 3] {
        assert_eq!(talk(FIVE, chunk).all(fields::write), whole);
    }
}

#[test]
fn a_name_is_asked_for_with_version_4a() {
    let drive =
        talk(&[(CLIENT, "04 01 0050 00000001 6d6500 612e7465737400"), (SERVER, "00 5b 0000 00000000")], 100);
    expect_test::expect![[r#"[1, 1] [] {"socks":{"version":4,"user":"me","command":"connect","host":"a.test","port":80,"reply":"rejected","reply_code":91}}"#]]
        .assert_eq(&drive.all(fields::write).join("\n"));
    assert!(drive.asks.change.is_none() && drive.asks.stop, "a refused connection carries nothing");
}

#[test]
fn a_wrong_password_ends_it() {
    let drive = talk(&[FIVE[0], FIVE[1], FIVE[2], (SERVER, "01 01")], 100);
    let record = drive.record(0, CLIENT, fields::write);
    assert!(record.contains(r#""authentication":"failure""#) && drive.asks.stop, "{record}");
}

#[test]
fn only_whole_greetings_are_recognised_on_any_port() {
    for (text, expected) in [
        ("05 01 00", true),
        ("05 02 00 02", true),
        ("05 00", false),
        ("05 01 00 05", false),
        ("05 00 0b 03 10 00 00 00", false),
        ("05 01 20", false),
    ] {
        assert_eq!(message::greets(&hex(text)), expected, "{text}");
    }
    for (text, expected) in [
        ("04 01 0050 c0000201 00", true),
        ("04 01 0050 00000001 00 612e7465737400", true),
        ("04 01 0000 c0000201 00", false),
        ("04 03 0050 c0000201 00", false),
        ("04 01 0050 c0000201 0100", false),
        ("04 00 0050 c0000201 00", false),
    ] {
        assert_eq!(message::asks_4(&hex(text)), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..8)
    ) {
        let mut drive = Drive::stream(Socks::default());
        for (server, good, body) in &talk {
            if drive.asks.change.is_some() || drive.asks.stop {
                break;
            }
            let mut bytes = if *good { vec![5, 1, 0] } else { Vec::new() };
            bytes.extend_from_slice(body);
            drive.send(if *server { SERVER } else { CLIENT }, &bytes, 16);
        }
        drive.all(fields::write);
    }
}
