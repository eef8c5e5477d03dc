//! HTTP/1, HTTP/2 and TLS.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Case, exchange};
use crate::{Side, Wire};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(super) const PIPELINED: Case = Case {
    name: "http-pipelined",
    what: "A hundred thousand requests before the first answer.",
    size: 25_000,
    build: |size| {
        let requests = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n".repeat(size);
        exchange(80, &requests, &OK.repeat(size))
    },
};

pub(super) const UNANSWERED: Case = Case {
    name: "http-unanswered",
    what: "Requests that nobody ever answers.",
    size: 25_000,
    build: |size| exchange(80, &b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n".repeat(size), b""),
};

pub(super) const MANY_HEADERS: Case = Case {
    name: "http-many-headers",
    what: "One request with ever new headers.",
    size: 20_000,
    build: |size| {
        let mut request = b"GET / HTTP/1.1\r\nHost: a.example\r\n".to_vec();
        for number in 0..size {
            request.extend_from_slice(format!("X-{number}: {number}\r\n").as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        exchange(80, &request, OK)
    },
};

pub(super) const LONG_HEADER: Case = Case {
    name: "http-long-header",
    what: "One header that does not end.",
    size: 2_000_000,
    build: |size| {
        let mut request = b"GET / HTTP/1.1\r\nHost: a.example\r\nX: ".to_vec();
        request.resize(request.len() + size, b'x');
        exchange(80, &request, OK)
    },
};

pub(super) const TINY_CHUNKS: Case = Case {
    name: "http-tiny-chunks",
    what: "A body in chunks of one byte.",
    size: 100_000,
    build: |size| {
        let mut response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        response.extend_from_slice(&b"1\r\nx\r\n".repeat(size));
        response.extend_from_slice(b"0\r\n\r\n");
        exchange(80, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", &response)
    },
};

pub(super) const COMPRESSION_BOMB: Case = Case {
    name: "http-compression-bomb",
    what: "A body packed twice that grows a millionfold, to so many hundred million bytes.",
    size: 20,
    build: |size| {
        let body = packed(std::iter::once(packed(zeros(size * 100))));
        let mut response = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        response.extend_from_slice(&body);
        exchange(80, b"GET /bomb HTTP/1.1\r\nHost: a.example\r\n\r\n", &response)
    },
};

/// So many megabytes of zeros, block by block.
fn zeros(megabytes: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..megabytes).map(|_| vec![0_u8; 1 << 20])
}

/// Blocks as one gzip file.
fn packed(blocks: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for block in blocks {
        encoder.write_all(&block).expect("memory takes every write");
    }
    encoder.finish().expect("memory takes every write")
}

pub(super) const MANY_PARTS: Case = Case {
    name: "http-many-parts",
    what: "A form with ever more files.",
    size: 10_000,
    build: |size| {
        let part = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\nxyz\r\n";
        let mut body = part.repeat(size);
        body.extend_from_slice(b"--b--\r\n");
        let mut request = format!(
            "POST /f HTTP/1.1\r\nHost: a.example\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        exchange(80, &request, OK)
    },
};

/// The client's preface and empty settings (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The server's empty settings.
const SETTINGS: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// `:method GET`, `:scheme http`, `:path /` from the static table (RFC 7541, appendix A), `:authority a`.
const FIELDS: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x01, b'a'];

/// A frame of HTTP/2.
fn h2(kind: u8, flag_bits: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend_from_slice(&[kind, flag_bits]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

pub(super) const CONTINUATION_FLOOD: Case = Case {
    name: "http2-continuation-flood",
    what: "A header block that goes on in CONTINUATION frames and never ends (CVE-2024-27316 and others).",
    size: 20_000,
    build: |size| {
        let mut request = PREFACE.to_vec();
        request.extend_from_slice(&h2(1, 0, 1, FIELDS));
        request.extend_from_slice(&h2(9, 0, 1, &[0x40, 1, b'x', 1, b'y']).repeat(size));
        exchange(80, &request, SETTINGS)
    },
};

pub(super) const RAPID_RESET: Case = Case {
    name: "http2-rapid-reset",
    what: "Streams that are opened and reset at once (CVE-2023-44487).",
    size: 20_000,
    build: |size| {
        let mut request = PREFACE.to_vec();
        for number in 0..size as u32 {
            let stream = number * 2 + 1;
            request.extend_from_slice(&h2(1, 5, stream, FIELDS));
            request.extend_from_slice(&h2(3, 0, stream, &[0, 0, 0, 8]));
        }
        exchange(80, &request, SETTINGS)
    },
};

pub(super) const PING_FLOOD: Case = Case {
    name: "http2-ping-flood",
    what: "Pings and settings that ask for answers (CVE-2019-9512, CVE-2019-9515).",
    size: 30_000,
    build: |size| {
        let mut request = PREFACE.to_vec();
        let mut pair = h2(6, 0, 0, &[0; 8]);
        pair.extend_from_slice(SETTINGS);
        request.extend_from_slice(&pair.repeat(size));
        exchange(80, &request, SETTINGS)
    },
};

pub(super) const HELLO_IN_PIECES: Case = Case {
    name: "tls-hello-in-pieces",
    what: "A ClientHello split over records of one byte, one segment each.",
    size: 5_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(443);
        let mut stream = Vec::new();
        for byte in hello("pieces.example", size) {
            stream.extend_from_slice(&[22, 3, 1, 0, 1, byte]);
        }
        wire.say_in(&mut talk, Side::Client, &stream, 6);
        wire.say(&mut talk, Side::Server, SERVER_HELLO);
        wire.close(talk);
        wire.finish()
    },
};

/// A ServerHello of TLS 1.3, the change of cipher that middle boxes expect (RFC 8446 §D.4), and encrypted data.
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03\
    \x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20\
    \x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04\
    \x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x08abcdefgh";

/// A ClientHello for a name, padded with so many bytes (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7685).
pub(super) fn hello(name: &str, padding: usize) -> Vec<u8> {
    let name = name.as_bytes();
    let mut extensions = vec![0, 0];
    let list = (name.len() + 3) as u16;
    extensions.extend_from_slice(&(list + 2).to_be_bytes());
    extensions.extend_from_slice(&list.to_be_bytes());
    extensions.push(0);
    extensions.extend_from_slice(&(name.len() as u16).to_be_bytes());
    extensions.extend_from_slice(name);
    extensions.extend_from_slice(&21_u16.to_be_bytes());
    extensions.extend_from_slice(&(padding as u16).to_be_bytes());
    extensions.resize(extensions.len() + padding, 0);
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
    body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    body.extend_from_slice(&extensions);
    let mut message = (body.len() as u32 | 1 << 24).to_be_bytes().to_vec();
    message.extend_from_slice(&body);
    message
}

/// A ClientHello in a record of its own.
fn greeting(name: &str) -> Vec<u8> {
    let message = hello(name, 0);
    let mut record = vec![22, 3, 1];
    record.extend_from_slice(&(message.len() as u16).to_be_bytes());
    record.extend_from_slice(&message);
    record
}

pub(super) const APPLICATION_DATA: Case = Case {
    name: "tls-application-data",
    what: "A handshake, and then nothing that can be read.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(443);
        wire.say(&mut talk, Side::Client, &greeting("sealed.example"));
        wire.say(&mut talk, Side::Server, SERVER_HELLO);
        let record = [&[23, 3, 3, 0, 32][..], &[0xa5; 32]].concat();
        for round in 0..size {
            let side = if round.is_multiple_of(2) { Side::Client } else { Side::Server };
            wire.say(&mut talk, side, &record);
        }
        wire.close(talk);
        wire.finish()
    },
};

pub(super) const RECORD_FLOOD: Case = Case {
    name: "tls-record-flood",
    what: "Warnings and heartbeats without end behind a ClientHello.",
    size: 50_000,
    build: |size| {
        let mut stream = greeting("flood.example");
        stream.extend_from_slice(&[21, 3, 3, 0, 2, 1, 90].repeat(size));
        stream.extend_from_slice(&[24, 3, 3, 0, 3, 1, 0x40, 0].repeat(size));
        exchange(443, &stream, b"")
    },
};
