//! The serialisation protocol of Redis: values that begin with their type and end with a line or after a length.

/// Bytes of a line at most.
const LINE_MAX: usize = 64 << 10;
/// Bytes of the start of a value that tell it apart.
pub(super) const HEAD_MAX: usize = 32;
/// Words of a command that are kept, and bytes of each.
const WORDS_MAX: usize = 32;
const WORD_MAX: usize = 512;
/// Levels of arrays.
const LEVELS_MAX: usize = 16;
/// Items of an array that are believed.
const ITEMS_MAX: u64 = 1 << 32;

/// A value, as far as it is kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// Its type, as sent: `+`, `-`, `:`, `$`, `*`, …; 0 = words without one.
    pub(super) kind: u8,
    /// Items of an array, bytes of a string; -1 = nothing.
    pub(super) size: i64,
    /// Strings in it, or the line; cut.
    pub(super) words: Vec<Vec<u8>>,
}

impl Value {
    /// The words of a command, what is secret masked, and how many there were.
    pub(super) fn into_command(self) -> Option<(Vec<Vec<u8>>, u64)> {
        let mut words = match self.kind {
            b'*' => self.words,
            0 => {
                let line = self.words.first()?;
                let split = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
                split.take(WORDS_MAX).map(|word| word[..word.len().min(WORD_MAX)].to_vec()).collect()
            }
            _ => return None,
        };
        let count = if self.kind == b'*' { self.size.max(0) as u64 } else { words.len() as u64 };
        words.first_mut()?.make_ascii_uppercase();
        mask(&mut words);
        Some((words, count))
    }
}

/// Masks what proves who somebody is.
fn mask(words: &mut [Vec<u8>]) {
    let is = |word: &[u8], known: &[u8]| word.eq_ignore_ascii_case(known);
    let first = words.first().cloned().unwrap_or_default();
    let secret: Vec<bool> = match first.as_slice() {
        // AUTH password, AUTH user password.
        b"AUTH" => (0..words.len()).map(|at| at > 0 && at + 1 == words.len()).collect(),
        b"CONFIG" => {
            let sets = |at: usize| is(&words[at], b"requirepass") || is(&words[at], b"masterauth");
            (0..words.len()).map(|at| at > 2 && sets(at - 1)).collect()
        }
        b"HELLO" | b"MIGRATE" => {
            let after = |at: usize, back: usize, word: &[u8]| at >= back && is(&words[at - back], word);
            (0..words.len())
                .map(|at| {
                    after(at, 2, b"auth") && first == b"HELLO"
                        || after(at, 2, b"auth2")
                        || after(at, 1, b"auth") && first == b"MIGRATE"
                })
                .collect()
        }
        b"ACL" => {
            (0..words.len()).map(|at| matches!(words[at].first(), Some(b'>' | b'<' | b'#' | b'!'))).collect()
        }
        _ => return,
    };
    for (word, _) in words.iter_mut().zip(secret).filter(|(_, secret)| *secret) {
        *word = b"***".to_vec();
    }
}

/// One step of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes belong to a value that is not whole yet.
    Used(usize),
    /// So many bytes end a value.
    Value(usize, Value),
    More,
    Not,
}

/// Reads values piece by piece.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Items still to come, from the outermost array inwards.
    open: Vec<u64>,
    value: Option<Value>,
    /// Bytes of a string still to come, its line's end included.
    left: usize,
    /// Attributes describe the value behind them.
    attribute: bool,
}

impl Reader {
    /// So many bytes are missing; false: it is not known where it goes on.
    pub(super) fn gap(&mut self, missing: usize) -> bool {
        match self.left.checked_sub(missing).filter(|left| *left >= 2) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        if self.left > 0 {
            let take = self.left.min(bytes.len());
            // The end of the line is no part of the string.
            let text = self.left.saturating_sub(2).min(take);
            self.keep(bytes.get(..text).unwrap_or_default());
            self.left -= take;
            return if self.left == 0 { self.item(take) } else { Step::Used(take) };
        }
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            return if bytes.len() > LINE_MAX { Step::Not } else { Step::More };
        };
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.line(line, end + 1)
    }

    fn line(&mut self, line: &[u8], length: usize) -> Step {
        let Some((kind, rest)) = line.split_first() else {
            // An empty line between commands.
            return if self.value.is_none() { Step::Used(length) } else { Step::Not };
        };
        let number = || std::str::from_utf8(rest).ok().and_then(|text| text.parse::<i64>().ok());
        let size = match kind {
            b'*' | b'%' | b'~' | b'>' | b'|' | b'$' | b'=' | b'!' => {
                // Of unknown length are only values of RESP 3 that nobody sends.
                let Some(size) = number().filter(|size| (-1..=ITEMS_MAX as i64).contains(size)) else {
                    return Step::Not;
                };
                size
            }
            _ => 0,
        };
        self.begin(*kind, size, line);
        match kind {
            b'$' | b'=' | b'!' => {
                self.word();
                if size < 0 {
                    return self.item(length);
                }
                self.left = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(2);
                Step::Used(length)
            }
            b'*' | b'~' | b'>' if size <= 0 => self.item(length),
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                if self.open.len() >= LEVELS_MAX {
                    return Step::Not;
                }
                let pairs = matches!(kind, b'%' | b'|');
                let items = size.max(0) as u64 * (1 + u64::from(pairs));
                if items == 0 {
                    return self.item(length);
                }
                self.attribute |= *kind == b'|' && self.open.is_empty();
                self.open.push(items);
                Step::Used(length)
            }
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {
                self.word();
                self.keep(rest);
                self.item(length)
            }
            _ if self.open.is_empty() => self.item(length),
            _ => Step::Not,
        }
    }

    /// Remembers a value that begins, unless it is part of another.
    fn begin(&mut self, kind: u8, size: i64, line: &[u8]) {
        if self.value.is_some() {
            return;
        }
        let known = b"*%~>|$=!+-:_#,(".contains(&kind);
        let mut value = Value { kind: if known { kind } else { 0 }, size, words: Vec::new() };
        if !known {
            value.words.push(line.get(..line.len().min(4096)).unwrap_or(line).to_vec());
        }
        self.value = Some(value);
    }

    /// A new word begins.
    fn word(&mut self) {
        if let Some(value) = &mut self.value
            && value.words.len() < WORDS_MAX
        {
            value.words.push(Vec::new());
        } else if let Some(value) = &mut self.value {
            // Bytes of words that are not kept go nowhere.
            value.words.truncate(WORDS_MAX);
            value.words.push(vec![0; WORD_MAX]);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(word) = self.value.as_mut().and_then(|value| value.words.last_mut()) {
            let room = WORD_MAX.saturating_sub(word.len()).min(bytes.len());
            word.extend_from_slice(&bytes[..room]);
        }
    }

    /// An item ends, and with it perhaps the arrays around it.
    fn item(&mut self, length: usize) -> Step {
        while let Some(left) = self.open.last_mut() {
            *left -= 1;
            if *left > 0 {
                return Step::Used(length);
            }
            self.open.pop();
        }
        let value = self.value.take();
        if std::mem::take(&mut self.attribute) {
            return Step::Used(length);
        }
        match value {
            Some(mut value) => {
                value.words.truncate(WORDS_MAX);
                Step::Value(length, value)
            }
            None => Step::Used(length),
        }
    }
}
