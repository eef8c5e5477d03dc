//! What is wrong with a rule, for the person who wrote it: code, place, cause, and what to write instead.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// Kinds of trouble. The number is stable: `R012` means the same in every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The rule does not have the shape `action protocol from -> to (options)`.
    Shape,
    /// The action is not known.
    Action,
    /// The protocol, or the hook behind it, is not known.
    Protocol,
    /// An address cannot be read, or nothing is left of a group.
    Address,
    /// A port cannot be read, or nothing is left of a group.
    Port,
    /// The arrow between the two sides is not one.
    Arrow,
    /// A `$VARIABLE` is not configured, or refers to itself.
    Variable,
    /// An option is not closed: semicolon, quote.
    Option,
    /// `sid` is missing.
    NoSid,
    /// Another rule has the same sid and the same or a higher revision.
    Duplicate,
    /// A keyword has no argument and needs one, or has one and takes none.
    Argument,
    /// The keyword is not known.
    Keyword,
    /// The argument of a keyword cannot be read.
    Value,
    /// A keyword stands where it has nothing to refer to.
    Place,
    /// The rule can never match.
    Never,
    /// The keywords of the rule belong to different protocols.
    Protocols,
    /// The keywords of the rule belong to different directions.
    Direction,
    /// A name (event, class, variable) is not known.
    Name,
    /// Targe does not do this.
    Unsupported,
    /// A file that a rule names cannot be used.
    File,
    /// A regular expression cannot be compiled.
    Regex,
    /// The file of rules itself is unreadable.
    Text,
}

impl Code {
    /// The code as printed: `R012`.
    pub const fn name(self) -> &'static str {
        match self {
            Code::Shape => "R001",
            Code::Action => "R002",
            Code::Protocol => "R003",
            Code::Address => "R004",
            Code::Port => "R005",
            Code::Arrow => "R006",
            Code::Variable => "R007",
            Code::Option => "R008",
            Code::NoSid => "R009",
            Code::Duplicate => "R010",
            Code::Argument => "R011",
            Code::Keyword => "R012",
            Code::Value => "R013",
            Code::Place => "R014",
            Code::Never => "R015",
            Code::Protocols => "R016",
            Code::Direction => "R017",
            Code::Name => "R018",
            Code::Unsupported => "R019",
            Code::File => "R020",
            Code::Regex => "R021",
            Code::Text => "R022",
        }
    }
}

/// Trouble found by a parser that does not know in which file it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub code: Code,
    /// Where, in bytes of the text the parser was given; `None` = all of it.
    pub span: Option<Range<usize>>,
    /// What is wrong, as the end of a sentence: "unknown keyword `contnet`".
    pub cause: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// A fault of the whole text.
    pub fn new(code: Code, cause: impl Into<String>) -> Self {
        Self { code, span: None, cause: cause.into(), help: None }
    }

    /// With the way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// At these bytes.
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// Moved into a text that holds the parser's text at `offset`; a fault without a place gets `whole`.
    pub fn shifted(mut self, offset: usize, whole: usize) -> Self {
        let span = self.span.unwrap_or(0..whole);
        self.span = Some(span.start + offset..span.end + offset);
        self
    }
}

/// What most parsers here answer.
pub(crate) type Parsed<T> = Result<T, Fault>;

/// Trouble with its place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind.
    pub code: Code,
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Bytes of [`Error::text`] that are meant.
    pub span: Range<usize>,
    /// The line.
    pub text: String,
    /// The rule's sid, when it got that far.
    pub sid: Option<u32>,
    /// What is wrong.
    pub cause: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Error {
    /// Several lines for a terminal: the sentence, the place, the text with a caret, the way out.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let sid = self.sid.map_or(String::new(), |sid| format!(" (sid {sid})"));
        let _ = writeln!(out, "error[{}]: {}{sid}", self.code.name(), self.cause);
        let _ = writeln!(out, "  --> {}:{}:{}", self.file, self.line, self.column);
        if !self.text.is_empty() {
            let (shown, before, width) = self.excerpt();
            let number = self.line.to_string();
            let pad = " ".repeat(number.len());
            let _ = writeln!(out, "{pad} |");
            let _ = writeln!(out, "{number} | {shown}");
            let _ = writeln!(out, "{pad} | {}{}", " ".repeat(before), "^".repeat(width));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "  = help: {help}");
        }
        out
    }

    /// The part of the line around the span, the characters before the span in it, and the span's characters.
    fn excerpt(&self) -> (String, usize, usize) {
        let start = floor(&self.text, self.span.start);
        let end = floor(&self.text, self.span.end.max(start));
        let (head, rest) = self.text.split_at(start);
        let (meant, tail) = rest.split_at(end - start);
        let clean = |text: &str| text.replace(['\t', '\r', '\n'], " ");
        let head = clean(head);
        let skipped = head.chars().count().saturating_sub(Self::CONTEXT);
        let lead = if skipped > 0 { "…" } else { "" };
        let head: String = head.chars().skip(skipped).collect();
        let meant: String = clean(meant).chars().take(Self::CONTEXT).collect();
        let tail = clean(tail);
        let trail = if tail.chars().count() > Self::CONTEXT { "…" } else { "" };
        let tail: String = tail.chars().take(Self::CONTEXT).collect();
        let before = lead.chars().count() + head.chars().count();
        let width = meant.chars().count().max(1);
        (format!("{lead}{head}{meant}{tail}{trail}"), before, width)
    }

    /// Characters shown on each side of the place.
    const CONTEXT: usize = 60;
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {} {}", self.file, self.line, self.column, self.code.name(), self.cause)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// The last character boundary at or before `index`.
fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// Of `names`, the one most like `word`, when one is like enough to be meant.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.len() / 3).clamp(1, 3);
    names
        .filter(|name| name.len().abs_diff(word.len()) <= limit)
        .map(|name| (edits(word.as_bytes(), name.to_ascii_lowercase().as_bytes()), name))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// "did you mean …?", when something is near.
pub(crate) fn meant<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(word, names).map(|name| format!("did you mean `{name}`?"))
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let width = b.len() + 1;
    let mut table: Vec<usize> = (0..width).collect();
    for (row, x) in a.iter().enumerate() {
        table.push(row + 1);
        for (column, y) in b.iter().enumerate() {
            let here = (row + 1) * width + column + 1;
            let replaced = table[here - width - 1] + usize::from(x != y);
            let mut best = replaced.min(table[here - width] + 1).min(table[here - 1] + 1);
            let swapped =
                row > 0 && column > 0 && *x == b[column - 1] && a[row - 1] == *y && here >= 2 * width + 2;
            if swapped {
                best = best.min(table[here - 2 * width - 2] + 1);
            }
            table.push(best);
        }
    }
    table.last().copied().unwrap_or(0)
}
