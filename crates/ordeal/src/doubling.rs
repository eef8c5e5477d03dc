//! Twice the input costs about twice the time, or somebody can stop the engine with one small capture.

use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Frames;
use crate::case::{CASES, Case};
use crate::run::hear;

/// More than this many times the time for twice the input means that work grows faster than input.
pub const RATIO_MAX: f64 = 2.3;
/// How often a size is run; the fastest run counts.
const RUNS: usize = 3;
/// A run hears a case as often as fits into this time.
const ENOUGH: Duration = Duration::from_millis(40);
const ROUNDS_MAX: u128 = 1_000;

/// What one case cost.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Name of the case.
    pub name: &'static str,
    /// Units of the smaller size.
    pub size: usize,
    /// CPU time at the smaller size.
    pub once: Duration,
    /// CPU time at twice the size.
    pub twice: Duration,
}

impl Cost {
    /// How many times the time of the smaller size.
    pub fn ratio(&self) -> f64 {
        self.twice.as_secs_f64() / self.once.as_secs_f64().max(1e-6)
    }
}

/// Measures the cases whose name contains `part`, and says of each what it cost.
pub fn measure(part: &str, mut say: impl FnMut(&Cost)) -> Vec<Cost> {
    CASES
        .iter()
        .filter(|case| case.name.contains(part))
        .map(|case| {
            let cost = double(case);
            say(&cost);
            cost
        })
        .collect()
}

fn double(case: &Case) -> Cost {
    let (frames, more) = ((case.build)(case.size), (case.build)(case.size * 2));
    // A single run of a cheap case is over before a clock can tell.
    let first = time(&frames, 1);
    let rounds = (ENOUGH.as_micros() / first.as_micros().max(1)).clamp(1, ROUNDS_MAX) as u32;
    Cost { name: case.name, size: case.size, once: fastest(&frames, rounds), twice: fastest(&more, rounds) }
}

fn fastest(frames: &Frames, rounds: u32) -> Duration {
    (0..RUNS).map(|_| time(frames, rounds)).min().unwrap_or_default()
}

/// CPU time of a round.
fn time(frames: &Frames, rounds: u32) -> Duration {
    let before = thread_time();
    for _ in 0..rounds {
        hear(frames);
    }
    thread_time().saturating_sub(before) / rounds
}

/// CPU time of this thread so far: other loads on the machine do not count.
fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// One line of the table.
pub fn line(cost: &Cost) -> String {
    let mut line = String::new();
    let verdict = if cost.ratio() <= RATIO_MAX { "" } else { "  more than linear" };
    let _ = write!(
        line,
        "{:28} {:>8} {:>9.1} ms {:>9.1} ms {:>6.2}{verdict}",
        cost.name,
        cost.size,
        cost.once.as_secs_f64() * 1e3,
        cost.twice.as_secs_f64() * 1e3,
        cost.ratio()
    );
    line
}
