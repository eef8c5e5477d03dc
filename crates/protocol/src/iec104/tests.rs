use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// Start of data transfer, a single command and its refusal, measured values, an acknowledgement, a test.
fn lines() -> Vec<(Direction, &'static str)> {
    vec![
        (CLIENT, "6804 07000000"),
        (SERVER, "6804 0b000000"),
        (CLIENT, "680e 00000000 2d 01 06 00 0100 891300 81"),
        (SERVER, "680e 00000200 2d 01 47 00 0100 891300 81"),
        (SERVER, "6816 02000200 0d 82 03 00 0100 d00700 00004841 00 0000c0ff 00"),
        (CLIENT, "6804 01000400"),
        (CLIENT, "6804 43000000"),
    ]
}

fn talk(lines: &[(Direction, &str)], chunk: usize) -> Drive<Iec104> {
    let mut drive = Drive::stream(Iec104::default());
    for (direction, text) in lines {
        drive.send(*direction, &hex(text), chunk);
    }
    drive
}

#[test]
fn commands_and_values_tell_station_and_object() {
    let drive = talk(&lines(), 100);
    expect_test::expect![[r#"
        [1, 1] [] {"iec104":{"frame":"U","control":"startdt_act"}}
        [1, 1] [] {"iec104":{"frame":"U","control":"startdt_con"}}
        [1, 1] [] {"iec104":{"frame":"I","sequence":0,"type_id":45,"type":"C_SC_NA_1","cause_id":6,"cause":"act","negative":false,"test":false,"command":true,"select":true,"originator":0,"asdu_address":1,"count":1,"objects":[{"ioa":5001,"value":1,"select":true}]}}
        [1, 1] [] {"iec104":{"frame":"I","sequence":0,"type_id":45,"type":"C_SC_NA_1","cause_id":7,"cause":"actcon","negative":true,"test":false,"command":true,"select":true,"originator":0,"asdu_address":1,"count":1,"objects":[{"ioa":5001,"value":1,"select":true}]}}
        [1, 1] [0] {"iec104":{"frame":"I","sequence":1,"type_id":13,"type":"M_ME_NC_1","cause_id":3,"cause":"spont","negative":false,"test":false,"command":false,"originator":0,"asdu_address":1,"count":2,"objects":[{"ioa":2000,"value":12.5}]}}
        [1, 1] [0] {}
        [1, 1] [] {}"#]]
    .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&lines(), 100).all(fields::write);
    for chunk in [1, 4, 7] {
        assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
    }
}

#[test]
fn odd_data_units_are_events() {
    let drive = talk(
        &[
            (CLIENT, "680e 00000000 f0 01 06 00 0100 891300 81"),
            (CLIENT, "680e 02000000 2d 01 3f 00 0100 891300 81"),
            (CLIENT, "680e 04000000 2d 02 06 00 0100 891300 81"),
        ],
        100,
    );
    let events: Vec<_> = (0..3).map(|at| drive.session.core(at).events.to_vec()).collect();
    assert_eq!(events, [[UNKNOWN_TYPE], [UNKNOWN_CAUSE], [MALFORMED_DATA]]);
}

#[test]
fn the_next_frame_is_found_after_something_else() {
    let drive = talk(&[(CLIENT, "4745540a 6804 07000000"), (CLIENT, "6804 13000000")], 3);
    assert_eq!(drive.session.core(0).events.as_slice(), [MALFORMED_DATA]);
    assert_eq!(drive.session.count(), 3);
}

#[test]
fn other_protocols_do_not_look_like_it() {
    for text in ["6804 07000001", "68ff 00000000", "6804 00000000", "680e 01000000", "6865 6c6c6f20 776f"] {
        assert_eq!(unit(&hex(text)), Unit::Not, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), any::<u8>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 4..60)), 0..10)
    ) {
        let mut drive = Drive::stream(Iec104::default());
        for (server, kind, count, body) in &talk {
            let mut bytes = vec![0x68, body.len() as u8 + 6, 0, 0, 0, 0, *kind, *count];
            bytes.extend_from_slice(body);
            drive.send(if *server { SERVER } else { CLIENT }, &bytes, 16);
        }
        drive.all(fields::write);
    }
}
