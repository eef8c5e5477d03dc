//! Dates as people and certificates write them, from packet time.

use model::Time;

/// A moment of the proleptic Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    /// 0 is Sunday.
    pub(crate) weekday: usize,
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Date {
    pub(crate) fn from_time(time: Time) -> Self {
        let seconds = time.secs();
        let days = seconds / 86_400;
        // Days since 0000-03-01, so that the leap day is the last of its year.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            weekday: ((days + 4) % 7) as usize,
        }
    }

    /// As RFC 3339 has it, with microseconds.
    pub(crate) fn rfc3339(time: Time) -> String {
        let date = Self::from_time(time);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            date.year,
            date.month,
            date.day,
            date.hour,
            date.minute,
            date.second,
            time.micros() % 1_000_000
        )
    }

    /// As mail and HTTP have it.
    pub(crate) fn imf(time: Time, zone: &str) -> String {
        let date = Self::from_time(time);
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} {zone}",
            WEEKDAYS[date.weekday],
            date.day,
            MONTHS[date.month as usize - 1],
            date.year,
            date.hour,
            date.minute,
            date.second
        )
    }

    /// As UTCTime in a certificate has it.
    pub(crate) fn utc_time(time: Time) -> String {
        let date = Self::from_time(time);
        format!(
            "{:02}{:02}{:02}{:02}{:02}{:02}Z",
            date.year % 100,
            date.month,
            date.day,
            date.hour,
            date.minute,
            date.second
        )
    }
}
