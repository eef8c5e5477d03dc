//! QUIC: packets with long headers (RFC 9000 §17.2, RFC 9369), the hello messages inside Initial packets, and Google's
//! older versions Q039 to Q046.
//!
//! One transaction per packet with a long header, until both hello messages were read; everything after that is encrypted.
//! Limits: 64 KiB of crypto stream per direction in 64 pieces, 64 tags of a Google hello, 16 packets per datagram.

mod crypto;
mod fields;
mod google;
mod packet;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::tls::fingerprint::{Ja3, ja3, ja3s, ja4};
use crate::tls::hello::{self, ServerName, extension};
use crate::{
    Config, Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use crypto::{Keys, Stream};
use packet::{Header, Kind};

/// Packets that share a datagram.
const PACKETS_MAX: usize = 16;
/// Open transactions per flow; they are inspected and removed at once.
const TRANSACTIONS_MAX: usize = 64;
/// Extensions of a hello that are kept.
const EXTENSIONS_MAX: usize = 64;

const FAILED_DECRYPT: u8 = 0;
const ERROR_ON_DATA: u8 = 1;
const CRYPTO_FRAG_TOO_LONG: u8 = 2;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "quic",
    help: "QUIC, the transport of HTTP/3.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[443, 80]),
        side: Side::Server,
        depth_min: 0,
        depth_max: 0,
        look: |bytes, _, _| match packet::read(bytes) {
            Some(_) => ProbeAnswer::Yes,
            None => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Quic::default())),
    fields: fields::FIELDS,
    events: &["failed_decrypt", "error_on_data", "crypto_frag_too_long"],
    logs: &[Log { event_type: "quic", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Quic {
    transactions: Transactions<Box<Message>>,
    keys: Option<Keys>,
    streams: [Stream; 2],
    /// The hello of this direction has been read: what follows is encrypted.
    hello: [bool; 2],
    /// The server has sent a Retry.
    retried: bool,
}

impl Default for Quic {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            keys: None,
            streams: Default::default(),
            hello: [false; 2],
            retried: false,
        }
    }
}

/// What one packet said.
#[derive(Debug, Default)]
pub(crate) struct Message {
    version: u32,
    from_client: bool,
    sni: Option<Vec<u8>>,
    agent: Option<Vec<u8>>,
    /// Fingerprints of Google's hello: text and hash.
    cyu: Vec<Ja3>,
    ja3: Option<Ja3>,
    ja4: Option<String>,
    extensions: Vec<Extension>,
}

/// An extension of a hello.
#[derive(Debug)]
struct Extension {
    number: u16,
    values: Vec<Vec<u8>>,
}

impl Session for Quic {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        let mut rest = bytes;
        for _ in 0..PACKETS_MAX {
            match self.packet(input, rest) {
                Some(next) if !next.is_empty() => rest = next,
                _ => break,
            }
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}

impl Quic {
    /// Reads the packet at the front of a datagram; gives what stands behind it, when that is worth a look.
    fn packet<'a>(&mut self, input: &Input<'_>, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let place = input.direction.index();
        let header = packet::read(bytes)?;
        if self.hello[place] || header.kind == Kind::Short {
            return None;
        }
        let mut message = Message {
            version: header.version,
            from_client: input.direction == Direction::ToServer,
            ..Message::default()
        };
        let mut event = None;
        let retry = header.kind == Kind::Retry && input.direction == Direction::ToClient;
        if retry && !std::mem::replace(&mut self.retried, true) {
            // The client starts again, with keys from the connection id that the server chose (RFC 9001 §5.2). It heeds
            // the first Retry only (RFC 9000 §17.2.5.2).
            self.keys = None;
            self.hello[Direction::ToServer.index()] = false;
            self.streams = Default::default();
        } else if header.kind == Kind::Initial {
            event = self.initial(input, &header, &mut message);
        }
        self.open(input, message, event);
        if event.is_some() { None } else { bytes.get(header.end..) }
    }

    fn open(&mut self, input: &Input<'_>, message: Message, event: Option<u8>) {
        if self.transactions.is_full() {
            return;
        }
        let transaction = self.transactions.open(input.time, input.packet, Box::new(message));
        transaction.core.only = Some(input.direction);
        for direction in Direction::BOTH {
            transaction.core.advance(direction, 1);
        }
        if let Some(code) = event {
            transaction.core.raise(code);
        }
    }

    /// Reads an Initial packet; the event when it cannot be read.
    fn initial(&mut self, input: &Input<'_>, header: &Header<'_>, message: &mut Message) -> Option<u8> {
        if header.is_google() {
            google::read(header, message);
            return None;
        }
        let direction = input.direction;
        let plain = match self.decrypt(header, direction) {
            Ok(plain) => plain?,
            Err(()) => return Some(FAILED_DECRYPT),
        };
        let stream = &mut self.streams[direction.index()];
        match crypto::frames(&plain, stream) {
            Ok(()) => {}
            Err(crypto::Flaw::Frames) => return Some(ERROR_ON_DATA),
            Err(crypto::Flaw::TooLong) => return Some(CRYPTO_FRAG_TOO_LONG),
        }
        let hello = stream.message()?;
        let sound = read_hello(hello, direction, message, input.config);
        self.hello[direction.index()] = true;
        self.streams[direction.index()] = Stream::default();
        (!sound).then_some(ERROR_ON_DATA)
    }

    /// The packet's content; nothing for a version without known keys.
    fn decrypt(&mut self, header: &Header<'_>, direction: Direction) -> Result<Option<Vec<u8>>, ()> {
        if let Some(keys) = &self.keys
            && let Some(plain) = keys.open(header, direction)
        {
            return Ok(Some(plain));
        }
        if self.keys.is_some() && direction == Direction::ToClient {
            return Err(());
        }
        // The client's first packet, or one of a client that started anew.
        let Some(keys) = Keys::new(header.version, header.destination) else { return Ok(None) };
        let plain = keys.open(header, direction).ok_or(());
        if plain.is_ok() || self.keys.is_none() {
            self.keys = Some(keys);
        }
        plain.map(Some)
    }
}

/// Reads a hello message (with its header); false when its lengths do not fit.
fn read_hello(bytes: &[u8], direction: Direction, message: &mut Message, config: &Config) -> bool {
    let from_client = direction == Direction::ToServer;
    let body = bytes.get(4..).unwrap_or_default();
    let hello = match (bytes.first(), from_client) {
        (Some(1), true) => hello::client(body),
        (Some(2), false) => hello::server(body),
        _ => None,
    };
    let Some(hello) = hello else { return false };
    if config.ja3 {
        message.ja3 = Some(if from_client { ja3(&hello) } else { ja3s(&hello) });
    }
    if config.ja4 && from_client {
        message.ja4 = Some(ja4(&hello, true));
    }
    for (number, content) in hello.each().take(EXTENSIONS_MAX) {
        let values = match number {
            extension::SERVER_NAME => match hello::server_name(content) {
                ServerName::Host(host) => vec![host.to_vec()],
                _ => Vec::new(),
            },
            extension::ALPN => hello.alpns().take(EXTENSIONS_MAX).map(<[u8]>::to_vec).collect(),
            _ => Vec::new(),
        };
        if number == extension::SERVER_NAME {
            message.sni = values.first().cloned();
        }
        message.extensions.push(Extension { number, values });
    }
    true
}
