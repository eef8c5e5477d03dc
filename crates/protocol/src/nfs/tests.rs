use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};
use crate::{Condition, FileState};

/// XDR, word by word.
#[derive(Debug, Default, Clone)]
struct Xdr(Vec<u8>);

impl Xdr {
    fn words(mut self, words: &[u32]) -> Self {
        self.0.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        self
    }

    fn opaque(self, bytes: &[u8]) -> Self {
        let mut xdr = self.words(&[bytes.len() as u32]);
        xdr.0.extend_from_slice(bytes);
        xdr.0.resize(xdr.0.len().next_multiple_of(4), 0);
        xdr
    }
}

/// A call by user 1000 on the machine `ws`.
fn call(xid: u32, version: u32, procedure: u32, arguments: Xdr) -> Vec<u8> {
    let credentials = Xdr::default().words(&[7]).opaque(b"ws").words(&[1000, 100, 0]);
    let head = Xdr::default().words(&[xid, 0, 2, rpc::PROGRAM, version, procedure, rpc::AUTH_UNIX]);
    let mut xdr = head.opaque(&credentials.0).words(&[0, 0]);
    xdr.0.extend(arguments.0);
    xdr.0
}

fn reply(xid: u32, results: Xdr) -> Vec<u8> {
    let mut xdr = Xdr::default().words(&[xid, 1, 0, 0, 0, 0]);
    xdr.0.extend(results.0);
    xdr.0
}

fn record(message: &[u8]) -> Vec<u8> {
    let mut bytes = (message.len() as u32 | LAST_FRAGMENT).to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    bytes
}

fn handle(xdr: Xdr, number: u8) -> Xdr {
    xdr.opaque(&[number; 8])
}

fn dir() -> Xdr {
    handle(Xdr::default(), 1)
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<Nfs> {
    let mut drive = Drive::stream(Nfs::default());
    for (direction, message) in lines {
        drive.send(*direction, &record(message), chunk);
    }
    drive
}

/// Looks `a.txt` up, then reads it in two pieces, the second of which comes first.
fn reading() -> Vec<(Direction, Vec<u8>)> {
    let file = || handle(Xdr::default(), 2);
    let piece = |last: u32, data: &[u8]| Xdr::default().words(&[0, 0, data.len() as u32, last]).opaque(data);
    vec![
        (CLIENT, call(1, 3, 3, dir().opaque(b"a.txt"))),
        (SERVER, reply(1, handle(Xdr::default().words(&[0]), 2).words(&[0, 0]))),
        (CLIENT, call(2, 3, 6, file().words(&[0, 0, 4]))),
        (CLIENT, call(3, 3, 6, file().words(&[0, 4, 4]))),
        (SERVER, reply(2, piece(0, b"abcd"))),
        (SERVER, reply(3, piece(1, b"efg"))),
    ]
}

#[test]
fn a_file_that_is_read_has_its_name_and_content() {
    let drive = talk(&reading(), 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"rpc":{"xid":1,"status":"ACCEPTED","auth_type":"UNIX","creds":{"machine_name":"ws","uid":1000,"gid":100}},"nfs":{"version":3,"procedure":"LOOKUP","filename":"a.txt","hhash":"f225241d","id":1,"file_tx":false,"type":"response","status":"OK"}}
        [1, 1] [] {"rpc":{"xid":2,"status":"ACCEPTED","auth_type":"UNIX","creds":{"machine_name":"ws","uid":1000,"gid":100}},"nfs":{"version":3,"procedure":"READ","filename":"a.txt","hhash":"f225241d","id":2,"file_tx":true,"type":"response","status":"OK","read":{"first":true,"last":true,"last_xid":3,"chunks":2}}}"#]]
    .assert_eq(&drive.all(fields::write).join("\n"));
    let file = &drive.session.files(1)[0];
    assert_eq!((file.name.as_slice(), file.size, file.state), (&b"a.txt"[..], 7, FileState::Closed));
    assert_eq!(file.head, b"abcdefg");
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&reading(), 4096).all(fields::write);
    for chunk in [1, 3, 50] {
        assert_eq!(talk(&reading(), chunk).all(fields::write), whole);
    }
}

#[test]
fn pieces_out_of_order_are_put_in_order() {
    let file = || handle(Xdr::default(), 9);
    let write = |xid, offset, stable, data: &[u8]| {
        call(xid, 3, 7, file().words(&[0, offset, data.len() as u32, stable]).opaque(data))
    };
    let lines = vec![
        (CLIENT, write(1, 3, 0, b"def")),
        (CLIENT, write(2, 0, 0, b"abc")),
        (CLIENT, call(3, 3, 21, file().words(&[0, 0, 0]))),
    ];
    let drive = talk(&lines, 100);
    let file = &drive.session.files(0)[0];
    assert_eq!((file.head.as_slice(), file.state), (&b"abcdef"[..], FileState::Closed));
    let scope = drive.session.scope(0, CLIENT);
    for (text, expected) in [
        ("WRITE", true),
        ("COMMIT", true),
        ("read", false),
        ("7", true),
        (">20", true),
        ("1<>6", false),
        ("!=7", true),
        ("<3", false),
    ] {
        let wanted = fields::Wanted::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(wanted.holds(&scope), expected, "{text}");
    }
    for text in ["", "A", ">1<>2", "9<>3", "<>4"] {
        assert!(fields::Wanted::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_large_piece_is_taken_as_it_arrives() {
    let data = vec![b'x'; 100_000];
    let message = call(1, 3, 7, handle(Xdr::default(), 9).words(&[0, 0, 100_000, 2]).opaque(&data));
    let mut drive = Drive::stream(Nfs::default());
    drive.send(CLIENT, &record(&message)[..50_000], 1400);
    let seen = drive.session.files(0)[0].size;
    assert!(seen > 40_000, "{seen} bytes of the file were taken before the record was whole");
    drive.send(CLIENT, &record(&message)[50_000..], 1400);
    let file = &drive.session.files(0)[0];
    assert_eq!((file.size, file.state), (100_000, FileState::Closed));
}

#[test]
fn compounds_name_what_they_open_and_what_they_change() {
    let change = |xdr: Xdr| xdr.words(&[0, 0, 0, 0, 0]);
    let open = Xdr::default()
        .opaque(b"")
        .words(&[0, 3, 22])
        .opaque(&[1; 8])
        .words(&[18, 0, 2, 0, 0, 0])
        .opaque(b"me")
        .words(&[0, 0])
        .opaque(b"plan.doc")
        .words(&[10]);
    let opened = change(Xdr::default().words(&[0]).opaque(b"").words(&[3, 22, 0, 18, 0, 0, 0, 0, 0]))
        .words(&[0, 0, 0, 10, 0])
        .opaque(&[5; 8]);
    let read =
        Xdr::default().opaque(b"").words(&[0, 2, 22]).opaque(&[5; 8]).words(&[25, 0, 0, 0, 0, 0, 0, 9]);
    let data = Xdr::default().words(&[0]).opaque(b"").words(&[2, 22, 0, 25, 0, 1]).opaque(b"hello");
    let rename = Xdr::default()
        .opaque(b"")
        .words(&[0, 2, 22])
        .opaque(&[1; 8])
        .words(&[29])
        .opaque(b"plan.doc")
        .opaque(b"plan.doc.locked");
    let renamed = change(change(Xdr::default().words(&[0]).opaque(b"").words(&[2, 22, 0, 29, 0])));
    let lines = vec![
        (CLIENT, call(1, 4, 1, open)),
        (SERVER, reply(1, opened)),
        (CLIENT, call(2, 4, 1, read)),
        (SERVER, reply(2, data)),
        (CLIENT, call(3, 4, 1, rename)),
        (SERVER, reply(3, renamed)),
    ];
    let drive = talk(&lines, 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"rpc":{"xid":2,"status":"ACCEPTED","auth_type":"NULL"},"nfs":{"version":4,"procedure":"READ","filename":"plan.doc","hhash":"dbdfd27a","id":1,"file_tx":true,"type":"response","status":"OK","read":{"first":true,"last":true,"last_xid":2,"chunks":1}}}
        [1, 1] [] {"rpc":{"xid":3,"status":"ACCEPTED","auth_type":"UNIX","creds":{"machine_name":"ws","uid":1000,"gid":100}},"nfs":{"version":4,"procedure":"RENAME","filename":"plan.doc","hhash":"2ea122d3","id":2,"file_tx":false,"type":"response","status":"OK","rename":{"from":"plan.doc","to":"plan.doc.locked"}}}"#]]
    .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn fragments_of_a_message_are_put_together() {
    let message = call(1, 3, 3, dir().opaque(b"a.txt"));
    let (first, second) = message.split_at(40);
    let mut bytes = (first.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(first);
    bytes.extend(record(second));
    let mut drive = Drive::stream(Nfs::default());
    drive.send(CLIENT, &bytes, 7);
    assert_eq!(drive.session.transactions.get(0).unwrap().body.name, b"a.txt");
}

#[test]
fn the_next_call_is_found_after_lost_bytes() {
    let mut drive = Drive::stream(Nfs::default());
    drive.session.gap(CLIENT, 100);
    let mut bytes = b"the rest of something else".to_vec();
    bytes.extend(record(&call(5, 3, 12, dir().opaque(b"gone.txt"))));
    drive.send(CLIENT, &bytes, 11);
    assert_eq!(drive.session.transactions.get(0).unwrap().body.name, b"gone.txt");
}

#[test]
fn datagrams_are_messages_without_a_mark() {
    let mut drive = Drive::datagrams(Nfs::default());
    drive.datagram(CLIENT, &call(1, 2, 10, Xdr(vec![3; 32]).opaque(b"old.txt")));
    drive.datagram(SERVER, &reply(1, Xdr::default().words(&[13])));
    let record = drive.record(0, CLIENT, fields::write);
    assert!(record.contains(r#""procedure":"REMOVE","filename":"old.txt""#), "{record}");
    assert!(record.contains(r#""status":"ERR_ACCES""#), "{record}");
}

#[test]
fn too_many_open_transactions_push_the_oldest_out() {
    let mut drive = Drive::stream(Nfs::default());
    for xid in 0..=TRANSACTIONS_MAX as u32 {
        drive.send(CLIENT, &record(&call(xid, 3, 3, dir().opaque(b"a"))), 4096);
    }
    let core = drive.session.core(0);
    assert_eq!((core.events.as_slice(), core.progress), (&[TOO_MANY_TRANSACTIONS][..], [1; 2]));
}

#[test]
fn only_calls_of_nfs_are_recognised() {
    let looks = |bytes: &[u8]| either(bytes, CLIENT);
    assert_eq!(looks(&call(1, 3, 3, dir())), ProbeAnswer::Yes);
    assert_eq!(looks(&reply(1, Xdr::default())), ProbeAnswer::YesReversed);
    assert_eq!(looks(&call(1, 5, 3, dir())), ProbeAnswer::No);
    assert_eq!(looks(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_arguments_are_read_without_panic(
        talk in proptest::collection::vec(
            (2u32..6, 0u32..25, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..120)), 0..8)
    ) {
        let mut drive = Drive::stream(Nfs::default());
        for (version, procedure, compound, body) in &talk {
            let procedure = if *compound { 1 } else { *procedure };
            let mut arguments = Xdr::default();
            if *compound {
                arguments = arguments.opaque(b"").words(&[0, 3]);
            }
            arguments.0.extend_from_slice(body);
            drive.send(CLIENT, &record(&call(7, *version, procedure, arguments.clone())), 64);
            drive.send(SERVER, &record(&reply(7, arguments)), 64);
            drive.send(SERVER, body, 64);
        }
        drive.all(fields::write);
    }
}
