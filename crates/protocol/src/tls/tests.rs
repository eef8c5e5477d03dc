use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn vector(length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&length[4 - length_bytes..], content].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector(3, body)].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &vector(2, body)].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &vector(2, content)].concat()
}

fn client_hello() -> Vec<u8> {
    let sni = extension(0, &vector(2, &[&[0][..], &vector(2, b"www.example.com")].concat()));
    let groups = extension(10, &vector(2, &hex("0a0a 001d 0017")));
    let formats = extension(11, &[1, 0]);
    let alpn = extension(16, &vector(2, &[vector(1, b"h2"), vector(1, b"http/1.1")].concat()));
    let algorithms = extension(13, &vector(2, &hex("0403 0804")));
    let extensions = [sni, groups, formats, alpn, algorithms].concat();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &vector(1, &[]),
        &vector(2, &hex("1a1a c02f c02b 009c")),
        &[1, 0],
        &vector(2, &extensions),
    ]
    .concat();
    message(1, &body)
}

fn server_hello() -> Vec<u8> {
    let extensions = extension(16, &vector(2, &vector(1, b"h2")));
    message(2, &[&[3, 3][..], &[9; 32], &vector(1, &[]), &[0xc0, 0x2f, 0], &vector(2, &extensions)].concat())
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    match content.len() {
        short @ 0..128 => [&[tag, short as u8][..], &content].concat(),
        long => [&[tag, 0x82][..], &(long as u16).to_be_bytes(), &content].concat(),
    }
}

fn name(words: &[(&[u8], &str)]) -> Vec<u8> {
    let sets: Vec<u8> = words
        .iter()
        .flat_map(|(oid, value)| {
            der(0x31, &[&der(0x30, &[&der(6, &[oid]), &der(0x0c, &[value.as_bytes()])])])
        })
        .collect();
    der(0x30, &[&sets])
}

fn certificate() -> Vec<u8> {
    let algorithm = der(0x30, &[&der(6, &[&[0x2a, 3]])]);
    let subject = name(&[(&[0x55, 4, 6], "US"), (&[0x55, 4, 3], "www.example.com")]);
    let issuer = name(&[
        (&[0x55, 4, 10], "Example, Inc."),
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "ca@example.com"),
    ]);
    let validity = der(0x30, &[&der(0x17, &[b"170323000000Z"]), &der(0x18, &[b"20500513120000Z"])]);
    let names = der(0x30, &[&der(0x82, &[b"www.example.com"]), &der(0x87, &[&[192, 0, 2, 7]])]);
    let alternatives = der(0x30, &[&der(6, &[&[0x55, 0x1d, 17]]), &der(4, &[&names])]);
    let body = der(
        0x30,
        &[
            &der(0xa0, &[&der(2, &[&[2]])]),
            &der(2, &[&[0, 0x97, 0xe6]]),
            &algorithm,
            &issuer,
            &validity,
            &subject,
            &der(0x30, &[&algorithm]),
            &der(0xa3, &[&der(0x30, &[&alternatives])]),
        ],
    );
    der(0x30, &[&body, &algorithm, &der(3, &[&[0, 1]])])
}

/// A handshake of TLS 1.2; the server's messages are cut over records in the middle of the certificate.
fn talk(chunk: usize) -> Drive<Tls> {
    let mut drive = Drive::stream(Tls::default());
    drive.send(CLIENT, &record(22, &client_hello()), chunk);
    let chain = message(11, &vector(3, &vector(3, &certificate())));
    let flight = [server_hello(), chain, message(14, &[])].concat();
    let (first, second) = flight.split_at(120);
    drive.send(SERVER, &[record(22, first), record(22, second)].concat(), chunk);
    drive.send(
        CLIENT,
        &[record(22, &message(16, &[0; 5])), record(20, &[1]), record(22, &[0xab; 40])].concat(),
        chunk,
    );
    drive.send(SERVER, &[record(20, &[1]), record(22, &[0xcd; 40]), record(23, &[1; 3000])].concat(), chunk);
    drive
}

#[test]
fn a_handshake_shows_names_certificate_and_fingerprints() {
    let drive = talk(usize::MAX);
    assert!(!drive.broken);
    expect![[r#"{"tls":{"subject":"C=US, CN=www.example.com","issuerdn":"O=Example, Inc., Email=ca@example.com","subjectaltname":["www.example.com","192.0.2.7"],"serial":"00:97:E6","fingerprint":"83:e6:ff:f7:79:13:dc:dd:23:7c:30:61:2b:92:39:66:7c:62:af:7e","sni":"www.example.com","version":"TLS 1.2","notbefore":"2017-03-23T00:00:00","notafter":"2050-05-13T12:00:00","ja3":{"hash":"a8b08c8997389bb2d1fb0ac2e2051586","string":"771,49199-49195-156,0-10-11-16-13,29-23,0"},"ja3s":{"hash":"896415616b22361262d7a961b6325cfd","string":"771,49199,16"},"ja4":"t12d0305h2_b80a1783d7a2_876bcc86782c","client_alpns":["h2","http/1.1"],"server_alpns":["h2"]}}"#]]
    .assert_eq(&drive.record(0, CLIENT, log::write));
    assert_eq!(drive.session.core(0).progress, [state::CLIENT_HANDSHAKE_DONE, state::SERVER_HANDSHAKE_DONE]);
}

#[test]
fn cutting_the_stream_changes_nothing() {
    let whole = talk(usize::MAX).all(log::write);
    for chunk in [1, 2, 3, 7, 100] {
        assert_eq!(talk(chunk).all(log::write), whole, "in chunks of {chunk}");
    }
}

#[test]
fn a_client_hello_alone_is_told_once_nothing_more_comes() {
    let mut drive = Drive::stream(Tls::default());
    drive.send(CLIENT, &record(22, &client_hello()), 64);
    for write in [log::write, log::write_object] {
        assert!(drive.record(0, CLIENT, write).contains(r#""sni":"www.example.com""#));
    }
    assert_eq!(drive.session.core(0).progress, [state::CLIENT_HELLO_DONE, 0]);
}

#[test]
fn an_unknown_record_type_ends_parsing() {
    let mut drive = Drive::stream(Tls::default());
    drive.send(CLIENT, &[30, 3, 3, 0, 1, 0], 6);
    assert!(drive.broken);
    assert_eq!(drive.session.core(0).events[..], [event::INVALID_RECORD_TYPE, event::INVALID_SSL_RECORD]);
}

#[test]
fn a_heartbeat_that_claims_more_than_it_carries_is_an_event() {
    let mut drive = Drive::stream(Tls::default());
    drive.send(CLIENT, &record(22, &client_hello()), 1000);
    drive.send(CLIENT, &record(24, &[1, 0x40, 0]), 1000);
    let events = &drive.session.core(0).events;
    assert_eq!(events[..], [event::HEARTBEAT_MESSAGE, event::OVERFLOW_HEARTBEAT_MESSAGE]);
}

#[test]
fn the_end_finishes_each_side() {
    let mut drive = talk(usize::MAX);
    drive.end(CLIENT).end(SERVER);
    assert_eq!(drive.session.core(0).progress, [state::CLIENT_FINISHED, state::SERVER_FINISHED]);
}

#[test]
fn keywords_with_their_own_syntax_are_checked() {
    assert!(keywords::version("1.2").is_ok() && keywords::version("1.4").is_err());
    assert!(keywords::ssl_version("!sslv3,tls1.0").is_ok() && keywords::ssl_version("tls1").is_err());
    assert!(keywords::ssl_state("client_hello|!server_hello").is_ok());
    assert!(
        keywords::not_after("<2015-10-22T23:59:59").is_ok() && keywords::not_after("2016<>2015").is_err()
    );
}

#[test]
fn validity_is_compared_by_date() {
    let drive = talk(usize::MAX);
    let scope = drive.session.scope(0, SERVER);
    let holds = |text| keywords::not_before(text).expect("is a date").holds(&scope);
    assert!(holds("2017-03-23") && holds(">2017-03-22") && holds("2017-01-01<>2017-04-01"));
    assert!(!holds("<2017-03-23"));
    assert!(keywords::valid("").expect("no argument").holds(&scope));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(client in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1usize..50) {
        let mut drive = Drive::stream(Tls::default());
        drive.send(CLIENT, &client, chunk);
        let mut drive = Drive::stream(Tls::default());
        drive.send(CLIENT, &record(22, &message(1, &client)), chunk);
        drive.send(SERVER, &record(22, &message(2, &client)), chunk);
        drive.send(SERVER, &record(22, &message(11, &client)), chunk);
        let _ = certificate::read(&client);
    }

    #[test]
    fn a_damaged_certificate_is_read_without_panic(place in 0usize..200, value in any::<u8>()) {
        let mut bytes = certificate();
        let place = place % bytes.len();
        bytes[place] = value;
        let _ = certificate::read(&bytes);
    }
}
