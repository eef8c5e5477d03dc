use std::net::{IpAddr, Ipv4Addr};

use json::Json;
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Endpoints};

fn feed(smtp: &mut Smtp, direction: Direction, bytes: &[u8]) -> usize {
    feed_frames(smtp, direction, bytes).0
}

fn feed_frames(smtp: &mut Smtp, direction: Direction, bytes: &[u8]) -> (usize, Vec<Frame>) {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut asks = Asks::default();
    let fed = smtp.feed(&mut Input {
        direction,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints { client: at, server: at, client_port: 40000, server_port: 25, transport: 6 },
        config: &Config::default(),
        asks: &mut asks,
    });
    let used = match fed {
        Fed::Used(used) | Fed::Need { used, .. } => used,
        Fed::Broken => bytes.len(),
    };
    (used, asks.frames)
}

/// `C: …` and `S: …` lines, each fed at once, or byte by byte.
fn talk(lines: &[(char, &str)], step: usize) -> Smtp {
    let mut smtp = Smtp::default();
    let mut kept: [Vec<u8>; 2] = Default::default();
    for (who, text) in lines {
        let direction = if *who == 'C' { Direction::ToServer } else { Direction::ToClient };
        let kept = &mut kept[direction.index()];
        for part in text.as_bytes().chunks(step) {
            kept.extend_from_slice(part);
            let used = feed(&mut smtp, direction, kept);
            kept.drain(..used);
        }
    }
    smtp
}

fn eve(smtp: &Smtp) -> Vec<String> {
    (0..smtp.count())
        .map(|index| {
            let mut json = Json::new();
            json.object_item();
            log::write(&smtp.scope(index, Direction::ToServer), &mut json);
            json.end();
            String::from_utf8(json.bytes().to_vec()).unwrap()
        })
        .collect()
}

fn events(smtp: &Smtp, index: usize) -> Vec<&'static str> {
    smtp.core(index).events.iter().map(|code| PROTOCOL.events[usize::from(*code)]).collect()
}

const MAIL: &[(char, &str)] = &[
    ('S', "220 hi\r\n"),
    ('C', "EHLO me\r\n"),
    ('S', "250-x\r\n250 ok\r\n"),
    ('C', "MAIL FROM:<a@b> SIZE=3\r\n"),
    ('S', "250 ok\r\n"),
    ('C', "RCPT TO: <c@d>\r\n"),
    ('S', "250 ok\r\n"),
    ('C', "DATA\r\n"),
    ('S', "354 go\r\n"),
    ('C', "From: A <a@b>\r\nTo: x@y, z@q\r\nSubject: hello\r\n\r\n..dot http://a.test/\r\n.\r\n"),
    ('S', "250 queued\r\n"),
    ('C', "QUIT\r\n"),
];

#[test]
fn a_mail_is_a_transaction_that_the_last_reply_completes() {
    let smtp = talk(MAIL, usize::MAX);
    expect_test::expect![[r#"{"smtp":{"helo":"me","mail_from":"<a@b>","rcpt_to":["<c@d>"]},"email":{"status":"PARSE_DONE","from":"A <a@b>","to":["x@y","z@q"],"subject":"hello","url":["a.test/"]}}"#]]
    .assert_eq(&eve(&smtp)[0]);
    assert_eq!((smtp.count(), smtp.core(0).progress), (1, [COMPLETE; 2]));
    assert!(smtp.core(0).events.is_empty());
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(MAIL, usize::MAX);
    for step in [1, 2, 7] {
        let parts = talk(MAIL, step);
        assert_eq!(eve(&whole), eve(&parts));
        assert_eq!(whole.core(0).events, parts.core(0).events);
    }
}

#[test]
fn a_pipelined_mail_needs_no_reply_before_its_text() {
    let smtp = talk(
        &[
            ('S', "220 hi\r\n"),
            ('C', "EHLO me\r\n"),
            ('S', "250-PIPELINING\r\n250 ok\r\n"),
            ('C', "MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nSubject: s\r\n\r\nx\r\n.\r\nMAIL FROM:<c>\r\n"),
            ('S', "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
        ],
        usize::MAX,
    );
    assert_eq!(smtp.count(), 2);
    assert_eq!(smtp.core(0).progress, [COMPLETE; 2]);
    assert!(eve(&smtp)[1].contains("<c>"));
}

#[test]
fn a_refused_data_command_leaves_the_client_at_commands() {
    let smtp = talk(
        &[
            ('S', "220 hi\r\n"),
            ('C', "HELO me\r\n"),
            ('S', "250 ok\r\n"),
            ('C', "DATA\r\n"),
            ('S', "503 no\r\n"),
            ('C', "EHLO me\r\n"),
            ('S', "250 ok\r\n"),
            ('C', "MAIL FROM:<a>\r\n"),
        ],
        usize::MAX,
    );
    assert_eq!(events(&smtp, 0), ["DATA_COMMAND_REJECTED", "DUPLICATE_FIELDS"]);
    assert_eq!((smtp.count(), smtp.core(0).progress), (2, [COMPLETE; 2]));
}

#[test]
fn chunks_are_joined_into_one_mail() {
    let smtp = talk(
        &[
            ('S', "220 hi\r\n"),
            ('C', "EHLO me\r\nBDAT 5 X\r\nMAIL FROM:<a>\r\nBDAT 12\r\nSubject: one"),
            ('C', "BDAT 13 LAST\r\n two\r\n\r\ntext\r\nMAIL FROM:<b>\r\n"),
        ],
        3,
    );
    assert_eq!(smtp.count(), 2);
    assert_eq!(events(&smtp, 0), ["INVALID_BDAT"]);
    assert!(eve(&smtp)[0].contains(r#""subject":"one two""#), "{:?}", eve(&smtp));
}

#[test]
fn a_long_command_is_cut() {
    let long = format!("HELO {}\r\n", "x".repeat(5000));
    let smtp = talk(&[('S', "220 hi\r\n"), ('C', &long)], 1000);
    assert_eq!((smtp.helo.len(), events(&smtp, 0)), (4091, vec!["TRUNCATED_LINE"]));
}

#[test]
fn a_long_line_of_a_body_is_not_cut() {
    let body = format!("Content-Disposition: x; filename=f\r\n\r\n{}\r\n.\r\n", "=41".repeat(5000));
    let body = format!("Content-Transfer-Encoding: quoted-printable\r\n{body}");
    for step in [1000, 4097, usize::MAX] {
        let smtp = talk(
            &[('S', "220 hi\r\n"), ('C', "HELO x\r\nDATA\r\n"), ('S', "250 ok\r\n354 go\r\n"), ('C', &body)],
            step,
        );
        assert_eq!(smtp.files(0)[0].body.window().0, [b"A".repeat(5000), b"\r\n".to_vec()].concat());
    }
}

#[test]
fn the_frame_of_a_mail_is_closed_when_the_mail_is() {
    let mut smtp = Smtp::default();
    let mut frames = Vec::new();
    let parts: [(Direction, &[u8]); 5] = [
        (Direction::ToClient, b"220 hi\r\n"),
        (Direction::ToServer, b"DATA\r\n"),
        (Direction::ToClient, b"354 go\r\n"),
        (Direction::ToServer, b"A: b\r\n\r\n"),
        (Direction::ToServer, b"x\r\n.\r\n"),
    ];
    for (direction, bytes) in parts {
        frames.extend(
            feed_frames(&mut smtp, direction, bytes).1.into_iter().filter(|frame| frame.kind == "data"),
        );
    }
    let frames: Vec<_> = frames.iter().map(|frame| (frame.offset, frame.len)).collect();
    assert_eq!(frames, [(0, None), (-8, Some(14))]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..12)
    ) {
        let mut smtp = Smtp::default();
        for (server, bytes) in &talk {
            let direction = if *server { Direction::ToClient } else { Direction::ToServer };
            feed(&mut smtp, direction, bytes);
        }
        eve(&smtp);
    }
}

#[test]
fn refused_and_accepted_logins_are_counted() {
    let smtp = talk(
        &[
            ('S', "220 mail\r\n"),
            ('C', "EHLO me\r\n"),
            ('S', "250-mail\r\n250 AUTH LOGIN\r\n"),
            ('C', "AUTH LOGIN\r\n"),
            ('S', "334 VXNlcm5hbWU6\r\n"),
            ('C', "YQ==\r\n"),
            ('S', "334 UGFzc3dvcmQ6\r\n"),
            ('C', "Yg==\r\n"),
            ('S', "535 5.7.8 no\r\n"),
            ('C', "AUTH PLAIN AGEAYg==\r\n"),
            ('S', "535 5.7.8 no\r\n"),
            ('C', "AUTH PLAIN AGEAYw==\r\n"),
            ('S', "235 2.7.0 yes\r\n"),
        ],
        100,
    );
    let read = |name: &str| {
        let field = fields::FIELDS.iter().find(|field| field.name == name).unwrap();
        let crate::FieldKind::Number { get, .. } = field.kind else { panic!("a number") };
        get(&smtp.scope(0, Direction::ToServer))
    };
    assert_eq!((read("smtp.refused_logins"), read("smtp.authenticated")), (Some(2), Some(1)));
}
