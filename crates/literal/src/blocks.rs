//! A buffer by blocks of 64 bytes, of which something says at a glance which positions are worth a look.

/// Bytes of which the positions are looked at together.
pub(crate) const BLOCK: usize = 64;
/// Bytes of a block, with those behind it that its last positions may look at.
pub(crate) const TAKEN: usize = BLOCK + 16;

/// A block and what lies behind it.
pub(crate) type Block = [u8; TAKEN];

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// One position after the other.
    Plain,
    /// Vectors of 32 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Vectors of 64 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Means {
    /// The best there is.
    #[inline]
    pub(crate) fn here() -> Means {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512bw") {
                return Means::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                return Means::Avx2;
            }
        }
        Means::Plain
    }

    /// All there are on this processor.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Means> {
        let mut all = vec![Means::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(std::arch::is_x86_feature_detected!("avx2").then_some(Means::Avx2));
            all.extend(std::arch::is_x86_feature_detected!("avx512bw").then_some(Means::Avx512));
        }
        all
    }
}

/// A buffer cut into blocks. The last ones have no whole block behind them and are filled up with zeros; what then seems to
/// hold something is set right by looking in full.
pub(crate) struct Cut<'b> {
    bytes: &'b [u8],
    /// Where the copied ones begin.
    whole: usize,
    rest: [u8; BLOCK + TAKEN],
}

impl<'b> Cut<'b> {
    #[inline]
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        let whole = match bytes.len().checked_sub(TAKEN) {
            Some(more) => (more / BLOCK + 1) * BLOCK,
            None => 0,
        };
        let mut cut = Self { bytes, whole, rest: [0; BLOCK + TAKEN] };
        let rest = bytes.get(whole..).unwrap_or_default();
        cut.rest[..rest.len()].copy_from_slice(rest);
        cut
    }

    /// The block that begins at `at`, a multiple of its length inside the buffer.
    #[inline(always)]
    pub(crate) fn block(&self, at: usize) -> &Block {
        let from = if at < self.whole { self.bytes.get(at..) } else { self.rest.get(at - self.whole..) };
        from.and_then(|from| from.first_chunk()).expect("blocks lie inside their buffer")
    }
}

/// Calls `look` with each position of a mask, in which bits stand for positions `STEP` bytes apart.
#[inline(always)]
pub(crate) fn each<const STEP: usize>(mut mask: u64, at: usize, mut look: impl FnMut(usize)) {
    while mask != 0 {
        look(at + mask.trailing_zeros() as usize * STEP);
        mask &= mask - 1;
    }
}
