use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn packet(code: u8, identifier: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![code, identifier, 0, 0];
    bytes.extend([7; 16]);
    for (kind, value) in attributes {
        bytes.extend([*kind, value.len() as u8 + 2]);
        bytes.extend_from_slice(value);
    }
    let length = (bytes.len() as u16).to_be_bytes();
    bytes[2..4].copy_from_slice(&length);
    bytes
}

fn ends(port: u16) -> Endpoints {
    Endpoints {
        client: [192, 0, 2, 1].into(),
        server: [192, 0, 2, 2].into(),
        client_port: 40_000,
        server_port: port,
        transport: UDP,
    }
}

#[test]
fn a_login_and_its_refusal_are_one_transaction() {
    let mut drive = Drive::datagrams(Radius::default());
    let asked = packet(
        1,
        9,
        &[
            (1, b"alice"),
            (2, &[0; 16]),
            (4, &[10, 0, 0, 1]),
            (5, &[0, 0, 0, 3]),
            (31, b"00-11-22-33-44-55"),
            (61, &[0, 0, 0, 19]),
        ],
    );
    drive.datagram(CLIENT, &asked).datagram(SERVER, &packet(3, 9, &[(18, b"no"), (80, &[0; 16])]));
    expect_test::expect![[r#"[1, 1] [] {"radius":{"identifier":9,"request":"access_request","user":"alice","calling_station":"00-11-22-33-44-55","authentication":"pap","nas_ip":"10.0.0.1","nas_port":3,"nas_port_type":19,"signed":false,"response":"access_reject","reply_message":"no","response_signed":true}}"#]]
        .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn an_answer_to_nothing_and_a_cut_attribute_are_events() {
    let mut drive = Drive::datagrams(Radius::default());
    let mut cut = packet(4, 1, &[(40, &[0, 0, 0, 1])]);
    let last = cut.len() - 5;
    cut[last] = 99;
    drive.datagram(SERVER, &packet(5, 77, &[])).datagram(CLIENT, &cut);
    assert_eq!(drive.session.core(0).events.as_slice(), [UNSOLICITED_RESPONSE]);
    assert_eq!(drive.session.core(1).events.as_slice(), [MALFORMED_DATA]);
}

#[test]
fn packets_are_recognised_by_their_form() {
    let asked = packet(1, 9, &[(1, b"alice")]);
    assert_eq!(probe(&asked, CLIENT, &ends(5555)), ProbeAnswer::Yes);
    assert_eq!(probe(&asked, SERVER, &ends(5555)), ProbeAnswer::YesReversed);
    assert_eq!(probe(&packet(5, 9, &[]), SERVER, &ends(1813)), ProbeAnswer::Yes);
    assert_eq!(probe(&packet(5, 9, &[]), SERVER, &ends(5555)), ProbeAnswer::No);
    assert_eq!(probe(&asked[..asked.len() - 1], CLIENT, &ends(1812)), ProbeAnswer::No);
    assert_eq!(
        probe(&hex("0001 0014 00000000 00000000 00000000 00000000"), CLIENT, &ends(1812)),
        ProbeAnswer::No
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), 0u8..50, proptest::collection::vec(any::<u8>(), 0..60)), 0..8)
    ) {
        let mut drive = Drive::datagrams(Radius::default());
        for (server, code, body) in &talk {
            let mut bytes = packet(*code, 1, &[]);
            bytes.extend_from_slice(body);
            let length = (bytes.len() as u16).to_be_bytes();
            bytes[2..4].copy_from_slice(&length);
            drive.datagram(if *server { SERVER } else { CLIENT }, &bytes);
        }
        drive.all(fields::write);
    }
}
