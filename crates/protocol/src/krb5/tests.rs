use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, 0x81, content.len() as u8][..], &content].concat()
}

fn name(parts: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = parts.iter().flat_map(|part| der(0x1b, &[part.as_bytes()])).collect();
    der(0x30, &[&der(0xa0, &[&[2, 1, 1]]), &der(0xa1, &[&der(0x30, &[&list])])])
}

fn sealed(encryption: u8) -> Vec<u8> {
    der(0x30, &[&der(0xa0, &[&[2, 1, encryption]]), &der(0xa2, &[&[4, 1, 0]])])
}

fn reply() -> Vec<u8> {
    let ticket = der(
        0x61,
        &[&der(
            0x30,
            &[
                &der(0xa0, &[&[2, 1, 5]]),
                &der(0xa1, &[&der(0x1b, &[b"EXAMPLE.COM"])]),
                &der(0xa2, &[&name(&["HTTP", "www"])]),
                &der(0xa3, &[&sealed(23)]),
            ],
        )],
    );
    der(
        0x6d,
        &[&der(
            0x30,
            &[
                &der(0xa0, &[&[2, 1, 5]]),
                &der(0xa1, &[&[2, 1, 13]]),
                &der(0xa3, &[&der(0x1b, &[b"EXAMPLE.COM"])]),
                &der(0xa4, &[&name(&["alice"])]),
                &der(0xa5, &[&ticket]),
                &der(0xa6, &[&sealed(18)]),
            ],
        )],
    )
}

fn over_tcp(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

#[test]
fn a_reply_shows_names_and_encryption_of_the_ticket() {
    let mut drive = Drive::datagrams(Krb5::default());
    drive.datagram(SERVER, &reply());
    assert_eq!(
        drive.record(0, SERVER, fields::write),
        r#"{"krb5":{"msg_type":"KRB_TGS_REP","cname":"alice","realm":"EXAMPLE.COM","sname":"HTTP/www","encryption":"aes256-cts-hmac-sha1-96","weak_encryption":false,"ticket_encryption":"rc4-hmac","ticket_weak_encryption":true}}"#
    );
}

#[test]
fn cutting_the_stream_changes_nothing() {
    let bytes = [over_tcp(&reply()), over_tcp(&reply())].concat();
    let read = |chunk| {
        let mut drive = Drive::stream(Krb5::default());
        drive.send(SERVER, &bytes, chunk).all(fields::write)
    };
    assert_eq!(read(usize::MAX).len(), 2);
    for chunk in [1, 3, 50] {
        assert_eq!(read(chunk), read(usize::MAX));
    }
}

#[test]
fn a_message_of_version_five_is_recognised() {
    let mut bytes = reply();
    assert_eq!(look(&bytes), ProbeAnswer::No, "the probe expects short lengths before the version");
    bytes = vec![0x6a, 0x20, 0x30, 0x1e, 0xa1, 3, 2, 1, 5, 0xa2, 3, 2, 1, 10];
    assert_eq!(look(&bytes), ProbeAnswer::Yes);
    assert_eq!(look(b"GET / HTTP/1.0\r\n"), ProbeAnswer::No);
}

#[test]
fn ticket_encryption_takes_names_numbers_and_weak() {
    let mut drive = Drive::datagrams(Krb5::default());
    drive.datagram(SERVER, &reply());
    let scope = drive.session.scope(0, SERVER);
    let FieldKindCustom(parse) = custom("krb5.ticket_encryption");
    for (argument, holds) in
        [("weak", true), ("23", true), ("rc4-hmac", true), ("!rc4-hmac", false), ("17,18", false)]
    {
        assert_eq!(parse(argument).expect("is valid").holds(&scope), holds, "{argument}");
    }
    assert!(parse("rot13").is_err());
}

struct FieldKindCustom(fn(&str) -> Result<Box<dyn crate::Condition>, String>);

fn custom(name: &str) -> FieldKindCustom {
    let field = fields::FIELDS.iter().find(|field| field.name == name).expect("is a field");
    match field.kind {
        crate::FieldKind::Custom(parse) => FieldKindCustom(parse),
        _ => panic!("{name} has a syntax of its own"),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..200, value in any::<u8>()) {
        let mut drive = Drive::datagrams(Krb5::default());
        drive.datagram(CLIENT, &bytes);
        let mut damaged = reply();
        let place = place % damaged.len();
        damaged[place] = value;
        drive.datagram(SERVER, &damaged);
        Drive::stream(Krb5::default()).send(CLIENT, &bytes, 7);
        let _ = look(&bytes);
    }
}
