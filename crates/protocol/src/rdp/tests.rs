use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn tpkt(body: &[u8]) -> Vec<u8> {
    [&[3, 0][..], &(body.len() as u16 + 4).to_be_bytes(), body].concat()
}

fn wide(text: &str, bytes: usize) -> Vec<u8> {
    let mut units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    units.resize(bytes, 0);
    units
}

fn connect_request() -> Vec<u8> {
    let core = [
        &[4, 0, 8, 0][..],
        &1024u16.to_le_bytes(),
        &768u16.to_le_bytes(),
        &[1, 0xca, 3, 0xaa],
        &0x0407u32.to_le_bytes(),
        &7601u32.to_le_bytes(),
        &wide("DESK", 32),
        &4u32.to_le_bytes(),
        &0u32.to_le_bytes(),
        &12u32.to_le_bytes(),
        &wide("", 64),
        &[1, 0xca, 1, 0, 0, 0, 0, 0, 24, 0, 15, 0, 1, 0],
    ]
    .concat();
    let net = [&1u32.to_le_bytes()[..], b"rdpdr\0\0\0", &[0; 4]].concat();
    let block = |kind: u16, content: &[u8]| {
        [&kind.to_le_bytes()[..], &(content.len() as u16 + 4).to_le_bytes(), content].concat()
    };
    let blocks = [block(0xc001, &core), block(0xc003, &net)].concat();
    let data = [b"\0\x05\0\x14\x7c\0\x01Duca\x80"[..].to_vec(), vec![blocks.len() as u8], blocks].concat();
    let data = [&[4, 0x82][..], &(data.len() as u16).to_be_bytes(), &data].concat();
    let inner = [&b"\x04\x01\x01\x04\x01\x01\x01\x01\xff\x30\0\x30\0\x30\0"[..], &data].concat();
    tpkt(&[&b"\x02\xf0\x80\x7f\x65\x82"[..], &(inner.len() as u16).to_be_bytes(), &inner].concat())
}

fn talk(chunk: usize) -> Drive<Rdp> {
    let mut drive = Drive::stream(Rdp::default());
    let cookie = b"\x27\xe0\0\0\0\0\0Cookie: mstshash=alice\r\n\x01\x01\x08\0\x03\0\0\0";
    drive.send(CLIENT, &tpkt(cookie), chunk);
    drive.send(SERVER, &tpkt(b"\x0e\xd0\0\0\x12\x34\0\x02\x09\x08\0\x02\0\0\0"), chunk);
    drive.send(CLIENT, &connect_request(), chunk);
    drive.send(SERVER, &tpkt(b"\x02\xf0\x80\x7f\x66\0"), chunk);
    drive.send(CLIENT, &[0xee; 20], chunk);
    drive
}

#[test]
fn the_messages_of_the_set_up_are_shown() {
    let drive = talk(usize::MAX);
    let records: Vec<_> = (0..4).map(|index| drive.record(index, CLIENT, fields::write)).collect();
    assert_eq!(
        records,
        [
            r#"{"rdp":{"tx_id":0,"event_type":"initial_request","cookie":"alice","flags":["restricted_admin_mode_required"]}}"#,
            r#"{"rdp":{"tx_id":1,"event_type":"initial_response","server_supports":["extended_client_data","restricted_admin"],"protocol":"hybrid"}}"#,
            r#"{"rdp":{"tx_id":2,"event_type":"connect_request","client":{"version":"v5","desktop_width":1024,"desktop_height":768,"color_depth":24,"keyboard_layout":"de-DE","build":"Windows 7 SP1","client_name":"DESK","keyboard_type":"enhanced","function_keys":12,"product_id":1,"capabilities":["support_errinfo_pdf"]},"channels":["rdpdr"]}}"#,
            r#"{"rdp":{"tx_id":3,"event_type":"connect_response"}}"#,
        ]
    );
}

#[test]
fn cutting_the_stream_changes_nothing() {
    for chunk in [1, 3, 50] {
        assert_eq!(talk(chunk).all(fields::write), talk(usize::MAX).all(fields::write));
    }
}

#[test]
fn a_session_that_goes_over_to_tls_is_not_read_further() {
    let mut drive = Drive::stream(Rdp::default());
    drive.send(CLIENT, &tpkt(b"\x06\xe0\0\0\0\0\0"), 99);
    drive.send(CLIENT, b"\x16\x03\x01\0\x01\0", 99).send(SERVER, b"\x17\x03\x03\0\x02ab\xff\xff", 99);
    assert!(!drive.broken && drive.session.stage == Stage::Over);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..400, value in any::<u8>()) {
        let mut drive = Drive::stream(Rdp::default());
        drive.send(CLIENT, &tpkt(&bytes), 9).send(SERVER, &tpkt(&bytes), 9).send(CLIENT, &bytes, 5);
        let mut damaged = connect_request();
        let place = place % damaged.len();
        damaged[place] = value;
        Drive::stream(Rdp::default()).send(CLIENT, &damaged, 64);
        let _ = certificates(&bytes);
    }
}
