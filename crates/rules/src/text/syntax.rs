//! The shape of a rule: words of the header, options with names and values, and where each stands in its file.
//!
//! Nothing is understood here. A rule may be spread over lines that end with a backslash; the backslash, what follows it on
//! its line, and the line break are taken out, and places are mapped back to the file.
//!
//! Limits: a rule may have [`RULE_BYTES_MAX`] bytes.

use std::borrow::Cow;

use crate::text::error::{Code, Fault, Parsed};

/// Longest rule, joined.
pub(crate) const RULE_BYTES_MAX: usize = 16 << 20;

/// A word and where it starts in the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Word<'a> {
    fn trimmed(text: &'a str, at: usize) -> Self {
        let left = text.trim_start();
        Self { text: left.trim_end(), at: at + text.len() - left.len() }
    }

    /// A fault at this word.
    pub(crate) fn fault(&self, code: Code, cause: impl Into<String>) -> Fault {
        Fault::new(code, cause).at(self.at..self.at + self.text.len())
    }

    /// Moves a fault that was found inside this word to the rule.
    pub(crate) fn place(&self, fault: Fault) -> Fault {
        fault.shifted(self.at, self.text.len())
    }
}

/// One `name:value;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting<'a> {
    pub(crate) name: Word<'a>,
    /// Trimmed; `None` when there is nothing behind the colon or no colon.
    pub(crate) value: Option<Word<'a>>,
}

/// A rule taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    pub(crate) action: Word<'a>,
    pub(crate) protocol: Word<'a>,
    pub(crate) source: Word<'a>,
    pub(crate) source_port: Word<'a>,
    pub(crate) arrow: Word<'a>,
    pub(crate) destination: Word<'a>,
    pub(crate) destination_port: Word<'a>,
    pub(crate) settings: Vec<Setting<'a>>,
}

/// A rule's text, joined, with the way back to the file.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Byte in the file where the rule starts.
    pub(crate) at: usize,
    /// Line of its first byte, from 1.
    pub(crate) line: u32,
    /// From which byte of `text` on so many bytes of the file are missing, in order.
    cuts: Vec<(usize, usize)>,
}

impl Statement<'_> {
    /// Where byte `at` of the joined text lies in the file.
    pub(crate) fn file_offset(&self, at: usize) -> usize {
        let missing = self.cuts.iter().take_while(|(from, _)| *from <= at).last().map_or(0, |cut| cut.1);
        self.at + at + missing
    }
}

/// What a file of rules consists of, besides comments and blank lines.
#[derive(Debug, Clone)]
pub(crate) enum Entry<'a> {
    /// Presumably a rule.
    Rule(Statement<'a>),
    /// A line that starts with a blank and is therefore left out, as Suricata does.
    Indented(Statement<'a>),
}

/// Splits a file into rules.
pub(crate) fn entries(file: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut at = 0;
    let mut line = 0;
    std::iter::from_fn(move || {
        while at < file.len() {
            let first = one_line(file, at);
            line += 1;
            let start = at;
            let text = file[start..first].trim_end();
            match text.as_bytes().first() {
                None | Some(b'#' | b';') => at = next_line(file, first),
                Some(_) if text.trim_start().starts_with('#') => at = next_line(file, first),
                Some(first_byte) => {
                    let blank = matches!(first_byte, b' ');
                    let (statement, lines, after) = join(file, start, line);
                    at = after;
                    line += lines - 1;
                    return Some(if blank { Entry::Indented(statement) } else { Entry::Rule(statement) });
                }
            }
        }
        None
    })
}

/// End of the line that starts at `at`.
fn one_line(file: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &file.as_bytes()[at..]).map_or(file.len(), |length| at + length)
}

fn next_line(file: &str, end: usize) -> usize {
    (end + 1).min(file.len())
}

/// Joins the lines of the rule that starts at `start`: the rule, its number of lines, and where the next line starts.
fn join(file: &str, start: usize, line: u32) -> (Statement<'_>, u32, usize) {
    let mut text: Cow<'_, str> = Cow::Borrowed("");
    let mut cuts = Vec::new();
    let (mut at, mut lines) = (start, 0);
    loop {
        let end = one_line(file, at);
        let part = file[at..end].trim_end();
        let whole = part.strip_suffix('\\');
        let kept = whole.unwrap_or(part);
        if lines == 0 {
            text = Cow::Borrowed(kept);
        } else {
            cuts.push((text.len(), at - start - text.len()));
            text.to_mut().push_str(kept);
        }
        lines += 1;
        at = next_line(file, end);
        if whole.is_none() || at >= file.len() || text.len() > RULE_BYTES_MAX {
            return (Statement { text, at: start, line, cuts }, lines, at);
        }
    }
}

/// Takes a rule apart.
pub(crate) fn parse(text: &str) -> Parsed<Written<'_>> {
    if text.len() > RULE_BYTES_MAX {
        return Err(Fault::new(Code::Shape, format!("the rule is longer than {RULE_BYTES_MAX} bytes")));
    }
    let mut rest = Rest { text, at: 0 };
    let action = rest.word("the action")?;
    let protocol = rest.word("the protocol")?;
    let source = rest.list("the source address")?;
    let source_port = rest.list("the source port")?;
    let arrow = rest.word("the arrow `->`")?;
    let destination = rest.list("the destination address")?;
    let destination_port = rest.list("the destination port")?;
    let settings = rest.settings()?;
    Ok(Written { action, protocol, source, source_port, arrow, destination, destination_port, settings })
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn missing(&self, what: &str) -> Fault {
        Fault::new(Code::Shape, format!("{what} is missing"))
            .at(self.at..self.text.len())
            .help("a rule reads: action protocol address port -> address port (options)")
    }

    /// A word up to the next blank.
    fn word(&mut self, what: &str) -> Parsed<Word<'a>> {
        self.take(what, |_, byte| byte.is_ascii_whitespace())
    }

    /// A word that may hold blanks inside brackets.
    fn list(&mut self, what: &str) -> Parsed<Word<'a>> {
        self.take(what, |depth, byte| depth == 0 && (byte.is_ascii_whitespace() || byte == b'('))
    }

    fn take(&mut self, what: &str, ends: impl Fn(u32, u8) -> bool) -> Parsed<Word<'a>> {
        self.skip_blanks();
        let start = self.at;
        let mut depth = 0u32;
        let rest = &self.text.as_bytes()[start..];
        let mut end = rest.len();
        for (index, &byte) in rest.iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' => depth = depth.saturating_sub(1),
                _ if ends(depth, byte) => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        if end == 0 {
            return Err(self.missing(what));
        }
        self.at = start + end;
        Ok(Word { text: &self.text[start..start + end], at: start })
    }

    /// Everything from the opening parenthesis to the closing one.
    fn settings(&mut self) -> Parsed<Vec<Setting<'a>>> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let Some(inner) = rest.strip_prefix('(') else {
            return Err(self.missing("`(` with the options"));
        };
        let start = self.at + 1;
        let Some(inner) = inner.trim_end().strip_suffix(')') else {
            return Err(Fault::new(Code::Shape, "the options are not closed by `)`")
                .at(self.at..self.at + 1)
                .help("end the rule with `)`; a rule over several lines needs `\\` at the end of each but the last"));
        };
        split(inner, start)
    }
}

/// Splits options at semicolons that are not escaped.
fn split(text: &str, offset: usize) -> Parsed<Vec<Setting<'_>>> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(16);
    let mut at = 0;
    loop {
        let mut from = at;
        let end = loop {
            match memchr::memchr(b';', &bytes[from..]) {
                Some(length) if from + length > at && bytes[from + length - 1] == b'\\' => from += length + 1,
                Some(length) => break Some(from + length),
                None => break None,
            }
        };
        let Some(end) = end else {
            let last = Word::trimmed(&text[at..], offset + at);
            if last.text.is_empty() {
                return Ok(found);
            }
            return Err(last
                .fault(Code::Option, "the last option is not closed by `;`")
                .help("write `;` before `)`"));
        };
        let part = &text[at..end];
        let (name, value) = match memchr::memchr(b':', part.as_bytes()) {
            Some(colon) => {
                let value = Word::trimmed(&part[colon + 1..], offset + at + colon + 1);
                (&part[..colon], (!value.text.is_empty()).then_some(value))
            }
            None => (part, None),
        };
        let name = Word::trimmed(name, offset + at);
        if name.text.is_empty() {
            let place = offset + at..offset + end + 1;
            return Err(Fault::new(Code::Option, "an option has no name").at(place));
        }
        found.push(Setting { name, value });
        at = end + 1;
    }
}
