//! The compiled rule set.

use std::net::IpAddr;

use json::Json;
use model::Direction;
use protocol::ProtocolId;

use crate::compile::{self, Names};
use crate::dataset::Dataset;
use crate::firewall::{Firewall, policy_rules};
use crate::index::{Group, Index};
use crate::ir::{BitTrack, DatasetCommand, HashKind, Late, Rule, TagOf, Track};
use crate::op::Op;
use crate::sig::{Look, Sig, Test, What};
use crate::store::Sigs;
use crate::{FlowState, Outcome, Settings};

/// Rules, ordered and indexed for inspection. Shared by all workers, never changed.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) sigs: Sigs,
    pub(crate) names: Names,
    pub(crate) index: Index,
    pub(crate) firewall: Option<Firewall>,
    pub(crate) datasets: Vec<Dataset>,
    /// Which data sets rules change.
    pub(crate) growing: Vec<bool>,
    settings: Settings,
    needs_order: bool,
    needs_turns: bool,
    needs_hashes: [bool; 3],
}

impl RuleSet {
    /// Orders and indexes rules.
    pub fn compile(mut rules: Vec<Rule>, settings: Settings) -> Self {
        if settings.firewall.is_some() {
            rules.extend(policy_rules());
        }
        let (sigs, names) = compile::signatures(rules, &settings);
        let datasets: Vec<Dataset> = names.datasets.iter().map(Dataset::new).collect();
        let index = compile::index(&sigs, &names);
        let firewall = settings.firewall.as_ref().map(|policies| Firewall::build(&sigs, policies));
        let mut growing = vec![false; datasets.len()];
        for op in sigs.iter().flat_map(ops) {
            if let Op::Dataset { set, command: DatasetCommand::Set | DatasetCommand::Unset, .. } = op
                && let Some(place) = growing.get_mut(*set as usize)
            {
                *place = true;
            }
        }
        let needs_order = settings.prevent || growing.contains(&true) || sigs.iter().any(reads_other_flows);
        let needs_turns = sigs.iter().any(reads_host_bits);
        let mut needs_hashes = [false; 3];
        for kind in sigs.iter().flat_map(Sig::hashes) {
            needs_hashes[match kind {
                HashKind::Md5 => 0,
                HashKind::Sha1 => 1,
                HashKind::Sha256 => 2,
            }] = true;
        }
        Self {
            sigs: Sigs::pack(sigs),
            names,
            index,
            firewall,
            datasets,
            growing,
            settings,
            needs_order,
            needs_turns,
            needs_hashes,
        }
    }

    /// What was compiled before, without anything that depends on files or a firewall.
    pub(crate) fn restored(
        sigs: Sigs,
        names: Names,
        index: Index,
        settings: Settings,
        [needs_order, needs_turns]: [bool; 2],
    ) -> Self {
        Self {
            sigs,
            names,
            index,
            firewall: None,
            datasets: Vec::new(),
            growing: Vec::new(),
            settings,
            needs_order,
            needs_turns,
            needs_hashes: [false; 3],
        }
    }

    /// The rule at a position, as alerts name it.
    ///
    /// # Panics
    /// On a position that did not come from this rule set.
    pub fn rule(&self, position: u32) -> &Sig {
        &self.sigs[position as usize]
    }

    /// All rules, in the order in which they run. Unpacks them all.
    pub fn rules(&self) -> impl Iterator<Item = &Sig> {
        self.sigs.iter()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.sigs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sigs.is_empty()
    }

    /// In which groups its rules are found, and how.
    pub fn groups(&self) -> Vec<Group> {
        self.index.groups()
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether packets must be inspected one after the other in the order of the input, with [`crate::Late`] at hand:
    /// in prevention, and when rules read what others wrote about other flows (growing data sets, `rate_filter`, tags of hosts).
    pub fn needs_order(&self) -> bool {
        self.needs_order
    }

    /// The rules that [`RuleSet::needs_order`] is about, with the reason; none when it is prevention that does. Looks at every
    /// rule.
    pub fn ordering(&self) -> impl Iterator<Item = (&Sig, &'static str)> {
        let grows = |sig: &Sig| {
            ops(sig).any(|op| match op {
                Op::Dataset { set, .. } => self.growing.get(*set as usize) == Some(&true),
                _ => false,
            })
        };
        let rules = if self.needs_order { self.sigs.len() } else { 0 };
        self.sigs.iter().take(rules).filter_map(move |sig| {
            let tags = sig.tags.iter().any(|tag| tag.of != TagOf::Session);
            let why = match (grows(sig), tags, reads_other_flows(sig)) {
                (true, ..) => "a data set that rules change",
                (_, true, _) => "a tag of hosts",
                (.., true) => "rate_filter",
                _ => return None,
            };
            Some((sig, why))
        })
    }

    /// Whether rules read bits of hosts (`xbits`): several inspectors must be lent them in turn, see [`crate::Turns`].
    pub fn needs_turns(&self) -> bool {
        self.needs_turns
    }

    /// Whether rules look at the stream together with transactions of a protocol that came in it, per direction: so much of it is
    /// kept as they are shown.
    pub fn looks_back(&self, protocol: ProtocolId, [client, server]: [IpAddr; 2]) -> [bool; 2] {
        Direction::BOTH.map(|direction| {
            let ends = if direction == Direction::ToServer { [client, server] } else { [server, client] };
            let zone = self.index.border.zone(|set, side| {
                self.names.addresses.get(set as usize).is_some_and(|set| set.contains(ends[side]))
            });
            self.index.backward[zone][direction.index()] >> protocol.0 & 1 != 0
        })
    }

    /// Whether the firewall has rules that come before flows.
    pub fn needs_look_before_flow(&self) -> bool {
        self.firewall.as_ref().is_some_and(|firewall| !firewall.before_flow.is_empty())
    }

    /// Whether any rule looks at frames.
    pub fn needs_frames(&self) -> bool {
        !self.index.frames.is_empty()
    }

    /// Digests of files that rules compare: MD5, SHA-1, SHA-256.
    pub fn needs_hashes(&self) -> [bool; 3] {
        self.needs_hashes
    }

    /// The name of a variable captured by a rule.
    pub fn variable(&self, number: u32) -> &str {
        self.names.vars.name(number)
    }

    /// The reputation of an address.
    pub(crate) fn reputation(&self, address: IpAddr, category: u8) -> Option<u8> {
        self.settings.reputation.score(address, category)
    }

    /// Writes the `metadata` object of flowbits, flowints and variables into the open object, when there are any.
    pub fn write_metadata(&self, state: &FlowState, outcome: Option<&Outcome>, json: &mut Json) {
        let packet_vars = outcome.map_or(&[][..], |outcome| &outcome.packet_vars);
        if state.bits.is_empty()
            && state.rare.ints.is_empty()
            && state.rare.vars.is_empty()
            && packet_vars.is_empty()
        {
            return;
        }
        json.object("metadata");
        if !packet_vars.is_empty() {
            json.array("pktvars");
            for (name, value) in packet_vars {
                json.object_item().bytes_text(self.names.vars.name(*name), value).end();
            }
            json.end();
        }
        if !state.rare.vars.is_empty() {
            json.array("flowvars");
            for (name, value) in &state.rare.vars {
                json.object_item().bytes_text(self.names.vars.name(*name), value).end();
            }
            json.end();
        }
        if !state.bits.is_empty() {
            json.array("flowbits");
            for bit in &state.bits {
                json.text_item(self.names.bits.name(*bit));
            }
            json.end();
        }
        if !state.rare.ints.is_empty() {
            json.object("flowints");
            for (name, value) in &state.rare.ints {
                json.number(self.names.ints.name(*name), *value);
            }
            json.end();
        }
        json.end();
    }

    /// Writes the `traffic` object into the open object: flowbits that name what the flow is (`traffic/id/…`,
    /// `traffic/label/…`), when there are any.
    pub fn write_traffic(&self, state: &FlowState, json: &mut Json) {
        let names = || state.bits.iter().map(|bit| self.names.bits.name(*bit));
        let kinds = [("id", "traffic/id/"), ("label", "traffic/label/")];
        if !names().any(|name| kinds.iter().any(|(_, prefix)| name.starts_with(prefix))) {
            return;
        }
        json.object("traffic");
        for (key, prefix) in kinds {
            let mut named = names().filter_map(|name| name.strip_prefix(prefix)).peekable();
            if named.peek().is_some() {
                json.array(key);
                for name in named {
                    json.text_item(name);
                }
                json.end();
            }
        }
        json.end();
    }
}

/// Whether a rule depends on what other flows did.
fn reads_other_flows(sig: &Sig) -> bool {
    let rates = sig.late.iter().any(|late| match late {
        Late::RateFilter { track, .. } => *track != Track::Flow,
        _ => false,
    });
    rates || sig.tags.iter().any(|tag| tag.of != TagOf::Session)
}

/// Whether a rule depends on bits that others set for its hosts.
fn reads_host_bits(sig: &Sig) -> bool {
    sig.tests.iter().any(|test| match test {
        Test::Xbit { track, .. } => *track != BitTrack::Tx,
        _ => false,
    })
}

/// All operations of a rule, those inside `base64_data` included.
fn ops(sig: &Sig) -> impl Iterator<Item = &Op> {
    let looks = sig.looks.iter().map(|look| match look {
        Look::Payload { ops, .. } | Look::Header { ops, .. } | Look::PayloadTransformed { ops, .. } => ops,
    });
    let frames = sig.frame.iter().flat_map(|frame| &frame.parts).map(|(_, ops)| ops);
    let steps = sig.plans.iter().flat_map(|plan| &plan.steps).filter_map(|step| match &step.what {
        What::Bytes { part, .. }
        | What::FileData(part)
        | What::FileName(part)
        | What::FileMagic(part)
        | What::Stream(part) => Some(&part.ops),
        _ => None,
    });
    looks.chain(frames).chain(steps).flat_map(|ops| {
        ops.iter().flat_map(|op| {
            let inner = match op {
                Op::Base64 { then, .. } => then.iter(),
                _ => [].iter(),
            };
            std::iter::once(op).chain(inner)
        })
    })
}
