//! Reassembly memory of a shard: how much is in use, and buffers waiting for their next stream.

/// Buffers kept for reuse.
const BUFFERS_MAX: usize = 4;
/// Larger buffers go back to the allocator.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Reassembly memory of a shard.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    used: u64,
    /// Sessions that are open.
    pub(super) sessions: u32,
    buffers: Vec<Vec<u8>>,
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
}
