//! Groups as addresses and ports share them: `[a,b,[c,!d]]`, `!x`, `any`, `$VARIABLE`.

use crate::text::error::{Code, Fault, Parsed};

/// Nesting of brackets.
const DEPTH_MAX: u32 = 64;

/// A set that groups are made of.
pub(crate) trait Set: Sized + Default {
    /// What a fault is about.
    const CODE: Code;
    /// In words: "address".
    const NOUN: &'static str;
    /// Everything.
    fn all() -> Self;
    /// One element as written, without negation or brackets.
    fn element(text: &str) -> Parsed<Self>;
    /// Adds another set.
    fn add(&mut self, other: Self);
    /// Sorts and joins after adding.
    fn tidy(&mut self);
    /// Takes another (tidy) set away; both stay tidy.
    fn remove(&mut self, other: &Self);
    /// Whether nothing is in it.
    fn is_nothing(&self) -> bool;
    /// Whether everything is in it.
    fn is_all(&self) -> bool;
}

/// Reads a group; `variable` answers for `$NAME`.
pub(crate) fn parse<S: Set>(text: &str, variable: &mut dyn FnMut(&str) -> Parsed<S>) -> Parsed<S> {
    // The outermost brackets may be left out: `!80,!443`.
    let several = members(text).nth(1).is_some();
    let set = if several { list(text, 0, variable)? } else { item(text, 0, variable)? };
    if set.is_nothing() {
        return Err(Fault::new(S::CODE, format!("no {} is left in this group", S::NOUN)));
    }
    Ok(set)
}

fn item<S: Set>(text: &str, depth: u32, variable: &mut dyn FnMut(&str) -> Parsed<S>) -> Parsed<S> {
    let blanks = text.len() - text.trim_start().len();
    let word = text.trim();
    item_trimmed(word, depth, variable).map_err(|fault| fault.shifted(blanks, word.len()))
}

fn item_trimmed<S: Set>(word: &str, depth: u32, variable: &mut dyn FnMut(&str) -> Parsed<S>) -> Parsed<S> {
    if let Some(inner) = word.strip_prefix('!') {
        let mut set = S::all();
        let taken = item(inner, depth, variable).map_err(|fault| fault.shifted(1, inner.len()))?;
        set.remove(&taken);
        if taken.is_all() {
            return Err(Fault::new(S::CODE, format!("`{word}` leaves no {}", S::NOUN)));
        }
        return Ok(set);
    }
    if let Some(name) = word.strip_prefix('$') {
        return variable(name);
    }
    if let Some(inner) = word.strip_prefix('[') {
        let Some(inner) = inner.strip_suffix(']') else {
            return Err(Fault::new(S::CODE, "a bracket is not closed").at(0..1));
        };
        if depth >= DEPTH_MAX {
            return Err(Fault::new(S::CODE, format!("brackets are nested deeper than {DEPTH_MAX}")));
        }
        return list(inner, depth + 1, variable).map_err(|fault| fault.shifted(1, inner.len()));
    }
    if word.is_empty() {
        return Err(Fault::new(S::CODE, format!("an {} is missing here", S::NOUN)).at(0..1));
    }
    if word.contains([']', '[']) {
        return Err(Fault::new(S::CODE, "brackets do not match"));
    }
    if word.eq_ignore_ascii_case("any") { Ok(S::all()) } else { S::element(word) }
}

/// The union of the plain members without the union of the negated ones; only negated ones: everything but them.
fn list<S: Set>(text: &str, depth: u32, variable: &mut dyn FnMut(&str) -> Parsed<S>) -> Parsed<S> {
    let (mut with, mut without) = (S::default(), S::default());
    let mut plain = false;
    for (start, end) in members(text) {
        let part = &text[start..end];
        let blanks = part.len() - part.trim_start().len();
        let (negated, inner, skip) = match part.trim_start().strip_prefix('!') {
            Some(inner) => (true, inner, blanks + 1),
            None => (false, part, 0),
        };
        let set = item(inner, depth, variable).map_err(|fault| fault.shifted(start + skip, inner.len()))?;
        if negated {
            without.add(set);
        } else {
            plain = true;
            with.add(set);
        }
    }
    with.tidy();
    without.tidy();
    if without.is_all() {
        return Err(Fault::new(S::CODE, format!("`!any` leaves no {}", S::NOUN)));
    }
    let mut set = if plain { with } else { S::all() };
    if !without.is_nothing() {
        set.remove(&without);
    }
    if set.is_nothing() {
        return Err(Fault::new(S::CODE, format!("no {} is left in this group", S::NOUN)));
    }
    Ok(set)
}

/// The ranges of the members of a list: commas outside brackets part them.
fn members(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at > text.len() {
            return None;
        }
        let mut depth = 0i32;
        let start = at;
        for (index, byte) in text.bytes().enumerate().skip(start) {
            match byte {
                b'[' => depth += 1,
                b']' => depth -= 1,
                b',' if depth == 0 => {
                    at = index + 1;
                    return Some((start, index));
                }
                _ => {}
            }
        }
        at = text.len() + 1;
        Some((start, text.len()))
    })
}

/// Sorts ranges and joins those that overlap or touch.
pub(crate) fn tidy<T: Copy + Ord + Next>(ranges: &mut Vec<(T, T)>) {
    ranges.sort_unstable();
    let mut kept: usize = 0;
    for index in 0..ranges.len() {
        let (first, last) = ranges[index];
        match kept.checked_sub(1).map(|previous| &mut ranges[previous]) {
            Some(previous) if previous.1.next().is_none_or(|next| first <= next) => {
                previous.1 = previous.1.max(last);
            }
            _ => {
                ranges[kept] = (first, last);
                kept += 1;
            }
        }
    }
    ranges.truncate(kept);
}

/// `from` without `taken`; both tidy.
pub(crate) fn without<T: Copy + Ord + Next>(from: &[(T, T)], taken: &[(T, T)]) -> Vec<(T, T)> {
    let mut left = Vec::with_capacity(from.len() + taken.len());
    let mut holes = taken.iter().copied().peekable();
    for &(first, last) in from {
        let mut start = Some(first);
        while let Some(&(low, high)) = holes.peek() {
            let Some(now) = start else { break };
            if high < now {
                holes.next();
                continue;
            }
            if low > last {
                break;
            }
            if low > now {
                left.push((now, low.previous().expect("it is above another")));
            }
            start = high.next().filter(|next| *next <= last);
            if high < last {
                holes.next();
            }
        }
        if let Some(now) = start {
            left.push((now, last));
        }
    }
    left
}

/// Whether a tidy list of ranges holds `value`.
pub(crate) fn holds<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> bool {
    let behind = ranges.partition_point(|(first, _)| *first <= value);
    behind.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|(_, last)| value <= *last)
}

/// Neighbours of a number.
pub(crate) trait Next: Sized {
    /// The next higher number.
    fn next(self) -> Option<Self>;
    /// The next lower number.
    fn previous(self) -> Option<Self>;
}

macro_rules! next {
    ($($number:ty),*) => {$(
        impl Next for $number {
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    )*};
}
next!(u16, u32, u128);
