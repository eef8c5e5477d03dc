//! Names, files, banners, and what nobody speaks.

use lab::Random;
use lab::speech::dns;

use super::{Case, exchange, turns};
use crate::{Frames, Side, Wire};

pub(super) const POINTER_LOOPS: Case = Case {
    name: "dns-pointer-loops",
    what: "Answers whose names point at themselves and at each other (RFC 1035 §4.1.4).",
    size: 30_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut message = vec![0, 1, 0x81, 0x80, 0, 1, 0, 4, 0, 0, 0, 0];
        // The question's name points at the first answer, whose name points back.
        message.extend_from_slice(&[0xc0, 18, 0, 1, 0, 1]);
        for _ in 0..4 {
            message.extend_from_slice(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12]);
        }
        for number in 0..size {
            wire.datagram(Side::Server, 20_000 + (number % 30_000) as u16, 53, &message);
        }
        wire.finish()
    },
};

pub(super) const LARGE_ANSWERS: Case = Case {
    name: "dns-large-answers",
    what: "Answers of 64 KB over TCP, each record's name a pointer to the same long name.",
    size: 20,
    build: |size| {
        let mut message = vec![0, 7, 0x81, 0x80, 0, 1, 0x0f, 0xa0, 0, 0, 0, 0];
        for _ in 0..3 {
            message.push(63);
            message.extend_from_slice(&[b'n'; 63]);
        }
        message.extend_from_slice(&[0, 0, 1, 0, 1]);
        let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];
        message.extend_from_slice(&record.repeat(4_000));
        let mut stream = (message.len() as u16).to_be_bytes().to_vec();
        stream.extend_from_slice(&message);
        let query = dns::query(7, "large.example", 1);
        let mut asked = (query.len() as u16).to_be_bytes().to_vec();
        asked.extend_from_slice(&query);
        exchange(53, &asked.repeat(size), &stream.repeat(size))
    },
};

pub(super) const UNIQUE_NAMES: Case = Case {
    name: "dns-unique-names",
    what: "Questions for ever new names.",
    size: 50_000,
    build: |size| {
        let mut wire = Wire::default();
        for number in 0..size {
            let query = dns::query(number as u16, &format!("n{number}.flood.example"), 1);
            wire.datagram(Side::Client, 20_000 + (number % 40_000) as u16, 53, &query);
        }
        wire.finish()
    },
};

/// An SMB2 header in its session message (MS-SMB2 §2.2.1, MS-SMB §2.1).
fn smb2(command: u16, answer: bool, message: u64, next: u32, body: &[u8]) -> Vec<u8> {
    let mut header = vec![0xfe, b'S', b'M', b'B', 64, 0, 0, 0, 0, 0, 0, 0];
    header.extend_from_slice(&command.to_le_bytes());
    header.extend_from_slice(&[1, 0]);
    header.extend_from_slice(&u32::from(answer).to_le_bytes());
    header.extend_from_slice(&next.to_le_bytes());
    header.extend_from_slice(&message.to_le_bytes());
    header.extend_from_slice(&[0, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    header.extend_from_slice(&[0; 16]);
    header.extend_from_slice(body);
    header
}

fn in_session(message: &[u8]) -> Vec<u8> {
    let mut out = (message.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(message);
    out
}

/// A CREATE request for a name of eight letters (MS-SMB2 §2.2.13).
fn create(number: u64) -> Vec<u8> {
    let mut body = vec![57, 0];
    body.resize(44, 0);
    body.extend_from_slice(&120_u16.to_le_bytes());
    body.extend_from_slice(&16_u16.to_le_bytes());
    body.resize(56, 0);
    let name = format!("f{number:07}");
    body.extend(name.bytes().flat_map(|byte| [byte, 0]));
    body
}

/// The answer to a CREATE, with a handle of its own (MS-SMB2 §2.2.14).
fn created(number: u64) -> Vec<u8> {
    let mut body = vec![89, 0];
    body.resize(64, 0);
    body.extend_from_slice(&number.to_le_bytes());
    body.extend_from_slice(&number.to_le_bytes());
    body.resize(88, 0);
    body
}

pub(super) const OPEN_FILES: Case = Case {
    name: "smb-open-files",
    what: "Ten thousand files opened and never closed.",
    size: 10_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(445);
        for number in 0..size as u64 {
            let request = smb2(5, false, number, 0, &create(number));
            wire.say(&mut talk, Side::Client, &in_session(&request));
            let response = smb2(5, true, number, 0, &created(number));
            wire.say(&mut talk, Side::Server, &in_session(&response));
        }
        wire.close(talk);
        wire.finish()
    },
};

pub(super) const LONG_COMPOUND: Case = Case {
    name: "smb-long-compound",
    what: "One message of ever more chained requests (MS-SMB2 §3.2.4.1.4).",
    size: 10_000,
    build: |size| {
        let mut message = Vec::new();
        for number in 0..size as u64 {
            let one = smb2(5, false, number, 0, &create(number));
            let padded = one.len().next_multiple_of(8);
            let last = number + 1 == size as u64;
            let mut one = smb2(5, false, number, if last { 0 } else { padded as u32 }, &create(number));
            one.resize(padded, 0);
            message.extend_from_slice(&one);
        }
        exchange(445, &in_session(&message), b"")
    },
};

/// A greeting of so many bytes without a line end.
fn greeting(port: u16, start: &[u8], bytes: usize) -> Frames {
    let mut banner = start.to_vec();
    banner.resize(start.len() + bytes, b'x');
    let mut wire = Wire::default();
    let talk = turns(&mut wire, port, &banner, &[]);
    wire.close(talk);
    wire.finish()
}

pub(super) const FTP_BANNER: Case = Case {
    name: "ftp-long-banner",
    what: "A greeting of megabytes.",
    size: 2_000_000,
    build: |size| greeting(21, b"220 ", size),
};

pub(super) const SSH_BANNER: Case = Case {
    name: "ssh-long-banner",
    what: "A banner of megabytes; RFC 4253 §4.2 allows 255 bytes.",
    size: 2_000_000,
    build: |size| greeting(22, b"SSH-2.0-", size),
};

pub(super) const POP3_BANNER: Case = Case {
    name: "pop3-long-banner",
    what: "A greeting of megabytes.",
    size: 2_000_000,
    build: |size| greeting(110, b"+OK ", size),
};

pub(super) const IMAP_BANNER: Case = Case {
    name: "imap-long-banner",
    what: "A greeting of megabytes.",
    size: 2_000_000,
    build: |size| greeting(143, b"* OK ", size),
};

pub(super) const MODBUS_PIPELINED: Case = Case {
    name: "modbus-pipelined",
    what: "Requests that no controller answers.",
    size: 20_000,
    build: |size| {
        let request = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1];
        exchange(502, &request.repeat(size), b"")
    },
};

pub(super) const UNKNOWN_BYTES: Case = Case {
    name: "unknown-bytes",
    what: "Random bytes both ways on a port that nobody knows.",
    size: 4_000_000,
    build: |size| {
        let mut random = Random::new(9);
        exchange(40_404, &random.bytes(size), &random.bytes(size))
    },
};
