//! Headers and bodies of streams.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Direction, PacketId, Time};

use super::doh::{CONTENT_TYPE, Doh};
use super::frame::{self, Content, END_STREAM, Frame, HEADER_BYTES, Head, kind};
use super::hpack::Header;
use super::stream::state;
use super::{BLOCK_MAX, Http2, Rest, Step, ends_headers, event};
use crate::http::{Chain, Coding};
use crate::{Core, File, FileState, Input, Transaction};

/// Decoded bytes from which on a body is held against its size on the wire.
const BOMB_BYTES: u64 = 1 << 20;
/// Decoded bytes per byte on the wire that a body may have then.
const BOMB_RATIO: u64 = 2048;

type Open = Transaction<Box<super::Stream>>;

impl Http2 {
    /// HEADERS, PUSH_PROMISE and CONTINUATION. `None`: the connection cannot be read further.
    pub(super) fn headers(&mut self, input: &mut Input<'_>, head: &Head, body: &[u8]) -> Option<()> {
        let place = input.direction.index();
        let parts = match head.kind {
            kind::HEADERS => frame::unpadded(head, body)
                .and_then(|body| frame::headers_priority(head, body))
                .map(|(weight, block)| (head.stream, weight, block)),
            kind::PUSH_PROMISE => frame::unpadded(head, body).and_then(|body| {
                let (promised, block) = body.split_first_chunk()?;
                Some((u32::from_be_bytes(*promised) & 0x7fff_ffff, None, block))
            }),
            _ => Some((head.stream, None, body)),
        };
        let Some((mut stream, weight, block)) = parts else {
            let open = self.stream(input, head.stream)?;
            open.core.raise(event::INVALID_FRAME_DATA);
            return Some(());
        };
        // The table is shared by all streams, so blocks are decoded in order and as a whole (RFC 9113 §4.3).
        let pending = match head.kind {
            kind::CONTINUATION => self.readers[place].block.take(),
            _ => None,
        };
        let mut limit_reached = false;
        let decoded = if let Some((first, mut whole)) = pending {
            stream = first;
            limit_reached = whole.len() + block.len() > BLOCK_MAX;
            if !limit_reached {
                whole.extend_from_slice(block);
            }
            self.block(place, stream, head, &whole)
        } else {
            self.block(place, stream, head, block)
        };
        let direction = input.direction;
        let open = self.stream(input, stream)?;
        if limit_reached {
            open.core.raise(event::REASSEMBLY_LIMIT_REACHED);
        }
        if head.kind == kind::PUSH_PROMISE && direction == Direction::ToClient {
            open.body.state = open.body.state.max(state::RESERVED);
            open.body.promised = !ends_headers(head);
        }
        let decoded = decoded.unwrap_or_default();
        if decoded.invalid {
            open.core.raise(event::INVALID_HEADER);
        }
        if decoded.overflow {
            open.core.raise(event::HEADER_INTEGER_OVERFLOW);
        }
        if open.body.state == state::CLOSED {
            open.core.raise(event::STREAM_ID_REUSE);
        }
        let found_dns = heed(open, direction, &decoded.headers);
        let content = Content::Headers(decoded.headers, weight);
        open.body.side_mut(direction).push(Frame { kind: head.kind, content });
        if head.kind == kind::HEADERS {
            // Once its headers are complete, a side stands where its body would begin.
            progress(open, direction, head.flags & END_STREAM != 0, ends_headers(head));
        }
        self.rename(input, found_dns);
        Some(())
    }

    /// Decodes a block when it is complete, else keeps it.
    fn block(
        &mut self,
        place: usize,
        stream: u32,
        head: &Head,
        block: &[u8],
    ) -> Option<super::hpack::Decoded> {
        if ends_headers(head) {
            return Some(self.decoders[place].decode(block));
        }
        self.readers[place].block = Some((stream, block.get(..BLOCK_MAX).unwrap_or(block).to_vec()));
        None
    }

    /// The start of a DATA frame; the rest is taken as it comes.
    pub(super) fn data(&mut self, input: &mut Input<'_>, head: &Head, rest: &[u8]) -> Step {
        let padded = head.flags & 0x08 != 0 && head.length > 0;
        let Some(padding) = (if padded { rest.get(HEADER_BYTES).copied() } else { Some(0) }) else {
            return Step::Need(HEADER_BYTES + 1);
        };
        let start = HEADER_BYTES + usize::from(padded);
        let direction = input.direction;
        let Some(open) = self.stream(input, head.stream) else { return Step::Broken };
        if head.stream == 0 {
            open.core.raise(event::DATA_STREAM_ZERO);
        }
        if open.body.state == state::CLOSED {
            open.core.raise(event::STREAM_ID_REUSE);
        }
        open.body.side_mut(direction).push(Frame { kind: head.kind, content: Content::Other });
        let ends = head.flags & END_STREAM != 0;
        progress(open, direction, false, true);
        let bytes = head.length - usize::from(padded);
        let left = Rest {
            bytes,
            padding: usize::from(padding).min(bytes),
            stream: (head.stream != 0).then_some(head.stream),
            ends,
        };
        match self.go_on(input, rest.get(start..).unwrap_or_default(), left) {
            Step::Used(count) => Step::Used(start + count),
            other => other,
        }
    }

    /// More of a frame that is taken as it comes.
    pub(super) fn go_on(&mut self, input: &mut Input<'_>, rest: &[u8], left: Rest) -> Step {
        let taken = left.bytes.min(rest.len());
        let now = Rest { bytes: left.bytes - taken, ..left };
        let content = left.bytes.saturating_sub(left.padding).min(taken);
        if let Some(id) = left.stream {
            let over = now.bytes == 0 && left.ends;
            let bytes = rest.get(..content).unwrap_or_default();
            let found_dns = self.body(input, id, bytes, over);
            self.rename(input, found_dns);
        }
        if now.bytes > 0 {
            self.readers[input.direction.index()].rest = Some(now);
        }
        Step::Used(taken)
    }

    /// Bytes of a body; true when it completed a DNS message.
    fn body(&mut self, input: &mut Input<'_>, id: u32, bytes: &[u8], over: bool) -> bool {
        let direction = input.direction;
        let (time, packet, config) = (input.time, input.packet, &input.config.files);
        let files = &mut self.files;
        let Some(open) = self.streams.iter_mut().rev().find(|open| open.body.id == id) else { return false };
        open.core.updated = [true; 2];
        let Transaction { core, files: list, body: stream } = open;
        let path = stream.side(Direction::ToServer).find(b":path").unwrap_or_default();
        let name = path.split(|byte| *byte == b'?').next().unwrap_or_default().to_vec();
        let stream = &mut **stream;
        let side = &mut stream.sides[direction.index()];
        let place = *side.file.get_or_insert_with(|| {
            *files += 1;
            list.push(File::new(*files, direction, &name, config, (time, packet)));
            list.len() - 1
        });
        let Some(file) = list.get_mut(place) else { return false };
        let mut doh = stream.doh.as_deref_mut();
        let before = file.size;
        let mut sink = |piece: &[u8]| {
            file.append(piece);
            if doh.as_deref_mut().is_some_and(|doh| !doh.append(direction, piece)) {
                core.raise(match direction {
                    Direction::ToServer => event::DNS_REQUEST_TOO_LONG,
                    Direction::ToClient => event::DNS_RESPONSE_TOO_LONG,
                });
            }
            let grown = file.size - before;
            grown < BOMB_BYTES || grown < BOMB_RATIO.saturating_mul(bytes.len() as u64)
        };
        match &mut side.chain {
            Some(chain) => {
                chain.push(bytes, &mut sink);
                if over {
                    chain.finish(&mut sink);
                }
            }
            None => _ = sink(bytes),
        }
        if !over {
            return false;
        }
        if let Some(file) = list.get_mut(place) {
            file.close(FileState::Closed);
        }
        let found = stream.doh.as_deref_mut().is_some_and(|doh| doh.finish(direction));
        progress(open, direction, true, true);
        input.asks.inspect_stream[direction.index()] = true;
        found
    }

    fn rename(&mut self, input: &mut Input<'_>, found_dns: bool) {
        if found_dns && !std::mem::replace(&mut self.doh, true) {
            input.asks.rename = Some("doh2");
        }
    }

    /// The connection began as HTTP/1 (RFC 7540 §3.2): its request is that of stream 1, its `HTTP2-Settings` header the
    /// client's settings.
    pub(super) fn upgraded(&mut self, told: &[(&'static str, Vec<u8>)]) {
        let text = |bytes: &[u8]| -> Arc<[u8]> { bytes.into() };
        let mut headers = Vec::new();
        let mut settings = None;
        for (name, value) in told {
            match *name {
                "http.method" => headers.push(Header::Field(text(b":method"), text(value))),
                "http.uri.raw" => headers.push(Header::Field(text(b":path"), text(value))),
                "http.request_header" => {
                    let Some(at) = memchr::memmem::find(value, b": ") else { continue };
                    let (name, value) = value.split_at(at);
                    let value = value.get(2..).unwrap_or_default();
                    if name.eq_ignore_ascii_case(b"http2-settings") {
                        settings = Some(value.to_vec());
                    } else if name.eq_ignore_ascii_case(b"host") {
                        headers.push(Header::Field(text(b":authority"), text(value)));
                    } else if !name.eq_ignore_ascii_case(b"upgrade")
                        && !name.eq_ignore_ascii_case(b"connection")
                    {
                        headers.push(Header::Field(text(name), text(value)));
                    }
                }
                _ => {}
            }
        }
        if headers.is_empty() {
            return;
        }
        let stream = super::Stream { id: 1, state: state::HALF_CLOSED_CLIENT, ..super::Stream::default() };
        let open = self.streams.open(Time::default(), PacketId(0), Box::new(stream));
        let content = Content::Headers(headers, None);
        open.body.sides[0].push(Frame { kind: kind::HEADERS, content });
        show_state(&mut open.core, state::HALF_CLOSED_CLIENT);
        if let Some(value) = settings {
            self.upgrade_settings(&value);
        }
    }

    fn upgrade_settings(&mut self, value: &[u8]) {
        let bytes = URL_SAFE_NO_PAD.decode(value.split(|byte| *byte == b'=').next().unwrap_or_default());
        let head = Head { length: 0, kind: kind::SETTINGS, flags: 0, reserved: false, stream: 0 };
        let content = bytes.ok().and_then(|bytes| frame::content(&head, &bytes));
        let stream = super::Stream { id: 0, state: state::GLOBAL, ..super::Stream::default() };
        let open = self.streams.open(Time::default(), PacketId(0), Box::new(stream));
        show_state(&mut open.core, state::GLOBAL);
        open.core.only = Some(Direction::ToServer);
        match content {
            Some(content) => open.body.sides[0].push(Frame { kind: kind::SETTINGS, content }),
            None => open.core.raise(event::INVALID_HTTP1_SETTINGS),
        }
    }
}

fn show_state(core: &mut Core, state: u8) {
    for direction in Direction::BOTH {
        core.advance(direction, state);
    }
}

fn progress(open: &mut Open, direction: Direction, ends: bool, data: bool) {
    open.body.advance(direction, ends, data);
    let state = open.body.state;
    show_state(&mut open.core, state);
}

/// Heeds what headers say about the stream; true when they carry a DNS message.
fn heed(open: &mut Open, direction: Direction, headers: &[Header]) -> bool {
    let (mut authority, mut host, mut path, mut dns) = (None, None, None, false);
    for header in headers {
        let Header::Field(name, value) = header else { continue };
        match &name[..] {
            b"content-encoding" => {
                let mut chain = Chain::default();
                for coding in value.split(|byte| *byte == b',').filter_map(|word| coding(word.trim_ascii())) {
                    chain.prepend(coding, false);
                }
                if !chain.is_empty() {
                    open.body.side_mut(direction).chain = Some(Box::new(chain));
                }
            }
            b"content-type" if value[..] == *CONTENT_TYPE => {
                dns = true;
                open.body.doh.get_or_insert_default().carries[direction.index()] = true;
            }
            b"accept" if value[..] == *CONTENT_TYPE => dns = true,
            b":path" => path = Some(value),
            b":authority" => authority = Some(value),
            b"host" => host = Some(value),
            _ => {}
        }
    }
    if authority.is_some_and(|authority| authority.contains(&b'@')) {
        open.core.raise(event::USERINFO_IN_URI);
    }
    if let (Some(authority), Some(host)) = (authority, host)
        && !authority.eq_ignore_ascii_case(host)
    {
        open.core.raise(event::AUTHORITY_HOST_MISMATCH);
    }
    match path {
        Some(path) if dns => {
            let mut doh = open.body.doh.take().unwrap_or_else(|| Box::new(Doh::default()));
            let found = doh.read_path(path);
            open.body.doh = Some(doh);
            found
        }
        _ => false,
    }
}

fn coding(word: &[u8]) -> Option<Coding> {
    match word {
        b"gzip" | b"x-gzip" => Some(Coding::Gzip),
        b"deflate" => Some(Coding::Zlib),
        b"br" => Some(Coding::Brotli),
        _ => None,
    }
}
