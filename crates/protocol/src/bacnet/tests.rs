use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// A datagram around what follows the head: link function, network and application.
fn datagram(function: u8, content: &str) -> Vec<u8> {
    let content = hex(content);
    let mut bytes = vec![0x81, function];
    bytes.extend((content.len() as u16 + 4).to_be_bytes());
    bytes.extend(content);
    bytes
}

fn records(lines: &[(model::Direction, Vec<u8>)]) -> String {
    let mut drive = Drive::datagrams(Bacnet::default());
    for (direction, bytes) in lines {
        drive.datagram(*direction, bytes);
    }
    drive.all(fields::write).join("\n")
}

#[test]
fn a_write_tells_object_property_value_and_priority() {
    let text = records(&[
        (CLIENT, datagram(10, "0104 0005 01 0f 0c 00800001 19 55 3e 44 42c80000 3f 49 08")),
        (SERVER, datagram(10, "0100 20 01 0f")),
    ]);
    expect_test::expect![[r#"[1, 1] [] {"bacnet":{"bvlc_function":"original_unicast_npdu","pdu":"confirmed_request","service":"write_property","invoke_id":1,"objects":[{"type":"analog_value","instance":1}],"properties":["present_value"],"value":"4442c80000","priority":8,"answer":"simple_ack"}}"#]]
        .assert_eq(&text);
}

#[test]
fn restarting_a_device_and_its_refusal_are_told_without_the_password() {
    let text = records(&[
        (CLIENT, datagram(10, "0104 0005 02 14 09 00 1c 00736563")),
        (SERVER, datagram(10, "0100 50 02 14 91 04 91 1a")),
    ]);
    expect_test::expect![[r#"[1, 1] [] {"bacnet":{"bvlc_function":"original_unicast_npdu","pdu":"confirmed_request","service":"reinitialize_device","invoke_id":2,"state":0,"password":"***","answer":"error","error":{"class":"security","code":26}}}"#]]
        .assert_eq(&text);
}

#[test]
fn who_is_and_i_am_stand_for_themselves() {
    let text = records(&[
        (CLIENT, datagram(11, "0120ffff00ff 10 08")),
        (SERVER, datagram(11, "0100 10 00 c402000457 220400 9100 21b0")),
        (CLIENT, datagram(5, "003c")),
    ]);
    expect_test::expect![[r#"
        [1, 1] [] {"bacnet":{"bvlc_function":"original_broadcast_npdu","destination_network":65535,"pdu":"unconfirmed_request","service":"who_is"}}
        [1, 1] [] {"bacnet":{"bvlc_function":"original_broadcast_npdu","pdu":"unconfirmed_request","service":"i_am","objects":[{"type":"device","instance":1111}]}}
        [1, 1] [] {"bacnet":{"bvlc_function":"register_foreign_device"}}"#]]
    .assert_eq(&text);
}

#[test]
fn a_read_of_several_names_each_property() {
    let text = records(&[(CLIENT, datagram(10, "0104 0275 07 0e 0c 02000001 1e 09 4d 09 78 1f"))]);
    assert!(text.contains(r#""properties":["object_name","vendor_identifier"]"#), "{text}");
}

#[test]
fn only_whole_datagrams_are_recognised() {
    let whole = datagram(10, "0100 20 01 0f");
    let look = PROTOCOL.probes[0].look;
    let ends = crate::Endpoints {
        client: [192, 0, 2, 1].into(),
        server: [192, 0, 2, 2].into(),
        client_port: 1,
        server_port: 2,
        transport: 17,
    };
    assert_eq!(look(&whole, CLIENT, &ends), ProbeAnswer::Yes);
    assert_eq!(look(&whole[..whole.len() - 1], CLIENT, &ends), ProbeAnswer::No);
    assert_eq!(look(&datagram(10, "0200 20 01 0f"), CLIENT, &ends), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), 0u8..13, proptest::collection::vec(any::<u8>(), 0..60)), 0..10)
    ) {
        let mut drive = Drive::datagrams(Bacnet::default());
        for (server, function, body) in &talk {
            let mut bytes = vec![0x81, *function, 0, body.len() as u8 + 6, 1, 4];
            bytes.extend_from_slice(body);
            drive.datagram(if *server { SERVER } else { CLIENT }, &bytes);
        }
        drive.all(fields::write);
    }
}
