use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn command(words: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text += &format!("${}\r\n{word}\r\n", word.len());
    }
    text.into_bytes()
}

fn lines() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (CLIENT, command(&["auth", "admin", "hunter2"])),
        (SERVER, b"-WRONGPASS invalid password\r\n".to_vec()),
        (CLIENT, command(&["CONFIG", "SET", "dir", "/var/spool/cron"])),
        (CLIENT, command(&["CONFIG", "SET", "requirepass", "s3cret"])),
        (SERVER, b"+OK\r\n+OK\r\n".to_vec()),
        (CLIENT, b"ping\r\n".to_vec()),
        (SERVER, b"$4\r\nPONG\r\n".to_vec()),
        (CLIENT, command(&["LRANGE", "list", "0", "-1"])),
        (SERVER, b"*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n+b\r\n".to_vec()),
    ]
}

fn talk(lines: &[(Direction, Vec<u8>)], chunk: usize) -> Drive<Redis> {
    let mut drive = Drive::stream(Redis::default());
    for (direction, bytes) in lines {
        drive.send(*direction, bytes, chunk);
    }
    drive
}

#[test]
fn commands_join_their_replies_and_passwords_are_masked() {
    let drive = talk(&lines(), 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"redis":{"command":"AUTH","argument_count":2,"arguments":["admin","***"],"reply":{"type":"error","value":"WRONGPASS invalid password"}}}
        [1, 1] [] {"redis":{"command":"CONFIG","argument_count":3,"arguments":["SET","dir","/var/spool/cron"],"reply":{"type":"status","value":"OK"}}}
        [1, 1] [] {"redis":{"command":"CONFIG","argument_count":3,"arguments":["SET","requirepass","***"],"reply":{"type":"status","value":"OK"}}}
        [1, 1] [] {"redis":{"command":"PING","argument_count":0,"reply":{"type":"string","size":4}}}
        [1, 1] [] {"redis":{"command":"LRANGE","argument_count":3,"arguments":["list","0","-1"],"reply":{"type":"array","size":3}}}"#]]
    .assert_eq(&drive.all(fields::write).join("\n"));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&lines(), 4096).all(fields::write);
    for chunk in [1, 2, 7] {
        assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
    }
}

#[test]
fn a_large_value_is_read_over_as_it_comes_even_with_a_hole_in_it() {
    let mut drive = Drive::stream(Redis::default());
    let whole = command(&["SET", "key", &"x".repeat(100_000)]);
    drive.send(CLIENT, &whole[..60_000], 1400);
    assert!(drive.session.readers[0].gap(10_000), "the hole lies inside the value");
    drive.send(CLIENT, &whole[70_000..], 1400);
    drive.send(SERVER, b"+OK\r\n", 100);
    let record = drive.record(0, CLIENT, fields::write);
    assert!(record.starts_with(r#"{"redis":{"command":"SET","argument_count":2"#), "{record}");
    assert!(record.len() < 700, "what is kept of an argument has a limit");
}

#[test]
fn after_lost_bytes_commands_are_found_again() {
    let mut drive = talk(&lines()[2..3], 100);
    drive.session.lose(0);
    drive.send(CLIENT, b"cut off\r\n", 100).send(CLIENT, &command(&["FLUSHALL"]), 5);
    let all = drive.all(fields::write);
    assert!(all[0].starts_with("[1, 1]") && all[1].contains("FLUSHALL"), "{all:?}");
}

#[test]
fn what_a_listener_gets_is_no_answer() {
    let mut drive = talk(&[(CLIENT, command(&["SUBSCRIBE", "news"]))], 100);
    let push =
        b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
    drive.send(SERVER, push, 100);
    assert_eq!(drive.session.count(), 1);
}

#[test]
fn only_arrays_of_words_are_recognised() {
    for (bytes, expected) in [
        (&b"*1\r\n$4\r\nPING\r\n"[..], ProbeAnswer::Yes),
        (b"*1\r\n$4", ProbeAnswer::More),
        (b"* OK IMAP4rev1", ProbeAnswer::No),
        (b"*1\r\n:4\r\n", ProbeAnswer::No),
        (b"*999999\r\n$4\r\nPING", ProbeAnswer::No),
    ] {
        assert_eq!(begins(bytes), expected, "{bytes:?}");
    }
    assert_eq!(inline(b"PING\r"), ProbeAnswer::Yes);
    assert_eq!(inline(b"\x16\x03\x01"), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), "[*$+:|%>!0-9\r\na-z-]{0,30}"), 0..12),
        raw in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut drive = Drive::stream(Redis::default());
        for (server, text) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, text.as_bytes(), 9);
        }
        drive.send(CLIENT, &raw, 9).send(SERVER, &raw, 9);
        drive.all(fields::write);
    }
}
