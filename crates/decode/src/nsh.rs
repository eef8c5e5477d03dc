//! Network service header (RFC 8300). What it carries continues the level it is found in.

use crate::DecodeEvent as Event;
use crate::part::Part;
use crate::walk::Walk;

impl Walk<'_> {
    /// False when the header is broken.
    pub(crate) fn nsh(&mut self, part: Part<'_>) -> bool {
        let (Some(first), Some([_, _, kind, next, ..])) = (part.u16(0), part.header::<8>()) else {
            self.broken(Event::NshHeaderTooSmall);
            return false;
        };
        if !self.descend() {
            return false;
        }
        if first >> 14 != 0 {
            self.odd(Event::NshUnsupportedVersion);
            return true;
        }
        let length = usize::from(first & 0x3f) * 4;
        // There is always something behind the header, and metadata of type 1 is 16 bytes (§2.4).
        if length >= part.len() || length < 8 {
            self.odd(Event::NshBadHeaderLength);
            return false;
        }
        match kind & 0x0f {
            0 => {
                self.odd(Event::NshReservedType);
                return true;
            }
            1 if length != 24 => {
                self.odd(Event::NshBadHeaderLength);
                return false;
            }
            1 | 2 => {}
            _ => {
                self.odd(Event::NshUnsupportedType);
                return true;
            }
        }
        let body = part.skip(length);
        match next {
            1 => {
                self.ipv4(body);
            }
            2 => {
                self.ipv6(body);
            }
            3 => {
                self.ethernet(body);
            }
            5 => self.mpls(body),
            _ => self.odd(Event::NshUnknownPayload),
        }
        true
    }
}
