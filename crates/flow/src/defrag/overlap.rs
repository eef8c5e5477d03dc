//! Who wins where fragments overlap.
//!
//! Novak, "Target-Based Fragmentation Reassembly" (2005): systems differ, and each rule looks only at where the earlier and
//! the later fragment begin and end.

use std::ops::Range;

use crate::Policy;

/// Which of two overlapping fragments keeps the bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The earlier one.
    First,
    /// The later one.
    Last,
    /// The earlier one, unless the later one begins before it.
    #[default]
    Bsd,
    /// The later one, unless the earlier one begins behind it.
    BsdRight,
    /// The earlier one, unless the later one begins before it or at the same place.
    Linux,
    /// The earlier one, unless the later one begins before it and ends behind it.
    Windows,
    /// The earlier one, unless the later one begins before it and ends behind it or at the same place.
    Solaris,
}

impl Overlap {
    /// What a system that resolves TCP segments by `policy` does with fragments.
    pub const fn of(policy: Policy) -> Self {
        match policy {
            Policy::None | Policy::Bsd | Policy::Hpux10 | Policy::Irix => Overlap::Bsd,
            Policy::BsdRight => Overlap::BsdRight,
            Policy::OldLinux | Policy::Linux => Overlap::Linux,
            Policy::First | Policy::OldSolaris | Policy::Hpux11 | Policy::MacOs => Overlap::First,
            Policy::Last => Overlap::Last,
            Policy::Solaris => Overlap::Solaris,
            Policy::Windows | Policy::Vista | Policy::Windows2k3 => Overlap::Windows,
        }
    }

    /// Whether the later fragment takes the bytes that both have.
    pub(super) fn later_wins(self, earlier: &Range<u32>, later: &Range<u32>) -> bool {
        let before = later.start < earlier.start;
        match self {
            Overlap::First => false,
            Overlap::Last => true,
            Overlap::Bsd => before,
            Overlap::BsdRight => later.start >= earlier.start,
            Overlap::Linux => later.start <= earlier.start,
            Overlap::Windows => before && later.end > earlier.end,
            Overlap::Solaris => before && later.end >= earlier.end,
        }
    }
}
