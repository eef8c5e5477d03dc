//! One stream: what was sent in both directions, and how far it has come (RFC 9113 §5.1).

use model::Direction;

use super::doh::Doh;
use super::frame::{Content, Frame};
use super::hpack::Header;
use crate::http::Chain;

/// Frames kept of each direction of a stream.
const FRAMES_MAX: usize = 1024;
/// Headers kept of each direction of a stream.
const HEADERS_MAX: usize = 4096;

/// How far a stream has come; one value for both directions.
pub(super) mod state {
    pub(in crate::http2) const OPEN: u8 = 1;
    pub(in crate::http2) const RESERVED: u8 = 2;
    pub(in crate::http2) const DATA_CLIENT: u8 = 3;
    pub(in crate::http2) const HALF_CLOSED_CLIENT: u8 = 4;
    pub(in crate::http2) const DATA_SERVER: u8 = 5;
    pub(in crate::http2) const HALF_CLOSED_SERVER: u8 = 6;
    pub(in crate::http2) const CLOSED: u8 = 7;
    /// Not a stream: one frame about the whole connection.
    pub(in crate::http2) const GLOBAL: u8 = 8;
}

/// A stream, or one frame about the whole connection.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(super) id: u32,
    pub(super) state: u8,
    /// Of the client and of the server.
    pub(super) sides: [Side; 2],
    pub(super) doh: Option<Box<Doh>>,
    /// The server promised this stream in headers that go on in CONTINUATION frames.
    pub(super) promised: bool,
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) frames: Vec<Frame>,
    headers: usize,
    /// Undoes content codings.
    pub(super) chain: Option<Box<Chain>>,
    /// Position of the file that the DATA frames make.
    pub(super) file: Option<usize>,
}

impl Stream {
    pub(super) fn side(&self, direction: Direction) -> &Side {
        &self.sides[direction.index()]
    }

    pub(super) fn side_mut(&mut self, direction: Direction) -> &mut Side {
        &mut self.sides[direction.index()]
    }

    /// The next state when a frame that may end a direction has come.
    pub(super) fn advance(&mut self, direction: Direction, ends: bool, data: bool) {
        let from_client = direction == Direction::ToServer;
        self.state = match (self.state, ends) {
            (state @ (state::CLOSED | state::GLOBAL), _) => state,
            (state::HALF_CLOSED_CLIENT | state::DATA_SERVER, true) if !from_client => state::CLOSED,
            (state::HALF_CLOSED_SERVER, true) if from_client => state::CLOSED,
            (state @ (state::HALF_CLOSED_CLIENT | state::DATA_SERVER | state::HALF_CLOSED_SERVER), true) => {
                state
            }
            (_, true) if from_client => state::HALF_CLOSED_CLIENT,
            (_, true) => state::HALF_CLOSED_SERVER,
            (state, false) if data => {
                state.max(if from_client { state::DATA_CLIENT } else { state::DATA_SERVER })
            }
            (state, false) => state,
        };
    }
}

impl Side {
    pub(super) fn push(&mut self, frame: Frame) {
        if let Content::Headers(headers, _) = &frame.content {
            self.headers += headers.len();
        }
        if self.frames.len() < FRAMES_MAX && self.headers <= HEADERS_MAX {
            self.frames.push(frame);
        }
    }

    /// All headers in order, with what stands in their place.
    pub(super) fn headers(&self) -> impl Iterator<Item = &Header> {
        self.frames.iter().flat_map(|frame| match &frame.content {
            Content::Headers(headers, _) => headers.as_slice(),
            _ => &[],
        })
    }

    /// Names and values in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers().filter_map(|header| match header {
            Header::Field(name, value) => Some((&name[..], &value[..])),
            Header::SizeUpdate(_) | Header::Invalid(_) => None,
        })
    }

    /// The first value under a name.
    pub(super) fn find(&self, name: &[u8]) -> Option<&[u8]> {
        self.fields().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}
