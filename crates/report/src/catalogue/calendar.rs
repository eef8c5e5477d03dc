//! Days in two calendars.

use model::Time;

/// `2025-03-04`.
pub(super) fn gregorian(time: Time) -> String {
    let (year, month, day) = crate::eve::civil(time.secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `1403/12/14`: the Solar Hijri calendar, by the 33-year cycle of leap years, which agrees with the astronomical one from
/// 1799 to 2256.
pub(super) fn solar_hijri(time: Time) -> String {
    // Days since 1 Farvardin 979 (1600-03-21), from days since 1970-01-01.
    let mut days = time.secs() / 86_400 + 135_061;
    let mut year = 979 + 33 * (days / 12_053);
    days %= 12_053;
    year += 4 * (days / 1_461);
    days %= 1_461;
    if days >= 366 {
        year += (days - 1) / 365;
        days = (days - 1) % 365;
    }
    let (month, day) = if days < 186 {
        (1 + days / 31, 1 + days % 31)
    } else {
        (7 + (days - 186) / 30, 1 + (days - 186) % 30)
    };
    format!("{year:04}/{month:02}/{day:02}")
}

/// Days since 1970-01-01 of `2025-03-04`; `None` when it is no day.
pub(super) fn day_of(text: &str) -> Option<u64> {
    let mut fields = text.split('-').map(|field| field.parse::<u64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    let is_day = (1970..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then(|| crate::saved::days(year, month, day))
}
