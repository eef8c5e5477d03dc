//! Windows of ten seconds: how much came, and from about how many sources.

use std::net::IpAddr;

use model::Time;

use super::sources::Sources;
use crate::few::Few;

/// Length of a window in seconds.
pub(super) const SECONDS: u64 = 10;
/// Windows that are open at a time; older ones are closed.
const OPEN_MAX: usize = 8;
/// Sources that are kept by address.
const FEW: usize = 8;

/// What came in one window.
#[derive(Debug, Default, Clone)]
struct Window {
    count: u64,
    sources: Sources,
    first: Time,
    last: Time,
}

/// The fullest window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Burst {
    pub(super) count: u64,
    pub(super) sources: f64,
    pub(super) first: Time,
    pub(super) last: Time,
}

/// The windows of one victim, and of one kind.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// By their number: the latest is last.
    open: Vec<(u64, Window)>,
    /// The fullest of those that are closed, when it could be a flood.
    closed: Option<Box<Window>>,
    few: Few<IpAddr>,
    many: bool,
}

impl Windows {
    /// Adds `count` between two times, from one source; below `least` in a window nobody asks for it.
    pub(super) fn add(&mut self, began: Time, last: Time, source: IpAddr, count: u64, least: f64) {
        if !self.many && !self.few.contains(&source) {
            self.many = self.few.len() >= FEW;
            if !self.many {
                self.few.push(source);
            }
        }
        // What lasts longer than a window counts with its share of one.
        let windows = (last.secs_since(began) as u64 / SECONDS).max(1);
        let number = began.secs() / SECONDS;
        let at = self.open.partition_point(|(open, _)| *open < number);
        if self.open.get(at).is_none_or(|(open, _)| *open != number) {
            if self.open.is_empty() {
                // Most victims have one window.
                self.open.reserve_exact(1);
            }
            self.open.insert(at, (number, Window { first: began, ..Window::default() }));
        }
        let window = &mut self.open[at].1;
        window.count += count / windows;
        window.first = window.first.min(began);
        window.last = window.last.max(last.min(began.plus_nanos(SECONDS * 1_000_000_000)));
        window.sources.add(source);
        if self.open.len() > OPEN_MAX {
            let (_, oldest) = self.open.remove(0);
            if oldest.count as f64 >= least && self.closed.as_ref().is_none_or(|old| old.count < oldest.count)
            {
                self.closed = Some(Box::new(oldest));
            }
        }
    }

    /// The fullest window; the earliest of equals.
    pub(super) fn best(&self) -> Option<Burst> {
        let open = self.open.iter().map(|(_, window)| window);
        let best = self
            .closed
            .as_deref()
            .into_iter()
            .chain(open)
            .reduce(|a, b| if b.count > a.count { b } else { a })?;
        Some(Burst {
            count: best.count,
            sources: best.sources.estimate(),
            first: best.first,
            last: best.last,
        })
    }

    /// All sources, when they are few.
    pub(super) fn few(&self) -> Option<&[IpAddr]> {
        (!self.many).then_some(&self.few)
    }
}
