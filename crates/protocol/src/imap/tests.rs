use proptest::prelude::*;

use super::*;
use crate::FileState;
use crate::testing::{CLIENT, Drive, SERVER};

const MAIL: &str = "From: a@a.test\r\nSubject: hi\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\
    Content-Type: text/plain\r\n\r\nSee http://a.test/x\r\n--X\r\nContent-Type: application/pdf\r\n\
    Content-Disposition: attachment; filename=\"bill.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    JVBERi0xLjQK\r\n--X--\r\n";

fn talk(lines: &[(Direction, String)], chunk: usize) -> Drive<Imap> {
    let mut drive = Drive::stream(Imap::default());
    for (direction, text) in lines {
        drive.send(*direction, text.as_bytes(), chunk);
    }
    drive
}

fn lines() -> Vec<(Direction, String)> {
    vec![
        (SERVER, "* OK ready\r\n".into()),
        (CLIENT, "a1 LOGIN \"bo b\" {6}\r\n".into()),
        (SERVER, "+ go\r\n".into()),
        (CLIENT, "s\"cret\r\na2 select INBOX\r\n".into()),
        (
            SERVER,
            "a1 OK [CAPABILITY IDLE] welcome\r\n* 3 EXISTS\r\n* FLAGS (\\Seen)\r\na2 OK done\r\n".into(),
        ),
        (CLIENT, "a3 UID FETCH 7 (FLAGS BODY.PEEK[])\r\n".into()),
        (
            SERVER,
            format!("* 2 FETCH (UID 7 BODY[] {{{}}}\r\n{MAIL} FLAGS ())\r\na3 OK fetched\r\n", MAIL.len()),
        ),
        (CLIENT, "a4 NOOP\r\n".into()),
        (SERVER, "a4 BAD what\r\n".into()),
    ]
}

#[test]
fn commands_and_mails_are_told_without_passwords() {
    let drive = talk(&lines(), 4096);
    expect_test::expect![[r#"
        [1, 1] [] {"imap":{"tag":"a1","command":"LOGIN","arguments":["bo b","***"],"user":"bo b","status":"OK","text":"[CAPABILITY IDLE] welcome","untagged":0}}
        [1, 1] [] {"imap":{"tag":"a2","command":"SELECT","arguments":["INBOX"],"user":"bo b","status":"OK","text":"done","untagged":2}}
        [1, 1] [] {"imap":{"tag":"a3","command":"UID FETCH","arguments":["7","(FLAGS BODY.PEEK[])"],"user":"bo b","status":"OK","text":"fetched","untagged":1}}
        [1, 1] [] {"imap":{"user":"bo b","message_number":2,"mailbox":"INBOX"},"email":{"status":"PARSE_DONE","from":"a@a.test","subject":"hi","attachment":["bill.pdf"],"url":["a.test/x"]}}
        [1, 1] [] {"imap":{"tag":"a4","command":"NOOP","user":"bo b","status":"BAD","text":"what","untagged":0}}"#]].assert_eq(&drive.all(fields::write).join("\n"));
    let mail =
        (0..drive.session.count()).find(|at| !drive.session.files(*at).is_empty()).expect("a file was found");
    let file = &drive.session.files(mail)[0];
    assert_eq!((file.name.as_slice(), file.head.as_slice()), (&b"bill.pdf"[..], &b"%PDF-1.4\n"[..]));
    assert_eq!((file.state, file.direction), (FileState::Closed, SERVER));
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(&lines(), 4096).all(fields::write);
    for chunk in [1, 7, 50] {
        assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
    }
}

#[test]
fn a_mail_in_ranges_is_put_together() {
    let (first, second) = MAIL.split_at(100);
    let asked = |tag: &str, offset: usize| (CLIENT, format!("{tag} FETCH 2 BODY.PEEK[]<{offset}.100>\r\n"));
    let range = |tag: &str, offset: usize, text: &str| {
        let length = text.len();
        (SERVER, format!("* 2 FETCH (BODY[]<{offset}> {{{length}}}\r\n{text})\r\n{tag} OK\r\n"))
    };
    let (second, third) = second.split_at(100);
    let mut lines = vec![asked("a", 0), range("a", 0, first), asked("b", 100), range("b", 100, second)];
    for (place, text) in third.as_bytes().chunks(100).enumerate() {
        let text = std::str::from_utf8(text).unwrap();
        lines.extend([asked("c", 200 + place * 100), range("c", 200 + place * 100, text)]);
    }
    let drive = talk(&lines, 4096);
    let mail =
        (0..drive.session.count()).find(|at| !drive.session.files(*at).is_empty()).expect("a file was found");
    let file = &drive.session.files(mail)[0];
    assert_eq!((file.head.as_slice(), file.state), (&b"%PDF-1.4\n"[..], FileState::Closed));
}

#[test]
fn an_appended_mail_belongs_to_its_command() {
    let drive = talk(
        &[
            (SERVER, "* OK ready\r\n".into()),
            (CLIENT, format!("c1 APPEND Sent (\\Seen) {{{}+}}\r\n{MAIL}\r\n", MAIL.len())),
            (SERVER, "c1 OK appended\r\n".into()),
        ],
        64,
    );
    expect_test::expect![[r#"[1, 1] [] {"imap":{"tag":"c1","command":"APPEND","arguments":["Sent","(\\Seen)"],"status":"OK","text":"appended","untagged":0},"email":{"status":"PARSE_DONE","from":"a@a.test","subject":"hi","attachment":["bill.pdf"],"url":["a.test/x"]}}"#]].assert_eq(&drive.all(fields::write).join("\n"));
    assert_eq!(drive.session.files(0)[0].direction, CLIENT);
}

#[test]
fn what_answers_a_challenge_is_no_command() {
    let drive = talk(
        &[
            (CLIENT, "d1 AUTHENTICATE PLAIN\r\n".into()),
            (SERVER, "+ \r\n".into()),
            (CLIENT, "AGJvYgBzZWNyZXQ=\r\n".into()),
            (SERVER, "d1 NO failed\r\n".into()),
            (CLIENT, "d2 STARTTLS\r\n".into()),
            (SERVER, "d2 OK go\r\n".into()),
        ],
        4096,
    );
    let all = drive.all(fields::write).join("\n");
    assert!(
        !all.contains("AGJv")
            && all.contains(r#""command":"AUTHENTICATE","arguments":["PLAIN"],"status":"NO""#),
        "{all}"
    );
    assert_eq!(drive.asks.change, Some(Some("tls")));
}

#[test]
fn lost_bytes_cut_a_mail_and_the_next_command_is_read() {
    let mut drive =
        talk(&[(CLIENT, format!("e1 APPEND Sent {{{}+}}\r\n{}", MAIL.len(), &MAIL[..150]))], 4096);
    let mut asks = crate::Asks::default();
    let mut input = Input {
        direction: CLIENT,
        data: Data::Gap(5000),
        end: false,
        time: model::Time::default(),
        packet: model::PacketId(1),
        endpoints: crate::Endpoints {
            client: [192, 0, 2, 1].into(),
            server: [192, 0, 2, 2].into(),
            client_port: 1,
            server_port: 143,
            transport: 6,
        },
        config: &crate::Config::default(),
        asks: &mut asks,
    };
    drive.session.feed(&mut input);
    drive.send(CLIENT, b"rest of a line\r\ne2 EXPUNGE\r\n", 100);
    let last = drive.session.count() - 1;
    assert_eq!(drive.session.transactions.get(last).unwrap().body.command.name, b"EXPUNGE");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), "[a-c* {}+<>\\[\\]()\"\r\n0-9BODYFETCHAPPENDLOGIN]{0,50}"), 0..12),
        raw in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut drive = Drive::stream(Imap::default());
        drive.send(CLIENT, b"a APPEND b {20}\r\n", 64).send(SERVER, b"* 1 FETCH (BODY[] {30}\r\n", 64);
        for (server, text) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, text.as_bytes(), 9);
        }
        drive.send(CLIENT, &raw, 9).send(SERVER, &raw, 9);
        drive.all(fields::write);
    }
}
