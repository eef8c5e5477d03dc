//! Lines with places: filled in, or read back from a finished sentence.

use super::{Phrase, Piece};

/// A line of the catalogue, in parts.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Words(&'static str),
    Place(Place),
}

/// A place to fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its name.
    pub(super) name: &'static str,
    /// What stands there.
    pub(super) kind: Kind,
}

/// What stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something from traffic: shown as it is (`{name}`).
    Data,
    /// A number: in the digits of the language (`{#name}`).
    Number,
    /// A number with its unit, like `2.1 MB` (`{%name}`).
    Amount,
    /// A time, like `2025-03-04 08:20 UTC` (`{@name}`).
    Time,
    /// A sentence in itself (`{=name}`).
    Sentence,
    /// Sentences with commas between them (`{+name}`).
    List,
}

/// Whether a text begins with a number.
fn begins_a_number(text: &str) -> bool {
    text.trim_start_matches(['+', '-', '−']).starts_with(|letter: char| letter.is_ascii_digit())
}

impl Place {
    fn parse(inside: &'static str) -> Self {
        let kind = match inside.bytes().next() {
            Some(b'#') => Kind::Number,
            Some(b'%') => Kind::Amount,
            Some(b'@') => Kind::Time,
            Some(b'=') => Kind::Sentence,
            Some(b'+') => Kind::List,
            _ => return Self { name: inside, kind: Kind::Data },
        };
        Self { name: &inside[1..], kind }
    }
}

impl Template {
    /// Parses places in braces; a brace that closes nothing is text.
    pub(super) fn parse(line: &'static str) -> Self {
        let mut parts = Vec::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, next)) = after.split_once('}') else { break };
            if !before.is_empty() {
                parts.push(Part::Words(before));
            }
            parts.push(Part::Place(Place::parse(name)));
            rest = next;
        }
        if !rest.is_empty() {
            parts.push(Part::Words(rest));
        }
        Self { parts }
    }

    /// Puts values into the places; a place without a value shows its name.
    pub(super) fn fill(&self, mut value: impl FnMut(Place) -> Option<Phrase>) -> Phrase {
        let mut phrase = Phrase::new();
        for part in &self.parts {
            match part {
                Part::Words(words) => phrase.push(Piece::words(*words)),
                Part::Place(place) => match value(*place) {
                    Some(pieces) => phrase.extend(pieces),
                    None => phrase.push(Piece::words(format!("{{{}}}", place.name))),
                },
            }
        }
        phrase
    }

    /// What stands in the places of a finished sentence; `None` when the sentence is not of this line.
    ///
    /// Each stretch of words is taken where it occurs first, the last one at the end: linear in the sentence. A semicolon parts
    /// sentences, so only a place for a sentence may hold one.
    pub(super) fn read<'a>(&self, sentence: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
        // Most lines are told apart by their ends.
        if let Some(Part::Words(words)) = self.parts.last()
            && !sentence.ends_with(words)
        {
            return None;
        }
        let mut rest = sentence;
        let mut values = Vec::new();
        let mut open: Option<Place> = None;
        for (position, part) in self.parts.iter().enumerate() {
            match part {
                Part::Place(place) => open = Some(*place),
                Part::Words(words) => match open.take() {
                    None => rest = rest.strip_prefix(words)?,
                    Some(place) => {
                        let is_last = position + 1 == self.parts.len();
                        let at = if is_last {
                            rest.len().checked_sub(words.len()).filter(|_| rest.ends_with(words))?
                        } else {
                            let number_follows = matches!(
                                self.parts.get(position + 1),
                                Some(Part::Place(Place { kind: Kind::Number, .. }))
                            );
                            // Words like `and` stand in other sentences, too: where a number must follow, one must.
                            let fits =
                                |at: usize| !number_follows || begins_a_number(&rest[at + words.len()..]);
                            find(rest, words, fits)?
                        };
                        values.push((place, &rest[..at]));
                        rest = &rest[at + words.len()..];
                    }
                },
            }
        }
        match open {
            Some(place) => values.push((place, rest)),
            None if !rest.is_empty() => return None,
            None => {}
        }
        let fits = |place: &Place, value: &str| {
            !value.is_empty() && (place.kind == Kind::Sentence || !value.contains("; "))
        };
        values
            .iter()
            .all(|(place, value)| fits(place, value))
            .then(|| values.into_iter().map(|(place, value)| (place.name, value)).collect())
    }
}

/// Where words of a line occur first. They are few and do not repeat themselves, so that trying each place of their first
/// letter is quicker than making ready for a search.
fn find(text: &str, words: &str, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let first = words.as_bytes().first()?;
    let mut places = text.as_bytes().windows(words.len()).enumerate();
    let found =
        places.find(|(at, place)| place.first() == Some(first) && *place == words.as_bytes() && fits(*at));
    found.map(|(at, _)| at)
}
