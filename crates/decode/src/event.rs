//! What was odd about a packet, under Suricata's `decode-event` names.

/// One oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DecodeEvent {
    /// `ipv4.pkt_too_small`
    Ipv4PacketTooSmall,
}

/// A set of [`DecodeEvent`]s, in order of their number.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct DecodeEvents([u64; 4]);

impl DecodeEvents {
    /// Adds one.
    pub fn insert(&mut self, event: DecodeEvent) {
        let number = event as usize;
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Whether `event` is in the set.
    pub fn contains(&self, event: DecodeEvent) -> bool {
        let number = event as usize;
        self.0[number / 64] & (1 << (number % 64)) != 0
    }

    /// Whether nothing was odd.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}
