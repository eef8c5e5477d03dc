//! SSH sessions: banners and key exchange in the open, then encrypted packets of the sizes that logging in has.
//!
//! References: RFC 4253, RFC 4252, RFC 5656.

use model::Time;

use crate::frame::Host;
use crate::random::Random;
use crate::scene::Scene;
use crate::talk::{MS, Side, Talk};

/// One session.
#[derive(Debug, Clone)]
pub struct Session<'a> {
    /// The client's banner, without the line end.
    pub banner: &'a str,
    /// Passwords that are refused before the session ends or the login succeeds.
    pub refused: u32,
    /// Whether the last try succeeds.
    pub accepted: bool,
    /// Bytes up and down, per exchange after the login, and nanoseconds before it.
    pub exchanges: &'a [(usize, usize, u64)],
}

/// What a common client calls itself.
pub const BANNER_CLIENT: &str = "SSH-2.0-OpenSSH_9.7";
/// What a common guessing tool calls itself.
pub const BANNER_GUESSER: &str = "SSH-2.0-libssh2_1.10.0";

const BANNER_SERVER: &str = "SSH-2.0-OpenSSH_9.2p1";
const KEX: &str = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,\
                   diffie-hellman-group16-sha512,diffie-hellman-group14-sha256";
const KEYS: &str = "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519";
const CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com";
const MACS: &str = "umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256";

impl Session<'_> {
    /// Plays the session on port 22. Returns when it was over.
    pub fn play(&self, scene: &mut Scene, at: Time, client: &Host, server: &Host) -> Time {
        let mut random = scene.random(&format!("ssh {} {} {}", client.ip, server.ip, at.nanos()));
        let mut talk = Talk::open(scene, at, client, server, 22);
        talk.client(format!("{}\r\n", self.banner).as_bytes());
        talk.wait(8 * MS).server(format!("{BANNER_SERVER}\r\n").as_bytes());
        let plain_ciphers =
            if self.banner == BANNER_GUESSER { "aes256-ctr,aes128-ctr,3des-cbc" } else { CIPHERS };
        talk.client(&key_exchange_init(&mut random, plain_ciphers));
        talk.server(&key_exchange_init(&mut random, CIPHERS));
        let mut share = vec![30];
        text(&mut share, &random.bytes(32));
        talk.client(&packet(&mut random, &share));
        let mut reply = vec![31];
        text(&mut reply, &named(&random.bytes(32)));
        text(&mut reply, &random.bytes(32));
        text(&mut reply, &named(&random.bytes(64)));
        let reply = [packet(&mut random, &reply), packet(&mut random, &[21])].concat();
        talk.wait(6 * MS).server(&reply);
        talk.client(&packet(&mut random, &[21]));
        let mut exchange = |talk: &mut Talk<'_>, up: usize, down: usize, pause: u64| {
            talk.wait(pause).client(&random.bytes(up));
            talk.wait(random.between(1, 8) * MS).server(&random.bytes(down));
        };
        // Service request, the "none" method, then passwords; a wrong one is answered after about two seconds.
        exchange(&mut talk, 44, 44, MS);
        exchange(&mut talk, 60, 52, MS);
        for _ in 0..self.refused {
            talk.wait(40 * MS);
            exchange(&mut talk, 148, 52, 0);
            talk.wait(600 * MS);
        }
        if self.accepted {
            exchange(&mut talk, 148, 28, 50 * MS);
            exchange(&mut talk, 112, 500, 5 * MS);
            for (up, down, pause) in self.exchanges {
                exchange(&mut talk, *up, *down, *pause);
            }
        }
        talk.close(Side::Client)
    }
}

fn key_exchange_init(random: &mut Random, ciphers: &str) -> Vec<u8> {
    let mut body = vec![20];
    body.extend_from_slice(&random.bytes(16));
    for list in [KEX, KEYS, ciphers, ciphers, MACS, MACS, "none,zlib@openssh.com", "none", "", ""] {
        text(&mut body, list.as_bytes());
    }
    body.extend_from_slice(&[0; 5]);
    packet(random, &body)
}

/// A packet of the binary protocol before encryption (RFC 4253 §6).
fn packet(random: &mut Random, payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + if (payload.len() + 5) % 8 > 4 { 8 } else { 0 };
    let mut out = ((payload.len() + padding + 1) as u32).to_be_bytes().to_vec();
    out.push(padding as u8);
    out.extend_from_slice(payload);
    out.extend_from_slice(&random.bytes(padding));
    out
}

/// A key or signature with the name of its algorithm before it (RFC 8709).
fn named(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, b"ssh-ed25519");
    text(&mut out, bytes);
    out
}

fn text(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&(value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
}
