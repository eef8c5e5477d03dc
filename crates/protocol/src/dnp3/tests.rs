use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// A frame around `user`: transport byte and application data.
fn frame(control: u8, user: &[u8]) -> Vec<u8> {
    let mut bytes = vec![5, 0x64, user.len() as u8 + 5, control, 10, 0, 1, 0];
    let sum = link::check(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    for block in user.chunks(16) {
        bytes.extend_from_slice(block);
        bytes.extend_from_slice(&link::check(block).to_le_bytes());
    }
    bytes
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<Dnp3> {
    let mut drive = Drive::stream(Dnp3::default());
    for (direction, bytes) in lines {
        drive.send(*direction, bytes, chunk);
    }
    drive
}

/// A read of class data; its answer with a counter and an analog value, in two segments.
fn session() -> Vec<(Direction, Vec<u8>)> {
    let answer = hex("c1 81 8000 16 01 28 01 00 03 00 01 05 00 00 00 1e 05 00 00 00 01 00 00 80 3f");
    let (first, second) = answer.split_at(9);
    let part = |head: u8, data: &[u8]| [&[head], data].concat();
    vec![
        (CLIENT, frame(0xc4, &hex("c0 c1 01 3c 02 06"))),
        (SERVER, frame(0x44, &part(0x41, first))),
        (SERVER, frame(0x44, &part(0x82, second))),
    ]
}

#[test]
fn a_check_is_that_of_the_standard() {
    assert_eq!(link::check(&hex("0564 05c0 0100 0a00")).to_le_bytes(), [0xe0, 0x8c]);
}

#[test]
fn fragments_are_put_together_and_their_points_read() {
    expect_test::expect![[r#"
        [1, 1] [] {"dnp3":{"type":"request","control":{"dir":true,"pri":true,"fcb":false,"fcv":false,"function_code":4},"src":1,"dst":10,"application":{"control":{"fir":true,"fin":true,"con":false,"uns":false,"sequence":1},"function_code":1,"objects":[{"group":60,"variation":2,"qualifier":6,"prefix_code":0,"range_code":6,"start":0,"stop":0,"count":0}],"complete":true}}}
        [1, 1] [] {"dnp3":{"type":"response","control":{"dir":false,"pri":true,"fcb":false,"fcv":false,"function_code":4},"src":1,"dst":10,"application":{"control":{"fir":true,"fin":true,"con":false,"uns":false,"sequence":1},"function_code":129,"objects":[{"group":22,"variation":1,"qualifier":40,"prefix_code":2,"range_code":8,"start":0,"stop":0,"count":1,"points":[{"prefix":3,"index":3,"online":1,"restart":0,"comm_lost":0,"remote_forced":0,"local_forced":0,"rollover":0,"discontinuity":0,"reserved0":0,"count":5}]},{"group":30,"variation":5,"qualifier":0,"prefix_code":0,"range_code":0,"start":0,"stop":0,"count":1,"points":[{"prefix":0,"index":0,"online":1,"restart":0,"comm_lost":0,"remote_forced":0,"local_forced":0,"over_range":0,"reference_err":0,"reserved0":0,"value":1.0}]}],"complete":true},"iin":{"indicators":["device_restart"]}}}"#]]
    .assert_eq(&talk(&session(), 1000).all(log::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&session(), 1000).all(log::write);
    for chunk in [1, 3, 11] {
        assert_eq!(talk(&session(), chunk).all(log::write), whole);
    }
}

#[test]
fn an_object_that_is_not_known_is_an_event() {
    let drive = talk(&[(CLIENT, frame(0xc4, &hex("c0 c1 02 f0 01 00 00 00 07")))], 1000);
    assert_eq!(drive.session.core(0).events.as_slice(), [UNKNOWN_OBJECT]);
}

#[test]
fn a_fragment_without_end_is_cut() {
    let mut drive = Drive::stream(Dnp3::default());
    for number in 0..40u8 {
        let first = if number == 0 { 0x40 } else { 0 };
        let mut user = vec![first | number, 0xc0, 1];
        user.resize(250, b'A');
        drive.send(CLIENT, &frame(0xc4, &user), 1000);
    }
    assert_eq!(drive.session.core(0).events.as_slice(), [TOO_LONG_REASSEMBLY]);
    assert_eq!(drive.session.count(), 1);
}

#[test]
fn requests_without_responses_are_a_flood() {
    let read = (CLIENT, frame(0xc4, &hex("c0 c1 01 3c 02 06")));
    let drive = talk(&vec![read; 40], 1000);
    let flooded: Vec<usize> =
        (0..40).filter(|index| drive.session.core(*index).events.contains(&FLOODED)).collect();
    assert_eq!(flooded, [32]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..8)
    ) {
        let mut drive = Drive::stream(Dnp3::default());
        for (server, user) in &talk {
            let user = [&[0xc0, 0xc1, 2], user.as_slice()].concat();
            drive.send(if *server { SERVER } else { CLIENT }, &frame(0xc4, &user), 64);
        }
        drive.all(log::write);
    }

    #[test]
    fn any_object_is_read_without_panic(group in 0u8..130, variation in 0u8..13, qualifier: u8, rest: Vec<u8>) {
        let data = [&[group, variation, qualifier], rest.as_slice()].concat();
        let (objects, _) = object::read(&data, 0, false, Limits { objects: 10, points: 1000 });
        assert!(objects.len() <= 10);
    }
}
