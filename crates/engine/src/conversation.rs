//! What the engine keeps with a flow: its application layer, its rule state, and samples for the detectors.

use flow::{Flow, FlowState};
use model::{Direction, Fact, FlowFact, Time};
use protocol::{App, AppStatus, Endpoints};

/// The engine's own state of a flow.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// The application layer.
    pub(crate) app: App,
    /// Rule state: flowbits and the like.
    pub(crate) rules: rules::FlowState,
    /// No more data will come, per direction.
    pub(crate) ended: [bool; 2],
    /// By the packet at hand, protocol detection came to an end in these directions.
    pub(crate) detected: [bool; 2],
    /// App-layer events of the flow itself that the packet at hand raised.
    pub(crate) app_events: Vec<&'static str>,
    /// A signature matched.
    pub(crate) alerted: bool,
    /// Stream events already logged would repeat without bound; this many were.
    pub(crate) anomalies: u16,
    /// Transactions that were logged or dropped.
    pub(crate) transactions: u64,
    samples: Vec<(Time, Direction, u32)>,
    bursts: Vec<(Time, Direction, u32)>,
    last_payload: Time,
}

/// Silence after which a payload counts as the start of a burst, in nanoseconds.
const BURST_SILENCE_NS: u64 = 1_000_000_000;

impl Conversation {
    /// Keeps when and how much payload travelled, up to the limit.
    pub(crate) fn sample(&mut self, time: Time, direction: Direction, len: usize) {
        if len == 0 {
            return;
        }
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if self.samples.len() < FlowFact::SAMPLES {
            self.samples.push((time, direction, len));
        }
        if time.nanos_since(self.last_payload) >= BURST_SILENCE_NS && self.bursts.len() < FlowFact::SAMPLES {
            self.bursts.push((time, direction, len));
        }
        self.last_payload = time;
    }

    /// For which directions detection of the protocol is over.
    pub(crate) fn detection_done(&self) -> [bool; 2] {
        Direction::BOTH.map(|direction| self.app.detection_done(direction))
    }

    /// Notes what the packet at hand changed in the application layer; `before`: what was over before it.
    pub(crate) fn note_detection(&mut self, before: [bool; 2]) {
        let now = self.detection_done();
        self.detected = [now[0] && !before[0], now[1] && !before[1]];
        self.app_events = self.app.take_events();
    }

    /// The flow as a fact for the detectors; takes the samples.
    pub(crate) fn flow_fact(&mut self, flow: &Flow, gaps: [bool; 2]) -> FlowFact {
        FlowFact {
            who: who(flow),
            last: flow.last_time,
            last_packet: flow.last_packet,
            packets: flow.packets,
            bytes: flow.bytes,
            payload: flow.payload,
            tcp_flags: flow.tcp_flags,
            established: flow.state != FlowState::New && flow.packets.iter().all(|count| *count > 0),
            protocol: self.app.name(),
            samples: std::mem::take(&mut self.samples),
            bursts: std::mem::take(&mut self.bursts),
            entropy_percent: 255,
            gaps: gaps.map(u64::from),
        }
    }
}

/// The flow's addresses as facts carry them.
pub(crate) fn who(flow: &Flow) -> Fact {
    Fact {
        flow: flow.id,
        client: flow.client,
        server: flow.server,
        client_port: flow.client_port,
        server_port: flow.server_port,
        transport: flow.protocol,
        began: flow.first_time,
        first_packet: flow.first_packet,
    }
}

/// The flow's addresses as protocols take them.
pub(crate) fn endpoints(flow: &Flow) -> Endpoints {
    Endpoints {
        client: flow.client,
        server: flow.server,
        client_port: flow.client_port,
        server_port: flow.server_port,
        transport: flow.protocol,
    }
}
