//! State that crosses flows: thresholds, host bits, growing data sets. One owner sees the whole input in order.
//!
//! Limits: [`COUNTERS_MAX`] counters; when the table is full, what has expired is thrown out, then what began first. Bits have
//! theirs, see [`HostBits`].

use std::net::IpAddr;

use hashbrown::HashMap;
use model::{FlowId, Time};

use crate::count::{Counted, Counter};
use crate::dataset::Dataset;
use crate::host::HostBits;
use crate::ir::{Late as Condition, SuppressTrack, Tag, TagOf, Track};
use crate::sig::Sig;
use crate::state::Tags;
use crate::succession::Succession;
use crate::{Candidate, RuleSet, Settled};

/// Counters of thresholds.
const COUNTERS_MAX: usize = 1 << 18;
/// Hosts whose packets are tagged.
const TAGS_MAX: usize = 1 << 14;

/// State that crosses flows.
#[derive(Debug)]
pub struct Late {
    counters: HashMap<(u32, u8, Key), Counter>,
    pub(crate) bits: HostBits,
    tags: HashMap<IpAddr, Tags>,
    /// By number; only those that rules change.
    datasets: Vec<Option<Dataset>>,
    group: (u64, u16),
}

/// Whom something is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Host(IpAddr),
    /// Lower address first: both directions are one pair.
    Pair(IpAddr, IpAddr),
    Everything,
}

impl Key {
    pub(crate) fn pair(one: IpAddr, other: IpAddr) -> Self {
        Key::Pair(one.min(other), one.max(other))
    }

    fn of(track: Track, src: IpAddr, dst: IpAddr) -> Self {
        match track {
            Track::Src => Key::Host(src),
            Track::Dst => Key::Host(dst),
            Track::Both => Key::pair(src, dst),
            Track::Rule | Track::Flow => Key::Everything,
        }
    }
}

impl Late {
    /// Empty state for a rule set.
    pub fn new(rules: &RuleSet) -> Self {
        let datasets = rules
            .datasets
            .iter()
            .zip(&rules.growing)
            .map(|(set, growing)| growing.then(|| set.clone()))
            .collect();
        Self {
            counters: HashMap::new(),
            bits: HostBits::default(),
            tags: HashMap::new(),
            datasets,
            group: (0, 0),
        }
    }

    /// Decides about a candidate; candidates come in the order of the input.
    pub fn settle(&mut self, rules: &RuleSet, candidate: &Candidate) -> Settled {
        if self.group.0 != candidate.group {
            self.group = (candidate.group, 0);
        }
        let Some(sig) = rules.sigs.get(candidate.rule as usize) else { return Settled::Hold };
        let counted = self.count(sig, candidate);
        if counted.holds != Holds::Alert || candidate.silent || self.group.1 >= rules.settings().alerts_max {
            return Settled::Hold;
        }
        self.group.1 += 1;
        Settled::Emit
    }

    /// Asks the conditions of a rule that are counted across flows, in their order.
    pub(crate) fn count(&mut self, sig: &Sig, candidate: &Candidate) -> Decision {
        let mut decision = Decision::ALERT;
        for (which, condition) in sig.late.iter().enumerate() {
            let which = u8::try_from(which).unwrap_or(u8::MAX);
            let Some(track) = track_of(condition) else { continue };
            if track == Track::Flow {
                continue;
            }
            let key = (candidate.rule, which, Key::of(track, candidate.src, candidate.dst));
            self.make_room(candidate.time);
            let counter = self.counters.entry(key).or_default();
            decision.take(counter.count(condition, candidate));
            if decision.holds != Holds::Alert {
                return decision;
            }
        }
        decision
    }

    /// Throws out what has expired, then the older half, when the table is full.
    fn make_room(&mut self, now: Time) {
        if self.counters.len() < COUNTERS_MAX {
            return;
        }
        self.counters.retain(|_, counter| counter.until() > now);
        if self.counters.len() < COUNTERS_MAX {
            return;
        }
        let mut began: Vec<Time> = self.counters.values().map(Counter::began).collect();
        let middle = began.len() / 2;
        let (_, median, _) = began.select_nth_unstable(middle);
        let median = *median;
        self.counters.retain(|_, counter| counter.began() > median);
    }

    /// Starts tagging the packets of a host.
    pub(crate) fn tag(&mut self, tag: Tag, rule: u32, src: IpAddr, dst: IpAddr, now: Time) {
        let host = match tag.of {
            TagOf::HostSource => src,
            TagOf::HostDestination => dst,
            TagOf::Session => return,
        };
        if self.tags.len() < TAGS_MAX || self.tags.contains_key(&host) {
            self.tags.entry(host).or_default().start(tag, rule, now);
        }
    }

    /// Whether a packet is tagged by one of its hosts.
    pub(crate) fn tagged(&mut self, src: IpAddr, dst: IpAddr, now: Time, len: u64) -> bool {
        let mut tagged = false;
        if self.tags.is_empty() {
            return tagged;
        }
        for host in [src, dst] {
            let Some(tags) = self.tags.get_mut(&host) else { continue };
            tagged |= tags.count(now, len);
            if tags.is_empty() {
                self.tags.remove(&host);
            }
        }
        tagged
    }

    /// A set that rules change.
    pub(crate) fn dataset_mut(&mut self, set: u32) -> Option<&mut Dataset> {
        self.datasets.get_mut(set as usize)?.as_mut()
    }

    /// Takes what another rule set's state held, as far as `next` knows of it.
    pub(crate) fn take_over(&mut self, old: Late, was: &RuleSet, next: &RuleSet, succession: &Succession) {
        self.counters = old
            .counters
            .into_iter()
            .filter_map(|((rule, which, key), counter)| Some(((succession.rule(rule)?, which, key), counter)))
            .collect();
        self.bits = old.bits.succeed(succession);
        self.tags = old.tags;
        self.group = old.group;
        for (spec, set) in was.names.datasets.iter().zip(old.datasets) {
            let place =
                next.names.datasets.iter().position(|new| new.name == spec.name && new.kind == spec.kind);
            if let (Some(set), Some(Some(new))) = (set, place.and_then(|place| self.datasets.get_mut(place)))
            {
                *new = set;
            }
        }
    }

    /// Data sets that rules want saved at the end: path and content.
    pub fn save(&self, rules: &RuleSet) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for (spec, set) in rules.names.datasets.iter().zip(&self.datasets) {
            if let (Some(path), Some(set)) = (spec.save.as_ref().or(spec.state.as_ref()), set) {
                files.push((path.clone(), set.save()));
            }
        }
        files
    }
}

fn track_of(condition: &Condition) -> Option<Track> {
    match condition {
        Condition::Threshold { track, .. }
        | Condition::DetectionFilter { track, .. }
        | Condition::RateFilter { track, .. } => Some(*track),
        Condition::Suppress { .. } => None,
    }
}

/// Whether a match goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holds {
    /// No: neither alert nor action.
    Nothing,
    /// The action applies, and nothing is said.
    Silent,
    /// Yes.
    Alert,
}

/// What the late conditions say of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) holds: Holds,
    /// The action that a rate filter puts in place of the rule's.
    pub(crate) action: Option<crate::ir::Verb>,
}

impl Decision {
    pub(crate) const ALERT: Decision = Decision { holds: Holds::Alert, action: None };

    pub(crate) fn take(&mut self, counted: Counted) {
        match counted {
            Counted::Yes => {}
            Counted::Silent => self.holds = Holds::Silent,
            Counted::No => self.holds = Holds::Nothing,
            Counted::Changed(action) => self.action = Some(action),
        }
    }
}

/// Whether a rule is suppressed for a packet.
pub(crate) fn suppressed(sig: &Sig, candidate: &Candidate) -> bool {
    sig.late.iter().any(|condition| match condition {
        Condition::Suppress { track, addresses } => match track {
            SuppressTrack::Rule => true,
            SuppressTrack::Src => addresses.contains(candidate.src),
            SuppressTrack::Dst => addresses.contains(candidate.dst),
            SuppressTrack::Either => addresses.contains(candidate.src) || addresses.contains(candidate.dst),
        },
        _ => false,
    })
}

/// Asks the conditions of a rule that are counted per flow.
pub(crate) fn count_in_flow(
    sig: &Sig,
    candidate: &Candidate,
    counters: &mut Vec<(u32, u8, Counter)>,
) -> Decision {
    let mut decision = Decision::ALERT;
    if candidate.flow == FlowId(0) {
        return decision;
    }
    for (which, condition) in sig.late.iter().enumerate() {
        if track_of(condition) != Some(Track::Flow) {
            continue;
        }
        let which = u8::try_from(which).unwrap_or(u8::MAX);
        let known = counters.iter().position(|(rule, at, _)| (*rule, *at) == (candidate.rule, which));
        let position = known.unwrap_or_else(|| {
            counters.push((candidate.rule, which, Counter::default()));
            counters.len() - 1
        });
        if let Some((_, _, counter)) = counters.get_mut(position) {
            decision.take(counter.count(condition, candidate));
        }
        if decision.holds != Holds::Alert {
            return decision;
        }
    }
    decision
}
