use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// MQTT 5: client "c", user "u", password "p".
const CONNECT: &str = "10 14 0004 4d515454 05 c2 003c 00 0001 63 0001 75 0001 70";
const CONNACK: &str = "20 03 00 00 00";
const PUBLISH_ID: &str = "32 08 0001 74 0007 00 6869";
const PUBACK: &str = "40 02 0007";

fn talk(lines: &[(Direction, &str)], chunk: usize) -> Drive<Mqtt> {
    let mut drive = Drive::stream(Mqtt::default());
    for (direction, text) in lines {
        drive.send(*direction, &hex(text), chunk);
    }
    drive
}

#[test]
fn answers_join_what_they_answer() {
    let drive = talk(
        &[(CLIENT, CONNECT), (SERVER, CONNACK), (CLIENT, PUBLISH_ID), (SERVER, PUBACK), (CLIENT, "e0 00")],
        1000,
    );
    expect_test::expect![[r#"
        [1, 1] [] {"mqtt":{"connect":{"qos":0,"retain":false,"dup":false,"protocol_string":"MQTT","protocol_version":5,"flags":{"username":true,"password":true,"will_retain":false,"will":false,"clean_session":true},"client_id":"c","username":"u","password":"p","properties":{}},"connack":{"qos":0,"retain":false,"dup":false,"session_present":false,"return_code":0,"properties":{}}}}
        [1, 1] [] {"mqtt":{"publish":{"qos":1,"retain":false,"dup":false,"topic":"t","message_id":7,"message":"hi","properties":{}},"puback":{"qos":0,"retain":false,"dup":false,"message_id":7,"reason_code":0}}}
        [1, 1] [] {"mqtt":{"disconnect":{"qos":0,"retain":false,"dup":false,"reason_code":0}}}"#]]
    .assert_eq(&drive.all(log::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let lines =
        [(CLIENT, CONNECT), (SERVER, CONNACK), (CLIENT, PUBLISH_ID), (SERVER, PUBACK), (CLIENT, "c0 00")];
    let whole = talk(&lines, 1000).all(log::write);
    for chunk in [1, 2, 3, 7] {
        assert_eq!(talk(&lines, chunk).all(log::write), whole);
    }
}

#[test]
fn an_answer_to_nothing_is_an_event() {
    let drive = talk(&[(SERVER, CONNACK), (SERVER, PUBACK)], 1000);
    assert_eq!(drive.session.core(0).events.as_slice(), [MISSING_CONNECT]);
    assert_eq!(drive.session.core(1).events.as_slice(), [MISSING_PUBLISH, UNINTRODUCED_MESSAGE]);
}

#[test]
fn a_message_beyond_the_limit_is_noted_and_read_over() {
    for chunk in [1, 5, 1000] {
        let mut drive = Drive::stream(Mqtt::default());
        drive.config.settings.push(("mqtt.max_msg_length".into(), "4".into()));
        drive.send(CLIENT, &hex("32 08 0001 74 0007 00 6869 e0 00"), chunk);
        expect_test::expect![[r#"
            [1, 1] [] {"mqtt":{"publish":{"qos":1,"retain":false,"dup":false,"truncated":true,"skipped_length":10}}}
            [1, 1] [5] {"mqtt":{"disconnect":{"qos":0,"retain":false,"dup":false}}}"#]]
        .assert_eq(&drive.all(log::write).join("\n"));
    }
}

#[test]
fn sizes_have_units() {
    assert_eq!(["10", "1kb", "2 MiB", "x"].map(size), [Some(10), Some(1024), Some(2 << 20), None]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..8)
    ) {
        let mut drive = Drive::stream(Mqtt::default());
        for (server, bytes) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, bytes, 16);
        }
        drive.all(log::write);
    }
}
