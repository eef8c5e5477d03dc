use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn talk(chunk: usize) -> Drive<Rfb> {
    let mut drive = Drive::stream(Rfb::default());
    drive.send(SERVER, b"RFB 003.008\n", chunk).send(CLIENT, b"RFB 003.008\n", chunk);
    drive.send(SERVER, &[2, 1, 2], chunk).send(CLIENT, &[2], chunk);
    drive.send(SERVER, &[0x1d; 16], chunk).send(CLIENT, &[0x54; 16], chunk);
    drive.send(SERVER, &[0; 4], chunk).send(CLIENT, &[1], chunk);
    drive.send(
        SERVER,
        &hex("0320 0258 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 00000003 61 a0 62 0000"),
        chunk,
    );
    drive
}

#[test]
fn the_screen_and_the_authentication_are_shown() {
    assert_eq!(
        talk(usize::MAX).record(0, CLIENT, fields::write),
        concat!(
            r#"{"rfb":{"server_protocol_version":{"major":"003","minor":"008"},"client_protocol_version":{"major":"003","minor":"008"},"#,
            r#""authentication":{"security_type":2,"vnc":{"challenge":"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d","response":"54545454545454545454545454545454"},"security_result":"OK"},"#,
            r#""screen_shared":true,"framebuffer":{"width":800,"height":600,"name":"a\\xa0b","pixel_format":{"bits_per_pixel":32,"depth":24,"big_endian":false,"true_color":true,"#,
            r#""red_max":255,"green_max":255,"blue_max":255,"red_shift":16,"green_shift":8,"blue_shift":0}}}}"#
        )
    );
}

#[test]
fn cutting_the_stream_changes_nothing() {
    for chunk in [1, 2, 5] {
        assert_eq!(talk(chunk).all(fields::write), talk(usize::MAX).all(fields::write));
    }
}

#[test]
fn a_server_that_offers_nothing_says_why() {
    let mut drive = Drive::stream(Rfb::default());
    drive.send(SERVER, b"RFB 003.008\n", 12).send(CLIENT, b"RFB 003.008\n", 12);
    drive.send(SERVER, b"\0\0\0\0\x04nope", 3);
    assert!(drive.record(0, CLIENT, fields::write).contains(r#""server_security_failure_reason":"nope""#));
    assert_eq!(drive.session.core(0).progress, [1, 1]);
}

#[test]
fn an_unknown_security_type_ends_the_reading() {
    let mut drive = Drive::stream(Rfb::default());
    drive.send(SERVER, b"RFB 003.889\n", 12).send(CLIENT, b"RFB 003.008\n", 12);
    drive.send(SERVER, &[1, 30], 2).send(CLIENT, &[30], 1);
    assert_eq!(drive.session.core(0).events[..], [UNIMPLEMENTED_SECURITY_TYPE]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), chunk in 1usize..20) {
        let mut drive = talk(usize::MAX);
        drive.send(SERVER, &bytes, chunk);
        let mut drive = Drive::stream(Rfb::default());
        drive.send(SERVER, b"RFB 003.003\n", 12).send(CLIENT, b"RFB 003.003\n", 12);
        drive.send(SERVER, &bytes, chunk).send(CLIENT, &bytes, chunk);
        drive.send(SERVER, &bytes, chunk).send(CLIENT, &bytes, chunk);
    }
}
