//! What was seen, in numbers: for the summary, the page, and the statement of what was not seen.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use model::{Event, EventKind, KeptTalk, Talk, Time};

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
    /// The same while it is counted: every flow looks for its pair.
    pub(crate) counting: Counting,
}

/// Bytes by pair of hosts, while they are counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counting {
    /// Places in `sums`.
    index: HashTable<u32>,
    sums: Vec<(KeptTalk, u64)>,
}

impl Counting {
    /// Adds bytes, as long as there is room for the pair.
    fn add(&mut self, talk: Talk, bytes: u64) {
        let hasher = FixedState::with_seed(0);
        let hash = hasher.hash_one(talk);
        if let Some(at) = self.index.find(hash, |at| talk == self.sums[*at as usize].0) {
            self.sums[*at as usize].1 += bytes;
        } else if self.sums.len() < PAIRS_MAX {
            let at = u32::try_from(self.sums.len()).expect("the limit is below that");
            if self.sums.len() == self.sums.capacity() {
                self.sums.reserve_exact(self.sums.len() / 4 + 64);
            }
            self.sums.push((talk.into(), bytes));
            let sums = &self.sums;
            self.index.insert_unique(hash, at, |at| hasher.hash_one(&sums[*at as usize].0));
        }
    }
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
                let talk = Talk::between(flow.who.client, flow.who.server);
                self.counting.add(talk, flow.bytes[0] + flow.bytes[1]);
            }
            EventKind::Transaction(fact) => *self.transactions.entry(fact.protocol).or_default() += 1,
            EventKind::Alert(_) => self.alerts += 1,
            EventKind::File(_) => self.files += 1,
            EventKind::Oddity(_) => {}
        }
    }

    /// Nothing more is counted: the pairs of hosts stand in their order.
    pub fn close(&mut self) {
        let counted = std::mem::take(&mut self.counting).sums;
        self.talk.extend(counted.into_iter().map(|(talk, bytes)| {
            let Talk { client, server, .. } = talk.talk();
            ((client, server), bytes)
        }));
    }
}

/// Pairs of hosts that `overview.json` lists; how many more there are is said.
const PAIRS_LISTED_MAX: usize = 8_192;

impl crate::Report {
    /// `overview.json`: what was seen, in numbers, and which hosts exchanged how many bytes.
    pub fn overview_json(&self) -> Vec<u8> {
        let (mut json, mut clock) = (json::Json::new(), crate::eve::Clock::default());
        let overview = &self.overview;
        json.object_item().number("packets", overview.packets).number("flows", overview.flows);
        if let Some((first, last)) = overview.span {
            json.text("first", clock.format(first));
            json.text("last", clock.format(last));
        }
        json.number("bytes", overview.bytes)
            .number("alerts", overview.alerts)
            .number("files", overview.files);
        json.number("hosts_of_ours", overview.hosts as u64);
        json.number("flows_encrypted", overview.flows_encrypted)
            .number("flows_unknown", overview.flows_unknown);
        json.number("flows_one_sided", overview.flows_one_sided)
            .number("flows_with_gaps", overview.flows_with_gaps);
        json.object("transactions");
        for (protocol, count) in &overview.transactions {
            json.number(protocol, *count);
        }
        json.end().array("talk");
        for ((client, server), bytes) in overview.talk.iter().take(PAIRS_LISTED_MAX) {
            json.object_item()
                .display("client", client)
                .display("server", server)
                .number("bytes", *bytes)
                .end();
        }
        let more = overview.talk.len().saturating_sub(PAIRS_LISTED_MAX);
        // A full table may have missed pairs, too.
        let missed = u64::from(overview.talk.len() >= PAIRS_MAX);
        json.end().number("talk_left_out", more as u64 + missed).end();
        json.bytes_mut().push(b'\n');
        std::mem::take(json.bytes_mut())
    }
}
