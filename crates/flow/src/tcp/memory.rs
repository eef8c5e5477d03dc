//! Reassembly memory of a shard: how much is in use, and buffers waiting for their next stream.

use super::session::Session;

/// Buffers kept for reuse.
const BUFFERS_MAX: usize = 4;
/// Larger buffers go back to the allocator.
const BUFFER_BYTES_MAX: usize = 16 * 1024;
/// Sessions kept for reuse.
const SESSIONS_MAX: usize = 16;

/// Reassembly memory of a shard.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    used: u64,
    sessions_open: u32,
    buffers: Vec<Vec<u8>>,
    #[expect(clippy::vec_box, reason = "the box itself is what is reused")]
    sessions: Vec<Box<Session>>,
}

impl Memory {
    /// Bytes held by streams.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    pub(super) fn reserve(&mut self, bytes: u64) {
        self.used += bytes;
    }

    pub(super) fn release(&mut self, bytes: u64) {
        self.used = self.used.checked_sub(bytes).expect("what is released was reserved");
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    pub(super) fn give(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && buffer.capacity() <= BUFFER_BYTES_MAX && self.buffers.len() < BUFFERS_MAX
        {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    /// A fresh session; `None` when `limit` are open.
    pub(super) fn open_session(&mut self, limit: u32) -> Option<Box<Session>> {
        if self.sessions_open >= limit {
            return None;
        }
        self.sessions_open += 1;
        Some(self.sessions.pop().unwrap_or_default())
    }

    /// Takes a session back.
    pub(crate) fn recycle(&mut self, mut session: Box<Session>) {
        session.reset(self);
        self.sessions_open -= 1;
        if self.sessions.len() < SESSIONS_MAX {
            self.sessions.push(session);
        }
    }
}
