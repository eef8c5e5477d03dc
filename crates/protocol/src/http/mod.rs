//! HTTP/1 (RFC 9112) and 0.9, read as leniently as the most lenient browser and server: who evades a sensor relies on the
//! difference.
//!
//! Lines and headers are bounded by [`FIELD_BYTES_MAX`], a message's headers by [`head::HEADERS_MAX`], open exchanges, bodies
//! and decompression as their modules say. A gap inside a body of known length is survived; elsewhere the parser goes on
//! with what comes next.

mod body;
mod coding;
mod event;
mod exchange;
mod exchanges;
mod fields;
mod grammar;
mod head;
mod line;
mod log;
mod multipart;
mod patterns;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod uri;

use model::Direction;

use body::{Context, Limits};
use exchange::{BODY, COMPLETE, HEADERS, LINE, NOT_STARTED, TRAILER};
use exchanges::Exchanges;

use crate::session::bookkeeping;
use crate::{Config, Data, Fed, Frame, Input, Log, LogWhen, Protocol, Session};
pub(crate) use coding::{Chain, Coding};

/// Bytes of a line, or of a header with its folds.
const FIELD_BYTES_MAX: usize = 18_000;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "http",
    rule_names: &["http1"],
    help: "Hypertext Transfer Protocol, versions 0.9 to 1.1.",
    patterns: patterns::PATTERNS,
    session: Some(|| Box::new(Http::default())),
    complete: [COMPLETE, COMPLETE],
    states: [
        &[
            ("request_started", NOT_STARTED),
            ("request_line", LINE),
            ("request_headers", HEADERS),
            ("request_body", BODY),
            ("request_trailer", TRAILER),
            ("request_complete", COMPLETE),
        ],
        &[
            ("response_started", NOT_STARTED),
            ("response_line", LINE),
            ("response_headers", HEADERS),
            ("response_body", BODY),
            ("response_trailer", TRAILER),
            ("response_complete", COMPLETE),
        ],
    ],
    fields: fields::FIELDS,
    events: event::NAMES,
    logs: &[Log { event_type: "http", when: LogWhen::Complete, write: log::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

/// What a step of a parser came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Something happened; go on.
    Again,
    /// More bytes, or the other side, are needed.
    More,
    /// The flow cannot be parsed any further.
    Broken,
    /// What follows is not HTTP and not ours to read.
    Tunnel,
    /// A `101` was seen.
    Upgrade,
    /// What follows is another protocol; detect it when its name is not known.
    Change(Option<&'static str>),
}

/// One direction's parser.
#[derive(Debug, Default)]
struct Side<S> {
    state: S,
    /// Number of the exchange it is in.
    tx: u64,
    /// Length of the body, and what is left of it.
    length: Option<u64>,
    left: Option<u64>,
    chunk_left: u64,
    /// Bytes that were left unused and hold no line end.
    seen: usize,
}

/// Bytes on their way into a parser.
struct Feeding<'a> {
    data: &'a [u8],
    at: usize,
    closed: bool,
    context: Context<'a>,
}

impl<'a> Feeding<'a> {
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let rest = self.rest();
        let len = len.min(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn take_up_to(&mut self, len: u64) -> &'a [u8] {
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }
}

/// State of a flow.
#[derive(Debug, Default)]
pub(crate) struct Http {
    exchanges: Exchanges,
    request: Side<request::State>,
    response: Side<response::State>,
    /// Nothing on this flow is HTTP any more.
    tunnel: bool,
    limits: Option<Limits>,
    /// Files so far.
    files: u32,
    /// Folded values are put together here.
    scratch: Vec<u8>,
    /// Bytes read of each direction before the ones at hand.
    read: [u64; 2],
    /// Where the message under way began, per direction: its position and its exchange.
    began: [Option<(u64, u64)>; 2],
}

impl Session for Http {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if self.tunnel {
            return Fed::Used(bytes.len());
        }
        let limits = *self.limits.get_or_insert_with(|| limits(input.config));
        let mut files = self.files;
        let context = Context {
            config: input.config,
            limits,
            asks: &mut *input.asks,
            time: input.time,
            packet: input.packet,
            files: &mut files,
        };
        let mut feeding = Feeding { data: bytes, at: 0, closed: false, context };
        let step = self.run(input.direction, input.data, input.end, &mut feeding);
        let used = feeding.at;
        self.files = files;
        let read = match input.data {
            Data::Gap(missing) => u64::from(missing),
            Data::Bytes(_) => used as u64,
        };
        self.read[input.direction.index()] += read;
        match step {
            Step::Broken => Fed::Broken,
            Step::Tunnel => {
                self.tunnel = true;
                Fed::Used(bytes.len())
            }
            Step::Change(next) => {
                input.asks.change = Some(next);
                Fed::Used(used)
            }
            Step::Again | Step::More | Step::Upgrade => Fed::Used(used),
        }
    }

    bookkeeping!(exchanges);
}

impl Http {
    fn run(&mut self, direction: Direction, data: Data<'_>, end: bool, feeding: &mut Feeding<'_>) -> Step {
        let step = match data {
            Data::Gap(bytes) => match direction {
                Direction::ToServer => self.request_gap(bytes.into(), &mut feeding.context),
                Direction::ToClient => self.response_gap(bytes.into(), &mut feeding.context),
            },
            Data::Bytes([]) => Step::More,
            Data::Bytes(_) => self.steps(direction, feeding),
        };
        if !end || step != Step::More {
            return step;
        }
        feeding.closed = true;
        if direction == Direction::ToClient {
            // The end of the responses is the end of the requests, too.
            let (data, at) = (feeding.data, feeding.at);
            (feeding.data, feeding.at) = (&[], 0);
            let step = self.steps(Direction::ToServer, feeding);
            (feeding.data, feeding.at) = (data, at);
            if step != Step::More {
                return step;
            }
        }
        self.steps(direction, feeding)
    }

    fn steps(&mut self, direction: Direction, feeding: &mut Feeding<'_>) -> Step {
        loop {
            let (at, tx) = (feeding.at, self.exchange(direction));
            let mut step = match direction {
                Direction::ToServer => self.request_step(feeding),
                Direction::ToClient => self.response_step(feeding),
            };
            self.announce(direction, at, tx, feeding);
            if step == Step::Upgrade {
                step = self.response_upgrade(&mut feeding.context);
            }
            if step != Step::Again {
                return step;
            }
        }
    }
}

impl Http {
    /// Number of the exchange that a direction is in.
    fn exchange(&self, direction: Direction) -> u64 {
        match direction {
            Direction::ToServer => self.request.tx,
            Direction::ToClient => self.response.tx,
        }
    }

    /// Announces the frame of a message when a step from `at` on has begun it, and its length when it has ended it.
    fn announce(&mut self, direction: Direction, at: usize, tx: u64, feeding: &mut Feeding<'_>) {
        let way = direction.index();
        let (kind, under_way) = match direction {
            Direction::ToServer => ("request", self.request.state != request::State::Idle),
            Direction::ToClient => {
                let idle = matches!(self.response.state, response::State::Idle | response::State::Lost);
                ("response", !idle)
            }
        };
        let read = self.read[way];
        let (start, len) = match (self.began[way], under_way) {
            (None, true) => {
                let start = read + at as u64;
                self.began[way] = Some((start, tx));
                (start, None)
            }
            (Some((start, of)), under_way) if !under_way || of != self.exchange(direction) => {
                self.began[way] = None;
                (start, Some((read + feeding.at as u64).saturating_sub(start)))
            }
            _ => return,
        };
        let offset = i64::try_from(i128::from(start) - i128::from(read)).unwrap_or(i64::MAX);
        let frame = Frame { kind, direction, offset, len, tx: Some(tx) };
        feeding.context.asks.frames.push(frame);
    }
}

fn limits(config: &Config) -> Limits {
    let on = |name: &str| matches!(config.setting(name), Some("true" | "yes" | "1"));
    let number = |name: &str| config.setting(name).and_then(|value| value.parse().ok());
    let mut limits = Limits {
        uri: uri::Rules {
            double_decode_path: on("http.double_decode_path"),
            double_decode_query: on("http.double_decode_query"),
            plus_is_space: on("http.query_plusspace_decode"),
            include_all: on("http.uri_include_all"),
        },
        lzma: on("http.lzma_enabled"),
        ..Limits::default()
    };
    if let Some(bytes) = number("http.compression_bomb_limit") {
        limits.bomb.bytes_max = bytes;
    }
    limits.dump = match config.setting("eve.http.dump_all_headers") {
        Some("both") => [true, true],
        Some("request") => [true, false],
        Some("response") => [false, true],
        _ => [false, false],
    };
    limits
}
