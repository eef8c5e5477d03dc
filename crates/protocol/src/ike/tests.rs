use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn message(version: u8, next: u8, exchange: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let length = (HEADER_BYTES + body.len()) as u32;
    [&[0xaa; 8][..], &[0xbb; 8], &[next, version << 4, exchange, flags], &[0; 4], &length.to_be_bytes(), body]
        .concat()
}

fn payload(next: u8, content: &[u8]) -> Vec<u8> {
    [&[next, 0][..], &(content.len() as u16 + 4).to_be_bytes(), content].concat()
}

fn association1() -> Vec<u8> {
    let transform = payload(
        0,
        &hex("01 01 0000 8001 0007 800e 0080 8002 0002 8004 0002 8003 0001 800b 0001 000c 0004 00015180"),
    );
    let proposal = payload(0, &[&[1, 1, 0, 1][..], &transform].concat());
    [&hex("00000001 00000001")[..], &proposal].concat()
}

#[test]
fn what_the_server_chose_is_shown_with_later_messages() {
    let mut drive = Drive::datagrams(Ike::default());
    drive.datagram(
        CLIENT,
        &message(1, 1, 2, 0, &[payload(13, &association1()), payload(0, &[0x4a, 0x13])].concat()),
    );
    drive.datagram(SERVER, &message(1, 1, 2, 0, &payload(0, &association1())));
    drive.datagram(CLIENT, &message(1, 4, 2, 0, &[payload(10, &[1, 2]), payload(0, &[3])].concat()));
    let attributes = concat!(
        r#""attributes":[{"key":"alg_enc","value":"EncAesCbc","raw":7},{"key":"sa_key_length","value":"Unknown","raw":128},"#,
        r#"{"key":"alg_hash","value":"HashSha","raw":2},{"key":"alg_dh","value":"GroupAlternate1024BitModpGroup","raw":2},"#,
        r#"{"key":"alg_auth","value":"AuthPreSharedKey","raw":1},{"key":"sa_life_type","value":"LifeTypeSeconds","raw":1},"#,
        r#"{"key":"sa_life_duration","value":"Unknown","raw":86400}]"#
    );
    assert_eq!(
        drive.record(2, CLIENT, log::write),
        [
            r#"{"ike":{"_v":2,"version_major":1,"version_minor":0,"init_spi":"aaaaaaaaaaaaaaaa","resp_spi":"bbbbbbbbbbbbbbbb","message_id":0,"exchange_type":2,"exchange_type_verbose":"IdentityProtection","#,
            attributes,
            r#","payload":["KeyExchange","Nonce"],"ikev1":{"doi":1,"encrypted_payloads":false,"client":{"key_exchange_payload":"0102","key_exchange_payload_length":2,"nonce_payload":"03","nonce_payload_length":1,"proposals":[{"#,
            attributes,
            r#"}]},"server":{},"vendor_ids":[]}}}"#,
        ]
        .concat()
    );
    assert_eq!(
        drive.session.transactions.get(0).map(|open| open.body.vendors.clone()),
        Some(vec!["4a13".into()])
    );
}

#[test]
fn weak_transforms_of_version_two_are_events() {
    // One proposal for IKE: 3DES, HMAC-SHA1, group 2, no integrity.
    let transform = |next: u8, kind: u8, number: u8| payload(next, &[kind, 0, 0, number]);
    let transforms = [transform(3, 1, 3), transform(3, 2, 2), transform(0, 4, 2)].concat();
    let proposal = payload(0, &[&[1, 1, 0, 3][..], &transforms].concat());
    let notify = payload(0, &[0, 0, 0, 14]);
    let body = [payload(41, &proposal), notify].concat();
    let mut drive = Drive::datagrams(Ike::default());
    drive.datagram(SERVER, &message(2, 33, 34, 0, &body));
    let expected =
        [event::WEAK_CRYPTO_ENC, event::WEAK_CRYPTO_PRF, event::WEAK_CRYPTO_DH, event::WEAK_CRYPTO_NO_AUTH];
    assert_eq!(drive.session.core(0).events[..], expected);
    let record = drive.record(0, SERVER, log::write);
    assert!(
        record.contains(r#""alg_enc":"ENCR_3DES""#) && record.contains(r#""notify":["NO_PROPOSAL_CHOSEN"]"#)
    );
}

#[test]
fn the_probe_asks_for_a_plausible_header() {
    let bytes = message(2, 33, 34, 8, &[]);
    assert_eq!(look(&bytes, CLIENT), ProbeAnswer::Yes);
    assert_eq!(look(&bytes[..27], CLIENT), ProbeAnswer::No);
    assert_eq!(look(&message(2, 33, 99, 8, &[]), CLIENT), ProbeAnswer::No);
}

#[test]
fn a_chosen_attribute_is_compared() {
    let parse = |text| match fields::FIELDS.last().map(|field| field.kind) {
        Some(crate::FieldKind::Custom(parse)) => parse(text),
        _ => panic!("has a syntax of its own"),
    };
    let mut drive = Drive::datagrams(Ike::default());
    drive.datagram(SERVER, &message(1, 1, 2, 0, &payload(0, &association1())));
    let scope = drive.session.scope(0, SERVER);
    assert!(parse("alg_enc=7").expect("is valid").holds(&scope));
    assert!(!parse("alg_hash = 1").expect("is valid").holds(&scope));
    assert!(parse("alg_foo=1").is_err() && parse("alg_enc").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), next in 0u8..50) {
        for version in [1, 2] {
            let mut drive = Drive::datagrams(Ike::default());
            drive.datagram(CLIENT, &message(version, next, 34, 0, &bytes));
            drive.datagram(SERVER, &message(version, 1, 2, 0, &payload(0, &bytes)));
            drive.datagram(SERVER, &message(version, 33, 34, 0, &payload(0, &bytes)));
            drive.datagram(SERVER, &bytes);
        }
    }
}
