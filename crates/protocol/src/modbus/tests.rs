use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

const READ: &str = "0001 0000 0006 0a 01 0000 0001";
const READ_BACK: &str = "0001 0000 0004 0a 01 01 00";
const WRITE: &str = "0002 0000 000b 0a 10 0005 0002 04 0007 0009";
const WRITTEN: &str = "0002 0000 0006 0a 10 0005 0002";

fn talk(lines: &[(Direction, &str)], chunk: usize) -> Drive<Modbus> {
    let mut drive = Drive::stream(Modbus::default());
    for (direction, text) in lines {
        drive.send(*direction, &hex(text), chunk);
    }
    drive
}

#[test]
fn a_response_joins_its_request() {
    let drive = talk(&[(CLIENT, READ), (CLIENT, WRITE), (SERVER, WRITTEN), (SERVER, READ_BACK)], 100);
    expect_test::expect![[r#"
        [1, 1] [] {"modbus":{"id":1,"request":{"transaction_id":1,"protocol_id":0,"unit_id":10,"function_raw":1,"function_code":"RdCoils","access_type":"READ | COILS","category":"PUBLIC_ASSIGNED","error_flags":"NONE","read":{"address":0,"quantity":1}},"response":{"transaction_id":1,"protocol_id":0,"unit_id":10,"function_raw":1,"function_code":"RdCoils","access_type":"READ | COILS","category":"PUBLIC_ASSIGNED","error_flags":"NONE","read":{"data":"\u0000"}}}}
        [1, 1] [] {"modbus":{"id":2,"request":{"transaction_id":2,"protocol_id":0,"unit_id":10,"function_raw":16,"function_code":"WrMultRegs","access_type":"WRITE | HOLDING | MULTIPLE","category":"PUBLIC_ASSIGNED","error_flags":"NONE","write":{"address":5,"quantity":2,"data":"\u0000\u0007\u0000\t"}},"response":{"transaction_id":2,"protocol_id":0,"unit_id":10,"function_raw":16,"function_code":"WrMultRegs","access_type":"WRITE | HOLDING | MULTIPLE","category":"PUBLIC_ASSIGNED","error_flags":"NONE","write":{"address":5,"data":2}}}}"#]]
    .assert_eq(&drive.all(log::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let lines = [(CLIENT, READ), (CLIENT, WRITE), (SERVER, WRITTEN), (SERVER, READ_BACK)];
    let whole = talk(&lines, 100).all(log::write);
    for chunk in [1, 2, 5] {
        assert_eq!(talk(&lines, chunk).all(log::write), whole);
    }
}

#[test]
fn odd_answers_are_events() {
    let drive =
        talk(&[(SERVER, READ_BACK), (CLIENT, WRITE), (SERVER, "0002 0000 0006 0a 10 0005 0003")], 100);
    assert_eq!(drive.session.core(0).events.as_slice(), [UNSOLICITED_RESPONSE]);
    assert_eq!(drive.session.core(1).events.as_slice(), [VALUE_MISMATCH]);
}

#[test]
fn messages_that_program_a_controller_may_be_long() {
    let long = |function: &str, length: usize| {
        [hex(&format!("0003 0000 {length:04x} 0a {function}")), vec![0; length - 2]].concat()
    };
    let mut drive = Drive::stream(Modbus::default());
    drive.send(CLIENT, &long("5a", 1024), 300);
    assert!(!drive.broken);
    assert!(drive.session.core(0).events.is_empty());
    for (function, length) in [("5a", 1025), ("10", 255)] {
        let mut drive = Drive::stream(Modbus::default());
        drive.send(CLIENT, &long(function, length), 2000);
        assert!(drive.broken, "{length} bytes of function {function}");
    }
}

#[test]
fn the_keyword_asks_for_what_is_written_where() {
    let drive = talk(&[(CLIENT, WRITE)], 100);
    let scope = drive.session.scope(0, CLIENT);
    for (text, expected) in [
        ("function 16", true),
        ("function 16, subfunction 1", false),
        ("function assigned", true),
        ("function !assigned", false),
        ("access write holding, address 6, value 9", true),
        ("access write holding, address 6, value 7", false),
        ("access write, address 5<>9, value >8", true),
        ("access read", false),
        ("unit >9, access write", true),
        ("unit <10", false),
    ] {
        let wanted = keyword::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(wanted.holds(&scope), expected, "{text}");
    }
    for text in ["", "function 0", "access write discretes", "access read, address 1, value 2", "unit x"] {
        assert!(keyword::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_flood_of_requests_ends_parsing() {
    let mut drive = Drive::stream(Modbus::default());
    for _ in 0..=REQUESTS_MAX {
        drive.send(CLIENT, &hex(READ), 100);
    }
    assert!(drive.broken);
    assert_eq!(drive.session.core(REQUESTS_MAX).events.as_slice(), [FLOODED]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), 0u8..48, proptest::collection::vec(any::<u8>(), 0..20)), 0..8)
    ) {
        let mut drive = Drive::stream(Modbus::default());
        for (server, function, body) in &talk {
            let mut bytes = vec![0, 1, 0, 0, 0, body.len() as u8 + 2, 1, *function];
            bytes.extend_from_slice(body);
            drive.send(if *server { SERVER } else { CLIENT }, &bytes, 16);
        }
        drive.all(log::write);
        for index in 0..drive.session.count() {
            for text in ["access write, address >0, value >0", "access read, address <9"] {
                keyword::parse(text).unwrap().holds(&drive.session.scope(index, CLIENT));
            }
        }
    }
}

#[test]
fn who_tries_all_functions_begins_with_none_and_is_read() {
    let at = std::net::IpAddr::from([192, 0, 2, 1]);
    let ends =
        crate::Endpoints { client: at, server: at, client_port: 40_000, server_port: 502, transport: 6 };
    let look = |bytes: &[u8]| (PROTOCOL.probes[0].look)(bytes, CLIENT, &ends);
    let tried = [0, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0];
    assert_eq!(look(&tried), ProbeAnswer::Yes);
    assert_eq!(look(&tried[..11]), ProbeAnswer::No, "the length does not fit");
    assert_eq!(
        look(&[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0]),
        ProbeAnswer::Yes,
        "the rest of a known function may follow"
    );
}
