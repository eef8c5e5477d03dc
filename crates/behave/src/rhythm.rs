//! Rhythm of contacts: how far a timer explains when they happened.

use model::Time;

use crate::statistic::{median, spread};

/// What the times of contacts show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rhythm {
    /// Interval of the timer, in seconds.
    pub period: f64,
    /// Robust spread of the intervals, as a share of the interval; missed beats are taken out.
    pub jitter: f64,
    /// Contacts after those that belong together were taken as one.
    pub contacts: usize,
    /// Strength of the best fixed clock (Rayleigh's z over the contacts' phases); chance alone reaches about 5.
    pub clock: f64,
}

/// Contacts closer together than this are one check-in of several connections, in seconds.
const TOGETHER_SECS: f64 = 1.0;
/// Strength from which a clock is believed.
const CLOCK_MIN: f64 = 8.0;
/// Beats that may be missed in a row.
const MISSED_MAX: f64 = 5.0;
/// How many contacts later a repetition may show: timers that interleave put others between.
const LAGS: usize = 3;

/// The rhythm of contacts; `None` for fewer than three. Sorts its argument.
pub(crate) fn rhythm(times: &mut [Time]) -> Option<Rhythm> {
    times.sort();
    let origin = *times.first()?;
    let mut beats: Vec<f64> = Vec::with_capacity(times.len());
    for time in times.iter() {
        let at = time.secs_since(origin);
        if beats.last().is_none_or(|last| at - last >= TOGETHER_SECS) {
            beats.push(at);
        }
    }
    if beats.len() < 3 {
        return None;
    }
    let mut gaps: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let period = median(&mut gaps);
    let jitter = folded_spread(&gaps, period).min(spread(&gaps, period) / period);
    let (clock_period, clock) = best_clock(&beats, period);
    // A clock may explain what the intervals do not: several timers at once.
    let (period, jitter) = if clock > CLOCK_MIN && 1.0 / clock < jitter {
        (clock_period, 1.0 / clock)
    } else {
        (period, jitter)
    };
    Some(Rhythm { period, jitter, contacts: beats.len(), clock })
}

/// Spread of the gaps around the period when some are whole multiples of it, because a beat was lost. Only when most gaps
/// are single: otherwise any gaps at all would fit.
fn folded_spread(gaps: &[f64], period: f64) -> f64 {
    let beats = |gap: f64| (gap / period).round().clamp(1.0, MISSED_MAX);
    let single = gaps.iter().filter(|gap| beats(**gap) == 1.0 && **gap > period * 0.5).count();
    if single * 2 < gaps.len() {
        return f64::INFINITY;
    }
    let mut away: Vec<f64> = gaps.iter().map(|gap| (gap / beats(*gap) - period).abs() / period).collect();
    median(&mut away)
}

/// The interval whose phases agree best, and how well: Rayleigh's z = n R².
fn best_clock(beats: &[f64], period: f64) -> (f64, f64) {
    let mut spans: Vec<f64> = (1..=LAGS)
        .flat_map(|lag| beats.windows(lag + 1).map(move |window| window[lag] - window[0]))
        .collect();
    spans.sort_by(f64::total_cmp);
    // The span that most others are like, within a fiftieth.
    let (mut from, mut best, mut most) = (0, period, 0);
    for to in 0..spans.len() {
        while spans[from] < spans[to] * 0.98 {
            from += 1;
        }
        if to - from > most {
            (most, best) = (to - from, spans[(from + to) / 2]);
        }
    }
    let candidates = [period, best];
    let strength = candidates.map(|candidate| rayleigh(beats, candidate));
    if strength[1] > strength[0] { (best, strength[1]) } else { (period, strength[0]) }
}

fn rayleigh(beats: &[f64], period: f64) -> f64 {
    if period <= 0.0 {
        return 0.0;
    }
    let (mut x, mut y) = (0.0, 0.0);
    for beat in beats {
        let phase = core::f64::consts::TAU * (beat / period).fract();
        x += libm::cos(phase);
        y += libm::sin(phase);
    }
    (x * x + y * y) / beats.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: impl IntoIterator<Item = f64>) -> Rhythm {
        let mut times: Vec<Time> =
            seconds.into_iter().map(|at| Time::from_nanos((at * 1e9) as u64)).collect();
        rhythm(&mut times).expect("enough contacts")
    }

    /// Numbers that look random, in 0..1.
    fn noise(n: u32) -> f64 {
        f64::from(n.wrapping_mul(2_654_435_761).wrapping_add(n << 7).rotate_left(13) % 1_000) / 1_000.0
    }

    #[test]
    fn a_timer_has_no_jitter() {
        let found = of((0..20).map(|n| f64::from(n) * 60.0));
        assert_eq!((found.period, found.jitter, found.contacts), (60.0, 0.0, 20));
    }

    #[test]
    fn lost_beats_do_not_hide_a_timer() {
        let found = of((0..40).filter(|n| n % 4 != 1).map(|n| f64::from(n) * 60.0));
        assert!(found.jitter < 0.01, "{found:?}");
    }

    #[test]
    fn half_of_jitter_stays_below_a_third() {
        let mut at = 0.0;
        let found = of((0..30).map(|n| {
            at += 60.0 * (0.5 + noise(n));
            at
        }));
        assert!(found.jitter < 0.33, "{found:?}");
    }

    #[test]
    fn two_timers_at_once_show_a_clock() {
        let found =
            of((0..40).map(|n| f64::from(n) * 60.0).chain((0..20).map(|n| 17.0 + f64::from(n) * 97.0)));
        assert!(found.clock > CLOCK_MIN && found.jitter < 0.15, "{found:?}");
    }

    #[test]
    fn several_connections_of_one_check_in_are_one_contact() {
        let found = of((0..20).flat_map(|n| [f64::from(n) * 30.0, f64::from(n) * 30.0 + 0.2]));
        assert_eq!((found.period, found.contacts), (30.0, 20));
    }
}
