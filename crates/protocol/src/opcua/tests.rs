use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn chunk_of(head: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.extend((content.len() as u32 + 8).to_le_bytes());
    bytes.extend_from_slice(content);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn text(value: &[u8]) -> Vec<u8> {
    [&(value.len() as u32).to_le_bytes()[..], value].concat()
}

/// A message of a service in channel 7.
fn service(request: u32, number: u16, rest: &[u8]) -> Vec<u8> {
    [&words(&[7, 1, 50, request])[..], &[1, 0], &number.to_le_bytes(), rest].concat()
}

fn lines() -> Vec<(Direction, Vec<u8>)> {
    let policy = text(b"http://opcfoundation.org/UA/SecurityPolicy#None");
    let open = |rest: &[u8]| [&words(&[0])[..], &policy, &words(&[u32::MAX, u32::MAX, 1, 1]), rest].concat();
    vec![
        (
            CLIENT,
            chunk_of(b"HELF", &[words(&[0, 65535, 65535, 0, 0]), text(b"opc.tcp://plc.test:4840")].concat()),
        ),
        (SERVER, chunk_of(b"ACKF", &words(&[0, 65535, 65535, 0, 0]))),
        (CLIENT, chunk_of(b"OPNF", &open(&[1, 0, 190, 1]))),
        (SERVER, chunk_of(b"OPNF", &open(&[&[1, 0, 193, 1][..], &words(&[0, 0, 1, 0])].concat()))),
        (CLIENT, chunk_of(b"MSGF", &service(2, 673, &[0; 40]))),
        (SERVER, chunk_of(b"MSGF", &service(2, 676, &words(&[0, 0, 2, 0x801f_0000])))),
        (CLIENT, chunk_of(b"CLOF", &service(3, 452, &[0; 8]))),
    ]
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<OpcUa> {
    let mut drive = Drive::stream(OpcUa::default());
    for (direction, bytes) in lines {
        drive.send(*direction, bytes, chunk);
    }
    drive
}

#[test]
fn a_session_tells_endpoint_policy_and_services() {
    let drive = talk(&lines(), 4096);
    expect_test::expect![[r##"
        [1, 1] [] {"opcua":{"message_type":"HEL","version":0,"endpoint":"opc.tcp://plc.test:4840","answer":"ACK"}}
        [1, 1] [] {"opcua":{"message_type":"OPN","security_policy":"http://opcfoundation.org/UA/SecurityPolicy#None","request_id":1,"service_id":446,"service":"OpenSecureChannelRequest","answer":"OpenSecureChannelResponse","status":"0x00000000"}}
        [1, 1] [] {"opcua":{"message_type":"MSG","channel_id":7,"request_id":2,"service_id":673,"service":"WriteRequest","answer":"WriteResponse","status":"0x801f0000"}}
        [1, 1] [] {"opcua":{"message_type":"CLO","channel_id":7,"request_id":3,"service_id":452,"service":"CloseSecureChannelRequest"}}"##]]
    .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&lines(), 4096).all(fields::write);
    for chunk in [1, 5, 33] {
        assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
    }
}

#[test]
fn long_chunks_are_read_over() {
    let mut lines = lines();
    lines.push((CLIENT, chunk_of(b"MSGC", &service(4, 673, &[0; 9000]))));
    lines.push((CLIENT, chunk_of(b"MSGF", &service(4, 673, &[1; 9000]))));
    lines.push((CLIENT, chunk_of(b"MSGF", &service(5, 631, &[0; 40]))));
    let drive = talk(&lines, 1000);
    let last = drive.record(drive.session.count() - 1, CLIENT, fields::write);
    assert!(last.contains("ReadRequest"), "{last}");
    assert_eq!(drive.session.count(), 6, "the second chunk opens no transaction");
}

#[test]
fn what_is_encrypted_has_a_kind_but_no_service() {
    let drive = talk(&[(CLIENT, chunk_of(b"MSGF", &[0xee; 64]))], 4096);
    assert_eq!(
        drive.record(0, CLIENT, fields::write),
        r#"{"opcua":{"message_type":"MSG","channel_id":4008636142}}"#
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), 0usize..7, proptest::collection::vec(any::<u8>(), 0..80)), 0..10)
    ) {
        let heads = [b"HELF", b"ACKF", b"ERRF", b"RHEF", b"OPNF", b"CLOF", b"MSGC"];
        let mut drive = Drive::stream(OpcUa::default());
        for (server, head, body) in &talk {
            let direction = if *server { SERVER } else { CLIENT };
            drive.send(direction, &chunk_of(heads[*head], body), 16);
            drive.send(direction, body, 16);
        }
        drive.all(fields::write);
    }
}
