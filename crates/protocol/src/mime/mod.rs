//! MIME messages (RFC 5322, RFC 2045-2047, RFC 2231): headers, nested parts, encodings; parts with a name become files.
//!
//! Lines come in one by one, so nothing is buffered but headers. Limits: 100 headers per part and 1,000 per message with
//! values of 8 KiB, 20 nested boundaries, 100 attachments, 200 URLs; what goes beyond is read over.

mod decode;
mod header;
#[cfg(test)]
mod tests;

use md5::{Digest, Md5};
use memchr::memmem;

use crate::FileState;
use crate::file::FileSource;
use decode::Base64;
pub(crate) use header::{list, parameter};

/// Longest line of a message (RFC 5322 §2.1.1).
const LINE_BYTES_MAX: usize = 998;
/// Longest encoded line (RFC 2045 §6.7, §6.8).
const ENCODED_LINE_BYTES_MAX: usize = 76;
const HEADER_NAME_BYTES_MAX: usize = 75;
const HEADER_VALUE_BYTES_KEPT: usize = 8192;
const HEADERS_MAX: usize = 1000;
const PART_HEADERS_MAX: usize = 100;
const BOUNDARIES_MAX: usize = 20;
/// Longest legal boundary (RFC 2046 §5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;
const NAME_BYTES_MAX: usize = 255;
const ATTACHMENTS_MAX: usize = 100;
const URLS_MAX: usize = 200;
const URL_BYTES_MAX: usize = 2048;
const ENCAPSULATIONS_MAX: u8 = 20;

/// What was odd about a line; the names are those of the SMTP events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// A header line without a name.
    MalformedMessage,
    /// Base64 with foreign bytes.
    InvalidBase64,
    /// Quoted-printable with a bad escape.
    InvalidQuotedPrintable,
    /// A line longer than allowed.
    LongLine,
    /// An encoded line longer than allowed.
    LongEncodedLine,
    /// A header name longer than allowed.
    LongHeaderName,
    /// A header value longer than configured.
    LongHeaderValue,
    /// A boundary longer than allowed.
    LongBoundary,
    /// A file name longer than kept.
    LongFilename,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the first header of the message or of a part.
    Start,
    /// Among headers.
    Headers,
    /// In a body.
    Body,
    /// Over.
    Done,
}

/// What is done with messages.
#[derive(Debug, Clone)]
pub(crate) struct MimeConfig {
    /// Header values longer than this raise an event.
    pub(crate) header_value_max: usize,
    /// Decode base64.
    pub(crate) base64: bool,
    /// Decode quoted-printable.
    pub(crate) quoted_printable: bool,
    /// Collect URLs.
    pub(crate) urls: bool,
    /// Schemes of the URLs collected, with `://` where they have it.
    pub(crate) schemes: Vec<Vec<u8>>,
    /// Keep the scheme in front of a collected URL.
    pub(crate) keep_scheme: bool,
    /// Compute the MD5 of the body.
    pub(crate) body_md5: bool,
}

impl Default for MimeConfig {
    fn default() -> Self {
        Self {
            header_value_max: 2000,
            base64: true,
            quoted_printable: true,
            urls: true,
            schemes: vec![b"http://".to_vec()],
            keep_scheme: false,
            body_md5: true,
        }
    }
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Name, as sent.
    pub(crate) name: Vec<u8>,
    /// Value, unfolded: folded lines are joined without the white space between them.
    pub(crate) value: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Base64,
    QuotedPrintable,
}

/// A message being read.
#[derive(Debug)]
pub(crate) struct Message {
    config: MimeConfig,
    stage: Stage,
    /// Headers of the message itself, then those of the part being read.
    headers: Vec<Header>,
    main_headers: Option<usize>,
    filename: Vec<u8>,
    /// Names of all attachments.
    pub(crate) attachments: Vec<Vec<u8>>,
    /// URLs found in texts, in order.
    pub(crate) urls: Vec<Vec<u8>>,
    boundaries: Vec<Vec<u8>>,
    encoding: Encoding,
    text: bool,
    encapsulated: u8,
    base64: Base64,
    /// A file is open.
    open: bool,
    /// End of the last line, which belongs to the boundary if one follows (RFC 2046 §5.1.1).
    line_end: &'static [u8],
    decoded: Vec<u8>,
    md5: Option<Md5>,
    /// MD5 of the body, once done.
    pub(crate) body_md5: Option<[u8; 16]>,
}

impl Message {
    /// A message of which nothing is known.
    pub(crate) fn new(config: MimeConfig) -> Self {
        Self {
            config,
            stage: Stage::Start,
            headers: Vec::new(),
            main_headers: None,
            filename: Vec::new(),
            attachments: Vec::new(),
            urls: Vec::new(),
            boundaries: Vec::new(),
            encoding: Encoding::Plain,
            text: false,
            encapsulated: 0,
            base64: Base64::default(),
            open: false,
            line_end: b"",
            decoded: Vec::new(),
            md5: None,
            body_md5: None,
        }
    }

    /// How far it has come.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Headers of the message itself.
    pub(crate) fn headers(&self) -> &[Header] {
        self.headers.get(..self.main_headers.unwrap_or(self.headers.len())).unwrap_or_default()
    }

    /// Value of the first header with this (lower-case) name.
    pub(crate) fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// Values of all headers with this (lower-case) name.
    pub(crate) fn all(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.headers()
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_slice())
    }

    /// Takes a line without its end, and the end. A line may be given in pieces while in a body: all but the last without
    /// an end. `stuffing` tells how many bytes at its start were put there by the transport; only the MD5 covers them.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        stuffing: usize,
        end: &'static [u8],
        files: &mut FileSource<'_>,
        odd: &mut impl FnMut(Oddity),
    ) {
        if let Some(md5) = &mut self.md5 {
            md5.update(line);
            md5.update(end);
        }
        let line = line.get(stuffing..).unwrap_or_default();
        if line.len() > LINE_BYTES_MAX {
            odd(Oddity::LongLine);
        }
        match self.stage {
            Stage::Start | Stage::Headers if line.is_empty() => self.end_headers(files, odd),
            Stage::Start | Stage::Headers => self.header_line(line, odd),
            Stage::Body => self.body_line(line, end, files, odd),
            Stage::Done => {}
        }
    }

    /// The message is over.
    pub(crate) fn finish(&mut self, files: &mut FileSource<'_>, state: FileState) {
        if self.open && state == FileState::Closed {
            // The last line's end belongs to the file: no boundary came.
            self.put_line_end(files);
        }
        self.close_file(files, state);
        self.body_md5 = self.md5.take().map(|md5| md5.finalize().into());
        self.stage = Stage::Done;
    }

    fn header_line(&mut self, line: &[u8], odd: &mut impl FnMut(Oddity)) {
        let part = self.main_headers.unwrap_or(0);
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        if folded && self.stage == Stage::Headers {
            if let Some(last) = self.headers.get_mut(part..).and_then(<[Header]>::last_mut) {
                keep(&mut last.value, line.trim_ascii_start());
                if last.value.len() > self.config.header_value_max {
                    odd(Oddity::LongHeaderValue);
                }
            }
            return;
        }
        self.stage = Stage::Headers;
        let Some(colon) = memchr::memchr(b':', line) else {
            odd(Oddity::MalformedMessage);
            return;
        };
        let (name, value) = line.split_at(colon);
        let (name, value) = (name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii_start());
        if name.len() > HEADER_NAME_BYTES_MAX {
            odd(Oddity::LongHeaderName);
        }
        if value.len() > self.config.header_value_max {
            odd(Oddity::LongHeaderValue);
        }
        if self.headers.len() < HEADERS_MAX && self.headers.len() - part < PART_HEADERS_MAX {
            let mut header = Header { name: Vec::new(), value: Vec::new() };
            keep(&mut header.name, name);
            keep(&mut header.value, value);
            self.headers.push(header);
        }
    }

    /// Headers of the message or a part are over: what do they say of the body?
    fn end_headers(&mut self, files: &mut FileSource<'_>, odd: &mut impl FnMut(Oddity)) {
        let part = self.main_headers.unwrap_or(0);
        if self.main_headers.is_none() {
            self.main_headers = Some(self.headers.len());
            self.md5 = self.config.body_md5.then(Md5::new);
        }
        let headers: Vec<Header> = if part == 0 {
            self.headers.clone()
        } else {
            self.headers.split_off(part.min(self.headers.len()))
        };
        let mut encapsulates = false;
        for header in &headers {
            if header.name.eq_ignore_ascii_case(b"content-disposition") {
                self.take_name(&header.value, b"filename", odd);
            } else if header.name.eq_ignore_ascii_case(b"content-transfer-encoding") {
                self.encoding = match header.value.trim_ascii() {
                    value if value.eq_ignore_ascii_case(b"base64") => Encoding::Base64,
                    value if value.eq_ignore_ascii_case(b"quoted-printable") => Encoding::QuotedPrintable,
                    _ => Encoding::Plain,
                };
            } else if header.name.eq_ignore_ascii_case(b"content-type") {
                self.take_name(&header.value, b"name", odd);
                self.take_boundary(&header.value, odd);
                let kind = header.value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
                self.text =
                    kind.eq_ignore_ascii_case(b"text/plain") || kind.eq_ignore_ascii_case(b"text/html");
                encapsulates = kind.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"message/"));
            }
        }
        if !headers.iter().any(|header| header.name.eq_ignore_ascii_case(b"content-type")) {
            // RFC 2045 §5.2: without a type it is plain text.
            self.text = true;
        }
        if encapsulates && self.encapsulated < ENCAPSULATIONS_MAX {
            // A message inside: its headers follow, and they say what the body is.
            self.encapsulated += 1;
            self.filename.clear();
            self.encoding = Encoding::Plain;
            self.stage = Stage::Start;
            return;
        }
        self.stage = Stage::Body;
        self.base64 = Base64::default();
        if !self.filename.is_empty() {
            self.close_file(files, FileState::Closed);
            self.open = files.open(&self.filename);
            self.line_end = b"";
        }
    }

    fn take_name(&mut self, value: &[u8], key: &[u8], odd: &mut impl FnMut(Oddity)) {
        if !self.filename.is_empty() {
            return;
        }
        let Some(mut name) = parameter(value, key).filter(|name| !name.is_empty()) else { return };
        if name.len() > NAME_BYTES_MAX {
            odd(Oddity::LongFilename);
            name.truncate(NAME_BYTES_MAX);
        }
        if self.attachments.len() < ATTACHMENTS_MAX {
            self.attachments.push(name.clone());
        }
        self.filename = name;
    }

    fn take_boundary(&mut self, value: &[u8], odd: &mut impl FnMut(Oddity)) {
        let Some(boundary) = parameter(value, b"boundary").filter(|boundary| !boundary.is_empty()) else {
            return;
        };
        if boundary.len() > BOUNDARY_BYTES_MAX {
            odd(Oddity::LongBoundary);
        }
        if self.boundaries.len() < BOUNDARIES_MAX && boundary.len() <= LINE_BYTES_MAX {
            self.boundaries.push(boundary);
        }
    }

    fn body_line(
        &mut self,
        line: &[u8],
        end: &'static [u8],
        files: &mut FileSource<'_>,
        odd: &mut impl FnMut(Oddity),
    ) {
        if let Some(rest) = line.strip_prefix(b"--")
            && let Some(place) = self.boundaries.iter().rposition(|boundary| rest.starts_with(boundary))
        {
            return self.boundary(rest, place, files, odd);
        }
        match self.encoding {
            Encoding::Base64 if self.config.base64 => {
                if line.len() > ENCODED_LINE_BYTES_MAX {
                    odd(Oddity::LongEncodedLine);
                }
                self.decoded.clear();
                if self.base64.decode(line, &mut self.decoded).is_err() {
                    odd(Oddity::InvalidBase64);
                }
                self.put_decoded(files);
            }
            Encoding::QuotedPrintable if self.config.quoted_printable => {
                if line.len() > ENCODED_LINE_BYTES_MAX {
                    odd(Oddity::LongEncodedLine);
                }
                self.put_line_end(files);
                self.decoded.clear();
                match decode::quoted_printable(line, &mut self.decoded) {
                    decode::Quoted::Hard => self.line_end = end,
                    decode::Quoted::Soft => {}
                    decode::Quoted::Invalid => {
                        odd(Oddity::InvalidQuotedPrintable);
                        self.line_end = end;
                    }
                }
                self.put_decoded(files);
            }
            Encoding::Plain | Encoding::Base64 | Encoding::QuotedPrintable => {
                self.put_line_end(files);
                if self.open {
                    files.append(line);
                }
                self.line_end = end;
                self.find_urls(line);
            }
        }
    }

    fn boundary(
        &mut self,
        rest: &[u8],
        place: usize,
        files: &mut FileSource<'_>,
        odd: &mut impl FnMut(Oddity),
    ) {
        if self.encoding == Encoding::Base64 && self.open && self.base64.is_open() {
            odd(Oddity::InvalidBase64);
        }
        self.close_file(files, FileState::Closed);
        self.filename.clear();
        self.encoding = Encoding::Plain;
        self.text = false;
        self.encapsulated = 0;
        self.line_end = b"";
        let length = self.boundaries.get(place).map_or(0, Vec::len);
        let last = rest.get(length..).is_some_and(|tail| tail.starts_with(b"--"));
        // Boundaries of parts inside this one are over.
        self.boundaries.truncate(if last { place } else { place + 1 });
        self.stage = if last { Stage::Body } else { Stage::Start };
    }

    fn put_decoded(&mut self, files: &mut FileSource<'_>) {
        if self.open {
            files.append(&self.decoded);
        }
        let decoded = std::mem::take(&mut self.decoded);
        self.find_urls(&decoded);
        self.decoded = decoded;
    }

    fn put_line_end(&mut self, files: &mut FileSource<'_>) {
        if self.open {
            files.append(self.line_end);
        }
        self.line_end = b"";
    }

    fn close_file(&mut self, files: &mut FileSource<'_>, state: FileState) {
        if self.open {
            files.close(state);
            self.open = false;
        }
    }

    fn find_urls(&mut self, line: &[u8]) {
        if !self.config.urls || !self.text || memchr::memchr(b':', line).is_none() {
            return;
        }
        let lower = line.to_ascii_lowercase();
        for scheme in &self.config.schemes {
            let mut from = 0;
            for start in memmem::find_iter(&lower, scheme) {
                if start < from || self.urls.len() >= URLS_MAX {
                    continue;
                }
                let after = start + scheme.len();
                let rest = line.get(after..).unwrap_or_default();
                let length = rest.iter().position(|&byte| ends_url(byte)).unwrap_or(rest.len());
                from = after + length;
                let first = if self.config.keep_scheme { start } else { after };
                if length > 0 && length <= URL_BYTES_MAX {
                    self.urls.push(line.get(first..from).unwrap_or_default().to_vec());
                }
            }
        }
    }
}

/// Appends what the limit allows.
fn keep(target: &mut Vec<u8>, bytes: &[u8]) {
    let room = HEADER_VALUE_BYTES_KEPT.saturating_sub(target.len()).min(bytes.len());
    target.extend_from_slice(bytes.get(..room).unwrap_or_default());
}

fn ends_url(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'<' | b'>' | b']')
}
