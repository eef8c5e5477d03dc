//! Clocks and calls: NTP, STUN, RTP. References: RFC 5905, RFC 8489, RFC 3550.

use model::Time;

use crate::frame::{End, Host};
use crate::random::Random;
use crate::scene::Scene;
use crate::talk::{MS, way};

/// Seconds between 1900 and 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

/// Asks a server for the time.
pub fn ask_time(scene: &mut Scene, random: &mut Random, at: Time, client: &Host, server: &Host) {
    let (client, server) = (End { host: client, port: 123 }, End { host: server, port: 123 });
    let stamp = |time: Time| {
        let seconds = (time.secs() + NTP_EPOCH) as u32;
        let fraction = ((time.nanos() % 1_000_000_000) << 32) / 1_000_000_000;
        (u64::from(seconds) << 32 | fraction).to_be_bytes()
    };
    let mut ask = vec![0x23, 2, 10, 0xe9];
    ask.extend_from_slice(&random.bytes(8));
    ask.extend_from_slice(&[192, 0, 2, 123]);
    ask.extend_from_slice(&[0; 24]);
    ask.extend_from_slice(&stamp(at));
    scene.udp(at, client, server, &ask);
    let answered = at.plus_nanos(way(server.host) + random.below(MS));
    let mut answer = vec![0x24, 1, 10, 0xe9];
    answer.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 16, b'P', b'P', b'S', 0]);
    answer.extend_from_slice(&stamp(at));
    answer.extend_from_slice(&stamp(at));
    answer.extend_from_slice(&stamp(answered));
    answer.extend_from_slice(&stamp(answered));
    scene.udp(answered, server, client, &answer);
}

/// A video call through a relay: STUN, then encrypted RTP both ways for a while.
pub fn call(scene: &mut Scene, at: Time, client: &Host, relay: &Host, seconds: u64) {
    let mut random = scene.random(&format!("call {} {}", client.ip, at.nanos()));
    let port = scene.next_port(client);
    let (client, relay) = (End { host: client, port }, End { host: relay, port: 3478 });
    let binding = |kind: u8, id: &[u8]| [&[kind, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], id].concat();
    let id = random.bytes(12);
    scene.udp(at, client, relay, &binding(0, &id));
    scene.udp(at.plus_nanos(way(relay.host)), relay, client, &binding(1, &id));
    for (from, to, kind) in [(client, relay, 96_u8), (relay, client, 97)] {
        let source = random.bytes(4);
        let (mut sequence, mut clock) = (random.word() as u16, random.word() as u32);
        let mut when = at.plus_nanos(120 * MS);
        let end = at.plus_secs(seconds);
        while when < end {
            // One small audio packet each 100 ms stands for five; a real call has more, of the same shape.
            let size =
                if sequence.is_multiple_of(3) { random.between(500, 900) } else { random.between(80, 160) };
            let mut packet = vec![0x80, kind];
            packet.extend_from_slice(&sequence.to_be_bytes());
            packet.extend_from_slice(&clock.to_be_bytes());
            packet.extend_from_slice(&source);
            packet.extend_from_slice(&random.bytes(size as usize));
            scene.udp(when, from, to, &packet);
            sequence = sequence.wrapping_add(1);
            clock = clock.wrapping_add(4_800);
            when = when.plus_nanos(random.around(100 * MS, 8));
        }
    }
}
