//! Responses: read as browsers read them, which is what evasions build on.

use model::Direction;

use super::body::{self, Broken, Context};
use super::event;
use super::exchange::{BODY, COMPLETE, Exchange, HEADERS, LINE, Method, NOT_STARTED, TRAILER, Transfer};
use super::grammar::Grammar;
use super::head::{Head, Oddities};
use super::line::{
    ChunkSize, Version, chomp, chunk_size, contains, contains_without_nul, content_length,
    is_before_chunk_size, is_ignorable, is_space, is_status_line, line_len, line_len_lenient,
    may_be_chunk_size, same_without_nul, split_while, status, version,
};
use super::{FIELD_BYTES_MAX, Feeding, Http, Step, request};
use crate::Transaction;

/// What a response without request is logged under.
const URI_UNSEEN: &[u8] = b"/libhtp::request_uri_not_seen";

/// Where the parser of responses stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    Line,
    Headers,
    Body,
    ChunkSize,
    Chunk,
    ChunkEnd,
    /// A body of known length.
    Identity,
    /// A body that ends with the stream.
    ToEnd,
    Finish,
    /// Behind missing bytes: where does the next response begin?
    Lost,
}

const THIS: Direction = Direction::ToClient;

impl Http {
    /// One step; [`Step::Again`] as long as something happened.
    pub(super) fn response_step(&mut self, feeding: &mut Feeding<'_>) -> Step {
        match self.response.state {
            State::Idle => self.response_idle(feeding),
            State::Line => self.response_line(feeding),
            State::Headers => self.response_headers(feeding),
            State::Body => self.response_determine(feeding),
            State::ChunkSize => self.response_chunk_size(feeding),
            State::Chunk => self.response_chunk(feeding),
            State::ChunkEnd => self.response_chunk_end(feeding),
            State::Identity => self.response_identity(feeding),
            State::ToEnd => self.response_to_end(feeding),
            State::Finish => self.response_finish(feeding),
            State::Lost => self.response_lost(feeding),
        }
    }

    /// Bytes are missing.
    pub(super) fn response_gap(&mut self, bytes: u64, context: &mut Context<'_>) -> Step {
        let mut left = bytes;
        loop {
            let state = self.response.state;
            let body_left = self.response.left.unwrap_or(0);
            let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
                return Step::Broken;
            };
            match state {
                State::Idle if tx.body.progress[1] == NOT_STARTED => {
                    self.response.state = State::Lost;
                    return Step::More;
                }
                State::Identity => {
                    let here = left.min(body_left);
                    left -= here;
                    self.response.left = Some(body_left - here);
                    let ends = body_left == here;
                    if gap_in_body(tx, here, ends, context).is_err() {
                        return Step::Broken;
                    }
                    if !ends {
                        return Step::More;
                    }
                    self.response.state = State::Finish;
                }
                State::ToEnd => {
                    return match gap_in_body(tx, left, false, context) {
                        Ok(()) => Step::More,
                        Err(Broken) => Step::Broken,
                    };
                }
                State::Finish => match self.response_complete(context) {
                    Step::Again => {}
                    other => return other,
                },
                _ => return Step::More,
            }
        }
    }

    /// A response begins with a segment. It answers the last request: what was missing held the answers before.
    fn response_lost(&mut self, feeding: &mut Feeding<'_>) -> Step {
        const START: &[u8] = b"HTTP/1.";
        let rest = feeding.rest();
        if rest.is_empty() || (rest.len() < START.len() && START.starts_with(rest)) {
            return Step::More;
        }
        if !rest.starts_with(START) {
            feeding.take(rest.len());
            return Step::More;
        }
        let between = matches!(self.request.state, request::State::Idle);
        let last = self.request.tx.saturating_sub(u64::from(between));
        while self.response.tx < last {
            let Some(tx) = self.exchanges.at(self.response.tx, THIS, &feeding.context) else {
                return Step::Broken;
            };
            progress(tx, COMPLETE);
            self.response.tx += 1;
        }
        self.response.state = State::Idle;
        Step::Again
    }

    fn response_idle(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if feeding.rest().is_empty() || feeding.closed {
            return Step::More;
        }
        let request_in_line = self.request.state == request::State::Line;
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        let unmatched = tx.body.progress[0] == NOT_STARTED;
        if unmatched {
            tx.core.raise(event::UNABLE_TO_MATCH_RESPONSE_TO_REQUEST);
            let unseen = tx.body.request.make(URI_UNSEEN);
            tx.body.uri = Some(unseen);
            tx.body.path = Some(unseen);
            tx.body.progress[0] = COMPLETE;
            tx.core.advance(Direction::ToServer, COMPLETE);
        }
        let old = tx.body.marks.version_09;
        if old {
            tx.body.response_transfer = Transfer::Identity;
        }
        progress(tx, if old { BODY } else { LINE });
        if tx.body.method_name.is_none() && tx.body.uri.is_none() && request_in_line {
            tx.core.raise(event::REQUEST_LINE_INCOMPLETE);
        }
        self.response.length = None;
        self.response.left = None;
        self.response.state = if old { State::ToEnd } else { State::Line };
        if unmatched {
            self.request.tx += 1;
        }
        Step::Again
    }

    fn response_line(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let len = match line_len_lenient(rest, self.response.seen) {
            Some(len) => len,
            None if feeding.closed && !rest.is_empty() => rest.len(),
            None => return self.response_wait(feeding),
        };
        if len > FIELD_BYTES_MAX {
            return self.response_too_long(feeding);
        }
        let line = feeding.take(len);
        self.response.seen = 0;
        if is_ignorable(line) {
            if feeding.closed {
                self.response.state = State::Finish;
            }
            return Step::Again;
        }
        if !is_status_line(line) {
            return self.response_line_is_body(line, feeding);
        }
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        read_line(tx, line);
        progress(tx, HEADERS);
        self.response.state = State::Headers;
        Step::Again
    }

    /// Something else stands where the status line should be: browsers show it.
    fn response_line_is_body(&mut self, line: &[u8], feeding: &mut Feeding<'_>) -> Step {
        let behind = feeding.rest();
        if behind.len() > 1 && (behind.first() == Some(&b'H') || chomp(line).len() <= 2) {
            return Step::Again;
        }
        let last = behind.is_empty();
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        tx.body.bodies[1].coded = false;
        if body::data(tx, THIS, Some(line), &mut feeding.context).is_err() {
            return Step::Broken;
        }
        if last {
            tx.body.response_transfer = Transfer::Identity;
            progress(tx, BODY);
            self.response.left = None;
            self.response.state = State::Finish;
        }
        Step::Again
    }

    /// A line is not complete: its bytes stay, unless they are too many.
    fn response_wait(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        // A CR at the end may become a CR LF, so it has to be seen again.
        self.response.seen = rest.len() - usize::from(rest.last() == Some(&b'\r'));
        if rest.len() > FIELD_BYTES_MAX { self.response_too_long(feeding) } else { Step::More }
    }

    fn response_too_long(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) {
            tx.core.raise(event::RESPONSE_FIELD_TOO_LONG);
        }
        Step::Broken
    }

    fn response_headers(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if feeding.closed {
            self.response_read_headers(feeding, Grammar { response: true, closed: true });
            feeding.take(feeding.rest().len());
            self.response.seen = 0;
            self.response.state = State::Finish;
            if let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) {
                tx.body.response.end();
            }
            return Step::Again;
        }
        let rest = feeding.rest();
        if rest.is_empty() {
            return Step::More;
        }
        let mut ended = self.response_read_headers(feeding, Grammar { response: true, closed: false });
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        if tx.body.response.odd.too_many {
            return Step::Broken;
        }
        let left = feeding.rest();
        if !ended && left.len() == rest.len() && (left == b"\r\n" || left == b"\n") {
            feeding.take(left.len());
            ended = true;
        }
        if !ended {
            return self.response_wait(feeding);
        }
        self.response.seen = 0;
        if tx.body.progress[1] == HEADERS {
            tx.body.response.end();
            tx.core.updated[1] = true;
            self.response.state = State::Body;
        } else {
            self.response.state = State::Finish;
        }
        Step::Again
    }

    /// Reads headers; says whether their end was seen.
    fn response_read_headers(&mut self, feeding: &mut Feeding<'_>, grammar: Grammar) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut read = None;
        if let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) {
            let before = tx.body.response.odd;
            let outcome = tx.body.response.read(feeding.rest(), grammar, &mut scratch);
            raise_oddities(tx, before);
            read = Some(outcome);
        }
        self.scratch = scratch;
        read.is_some_and(|read| {
            feeding.take(read.used);
            read.ended
        })
    }

    /// Finds out whether a body follows, and how long it is (RFC 9112 §6.3).
    fn response_determine(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let context = &mut feeding.context;
        let request_unread = self.request.length > Some(0) && self.request.left == self.request.length;
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        let status = tx.body.status.unwrap_or(0);
        let connect = tx.body.method == Method::Connect;
        if connect && (200..300).contains(&status) {
            tx.body.response_transfer = Transfer::Nothing;
            let step = self.response_complete(context);
            // What follows at once is the tunnel's, but for superfluous line ends.
            let (ends, _) = split_while(feeding.rest(), is_space);
            feeding.take(ends.len());
            return step;
        }
        let head = &tx.body.response;
        let length = head.entry(b"content-length").map(|header| content_length(head.get(header.value)));
        let transfer = head.find(b"transfer-encoding");
        let bare = length.is_none() && transfer.is_none();
        if status == 101 && bare {
            body::prepare(tx, THIS, context);
            self.response.state = State::Finish;
            return Step::Upgrade;
        }
        if status == 100 && transfer.is_none() && !matches!(length, Some(Some(1..))) {
            return self.response_continue(context);
        }
        let expects = tx.body.request.find(b"expect").is_some_and(|value| value == b"100-continue");
        let bodyless = (100..200).contains(&status) || status == 204 || status == 304;
        if tx.body.method == Method::Head || (bodyless && bare) {
            tx.body.response_transfer = Transfer::Nothing;
            self.response.state = State::Finish;
        } else {
            match delimit(tx, length) {
                Some((state, left)) => {
                    self.response.state = state;
                    self.response.length = left;
                    self.response.left = left;
                }
                None => return Step::Broken,
            }
        }
        if (400..500).contains(&status) && request_unread && expects {
            self.request.state = request::State::Finish;
        }
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        body::prepare(tx, THIS, context);
        Step::Again
    }

    /// An interim response: another one follows for the same request.
    fn response_continue(&mut self, context: &Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        if tx.body.marks.continued {
            tx.core.raise(event::CONTINUE_ALREADY_SEEN);
        }
        tx.body.marks.continued = true;
        tx.body.response.clear();
        tx.body.progress[1] = LINE;
        self.response.state = State::Line;
        Step::Again
    }

    fn response_chunk_size(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let Some(len) = line_len(rest, self.response.seen) else {
            if feeding.closed || may_be_chunk_size(rest) {
                return self.response_wait(feeding);
            }
            return self.response_bad_chunk(feeding);
        };
        let line = rest.get(..len).unwrap_or_default();
        self.response.seen = 0;
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        tx.body.bodies[1].wire += len as u64;
        if line.iter().all(|&byte| is_before_chunk_size(byte)) {
            feeding.take(len);
            return Step::Again;
        }
        match chunk_size(line) {
            ChunkSize::Bytes { size: 0, extension } => {
                if extension {
                    tx.core.raise(event::RESPONSE_CHUNK_EXTENSION);
                }
                progress(tx, TRAILER);
                self.response.state = State::Headers;
            }
            ChunkSize::Bytes { size, extension } => {
                if extension {
                    tx.core.raise(event::RESPONSE_CHUNK_EXTENSION);
                }
                self.response.chunk_left = size;
                self.response.state = State::Chunk;
            }
            ChunkSize::Absurd => {}
            ChunkSize::Invalid => return self.response_bad_chunk(feeding),
        }
        feeding.take(len);
        Step::Again
    }

    /// It was not chunked after all: the rest is the body as it stands.
    fn response_bad_chunk(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) else {
            return Step::Broken;
        };
        tx.body.response_transfer = Transfer::Identity;
        tx.core.raise(event::INVALID_RESPONSE_CHUNK_LEN);
        self.response.state = State::ToEnd;
        Step::Again
    }

    fn response_chunk(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if feeding.closed {
            self.response.state = State::Finish;
            return self.response_body(None, &mut feeding.context);
        }
        let bytes = feeding.take_up_to(self.response.chunk_left);
        if bytes.is_empty() {
            return Step::More;
        }
        self.response.chunk_left -= bytes.len() as u64;
        if self.response.chunk_left == 0 {
            self.response.state = State::ChunkEnd;
        }
        self.response_body(Some(bytes), &mut feeding.context)
    }

    fn response_chunk_end(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let (len, step) = match line_len(rest, 0) {
            Some(len) => {
                self.response.state = State::ChunkSize;
                (len, Step::Again)
            }
            None => (rest.len(), Step::More),
        };
        feeding.take(len);
        if let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, &feeding.context) {
            tx.body.bodies[1].wire += len as u64;
        }
        step
    }

    fn response_identity(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if feeding.closed {
            self.response.state = State::Finish;
            return self.response_body(None, &mut feeding.context);
        }
        let left = self.response.left.unwrap_or(0);
        let bytes = feeding.take_up_to(left);
        if bytes.is_empty() {
            return Step::More;
        }
        let left = left - bytes.len() as u64;
        self.response.left = Some(left);
        if left > 0 {
            return self.response_body(Some(bytes), &mut feeding.context);
        }
        self.response.state = State::Finish;
        match self.response_body(Some(bytes), &mut feeding.context) {
            Step::Again => self.response_body(None, &mut feeding.context),
            other => other,
        }
    }

    fn response_to_end(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let bytes = feeding.take(feeding.rest().len());
        if !bytes.is_empty()
            && let Step::Broken = self.response_body(Some(bytes), &mut feeding.context)
        {
            return Step::Broken;
        }
        if feeding.closed {
            self.response.state = State::Finish;
            return Step::Again;
        }
        Step::More
    }

    fn response_body(&mut self, bytes: Option<&[u8]>, context: &mut Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        match body::data(tx, THIS, bytes, context) {
            Ok(()) => Step::Again,
            Err(Broken) => Step::Broken,
        }
    }

    /// Behind a response: another one, or bytes that belong to nothing and so to the body.
    fn response_finish(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        if rest.is_empty() {
            return self.response_complete(&mut feeding.context);
        }
        let len = match line_len(rest, self.response.seen) {
            _ if feeding.closed || rest.starts_with(b"\n") => rest.len(),
            Some(len) => len,
            None => return self.response_wait(feeding),
        };
        self.response.seen = 0;
        if is_status_line(rest.get(..len).unwrap_or_default()) {
            return self.response_complete(&mut feeding.context);
        }
        let bytes = feeding.take(len);
        self.response_body(Some(bytes), &mut feeding.context)
    }

    fn response_complete(&mut self, context: &mut Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        let mut step = Step::Again;
        if tx.body.progress[1] != COMPLETE {
            if tx.body.response_transfer != Transfer::Nothing && body::data(tx, THIS, None, context).is_err()
            {
                return Step::Broken;
            }
            body::finish(tx, THIS, context);
            tx.body.response.end();
            progress(tx, COMPLETE);
            context.asks.inspect_stream[1] = true;
            // The connection becomes a tunnel right behind the answer (RFC 9110 §9.3.6).
            let granted = tx.body.status.is_some_and(|status| (200..300).contains(&status));
            if tx.body.method == Method::Connect && granted && tx.core.id == 0 {
                tx.body.progress[0] = COMPLETE;
                tx.core.advance(Direction::ToServer, COMPLETE);
                step = Step::Change(None);
            }
        }
        self.response.tx += 1;
        self.response.state = State::Idle;
        self.response.seen = 0;
        step
    }

    /// A `101 Switching Protocols` was seen: says what the flow speaks from here on.
    pub(super) fn response_upgrade(&mut self, context: &mut Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.response.tx, Direction::ToClient, context) else {
            return Step::Broken;
        };
        let next = tx.body.response.find(b"upgrade").and_then(|value| {
            if contains_without_nul(value, b"h2c") {
                Some("http2")
            } else {
                same_without_nul(value, b"websocket").then_some("websocket")
            }
        });
        let Some(next) = next.filter(|name| crate::find(name).is_some()) else { return Step::Tunnel };
        for direction in Direction::BOTH {
            tx.body.progress[direction.index()] = COMPLETE;
            tx.core.advance(direction, COMPLETE);
        }
        Step::Change(Some(next))
    }
}

fn progress(tx: &mut Transaction<Exchange>, to: u8) {
    tx.body.progress[1] = to;
    tx.core.advance(THIS, to);
}

fn gap_in_body(
    tx: &mut Transaction<Exchange>,
    bytes: u64,
    ends: bool,
    context: &mut Context<'_>,
) -> Result<(), Broken> {
    if tx.body.bodies[1].coded {
        return body::data(tx, THIS, None, context);
    }
    body::gap(tx, THIS, bytes, context);
    if ends { body::data(tx, THIS, None, context) } else { Ok(()) }
}

/// Version, status and reason.
fn read_line(tx: &mut Transaction<Exchange>, line: &[u8]) {
    let text = chomp(line);
    let exchange = &mut tx.body;
    exchange.response.clear();
    let span = exchange.response.set_line(text);
    let part = |inner: &[u8]| {
        let start = (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        Head::part(span, start..start + inner.len())
    };
    exchange.response_version_text = None;
    exchange.response_version = Version::Invalid;
    exchange.status_text = None;
    exchange.status = None;
    exchange.reason = None;
    let (_, rest) = split_while(text, |byte| is_space(byte) || byte == 0);
    let (protocol, rest) = split_while(rest, |byte| !is_space(byte));
    if !protocol.is_empty() {
        exchange.response_version_text = Some(part(protocol));
        exchange.response_version = version(protocol);
    }
    let (space, rest) = split_while(rest, is_space);
    let (code, rest) = split_while(rest, |byte| !is_space(byte));
    if !space.is_empty() && !code.is_empty() {
        exchange.status_text = Some(part(code));
        exchange.status = status(code);
        let (space, rest) = split_while(rest, |byte| byte.is_ascii_whitespace());
        // The line end counts as white space: a status alone has an empty reason.
        exchange.reason = (!space.is_empty() || line.len() > text.len()).then(|| part(rest));
    }
    if exchange.response_version == Version::Invalid {
        tx.core.raise(event::RESPONSE_INVALID_PROTOCOL);
    }
    if tx.body.status.is_none() {
        tx.core.raise(event::RESPONSE_INVALID_STATUS);
    }
}

/// The state that reads the body, and its length when known; `None` when there is no telling.
fn delimit(tx: &mut Transaction<Exchange>, length: Option<Option<u64>>) -> Option<(State, Option<u64>)> {
    let coding =
        tx.body.response.find(b"transfer-encoding").filter(|value| contains_without_nul(value, b"chunked"));
    if let Some(value) = coding {
        let plain = value.eq_ignore_ascii_case(b"chunked");
        if !plain {
            tx.core.raise(event::RESPONSE_ABNORMAL_TRANSFER_ENCODING);
        }
        if tx.body.response_version < Version::V11 {
            tx.core.raise(event::RESPONSE_CHUNKED_OLD_PROTO);
        }
        tx.body.response_transfer = Transfer::Chunked;
        progress(tx, BODY);
        return Some((State::ChunkSize, None));
    }
    tx.body.response_transfer = Transfer::Identity;
    match length {
        Some(Some(0)) => Some((State::Finish, Some(0))),
        Some(Some(length)) => {
            progress(tx, BODY);
            Some((State::Identity, Some(length)))
        }
        Some(None) => {
            tx.core.raise(event::INVALID_CONTENT_LENGTH_FIELD_IN_RESPONSE);
            None
        }
        None => {
            let kind = tx.body.response.find(b"content-type").unwrap_or_default();
            let (kind, _) = split_while(kind, |byte| byte != b';' && !is_space(byte));
            if contains(kind, b"multipart/byteranges") {
                tx.core.raise(event::RESPONSE_MULTIPART_BYTERANGES);
                return None;
            }
            progress(tx, BODY);
            Some((State::ToEnd, None))
        }
    }
}

fn raise_oddities(tx: &mut Transaction<Exchange>, before: Oddities) {
    let now = tx.body.response.odd;
    for (is, was, code) in [
        (now.folding_invalid, before.folding_invalid, event::INVALID_RESPONSE_FIELD_FOLDING),
        (now.name_not_token, before.name_not_token, event::RESPONSE_HEADER_INVALID),
        (now.colon_missing, before.colon_missing, event::RESPONSE_FIELD_MISSING_COLON),
        (now.length_ambiguous, before.length_ambiguous, event::DUPLICATE_CONTENT_LENGTH_FIELD_IN_RESPONSE),
        (now.repetition, before.repetition, event::RESPONSE_HEADER_REPETITION),
        (now.too_many, before.too_many, event::RESPONSE_TOO_MANY_HEADERS),
    ] {
        if is && !was {
            tx.core.raise(code);
        }
    }
}
