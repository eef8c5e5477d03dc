//! How HTTP/1 is recognised on any port: a method and a blank, or a version.

use model::Direction;

use crate::Pattern;

macro_rules! patterns {
    ($($method:literal)*; $($version:literal)*) => {
        /// Starts of requests and responses.
        pub(super) const PATTERNS: &[Pattern] = &[
            $(pattern(Direction::ToServer, concat!($method, " ").as_bytes()),
              pattern(Direction::ToServer, concat!($method, "\t").as_bytes()),)*
            $(pattern(Direction::ToClient, $version.as_bytes()),)*
        ];
    };
}

const fn pattern(direction: Direction, bytes: &'static [u8]) -> Pattern {
    Pattern { transport: 6, direction, bytes, nocase: true, offset: 0, depth: bytes.len(), confirm: None }
}

patterns! {
    "GET" "PUT" "POST" "HEAD" "TRACE" "OPTIONS" "CONNECT" "DELETE" "PATCH" "PROPFIND" "PROPPATCH" "MKCOL" "COPY" "MOVE"
    "LOCK" "UNLOCK" "CHECKOUT" "UNCHECKOUT" "CHECKIN" "UPDATE" "LABEL" "REPORT" "MKWORKSPACE" "MKACTIVITY" "MERGE"
    "INVALID" "VERSION-CONTROL" "BASELINE-CONTROL";
    "HTTP/0.9" "HTTP/1.0" "HTTP/1.1"
}
