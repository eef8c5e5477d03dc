//! `multipart/form-data` (RFC 7578) taken apart as it streams by: files come out, plain fields are skipped.
//!
//! Limits: boundary [`BOUNDARY_BYTES_MAX`], a part's header line [`LINE_BYTES_MAX`]. Between calls no more is held than either.

use memchr::memchr;
use memchr::memmem::Finder;

use super::line::{parameter, trim};

/// Longer boundaries (RFC 2046 §5.1.1 allows 70) are not believed.
const BOUNDARY_BYTES_MAX: usize = 255;
/// Bytes of a part's header line that are looked at.
const LINE_BYTES_MAX: usize = 4_096;

/// What a part of the body means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A file of this name begins.
    Open(&'a [u8]),
    /// Bytes of the file.
    Bytes(&'a [u8]),
    /// The file has ended.
    Close,
    /// A header line that is none.
    InvalidHeader,
    /// A file was announced, but there is nothing in it.
    NoData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// Behind a boundary: its line goes on.
    BoundaryLine,
    /// In the headers of a part.
    Headers,
    /// In the content of a part.
    Content,
    /// Behind the last boundary.
    Epilogue,
}

/// The parser of one body.
#[derive(Debug)]
pub(super) struct Multipart {
    /// CR LF, two dashes and the boundary.
    boundary: Finder<'static>,
    state: State,
    held: Vec<u8>,
    name: Vec<u8>,
    open: bool,
    /// At the start of a content: a boundary here has no line end of its own before it.
    fresh: bool,
}

impl Multipart {
    /// A parser for a Content-Type that names a boundary.
    pub(super) fn new(content_type: &[u8]) -> Option<Self> {
        let boundary = parameter(content_type, b"boundary")?;
        if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
            return None;
        }
        let line = [b"\r\n--".as_slice(), &boundary].concat();
        Some(Self {
            boundary: Finder::new(&line).into_owned(),
            state: State::Preamble,
            held: Vec::new(),
            name: Vec::new(),
            open: false,
            fresh: true,
        })
    }

    /// Takes more of the body.
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Part<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(used) = self.step(held.get(at..).unwrap_or_default(), sink) {
            at += used;
        }
        held.drain(..at.min(held.len()));
        self.held = held;
    }

    /// The body has ended.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(Part<'_>)) {
        if self.open {
            if self.state == State::Content {
                sink(Part::Bytes(&self.held));
            }
            sink(Part::Close);
            self.open = false;
        }
        self.held.clear();
        self.state = State::Epilogue;
    }

    /// Uses some of `bytes`; `None` when more are needed.
    fn step(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Part<'_>)) -> Option<usize> {
        if bytes.is_empty() {
            return None;
        }
        match self.state {
            State::Preamble | State::Content => self.content(bytes, sink),
            State::BoundaryLine => {
                if bytes.starts_with(b"--") {
                    self.state = State::Epilogue;
                    return Some(2);
                }
                let used = line_len(bytes)?;
                self.state = State::Headers;
                Some(used)
            }
            State::Headers => {
                let used = line_len(bytes)?;
                self.header(trim(bytes.get(..used).unwrap_or_default()), used, sink)
            }
            State::Epilogue => Some(bytes.len()),
        }
    }

    fn content(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Part<'_>)) -> Option<usize> {
        if self.fresh {
            let dashes = self.boundary.needle().get(2..).unwrap_or_default();
            if bytes.starts_with(dashes) {
                let len = dashes.len();
                if self.open {
                    sink(Part::NoData);
                }
                self.close(sink);
                return Some(len);
            }
            if dashes.starts_with(bytes) {
                return None;
            }
            self.fresh = false;
        }
        let len = self.boundary.needle().len();
        let found = self.boundary.find(bytes);
        // What could be the start of a boundary is held back.
        let end = found.unwrap_or(bytes.len().saturating_sub(len - 1));
        if self.open && end > 0 {
            sink(Part::Bytes(bytes.get(..end).unwrap_or_default()));
        }
        if found.is_none() {
            return (end > 0).then_some(end);
        }
        self.close(sink);
        Some(end + len)
    }

    fn close(&mut self, sink: &mut dyn FnMut(Part<'_>)) {
        if self.open {
            sink(Part::Close);
        }
        self.open = false;
        self.state = State::BoundaryLine;
    }

    fn header(&mut self, line: &[u8], used: usize, sink: &mut dyn FnMut(Part<'_>)) -> Option<usize> {
        if line.is_empty() {
            self.state = State::Content;
            self.fresh = true;
            if !self.name.is_empty() {
                self.open = true;
                sink(Part::Open(&self.name));
                self.name.clear();
            }
            return Some(used);
        }
        match memchr(b':', line) {
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                if trim(name).eq_ignore_ascii_case(b"content-disposition")
                    && let Some(name) = parameter(value.get(1..).unwrap_or_default(), b"filename")
                {
                    self.name = name;
                }
            }
            None => sink(Part::InvalidHeader),
        }
        Some(used)
    }
}

/// Length of the line at the start; a line beyond the limit counts as ended there.
fn line_len(bytes: &[u8]) -> Option<usize> {
    match memchr(b'\n', bytes.get(..LINE_BYTES_MAX.min(bytes.len()))?) {
        Some(at) => Some(at + 1),
        None => (bytes.len() >= LINE_BYTES_MAX).then_some(LINE_BYTES_MAX),
    }
}
