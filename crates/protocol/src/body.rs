//! A body that arrives over time, kept as a sliding window.

/// Bytes of a body or file: the window `[base, total)` is in memory.
///
/// The rules inspect it in windows and move `base` on when they are done; a limit bounds what is kept at all.
#[derive(Debug, Default, Clone)]
pub struct Body {
    data: Vec<u8>,
    base: u64,
    total: u64,
    kept_max: u64,
    /// Nothing is kept: nobody looks at it.
    counts_only: bool,
    /// No more bytes will come.
    pub ended: bool,
    /// Bytes after the limit were seen and dropped.
    pub cut: bool,
}

impl Body {
    /// A body of which at most `kept_max` bytes from its start are kept (0 = all).
    pub fn new(kept_max: u64) -> Self {
        Self { kept_max, ..Self::default() }
    }

    /// A body of which only the length is known, every byte of it seen and forgotten.
    pub fn counting() -> Self {
        Self { counts_only: true, ..Self::default() }
    }

    /// Appends bytes, up to the limit.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.counts_only {
            self.base += bytes.len() as u64;
            self.total += bytes.len() as u64;
            return;
        }
        let room = match self.kept_max {
            0 => usize::MAX,
            max => {
                usize::try_from(max.saturating_sub(self.base + self.data.len() as u64)).unwrap_or(usize::MAX)
            }
        };
        let take = bytes.len().min(room);
        self.data.extend_from_slice(&bytes[..take]);
        self.cut |= take < bytes.len();
        self.total += bytes.len() as u64;
    }

    /// What is in memory, and the offset of its first byte in the whole body.
    pub fn window(&self) -> (&[u8], u64) {
        (&self.data, self.base)
    }

    /// Bytes seen, kept or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes up to which the body is or was in memory.
    pub fn kept(&self) -> u64 {
        self.base + self.data.len() as u64
    }

    /// Forgets bytes before `offset`.
    pub fn forget(&mut self, offset: u64) {
        let drop =
            usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.data.len());
        self.data.drain(..drop);
        self.base += drop as u64;
    }

    /// Nothing comes for a while: gives back the room that nothing needs now. What waits for rules to look at it may wait as
    /// long as its flow is open. An allocator that is asked to shrink a block in place keeps it when less than half of it would
    /// be saved.
    pub fn rest(&mut self) {
        let len = self.data.len();
        if self.data.capacity() > len + len / 8 {
            self.data = self.data.as_slice().to_vec();
        }
    }
}
