use proptest::prelude::*;

use super::pdu::Identifier;
use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

const SVCCTL: &str = "81bb7a36 4498 f135 ad3298f038001003";

fn bind() -> Vec<u8> {
    hex(&format!(
        "05000b03 10000000 4800 0000 01000000  d016 d016 00000000 01 000000
         0000 01 00 {SVCCTL} 0200 0000  045d888aeb1cc9119fe808002b104860 02000000"
    ))
}

fn bind_ack() -> Vec<u8> {
    hex("05000c03 10000000 4400 0000 01000000  d016 d016 01000000  0d00 5c504950455c73766363746c 00 00
         01 000000 0000 0000 045d888aeb1cc9119fe808002b104860 02000000")
}

fn request(flags: u8, stub: &[u8]) -> Vec<u8> {
    let mut pdu = hex("050000 03 10000000 0000 0000 02000000 00000000 0000 0f00");
    pdu[3] = flags;
    pdu.extend_from_slice(stub);
    pdu[8] = pdu.len() as u8;
    pdu
}

fn whole(chunk: usize) -> Vec<String> {
    let mut drive = Drive::stream(Dcerpc::default());
    let two = [request(1, b"one"), request(2, b"two")].concat();
    drive.send(CLIENT, &bind(), chunk).send(SERVER, &bind_ack(), chunk).send(CLIENT, &two, chunk);
    drive.send(SERVER, &hex("05000203 10000000 1c00 0000 02000000 04000000 0000 0000 deadbeef"), chunk);
    drive.all(log::write)
}

#[test]
fn a_call_names_its_interface_and_joins_its_fragments() {
    let all = whole(usize::MAX);
    assert_eq!(all.len(), 2);
    assert!(all[0].contains(r#""request":"BIND","interfaces":[{"uuid":"367abb81-9844-35f1-ad32-98f038001003","version":"2.0","ack_result":0,"#), "{}", all[0]);
    assert!(all[1].contains(r#""req":{"opnum":15,"frag_cnt":2,"stub_data_size":6}"#), "{}", all[1]);
    assert!(all[1].contains(r#""service":"svcctl","procedure":"OpenSCManagerW""#), "{}", all[1]);
    assert!(all[1].contains(r#""res":{"frag_cnt":1,"stub_data_size":12}"#), "{}", all[1]);
}

#[test]
fn chunks_do_not_matter() {
    assert_eq!(whole(1), whole(usize::MAX));
    assert_eq!(whole(7), whole(usize::MAX));
}

#[test]
fn an_answer_without_question_says_so() {
    let mut drive = Drive::stream(Dcerpc::default());
    drive.send(SERVER, &bind_ack(), 100);
    assert!(drive.record(0, CLIENT, log::write).contains(r#""request":"REQUEST_LOST","response":"BINDACK""#));
}

#[test]
fn conditions_look_at_interface_and_operation() {
    let mut drive = Drive::stream(Dcerpc::default());
    drive.send(CLIENT, &bind(), 500).send(SERVER, &bind_ack(), 500).send(CLIENT, &request(3, b"x"), 500);
    let scope = drive.session.scope(1, CLIENT);
    let holds = |name: &str, text: &str| {
        let field = FIELDS.iter().find(|field| field.name == name).unwrap();
        let FieldKind::Custom(read) = field.kind else { panic!("{name} has a syntax of its own") };
        read(text).unwrap().holds(&scope)
    };
    assert!(holds("dcerpc.iface", "367abb81-9844-35f1-ad32-98f038001003"));
    assert!(holds("dcerpc.iface", "367abb81-9844-35f1-ad32-98f038001003,>1,any_frag"));
    assert!(!holds("dcerpc.iface", "367abb81-9844-35f1-ad32-98f038001003,!2"));
    assert!(!holds("dcerpc.iface", "12345778-1234-abcd-ef00-0123456789ac"));
    assert!(holds("dcerpc.opnum", "1,10-15"));
    assert!(!holds("dcerpc.opnum", "1,16-20"));
}

#[test]
fn malformed_arguments_are_refused() {
    let call: condition::CallOf = |_| None;
    assert!(condition::iface("367abb81", call).is_err());
    assert!(condition::iface("367abb81-9844-35f1-ad32-98f038001003,any", call).is_err());
    assert!(condition::opnum("5-2", call).is_err());
    assert!(condition::opnum("x", call).is_err());
}

#[test]
fn every_service_has_a_proper_identifier() {
    let text = "e3514235-4b06-11d1-ab04-00c04fc2dcd2";
    let uuid = Identifier::parse(text).unwrap();
    assert_eq!(uuid.to_string(), text);
    assert_eq!(names::procedure(uuid, 3), Some("DRSGetNCChanges"));
    assert_eq!(names::procedure(uuid, 300), None);
}

#[test]
fn a_gap_gives_up_what_was_under_way() {
    let mut drive = Drive::stream(Dcerpc::default());
    drive.send(CLIENT, &request(1, b"one"), 500);
    let session = &mut drive.session;
    session.lost = [true, false];
    session.give_up(CLIENT);
    drive.send(CLIENT, b"rest of something", 500).send(CLIENT, &bind(), 500);
    assert_eq!(drive.session.count(), 2);
    assert!(drive.record(0, CLIENT, log::write).contains("REQUEST_LOST"));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1usize..40) {
        let mut drive = Drive::stream(Dcerpc::default());
        drive.send(CLIENT, &[bind(), bytes.clone()].concat(), chunk).send(SERVER, &[bind_ack(), bytes.clone()].concat(), chunk);
        let mut datagrams = Drive::datagrams(Dcerpc::default());
        let mut datagram = bytes;
        if let [first, ..] = datagram.as_mut_slice() { *first = 4; }
        datagrams.datagram(CLIENT, &datagram);
        let _ = drive.all(log::write);
    }
}
