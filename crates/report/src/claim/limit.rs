//! What weakens a claim: what was lost, what was never visible, what ran into a limit.

use crate::Report;

/// What kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Packets are missing: the capture was cut, damaged, or dropped some.
    PacketsLost,
    /// Streams have holes.
    Gaps,
    /// A table was full, and something was forgotten.
    LimitReached,
    /// Content was encrypted.
    Encrypted,
    /// Payload of protocols that are not read.
    NotUnderstood,
    /// One direction only was seen.
    OneSided,
    /// Times do not agree.
    ClockDoubt,
}

impl LimitKind {
    /// Its word in `claims.json`.
    pub const fn word(self) -> &'static str {
        match self {
            LimitKind::PacketsLost => "packets_lost",
            LimitKind::Gaps => "gaps",
            LimitKind::LimitReached => "limit_reached",
            LimitKind::Encrypted => "encrypted",
            LimitKind::NotUnderstood => "not_understood",
            LimitKind::OneSided => "one_sided",
            LimitKind::ClockDoubt => "clock_doubt",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Every kind.
    pub const ALL: [LimitKind; 7] = [
        LimitKind::PacketsLost,
        LimitKind::Gaps,
        LimitKind::LimitReached,
        LimitKind::Encrypted,
        LimitKind::NotUnderstood,
        LimitKind::OneSided,
        LimitKind::ClockDoubt,
    ];

    /// Whether it casts doubt on counts and intervals that were measured, rather than on what is absent.
    pub(crate) const fn touches_counts(self) -> bool {
        match self {
            LimitKind::PacketsLost
            | LimitKind::Gaps
            | LimitKind::LimitReached
            | LimitKind::OneSided
            | LimitKind::ClockDoubt => true,
            LimitKind::Encrypted | LimitKind::NotUnderstood => false,
        }
    }
}

/// One limit, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What kind.
    pub kind: LimitKind,
    /// What is missing, and how much of it.
    pub sentence: String,
}

/// The limits of a report: they hold for each of its claims.
pub(crate) fn of(report: &Report) -> Vec<Limit> {
    let mut limits: Vec<Limit> = report
        .losses
        .iter()
        .take(LOSSES_MAX)
        .map(|loss| Limit { kind: kind(&loss.reason), sentence: loss.reason.clone() })
        .collect();
    let overview = &report.overview;
    let share = |count: u64, what: &str| {
        let percent = count as f64 * 100.0 / overview.flows.max(1) as f64;
        format!("{count} of {} flows ({percent:.1} %) {what}", overview.flows)
    };
    let said = [
        (overview.flows_with_gaps, LimitKind::Gaps, "have gaps: packets are missing from the capture"),
        (overview.flows_one_sided, LimitKind::OneSided, "were seen from one side only"),
        (
            overview.flows_encrypted,
            LimitKind::Encrypted,
            "are encrypted: handshakes, sizes and times were seen, content was not",
        ),
        (
            overview.flows_unknown,
            LimitKind::NotUnderstood,
            "carry payload of a protocol that was not recognised",
        ),
    ];
    for (count, kind, what) in said {
        if count > 0 {
            limits.push(Limit { kind, sentence: share(count, what) });
        }
    }
    limits
}

/// The kind of a loss, from the words it is told in.
fn kind(reason: &str) -> LimitKind {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["clock", "time before"]) {
        LimitKind::ClockDoubt
    } else if has(&["full", "forgotten", "limit", "no room", "at most", "left out"]) {
        LimitKind::LimitReached
    } else {
        LimitKind::PacketsLost
    }
}

/// Losses of the input that a claim repeats at most.
const LOSSES_MAX: usize = 16;
