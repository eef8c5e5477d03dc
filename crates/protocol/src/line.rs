//! Lines of text protocols.

/// A command or reply line is cut here.
pub(crate) const LINE_BYTES_MAX: usize = 4096;

/// A line that was found.
pub(crate) struct Line<'a> {
    /// Without its end, at most [`LINE_BYTES_MAX`].
    pub(crate) text: &'a [u8],
    /// Its end.
    pub(crate) end: &'static [u8],
    /// It was cut.
    pub(crate) cut: bool,
}

/// Takes a line off `rest`; `None` when its end is not there yet and it is not too long either.
///
/// A line that is too long is given cut as soon as that is certain; `skipping` then reads over its rest.
pub(crate) fn take_line<'a>(rest: &mut &'a [u8], skipping: &mut bool) -> Option<Line<'a>> {
    loop {
        let Some(at) = memchr::memchr(b'\n', rest) else {
            if *skipping {
                *rest = &[];
                return None;
            }
            let text = rest.get(..LINE_BYTES_MAX)?;
            *skipping = true;
            *rest = &[];
            return Some(Line { text, end: b"", cut: true });
        };
        let (line, after) = rest.split_at_checked(at + 1)?;
        *rest = after;
        if std::mem::take(skipping) {
            continue;
        }
        let (text, end) = split_end(line);
        // A line that reaches the limit with its end counted is cut there; what is left of the end stays.
        return Some(match line.get(..LINE_BYTES_MAX) {
            Some(cut) => Line { text: cut, end, cut: true },
            None => Line { text, end, cut: false },
        });
    }
}

/// A line and its end.
pub(crate) fn split_end(line: &[u8]) -> (&[u8], &'static [u8]) {
    if let Some(text) = line.strip_suffix(b"\r\n") {
        (text, b"\r\n")
    } else if let Some(text) = line.strip_suffix(b"\n") {
        (text, b"\n")
    } else {
        (line, b"")
    }
}

/// Whether a line begins with `word`, in any case.
pub(crate) fn begins(line: &[u8], word: &[u8]) -> bool {
    line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}
