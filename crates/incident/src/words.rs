//! Times, amounts and likelihoods as the sentences of an incident say them.

use model::{Confidence, Time};

/// `2026-11-26 09:12 UTC`.
pub(crate) fn clock(time: Time) -> String {
    let minutes = time.secs() / 60;
    let (year, month, day) = date(minutes / 1_440);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}

/// Year, month and day of days since 1970-01-01, in the Gregorian calendar.
///
/// Counts 400-year cycles of 146,097 days from March 1st of year 0, so that leap days come last.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let cycle = shifted / 146_097;
    let in_cycle = shifted % 146_097;
    let year_of_cycle = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = cycle * 400 + year_of_cycle + u64::from(month <= 2);
    (year, month, day)
}

/// Bytes in decimal units: `2.1 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", number as f64 / *size as f64),
        None => format!("{number} bytes"),
    }
}

/// A measured number without digits that say nothing: `300`, `8.5`, `0.25`.
pub(crate) fn number(value: f64) -> String {
    let digits = if value.abs() >= 20.0 {
        0
    } else if value.abs() >= 2.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The verb's hedge for a probability: `is`, `is likely`, `may be`.
pub(crate) fn hedge(confidence: Confidence) -> &'static str {
    match confidence.0 {
        801.. => "is",
        551..=800 => "is likely",
        _ => "may be",
    }
}
