//! What other programs read: STIX 2.1, MISP, ATT&CK Navigator, CSV. All made from the frozen report alone, all in English.
//!
//! Nothing here reads a clock: objects are created at the time of the last packet, and their ids are UUIDs of version 5
//! (RFC 9562 §5.5) from what they say, so the same capture gives the same bytes.

pub(crate) mod csv;
pub(crate) mod indicator;
pub(crate) mod misp;
pub(crate) mod navigator;
pub(crate) mod stix;
#[cfg(test)]
mod tests;
pub(crate) mod uuid;

use model::Time;

use crate::Report;

/// When the report's knowledge ends: the last packet, or the last finding.
pub(crate) fn as_of(report: &Report) -> Time {
    let last = report.findings.iter().map(|finding| finding.last).max();
    report.overview.span.map(|(_, last)| last).max(last).unwrap_or_default()
}

/// RFC 3339 with milliseconds, as STIX writes time: `2025-03-04T08:04:42.000Z`.
pub(crate) fn rfc3339(time: Time) -> String {
    let mut clock = crate::eve::Clock::default();
    let text = clock.format(time);
    format!("{}Z", text.get(..23).unwrap_or(text))
}

/// JSON with two blanks of indentation and a newline at the end.
pub(crate) fn pretty(value: &serde_json::Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a value in memory always serialises");
    bytes.push(b'\n');
    bytes
}
