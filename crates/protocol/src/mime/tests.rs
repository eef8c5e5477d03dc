use model::{Direction, PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::File;
use crate::FileConfig;

fn read(message: &[u8], odd: &mut Vec<Oddity>) -> (Message, Vec<File>) {
    let mut files = Vec::new();
    let mut last_id = 0;
    let config = FileConfig::default();
    let mut mime = Message::new(MimeConfig::default());
    let mut source = FileSource {
        files: &mut files,
        config: &config,
        direction: Direction::ToServer,
        began: (Time::default(), PacketId(1)),
        last_id: &mut last_id,
    };
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let (line, end): (&[u8], &'static [u8]) = match line.strip_suffix(b"\r\n") {
            Some(line) => (line, b"\r\n"),
            None => match line.strip_suffix(b"\n") {
                Some(line) => (line, b"\n"),
                None => (line, b""),
            },
        };
        mime.line(line, 0, end, &mut source, &mut |what| odd.push(what));
    }
    mime.finish(&mut source, FileState::Closed);
    (mime, files)
}

fn files(message: &[u8]) -> Vec<(String, String)> {
    let (_, files) = read(message, &mut Vec::new());
    files
        .iter()
        .map(|file| {
            let text = String::from_utf8_lossy(file.body.window().0).into_owned();
            (String::from_utf8_lossy(&file.name).into_owned(), text)
        })
        .collect()
}

fn one(name: &str, text: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), text.to_owned())]
}

#[test]
fn a_named_part_is_a_file_and_its_last_line_end_is_the_boundarys() {
    let message = b"Content-Type: multipart/mixed; boundary=\"x y\"\r\n\r\npreamble\r\n--x y\r\n\
        Content-Type: text/plain; name=a.txt\r\n\r\none\r\ntwo\r\n--x y--\r\nafter\r\n";
    assert_eq!(files(message), one("a.txt", "one\r\ntwo"));
}

#[test]
fn base64_is_decoded_across_lines() {
    let message = b"Content-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"b.bin\"\r\n\r\naGVs\r\nbG8gd29\r\nybGQ=\r\n";
    assert_eq!(files(message), one("b.bin", "hello world"));
}

#[test]
fn quoted_printable_joins_soft_lines() {
    let message = b"Content-Transfer-Encoding: Quoted-Printable\r\n\
        Content-Disposition: attachment; filename=\"c.txt\"\r\n\r\na=3Db=\r\nc\r\nd\r\n";
    assert_eq!(files(message), one("c.txt", "a=bc\r\nd\r\n"));
}

#[test]
fn names_in_sections_are_joined_and_decoded() {
    assert_eq!(
        parameter(b"attachment;filename*0=one;filename*1=two.zip", b"filename").unwrap(),
        b"onetwo.zip"
    );
    assert_eq!(parameter(b"attachment; filename*=UTF-8''a%20b.txt", b"filename").unwrap(), b"a b.txt");
    assert_eq!(parameter(b"text/plain; name=\"a\\\"b;c\"; x=y", b"name").unwrap(), b"a\"b;c");
    assert_eq!(parameter(b"text/plain; filename", b"filename"), None);
}

#[test]
fn an_encapsulated_message_says_itself_what_it_carries() {
    let message = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"innocent.txt\"\r\n\r\nSubject: Inner\r\n\
        Content-Disposition: attachment; filename=\"malware.exe\"\r\n\r\nPAYLOAD\r\n";
    assert_eq!(files(message), one("malware.exe", "PAYLOAD\r\n"));
}

#[test]
fn folded_headers_are_joined_without_the_white_space() {
    let (mime, _) = read(b"Received: from a\r\n\tby b\r\nTo: x,\"y, z\" <q>\r\n\r\n", &mut Vec::new());
    assert_eq!(mime.header(b"received").unwrap(), b"from aby b");
    let to: Vec<_> = list(mime.header(b"to").unwrap()).collect();
    assert_eq!(to, [b"x".as_slice(), b"\"y, z\" <q>"]);
}

#[test]
fn urls_are_found_in_texts() {
    let (mime, _) = read(b"Subject: x\r\n\r\nsee HTTP://a.test/b c http://d.test\r\n", &mut Vec::new());
    assert_eq!(mime.urls, [b"a.test/b".to_vec(), b"d.test".to_vec()]);
}

#[test]
fn oddities_are_told() {
    let mut odd = Vec::new();
    let name = "n".repeat(300);
    read(format!("Content-Type: text/plain; name={name}\r\nno header\r\n\r\n").as_bytes(), &mut odd);
    assert_eq!(odd, [Oddity::MalformedMessage, Oddity::LongFilename]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut message = b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: a; name*0=b\n\n".to_vec();
        message.extend_from_slice(&tail);
        read(&message, &mut Vec::new());
        read(&tail, &mut Vec::new());
        parameter(&tail, b"name");
    }
}
