//! One request and its response.

use model::Direction;

use super::coding::Chain;
use super::head::{Head, Span};
use super::line::Version;
use super::multipart::Multipart;
use crate::{Body, File};

/// Progress, both ways: nothing yet.
pub(super) const NOT_STARTED: u8 = 0;
/// In the first line.
pub(super) const LINE: u8 = 1;
/// In the headers.
pub(super) const HEADERS: u8 = 2;
/// In the body.
pub(super) const BODY: u8 = 3;
/// In the headers behind a chunked body.
pub(super) const TRAILER: u8 = 4;
/// All seen.
pub(super) const COMPLETE: u8 = 5;

/// Methods that matter to the parser; the others are only known or unknown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Unknown,
    Head,
    Post,
    Put,
    Connect,
    Other,
}

impl Method {
    /// By its name, which is case-sensitive (RFC 9110 §9.1).
    pub(super) fn new(name: &[u8]) -> Self {
        match name {
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"CONNECT" => Method::Connect,
            b"GET" | b"DELETE" | b"OPTIONS" | b"TRACE" | b"PATCH" | b"PROPFIND" | b"PROPPATCH" | b"MKCOL"
            | b"COPY" | b"MOVE" | b"LOCK" | b"UNLOCK" | b"VERSION-CONTROL" | b"CHECKOUT" | b"UNCHECKOUT"
            | b"CHECKIN" | b"UPDATE" | b"LABEL" | b"REPORT" | b"MKWORKSPACE" | b"MKACTIVITY"
            | b"BASELINE-CONTROL" | b"MERGE" | b"INVALID" => Method::Other,
            _ => Method::Unknown,
        }
    }
}

/// How the body of a message is delimited.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    #[default]
    Unknown,
    /// There is none.
    Nothing,
    /// By a length or the end of the stream.
    Identity,
    /// By chunks.
    Chunked,
    /// By something that we do not understand.
    Invalid,
}

/// Once-only marks of an exchange.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Marks {
    pub(super) transfer_invalid: bool,
    pub(super) length_invalid: bool,
    pub(super) host_missing: bool,
    pub(super) host_ambiguous: bool,
    pub(super) uri_host_invalid: bool,
    pub(super) header_host_invalid: bool,
    pub(super) auth_unrecognized: bool,
    pub(super) version_09: bool,
    pub(super) continued: bool,
}

/// Where the bytes of a body are kept.
#[derive(Debug, Default)]
pub(super) enum Kept {
    /// Nothing has come.
    #[default]
    Nothing,
    /// Here.
    Here(Body),
    /// In the file of this position: the body is the file.
    InFile(usize),
}

/// The body of one direction.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Undoes content codings, when there are any.
    pub(super) chain: Option<Box<Chain>>,
    /// There are codings to be undone, whether or not `chain` still exists.
    pub(super) coded: bool,
    /// Bytes of the body on the wire, chunk framing included.
    pub(super) wire: u64,
    /// Bytes after decoding.
    pub(super) decoded: u64,
    /// Bytes kept, up to the limit.
    pub(super) taken: u64,
    pub(super) kept: Kept,
    /// Position of the file that is being written.
    pub(super) file: Option<usize>,
    /// The file of which `file` is a part: its number among [`crate::Ranges`], and where the next bytes belong.
    pub(super) part_of: Option<(u64, u64)>,
    /// No file is wanted (any more).
    pub(super) no_file: bool,
    /// The first bytes have been looked at.
    pub(super) begun: bool,
    /// Takes form data apart.
    pub(super) multipart: Option<Box<Multipart>>,
    /// The rest is refused: a compression bomb.
    pub(super) bomb: bool,
}

/// One request and its response.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(super) request: Head,
    pub(super) response: Head,
    pub(super) method_name: Option<Span>,
    pub(super) method: Method,
    pub(super) uri: Option<Span>,
    pub(super) uri_normal: Option<Span>,
    pub(super) path: Option<Span>,
    pub(super) version_text: Option<Span>,
    pub(super) version: Version,
    /// Host of the URI, as written and normalised.
    pub(super) uri_host: Option<(Span, Span)>,
    /// Host of the request: the URI's or the header's.
    pub(super) host: Option<Span>,
    pub(super) port: Option<u16>,
    /// User of basic or digest authentication.
    pub(super) user: Option<Span>,
    pub(super) request_transfer: Transfer,
    pub(super) request_length: Option<u64>,

    pub(super) response_version_text: Option<Span>,
    pub(super) response_version: Version,
    pub(super) status_text: Option<Span>,
    pub(super) status: Option<u16>,
    pub(super) reason: Option<Span>,
    pub(super) response_transfer: Transfer,
    /// Progress of each direction as the parser sees it; the response's may go back after a 100 Continue.
    pub(super) progress: [u8; 2],
    pub(super) marks: Marks,
    pub(super) bodies: [Carried; 2],
}

impl Carried {
    /// Gives back room that only waited for more.
    pub(super) fn rest(&mut self) {
        if let Kept::Here(body) = &mut self.kept {
            body.rest();
        }
    }
}

impl Exchange {
    /// The head of one direction.
    pub(super) fn head(&self, direction: Direction) -> &Head {
        match direction {
            Direction::ToServer => &self.request,
            Direction::ToClient => &self.response,
        }
    }

    /// The body of one direction.
    pub(super) fn carried(&mut self, direction: Direction) -> &mut Carried {
        match direction {
            Direction::ToServer => &mut self.bodies[0],
            Direction::ToClient => &mut self.bodies[1],
        }
    }

    /// The kept bytes of a body.
    pub(super) fn body<'a>(&'a self, direction: Direction, files: &'a [File]) -> Option<&'a Body> {
        match &self.bodies[direction.index()].kept {
            Kept::Nothing => None,
            Kept::Here(body) => Some(body),
            Kept::InFile(place) => files.get(*place).map(|file| &file.body),
        }
    }

    /// For use by another exchange: forgets all but the memory of the heads.
    pub(super) fn recycle(mut self) -> Self {
        self.request.clear();
        self.response.clear();
        Self { request: self.request, response: self.response, ..Self::default() }
    }
}
