//! Chunks of OPC UA (OPC 10000-6 §6.7, §7.1).

use super::names;
use crate::wire::Wire;

/// Kind, place in the message, length.
pub(super) const HEAD_BYTES: usize = 8;
/// Bytes of a text (a URL, a policy, a reason) that are kept.
const TEXT_MAX: usize = 512;

/// Kinds of messages.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Hello,
    Acknowledge,
    Error,
    ReverseHello,
    Open,
    Close,
    #[default]
    Message,
}

impl Kind {
    const ALL: [(Kind, &'static str); 7] = [
        (Kind::Hello, "HEL"),
        (Kind::Acknowledge, "ACK"),
        (Kind::Error, "ERR"),
        (Kind::ReverseHello, "RHE"),
        (Kind::Open, "OPN"),
        (Kind::Close, "CLO"),
        (Kind::Message, "MSG"),
    ];

    pub(super) fn of(word: [u8; 3]) -> Option<Kind> {
        Self::ALL.iter().find(|(_, known)| known.as_bytes() == word).map(|(kind, _)| *kind)
    }

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("MSG", |(_, word)| word)
    }
}

/// A message, as far as its first chunk tells it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(super) kind: Kind,
    /// Version of the protocol, in the handshake.
    pub(super) version: Option<u32>,
    pub(super) endpoint: Option<Vec<u8>>,
    pub(super) channel: u32,
    pub(super) policy: Option<Vec<u8>>,
    /// Number of the request that an answer belongs to.
    pub(super) request: Option<u32>,
    /// Identifier of the service's encoding; `None`: encrypted, or no service.
    pub(super) service: Option<u32>,
    /// Result of a response, or the error.
    pub(super) status: Option<u32>,
    pub(super) reason: Option<Vec<u8>>,
}

impl Message {
    /// Reads the start of a chunk; says too whether it ends its message.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, bool)> {
        let wire = &mut Wire::new(bytes);
        let kind = Kind::of(wire.array()?)?;
        let last = wire.byte()? != b'C';
        wire.le32()?;
        let mut read = Self { kind, ..Self::default() };
        // What is cut off or encrypted is left out; the kind is known.
        let _ = read.content(wire);
        Some((read, last))
    }

    fn content(&mut self, wire: &mut Wire<'_>) -> Option<()> {
        match self.kind {
            Kind::Hello => {
                self.version = Some(wire.le32()?);
                wire.take(16)?;
                self.endpoint = text(wire)?;
            }
            Kind::Acknowledge => self.version = Some(wire.le32()?),
            Kind::Error => {
                self.status = Some(wire.le32()?);
                self.reason = text(wire)?;
            }
            Kind::ReverseHello => {
                text(wire)?;
                self.endpoint = text(wire)?;
            }
            Kind::Open => {
                self.channel = wire.le32()?;
                self.policy = text(wire)?;
                // Certificate of the sender, thumbprint of the receiver's.
                let protected = text(wire)?.is_some();
                text(wire)?;
                if !protected {
                    self.body(wire)?;
                }
            }
            Kind::Close | Kind::Message => {
                self.channel = wire.le32()?;
                wire.le32()?;
                self.body(wire)?;
            }
        }
        Some(())
    }

    /// Sequence, request, identifier of the service; then the header of a response, with its result.
    fn body(&mut self, wire: &mut Wire<'_>) -> Option<()> {
        wire.le32()?;
        let request = wire.le32()?;
        let number = match wire.byte()? {
            0 => wire.byte()?.into(),
            1 => {
                wire.byte()?;
                wire.le16()?.into()
            }
            2 => {
                wire.le16()?;
                wire.le32()?
            }
            _ => return None,
        };
        // Anything else in this place is cipher text.
        let name = names::service(number)?;
        self.request = Some(request);
        self.service = Some(number);
        if name.ends_with("Response") || name.ends_with("Fault") {
            wire.take(8)?;
            wire.le32()?;
            self.status = Some(wire.le32()?);
        }
        Some(())
    }

    /// Whether `answer` answers this message.
    pub(super) fn is_answered_by(&self, answer: &Message) -> bool {
        match (self.kind, answer.kind) {
            (Kind::Hello, Kind::Acknowledge) | (Kind::Open, Kind::Open) => true,
            (Kind::Message, Kind::Message) => self.request == answer.request,
            _ => false,
        }
    }
}

/// A text with its length before it; a length of -1 stands for none.
fn text(wire: &mut Wire<'_>) -> Option<Option<Vec<u8>>> {
    let length = wire.le32()?;
    if length == u32::MAX {
        return Some(None);
    }
    let bytes = wire.take(length as usize)?;
    Some(Some(bytes.get(..TEXT_MAX).unwrap_or(bytes).to_vec()))
}
