//! Timestamps as EVE writes them: `2024-02-29T23:59:59.000001+0000`, always UTC.

use model::Time;

use super::community::LastCommunity;

/// Formats what records repeat, times above all; remembers the last second and the last conversation, since records come
/// nearly in order.
#[derive(Debug, Clone)]
pub struct Clock {
    second: u64,
    text: [u8; 31],
    pub(super) community: LastCommunity,
}

impl Default for Clock {
    fn default() -> Self {
        let text = *b"1970-01-01T00:00:00.000000+0000";
        let mut clock = Self { second: 0, text, community: LastCommunity::default() };
        clock.set_second(0);
        clock
    }
}

impl Clock {
    /// The text of `time`, microseconds cut.
    pub fn format(&mut self, time: Time) -> &str {
        std::str::from_utf8(self.ascii(time)).expect("digits and punctuation are ASCII")
    }

    /// The same as bytes.
    pub fn ascii(&mut self, time: Time) -> &[u8; 31] {
        if time.secs() != self.second {
            self.set_second(time.secs());
        }
        let micros = (time.nanos() % 1_000_000_000 / 1_000) as u32;
        let pairs = [micros / 10_000, micros / 100 % 100, micros % 100].map(json::two_digits);
        self.text[20..26].copy_from_slice(pairs.as_flattened());
        &self.text
    }

    fn set_second(&mut self, second: u64) {
        self.second = second;
        let (year, month, day) = civil(second / 86_400);
        let of_day = second % 86_400;
        // Nanoseconds in 64 bits end in the year 2554.
        self.text[..4].copy_from_slice(&json::four_digits(year as u32));
        let pairs = [(5, month), (8, day), (11, of_day / 3_600), (14, of_day / 60 % 60), (17, of_day % 60)];
        for (at, value) in pairs {
            self.text[at..at + 2].copy_from_slice(&json::two_digits(value as u32));
        }
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
pub fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that the leap day ends a year; 146,097 days are 400 years.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_days_and_century_ends_are_right() {
        let mut clock = Clock::default();
        assert_eq!(clock.format(Time::from_micros(1_709_251_199_000_001)), "2024-02-29T23:59:59.000001+0000");
        assert_eq!(clock.format(Time::from_secs(4_107_542_400)), "2100-03-01T00:00:00.000000+0000");
        assert_eq!(clock.format(Time::from_secs(0)), "1970-01-01T00:00:00.000000+0000");
    }
}
