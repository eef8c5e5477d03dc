//! SSH: the two banners (RFC 4253 §4.2) and the key exchange (§7.1), up to encryption.
//!
//! One transaction per flow. Limits: banners of 256 bytes, a longer one is cut; key exchange messages of 32 KiB, longer ones
//! are read over without a HASSH.

mod fields;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::tls::fingerprint::{Ja3 as Hassh, md5_hex};
use crate::tls::hello::Cursor;
use crate::{Core, Fed, Frame, Input, Log, LogWhen, Pattern, Protocol, Session, Transactions};

/// Bytes of a banner.
const BANNER_MAX: usize = 256;
/// Bytes of a key exchange message that is looked into.
const KEY_EXCHANGE_MAX: usize = 32 * 1024;
/// Bytes before the content of a message: length, padding, number.
const HEADER_BYTES: usize = 6;
/// Records of a flow that are looked at before the keys are in use; more is not an SSH handshake.
const RECORDS_MAX: u32 = 4096;
const TCP: u8 = 6;

const KEX_INIT: u8 = 20;
const NEW_KEYS: u8 = 21;

/// How far each direction has come.
const BANNER_WAIT: u8 = 1;
const BANNER_DONE: u8 = 2;
const FINISHED: u8 = 3;

const INVALID_BANNER: u8 = 0;
const LONG_BANNER: u8 = 1;
const INVALID_RECORD: u8 = 2;
const LONG_KEX_RECORD: u8 = 3;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    help: "Secure Shell.",
    patterns: &[banner_pattern(Direction::ToServer), banner_pattern(Direction::ToClient)],
    session: Some(|| Box::new(Ssh::default())),
    complete: [FINISHED, FINISHED],
    states: [
        &[
            ("request_in_progress", 0),
            ("request_banner_wait_eol", BANNER_WAIT),
            ("request_banner_done", BANNER_DONE),
            ("request_finished", FINISHED),
        ],
        &[
            ("response_in_progress", 0),
            ("response_banner_wait_eol", BANNER_WAIT),
            ("response_banner_done", BANNER_DONE),
            ("response_finished", FINISHED),
        ],
    ],
    fields: fields::FIELDS,
    events: &["invalid_banner", "long_banner", "invalid_record", "long_kex_record"],
    logs: &[
        Log {
            event_type: "ssh",
            when: LogWhen::Progress(BANNER_DONE, BANNER_DONE),
            write: fields::write_early,
            with_alert: false,
        },
        Log {
            event_type: "ssh",
            when: LogWhen::Progress(FINISHED, FINISHED),
            write: fields::write_late,
            with_alert: false,
        },
        Log { event_type: "ssh", when: LogWhen::Never, write: fields::write, with_alert: true },
    ],
    ..Protocol::EMPTY
};

const fn banner_pattern(direction: Direction) -> Pattern {
    Pattern { transport: TCP, direction, bytes: b"SSH-", nocase: false, offset: 0, depth: 4, confirm: None }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Ssh {
    transactions: Transactions<Box<Talk>>,
    /// Bytes of a message that are read over as they come.
    skip: [usize; 2],
    /// The rest of a banner that was too long is read over up to its end of line.
    long_banner: [bool; 2],
    records: u32,
}

impl Default for Ssh {
    fn default() -> Self {
        Self { transactions: Transactions::new(1), skip: [0; 2], long_banner: [false; 2], records: 0 }
    }
}

/// What is known of the conversation: the client's and the server's part.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    sides: [Party; 2],
    /// The record waits for the key exchange (setting `ssh.hassh`).
    with_hassh: bool,
}

/// One party of the conversation.
#[derive(Debug, Default)]
struct Party {
    version: Vec<u8>,
    software: Vec<u8>,
    hassh: Option<Hassh>,
}

impl Session for Ssh {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if self.transactions.is_empty() {
            if self.transactions.opened() > 0 || bytes.is_empty() {
                return Fed::Used(bytes.len());
            }
            let with_hassh = matches!(input.config.setting("ssh.hassh"), Some("true" | "yes"));
            let open = self.transactions.open(
                input.time,
                input.packet,
                Box::new(Talk { with_hassh, ..Talk::default() }),
            );
            // The other side has said nothing yet.
            open.core.updated[input.direction.other().index()] = false;
        }
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            match self.step(input, rest, used) {
                Fed::Used(count) => used += count,
                Fed::Need { used: count, needed } => return Fed::Need { used: used + count, needed },
                Fed::Broken => return Fed::Broken,
            }
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Ssh {
    fn core(&mut self) -> Option<&mut Core> {
        self.transactions.last_mut().map(|open| &mut open.core)
    }

    fn raise(&mut self, code: u8) {
        if let Some(core) = self.core() {
            core.raise(code);
        }
    }

    /// Reads a banner or a message from the front of `rest`.
    fn step(&mut self, input: &mut Input<'_>, rest: &[u8], offset: usize) -> Fed {
        let place = input.direction.index();
        let skip = self.skip[place].min(rest.len());
        if skip > 0 {
            self.skip[place] -= skip;
            return Fed::Used(skip);
        }
        match self.core().map_or(FINISHED, |core| core.progress[place]) {
            FINISHED.. => Fed::Used(rest.len()),
            BANNER_DONE => self.message(input, rest, offset),
            _ => self.banner(input.direction, rest),
        }
    }

    fn banner(&mut self, direction: Direction, rest: &[u8]) -> Fed {
        let end = memchr::memchr(b'\n', rest);
        if std::mem::take(&mut self.long_banner[direction.index()]) {
            if end.is_none() {
                self.long_banner[direction.index()] = true;
            } else if let Some(core) = self.core() {
                core.advance(direction, BANNER_DONE);
            }
            return Fed::Used(end.map_or(rest.len(), |end| end + 1));
        }
        let line = match end {
            Some(end) if end < BANNER_MAX => rest.get(..end),
            None if rest.len() < BANNER_MAX => return Fed::Need { used: 0, needed: rest.len() + 1 },
            _ => rest.get(..BANNER_MAX),
        };
        let used = end.map_or(rest.len(), |end| end + 1);
        let Some(open) = self.transactions.last_mut() else { return Fed::Used(used) };
        let Some((version, software)) = read_banner(line.unwrap_or_default()) else {
            open.core.raise(INVALID_BANNER);
            return Fed::Broken;
        };
        let party = &mut open.body.sides[direction.index()];
        party.version = version.to_vec();
        party.software = software.to_vec();
        if end.is_none_or(|end| end >= BANNER_MAX) {
            open.core.raise(LONG_BANNER);
        }
        if end.is_some() {
            open.core.advance(direction, BANNER_DONE);
        } else {
            open.core.advance(direction, BANNER_WAIT);
            self.long_banner[direction.index()] = true;
        }
        Fed::Used(used)
    }

    fn message(&mut self, input: &mut Input<'_>, rest: &[u8], offset: usize) -> Fed {
        let Some(&[a, b, c, d, _, number]) = rest.first_chunk::<HEADER_BYTES>() else {
            return Fed::Need { used: 0, needed: HEADER_BYTES };
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        self.records += 1;
        if length < 2 || self.records > RECORDS_MAX {
            self.raise(INVALID_RECORD);
            return Fed::Broken;
        }
        let whole = length.saturating_add(4);
        let wanted = number == KEX_INIT && length <= KEY_EXCHANGE_MAX;
        if wanted && rest.len() < whole {
            self.records -= 1;
            return Fed::Need { used: 0, needed: whole };
        }
        frames(input, offset, whole);
        match number {
            KEX_INIT if wanted => self.key_exchange(input.direction, rest.get(HEADER_BYTES..whole)),
            KEX_INIT => self.raise(LONG_KEX_RECORD),
            NEW_KEYS => self.new_keys(input),
            _ => {}
        }
        self.skip[input.direction.index()] = whole.saturating_sub(rest.len());
        Fed::Used(whole.min(rest.len()))
    }

    fn key_exchange(&mut self, direction: Direction, content: Option<&[u8]>) {
        let Some(open) = self.transactions.last_mut() else { return };
        match content.and_then(|content| hassh(content, direction)) {
            Some(hassh) => open.body.sides[direction.index()].hassh = Some(hassh),
            None => open.core.raise(INVALID_RECORD),
        }
    }

    /// From here on everything of this direction is encrypted; with both directions there is nothing more to read.
    fn new_keys(&mut self, input: &mut Input<'_>) {
        let Some(core) = self.core() else { return };
        core.advance(input.direction, FINISHED);
        if core.progress != [FINISHED; 2] {
            return;
        }
        match input.config.setting("ssh.encryption_handling") {
            Some("full") => {}
            Some("bypass") => {
                (input.asks.stop, input.asks.stop_inspection, input.asks.bypass) = (true, true, true);
            }
            // Suricata's `track-only` ends reading, not the look of content rules at the payload.
            _ => input.asks.stop = true,
        }
    }
}

fn frames(input: &mut Input<'_>, offset: usize, whole: usize) {
    let (direction, offset) = (input.direction, i64::try_from(offset).unwrap_or(i64::MAX));
    let mut push = |kind, skip: usize, len: usize| {
        let offset = offset.saturating_add(skip as i64);
        input.asks.frames.push(Frame { kind, direction, offset, len: Some(len as u64), tx: Some(0) });
    };
    push("record_hdr", 0, HEADER_BYTES);
    push("record_data", HEADER_BYTES, whole - HEADER_BYTES);
    push("record_pdu", 0, whole);
}

/// Version and software of a banner line.
fn read_banner(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"SSH-")?;
    let dash = memchr::memchr(b'-', rest)?;
    let (version, rest) = (rest.get(..dash)?, rest.get(dash + 1..)?);
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n')).unwrap_or(rest.len());
    let software = rest.get(..end)?;
    (!version.is_empty()).then_some((version, software))
}

/// HASSH of a key exchange message: the lists for key exchange, and for encryption, integrity and compression in the
/// sender's direction.
fn hassh(content: &[u8], direction: Direction) -> Option<Hassh> {
    let mut cursor = Cursor::new(content);
    cursor.take(16)?;
    let mut lists = [&[][..]; 8];
    for list in &mut lists {
        let length = cursor.take(4)?.first_chunk().copied().map(u32::from_be_bytes)?;
        *list = cursor.take(usize::try_from(length).ok()?)?;
    }
    // Order of the message: key exchange, host keys, then each kind to server and to client.
    let side = direction.index();
    let chosen = [lists[0], lists[2 + side], lists[4 + side], lists[6 + side]];
    let text = chosen.map(|list| String::from_utf8_lossy(list)).join(";");
    let hash = md5_hex(text.as_bytes());
    Some(Hassh { text, hash })
}
