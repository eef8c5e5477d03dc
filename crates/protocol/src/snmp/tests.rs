use proptest::prelude::*;

use super::message::{Trap, read, version};

const GET_NEXT: &[u8] =
    b"\x30\x1f\x02\x01\x01\x04\x06public\xa1\x12\x02\x01\x07\x02\x01\0\x02\x01\0\x30\x07\x30\x05\
    \x06\x01\x01\x05\0";

#[test]
fn a_request_has_a_community_and_variables() {
    let message = read(GET_NEXT).unwrap();
    assert_eq!((message.version, message.community.as_deref()), (2, Some(b"public".as_slice())));
    let pdu = message.pdu.unwrap();
    assert_eq!((pdu.kind, pdu.variables), (1, vec!["0.1".to_owned()]));
}

#[test]
fn a_cut_message_still_tells_its_version() {
    assert_eq!((version(&GET_NEXT[..8]), read(&GET_NEXT[..8])), (Some(2), None));
    assert_eq!(version(b"\x30\x03\x02\x01\x02"), None);
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, content.len() as u8], content.as_slice()].concat()
}

#[test]
fn a_trap_of_version_1_names_its_sender() {
    let trap = element(
        0xa4,
        &[
            &element(0x06, &[b"\x2b\x06\x01\x04\x01\x63"]),
            &element(0x40, &[&[10, 0, 0, 1]]),
            &element(0x02, &[&[3]]),
            &element(0x02, &[&[0]]),
            &element(0x43, &[&[9]]),
            &element(0x30, &[]),
        ],
    );
    let bytes = element(0x30, &[&element(0x02, &[&[0]]), &element(0x04, &[b"p"]), &trap]);
    let pdu = read(&bytes).unwrap().pdu.unwrap();
    assert_eq!(
        pdu.trap,
        Some(Trap { generic: 3, object: "1.3.6.1.4.1.99".into(), address: vec![10, 0, 0, 1] })
    );
}

#[test]
fn version_3_shows_its_user_unless_it_is_broken() {
    let user = b"\x30\x0f\x04\x01e\x02\x01\x01\x02\x01\x02\x04\x01u\x04\0\x04\0";
    let mut security = user.to_vec();
    security[1] = (user.len() - 2) as u8;
    let mut bytes =
        b"\x30\0\x02\x01\x03\x30\x0d\x02\x01\x05\x02\x02\x05\xc0\x04\x01\x02\x02\x01\x03\x04".to_vec();
    bytes.push(security.len() as u8);
    bytes.extend_from_slice(&security);
    bytes.extend_from_slice(b"\x04\x02xx");
    bytes[1] = (bytes.len() - 2) as u8;
    let message = read(&bytes).unwrap();
    assert_eq!((message.encrypted, message.user.as_deref()), (true, Some(b"u".as_slice())));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0..31_usize) {
        read(&bytes);
        let mut changed = GET_NEXT.to_vec();
        changed[at] = bytes.first().copied().unwrap_or(0);
        read(&changed);
    }
}
