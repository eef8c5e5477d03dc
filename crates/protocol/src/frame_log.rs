//! Protocols that stand in Ethernet frames without IP: no flow, no session, a record per frame that says something new.

use json::Json;

use crate::{goose, profinet_dcp};

/// Frames of one kind: how they are named, and what writes their record.
struct Kind {
    ether_type: u16,
    /// `event_type` of the record.
    name: &'static str,
    /// Writes the record's object; false = nothing to tell, and then nothing was written.
    write: fn(&mut FrameLog, [u8; 6], &[u8], &mut Json) -> bool,
}

/// One line per protocol.
const KINDS: &[Kind] = &[
    Kind {
        ether_type: goose::ETHER_TYPE,
        name: "goose",
        write: |log, source, bytes, json| log.goose.write(source, bytes, json),
    },
    Kind {
        ether_type: profinet_dcp::ETHER_TYPE,
        name: "profinet_dcp",
        write: |_, _, bytes, json| profinet_dcp::write(bytes, json),
    },
];

/// What was told of such frames so far.
#[derive(Debug, Default)]
pub struct FrameLog {
    goose: goose::Seen,
}

impl FrameLog {
    /// The `event_type` of an EtherType's frames; `None`: nobody reads them.
    pub fn event_type(ether_type: u16) -> Option<&'static str> {
        KINDS.iter().find(|kind| kind.ether_type == ether_type).map(|kind| kind.name)
    }

    /// Writes the object of a frame's record, from what follows its EtherType; false: the frame says nothing new, or is
    /// broken, and nothing was written.
    pub fn write(&mut self, ether_type: u16, source: [u8; 6], bytes: &[u8], json: &mut Json) -> bool {
        let kind = KINDS.iter().find(|kind| kind.ether_type == ether_type);
        kind.is_some_and(|kind| (kind.write)(self, source, bytes, json))
    }
}
