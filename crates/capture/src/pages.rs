//! How the system hands out memory to this process.

/// Asks for memory in small pages (4 KiB) only, from now on.
///
/// Tables of flows are filled here and there. With huge pages (2 MiB) the first touch of each clears, and keeps, five hundred
/// times as much as is used; that costs more than the fewer look-ups of pages save. Does nothing where there is no such
/// setting, and a refusal changes nothing but the size.
pub fn small_pages() {
    #[cfg(target_os = "linux")]
    {
        const YES: libc::c_ulong = 1;
        const NO: libc::c_ulong = 0;
        #[allow(unsafe_code, reason = "the only way to set it for the process")]
        // SAFETY: this call takes plain numbers and changes how later page faults are served; no memory is touched.
        let _ = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, YES, NO, NO, NO) };
    }
}
