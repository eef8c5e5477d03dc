//! What rules keep with a flow.

use smallvec::SmallVec;

/// What rules keep with a flow. Small, and empty for most flows.
#[derive(Debug, Default, Clone)]
pub struct FlowState {
    /// Every packet from here on is dropped (a `drop` rule took the flow).
    pub dropped: bool,
    /// Every packet from here on passes uninspected (a `pass` rule took the flow).
    pub passed: bool,
    /// A rule switched off logging of the flow.
    pub quiet: bool,
    /// The flow's files are to be stored, per direction (`filestore` with scope flow).
    pub store_files: [bool; 2],
    pub(crate) ip_only_done: [bool; 2],
    pub(crate) bits: SmallVec<[u32; 4]>,
    pub(crate) ints: SmallVec<[(u32, u32); 1]>,
    pub(crate) vars: Vec<(u32, Vec<u8>)>,
    pub(crate) tag: Option<Box<FlowTag>>,
    pub(crate) counters: Vec<FlowCounter>,
    /// Transactions' own bits (`xbits` with `track tx`): bit, transaction.
    pub(crate) tx_bits: SmallVec<[(u32, u64); 1]>,
}

/// `tag:session` at work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowTag {
    pub(crate) until: crate::ir::Tag,
    pub(crate) began: model::Time,
    pub(crate) packets: u32,
    pub(crate) bytes: u64,
    pub(crate) first: bool,
}

/// A threshold tracked by flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowCounter {
    pub(crate) rule: u32,
    pub(crate) which: u8,
    pub(crate) began: model::Time,
    pub(crate) count: u32,
    pub(crate) next: u32,
    pub(crate) until: model::Time,
}

/// Flow variables per flow at most.
pub(crate) const VARS_MAX: usize = 16;

impl FlowState {
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
