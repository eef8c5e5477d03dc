//! IGMP 1 to 3 (RFC 1112, 2236, 3376) and RGMP (RFC 3488).

use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, Igmp, Transport};

const QUERY: u8 = 0x11;
const V1_REPORT: u8 = 0x12;
const V2_REPORT: u8 = 0x16;
const V2_LEAVE: u8 = 0x17;
const V3_REPORT: u8 = 0x22;

impl Walk<'_> {
    pub(crate) fn igmp(&mut self, part: Part<'_>) {
        let Some([kind, time, ..]) = part.header::<8>() else {
            return self.broken(Event::IgmpPktTooSmall);
        };
        let version = match *kind {
            // RFC 3376 §7.1: queries differ by length, and the oldest by their response time of zero.
            QUERY if part.len() == 8 => 1 + u8::from(*time != 0),
            QUERY => 3,
            V1_REPORT => 1,
            V2_REPORT | V2_LEAVE => 2,
            V3_REPORT => 3,
            _ => 0,
        };
        if version == 3 && !self.igmp_v3(*kind, part) {
            return;
        }
        let len = part.len().min(usize::from(u16::MAX)) as u16;
        self.layers.transport = Transport::Igmp(Igmp { at: part.start(), len, kind: *kind, version });
        self.check_plain_sum(part);
    }

    /// Whether the lists of a version 3 message fit into it (RFC 3376 §4.1, §4.2).
    fn igmp_v3(&mut self, kind: u8, part: Part<'_>) -> bool {
        if kind == QUERY {
            let Some(sources) = part.u16(10) else {
                self.broken(Event::IgmpV3PktTooSmall);
                return false;
            };
            if 12 + usize::from(sources) * 4 > part.len() {
                self.broken(Event::IgmpMalformed);
                return false;
            }
            return true;
        }
        let mut records = part.skip(8);
        for _ in 0..part.u16(6).unwrap_or(0) {
            let (Some(words), Some(sources)) = (records.byte(1), records.u16(2)) else {
                self.broken(Event::IgmpMalformed);
                return false;
            };
            let size = 8 + usize::from(sources) * 4 + usize::from(words) * 4;
            if size > records.len() {
                self.broken(Event::IgmpMalformed);
                return false;
            }
            records = records.skip(size);
        }
        true
    }
}
