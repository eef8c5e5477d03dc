//! Telnet (RFC 854): told apart into negotiation and data, which rules can address as frames.
//!
//! Limits: a subnegotiation of 4 KiB; what has no end by then is data.

#[cfg(test)]
mod tests;

use crate::session::bookkeeping;
use crate::{Data, Fed, Frame, Input, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transactions};

const COMMAND: u8 = 0xff;
const SUBNEGOTIATION: u8 = 0xfa;
const SUBNEGOTIATION_END: u8 = 0xf0;
const NEGOTIATION_BYTES_MAX: usize = 4096;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    help: "Telnet.",
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[23]),
        side: Side::Server,
        depth_min: 2,
        depth_max: 3,
        look: |bytes, _, _| match bytes {
            [COMMAND, SUBNEGOTIATION_END..=0xfe, ..] => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Telnet::default())),
    accepts_gaps: true,
    ..Protocol::EMPTY
};

/// State of a flow: there is none, for there are no transactions.
#[derive(Debug)]
pub(crate) struct Telnet {
    transactions: Transactions<()>,
}

impl Default for Telnet {
    fn default() -> Self {
        Self { transactions: Transactions::new(0) }
    }
}

impl Session for Telnet {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Used(0) };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((kind, len)) = unit(rest, input.end) else { break };
            for kind in ["pdu", kind] {
                input.asks.frames.push(Frame {
                    kind,
                    direction: input.direction,
                    offset: at as i64,
                    len: Some(len as u64),
                    tx: None,
                });
            }
            at += len;
        }
        Fed::Used(at)
    }

    bookkeeping!(transactions);
}

/// The kind and length of what stands at the start of `bytes`; `None` when its end is not there yet.
fn unit(bytes: &[u8], ended: bool) -> Option<(&'static str, usize)> {
    if bytes.first() != Some(&COMMAND) {
        return Some(("data", memchr::memchr(COMMAND, bytes).unwrap_or(bytes.len())));
    }
    let len = match bytes.get(1) {
        // A doubled 255 is the byte 255 itself.
        Some(&COMMAND) => return Some(("data", 2)),
        Some(&SUBNEGOTIATION) => {
            let end = memchr::memmem::find(bytes, &[COMMAND, SUBNEGOTIATION_END]).map(|at| at + 2);
            match end {
                Some(end) => end,
                None if ended || bytes.len() > NEGOTIATION_BYTES_MAX => return Some(("data", bytes.len())),
                None => return None,
            }
        }
        Some(0xfb..) => 3,
        Some(_) => 2,
        None => return ended.then_some(("data", 1)),
    };
    match bytes.len() >= len {
        true => Some(("ctl", len)),
        false => ended.then_some(("data", bytes.len())),
    }
}
