//! A rule set as one run of bytes.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::{Bytes, Scanners, Shelf, Sigs, part};
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
    /// Where packed rules start, and behind them packed scanners.
    starts: Box<[u32]>,
    scanners: Box<[u32]>,
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
    /// The rule set as bytes, for [`RuleSet::from_shelf`]; `None` when it depends on more than its rules and settings: on
    /// files that rules name, or on a firewall's policies.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.firewall.is_some() || !self.datasets.is_empty() || self.needs_hashes() != [false; 3] {
            return None;
        }
        let mut written = Vec::new();
        for (position, cell) in (0u32..).zip(&self.sigs.cells) {
            if self.sigs.is_packed(position as usize) {
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
        let (scanners, packed) = self.index.scanners.packed()?;
        let front = (&self.names, &self.index, needs, &self.sigs.starts, scanners, written);
        let mut bytes = postcard::to_stdvec(&front).ok()?;
        let length = bytes.len() as u64;
        bytes.extend_from_slice(&self.sigs.all()?);
        bytes.extend_from_slice(&packed);
        bytes.extend_from_slice(&length.to_le_bytes());
        Some(bytes)
    }

    /// The rule set that [`RuleSet::to_bytes`] of this very program made of rules read in an equal environment and compiled
    /// with equal settings; `None` when what is on the shelf is not that. It begins at byte `from` there; what lies before is
    /// no matter. Rules stay on the shelf until they are first asked for, and so do the strings of each group.
    pub fn from_shelf(
        shelf: Box<dyn Shelf>,
        from: u64,
        settings: Settings,
        environment: &Environment,
    ) -> Option<Self> {
        let end = shelf.len().checked_sub(8)?;
        let mut length = [0; 8];
        let read = shelf.read(end, &mut length);
        let length = u64::from_le_bytes(length);
        let start = from.checked_add(length).filter(|start| read && *start <= end)?;
        let mut front = vec![0; usize::try_from(length).ok()?];
        if !shelf.read(from, &mut front) {
            return None;
        }
        part::forget();
        let mut front: Front = postcard::from_bytes(&front).ok()?;
        let shelf: Arc<dyn Shelf> = shelf.into();
        let len = u64::from(*front.starts.last()?);
        let middle = start.checked_add(len).filter(|middle| *middle <= end)?;
        let packed = Bytes::There { shelf: Arc::clone(&shelf), from: middle, len: end - middle };
        front.index.scanners = Scanners::shelved(front.scanners, packed)?;
        let bytes = Bytes::There { shelf, from: start, len };
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
        let sigs = Sigs { cells: cells.into(), starts: front.starts, bytes };
        let ordered = sigs.starts.is_sorted();
        ordered.then(|| RuleSet::restored(sigs, names, front.index, settings, front.needs))
    }
}
