//! Times tracking and reassembly: many downloads at once, packet by packet. Prints nanoseconds per packet.
//!
//! `cargo run --release -p flow --example downloads [FLOWS]`

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use decode::{Checksum, Layers, Tcp, Transport};
use flow::{Chunk, Config, Pool, Seen, Table};
use model::{PacketId, Time};

const PAYLOAD: [u8; 1448] = [b'x'; 1448];
const ROUNDS: u32 = 400;

fn main() {
    let only = std::env::args().nth(1).and_then(|flows| flows.parse::<u32>().ok());
    for flows in [1_u32, 100, 10_000].into_iter().filter(|flows| only.is_none_or(|only| only == *flows)) {
        for inline in [false, true] {
            run(flows, inline);
        }
    }
}

fn run(flows: u32, inline: bool) {
    let mut config = Config::default();
    config.stream.inline = inline;
    config.stream.reassembly_depth = 0;
    let mut table = (Table::new(config), Pool::default());
    let mut packets = 0_u64;
    let mut bytes = 0_u64;
    let began = Instant::now();
    for round in 0..ROUNDS * 10_000 / flows.max(100) + 2 {
        for flow in 0..flows {
            let (seq, ack) = match round {
                0 => (0, 0),
                _ => (1 + (round - 1) * 1448, 1),
            };
            if round == 0 {
                bytes += send(&mut table, &mut packets, flow, true, (Tcp::SYN, 0, 0), &[]);
                bytes += send(&mut table, &mut packets, flow, false, (Tcp::SYN | Tcp::ACK, 0, 1), &[]);
                bytes += send(&mut table, &mut packets, flow, true, (Tcp::ACK, 1, 1), &[]);
            } else {
                bytes += send(&mut table, &mut packets, flow, true, (Tcp::ACK, seq, ack), &PAYLOAD);
                bytes += send(&mut table, &mut packets, flow, false, (Tcp::ACK, 1, seq + 1448), &[]);
            }
        }
    }
    let nanos = began.elapsed().as_nanos() as f64 / packets as f64;
    println!(
        "{flows} flows, inline {inline}: {nanos:.0} ns per packet, {packets} packets, {bytes} bytes read"
    );
}

fn send(
    (table, pool): &mut (Table, Pool<()>),
    packets: &mut u64,
    flow: u32,
    client: bool,
    (flags, seq, ack): (u8, u32, u32),
    payload: &[u8],
) -> u64 {
    let a = (IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + flow)), 40_000);
    let b = (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), 80);
    let (from, to) = if client { (a, b) } else { (b, a) };
    let tcp = Tcp {
        at: 34,
        header_len: 20,
        seq,
        ack,
        flags,
        window: 65535,
        urgent: 0,
        mss: None,
        scale: None,
        sack_permitted: false,
        timestamp: None,
        sack: None,
        fast_open: false,
        authentication: false,
        md5: false,
        multipath: false,
    };
    let layers = Layers {
        src: from.0,
        dst: to.0,
        src_port: from.1,
        dst_port: to.1,
        protocol: 6,
        ttl: 64,
        checksum: Checksum::Good,
        payload: 0..payload.len() as u32,
        transport: Transport::Tcp(tcp),
        ..Layers::default()
    };
    *packets += 1;
    let time = Time::from_micros(1_000_000 + *packets / 100);
    let seen =
        Seen { id: PacketId(*packets), time, bytes: payload, layers: &layers, len: payload.len() as u32 };
    while let Some(slot) = table.with(pool).next_due(time) {
        table.with(pool).release(slot);
    }
    let touch = table.with(pool).touch(&seen);
    let mut entry = table.with(pool).entry(touch.slot.expect("TCP has flows"));
    let stream = entry.stream.as_mut().expect("TCP has a stream");
    let mut turn = stream.accept(entry.flow, &seen, touch.direction);
    let mut read = 0;
    for direction in turn.deliver {
        turn.begin(direction);
        while let Some(chunk) = stream.peek(&mut turn, direction) {
            let Chunk::Bytes { data, .. } = chunk else { break };
            let len = data.len() as u32;
            read += u64::from(len);
            stream.consume(direction, len, 0);
        }
    }
    let reached = stream.app_progress(turn.direction);
    stream.raw_done(&turn, reached);
    if turn.established {
        stream.prune(turn.direction);
    }
    read
}
