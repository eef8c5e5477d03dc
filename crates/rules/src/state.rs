//! What rules keep with a flow.

use std::sync::LazyLock;

use model::{Blank, Seldom, Time};
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
    /// The zone of its segments from the lower to the higher address, once that was asked; of TCP only.
    pub(crate) zone: Option<u8>,
    /// All transactions were looked at as they stand, per direction, and whether what was there was all there would be.
    pub(crate) settled: [Option<bool>; 2],
    pub(crate) bits: SmallVec<[u32; 4]>,
    pub(crate) rare: Seldom<Lists>,
}

/// What rules keep with few flows: every flow that rules look at has a state, and all together these lists were most of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lists {
    pub(crate) ints: SmallVec<[(u32, u32); 1]>,
    pub(crate) vars: Vec<(u32, Vec<u8>)>,
    pub(crate) tags: Tags,
    /// Thresholds tracked by flow: rule, which of its conditions, counter.
    pub(crate) counters: Vec<(u32, u8, Counter)>,
    /// Transactions' own bits (`xbits` with `track tx`): bit, transaction.
    pub(crate) tx_bits: SmallVec<[(u32, u64); 1]>,
}

impl Blank for FlowState {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<FlowState> = LazyLock::new(FlowState::default);
        &BLANK
    }
}

impl Blank for Lists {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<Lists> = LazyLock::new(Lists::default);
        &BLANK
    }
}

/// Tags at work on one flow or host.
///
/// Limits: [`TAGS_MAX`] tags, [`STARTS_MAX`] new starts of one tag.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tags {
    list: Vec<TagAtWork>,
}

/// A tag at work.
#[derive(Debug, Clone, Copy)]
struct TagAtWork {
    tag: Tag,
    rule: u32,
    began: Time,
    packets: u32,
    bytes: u64,
    /// The packet that started it was left out: its alert tells of it.
    skipped: bool,
    starts: u8,
}

/// Tags that one flow or host has at a time.
const TAGS_MAX: usize = 50;
/// How often the same rule starts its tag anew before it runs out.
const STARTS_MAX: u8 = 10;

impl Tags {
    /// A rule asks for the packets that follow. The same rule asking again starts the count anew.
    pub(crate) fn start(&mut self, tag: Tag, rule: u32, now: Time) {
        let known = self.list.iter_mut().find(|known| known.rule == rule && known.tag == tag);
        if let Some(known) = known {
            if known.starts < STARTS_MAX {
                *known = TagAtWork { began: now, packets: 0, bytes: 0, starts: known.starts + 1, ..*known };
            }
        } else if self.list.len() < TAGS_MAX {
            let (packets, bytes, skipped, starts) = (0, 0, false, 0);
            self.list.push(TagAtWork { tag, rule, began: now, packets, bytes, skipped, starts });
        }
    }

    /// Counts a packet; says whether a tag asks for it. Tags that have run out are forgotten.
    pub(crate) fn count(&mut self, now: Time, len: u64) -> bool {
        let mut tagged = false;
        self.list.retain_mut(|each| {
            each.packets = each.packets.saturating_add(1);
            each.bytes = each.bytes.saturating_add(len);
            if !std::mem::replace(&mut each.skipped, true) {
                return true;
            }
            let over = !each.is_within(now);
            tagged |= !over;
            !over
        });
        tagged
    }

    /// Whether no tag is at work.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl TagAtWork {
    fn is_within(&self, now: Time) -> bool {
        let count = u64::from(self.tag.count);
        count == 0
            || match self.tag.metric {
                TagMetric::Packets => u64::from(self.packets) <= count,
                TagMetric::Bytes => self.bytes <= count,
                TagMetric::Seconds => now.secs().saturating_sub(self.began.secs()) <= count,
            }
    }
}

/// Flow variables per flow at most.
pub(crate) const VARS_MAX: usize = 16;

impl FlowState {
    /// The application layer was given something: its transactions may have changed.
    pub fn unsettle(&mut self) {
        self.settled = [None; 2];
    }

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
        self.rare.ints.iter().find(|(each, _)| *each == name).map(|(_, value)| *value)
    }

    pub(crate) fn set_int(&mut self, name: u32, value: u32) {
        match self.rare.ints.iter_mut().find(|(each, _)| *each == name) {
            Some((_, place)) => *place = value,
            None => self.rare.ints.push((name, value)),
        }
    }

    pub(crate) fn var(&self, name: u32) -> Option<&[u8]> {
        self.rare.vars.iter().find(|(each, _)| *each == name).map(|(_, value)| value.as_slice())
    }

    /// Keeps a captured value; a later one under the same name replaces it.
    pub(crate) fn set_var(&mut self, name: u32, value: &[u8]) {
        if let Some((_, place)) = self.rare.vars.iter_mut().find(|(each, _)| *each == name) {
            place.clear();
            place.extend_from_slice(value);
        } else if self.rare.vars.len() < VARS_MAX {
            self.rare.vars.push((name, value.to_vec()));
        }
    }
}
