//! Files that arrive in byte ranges (RFC 9110 §14), over several exchanges and flows, put together again.
//!
//! One store per shard, so that it never depends on threads. Limits: [`OPEN_MAX`] files, [`BYTES_MAX`] bytes over all of
//! them, [`IDLE_SECS_MAX`] without news; the oldest is given up first.

use std::collections::VecDeque;

use model::Time;

use crate::{File, FileState};

/// Files that are being put together.
const OPEN_MAX: usize = 64;
/// Bytes kept over all of them.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Without new bytes for so long, a file is given up.
const IDLE_SECS_MAX: u64 = 60;
/// Parts of one file that wait for what comes before them.
const PARTS_MAX: usize = 1024;

/// Files that are being put together, oldest first.
#[derive(Debug, Default)]
pub struct Ranges {
    open: VecDeque<Whole>,
    next_id: u64,
}

/// A file of which parts are there.
#[derive(Debug)]
struct Whole {
    id: u64,
    key: Vec<u8>,
    /// Whole size.
    size: u64,
    last: Time,
    /// The beginning, without holes.
    file: File,
    /// Parts behind a hole: where they begin, and their bytes.
    parts: Vec<(u64, Vec<u8>)>,
    /// Bytes in `parts`.
    waiting: usize,
}

impl Whole {
    fn bytes(&self) -> usize {
        let (kept, _) = self.file.body.window();
        kept.len() + self.waiting
    }

    /// Moves to the file whatever follows it now.
    fn join(&mut self) {
        while let Some(place) = self.parts.iter().position(|(start, _)| *start <= self.file.size) {
            let (start, bytes) = self.parts.swap_remove(place);
            self.waiting -= bytes.len();
            self.add(start, &bytes);
        }
    }

    /// Keeps bytes that something is missing before.
    fn wait(&mut self, start: u64, bytes: &[u8]) {
        let follows = |part: &&mut (u64, Vec<u8>)| part.0 + part.1.len() as u64 == start;
        if let Some((_, part)) = self.parts.iter_mut().find(follows) {
            part.extend_from_slice(bytes);
        } else if self.parts.len() < PARTS_MAX {
            self.parts.push((start, bytes.to_vec()));
        } else {
            return;
        }
        self.waiting += bytes.len();
    }

    /// Adds bytes that begin at or before the end of the file; what is there already is not replaced.
    fn add(&mut self, start: u64, bytes: &[u8]) {
        let known = usize::try_from(self.file.size.saturating_sub(start)).unwrap_or(usize::MAX);
        let room = usize::try_from(self.size.saturating_sub(self.file.size)).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        self.file.append(new.get(..new.len().min(room)).unwrap_or_default());
    }
}

impl Ranges {
    /// The file that `key` names and that has `size` bytes, begun with `new` when nothing of it was seen; answers its number.
    pub fn open(&mut self, key: &[u8], size: u64, now: Time, new: impl FnOnce() -> File) -> u64 {
        self.open.retain(|whole| now.nanos_since(whole.last) <= IDLE_SECS_MAX * 1_000_000_000);
        if let Some(whole) = self.open.iter_mut().find(|whole| whole.key == key && whole.size == size) {
            whole.last = now;
            return whole.id;
        }
        if self.open.len() >= OPEN_MAX {
            self.open.pop_front();
        }
        self.next_id += 1;
        let whole = Whole {
            id: self.next_id,
            key: key.to_vec(),
            size,
            last: now,
            file: new(),
            parts: Vec::new(),
            waiting: 0,
        };
        self.open.push_back(whole);
        self.next_id
    }

    /// Takes bytes of file `id` from offset `start`; answers the file when it is whole.
    pub fn write(&mut self, id: u64, start: u64, bytes: &[u8], now: Time) -> Option<File> {
        let place = self.open.iter().position(|whole| whole.id == id)?;
        let whole = self.open.get_mut(place)?;
        whole.last = now;
        if start <= whole.file.size {
            whole.add(start, bytes);
            whole.join();
        } else {
            whole.wait(start, bytes);
        }
        if whole.file.size == whole.size {
            let mut whole = self.open.remove(place)?;
            whole.file.close(FileState::Closed);
            return Some(whole.file);
        }
        while self.open.iter().map(Whole::bytes).sum::<usize>() > BYTES_MAX {
            self.open.pop_front();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use model::{Direction, PacketId};

    use super::*;
    use crate::FileConfig;

    fn file() -> File {
        File::new(1, Direction::ToClient, b"a", &FileConfig::default(), (Time::default(), PacketId(0)))
    }

    #[test]
    fn parts_in_any_order_make_a_file() {
        let mut ranges = Ranges::default();
        let now = Time::from_secs(1);
        let id = ranges.open(b"host/a", 10, now, file);
        assert!(ranges.write(id, 6, b"67", now).is_none());
        assert!(ranges.write(id, 8, b"89", now).is_none());
        assert!(ranges.write(id, 0, b"012", now).is_none());
        assert_eq!(ranges.open(b"host/a", 10, now, file), id);
        let whole = ranges.write(id, 2, b"2345", now).expect("the hole is filled");
        assert_eq!(whole.body.window().0, b"0123456789");
        assert_eq!(whole.state, FileState::Closed);
    }

    #[test]
    fn a_file_without_news_is_forgotten() {
        let mut ranges = Ranges::default();
        let id = ranges.open(b"a", 2, Time::from_secs(1), file);
        assert_ne!(ranges.open(b"a", 2, Time::from_secs(62), file), id);
    }

    #[test]
    fn another_size_is_another_file() {
        let mut ranges = Ranges::default();
        let now = Time::from_secs(1);
        assert_ne!(ranges.open(b"a", 2, now, file), ranges.open(b"a", 3, now, file));
    }
}
