//! Rules on files: each file of a transaction is held against them for itself.

use model::Direction;
use protocol::{File, FileState, Inspected, InspectedRule, ProtocolId};

use super::bytes::Buffer;
use super::transaction::{Taken, Tx, window};
use super::{Hit, Run};
use crate::dataset::Asked;
use crate::index::Source;
use crate::ir::{Absent, FileHashes, HashKind};
use crate::sig::{Part, Plan, Post, Sig, Step, What};
use crate::{NumberTest, Settings};

/// Marks an entry that says which file a rule has matched.
const OF_FILE: u32 = 1 << 31;
/// Files per transaction that rules remember.
const FILES_MAX: usize = 1024;

/// Whether a step is about single files.
pub(super) fn is_file_step(step: &Step) -> bool {
    matches!(step.what, What::FileSize(_) | What::Hashes(_) | What::AnyFile)
}

/// Bytes of a file that a rule looks at.
pub(super) fn bytes<'b>(
    source: Source,
    file: &'b File,
    protocol: ProtocolId,
    settings: &Settings,
    forced: bool,
    space: &'b mut Vec<u8>,
) -> Option<Buffer<'b>> {
    match source {
        Source::FileData => {
            window(&file.body, file.inspected, settings.files(protocol, file.direction), forced)
        }
        Source::FileName => (!file.name.is_empty()).then(|| Buffer::whole(&file.name)),
        Source::FileMagic => {
            space.clear();
            file.describe(space);
            (!space.is_empty()).then(|| Buffer::whole(space))
        }
        Source::Field(_) => None,
    }
}

impl Run<'_, '_> {
    /// Holds the file steps of a rule against each file that it has not matched yet. All other steps hold already.
    pub(super) fn files(
        &mut self,
        sig: &Sig,
        number: u32,
        plan: &Plan,
        tx: &Tx,
        inspected: &mut [Inspected; 2],
    ) {
        let direction = self.direction;
        let session = self.scene.flow.as_ref().and_then(|flow| flow.app.session());
        let count = session.map_or(0, |session| session.files(tx.index).len());
        for at in 0..count {
            let Some(file) = self.file_at(tx, at) else { return };
            let entry = number | OF_FILE;
            let shelf = &inspected[direction.index()].rules;
            let done = shelf.iter().any(|known| known.rule == entry && known.matched == file.id);
            let other = file.direction != direction && !sig.head.both_sides;
            let id = file.id;
            if done || other || !self.file_holds(plan, tx, at) {
                continue;
            }
            let shelf = &mut inspected[direction.index()].rules;
            if shelf.len() < FILES_MAX {
                shelf.push(InspectedRule { rule: entry, matched: id });
            }
            self.store_file(sig, tx, at);
            self.matched(sig, Hit { tx: Some(tx.id), state: true, ..Hit::packet(number) });
        }
    }

    fn file_holds(&mut self, plan: &Plan, tx: &Tx, at: usize) -> bool {
        plan.steps.iter().filter(|step| is_file_step(step)).all(|step| match &step.what {
            What::FileSize(test) => self.file_at(tx, at).is_some_and(|file| size_holds(file, *test)),
            What::Hashes(hashes) => self.file_at(tx, at).is_some_and(|file| hash_holds(file, hashes)),
            _ => true,
        })
    }

    fn file_at(&self, tx: &Tx, at: usize) -> Option<&File> {
        self.scene.flow.as_ref()?.app.session()?.files(tx.index).get(at)
    }

    /// Holds content, name or kind against the files of one direction; one that fits is enough.
    pub(super) fn any_file(&mut self, source: Source, part: &Part, tx: &Tx, direction: Direction) -> Taken {
        let forced = self.forced(direction);
        let Some(session) = self.scene.flow.as_ref().and_then(|flow| flow.app.session()) else {
            return Taken::NotYet;
        };
        let (machine, bench) = (&mut self.tools.machine, &mut self.tools.bench);
        let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
        let mut space = Vec::new();
        let mut there = false;
        for file in session.files(tx.index).iter().filter(|file| file.direction == direction) {
            let settings = self.rules.settings();
            let Some(buffer) = bytes(source, file, tx.protocol, settings, forced, &mut space) else {
                continue;
            };
            there = true;
            if part.absent == Absent::Required {
                break;
            }
            let offset = if part.transforms.is_empty() { buffer.offset } else { 0 };
            let bytes = bench.apply(&part.transforms, buffer.bytes);
            if machine.holds(&part.ops, Buffer { bytes, offset, end: buffer.end }, &mut sets) {
                return Taken::Holds;
            }
        }
        let side = direction.index();
        let past = tx.progress[side] >= tx.complete[side] || forced;
        Taken::from(!there && part.absent != Absent::Fails && past)
    }

    /// `filestore` without a wider scope: this file.
    fn store_file(&mut self, sig: &Sig, tx: &Tx, at: usize) {
        let wanted = sig.post.iter().any(|post| matches!(post, Post::Filestore { .. }));
        let Some(session) = self.scene.flow.as_mut().and_then(|flow| flow.app.session_mut()) else { return };
        if let (true, Some(file)) = (wanted, session.files_mut(tx.index).get_mut(at)) {
            file.store = true;
            if !file.sids.contains(&sig.meta.sid) {
                file.sids.push(sig.meta.sid);
            }
        }
    }
}

/// A size is known when the file has ended; before that (or when it was cut off) only "more than" can be told.
fn size_holds(file: &File, test: NumberTest) -> bool {
    match file.state {
        FileState::Closed => test.holds(file.size),
        FileState::Truncated | FileState::Error | FileState::Open => {
            file.state != FileState::Open
                && matches!(test, NumberTest::Greater(_) | NumberTest::GreaterEqual(_))
                && test.holds(file.size)
        }
    }
}

fn hash_holds(file: &File, hashes: &FileHashes) -> bool {
    let digest: Option<&[u8]> = match hashes.kind {
        HashKind::Md5 => file.md5().map(|digest| &digest[..]),
        HashKind::Sha1 => file.sha1().map(|digest| &digest[..]),
        HashKind::Sha256 => file.sha256().map(|digest| &digest[..]),
    };
    digest.is_some_and(|digest| {
        hashes.digests.binary_search_by(|known| known.as_slice().cmp(digest)).is_ok() != hashes.negated
    })
}
