//! DNP3 over TCP (IEEE 1815-2012): each application fragment is a transaction of its own, requests and responses apart.
//!
//! Limits: fragments of 4 KiB put together from transport segments, 2,048 objects (`dnp3.max_objects`) and 16,384 points
//! (`dnp3.max_points`) per fragment, 32 requests in a row without a response.

mod fields;
mod layout;
mod link;
mod log;
mod object;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions,
};
use link::{HEAD_BYTES, Link, Start};
use object::{Limits, Object, Stop};

const TRANSACTIONS_MAX: usize = 512;
/// Requests in a row without a response.
const UNANSWERED_MAX: u32 = 32;
/// Longest fragment; stations agree on less (IEEE 1815-2012 §4.2.1).
const FRAGMENT_BYTES_MAX: usize = 4096;
const OBJECTS_MAX: usize = 2048;
const POINTS_MAX: u32 = 16_384;
/// Objects and points of one fragment, whatever is configured.
const CONFIGURED_MAX: usize = 65_536;
/// Function code of confirmations.
const CONFIRM: u8 = 0;
/// Function code of unsolicited responses.
const UNSOLICITED_RESPONSE: u8 = 130;
/// Control and function; responses have two bytes of indications behind them.
const APPLICATION_BYTES: usize = 2;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dnp3",
    help: "Distributed Network Protocol 3 (IEEE 1815).",
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[20000]),
        side: Side::Server,
        depth_min: HEAD_BYTES,
        depth_max: 292,
        look: |bytes, direction, _| match link::start(bytes) {
            Start::Link(link) if link.is_from_master() == (direction == Direction::ToServer) => {
                ProbeAnswer::Yes
            }
            Start::Link(_) => ProbeAnswer::YesReversed,
            Start::More => ProbeAnswer::More,
            Start::Other | Start::TooSmall | Start::BadCheck => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Dnp3::default())),
    fields: fields::FIELDS,
    events: &[
        "flooded",
        "len_too_small",
        "bad_link_crc",
        "bad_transport_crc",
        "malformed",
        "unknown_object",
        "too_many_points",
        "too_many_objects",
        "too_long_reassembly",
        "max_points_per_object",
    ],
    logs: &[
        Log { event_type: "dnp3", when: LogWhen::Complete, write: log::write, with_alert: false },
        Log { event_type: "dnp3", when: LogWhen::Never, write: log::write_alert, with_alert: true },
    ],
    one_sided: true,
    records_as_flow: true,
    ..Protocol::EMPTY
};

const FLOODED: u8 = 0;
const LEN_TOO_SMALL: u8 = 1;
const BAD_LINK_CRC: u8 = 2;
const BAD_TRANSPORT_CRC: u8 = 3;
const MALFORMED: u8 = 4;
const UNKNOWN_OBJECT: u8 = 5;
const TOO_MANY_POINTS: u8 = 6;
const TOO_MANY_OBJECTS: u8 = 7;
const TOO_LONG_REASSEMBLY: u8 = 8;

/// One application fragment.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    link: Link,
    control: u8,
    function: u8,
    indications: u16,
    data: Vec<u8>,
    objects: Vec<Object>,
    /// All objects were understood.
    complete: bool,
    /// Sequence number of the last transport segment.
    sequence: u8,
    open: bool,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Dnp3 {
    transactions: Transactions<Fragment>,
    unanswered: u32,
    limits: Limits,
    configured: bool,
    scratch: Vec<u8>,
}

impl Default for Dnp3 {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            unanswered: 0,
            limits: Limits { objects: OBJECTS_MAX, points: POINTS_MAX },
            configured: false,
            scratch: Vec::new(),
        }
    }
}

impl Session for Dnp3 {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        if !std::mem::replace(&mut self.configured, true) {
            let setting = |name| input.config.setting(name).and_then(|value| value.parse::<usize>().ok());
            self.limits.objects = setting("dnp3.max_objects").unwrap_or(OBJECTS_MAX).min(CONFIGURED_MAX);
            let points = setting("dnp3.max_points").unwrap_or(POINTS_MAX as usize).min(CONFIGURED_MAX);
            self.limits.points = u32::try_from(points).unwrap_or(POINTS_MAX);
        }
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let link = match link::start(rest) {
                Start::Link(link) => link,
                Start::More => return Fed::Need { used, needed: HEAD_BYTES },
                Start::Other => return Fed::Broken,
                Start::TooSmall => return self.broken(LEN_TOO_SMALL),
                Start::BadCheck => return self.broken(BAD_LINK_CRC),
            };
            let Some(frame) = rest.get(..link.frame_bytes()) else {
                return Fed::Need { used, needed: link.frame_bytes() };
            };
            self.frame(input, link, frame.get(HEAD_BYTES..).unwrap_or_default());
            used += link.frame_bytes();
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl Dnp3 {
    fn broken(&mut self, code: u8) -> Fed {
        self.raise(code);
        Fed::Broken
    }

    fn raise(&mut self, code: u8) {
        if let Some(last) = self.transactions.last_mut() {
            last.core.raise(code);
        }
    }

    fn frame(&mut self, input: &mut Input<'_>, link: Link, blocks: &[u8]) {
        // Only user data, confirmed or not, carries application data (IEEE 1815-2012 §9.2.4.1.3).
        if !matches!(link.function(), 3 | 4) {
            return;
        }
        let mut data = std::mem::take(&mut self.scratch);
        data.clear();
        if link::unblock(blocks, link.user_bytes(), &mut data) {
            self.segment(input, link, &data);
        } else {
            self.raise(BAD_TRANSPORT_CRC);
        }
        self.scratch = data;
    }

    /// A transport segment: one byte of FIN, FIR and sequence, then a part of a fragment.
    fn segment(&mut self, input: &mut Input<'_>, link: Link, data: &[u8]) {
        let Some((&transport, data)) = data.split_first() else {
            self.raise(LEN_TOO_SMALL);
            return;
        };
        let (last, first, sequence) = (transport & 0x80 != 0, transport & 0x40 != 0, transport & 0x3f);
        if first {
            self.begin(input, link, data);
        }
        let direction = input.direction;
        let open = self
            .transactions
            .iter_mut()
            .rev()
            .find(|fragment| fragment.body.open && fragment.core.only == Some(direction));
        let Some(fragment) = open else { return };
        if !first && sequence != (fragment.body.sequence + 1) & 0x3f {
            return;
        }
        fragment.body.sequence = sequence;
        if fragment.body.data.len() + data.len() > FRAGMENT_BYTES_MAX {
            fragment.core.raise(TOO_LONG_REASSEMBLY);
            close(fragment);
            return;
        }
        fragment.body.data.extend_from_slice(data);
        if !last {
            return;
        }
        let response = direction == Direction::ToClient;
        let skip = APPLICATION_BYTES + if response { 2 } else { 0 };
        let body = &mut fragment.body;
        // Requests that only name what they mean: reads, freezes, (un)solicited reporting, classes.
        let bare = !response && matches!(body.function, 1 | 7..=12 | 20..=22);
        let (objects, stop) = object::read(&body.data, skip, bare, self.limits);
        body.objects = objects;
        body.complete = stop == Stop::End;
        let event = match stop {
            Stop::End => None,
            Stop::Malformed => Some(MALFORMED),
            Stop::Unknown => Some(UNKNOWN_OBJECT),
            Stop::TooManyObjects => Some(TOO_MANY_OBJECTS),
            Stop::TooManyPoints => Some(TOO_MANY_POINTS),
        };
        event.into_iter().for_each(|code| fragment.core.raise(code));
        close(fragment);
        input.asks.inspect_stream[direction.index()] = true;
    }

    fn begin(&mut self, input: &Input<'_>, link: Link, data: &[u8]) {
        let response = input.direction == Direction::ToClient;
        let parts = match data {
            [control, function, high, low, ..] if response => {
                Some((*control, *function, u16::from_be_bytes([*high, *low])))
            }
            [control, function, ..] if !response => Some((*control, *function, 0)),
            _ => None,
        };
        for old in self.transactions.iter_mut() {
            if old.body.open && old.core.only == Some(input.direction) {
                close(old);
            }
        }
        let Some((control, function, indications)) = parts else {
            self.raise(LEN_TOO_SMALL);
            return;
        };
        // Confirmations say nothing of their own.
        if !response && function == CONFIRM {
            return;
        }
        if self.transactions.is_full() {
            return;
        }
        let fragment = Fragment { link, control, function, indications, open: true, ..Fragment::default() };
        let core = &mut self.transactions.open(input.time, input.packet, fragment).core;
        core.only = Some(input.direction);
        if response {
            self.unanswered = 0;
        } else {
            self.unanswered = self.unanswered.saturating_add(1);
            if self.unanswered == UNANSWERED_MAX + 1 {
                core.raise(FLOODED);
            }
        }
    }
}

fn close(fragment: &mut crate::Transaction<Fragment>) {
    fragment.body.open = false;
    fragment.core.advance(Direction::ToServer, 1);
    fragment.core.advance(Direction::ToClient, 1);
}
