//! Regular expressions of `pcre` and `pcrexform`.
//!
//! PCRE2 itself, since rules are written for its dialect to the letter. The match and depth limits are Suricata's
//! defaults, so that no traffic can make an expression run away.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Debug;
use std::sync::OnceLock;

use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

/// Suricata's default `pcre.match-limit` and `pcre.match-limit-recursion`.
const LIMITS: &str = "(*LIMIT_MATCH=3500)(*LIMIT_DEPTH=1500)";

/// A regular expression, compiled when it is first needed.
#[derive(Clone)]
pub struct Pattern {
    source: Box<str>,
    flags: Flags,
    groups: u16,
    regex: OnceLock<Option<Box<Regex>>>,
}

/// Options of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    /// `i`.
    pub caseless: bool,
    /// `m`.
    pub multi_line: bool,
    /// `s`.
    pub dot_all: bool,
    /// `x`.
    pub extended: bool,
    /// `A`.
    pub anchored: bool,
    /// `G`.
    pub ungreedy: bool,
    /// `E`: `$` only at the very end.
    pub dollar_end_only: bool,
}

impl Pattern {
    /// Checks an expression. Few of the expressions of a rule set are ever asked, so that nothing but the text is kept.
    ///
    /// # Errors
    /// When it is not one; in one sentence.
    pub fn new(source: &str, flags: Flags) -> Result<Self, String> {
        let regex = compile(source, flags)?;
        let groups = u16::try_from(regex.captures_len().saturating_sub(1)).unwrap_or(u16::MAX);
        Ok(Self { source: source.into(), flags, groups, regex: OnceLock::new() })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its options.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Where it first matches.
    pub fn find(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        self.find_at(bytes, 0)
    }

    /// Where it first matches from a position on.
    pub fn find_at(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        if from > bytes.len() {
            return None;
        }
        // An expression that matches by itself keeps its working memory, 20 KiB of it, for the next time. Hundreds of
        // expressions come to be asked, and few of them often.
        self.captures_at(bytes, from, &mut None)
    }

    /// Where it first matches from a position on, with its groups in `locations`.
    pub(crate) fn captures_at(
        &self,
        bytes: &[u8],
        from: usize,
        locations: &mut Option<CaptureLocations>,
    ) -> Option<(usize, usize)> {
        if from > bytes.len() {
            return None;
        }
        let regex = self.regex()?;
        let locations = locations.insert(regex.capture_locations());
        let found = regex.captures_read_at(locations, bytes, from).ok()??;
        Some((found.start(), found.end()))
    }

    /// How many groups it has, without the whole match.
    pub fn groups(&self) -> usize {
        self.groups.into()
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compile(&self.source, self.flags).ok().map(Box::new)).as_deref()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.source, self.flags, self.groups).serialize(serializer)
    }
}

/// What was checked before it was written needs no check.
impl<'d> Deserialize<'d> for Pattern {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        let (source, flags, groups) = Deserialize::deserialize(deserializer)?;
        Ok(Self { source, flags, groups, regex: OnceLock::new() })
    }
}

impl Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern")
            .field("source", &self.source)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

fn compile(source: &str, flags: Flags) -> Result<Regex, String> {
    let mut text = String::with_capacity(LIMITS.len() + source.len() + 8);
    text.push_str(LIMITS);
    // The crate has no options for these; the inline spellings mean the same.
    if flags.ungreedy {
        text.push_str("(?U)");
    }
    if flags.anchored {
        text.push_str("\\G(?:");
    }
    let before = text.len();
    if flags.dollar_end_only {
        text.push_str(&dollars_to_ends(source));
    } else {
        text.push_str(source);
    }
    if flags.anchored {
        text.push(')');
    }
    RegexBuilder::new()
        .caseless(flags.caseless)
        .multi_line(flags.multi_line)
        .dotall(flags.dot_all)
        .extended(flags.extended)
        .build(&text)
        .map_err(|error| reason(&error, before))
}

/// The library's own words, with the position counted from the start of the rule's expression.
fn reason(error: &pcre2::Error, before: usize) -> String {
    let words = error.to_string();
    match (error.offset(), words.rsplit_once(": ")) {
        (Some(offset), Some((_, words))) => format!("{words} at byte {}", offset.saturating_sub(before)),
        _ => words,
    }
}

/// Writes `\z` for each `$` outside classes and escapes.
fn dollars_to_ends(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut chars = source.chars();
    let mut in_class = false;
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                text.push('\\');
                text.extend(chars.next());
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '$' if !in_class => {
                text.push_str("\\z");
                continue;
            }
            _ => {}
        }
        text.push(char);
    }
    text
}
