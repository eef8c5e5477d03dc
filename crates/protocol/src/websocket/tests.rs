use std::net::{IpAddr, Ipv4Addr};

use flate2::{Compress, Compression, FlushCompress};
use model::{PacketId, Time};
use proptest::prelude::*;

use super::*;
use crate::{Asks, Config, Endpoints};

fn feed(session: &mut WebSocket, bytes: &[u8]) -> Fed {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    session.feed(&mut Input {
        direction: Direction::ToServer,
        data: Data::Bytes(bytes),
        end: false,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints { client: at, server: at, client_port: 40000, server_port: 80, transport: 6 },
        config: &Config::default(),
        asks: &mut Asks::default(),
    })
}

fn payloads(session: &WebSocket) -> Vec<(u8, Vec<u8>)> {
    session.transactions.iter().map(|message| (message.body.opcode, message.body.payload.clone())).collect()
}

const MASKED: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

#[test]
fn a_masked_text_is_unmasked() {
    let mut session = WebSocket::default();
    feed(&mut session, MASKED);
    assert_eq!(payloads(&session), [(1, b"Hello".to_vec())]);
    let mut json = Json::new();
    json.object_item();
    write(&session.scope(0, Direction::ToServer), &mut json);
    assert_eq!(json.bytes(), br#"{"websocket":{"fin":true,"mask":939139389,"opcode":"text"}"#);
}

#[test]
fn fragments_are_joined_across_a_ping() {
    let mut session = WebSocket::default();
    let stream = b"\x01\x03Hel\x89\x01x\x80\x02lo";
    let mut start = 0;
    for end in 1..=stream.len() {
        match feed(&mut session, &stream[start..end]) {
            Fed::Used(used) | Fed::Need { used, .. } => start += used,
            Fed::Broken => panic!("nothing is broken"),
        }
    }
    assert_eq!(payloads(&session), [(9, b"x".to_vec()), (1, b"Hello".to_vec())]);
}

#[test]
fn compressed_messages_share_their_window() {
    let mut deflater = Compress::new(Compression::default(), false);
    let mut session = WebSocket::default();
    for text in [b"hello hello".as_slice(), b"hello again"] {
        let mut packed = Vec::with_capacity(100);
        deflater.compress_vec(text, &mut packed, FlushCompress::Sync).unwrap();
        packed.truncate(packed.len() - 4);
        feed(&mut session, &[&[0xc1, packed.len() as u8], packed.as_slice()].concat());
    }
    assert_eq!(payloads(&session), [(1, b"hello hello".to_vec()), (1, b"hello again".to_vec())]);
}

#[test]
fn the_end_of_a_large_payload_is_read_over() {
    let mut session = WebSocket::default();
    let mut bytes = vec![0x82, 127];
    bytes.extend_from_slice(&70_000_u64.to_be_bytes());
    bytes.resize(bytes.len() + 70_000, b'a');
    bytes.extend_from_slice(MASKED);
    assert_eq!(feed(&mut session, &bytes), Fed::Used(bytes.len()));
    assert_eq!(session.count(), 2);
    assert_eq!(session.core(0).events.as_slice(), [SKIP_END_OF_PAYLOAD]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        feed(&mut WebSocket::default(), &bytes);
    }
}
