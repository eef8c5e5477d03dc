//! What a match changes at once: bits and numbers of the flow, files to be stored, logging.

use model::Direction;
use protocol::Session;

use super::Run;
use crate::ir::{ActionScope, BitTrack};
use crate::sig::{Post, Sig};

impl Run<'_, '_> {
    /// Does what a matching rule asks for.
    pub(super) fn post(&mut self, sig: &Sig, tx: Option<u64>) {
        for action in &sig.post {
            match action {
                Post::BitSet(_) | Post::BitUnset(_) | Post::BitToggle(_) | Post::Int { .. } => {
                    self.flow_state(action)
                }
                Post::XbitSet { bit, track: BitTrack::Tx, .. } => self.transaction_bit(*bit, tx, Some(true)),
                Post::XbitUnset { bit, track: BitTrack::Tx } => self.transaction_bit(*bit, tx, Some(false)),
                Post::XbitToggle { bit, track: BitTrack::Tx, .. } => self.transaction_bit(*bit, tx, None),
                Post::XbitSet { .. } | Post::XbitUnset { .. } | Post::XbitToggle { .. } => {
                    let (layers, now) = (self.scene.layers, self.scene.time);
                    match (&mut self.late, &self.tools.turns) {
                        (Some(late), _) => late.bits.change(action, layers.src, layers.dst, now),
                        (None, Some(turns)) => {
                            turns.take(&mut |bits| bits.change(action, layers.src, layers.dst, now));
                        }
                        (None, None) => {}
                    }
                }
                Post::Filestore { direction, scope } => self.filestore(*direction, *scope, tx),
                Post::Bypass => self.outcome.bypass = true,
                Post::LoggingOff(scope) => self.logging_off(*scope, tx),
            }
        }
    }

    fn flow_state(&mut self, action: &Post) {
        let Some(flow) = &mut self.scene.flow else { return };
        let state = &mut *flow.state;
        match action {
            Post::BitSet(bit) => state.set_bit(*bit),
            Post::BitUnset(bit) => state.unset_bit(*bit),
            Post::BitToggle(bit) if state.has_bit(*bit) => state.unset_bit(*bit),
            Post::BitToggle(bit) => state.set_bit(*bit),
            Post::Int { name, operator, value, other } => {
                let value = match other {
                    Some(other) => state.int(*other).unwrap_or(0),
                    None => *value,
                };
                let old = state.int(*name).unwrap_or(0);
                let new = match operator {
                    '+' => old.wrapping_add(value),
                    '-' => old.wrapping_sub(value),
                    _ => value,
                };
                state.set_int(*name, new);
            }
            _ => {}
        }
    }

    /// Sets, unsets or (`None`) toggles a bit of a transaction.
    fn transaction_bit(&mut self, bit: u32, tx: Option<u64>, to: Option<bool>) {
        let (Some(flow), Some(tx)) = (&mut self.scene.flow, tx) else { return };
        let bits = &mut flow.state.rare.tx_bits;
        let known = bits.contains(&(bit, tx));
        if to.unwrap_or(!known) {
            if !known && bits.len() < TX_BITS_MAX {
                bits.push((bit, tx));
            }
        } else {
            bits.retain(|each| *each != (bit, tx));
        }
    }

    /// `filestore` with a scope wider than the file at hand.
    fn filestore(&mut self, direction: Option<Option<Direction>>, scope: ActionScope, tx: Option<u64>) {
        let packet = self.direction;
        let Some(flow) = &mut self.scene.flow else { return };
        let sides = match direction {
            None => Direction::BOTH.map(|side| side == packet),
            Some(None) => [true; 2],
            Some(Some(wanted)) => Direction::BOTH.map(|side| side == wanted),
        };
        match scope {
            ActionScope::Flow => {
                for (place, wanted) in flow.state.store_files.iter_mut().zip(sides) {
                    *place |= wanted;
                }
                let Some(session) = flow.app.session_mut() else { return };
                for index in 0..session.count() {
                    store_all(session, index, sides);
                }
            }
            ActionScope::Tx => {
                let Some(session) = flow.app.session_mut() else { return };
                if let Some(index) = (0..session.count()).find(|index| Some(session.core(*index).id) == tx) {
                    store_all(session, index, sides);
                }
            }
            // The file itself is marked where it matched.
            ActionScope::Packet | ActionScope::Hook | ActionScope::File => {}
        }
    }

    fn logging_off(&mut self, scope: ActionScope, tx: Option<u64>) {
        let Some(flow) = &mut self.scene.flow else { return };
        if scope == ActionScope::Flow {
            flow.state.quiet = true;
            return;
        }
        let Some(session) = flow.app.session_mut() else { return };
        if let Some(index) = (0..session.count()).find(|index| Some(session.core(*index).id) == tx) {
            session.core_mut(index).quiet = true;
        }
    }
}

/// Bits of transactions per flow.
const TX_BITS_MAX: usize = 256;

fn store_all(session: &mut (dyn Session + 'static), index: usize, sides: [bool; 2]) {
    for file in session.files_mut(index) {
        file.store |= sides[file.direction.index()];
    }
}
