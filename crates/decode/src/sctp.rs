//! SCTP common header and chunk list (RFC 9260 §3).

use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, SCTP_CHUNKS_MAX, Sctp, Transport};

/// More DATA chunks than this in one packet are odd.
const DATA_CHUNKS_MAX: u16 = 16;
const DATA: u8 = 0;
const INIT: u8 = 1;

impl Walk<'_> {
    pub(crate) fn sctp(&mut self, part: Part<'_>) {
        let Some([s0, s1, d0, d1, tag @ .., _, _, _, _]) = part.header::<12>() else {
            return self.broken(Event::SctpPktTooSmall);
        };
        let mut sctp =
            Sctp { at: part.start(), tag: u32::from_be_bytes(*tag), chunks: 0, kinds: [0; SCTP_CHUNKS_MAX] };
        self.layers.src_port = u16::from_be_bytes([*s0, *s1]);
        self.layers.dst_port = u16::from_be_bytes([*d0, *d1]);
        self.layers.payload = part.skip(12).range();
        self.layers.wants_flow = true;
        self.sctp_chunks(part.skip(12), &mut sctp);
        self.layers.transport = Transport::Sctp(sctp);
    }

    fn sctp_chunks(&mut self, mut part: Part<'_>, sctp: &mut Sctp) {
        let mut data: u16 = 0;
        let mut inits: u16 = 0;
        while part.len() > 0 {
            let (Some(kind), Some(length)) = (part.byte(0), part.u16(2)) else {
                self.odd(Event::SctpChunkTooSmall);
                break;
            };
            let length = usize::from(length);
            if length < 4 || length > part.len() {
                self.odd(Event::SctpChunkLenInvalid);
                break;
            }
            if let Some(slot) = sctp.kinds.get_mut(usize::from(sctp.chunks)) {
                *slot = kind;
            }
            sctp.chunks = sctp.chunks.saturating_add(1);
            match kind {
                DATA => data = data.saturating_add(1),
                INIT => inits = inits.saturating_add(1),
                _ => {}
            }
            // Chunks are padded to four bytes; the last one need not be.
            part = part.skip(length.next_multiple_of(4));
        }
        // RFC 9260 §3: INIT travels alone, and with a zero tag (§8.5.1); data never with a zero tag.
        if inits > 0 && sctp.chunks > 1 {
            self.odd(Event::SctpInitChunkBundled);
        }
        if inits > 0 && sctp.tag != 0 {
            self.odd(Event::SctpInitWithNonZeroVtag);
        }
        if data > 0 && sctp.tag == 0 {
            self.odd(Event::SctpDataWithZeroVtag);
        }
        if usize::from(sctp.chunks) > SCTP_CHUNKS_MAX {
            self.odd(Event::SctpTooManyChunks);
        }
        if data > DATA_CHUNKS_MAX {
            self.odd(Event::SctpTooManyDataChunks);
        }
    }
}
