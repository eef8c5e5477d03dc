//! Counting matches: `threshold`, `detection_filter`, `rate_filter`.

use model::Time;

use crate::Candidate;
use crate::ir::{Late, ThresholdKind, UniqueOn, Verb};

/// Counts matches of one rule for one host, pair, flow or all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    started: bool,
    began: Time,
    count: u32,
    /// `backoff`: at which count the next alert is due.
    next: u64,
    /// `rate_filter`: since when the rate is exceeded.
    over: Option<Time>,
    /// `unique_on`: ports seen in this period.
    ports: Option<Box<[u64; 1024]>>,
    until: Time,
}

/// What a counter says of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Yes,
    /// Its action applies, and nothing is said.
    Silent,
    No,
    /// Yes, with another action.
    Changed(Verb),
}

impl Counter {
    /// When its period began.
    pub(crate) fn began(&self) -> Time {
        self.began
    }

    /// When it may be forgotten.
    pub(crate) fn until(&self) -> Time {
        self.until
    }

    /// Counts a match.
    pub(crate) fn count(&mut self, condition: &Late, candidate: &Candidate) -> Counted {
        let now = candidate.time;
        match *condition {
            Late::Threshold { kind, count, seconds, .. } => self.threshold(kind, count, seconds, now),
            Late::DetectionFilter { count, seconds, unique_on, .. } => {
                let port = unique_on.map(|which| match which {
                    UniqueOn::SrcPort => candidate.src_port,
                    UniqueOn::DstPort => candidate.dst_port,
                });
                self.detection_filter(count, seconds, port, now)
            }
            Late::RateFilter { count, seconds, action, timeout, .. } => {
                if self.rate_filter(count, seconds, timeout, now) {
                    Counted::Changed(action)
                } else {
                    Counted::Yes
                }
            }
            Late::Suppress { .. } => Counted::Yes,
        }
    }

    /// Starts a period when there is none at `now`; answers whether one was running.
    fn within(&mut self, seconds: u32, now: Time) -> bool {
        let running = self.started && now.nanos_since(self.began) < u64::from(seconds) * 1_000_000_000;
        if !running {
            *self = Counter {
                started: true,
                began: now,
                count: 1,
                until: now.plus_secs(seconds.into()),
                ports: self.ports.take(),
                ..Counter::default()
            };
        }
        running
    }

    fn threshold(&mut self, kind: ThresholdKind, wanted: u32, seconds: u32, now: Time) -> Counted {
        if let ThresholdKind::Backoff { multiplier } = kind {
            return self.backoff(wanted, multiplier, now);
        }
        if self.within(seconds, now) {
            self.count = self.count.saturating_add(1);
        }
        match kind {
            ThresholdKind::Limit if self.count <= wanted => Counted::Yes,
            ThresholdKind::Limit => Counted::Silent,
            ThresholdKind::Threshold if self.count >= wanted => {
                self.count = 0;
                Counted::Yes
            }
            ThresholdKind::Both if self.count == wanted => Counted::Yes,
            ThresholdKind::Both if self.count > wanted => Counted::Silent,
            ThresholdKind::Threshold | ThresholdKind::Both | ThresholdKind::Backoff { .. } => Counted::No,
        }
    }

    fn backoff(&mut self, wanted: u32, multiplier: u32, now: Time) -> Counted {
        if !self.started {
            self.started = true;
            self.began = now;
            self.next = wanted.into();
            self.until = Time::from_nanos(u64::MAX);
        }
        self.count = self.count.saturating_add(1);
        if u64::from(self.count) == self.next {
            self.next = self.next.saturating_mul(multiplier.into());
            Counted::Yes
        } else {
            Counted::Silent
        }
    }

    fn detection_filter(&mut self, wanted: u32, seconds: u32, port: Option<u16>, now: Time) -> Counted {
        let running = self.within(seconds, now);
        if let Some(port) = port {
            let ports = self.ports.get_or_insert_with(|| Box::new([0; 1024]));
            if !running {
                ports.fill(0);
                self.count = 0;
            }
            if let Some(word) = ports.get_mut(usize::from(port / 64)) {
                let bit = 1 << (port % 64);
                self.count += u32::from(*word & bit == 0);
                *word |= bit;
            }
        } else if running {
            self.count = self.count.saturating_add(1);
        }
        if self.count > wanted { Counted::Yes } else { Counted::No }
    }

    /// Whether the rate is exceeded.
    fn rate_filter(&mut self, wanted: u32, seconds: u32, timeout: u32, now: Time) -> bool {
        if let Some(over) = self.over {
            if now.nanos_since(over) <= u64::from(timeout) * 1_000_000_000 {
                return true;
            }
            self.over = None;
            self.started = false;
        }
        if self.within(seconds, now) {
            self.count = self.count.saturating_add(1);
        }
        let exceeded = self.count > wanted;
        if exceeded {
            self.over = Some(now);
            self.until = now.plus_secs(timeout.into());
        }
        exceeded
    }
}
