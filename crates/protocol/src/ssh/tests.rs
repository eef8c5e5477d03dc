use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn packet(number: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u32;
    [&length.to_be_bytes()[..], &[0, number], content].concat()
}

fn key_exchange() -> Vec<u8> {
    let lists = ["kex", "hostkey", "enc-up", "enc-down", "mac-up", "mac-down", "none", "zlib", "", ""];
    let mut content = vec![5; 16];
    for list in lists {
        content.extend_from_slice(&(list.len() as u32).to_be_bytes());
        content.extend_from_slice(list.as_bytes());
    }
    content.extend_from_slice(&[0; 5]);
    packet(KEX_INIT, &content)
}

fn talk(chunk: usize) -> Drive<Ssh> {
    let mut drive = Drive::stream(Ssh::default());
    drive.send(CLIENT, &[&b"SSH-2.0-Example_1 hello\r\n"[..], &key_exchange()].concat(), chunk);
    drive.send(
        SERVER,
        &[&b"SSH-1.99-Server\n"[..], &key_exchange(), &packet(NEW_KEYS, &[0; 10])].concat(),
        chunk,
    );
    drive.send(CLIENT, &[packet(NEW_KEYS, &[0; 10]), vec![0xee; 50]].concat(), chunk);
    drive
}

#[test]
fn banners_and_hassh_are_read() {
    let drive = talk(usize::MAX);
    let [client, server] = &drive.session.transactions.get(0).expect("is open").body.sides;
    assert_eq!((&client.version[..], &client.software[..]), (&b"2.0"[..], &b"Example_1"[..]));
    assert_eq!((&server.version[..], &server.software[..]), (&b"1.99"[..], &b"Server"[..]));
    assert_eq!(client.hassh.as_ref().map(|hassh| &*hassh.text), Some("kex;enc-up;mac-up;none"));
    assert_eq!(server.hassh.as_ref().map(|hassh| &*hassh.text), Some("kex;enc-down;mac-down;zlib"));
    assert!(
        drive.asks.stop && drive.session.transactions.get(0).expect("is open").core.progress == [FINISHED; 2]
    );
}

#[test]
fn cutting_the_stream_changes_nothing() {
    for chunk in [1, 2, 5, 33] {
        assert_eq!(talk(chunk).all(fields::write), talk(usize::MAX).all(fields::write));
    }
}

#[test]
fn a_banner_without_end_is_cut_and_said_so() {
    let mut drive = Drive::stream(Ssh::default());
    drive.send(CLIENT, &[&b"SSH-2.0-"[..], &[b'x'; 400]].concat(), 64);
    let core = &drive.session.transactions.get(0).expect("is open").core;
    assert_eq!((core.events[..].to_vec(), core.progress[0]), (vec![LONG_BANNER], BANNER_WAIT));
    drive.send(CLIENT, b"yyy\r\n", 64);
    assert_eq!(drive.session.transactions.get(0).expect("is open").core.progress[0], BANNER_DONE);
}

#[test]
fn a_line_that_is_no_banner_ends_parsing() {
    let mut drive = Drive::stream(Ssh::default());
    drive.send(CLIENT, b"SSH-broken\r\n", 64);
    assert!(drive.broken);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1usize..50) {
        let mut drive = Drive::stream(Ssh::default());
        drive.send(CLIENT, b"SSH-2.0-x\r\n", chunk).send(CLIENT, &bytes, chunk);
        drive.send(SERVER, &bytes, chunk);
        let _ = hassh(&bytes, CLIENT);
    }
}
