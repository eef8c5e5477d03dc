//! How sure a judgement is: confidence in the sense of ICD 203, in a sentence of its own.
//!
//! Likelihood says how probable the claim is; confidence says how much that number deserves belief: how many events stand
//! behind it, from how many places, how far the values lie from their thresholds, and what could not be seen.

use super::{Claim, Measured};

/// Confidence in a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Thin or questionable evidence.
    #[default]
    Low,
    /// Credible, and open to another reading.
    Moderate,
    /// Several independent measures agree.
    High,
}

impl Level {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Moderate => "moderate",
            Level::High => "high",
        }
    }
}

/// Confidence, with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certainty {
    /// How sure.
    pub level: Level,
    /// Why, as a sentence.
    pub sentence: String,
}

/// Packets below which evidence is thin.
const PACKETS_FEW: usize = 3;
/// Share beyond its threshold from which a value is not a close call.
const CLOSE_CALL: f64 = 0.1;

pub(super) fn judge(claim: &Claim) -> Certainty {
    let packets: usize = claim.evidence.iter().map(|evidence| evidence.packets.len()).sum();
    let measured: Vec<&Measured> = claim.values.iter().filter(|value| value.threshold.is_some()).collect();
    let speaking = measured.iter().filter(|value| value.weight > 0.0).count();
    let opposing = measured.iter().filter(|value| value.weight < 0.0).count();
    let close = measured.iter().filter(|value| value.weight > 0.0 && is_close(value)).count();
    let counts = claim.limits.iter().filter(|limit| limit.kind.touches_counts()).count();
    let mut points: i32 = 2;
    let mut reasons = vec![format!("{packets} packets are named as evidence")];
    if packets < PACKETS_FEW {
        points -= 1;
    }
    if !measured.is_empty() {
        reasons.push(format!("{speaking} of {} measures speak for it", measured.len()));
        points -= i32::from(speaking < 2);
    }
    if opposing > 0 {
        reasons.push(format!("{opposing} speak against it"));
        points -= 1;
    }
    if close > 0 {
        reasons.push(format!("{close} lie within a tenth of their threshold"));
        points -= 1;
    }
    if counts > 0 {
        let kinds: Vec<&str> = claim
            .limits
            .iter()
            .filter(|limit| limit.kind.touches_counts())
            .map(|limit| limit.kind.word())
            .fold(Vec::new(), |mut kinds, kind| {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
                kinds
            });
        reasons.push(format!("what was seen is incomplete ({})", kinds.join(", ").replace('_', " ")));
        // One-sided or torn flows are in every long capture: they forbid the highest word, and do no more.
        points = points.min(1);
    }
    let level = match points {
        2.. => Level::High,
        1 => Level::Moderate,
        _ => Level::Low,
    };
    let word = level.word();
    let mut sentence = format!("Confidence in this judgement is {word}: {}.", reasons.join("; "));
    if claim.limits.is_empty() {
        sentence.push_str(" Nothing is known to be missing from what was seen.");
    }
    Certainty { level, sentence }
}

fn is_close(value: &Measured) -> bool {
    let threshold = value.threshold.unwrap_or(0.0);
    threshold != 0.0 && (value.value - threshold).abs() < threshold.abs() * CLOSE_CALL
}
