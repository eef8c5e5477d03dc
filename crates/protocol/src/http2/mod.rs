//! HTTP/2 (RFC 9113): frames, compressed headers, bodies as files, and DNS inside it (RFC 8484).
//!
//! One transaction per stream, and one for each frame about the whole connection. Limits: 4,096 open streams, frames of
//! 16 KiB but for DATA, header blocks of 100 KiB over all their frames, 1,024 frames kept per direction of a stream.

mod doh;
mod fields;
mod frame;
mod hpack;
mod huffman;
mod log;
mod names;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Frame as Part, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session,
    Side, Transactions,
};
use frame::{END_HEADERS, Frame, HEADER_BYTES, Head, kind};
use hpack::Decoder;
use stream::{Stream, state};

/// What a client says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Streams that are open at a time.
const STREAMS_MAX: usize = 4096;
/// Frames other than DATA are not longer unless both sides agreed on it; more is read over.
const FRAME_MAX: usize = 65_536;
/// Bytes of a header block that is spread over frames.
const BLOCK_MAX: usize = 102_400;
const TCP: u8 = 6;

/// Codes of the events.
mod event {
    pub(super) const NAMES: &[&str] = &[
        "invalid_frame_header",
        "invalid_client_magic",
        "invalid_frame_data",
        "invalid_header",
        "invalid_frame_length",
        "extra_header_data",
        "long_frame_data",
        "stream_id_reuse",
        "invalid_http1_settings",
        "failed_decompression",
        "invalid_range",
        "header_integer_overflow",
        "too_many_streams",
        "authority_host_mismatch",
        "userinfo_in_uri",
        "reassembly_limit_reached",
        "dns_request_too_long",
        "dns_response_too_long",
        "data_stream_zero",
        "too_many_frames",
    ];
    pub(super) const INVALID_FRAME_HEADER: u8 = 0;
    pub(super) const INVALID_CLIENT_MAGIC: u8 = 1;
    pub(super) const INVALID_FRAME_DATA: u8 = 2;
    pub(super) const INVALID_HEADER: u8 = 3;
    pub(super) const LONG_FRAME_DATA: u8 = 6;
    pub(super) const STREAM_ID_REUSE: u8 = 7;
    pub(super) const INVALID_HTTP1_SETTINGS: u8 = 8;
    pub(super) const HEADER_INTEGER_OVERFLOW: u8 = 11;
    pub(super) const TOO_MANY_STREAMS: u8 = 12;
    pub(super) const AUTHORITY_HOST_MISMATCH: u8 = 13;
    pub(super) const USERINFO_IN_URI: u8 = 14;
    pub(super) const REASSEMBLY_LIMIT_REACHED: u8 = 15;
    pub(super) const DNS_REQUEST_TOO_LONG: u8 = 16;
    pub(super) const DNS_RESPONSE_TOO_LONG: u8 = 17;
    pub(super) const DATA_STREAM_ZERO: u8 = 18;
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "http2",
    help: "HTTP version 2.",
    patterns: &[Pattern {
        transport: TCP,
        direction: Direction::ToServer,
        bytes: PREFACE,
        nocase: false,
        offset: 0,
        depth: PREFACE.len(),
        confirm: None,
    }],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[3000]),
        side: Side::Server,
        depth_min: 0,
        depth_max: 0,
        look: |bytes, direction, _| look(bytes, direction),
    }],
    session: Some(|| Box::new(Http2::default())),
    complete: [state::CLOSED, state::CLOSED],
    states: [STATES, STATES],
    fields: fields::FIELDS,
    events: event::NAMES,
    logs: &[
        Log { event_type: "http", when: LogWhen::Complete, write: log::write, with_alert: false },
        Log { event_type: "http", when: LogWhen::Never, write: log::write_object, with_alert: true },
    ],
    ..Protocol::EMPTY
};

/// HTTP/2 on a flow that turned out to carry DNS.
pub(crate) const DOH2: Protocol = Protocol {
    name: "doh2",
    help: "DNS over HTTP version 2.",
    patterns: &[],
    probes: &[],
    session: None,
    fields: fields::DOH_FIELDS,
    logs: &[
        Log { event_type: "dns", when: LogWhen::Complete, write: log::write_dns_record, with_alert: false },
        Log { event_type: "http", when: LogWhen::Complete, write: log::write_without_dns, with_alert: false },
        Log { event_type: "http", when: LogWhen::Never, write: log::write_object, with_alert: true },
        Log { event_type: "dns", when: LogWhen::Never, write: log::write_dns, with_alert: true },
    ],
    ..PROTOCOL
};

const STATES: &[(&str, u8)] = &[
    ("idle", 0),
    ("open", state::OPEN),
    ("reserved", state::RESERVED),
    ("data_client", state::DATA_CLIENT),
    ("half_closed_client", state::HALF_CLOSED_CLIENT),
    ("data_server", state::DATA_SERVER),
    ("half_closed_server", state::HALF_CLOSED_SERVER),
    ("closed", state::CLOSED),
    ("global", state::GLOBAL),
];

fn look(bytes: &[u8], direction: Direction) -> ProbeAnswer {
    let start = bytes.len().min(PREFACE.len());
    if direction == Direction::ToServer {
        return match (bytes.get(..start) == PREFACE.get(..start), start == PREFACE.len()) {
            (false, _) => ProbeAnswer::No,
            (true, true) => ProbeAnswer::Yes,
            (true, false) => ProbeAnswer::More,
        };
    }
    // A server begins with its settings (RFC 9113 §3.4).
    match Head::read(bytes) {
        None => ProbeAnswer::More,
        Some(head) => {
            let plausible = head.kind == kind::SETTINGS
                && !head.reserved
                && head.length <= 16_384
                && head.flags & !frame::END_STREAM == 0;
            if plausible { ProbeAnswer::Yes } else { ProbeAnswer::No }
        }
    }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Http2 {
    streams: Transactions<Box<Stream>>,
    decoders: [Decoder; 2],
    readers: [Reader; 2],
    preface_seen: bool,
    /// Files of the session so far.
    files: u32,
    /// DNS was seen: the flow has been renamed.
    doh: bool,
}

/// Where reading of one direction stands.
#[derive(Debug, Default)]
struct Reader {
    /// What is left of a frame that is taken as it comes.
    rest: Option<Rest>,
    /// Headers whose block goes on in CONTINUATION frames: the stream, and the block so far.
    block: Option<(u32, Vec<u8>)>,
}

/// What is left of a frame that is taken as it comes.
#[derive(Debug, Clone, Copy)]
struct Rest {
    bytes: usize,
    /// Trailing bytes of it that are padding.
    padding: usize,
    /// DATA of this stream; `None`: read over.
    stream: Option<u32>,
    ends: bool,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            streams: Transactions::new(STREAMS_MAX),
            decoders: Default::default(),
            readers: Default::default(),
            preface_seen: false,
            files: 0,
            doh: false,
        }
    }
}

impl Session for Http2 {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let mut used = 0;
        if !self.preface_seen && input.direction == Direction::ToServer && !bytes.is_empty() {
            match bytes.get(..PREFACE.len()) {
                None => return Fed::Need { used: 0, needed: PREFACE.len() },
                Some(PREFACE) => used = PREFACE.len(),
                Some(_) => self.raise_new(input, event::INVALID_CLIENT_MAGIC),
            }
            self.preface_seen = true;
        }
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            match self.step(input, rest, used) {
                Step::Used(count) => used += count,
                Step::Need(needed) => return Fed::Need { used, needed },
                Step::Broken => return Fed::Broken,
            }
        }
        Fed::Used(used)
    }

    fn follows(&mut self, _before: &'static str, told: &[(&'static str, Vec<u8>)]) {
        self.upgraded(told);
    }

    bookkeeping!(streams);
}

enum Step {
    Used(usize),
    Need(usize),
    Broken,
}

impl Http2 {
    fn step(&mut self, input: &mut Input<'_>, rest: &[u8], offset: usize) -> Step {
        if let Some(left) = self.readers[input.direction.index()].rest.take() {
            return self.go_on(input, rest, left);
        }
        let Some(head) = Head::read(rest) else { return Step::Need(HEADER_BYTES) };
        let whole = HEADER_BYTES + head.length;
        // DATA is taken as it comes; other frames must be there as a whole.
        if head.kind == kind::DATA {
            announce(input, offset, &head);
            return self.data(input, &head, rest);
        }
        if head.length > FRAME_MAX {
            announce(input, offset, &head);
            self.raise_new(input, event::LONG_FRAME_DATA);
            return self.go_on(input, rest, Rest { bytes: whole, padding: 0, stream: None, ends: false });
        }
        let Some(body) = rest.get(HEADER_BYTES..whole) else { return Step::Need(whole) };
        announce(input, offset, &head);
        // The acknowledgement of settings says nothing.
        if head.kind == kind::SETTINGS && head.length == 0 {
            return Step::Used(whole);
        }
        match self.frame(input, &head, body) {
            Some(()) => Step::Used(whole),
            None => Step::Broken,
        }
    }

    /// Opens a transaction for a flaw that belongs to no stream.
    fn raise_new(&mut self, input: &Input<'_>, code: u8) {
        if let Some(open) = self.stream(input, 0) {
            open.core.raise(code);
        }
    }

    /// The transaction for a frame of this stream; a new one for each frame of stream 0.
    fn stream(&mut self, input: &Input<'_>, id: u32) -> Option<&mut crate::Transaction<Box<Stream>>> {
        let known = match id {
            0 => None,
            id => {
                let here = |place: &usize| self.streams.get(*place).is_some_and(|open| open.body.id == id);
                (0..self.streams.len()).rev().find(here)
            }
        };
        let place = match known {
            Some(place) => place,
            None => {
                if self.streams.is_full() {
                    self.drop_oldest();
                    return None;
                }
                let state = if id == 0 { state::GLOBAL } else { state::OPEN };
                let stream = Stream { id, state, ..Stream::default() };
                let core = &mut self.streams.open(input.time, input.packet, Box::new(stream)).core;
                // A frame about the whole connection is said by one side, and nothing answers it.
                core.only = (id == 0).then_some(input.direction);
                for direction in Direction::BOTH {
                    core.advance(direction, state);
                }
                self.streams.len() - 1
            }
        };
        let open = self.streams.get_mut(place)?;
        open.core.updated = [true; 2];
        Some(open)
    }

    /// Too many streams are open: the oldest is closed and says so.
    fn drop_oldest(&mut self) {
        if let Some(open) = self.streams.iter_mut().find(|open| open.body.state < state::CLOSED) {
            open.core.raise(event::TOO_MANY_STREAMS);
            open.body.state = state::CLOSED;
            for direction in Direction::BOTH {
                open.core.advance(direction, state::CLOSED);
            }
        }
    }

    /// Everything but DATA. `None`: the connection cannot be read further.
    fn frame(&mut self, input: &mut Input<'_>, head: &Head, body: &[u8]) -> Option<()> {
        match head.kind {
            kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => {
                return self.headers(input, head, body);
            }
            _ => {}
        }
        let content = frame::content(head, body);
        if let Some(frame::Content::Settings(list)) = &content
            && let Some((_, size)) = list.iter().rfind(|(number, _)| *number == frame::HEADER_TABLE_SIZE)
        {
            // Each side says how large a table the other may use for what it sends.
            self.decoders[input.direction.other().index()].allow(*size);
        }
        let direction = input.direction;
        let open = self.stream(input, head.stream)?;
        if head.stream != 0 && open.body.state == state::CLOSED {
            let late = matches!(head.kind, kind::RST_STREAM | kind::WINDOW_UPDATE | kind::PRIORITY);
            if !late {
                open.core.raise(event::STREAM_ID_REUSE);
            }
        }
        if content.is_none() {
            open.core.raise(event::INVALID_FRAME_DATA);
        }
        if head.reserved {
            open.core.raise(event::INVALID_FRAME_HEADER);
        }
        let content = content.unwrap_or(frame::Content::Other);
        open.body.side_mut(direction).push(Frame { kind: head.kind, content });
        // A reset does not end the transaction: what the other side had sent by then still comes.
        Some(())
    }
}

fn announce(input: &mut Input<'_>, offset: usize, head: &Head) {
    let (direction, offset) = (input.direction, i64::try_from(offset).unwrap_or(i64::MAX));
    let mut push = |kind, skip: usize, len: usize| {
        let offset = offset.saturating_add(skip as i64);
        input.asks.frames.push(Part { kind, direction, offset, len: Some(len as u64), tx: None });
    };
    push("hdr", 0, HEADER_BYTES);
    push("data", HEADER_BYTES, head.length);
    push("pdu", 0, HEADER_BYTES + head.length);
}

/// Whether a block ends with this frame.
fn ends_headers(head: &Head) -> bool {
    head.flags & END_HEADERS != 0
}
