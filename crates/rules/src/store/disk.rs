//! A rule set as one run of bytes.

use std::path::Path;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{Sigs, part};
use crate::compile::{self, Names};
use crate::index::Index;
use crate::ir::Late;
use crate::text::Known;
use crate::{Environment, RuleSet, Settings};

/// What is written before the packed rules.
#[derive(Serialize, Deserialize)]
struct Front {
    names: Names,
    index: Index,
    /// Order, turns.
    needs: [bool; 2],
    starts: Box<[u32]>,
    /// Rules that cannot be packed.
    written: Vec<Written>,
}

/// A rule that is kept as it was written.
#[derive(Serialize, Deserialize)]
struct Written {
    position: u32,
    text: String,
    origin: (u16, u32),
    late: Vec<Late>,
}

impl RuleSet {
    /// The rule set as bytes, for [`RuleSet::from_bytes`]; `None` when it depends on more than its rules and settings: on
    /// files that rules name, or on a firewall's policies.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.firewall.is_some() || !self.datasets.is_empty() || self.needs_hashes() != [false; 3] {
            return None;
        }
        let mut written = Vec::new();
        for (position, cell) in (0u32..).zip(&self.sigs.cells) {
            if !self.sigs.packed(position as usize)?.is_empty() {
                continue;
            }
            let sig = cell.get()?;
            let text = sig.meta.text.clone();
            if text.is_empty() {
                return None;
            }
            written.push(Written { position, text, origin: sig.meta.origin, late: sig.late.to_vec() });
        }
        let needs = [self.needs_order(), self.needs_turns()];
        let front = (&self.names, &self.index, needs, &self.sigs.starts, written);
        let mut bytes = postcard::to_stdvec(&front).ok()?;
        let length = bytes.len() as u64;
        bytes.extend_from_slice(self.sigs.all());
        bytes.extend_from_slice(&length.to_le_bytes());
        Some(bytes)
    }

    /// The rule set that [`RuleSet::to_bytes`] of this very program made of rules read in an equal environment and compiled
    /// with equal settings; `None` when the bytes are not that. They begin at byte `from`; what lies before them is no matter,
    /// and all are kept, since copying them would take as much memory again.
    pub fn from_bytes(
        bytes: Vec<u8>,
        from: usize,
        settings: Settings,
        environment: &Environment,
    ) -> Option<Self> {
        let (rest, length) = bytes.get(from..)?.split_last_chunk::<8>()?;
        let (front, packed) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let start = from + front.len();
        let place = start..start + packed.len();
        part::forget();
        let front: Front = postcard::from_bytes(front).ok()?;
        let mut cells: Vec<OnceLock<Box<crate::Sig>>> = Vec::new();
        cells.resize_with(front.starts.len().checked_sub(1)?, OnceLock::new);
        let mut names = front.names;
        names.reopen();
        for rule in front.written {
            let mut read = Known::read(&rule.text, Path::new(""), environment)?;
            read.meta.origin = rule.origin;
            read.late = rule.late;
            let sig = compile::signature(read, &mut names);
            *cells.get_mut(rule.position as usize)? = OnceLock::from(Box::new(sig));
        }
        names.close();
        let sigs = Sigs { cells: cells.into(), starts: front.starts, bytes, place };
        let whole = sigs.starts.last().is_some_and(|end| *end as usize == sigs.all().len());
        let ordered = sigs.starts.is_sorted();
        (whole && ordered).then(|| RuleSet::restored(sigs, names, front.index, settings, front.needs))
    }
}
