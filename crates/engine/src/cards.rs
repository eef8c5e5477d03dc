//! Payment card numbers that leave: what hosts of ours send to others in the clear, looked at packet by packet.
//!
//! Segments are looked at in the order they come: a number that is split over two segments is found when they follow each other.
//! What was compressed or encoded is found in the files that protocols unpack (`protocol::File`).

use std::net::IpAddr;

use behave::Home;
use decode::{Layers, Transport};
use model::{CardsSeen, PacketId, Time};
use protocol::Cards;

/// Protocols behind whose first messages everything is encrypted.
const ENCRYPTED: [&str; 5] = ["tls", "quic", "ssh", "ike", "rdp"];

/// Whose payload of a flow is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sender {
    /// Not decided yet.
    #[default]
    Unknown,
    /// Nobody's: both ends are ours, or neither.
    Nobody,
    /// That of the end with the lower address.
    Lower,
    /// That of the end with the higher address.
    Higher,
}

impl Sender {
    fn of(home: &Home, src: IpAddr, dst: IpAddr) -> Self {
        let (lower, higher) = (src.min(dst), src.max(dst));
        match (home.has(lower), home.has(higher)) {
            (true, false) => Sender::Lower,
            (false, true) => Sender::Higher,
            _ => Sender::Nobody,
        }
    }
}

/// Card numbers of one flow.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    sender: Sender,
    found: Option<Box<Found>>,
}

#[derive(Debug, Default)]
struct Found {
    cards: Cards,
    /// Sequence number behind the last segment that was looked at.
    next: u32,
}

impl Leaving {
    /// Looks at the payload of a packet; `protocol`: what the flow speaks as far as known.
    pub(crate) fn look(
        &mut self,
        home: &Home,
        layers: &Layers,
        payload: &[u8],
        protocol: &str,
        at: (Time, PacketId),
    ) {
        if payload.is_empty() || self.sender == Sender::Nobody {
            return;
        }
        if self.sender == Sender::Unknown {
            self.sender = Sender::of(home, layers.src, layers.dst);
        }
        let sends = match self.sender {
            Sender::Lower => layers.src < layers.dst,
            Sender::Higher => layers.src > layers.dst,
            Sender::Unknown | Sender::Nobody => false,
        };
        if !sends || ENCRYPTED.contains(&protocol) || (self.found.is_none() && !Cards::may_begin(payload)) {
            return;
        }
        let found = self.found.get_or_insert_default();
        match layers.transport {
            Transport::Tcp(tcp) => {
                let end = tcp.seq.wrapping_add(payload.len() as u32);
                // Sequence numbers compare in a circle (RFC 9293 §3.4).
                if found.next != 0 && end.wrapping_sub(found.next) as i32 <= 0 {
                    return;
                }
                if tcp.seq != found.next {
                    found.cards.interrupt();
                }
                found.next = end;
            }
            _ => found.cards.interrupt(),
        }
        found.cards.take(payload, at.0, at.1);
    }

    /// What was seen.
    pub(crate) fn told(&mut self) -> Option<Box<CardsSeen>> {
        self.found.take()?.cards.told()
    }
}
