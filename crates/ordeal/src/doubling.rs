//! Twice the input costs about twice the time, or somebody can stop the engine with one small capture.

use std::fmt::Write as _;
use std::time::Duration;

use crate::Frames;
use crate::case::{CASES, Case};
use crate::run::hear;

/// More than this many times the time for twice the input means that work grows faster than input.
pub const RATIO_MAX: f64 = 2.3;
/// How often a size is run; the fastest run counts.
const RUNS: usize = 3;

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
    Cost {
        name: case.name,
        size: case.size,
        once: fastest(&(case.build)(case.size)),
        twice: fastest(&(case.build)(case.size * 2)),
    }
}

fn fastest(frames: &Frames) -> Duration {
    let run = || {
        let before = thread_time();
        hear(frames);
        thread_time().saturating_sub(before)
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

/// CPU time of this thread so far: the first number of Linux's `schedstat`. Other loads on the machine do not count.
fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
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
