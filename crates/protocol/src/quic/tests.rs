use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// The server's Initial packet of RFC 9001 §A.3.
const SERVER_INITIAL: &str = "
    cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3
    8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
    022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";

#[test]
fn the_server_hello_of_rfc_9001_is_read() {
    let mut drive = Drive::datagrams(Quic::default());
    drive.session.keys = Keys::new(1, &hex("8394c8f03e515708"));
    drive.datagram(SERVER, &hex(SERVER_INITIAL));
    assert_eq!(
        drive.record(0, SERVER, fields::write),
        r#"{"quic":{"version":"1","ja3s":{"hash":"eb1d94daa7e0344597e756a1fb6e7054","string":"771,4865,51-43"},"extensions":[{"name":"key_share","type":51},{"name":"supported_versions","type":43}]}}"#
    );
    assert!(drive.session.hello[SERVER.index()]);
}

#[test]
fn a_packet_under_other_keys_is_an_event() {
    let mut drive = Drive::datagrams(Quic::default());
    drive.session.keys = Keys::new(1, b"another");
    drive.datagram(SERVER, &hex(SERVER_INITIAL));
    assert_eq!(drive.session.core(0).events[..], [FAILED_DECRYPT]);
}

#[test]
fn crypto_frames_may_come_in_any_order() {
    let mut stream = Stream::default();
    let frame = |offset: u8, bytes: &[u8]| [&[6, offset, bytes.len() as u8][..], bytes].concat();
    let mut read = |bytes: &[u8]| crypto::frames(bytes, &mut stream);
    assert_eq!(read(&frame(5, &[8, 9])), Ok(()));
    assert_eq!(read(&frame(0, &[1, 0])), Ok(()));
    assert_eq!(read(&[&[0, 0, 1][..], &frame(2, &[0, 3, 7])].concat()), Ok(()));
    assert_eq!(stream.message(), Some(&[1, 0, 0, 3, 7, 8, 9][..]));
}

#[test]
fn the_tags_of_a_google_hello_are_its_fingerprint() {
    let mut packet = b"\xc3Q046\x50abcdefgh".to_vec();
    packet.extend_from_slice(&[0, 0, 0, 1]);
    packet.extend_from_slice(&[9; 12]);
    packet.extend_from_slice(&[0xa0, 1, 0, 37]);
    packet.extend_from_slice(b"CHLO\x02\0\0\0PAD\0\x02\0\0\0SNI\0\x0d\0\0\0--example.com");
    let mut drive = Drive::datagrams(Quic::default());
    drive.datagram(CLIENT, &packet);
    assert_eq!(
        drive.record(0, CLIENT, fields::write),
        r#"{"quic":{"version":"Q046","sni":"example.com","cyu":[{"hash":"8a8e2c0ac9b5bed2c8d7c2bd7a0f2a9d","string":"46,PAD-SNI"}]}}"#
            .replace("8a8e2c0ac9b5bed2c8d7c2bd7a0f2a9d", &crate::tls::fingerprint::md5_hex(b"46,PAD-SNI"))
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in any::<u8>(), version in 0usize..6) {
        let version = [1u32, 0x6b33_43cf, 0x5130_3436, 0x5130_3433, 0xff00_001d, 0][version];
        let packet = [&[first][..], &version.to_be_bytes(), &bytes].concat();
        let mut drive = Drive::datagrams(Quic::default());
        drive.datagram(CLIENT, &packet).datagram(SERVER, &packet).datagram(CLIENT, &bytes);
        let mut stream = Stream::default();
        let _ = crypto::frames(&bytes, &mut stream);
    }
}
