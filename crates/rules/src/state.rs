//! What rules keep with a flow.

use model::Time;
use smallvec::SmallVec;

use crate::count::Counter;
use crate::ir::{Tag, TagMetric};

/// What rules keep with a flow. Small, and empty for most flows.
#[derive(Debug, Default, Clone)]
pub struct FlowState {
    /// Every packet from here on is dropped (a `drop` rule took the flow).
    pub dropped: bool,
    /// Every packet from here on passes uninspected (a `pass` rule took the flow).
    pub passed: bool,
    /// The firewall accepts every packet from here on; rules of detection still look at them.
    pub accepted: bool,
    /// It was the firewall that dropped the flow.
    pub(crate) dropped_by_firewall: bool,
    /// A rule switched off logging of the flow.
    pub quiet: bool,
    /// The flow's files are to be stored, per direction (`filestore` with scope flow).
    pub store_files: [bool; 2],
    pub(crate) ip_only_done: [bool; 2],
    pub(crate) bits: SmallVec<[u32; 4]>,
    pub(crate) ints: SmallVec<[(u32, u32); 1]>,
    pub(crate) vars: Vec<(u32, Vec<u8>)>,
    pub(crate) tag: Option<Box<FlowTag>>,
    /// Thresholds tracked by flow: rule, which of its conditions, counter.
    pub(crate) counters: Vec<(u32, u8, Counter)>,
    /// Transactions' own bits (`xbits` with `track tx`): bit, transaction.
    pub(crate) tx_bits: SmallVec<[(u32, u64); 1]>,
}

/// A tag at work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowTag {
    tag: Tag,
    began: Time,
    packets: u32,
    bytes: u64,
    /// The packet that started it was left out.
    skipped: bool,
}

/// What a tag says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagCount {
    /// It is the packet that started the tag.
    Skipped,
    /// It is tagged.
    Tagged,
    /// The tag is over.
    Over,
}

impl FlowTag {
    pub(crate) fn new(tag: Tag, began: Time) -> Self {
        Self { tag, began, packets: 0, bytes: 0, skipped: false }
    }

    /// Counts a packet.
    pub(crate) fn count(&mut self, now: Time, len: u64) -> TagCount {
        if !std::mem::replace(&mut self.skipped, true) {
            return TagCount::Skipped;
        }
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len);
        let over = self.tag.count > 0
            && match self.tag.metric {
                TagMetric::Packets => self.packets > self.tag.count,
                TagMetric::Bytes => self.bytes > self.tag.count.into(),
                TagMetric::Seconds => now.secs().saturating_sub(self.began.secs()) > self.tag.count.into(),
            };
        if over { TagCount::Over } else { TagCount::Tagged }
    }
}

/// Flow variables per flow at most.
pub(crate) const VARS_MAX: usize = 16;

impl FlowState {
    /// EVE's `drop.reason` for the packets of a dropped flow.
    pub fn drop_reason(&self) -> &'static str {
        if self.dropped_by_firewall { "firewall flow drop" } else { "flow drop" }
    }

    /// Whether a flowbit is set, by its number.
    pub(crate) fn has_bit(&self, bit: u32) -> bool {
        self.bits.contains(&bit)
    }

    pub(crate) fn set_bit(&mut self, bit: u32) {
        if !self.has_bit(bit) {
            self.bits.push(bit);
        }
    }

    pub(crate) fn unset_bit(&mut self, bit: u32) {
        self.bits.retain(|each| *each != bit);
    }

    pub(crate) fn int(&self, name: u32) -> Option<u32> {
        self.ints.iter().find(|(each, _)| *each == name).map(|(_, value)| *value)
    }

    pub(crate) fn set_int(&mut self, name: u32, value: u32) {
        match self.ints.iter_mut().find(|(each, _)| *each == name) {
            Some((_, place)) => *place = value,
            None => self.ints.push((name, value)),
        }
    }

    pub(crate) fn var(&self, name: u32) -> Option<&[u8]> {
        self.vars.iter().find(|(each, _)| *each == name).map(|(_, value)| value.as_slice())
    }

    /// Keeps a captured value; a later one under the same name replaces it.
    pub(crate) fn set_var(&mut self, name: u32, value: &[u8]) {
        if let Some((_, place)) = self.vars.iter_mut().find(|(each, _)| *each == name) {
            place.clear();
            place.extend_from_slice(value);
        } else if self.vars.len() < VARS_MAX {
            self.vars.push((name, value.to_vec()));
        }
    }
}
