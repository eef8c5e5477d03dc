//! What a match changes, and conditions that need the whole input in order.

use crate::AddressSet;
use serde::{Deserialize, Serialize};

/// A condition that only the one who sees the whole input in order can decide.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Late {
    /// `threshold`.
    Threshold {
        /// How.
        kind: ThresholdKind,
        /// Counted per what.
        track: Track,
        /// How many.
        count: u32,
        /// In how many seconds.
        seconds: u32,
    },
    /// `detection_filter`.
    DetectionFilter {
        /// Counted per what.
        track: Track,
        /// More than how many.
        count: u32,
        /// In how many seconds.
        seconds: u32,
        /// Count distinct ports instead of matches.
        unique_on: Option<UniqueOn>,
    },
    /// `rate_filter`.
    RateFilter {
        /// Counted per what.
        track: Track,
        /// More than how many.
        count: u32,
        /// In how many seconds.
        seconds: u32,
        /// The action while the rate is exceeded.
        action: super::Verb,
        /// For how many seconds.
        timeout: u32,
    },
    /// `suppress`.
    Suppress {
        /// Which address.
        track: SuppressTrack,
        /// The addresses; any when the rule is suppressed altogether.
        addresses: AddressSet,
    },
}

/// How a threshold counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThresholdKind {
    /// `limit`: at most so many.
    Limit,
    /// `threshold`: each so-manieth.
    Threshold,
    /// `both`: once per period, when there are so many.
    Both,
    /// `backoff`: the count-th, then the count·multiplier-th, …
    Backoff {
        /// Factor.
        multiplier: u32,
    },
}

/// Per what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum Track {
    Src,
    Dst,
    Both,
    Rule,
    Flow,
}

/// What `unique_on` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum UniqueOn {
    SrcPort,
    DstPort,
}

/// Which address `suppress` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum SuppressTrack {
    Rule,
    Src,
    Dst,
    Either,
}

/// Whose bit an `xbits` or `hostbits` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum BitTrack {
    Src,
    Dst,
    /// `ip_pair`.
    Pair,
    /// `tx`: of the transaction; never leaves its flow.
    Tx,
    /// `hostbits:…,both`: source and destination.
    Both,
}

/// What a match changes.
#[derive(Debug, Clone)]
pub enum PostAction {
    /// `flowbits:set`.
    FlowbitSet(String),
    /// `flowbits:unset`.
    FlowbitUnset(String),
    /// `flowbits:toggle`.
    FlowbitToggle(String),
    /// `flowint:name,=,value`, `+`, `-`.
    Flowint {
        /// The variable.
        name: String,
        /// `=`, `+` or `-`.
        operator: char,
        /// By a number…
        value: u32,
        /// …or by another variable.
        other: Option<String>,
    },
    /// `xbits:set`, `hostbits:set`.
    XbitSet {
        /// The bit.
        name: String,
        /// Whose.
        track: BitTrack,
        /// For how many seconds.
        expire: u32,
    },
    /// `xbits:unset`.
    XbitUnset {
        /// The bit.
        name: String,
        /// Whose.
        track: BitTrack,
    },
    /// `xbits:toggle`.
    XbitToggle {
        /// The bit.
        name: String,
        /// Whose.
        track: BitTrack,
        /// For how many seconds.
        expire: u32,
    },
    /// `filestore`: which files of which scope, as in Suricata's table.
    Filestore {
        /// `request`/`response`/`both` (`None` = the rule's own direction).
        direction: Option<Option<model::Direction>>,
        /// `file`, `tx`, `ssn`/`flow`.
        scope: super::ActionScope,
    },
    /// `tag`.
    Tag(Tag),
    /// `bypass`.
    Bypass,
    /// `config:logging disable, …`: logging of the transaction or flow is off.
    ConfigLoggingOff {
        /// `scope`: tx or flow (packet is not used).
        scope: super::ActionScope,
    },
}

/// `tag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Packets of what.
    pub of: TagOf,
    /// How many.
    pub count: u32,
    /// Of what.
    pub metric: TagMetric,
}

/// Whose packets are tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum TagOf {
    Session,
    HostSource,
    HostDestination,
}

/// What `tag` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the keyword's own")]
pub enum TagMetric {
    Packets,
    Seconds,
    Bytes,
}
