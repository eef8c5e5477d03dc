use proptest::prelude::*;

use super::*;
use crate::FileState;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// `:method: GET`, `:scheme: http`, `:path: /a?b`, `:authority: Www.Example.com:80`, `user-agent: me`.
fn request_block() -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04, 4];
    block.extend_from_slice(b"/a?b\x01\x12Www.Example.com:80\x0f\x2b\x02me");
    block
}

fn talk(chunk: usize) -> Drive<Http2> {
    let mut drive = Drive::stream(Http2::default());
    let settings = hex("0003 00000064 0001 00001000");
    let request = request_block();
    let (first, second) = request.split_at(9);
    let client = [
        PREFACE.to_vec(),
        frame(kind::SETTINGS, 0, 0, &settings),
        frame(kind::HEADERS, END_HEADERS ^ 4 | 1, 1, first),
        frame(kind::CONTINUATION, END_HEADERS, 1, second),
        frame(kind::WINDOW_UPDATE, 0, 1, &hex("00008000")),
    ];
    drive.send(CLIENT, &client.concat(), chunk);
    // `:status: 200`, `content-length: 5`
    let server = [
        frame(kind::SETTINGS, 0, 0, &settings),
        frame(kind::SETTINGS, 1, 0, &[]),
        frame(kind::HEADERS, END_HEADERS, 1, &[0x88, 0x0f, 0x0d, 1, b'5']),
        frame(kind::DATA, 0x08, 1, b"\x02hel\0\0"),
        frame(kind::DATA, 1, 1, b"lo"),
        frame(kind::GOAWAY, 0, 0, &[0; 8]),
    ];
    drive.send(SERVER, &server.concat(), chunk);
    drive
}

#[test]
fn a_stream_is_shown_with_headers_of_both_sides() {
    let drive = talk(usize::MAX);
    assert_eq!(
        drive.record(1, CLIENT, log::write),
        concat!(
            r#"{"http":{"version":"2","request_headers":[{"name":":method","value":"GET"},{"name":":scheme","value":"http"},"#,
            r#"{"name":":path","value":"/a?b"},{"name":":authority","value":"Www.Example.com:80"},{"name":"user-agent","value":"me"}],"#,
            r#""response_headers":[{"name":":status","value":"200"},{"name":"content-length","value":"5"}],"http_method":"GET","url":"/a?b","#,
            r#""hostname":"Www.Example.com:80","http_user_agent":"me","length":5,"status":200,"http2":{"stream_id":1,"request":{},"response":{}}}}"#
        )
    );
    assert_eq!(drive.session.core(1).progress, [state::CLOSED; 2]);
}

#[test]
fn frames_about_the_connection_are_transactions_of_their_own() {
    let drive = talk(usize::MAX);
    let records: Vec<_> = [0, 2, 3].map(|index| drive.record(index, CLIENT, log::write)).into();
    let settings = r#""settings":[{"settings_id":"SETTINGSMAXCONCURRENTSTREAMS","settings_value":100},{"settings_id":"SETTINGSHEADERTABLESIZE","settings_value":4096}]"#;
    let with = |request: &str, response: &str| {
        format!(
            r#"{{"http":{{"version":"2","http2":{{"stream_id":0,"request":{{{request}}},"response":{{{response}}}}}}}}}"#
        )
    };
    assert_eq!(records, [with(settings, ""), with("", settings), with("", r#""error_code":"NOERROR""#)]);
}

#[test]
fn a_body_becomes_a_file_without_its_padding() {
    let drive = talk(usize::MAX);
    let file = &drive.session.files(1)[0];
    assert_eq!(
        (file.body.window().0, file.state, &file.name[..]),
        (&b"hello"[..], FileState::Closed, &b"/a"[..])
    );
}

#[test]
fn cutting_the_stream_changes_nothing() {
    for chunk in [1, 2, 7, 40] {
        assert_eq!(talk(chunk).all(log::write_object), talk(usize::MAX).all(log::write_object), "{chunk}");
        assert_eq!(talk(chunk).session.files(1)[0].body.window().0, b"hello");
    }
}

fn read(drive: &Drive<Http2>, index: usize, direction: Direction, name: &str) -> Option<String> {
    let field = fields::FIELDS.iter().find(|field| field.name == name).expect("is a field");
    let scope = drive.session.scope(index, direction);
    let mut scratch = Vec::new();
    match field.kind {
        crate::FieldKind::Bytes(get) => {
            get(&scope, &mut scratch).map(|value| String::from_utf8_lossy(value).into_owned())
        }
        crate::FieldKind::List(get) => {
            get(&scope, 4, &mut scratch).map(|value| String::from_utf8_lossy(value).into_owned())
        }
        _ => None,
    }
}

#[test]
fn fields_of_http_read_as_in_http_1() {
    let drive = talk(usize::MAX);
    let request = |name| read(&drive, 1, CLIENT, name);
    assert_eq!(request("http.host").as_deref(), Some("www.example.com"));
    assert_eq!(request("http.uri").as_deref(), Some("/a?b"));
    assert_eq!(request("http.request_line").as_deref(), Some("GET /a?b HTTP/2\r\n"));
    assert_eq!(request("http.request_header").as_deref(), Some("user-agent: me"));
    assert_eq!(
        request("http.header_names").as_deref(),
        Some("\r\n:method\r\n:scheme\r\n:path\r\n:authority\r\nuser-agent\r\n\r\n")
    );
    assert_eq!(read(&drive, 1, SERVER, "http.response_line").as_deref(), Some("HTTP/2 200\r\n"));
    assert_eq!(read(&drive, 1, SERVER, "http.stat_msg").as_deref(), Some(""));
}

#[test]
fn settings_are_compared() {
    let drive = talk(usize::MAX);
    let field = fields::FIELDS.iter().find(|field| field.name == "http2.settings").expect("is a field");
    let crate::FieldKind::Custom(parse) = field.kind else { panic!("has a syntax of its own") };
    let scope = drive.session.scope(0, CLIENT);
    for (text, holds) in [
        ("SETTINGS_HEADER_TABLE_SIZE>1000", true),
        ("SETTINGS_HEADER_TABLE_SIZE", true),
        ("SETTINGS_ENABLE_PUSH", false),
        ("SETTINGS_MAX_CONCURRENT_STREAMS = 101", false),
    ] {
        assert_eq!(parse(text).expect("is valid").holds(&scope), holds, "{text}");
    }
    assert!(parse("SETTINGS_FOO").is_err() && parse("SETTINGS_ENABLE_PUSH>x").is_err());
}

#[test]
fn dns_in_a_path_renames_the_flow() {
    let query = hex("0000 0100 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001");
    let path = format!(
        "/dns-query?dns={}",
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &query)
    );
    let mut block = vec![0x82, 0x04, path.len() as u8];
    block.extend_from_slice(path.as_bytes());
    block.extend_from_slice(b"\x0f\x04\x17application/dns-message");
    let mut drive = Drive::stream(Http2::default());
    drive.send(CLIENT, &[PREFACE.to_vec(), frame(kind::HEADERS, 5, 1, &block)].concat(), 999);
    assert_eq!(drive.asks.rename, Some("doh2"));
    assert!(drive.record(0, CLIENT, log::write_dns).contains(r#""rrname":"example.com""#));
}

#[test]
fn an_upgraded_request_is_stream_one() {
    let mut drive = Drive::stream(Http2::default());
    let told = [
        ("http.method", b"GET".to_vec()),
        ("http.uri.raw", b"/robots.txt".to_vec()),
        ("http.request_header", b"Host: example.com".to_vec()),
        ("http.request_header", b"Upgrade: h2c".to_vec()),
        ("http.request_header", b"HTTP2-Settings: AAIAAAAA".to_vec()),
    ];
    drive.session.follows("http", &told);
    drive.send(SERVER, &frame(kind::HEADERS, 5, 1, &[0x88]), 99);
    let record = drive.record(0, CLIENT, log::write);
    assert!(record.contains(r#"{"name":":authority","value":"example.com"}],"response_headers":[{"name":":status","value":"200"}]"#));
    assert_eq!(drive.session.core(0).progress, [state::CLOSED; 2]);
    assert!(
        drive
            .record(1, CLIENT, log::write)
            .contains(r#""settings_id":"SETTINGSENABLEPUSH","settings_value":0"#)
    );
}

#[test]
fn the_probe_knows_how_both_sides_begin() {
    assert_eq!(look(&PREFACE[..10], CLIENT), ProbeAnswer::More);
    assert_eq!(look(PREFACE, CLIENT), ProbeAnswer::Yes);
    assert_eq!(look(&frame(kind::SETTINGS, 0, 0, &[]), SERVER), ProbeAnswer::Yes);
    assert_eq!(look(b"HTTP/1.1 200 OK\r\n", SERVER), ProbeAnswer::No);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..12, flags in any::<u8>(), chunk in 1usize..50) {
        let mut drive = Drive::stream(Http2::default());
        drive.send(CLIENT, PREFACE, 24);
        drive.send(CLIENT, &frame(kind, flags, 1, &bytes), chunk).send(SERVER, &frame(kind, flags, 1, &bytes), chunk);
        drive.send(SERVER, &bytes, chunk).send(CLIENT, &bytes, chunk);
        for index in 0..drive.session.count() {
            drive.record(index, CLIENT, log::write);
        }
        let _ = Decoder::default().decode(&bytes);
        let _ = huffman::decode(&bytes, 100);
    }
}
