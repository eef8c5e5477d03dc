//! What was seen, in numbers: for the summary, the page, and the statement of what was not seen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Event, EventKind, Time};

/// Pairs of hosts whose bytes are counted.
const PAIRS_MAX: usize = 100_000;

/// What was seen, in numbers.
#[derive(Debug, Default, Clone)]
pub struct Overview {
    /// Packets read.
    pub packets: u64,
    /// First and last packet time of any flow.
    pub span: Option<(Time, Time)>,
    /// Transactions by protocol.
    pub transactions: BTreeMap<&'static str, u64>,
    /// Flows.
    pub flows: u64,
    /// Flows whose application protocol was not recognised although they carried payload.
    pub flows_unknown: u64,
    /// Flows that are encrypted: only sizes, times and handshakes were seen.
    pub flows_encrypted: u64,
    /// Flows of which one side only was seen.
    pub flows_one_sided: u64,
    /// Flows with gaps in their streams.
    pub flows_with_gaps: u64,
    /// Bytes in flows.
    pub bytes: u64,
    /// Alerts.
    pub alerts: u64,
    /// Files.
    pub files: u64,
    /// Hosts of ours that spoke.
    pub hosts: usize,
    /// Bytes between pairs of hosts: client, server.
    pub talk: BTreeMap<(IpAddr, IpAddr), u64>,
}

impl Overview {
    /// Counts one event.
    pub fn count(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Flow(flow) => {
                self.flows += 1;
                self.bytes += flow.bytes[0] + flow.bytes[1];
                self.flows_with_gaps += u64::from(flow.gaps != [0, 0]);
                let payload = flow.payload[0] + flow.payload[1] > 0;
                self.flows_unknown += u64::from(payload && matches!(flow.protocol, "" | "failed"));
                self.flows_encrypted += u64::from(matches!(flow.protocol, "tls" | "quic" | "ssh" | "ike"));
                self.flows_one_sided += u64::from(flow.who.transport == 6 && flow.packets.contains(&0));
                let (began, last) = self.span.unwrap_or((flow.who.began, flow.last));
                self.span = Some((began.min(flow.who.began), last.max(flow.last)));
                let pair = (flow.who.client, flow.who.server);
                if self.talk.len() < PAIRS_MAX || self.talk.contains_key(&pair) {
                    *self.talk.entry(pair).or_default() += flow.bytes[0] + flow.bytes[1];
                }
            }
            EventKind::Transaction(fact) => *self.transactions.entry(fact.protocol).or_default() += 1,
            EventKind::Alert(_) => self.alerts += 1,
            EventKind::File(_) => self.files += 1,
        }
    }
}
