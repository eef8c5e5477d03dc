//! RFB, the protocol of VNC (RFC 6143): versions, security, and what the screen is called; not the picture.
//!
//! One transaction per flow; it is complete when the server has described its screen, or refused. Limits: names and reasons
//! of 4 KiB, longer ones are cut.

mod fields;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::tls::hello::Cursor;
use crate::{
    Core, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transactions,
};

/// Bytes of `RFB 003.008\n`.
const VERSION_BYTES: usize = 12;
/// Bytes kept of a name or a reason.
const TEXT_MAX: usize = 4096;
const TCP: u8 = 6;

const UNIMPLEMENTED_SECURITY_TYPE: u8 = 0;
const UNKNOWN_SECURITY_RESULT: u8 = 1;
const MALFORMED_MESSAGE: u8 = 2;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rfb",
    help: "Remote Framebuffer, the protocol of VNC.",
    patterns: &[version_pattern(Direction::ToServer), version_pattern(Direction::ToClient)],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[5900, 5901, 5902, 5903, 5904, 5905, 5906, 5907, 5908, 5909]),
        side: Side::Server,
        depth_min: VERSION_BYTES,
        depth_max: VERSION_BYTES,
        look: |bytes, _, _| match version(bytes) {
            Some(_) => ProbeAnswer::Yes,
            None => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Rfb::default())),
    fields: fields::FIELDS,
    events: &[
        "unimplemented_security_type",
        "unknown_security_result",
        "malformed_message",
        "confused_state",
    ],
    logs: &[Log { event_type: "rfb", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    ..Protocol::EMPTY
};

const fn version_pattern(direction: Direction) -> Pattern {
    Pattern { transport: TCP, direction, bytes: b"RFB ", nocase: true, offset: 0, depth: 4, confirm: None }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Rfb {
    transactions: Transactions<Box<Talk>>,
    step: Step,
}

/// What comes next, and from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    ServerVersion,
    ClientVersion,
    /// 3.3: the server decides.
    SecurityType,
    SecurityTypes,
    Choice,
    Challenge,
    Response,
    Result,
    Reason,
    ClientInit,
    ServerInit,
    /// The picture, or something that is not understood: nothing more is read.
    Over,
}

/// What is known of the conversation.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// Major and minor version of the client and of the server, as they were written.
    versions: [Option<[[u8; 3]; 2]>; 2],
    security: Option<u32>,
    challenge: Option<[u8; 16]>,
    response: Option<[u8; 16]>,
    result: Option<u32>,
    reason: Option<Vec<u8>>,
    shared: Option<bool>,
    screen: Option<Screen>,
}

/// `ServerInit` (RFC 6143 §7.3.2).
#[derive(Debug)]
struct Screen {
    width: u16,
    height: u16,
    bits_per_pixel: u8,
    depth: u8,
    big_endian: bool,
    true_color: bool,
    /// Red, green, blue.
    max: [u16; 3],
    shift: [u8; 3],
    name: Vec<u8>,
}

impl Default for Rfb {
    fn default() -> Self {
        Self { transactions: Transactions::new(1), step: Step::ServerVersion }
    }
}

impl Session for Rfb {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if self.transactions.is_empty() && self.transactions.opened() == 0 && !bytes.is_empty() {
            self.transactions.open(input.time, input.packet, Box::default());
        }
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if self.step == Step::Over || self.transactions.is_empty() {
                return Fed::Used(bytes.len());
            }
            if self.step.speaker() != input.direction {
                // The other side has not been read so far; it will be.
                return Fed::Used(used);
            }
            let Some(length) = self.length(rest) else {
                return Fed::Need { used, needed: rest.len() + 1 };
            };
            let Some(message) = rest.get(..length) else { return Fed::Need { used, needed: length } };
            announce(input, used, length);
            if self.message(message).is_none() {
                self.raise(MALFORMED_MESSAGE);
                return Fed::Broken;
            }
            used += length;
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Step {
    const fn speaker(self) -> Direction {
        match self {
            Step::ClientVersion | Step::Choice | Step::Response | Step::ClientInit => Direction::ToServer,
            _ => Direction::ToClient,
        }
    }
}

fn announce(input: &mut Input<'_>, offset: usize, length: usize) {
    input.asks.frames.push(Frame {
        kind: "pdu",
        direction: input.direction,
        offset: i64::try_from(offset).unwrap_or(i64::MAX),
        len: Some(length as u64),
        tx: Some(0),
    });
}

/// Major and minor version of `RFB 003.008\n`.
fn version(bytes: &[u8]) -> Option<[[u8; 3]; 2]> {
    let rest = bytes.strip_prefix(b"RFB ")?;
    let (major, rest) = rest.split_first_chunk::<3>()?;
    let (minor, rest) = rest.strip_prefix(b".")?.split_first_chunk::<3>()?;
    (rest.first() == Some(&b'\n')).then_some([*major, *minor])
}

impl Rfb {
    fn raise(&mut self, code: u8) {
        if let Some(open) = self.transactions.last_mut() {
            open.core.raise(code);
        }
    }

    /// Bytes of the message that comes next; `None` while its own length is not there yet.
    fn length(&self, rest: &[u8]) -> Option<usize> {
        let word = |at: usize| {
            let digits: &[u8; 4] = rest.get(at..at + 4)?.first_chunk()?;
            usize::try_from(u32::from_be_bytes(*digits)).ok()
        };
        Some(match self.step {
            Step::ServerVersion | Step::ClientVersion => VERSION_BYTES,
            Step::SecurityType | Step::Result => 4,
            Step::SecurityTypes => 1 + usize::from(*rest.first()?),
            Step::Choice | Step::ClientInit => 1,
            Step::Challenge | Step::Response => 16,
            Step::Reason => 4 + word(0)?.min(TEXT_MAX),
            Step::ServerInit => 24 + word(20)?.min(TEXT_MAX),
            Step::Over => rest.len(),
        })
    }

    /// Reads one message; `None` when it is malformed.
    fn message(&mut self, bytes: &[u8]) -> Option<()> {
        let open = self.transactions.last_mut()?;
        open.core.updated = [true; 2];
        let talk = &mut *open.body;
        let mut cursor = Cursor::new(bytes);
        self.step = match self.step {
            Step::ServerVersion => {
                talk.versions[Direction::ToClient.index()] = Some(version(bytes)?);
                Step::ClientVersion
            }
            Step::ClientVersion => {
                let chosen = version(bytes)?;
                talk.versions[Direction::ToServer.index()] = Some(chosen);
                // Versions other than 3.7 and 3.8 are to be treated as 3.3; Apple's 3.889 is a 3.8 (RFC 6143 §7.1.1).
                if chosen[1] < *b"007" { Step::SecurityType } else { Step::SecurityTypes }
            }
            Step::SecurityType => {
                let kind = u32::from_be_bytes(*bytes.first_chunk()?);
                talk.security = Some(kind);
                secure(kind, false, &mut open.core)
            }
            Step::SecurityTypes if bytes.first() == Some(&0) => Step::Reason,
            Step::SecurityTypes => Step::Choice,
            Step::Choice => {
                let kind = cursor.u8()?;
                talk.security = Some(kind.into());
                let with_result = talk.versions[0].is_some_and(|version| version[1] >= *b"008");
                secure(kind.into(), with_result, &mut open.core)
            }
            Step::Challenge => {
                talk.challenge = bytes.first_chunk().copied();
                Step::Response
            }
            Step::Response => {
                talk.response = bytes.first_chunk().copied();
                Step::Result
            }
            Step::Result => {
                let result = u32::from_be_bytes(*bytes.first_chunk()?);
                talk.result = Some(result);
                match result {
                    0 => Step::ClientInit,
                    1 | 2 => Step::Reason,
                    _ => {
                        open.core.raise(UNKNOWN_SECURITY_RESULT);
                        complete(&mut open.core)
                    }
                }
            }
            Step::Reason => {
                talk.reason = Some(bytes.get(4..)?.to_vec());
                complete(&mut open.core)
            }
            Step::ClientInit => {
                talk.shared = Some(cursor.u8()? != 0);
                Step::ServerInit
            }
            Step::ServerInit => {
                talk.screen = Some(screen(&mut cursor)?);
                complete(&mut open.core)
            }
            Step::Over => Step::Over,
        };
        Some(())
    }
}

/// What follows the choice of a security type.
fn secure(kind: u32, with_result: bool, core: &mut Core) -> Step {
    match kind {
        0 => Step::Reason,
        1 if with_result => Step::Result,
        1 => Step::ClientInit,
        2 => Step::Challenge,
        _ => {
            core.raise(UNIMPLEMENTED_SECURITY_TYPE);
            complete(core)
        }
    }
}

fn complete(core: &mut Core) -> Step {
    for direction in Direction::BOTH {
        core.advance(direction, 1);
    }
    Step::Over
}

fn screen(cursor: &mut Cursor<'_>) -> Option<Screen> {
    let (width, height) = (cursor.u16()?, cursor.u16()?);
    let (bits_per_pixel, depth) = (cursor.u8()?, cursor.u8()?);
    let (big_endian, true_color) = (cursor.u8()? != 0, cursor.u8()? != 0);
    let max = [cursor.u16()?, cursor.u16()?, cursor.u16()?];
    let shift = [cursor.u8()?, cursor.u8()?, cursor.u8()?];
    cursor.take(3 + 4)?;
    let name = cursor.rest.to_vec();
    Some(Screen { width, height, bits_per_pixel, depth, big_endian, true_color, max, shift, name })
}
