use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};
use crate::{FieldKind, Scope};

const CONNECT: &str = "03000016 11e00000000100 c0010a c1020100 c2020102";
const CONFIRM: &str = "03000016 11d00001000200 c0010a c1020100 c2020102";
/// What asks for a remote desktop.
const DESKTOP: &str = "03000013 0ee00000000000 0100080003000000";

/// A data unit in a TPKT of its own.
fn unit_of(content: &str) -> Vec<u8> {
    let content = hex(content);
    let mut bytes = vec![3, 0];
    bytes.extend(((content.len() + 7) as u16).to_be_bytes());
    bytes.extend([2, 0xf0, 0x80]);
    bytes.extend(content);
    bytes
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<Iso> {
    let mut drive = Drive::stream(Iso::default());
    for (direction, bytes) in lines {
        drive.send(*direction, bytes, chunk);
    }
    drive
}

fn records(drive: &Drive<Iso>) -> String {
    let write = |scope: &Scope<'_>, json: &mut json::Json| {
        log::s7comm(scope, json)
            || log::s7comm_plus(scope, json)
            || log::mms(scope, json)
            || log::connection(scope, json)
    };
    drive.all(write).join("\n")
}

/// A write of two values into data block 1, its answer, and the stop of the controller.
fn s7() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (CLIENT, hex(CONNECT)),
        (SERVER, hex(CONFIRM)),
        (
            CLIENT,
            unit_of(
                "32010000 0005 001a 000b 05 02 120a10020001000184000050 120a1001000100008300000a
                 0004 0008 aa 00 00 030001 01",
            ),
        ),
        (SERVER, unit_of("32030000 0005 0002 0002 0000 05 02 ff 0a")),
        (CLIENT, unit_of("32010000 0006 0010 0000 29 0000000000 09 505f50524f4752414d")),
        (SERVER, unit_of("32030000 0006 0001 0000 8104 29")),
    ]
}

#[test]
fn writes_say_what_goes_where_and_a_stop_is_a_stop() {
    let drive = talk(&s7(), 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"cotp":{"calling_tsap":"0100","called_tsap":"0102","tpdu_size":1024,"status":"confirmed"}}
        [1, 1] [] {"s7comm":{"pdu_reference":5,"function":"write_variable","request":{"rosctr":"job","items":[{"area":"data_block","db":1,"address":10,"bit":0,"type":"byte","count":1,"value":"aa"},{"area":"flags","address":1,"bit":2,"type":"bit","count":1,"value":"01"}],"data_length":11},"response":{"rosctr":"ack_data","error_class":0,"error_code":0,"return_codes":["success","object_does_not_exist"],"data_length":2}}}
        [1, 1] [] {"s7comm":{"pdu_reference":6,"function":"plc_stop","request":{"rosctr":"job","service":"P_PROGRAM"},"response":{"rosctr":"ack_data","error_class":129,"error_code":4}}}"#]]
    .assert_eq(&records(&drive));
    assert_eq!(drive.asks.rename, Some("s7comm"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = records(&talk(&s7(), 4096));
    for chunk in [1, 2, 9] {
        assert_eq!(records(&talk(&s7(), chunk)), whole);
    }
}

#[test]
fn rules_see_area_block_and_address_of_what_is_asked() {
    let drive = talk(&s7(), 4096);
    let scope = drive.session.scope(1, CLIENT);
    let value = |name: &str, index: usize| {
        let field = fields::S7COMM.iter().find(|field| field.name == name).expect("the field exists");
        match field.kind {
            FieldKind::Number { get, .. } => get(&scope),
            FieldKind::Numbers { get, .. } => get(&scope, index),
            _ => None,
        }
    };
    assert_eq!(value("s7comm.function", 0), Some(5));
    assert_eq!([0, 1, 2].map(|at| value("s7comm.area", at)), [Some(0x84), Some(0x83), None]);
    assert_eq!([0, 1].map(|at| value("s7comm.db", at)), [Some(1), Some(0)]);
    assert_eq!([0, 1].map(|at| value("s7comm.address", at)), [Some(10), Some(1)]);
}

#[test]
fn the_controller_asks_for_blocks_that_are_downloaded() {
    let lines = [
        (
            CLIENT,
            unit_of(
                "32010000 0007 0020 0000 1a 00 0000 00000000 09 5f30413030303031 50 0d 31303030303030303030303030",
            ),
        ),
        (SERVER, unit_of("32010000 0100 0012 0000 1b 00 0000 00000000 09 5f3041303030303150")),
        (CLIENT, unit_of("32030000 0100 0002 0006 0000 1b 00 000200fb abcd")),
    ];
    let drive = talk(&lines, 4096);
    expect_test::expect![[r#"
        [1, 0] [] {"s7comm":{"pdu_reference":7,"function":"request_download","request":{"rosctr":"job","block":{"type":"DB","number":1,"filename":"_0A00001P"}}}}
        [1, 1] [] {"s7comm":{"pdu_reference":256,"function":"download_block","request":{"rosctr":"job","block":{"type":"DB","number":1,"filename":"_0A00001P"}},"response":{"rosctr":"ack_data","error_class":0,"error_code":0,"data_length":6}}}"#]]
    .assert_eq(&records(&drive));
}

#[test]
fn a_password_is_masked_and_a_state_list_named() {
    let lines = [
        (CLIENT, unit_of("32070000 0008 0008 000c 000112 04 11 45 01 00 ff090008 7071727374757677")),
        (CLIENT, unit_of("32070000 0009 0008 0008 000112 04 11 44 01 00 ff090004 001c0000")),
    ];
    let text = records(&talk(&lines, 4096));
    assert!(text.contains(r#""function":"password""#) && text.contains(r#""password":"***""#), "{text}");
    assert!(text.contains(r#""subfunction":"read_szl","szl_id":"0x001c","szl_index":0"#), "{text}");
}

#[test]
fn the_newer_protocol_tells_function_and_session() {
    let lines = [
        (CLIENT, unit_of("7201 0014 31 0000 054c 0000 0003 0000 0150 34 000000000000 7201 0000")),
        (SERVER, unit_of("7201 0010 32 0000 054c 0000 0003 34 000000000000 7201 0000")),
    ];
    let drive = talk(&lines, 4096);
    expect_test::expect![[r#"[1, 1] [] {"s7comm_plus":{"version":1,"operation":"request","function":"get_multiple_variables","sequence":3,"session_id":"0x00000150","integrity":false,"answered":true}}"#]]
        .assert_eq(&records(&drive));
}

#[test]
fn services_of_mms_tell_what_they_name() {
    // A read of one variable of a domain, and its answer.
    let read = "01000100 612b 3029 020103 a024 a022 020105 a41d a11b a019 3017 a015 a113
                1a08 4c4c4e3024535424 1a07 4d6f6424737456";
    let lines = [
        (CLIENT, unit_of(read)),
        (SERVER, unit_of("01000100 6113 3011 020103 a00c a10a 020105 a405 a103 830100")),
    ];
    let drive = talk(&lines, 4096);
    expect_test::expect![[r#"[1, 1] [] {"mms":{"pdu":"confirmed_request","service":"read","invoke_id":5,"request":{"pdu":"confirmed_request","names":["LLN0$ST$/Mod$stV"]},"response":{"pdu":"confirmed_response"}}}"#]]
        .assert_eq(&records(&drive));
    assert_eq!(drive.asks.rename, Some("mms"));
}

#[test]
fn small_devices_leave_layers_out() {
    let stop = "a0 0d 020101 bf29 07 80 05 4150505f31";
    let drive = talk(&[(CLIENT, unit_of(stop)), (SERVER, unit_of("a1 06 020101 bf29 00"))], 4096);
    let text = records(&drive);
    assert!(
        text.contains(r#""service":"stop","invoke_id":1"#) && text.contains(r#""names":["APP_1"]"#),
        "{text}"
    );
}

#[test]
fn data_units_in_pieces_are_put_together() {
    let whole = hex("32010000 0006 0010 0000 29 0000000000 09 505f50524f4752414d");
    let (first, second) = whole.split_at(9);
    let mut bytes = Vec::new();
    for (piece, last) in [(first, 0), (second, 0x80)] {
        bytes.extend([3, 0, 0, piece.len() as u8 + 7, 2, 0xf0, last]);
        bytes.extend_from_slice(piece);
    }
    let drive = talk(&[(CLIENT, bytes)], 4096);
    assert!(records(&drive).contains("plc_stop"));
}

#[test]
fn lost_bytes_are_an_event_and_the_next_message_is_found() {
    let mut bytes = b"lost".to_vec();
    bytes.extend(unit_of("32010000 0006 0010 0000 29 0000000000 09 505f50524f4752414d"));
    let drive = talk(&[(CLIENT, bytes)], 4096);
    assert_eq!(drive.session.core(0).events.as_slice(), [MALFORMED_DATA]);
    assert!(records(&drive).contains("plc_stop"));
}

#[test]
fn a_remote_desktop_is_not_taken_for_it() {
    assert_eq!(confirm_connection(&hex(CONNECT), tpdu::CONNECT), ProbeAnswer::Yes);
    assert_eq!(confirm_connection(&hex(CONNECT)[..10], tpdu::CONNECT), ProbeAnswer::More);
    assert_eq!(confirm_connection(&hex(DESKTOP), tpdu::CONNECT), ProbeAnswer::No);
    let cookie =
        [&hex("0300002b 26e00000000000")[..], b"Cookie: mstshash=eltons\r\n\x01\0\x08\0\0\0\0\0"].concat();
    assert_eq!(confirm_connection(&cookie, tpdu::CONNECT), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec(
            (any::<bool>(), 0usize..4, proptest::collection::vec(any::<u8>(), 0..60)), 0..10)
    ) {
        let starts: [&[u8]; 4] = [&[0x32, 1, 0, 0, 0, 1, 0, 12, 0, 9, 4], &[0x32, 7, 0, 0, 0, 1, 0, 8, 0, 4], &[0x72, 3, 0, 20], &[1, 0, 1, 0, 0x61, 20, 0x30, 18, 2, 1, 3, 0xa0, 13, 0xa0]];
        let mut drive = Drive::stream(Iso::default());
        for (server, start, body) in &talk {
            let content = [starts[*start], body].concat();
            let mut bytes = vec![3, 0, 0, content.len() as u8 + 7, 2, 0xf0, 0x80];
            bytes.extend(content);
            drive.send(if *server { SERVER } else { CLIENT }, &bytes, 16);
            drive.send(if *server { SERVER } else { CLIENT }, body, 16);
        }
        records(&drive);
    }
}
