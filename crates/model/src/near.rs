//! Asking for memory before it is needed.

/// Bytes that a processor fetches together.
const LINE: usize = 64;
/// Lines of one value that are asked for: what is larger is rarely needed whole.
const LINES_MAX: usize = 8;

/// Brings a value near the processor without waiting for it. Nothing but speed depends on it.
#[inline(always)]
pub fn fetch<T: ?Sized>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(value).cast::<i8>();
        for line in 0..size_of_val(value).div_ceil(LINE).min(LINES_MAX) {
            #[expect(unsafe_code, reason = "the only way to ask for a cache line")]
            // SAFETY: a prefetch reads nothing that the program can see and never faults.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * LINE));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (value, LINE, LINES_MAX);
}
