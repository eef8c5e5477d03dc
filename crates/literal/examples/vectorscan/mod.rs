//! As much of Vectorscan's interface (and of Hyperscan's, which is the same) as looking for strings takes.

#![expect(unsafe_code, reason = "a C library is called")]

use std::ffi::{CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr::{null, null_mut};

/// Strings, ready to be looked for. Each is reported once per buffer, case ignored.
pub(crate) struct Database {
    database: *mut c_void,
    scratch: *mut c_void,
}

const CASELESS: c_uint = 1;
const DOT_ALL: c_uint = 2;
const SINGLE_MATCH: c_uint = 8;
const MODE_BLOCK: c_uint = 1;

impl Database {
    /// `None`: the library does not take them.
    pub(crate) fn new(strings: &[Vec<u8>]) -> Option<Self> {
        let count = c_uint::try_from(strings.len()).ok()?;
        // Its interface for strings takes one that begins with a zero for an empty one; expressions can be written without.
        let written = |string: &Vec<u8>| {
            let text: String = string.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            CString::new(text).ok()
        };
        let written: Vec<CString> = strings.iter().map(written).collect::<Option<_>>()?;
        let texts: Vec<*const c_char> = written.iter().map(|text| text.as_ptr()).collect();
        let flags = vec![CASELESS | DOT_ALL | SINGLE_MATCH; strings.len()];
        let numbers: Vec<c_uint> = (0..count).collect();
        let (mut database, mut scratch, mut error) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the three arrays have `count` elements, and each text ends with a zero; the library copies them.
        let compiled = unsafe {
            hs_compile_multi(
                texts.as_ptr(),
                flags.as_ptr(),
                numbers.as_ptr(),
                count,
                MODE_BLOCK,
                null(),
                &mut database,
                &mut error,
            )
        };
        // SAFETY: the database was just made.
        let done = compiled == 0 && unsafe { hs_alloc_scratch(database, &mut scratch) } == 0;
        done.then_some(Self { database, scratch })
    }

    /// How many strings occur.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> u64 {
        let mut found = 0u64;
        // SAFETY: database and scratch belong together, and to nobody else now; the buffer has as many bytes as are said; the
        // callback is given the counter alone.
        unsafe {
            hs_scan(
                self.database,
                bytes.as_ptr().cast(),
                c_uint::try_from(bytes.len()).unwrap_or(c_uint::MAX),
                0,
                self.scratch,
                count,
                (&raw mut found).cast(),
            );
        }
        found
    }

    pub(crate) fn size_bytes(&self) -> usize {
        let mut size = 0;
        // SAFETY: the database is whole.
        unsafe { hs_database_size(self.database, &mut size) };
        size
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: both came from the library, and nobody uses them any more.
        unsafe {
            hs_free_scratch(self.scratch);
            hs_free_database(self.database);
        }
    }
}

unsafe extern "C" fn count(
    _: c_uint,
    _: c_ulonglong,
    _: c_ulonglong,
    _: c_uint,
    found: *mut c_void,
) -> c_int {
    // SAFETY: it is the counter that `scan` gave.
    unsafe { *found.cast::<u64>() += 1 };
    0
}

#[link(name = "hs")]
unsafe extern "C" {
    fn hs_compile_multi(
        texts: *const *const c_char,
        flags: *const c_uint,
        numbers: *const c_uint,
        count: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut c_void,
    ) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        found: unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int,
        context: *mut c_void,
    ) -> c_int;
    fn hs_database_size(database: *const c_void, size: *mut usize) -> c_int;
    fn hs_free_scratch(scratch: *mut c_void) -> c_int;
    fn hs_free_database(database: *mut c_void) -> c_int;
}
