//! SMB 1, 2 and 3 (MS-CIFS, MS-SMB, MS-SMB2) over TCP, with or without NetBIOS (RFC 1002): sessions, shares, files in both
//! directions, and DCE/RPC over named pipes. What SMB 3 encrypts stays closed.
//!
//! Limits: 1024 open transactions (`smb.max_tx`), 1024 open files, shares and reads each, reads and writes of 16 MiB, 64 MiB
//! in 64 pieces of a file behind a hole. After a gap the next record is looked for.

mod fields;
mod file;
mod log;
mod names;
mod pipe;
mod record;
mod smb1;
mod smb2;
mod state;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
};
use record::{HEADER1, HEADER2, NBSS, Record1, Record2, Version};
use state::{Limits, Now, Smb, event};

const TCP: u8 = 6;
/// Bytes of a record that must be there before it is begun without its end.
const BEGIN_MIN: usize = 512;
/// Longest first record that is believed where only the port speaks for SMB.
const FIRST_MAX: usize = 1 << 20;

const fn pattern(direction: Direction, bytes: &'static [u8; 4]) -> Pattern {
    Pattern {
        transport: TCP,
        direction,
        bytes,
        nocase: false,
        offset: NBSS,
        depth: NBSS + 4,
        confirm: Some(match direction {
            Direction::ToServer => |bytes| look(bytes, Direction::ToServer),
            Direction::ToClient => |bytes| look(bytes, Direction::ToClient),
        }),
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "smb",
    help: "Server Message Block: shared files and pipes of Windows.",
    patterns: &[
        pattern(Direction::ToServer, b"\xffSMB"),
        pattern(Direction::ToClient, b"\xffSMB"),
        pattern(Direction::ToServer, b"\xfeSMB"),
        pattern(Direction::ToClient, b"\xfeSMB"),
        pattern(Direction::ToServer, b"\xfdSMB"),
        pattern(Direction::ToClient, b"\xfdSMB"),
    ],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[139, 445]),
        side: Side::Either,
        depth_min: NBSS,
        depth_max: 0,
        look: |bytes, direction, _| probe(bytes, direction),
    }],
    session: Some(|| Box::new(Smb::default())),
    fields: fields::FIELDS,
    events: state::EVENTS,
    logs: &[Log { event_type: "smb", when: LogWhen::Complete, write: log::write, with_alert: true }],
    stream_depth: Some(0),
    accepts_gaps: true,
    ..Protocol::EMPTY
};

fn look(bytes: &[u8], direction: Direction) -> ProbeAnswer {
    let record = bytes.get(NBSS..).unwrap_or_default();
    match record::is_answer(record) {
        Some(answer) if answer == (direction == Direction::ToClient) => ProbeAnswer::Yes,
        Some(_) => ProbeAnswer::YesReversed,
        None => ProbeAnswer::Yes,
    }
}

/// On the ports of SMB: other records of NetBIOS, and records in the middle of what was begun before.
fn probe(bytes: &[u8], direction: Direction) -> ProbeAnswer {
    let Some((kind, length)) = record::netbios(bytes) else { return ProbeAnswer::More };
    if kind != 0 && record::is_netbios(kind) && length < FIRST_MAX {
        return ProbeAnswer::Yes;
    }
    match next_record(bytes) {
        Some(at) => look(bytes.get(at..).unwrap_or_default(), direction),
        None if bytes.len() < NBSS + 4 => ProbeAnswer::More,
        None => ProbeAnswer::No,
    }
}

/// Where the next record begins.
fn next_record(bytes: &[u8]) -> Option<usize> {
    bytes.windows(NBSS + 4).position(|window| {
        window[0] == 0
            && matches!(window[4], 0xfc..=0xff)
            && &window[5..] == b"SMB"
            && record::netbios(window).is_some_and(|(_, length)| length >= HEADER1)
    })
}

impl Session for Smb {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        if self.limits.is_none() {
            self.limits = Some(Limits::read(input.config));
            let types = input.config.setting("eve.smb.types").unwrap_or_default();
            self.types = types
                .split([',', '[', ']', '"', ' '])
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
        }
        match input.data {
            Data::Gap(missing) => {
                self.gap(input.direction, u64::from(missing));
                Fed::Used(0)
            }
            Data::Bytes(bytes) => self.stream(input, bytes),
        }
    }

    bookkeeping!(transactions);
}

impl Smb {
    fn stream(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let place = input.direction.index();
        let mut used = self.take_rest(input.direction, bytes);
        if self.lost[place] {
            let rest = bytes.get(used..).unwrap_or_default();
            match next_record(rest) {
                Some(at) => {
                    self.lost[place] = false;
                    used += at;
                }
                None => return Fed::Used(used + rest.len().saturating_sub(NBSS + 3)),
            }
        }
        while let Some(rest) = bytes.get(used..).filter(|rest| rest.len() >= NBSS) {
            let Some((kind, length)) = record::netbios(rest) else { break };
            if !record::is_netbios(kind) {
                self.raise(event::MALFORMED_DATA);
                return Fed::Broken;
            }
            let whole = NBSS + length;
            let there = rest.get(NBSS..).unwrap_or_default();
            let Some(content) = there.get(..length) else {
                if kind != 0 || there.len() < BEGIN_MIN || !(smb2::can_begin(there) || smb1::can_begin(there))
                {
                    return Fed::Need { used, needed: whole };
                }
                frames(input, used, whole, there);
                self.record(input, there, length - there.len());
                return Fed::Used(bytes.len());
            };
            frames(input, used, whole, content);
            used += whole;
            if kind == 0 && !self.record(input, content, 0) {
                return Fed::Broken;
            }
        }
        if used == bytes.len() { Fed::Used(used) } else { Fed::Need { used, needed: NBSS } }
    }

    /// Takes what belongs to a record that was begun before; answers how much that is.
    fn take_rest(&mut self, direction: Direction, bytes: &[u8]) -> usize {
        let rest = &mut self.rest[direction.index()];
        let length = usize::try_from(rest.file_bytes).unwrap_or(usize::MAX).min(bytes.len());
        rest.file_bytes -= length as u64;
        let (file, last) = (rest.file, rest.file_bytes == 0);
        let skip = usize::try_from(rest.skip).unwrap_or(usize::MAX).min(bytes.len() - length);
        rest.skip -= skip as u64;
        if length > 0
            && let Some(file) = file
        {
            self.continue_piece(direction, file, &bytes[..length], last);
        }
        length + skip
    }

    /// Bytes are missing: inside a file they leave a hole, elsewhere the next record is to be found.
    fn gap(&mut self, direction: Direction, missing: u64) {
        let place = direction.index();
        let rest = &mut self.rest[place];
        let known = rest.file_bytes + rest.skip;
        if missing <= known {
            let in_file = missing.min(rest.file_bytes);
            rest.file_bytes -= in_file;
            rest.skip -= missing - in_file;
            if let (true, Some(file)) = (in_file > 0, rest.file)
                && let Some(transaction) = self.transfer(file, direction)
            {
                for file in &mut transaction.files {
                    file.gap(in_file);
                }
                if let state::Kind::File(transfer) = &mut transaction.body.kind {
                    transfer.seen += in_file;
                }
            }
            return;
        }
        *rest = state::Rest::default();
        self.lost[place] = true;
    }

    /// One record of NetBIOS: an SMB1 record, or a compound of SMB2 records. False: it is neither.
    fn record(&mut self, input: &mut Input<'_>, content: &[u8], missing: usize) -> bool {
        let now = Now {
            direction: input.direction,
            time: input.time,
            packet: input.packet,
            files: &input.config.files,
            missing,
        };
        match record::version(content) {
            Some(Version::One) => match Record1::read(content) {
                Some(record) if self.goes(record.answer, input.direction) => self.record1(&now, &record),
                Some(_) => {}
                None => self.raise(event::MALFORMED_DATA),
            },
            Some(Version::Two) => self.compound(&now, content),
            Some(Version::Sealed) => {}
            Some(Version::Squeezed) if record::overflows(content) => {
                // What is inside cannot be read: an exchange of no command, so that there is something to raise it on.
                let none = state::Exchange { version: 2, command: u16::MAX, ..state::Exchange::default() };
                let exchange = self.open(&now, none);
                state::finish(exchange);
                exchange.core.raise(event::COMPRESSED_SIZE_OVERFLOW);
            }
            Some(Version::Squeezed) => {}
            None => self.raise(event::MALFORMED_DATA),
        }
        true
    }

    fn compound(&mut self, now: &Now<'_>, mut content: &[u8]) {
        while !content.is_empty() {
            let Some(record) = Record2::read(content) else {
                // Padding behind the last record is no record.
                if content.len() >= HEADER2 {
                    self.raise(event::MALFORMED_DATA);
                }
                return;
            };
            if self.goes(record.answer, now.direction) {
                if record.answer {
                    self.response2(now, &record);
                } else {
                    self.request2(now, &record);
                }
            }
            if record.next == 0 {
                return;
            }
            content = content.get(record.next..).unwrap_or_default();
        }
    }

    /// Whether question or answer goes in the right direction.
    fn goes(&mut self, answer: bool, direction: Direction) -> bool {
        match (answer, direction) {
            (true, Direction::ToServer) => self.raise(event::RESPONSE_TO_SERVER),
            (false, Direction::ToClient) => self.raise(event::REQUEST_TO_CLIENT),
            _ => return true,
        }
        false
    }
}

/// Marks the parts of a record.
fn frames(input: &mut Input<'_>, at: usize, whole: usize, content: &[u8]) {
    let direction = input.direction;
    let mut push = |kind, offset: usize, len: usize| {
        let (offset, len) = (offset as i64, Some(len as u64));
        input.asks.frames.push(Frame { kind, direction, offset, len, tx: None });
    };
    push("nbss.pdu", at, whole);
    push("nbss.hdr", at, NBSS);
    push("nbss.data", at + NBSS, whole - NBSS);
    let start = at + NBSS;
    let length = whole - NBSS;
    match record::version(content) {
        Some(Version::One) if length >= HEADER1 => {
            push("smb1.pdu", start, length);
            push("smb1.hdr", start, HEADER1);
            push("smb1.data", start + HEADER1, length - HEADER1);
        }
        Some(Version::Two) => {
            let mut from = 0;
            while let Some(record) = content.get(from..).and_then(Record2::read) {
                let end = if record.next == 0 { length } else { (from + record.next).min(length) };
                push("smb2.pdu", start + from, end - from);
                push("smb2.hdr", start + from, HEADER2);
                push("smb2.data", start + from + HEADER2, (end - from).saturating_sub(HEADER2));
                if record.next == 0 {
                    break;
                }
                from = end;
            }
        }
        Some(Version::Sealed) if length >= 52 => {
            push("smb3.pdu", start, length);
            push("smb3.hdr", start, 52);
            push("smb3.data", start + 52, length - 52);
        }
        _ => {}
    }
}
