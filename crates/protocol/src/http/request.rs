//! Requests: what clients may send and servers understand, whether or not RFC 9112 likes it.
//!
//! Bytes that do not complete a line or header are left unused and come again; nothing else is ever looked at twice.

use model::Direction;

use super::body::{self, Broken, Context};
use super::event;
use super::exchange::{BODY, COMPLETE, Exchange, HEADERS, LINE, Method, TRAILER, Transfer};
use super::grammar::Grammar;
use super::head::{Head, Oddities, Span};
use super::line::{
    ChunkSize, Version, chomp, chunk_size, contains_without_nul, content_length, is_before_chunk_size,
    is_ignorable, is_space, line_len, may_be_chunk_size, split_while, trim, version,
};
use super::uri;
use super::{FIELD_BYTES_MAX, Feeding, Http, Step};
use crate::Transaction;

/// White space behind a request line without a version that still leaves it an HTTP/0.9 request.
const JUNK_BYTES_MAX: usize = 16;

/// Where the parser of requests stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    Line,
    Version,
    Headers,
    /// A CONNECT waits for its answer.
    Waiting,
    /// Behind a CONNECT that was granted: is it HTTP?
    Probe,
    ChunkSize,
    Chunk,
    ChunkEnd,
    Identity,
    Finish,
    /// Behind an HTTP/0.9 request nothing counts.
    Ignore,
}

const THIS: Direction = Direction::ToServer;

impl Http {
    /// One step; [`Step::Again`] as long as something happened.
    pub(super) fn request_step(&mut self, feeding: &mut Feeding<'_>) -> Step {
        match self.request.state {
            State::Idle => self.request_idle(feeding),
            State::Line => self.request_line(feeding),
            State::Version => self.request_version(feeding),
            State::Headers => self.request_headers(feeding),
            State::Waiting => self.request_waiting(feeding),
            State::Probe => self.request_probe(feeding),
            State::ChunkSize => self.request_chunk_size(feeding),
            State::Chunk => self.request_chunk(feeding),
            State::ChunkEnd => self.request_chunk_end(feeding),
            State::Identity => self.request_identity(feeding),
            State::Finish => self.request_finish(feeding),
            State::Ignore => {
                feeding.take(feeding.rest().len());
                Step::More
            }
        }
    }

    /// Bytes are missing.
    pub(super) fn request_gap(&mut self, bytes: u64, context: &mut Context<'_>) -> Step {
        let mut left = bytes;
        loop {
            let state = self.request.state;
            let body_left = self.request.left.unwrap_or(0);
            let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, context) else {
                return Step::Broken;
            };
            match state {
                State::Identity => {
                    let here = left.min(body_left);
                    body::gap(tx, THIS, here, context);
                    left -= here;
                    self.request.left = Some(body_left - here);
                    if body_left > here {
                        return Step::More;
                    }
                    self.request.state = State::Finish;
                }
                State::Finish => {
                    if let Step::Broken = self.request_complete(context) {
                        return Step::Broken;
                    }
                }
                _ => return Step::More,
            }
        }
    }

    fn request_idle(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if feeding.rest().is_empty() {
            return Step::More;
        }
        self.request.left = None;
        self.request.length = None;
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        progress(tx, LINE);
        self.request.state = State::Line;
        Step::Again
    }

    fn request_line(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let len = match line_len(rest, self.request.seen) {
            Some(len) => len,
            None if feeding.closed && !rest.is_empty() => rest.len(),
            None => return self.request_wait(feeding),
        };
        if len > FIELD_BYTES_MAX {
            return self.request_too_long(feeding);
        }
        let line = feeding.take(len);
        self.request.seen = 0;
        if is_ignorable(line) {
            return Step::Again;
        }
        let rules = feeding.context.limits.uri;
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        read_line(tx, chomp(line));
        read_uri(tx, &rules);
        tx.core.updated[0] = true;
        self.request.state = State::Version;
        Step::Again
    }

    /// A line is not complete: its bytes stay, unless they are too many.
    fn request_wait(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let len = feeding.rest().len();
        self.request.seen = len;
        if len > FIELD_BYTES_MAX { self.request_too_long(feeding) } else { Step::More }
    }

    fn request_too_long(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) {
            tx.core.raise(event::REQUEST_FIELD_TOO_LONG);
        }
        Step::Broken
    }

    fn request_version(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        self.request.state = State::Headers;
        if !tx.body.marks.version_09 {
            progress(tx, HEADERS);
            return Step::Again;
        }
        let (junk, behind) = split_while(feeding.rest(), is_space);
        if behind.is_empty() && junk.len() <= JUNK_BYTES_MAX {
            self.request.state = State::Finish;
            return Step::Again;
        }
        // More than white space follows: headers, so the version was only forgotten.
        tx.body.marks.version_09 = false;
        tx.core.raise(event::REQUEST_LINE_MISSING_PROTOCOL);
        progress(tx, HEADERS);
        Step::Again
    }

    fn request_headers(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        if feeding.closed {
            self.request.state = State::Finish;
            let grammar = Grammar { response: false, closed: true };
            self.request_read_headers(feeding, grammar);
            feeding.take(feeding.rest().len());
            self.request.seen = 0;
            let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
                return Step::Broken;
            };
            tx.body.request.end();
            progress(tx, TRAILER);
            return Step::Again;
        }
        if line_len(rest, self.request.seen).is_none() {
            return self.request_wait(feeding);
        }
        let mut ended = self.request_read_headers(feeding, Grammar { response: false, closed: false });
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        if tx.body.request.odd.too_many {
            return Step::Broken;
        }
        let left = feeding.rest();
        if !ended && left.len() == rest.len() && (left.starts_with(b"\r\n") || left.starts_with(b"\n")) {
            feeding.take(if left.starts_with(b"\r") { 2 } else { 1 });
            ended = true;
        }
        if !ended {
            return self.request_wait(feeding);
        }
        self.request.seen = 0;
        self.request_headers_end(feeding)
    }

    /// Reads headers; says whether their end was seen.
    fn request_read_headers(&mut self, feeding: &mut Feeding<'_>, grammar: Grammar) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut read = None;
        if let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) {
            let before = tx.body.request.odd;
            let outcome = tx.body.request.read(feeding.rest(), grammar, &mut scratch);
            raise_oddities(tx, before);
            read = Some(outcome);
        }
        self.scratch = scratch;
        read.is_some_and(|read| {
            feeding.take(read.used);
            read.ended
        })
    }

    fn request_headers_end(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        if tx.body.progress[0] > HEADERS {
            self.request.state = State::Finish;
            return Step::Again;
        }
        tx.body.request.end();
        tx.core.updated[0] = true;
        read_framing(tx);
        read_host(tx);
        read_authorization(tx);
        body::prepare(tx, THIS, &feeding.context);
        if tx.body.method == Method::Connect {
            self.request.state = State::Waiting;
            return Step::Again;
        }
        let (transfer, length) = (tx.body.request_transfer, tx.body.request_length);
        match transfer {
            Transfer::Chunked => {
                progress(tx, BODY);
                self.request.state = State::ChunkSize;
            }
            Transfer::Identity if length > Some(0) => {
                progress(tx, BODY);
                self.request.length = length;
                self.request.left = length;
                self.request.state = State::Identity;
            }
            Transfer::Identity | Transfer::Nothing => {
                self.request.length = length;
                self.request.left = length;
                self.request.state = State::Finish;
            }
            Transfer::Invalid | Transfer::Unknown => {
                raise_marks(tx);
                return Step::Broken;
            }
        }
        Step::Again
    }

    fn request_waiting(&mut self, feeding: &mut Feeding<'_>) -> Step {
        // Superfluous line ends are not the tunnel's.
        let (ends, behind) = split_while(feeding.rest(), is_space);
        if behind.is_empty() {
            feeding.take(ends.len());
        }
        let Some(tx) = self.exchanges.find(self.request.tx) else { return Step::More };
        if tx.body.progress[1] <= LINE {
            return Step::More;
        }
        let granted = tx.body.status.is_some_and(|status| (200..300).contains(&status));
        self.request.state = if granted { State::Probe } else { State::Finish };
        Step::Again
    }

    fn request_probe(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let Some(end) = memchr::memchr2(b'\n', 0, rest) else { return self.request_wait(feeding) };
        let (_, line) = split_while(rest.get(..end).unwrap_or_default(), is_space);
        let (method, _) = split_while(line, |byte| !is_space(byte));
        if Method::new(method) == Method::Unknown {
            return Step::Tunnel;
        }
        self.request_complete(&mut feeding.context)
    }

    fn request_chunk_size(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        let Some(len) = line_len(rest, self.request.seen) else {
            if may_be_chunk_size(rest) {
                return self.request_wait(feeding);
            }
            return self.request_bad_chunk(feeding);
        };
        let line = feeding.take(len);
        self.request.seen = 0;
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) else {
            return Step::Broken;
        };
        tx.body.bodies[0].wire += len as u64;
        if line.iter().all(|&byte| is_before_chunk_size(byte)) {
            return Step::Again;
        }
        match chunk_size(line) {
            ChunkSize::Bytes { size, extension } => {
                if extension {
                    tx.core.raise(event::REQUEST_CHUNK_EXTENSION);
                }
                if size == 0 {
                    progress(tx, TRAILER);
                    self.request.state = State::Headers;
                } else {
                    self.request.chunk_left = size;
                    self.request.state = State::Chunk;
                }
                Step::Again
            }
            ChunkSize::Absurd | ChunkSize::Invalid => self.request_bad_chunk(feeding),
        }
    }

    fn request_bad_chunk(&mut self, feeding: &mut Feeding<'_>) -> Step {
        if let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) {
            tx.core.raise(event::INVALID_REQUEST_CHUNK_LEN);
        }
        Step::Broken
    }

    fn request_chunk(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let bytes = feeding.take_up_to(self.request.chunk_left);
        if bytes.is_empty() {
            return Step::More;
        }
        self.request.chunk_left -= bytes.len() as u64;
        if self.request.chunk_left == 0 {
            self.request.state = State::ChunkEnd;
        }
        self.request_body(Some(bytes), &mut feeding.context)
    }

    fn request_chunk_end(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let Some(len) = line_len(feeding.rest(), self.request.seen) else {
            return self.request_wait(feeding);
        };
        feeding.take(len);
        self.request.seen = 0;
        self.request.state = State::ChunkSize;
        if let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) {
            tx.body.bodies[0].wire += len as u64;
        }
        Step::Again
    }

    fn request_identity(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let left = self.request.left.unwrap_or(0);
        let bytes = feeding.take_up_to(left);
        if bytes.is_empty() {
            return Step::More;
        }
        let left = left - bytes.len() as u64;
        self.request.left = Some(left);
        if left > 0 {
            return self.request_body(Some(bytes), &mut feeding.context);
        }
        self.request.state = State::Finish;
        match self.request_body(Some(bytes), &mut feeding.context) {
            Step::Again => self.request_body(None, &mut feeding.context),
            other => other,
        }
    }

    fn request_body(&mut self, bytes: Option<&[u8]>, context: &mut Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, context) else {
            return Step::Broken;
        };
        match body::data(tx, THIS, bytes, context) {
            Ok(()) => Step::Again,
            Err(Broken) => Step::Broken,
        }
    }

    /// Behind a request: another one, or bytes that belong to nothing and so to the body.
    fn request_finish(&mut self, feeding: &mut Feeding<'_>) -> Step {
        let rest = feeding.rest();
        if rest.is_empty() {
            return self.request_complete(&mut feeding.context);
        }
        let len = match line_len(rest, self.request.seen) {
            Some(len) => len,
            None if feeding.closed => rest.len(),
            None => return self.request_wait(feeding),
        };
        self.request.seen = 0;
        let line = rest.get(..len).unwrap_or_default();
        if line == b"\n" {
            return self.request_complete(&mut feeding.context);
        }
        let (_, start) = split_while(line.strip_suffix(b"\n").unwrap_or(line), is_space);
        let (method, _) = split_while(start, |byte| !is_space(byte));
        if Method::new(method) != Method::Unknown {
            self.request.left = None;
            return self.request_complete(&mut feeding.context);
        }
        if !method.is_empty() {
            if self.request.left.unwrap_or(0) == 0 {
                if let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, &feeding.context) {
                    tx.core.raise(event::REQUEST_BODY_UNEXPECTED);
                }
            } else {
                self.request.left = Some(1);
            }
        }
        feeding.take(len);
        self.request_body(Some(line), &mut feeding.context)
    }

    fn request_complete(&mut self, context: &mut Context<'_>) -> Step {
        let Some(tx) = self.exchanges.at(self.request.tx, Direction::ToServer, context) else {
            return Step::Broken;
        };
        if tx.body.progress[0] != COMPLETE {
            let has_body = matches!(tx.body.request_transfer, Transfer::Identity | Transfer::Chunked);
            if has_body && body::data(tx, THIS, None, context).is_err() {
                return Step::Broken;
            }
            body::finish(tx, THIS, context);
            raise_marks(tx);
            progress(tx, COMPLETE);
            context.asks.inspect_stream[0] = true;
        }
        self.request.state = if tx.body.marks.version_09 { State::Ignore } else { State::Idle };
        self.request.tx += 1;
        self.request.seen = 0;
        Step::Again
    }
}

fn progress(tx: &mut Transaction<Exchange>, to: u8) {
    tx.body.progress[0] = to;
    tx.core.advance(THIS, to);
}

fn raise_oddities(tx: &mut Transaction<Exchange>, before: Oddities) {
    let now = tx.body.request.odd;
    for (is, was, code) in [
        (now.folding_invalid, before.folding_invalid, event::INVALID_REQUEST_FIELD_FOLDING),
        (now.name_not_token, before.name_not_token, event::REQUEST_HEADER_INVALID),
        (now.colon_missing, before.colon_missing, event::REQUEST_FIELD_MISSING_COLON),
        (now.length_ambiguous, before.length_ambiguous, event::DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST),
        (now.repetition, before.repetition, event::REQUEST_HEADER_REPETITION),
        (now.too_many, before.too_many, event::REQUEST_TOO_MANY_HEADERS),
    ] {
        if is && !was {
            tx.core.raise(code);
        }
    }
}

/// Method, URI and version: as many spaces as anybody likes, the version behind the last one.
fn read_line(tx: &mut Transaction<Exchange>, text: &[u8]) {
    let line = tx.body.request.set_line(text);
    let part = |inner: &[u8]| place_in(line, text, inner);
    let (before, rest) = split_while(text, is_space);
    if !before.is_empty() {
        tx.core.raise(event::REQUEST_LINE_LEADING_WHITESPACE);
    }
    let (method, rest) = split_while(rest, |byte| !is_space(byte));
    tx.body.method_name = Some(part(method));
    tx.body.method = Method::new(method);
    let (spaces, rest) = split_while(rest, is_space);
    if spaces.iter().any(|&byte| byte != b' ') {
        tx.core.raise(event::METHOD_DELIM_NON_COMPLIANT);
    }
    if rest.is_empty() {
        tx.body.marks.version_09 = true;
        tx.body.version = Version::V09;
        return;
    }
    let rest = trim(rest);
    let (mut target, mut protocol) = split_last(rest, |byte| byte == b' ');
    if target.iter().any(|&byte| is_space(byte) && byte != b' ') {
        tx.core.raise(event::URI_DELIM_NON_COMPLIANT);
        if target.len() == rest.len() {
            (target, protocol) = split_last(rest, is_space);
        }
    }
    tx.body.uri = Some(part(target));
    if protocol.is_empty() {
        tx.body.marks.version_09 = true;
        tx.body.version = Version::V09;
        return;
    }
    tx.body.version_text = Some(part(protocol));
    tx.body.version = version(protocol);
}

/// Where `inner`, which is a part of `outer`, lies inside `span`, which is the place of `outer`.
fn place_in(span: Span, outer: &[u8], inner: &[u8]) -> Span {
    let start = (inner.as_ptr() as usize).saturating_sub(outer.as_ptr() as usize);
    Head::part(span, start..start + inner.len())
}

/// Both sides of the last separator, trimmed; all is on the left when there is none.
fn split_last(text: &[u8], separator: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.iter().rposition(|&byte| separator(byte)) {
        Some(at) => (trim(text.get(..at).unwrap_or_default()), trim(text.get(at + 1..).unwrap_or_default())),
        None => (text, &[]),
    }
}

fn read_uri(tx: &mut Transaction<Exchange>, rules: &uri::Rules) {
    let Exchange { request, uri: target, method, .. } = &mut tx.body;
    let Some(target) = *target else { return };
    let plain = uri::plain_path_len(request.get(target));
    if let Some(path) = plain.filter(|_| *method != Method::Connect) {
        tx.body.uri_normal = Some(target);
        tx.body.path = Some(Head::part(target, 0..path));
        return;
    }
    let text = request.get(target).to_vec();
    if *method == Method::Connect {
        let Some(found) = uri::host_port(&text) else { return };
        let host = found.host.to_ascii_lowercase();
        let normal = uri::normal_host(&host, rules);
        tx.body.marks.uri_host_invalid = !found.valid || !uri::is_host(&normal);
        tx.body.port = found.port.and_then(uri::port_number);
        tx.body.uri_host = Some((tx.body.request.make(&host), tx.body.request.make(&normal)));
        return;
    }
    let parts = uri::split(&text);
    let normal = uri::normalise(&parts, rules);
    if normal.double_encoded {
        tx.core.raise(event::DOUBLE_ENCODED_URI);
    }
    let request = &mut tx.body.request;
    if !normal.uri.is_empty() {
        // Most URIs are normal already and need no second copy.
        let span = if normal.uri == text { target } else { request.make(&normal.uri) };
        tx.body.uri_normal = Some(span);
        tx.body.path = normal.path.map(|path| Head::part(span, path));
    }
    if let Some(host) = parts.host {
        let name = uri::normal_host(host, rules);
        tx.body.marks.uri_host_invalid |= !uri::is_host(&name);
        let (host, name) = (tx.body.request.make(host), tx.body.request.make(&name));
        tx.body.uri_host = Some((host, name));
    }
    if let Some(port) = parts.port {
        tx.body.port = uri::port_number(port);
        tx.body.marks.uri_host_invalid |= tx.body.port.is_none();
    }
}

/// How the body is delimited (RFC 9112 §6.3).
fn read_framing(tx: &mut Transaction<Exchange>) {
    let exchange = &mut tx.body;
    let length = exchange.request.find(b"content-length");
    if let Some(coding) = exchange.request.find(b"transfer-encoding") {
        if contains_without_nul(coding, b"chunked") {
            exchange.marks.transfer_invalid |= exchange.version < Version::V11;
            exchange.request_transfer = Transfer::Chunked;
        } else {
            exchange.marks.transfer_invalid = true;
            exchange.request_transfer = Transfer::Invalid;
        }
    } else if let Some(value) = length {
        exchange.request_length = content_length(value);
        exchange.marks.length_invalid = exchange.request_length.is_none();
        exchange.request_transfer =
            if exchange.marks.length_invalid { Transfer::Invalid } else { Transfer::Identity };
    } else {
        exchange.request_transfer = Transfer::Nothing;
    }
}

/// The host: the URI's, else the header's (RFC 9112 §3.2.2).
fn read_host(tx: &mut Transaction<Exchange>) {
    let exchange = &mut tx.body;
    exchange.host = exchange.uri_host.map(|(_, normal)| normal);
    let Some(header) = exchange.request.entry(b"host").copied() else {
        exchange.marks.host_missing = exchange.version >= Version::V11;
        return;
    };
    let value = exchange.request.get(header.value);
    let Some(found) = uri::host_port(value) else {
        exchange.marks.host_ambiguous |= exchange.host.is_some();
        return;
    };
    exchange.marks.header_host_invalid = !found.valid;
    let port = found.port.and_then(uri::port_number);
    match exchange.host {
        None => {
            let place = place_in(header.value, value, found.host);
            let name = found.host.iter().any(u8::is_ascii_uppercase).then(|| found.host.to_ascii_lowercase());
            if found.port.is_some() {
                exchange.port = port;
            }
            exchange.host = Some(name.map_or(place, |name| exchange.request.make(&name)));
        }
        Some(host) => {
            let differs = !exchange.request.get(host).eq_ignore_ascii_case(found.host);
            let port_differs = found.port.is_some() && exchange.port.is_some() && exchange.port != port;
            exchange.marks.host_ambiguous |= differs || port_differs;
        }
    }
}

/// Who authenticates; never with what.
fn read_authorization(tx: &mut Transaction<Exchange>) {
    let Some(value) = tx.body.request.find(b"authorization") else { return };
    let scheme = |name: &[u8]| value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let user = if scheme(b"basic") {
        basic_user(value.get(5..).unwrap_or_default())
    } else if scheme(b"digest") {
        digest_user(value)
    } else {
        tx.body.marks.auth_unrecognized = !scheme(b"bearer");
        None
    };
    if let Some(user) = user {
        tx.body.user = Some(tx.body.request.make(&user));
    }
}

fn basic_user(value: &[u8]) -> Option<Vec<u8>> {
    use base64::Engine;
    let mut text = base64::engine::general_purpose::STANDARD.decode(trim(value)).ok()?;
    let colon = memchr::memchr(b':', &text)?;
    text.truncate(colon);
    Some(text)
}

fn digest_user(value: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(value, b"username=")? + 9;
    let (_, quoted) = split_while(value.get(at..)?, is_space);
    let quoted = quoted.strip_prefix(b"\"")?;
    let mut user = Vec::new();
    let mut rest = quoted;
    loop {
        let end = memchr::memchr(b'"', rest)?;
        user.extend_from_slice(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match user.last() {
            Some(b'\\') => {
                user.pop();
                user.push(b'"');
            }
            _ => return Some(user),
        }
    }
}

/// Says once, when the request is complete, what was wrong with it as a whole.
fn raise_marks(tx: &mut Transaction<Exchange>) {
    let marks = tx.body.marks;
    let line_invalid = marks.version_09
        && tx.body.method == Method::Unknown
        && matches!(tx.body.version, Version::Invalid | Version::Unknown);
    for (is, code) in [
        (marks.transfer_invalid, event::INVALID_TRANSFER_ENCODING_VALUE_IN_REQUEST),
        (marks.length_invalid, event::INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST),
        (marks.host_missing, event::MISSING_HOST_HEADER),
        (marks.host_ambiguous, event::HOST_HEADER_AMBIGUOUS),
        (marks.uri_host_invalid, event::URI_HOST_INVALID),
        (marks.header_host_invalid, event::HEADER_HOST_INVALID),
        (marks.auth_unrecognized, event::REQUEST_AUTH_UNRECOGNIZED),
        (line_invalid, event::REQUEST_LINE_INVALID),
    ] {
        if is {
            tx.core.raise(code);
        }
    }
}
