//! What rules look at: one packet, or pseudo packet, with everything around it.

use decode::Layers;
use model::{Direction, FlowId, PacketId, Time};
use protocol::{App, ProtocolId};
use smallvec::SmallVec;

use crate::FlowState;

/// One packet at one tunnel level, or a pseudo packet at the end of a flow.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Position in the input; 0 for a pseudo packet.
    pub packet: PacketId,
    /// Packet time.
    pub time: Time,
    /// Bytes that the ranges of `layers` index; empty for a pseudo packet.
    pub bytes: &'a [u8],
    /// Headers. A pseudo packet has the addresses and ports of its flow in its direction.
    pub layers: &'a Layers,
    /// Transport payload; empty for a pseudo packet.
    pub payload: &'a [u8],
    /// A pseudo packet.
    pub pseudo: bool,
    /// Content rules may look at `payload` (Suricata's absence of `PKT_NOPAYLOAD_INSPECTION`).
    pub inspect_payload: bool,
    /// The flow; `None` when the packet has none.
    pub flow: Option<FlowScene<'a>>,
}

/// The flow as it stands after this packet was taken in.
#[derive(Debug)]
pub struct FlowScene<'a> {
    /// Its id.
    pub id: FlowId,
    /// Which way the packet goes.
    pub direction: Direction,
    /// `flow:established` holds.
    pub established: bool,
    /// The flow has come to its end (TCP: closed by both sides).
    pub closed: bool,
    /// It is the first packet of its direction.
    pub opened: bool,
    /// Whole seconds from its first packet to this.
    pub age_secs: u64,
    /// Packets per direction, this one included.
    pub packets: [u64; 2],
    /// Bytes per direction, this packet included.
    pub bytes: [u64; 2],
    /// By this packet, protocol detection came to an end in these directions (found or given up).
    pub detected: [bool; 2],
    /// The flow's own app-layer events that this packet raised.
    pub app_events: &'a [&'static str],
    /// State of the rules.
    pub state: &'a mut FlowState,
    /// The application layer.
    pub app: &'a mut App,
    /// No more data will come in these directions, or the parser has given up: what is there is all there is.
    pub ended: [bool; 2],
    /// These directions have reached the reassembly depth: their transactions come no further, and count as complete.
    pub beyond: [bool; 2],
    /// The TCP stream; `None` for other protocols and without a session.
    pub stream: Option<StreamScene<'a>>,
    /// Frames with news in the packet's direction, in order of their start.
    pub frames: Vec<FrameScene<'a>>,
}

/// The TCP stream as it stands.
#[derive(Debug, Clone, Copy)]
pub struct StreamScene<'a> {
    /// The session is established or beyond (`PKT_STREAM_EST`).
    pub established: bool,
    /// The packet's payload was added to the stream (`PKT_STREAM_ADD`).
    pub added: bool,
    /// The application layer sees no more of the stream (`STREAMTCP_FLAG_APP_LAYER_DISABLED`).
    pub app_off: bool,
    /// Stream data for content rules, in the packet's direction; empty when there is nothing new.
    pub windows: &'a [Window<'a>],
    /// The same, widened to the left by the minimal inspection depth, for rules that also look at a transaction; empty when
    /// that is no more.
    pub wide: &'a [Window<'a>],
    /// Bytes sent per direction: `stream_size`.
    pub sizes: [u32; 2],
    /// Stream events of this packet, bit `n` for event `n` of the flow stage.
    pub events: u128,
}

/// A stretch of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Offset of its first byte in its direction, from 0.
    pub offset: u64,
    /// The bytes.
    pub data: &'a [u8],
}

/// A named part of the stream, as far as it is there.
#[derive(Debug)]
pub struct FrameScene<'a> {
    /// Whose frame.
    pub protocol: ProtocolId,
    /// Its kind, without the protocol's name.
    pub kind: &'static str,
    /// Its number inside the flow.
    pub id: u64,
    /// Its bytes, from `offset` on.
    pub data: &'a [u8],
    /// Offset of `data` inside the frame; more than 0 when its start is gone.
    pub offset: u64,
    /// `data` reaches to its end.
    pub whole: bool,
    /// Transaction it belongs to.
    pub tx: Option<u64>,
    /// Rules that matched on it; kept by the engine with the frame.
    pub matched: &'a mut SmallVec<[u32; 2]>,
}
