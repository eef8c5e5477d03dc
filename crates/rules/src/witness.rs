//! What became of every rule over a capture, for whoever writes rules: where each alert came from, and for a rule that said
//! nothing, how near it came.
//!
//! Limits: [`HITS_MAX`] alerts kept per rule, [`EXCERPT_MAX`] bytes shown of a buffer. Watching holds every rule against
//! everything and is slow; it never changes what rules do.

use model::{Direction, FlowId, PacketId, Time};

/// Alerts kept per rule; more are counted.
pub const HITS_MAX: usize = 32;
/// Bytes shown of a buffer.
pub(crate) const EXCERPT_MAX: usize = 48;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// How often rules are asked, and what that costs.
    Costs,
    /// That, and how near the rules with these numbers come; none named = all.
    Conditions(Vec<u32>),
}

/// What became of every rule.
#[derive(Debug, Default)]
pub struct Witness {
    /// By position in the rule set.
    pub rules: Vec<Testimony>,
    /// What looking for strings came to, by [`crate::Group::search`].
    pub searches: Vec<Search>,
    /// Packets that rules were held against.
    pub packets: u64,
    /// Positions of the rules whose conditions are watched.
    pub(crate) watched: Vec<u32>,
}

/// What looking for the strings of a group came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Buffers that were searched.
    pub buffers: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rules that became candidates by it, those found in the same packet before apart.
    pub candidates: u64,
}

/// What became of one rule.
#[derive(Debug, Default, Clone)]
pub struct Testimony {
    /// How often it gave an alert.
    pub alerts: u64,
    /// How often it matched, thresholds and `noalert` apart.
    pub matches: u64,
    /// How often it was asked, by the way that rules are held against traffic.
    pub checks: u64,
    /// Operations on bytes that this took.
    pub steps: u64,
    /// Bytes of the buffers that it looked at.
    pub bytes: u64,
    /// The first alerts.
    pub hits: Vec<Sighting>,
    /// The most of it that ever held at a time, and what did not.
    pub nearest: Option<Near>,
}

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenery {
    /// The packet; 0 for one that ended a flow.
    pub packet: PacketId,
    /// Packet time.
    pub time: Time,
    /// The flow; 0 without.
    pub flow: FlowId,
    /// Which way the packet went.
    pub direction: Direction,
    /// The transaction.
    pub tx: Option<u64>,
}

/// One alert.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// Where.
    pub at: Scenery,
    /// What held, in the order in which it was asked. Empty when the packet only brought the last of several conditions, and
    /// the others had held before.
    pub held: Vec<Held>,
}

/// A condition on bytes that held.
#[derive(Debug, Clone)]
pub struct Held {
    /// The buffer.
    pub buffer: String,
    /// The condition.
    pub condition: String,
    /// Where in the buffer what it found ends; `None` when it has no place.
    pub end: Option<usize>,
}

/// How near a rule came.
#[derive(Debug, Clone)]
pub struct Near {
    /// Where.
    pub at: Scenery,
    /// Conditions that held.
    pub held: u32,
    /// Conditions that it has.
    pub of: u32,
    /// The first that did not.
    pub failed: String,
    /// In which buffer; empty outside of buffers.
    pub buffer: String,
    /// What was there instead.
    pub seen: String,
}

/// Bytes for the eye: printable ones as they are, others in hexadecimal between bars.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let shown = bytes.get(..EXCERPT_MAX).unwrap_or(bytes);
    let mut out = crate::text::written(shown);
    if shown.len() < bytes.len() {
        out.push('…');
    }
    out
}
