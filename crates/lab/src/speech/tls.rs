//! TLS sessions: real hello, certificate and key exchange messages; what follows is random, as encryption looks.
//!
//! References: RFC 5246 (1.2), RFC 8446 (1.3), RFC 6066 (server name), RFC 7301 (ALPN).

use model::Time;

use super::x509;
use crate::frame::Host;
use crate::random::Random;
use crate::scene::Scene;
use crate::talk::{MS, Side, Talk};

/// How one program opens TLS. Two programs differ here even if they visit the same server.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name, for people.
    pub name: &'static str,
    ciphers: &'static [u16],
    groups: &'static [u16],
    signatures: &'static [u16],
    protocols: &'static [&'static str],
    /// Offers TLS 1.3.
    modern: bool,
    /// Adds reserved values, RFC 8701.
    grease: bool,
}

/// A browser.
pub const BROWSER: Program = Program {
    name: "browser",
    ciphers: &[
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
        0x009d, 0x002f, 0x0035,
    ],
    groups: &[0x001d, 0x0017, 0x0018],
    signatures: &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
    protocols: &["h2", "http/1.1"],
    modern: true,
    grease: true,
};

/// Another browser.
pub const BROWSER_TWO: Program = Program {
    name: "second browser",
    ciphers: &[
        0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ],
    groups: &[0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101],
    signatures: &[0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201],
    protocols: &["h2", "http/1.1"],
    modern: true,
    grease: false,
};

/// The service that fetches system updates.
pub const UPDATER: Program = Program {
    name: "updater",
    ciphers: &[
        0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0x009d, 0x009c, 0x003d, 0x003c,
    ],
    groups: &[0x001d, 0x0017, 0x0018],
    signatures: &[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201, 0x0403, 0x0503],
    protocols: &["http/1.1"],
    modern: false,
    grease: false,
};

/// An implant that was linked with its own small TLS.
pub const IMPLANT: Program = Program {
    name: "implant",
    ciphers: &[
        0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0xc013, 0xc009, 0xc014, 0xc00a, 0x009c, 0x009d,
    ],
    groups: &[0x001d, 0x0017, 0x0018, 0x0019],
    signatures: &[0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603, 0x0201],
    protocols: &[],
    modern: false,
    grease: false,
};

/// What a server shows for a name.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    /// A certificate from an authority.
    pub fn issued(random: &Random, name: &str, at: Time) -> Self {
        let mut random = random.fork(name);
        let from = Time::from_secs(at.secs().saturating_sub(20 * 86_400));
        Self { der: x509::certificate(&mut random, name, Some("Example Trust"), from, 90) }
    }

    /// A certificate that the server made itself, a day before.
    pub fn self_signed(random: &Random, name: &str, at: Time) -> Self {
        let mut random = random.fork(name);
        let from = Time::from_secs(at.secs().saturating_sub(86_400));
        Self { der: x509::certificate(&mut random, name, None, from, 3_650) }
    }

    /// Its DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// One session.
#[derive(Debug, Clone)]
pub struct Session<'a> {
    /// The server name that is asked for; empty for none.
    pub name: &'a str,
    /// The client program.
    pub program: &'a Program,
    /// What the server shows.
    pub certificate: &'a Certificate,
    /// Bytes up and down, per exchange, and nanoseconds before it.
    pub exchanges: &'a [(usize, usize, u64)],
}

impl Session<'_> {
    /// Plays the session on port 443. Returns when it was over.
    pub fn play(&self, scene: &mut Scene, at: Time, client: &Host, server: &Host) -> Time {
        let mut random = scene.random(&format!("tls {} {} {}", client.ip, server.ip, at.nanos()));
        let mut talk = Talk::open(scene, at, client, server, 443);
        talk.client(&self.client_hello(&mut random));
        if self.program.modern {
            self.modern_handshake(&mut talk, &mut random);
        } else {
            self.classic_handshake(&mut talk, &mut random);
        }
        for (up, down, pause) in self.exchanges {
            talk.wait(*pause);
            talk.client(&encrypted(&mut random, *up));
            talk.wait(random.between(2, 30) * MS);
            if *down > 0 {
                talk.server(&encrypted(&mut random, *down));
            }
        }
        // The closing alert is encrypted as well.
        let mut alert = vec![if self.program.modern { 23 } else { 21 }, 3, 3, 0, 26];
        alert.extend_from_slice(&random.bytes(26));
        talk.client(&alert);
        talk.close(Side::Client)
    }

    fn client_hello(&self, random: &mut Random) -> Vec<u8> {
        let program = self.program;
        let grease = 0x0a0a | (random.below(16) as u16 * 0x1010);
        let mut body = vec![3, 3];
        body.extend_from_slice(&random.bytes(32));
        sized8(&mut body, &if program.modern { random.bytes(32) } else { Vec::new() });
        let mut ciphers: Vec<u8> = if program.grease { grease.to_be_bytes().to_vec() } else { Vec::new() };
        ciphers.extend(program.ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()));
        sized16(&mut body, &ciphers);
        body.extend_from_slice(&[1, 0]);
        let mut extensions = Vec::new();
        if program.grease {
            extension(&mut extensions, grease, &[]);
        }
        if !self.name.is_empty() {
            let mut entry = vec![0];
            sized16(&mut entry, self.name.as_bytes());
            let mut list = Vec::new();
            sized16(&mut list, &entry);
            extension(&mut extensions, 0, &list);
        }
        extension(&mut extensions, 23, &[]);
        extension(&mut extensions, 0xff01, &[0]);
        extension(&mut extensions, 10, &numbers16(program.groups));
        extension(&mut extensions, 11, &[1, 0]);
        extension(&mut extensions, 35, &[]);
        if !program.protocols.is_empty() {
            let mut list = Vec::new();
            program.protocols.iter().for_each(|protocol| sized8(&mut list, protocol.as_bytes()));
            let mut value = Vec::new();
            sized16(&mut value, &list);
            extension(&mut extensions, 16, &value);
        }
        extension(&mut extensions, 13, &numbers16(program.signatures));
        if program.modern {
            let mut share = vec![0, 0x1d];
            sized16(&mut share, &random.bytes(32));
            let mut shares = Vec::new();
            sized16(&mut shares, &share);
            extension(&mut extensions, 51, &shares);
            extension(&mut extensions, 45, &[1, 1]);
            extension(&mut extensions, 43, &[4, 3, 4, 3, 3]);
        }
        sized16(&mut body, &extensions);
        record(22, &handshake(1, &body), [3, 1])
    }

    fn server_hello(&self, random: &mut Random) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&random.bytes(32));
        sized8(&mut body, &random.bytes(32));
        let cipher: u16 = if self.program.modern { 0x1301 } else { 0xc02f };
        body.extend_from_slice(&cipher.to_be_bytes());
        body.push(0);
        let mut extensions = Vec::new();
        if self.program.modern {
            let mut share = vec![0, 0x1d];
            sized16(&mut share, &random.bytes(32));
            extension(&mut extensions, 51, &share);
            extension(&mut extensions, 43, &[3, 4]);
        } else {
            extension(&mut extensions, 0xff01, &[0]);
            extension(&mut extensions, 11, &[1, 0]);
            extension(&mut extensions, 23, &[]);
        }
        sized16(&mut body, &extensions);
        record(22, &handshake(2, &body), [3, 3])
    }

    fn classic_handshake(&self, talk: &mut Talk<'_>, random: &mut Random) {
        let mut certificates = Vec::new();
        sized24(&mut certificates, self.certificate.der());
        let mut list = Vec::new();
        sized24(&mut list, &certificates);
        let mut exchange = vec![3, 0, 0x1d];
        sized8(&mut exchange, &random.bytes(32));
        exchange.extend_from_slice(&[8, 4]);
        sized16(&mut exchange, &random.bytes(256));
        let flight = [
            self.server_hello(random),
            record(22, &handshake(11, &list), [3, 3]),
            record(22, &handshake(12, &exchange), [3, 3]),
            record(22, &handshake(14, &[]), [3, 3]),
        ];
        talk.server(&flight.concat());
        let mut share = Vec::new();
        sized8(&mut share, &random.bytes(32));
        let change = record(20, &[1], [3, 3]);
        let key = record(22, &handshake(16, &share), [3, 3]);
        talk.client(&[key, change.clone(), record(22, &random.bytes(40), [3, 3])].concat());
        talk.server(&[change, record(22, &random.bytes(40), [3, 3])].concat());
    }

    fn modern_handshake(&self, talk: &mut Talk<'_>, random: &mut Random) {
        let change = record(20, &[1], [3, 3]);
        let hidden = self.certificate.der().len() + 420;
        let flight = [self.server_hello(random), change.clone(), record(23, &random.bytes(hidden), [3, 3])];
        talk.server(&flight.concat());
        talk.client(&[change, record(23, &random.bytes(53), [3, 3])].concat());
        talk.server(&record(23, &random.bytes(255), [3, 3]));
    }
}

/// Application data of a length, in records of at most 16 KiB.
fn encrypted(random: &mut Random, count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = count;
    while left > 0 {
        let piece = left.min(16_384);
        out.extend_from_slice(&record(23, &random.bytes(piece + 24), [3, 3]));
        left -= piece;
    }
    out
}

fn record(kind: u8, body: &[u8], version: [u8; 2]) -> Vec<u8> {
    let mut out = vec![kind, version[0], version[1]];
    sized16(&mut out, body);
    out
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    sized24(&mut out, body);
    out
}

fn extension(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    sized16(out, value);
}

fn numbers16(numbers: &[u16]) -> Vec<u8> {
    let mut out = Vec::new();
    let list: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    sized16(&mut out, &list);
    out
}

fn sized8(out: &mut Vec<u8>, value: &[u8]) {
    out.push(value.len() as u8);
    out.extend_from_slice(value);
}

fn sized16(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

fn sized24(out: &mut Vec<u8>, value: &[u8]) {
    let [_, length @ ..] = (value.len() as u32).to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(value);
}
