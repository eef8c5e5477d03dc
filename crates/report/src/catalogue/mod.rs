//! The words of the reports, one readable file per language (`en.txt`, `fa.txt`).
//!
//! A line is `key = text`; `{name}` is filled in, `{#name}` in the digits of the language, `{%name}` as an amount with its unit,
//! `{@name}` as a time, `{=name}` translated itself first, `{+name}` as a list of such with commas between them.
//! Lines whose key begins with `say.` are sentences that other stages write in English: the English text is matched against
//! the English line, and its parts are put into the line of the language. A key that a language lacks falls back to English;
//! a sentence that no line knows stays English, and the reports mark it so.

mod calendar;
mod match_up;
#[cfg(test)]
mod said;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{Confidence, Role, Severity, Time};

use match_up::{Kind, Template};

/// Languages that reports are written in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Persian, from right to left.
    Persian,
}

impl Language {
    /// All languages.
    pub const ALL: [Language; 2] = [Language::English, Language::Persian];

    /// BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Persian => "fa",
        }
    }

    /// Whether it is written from right to left.
    pub const fn is_rtl(self) -> bool {
        matches!(self, Language::Persian)
    }

    /// The language of a tag.
    pub fn of_tag(tag: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    fn lines(self) -> &'static str {
        match self {
            Language::English => include_str!("en.txt"),
            Language::Persian => include_str!("fa.txt"),
        }
    }
}

/// A stretch of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it comes from traffic (an address, a name): shown isolated from the direction of the language.
    pub is_data: bool,
}

impl Piece {
    /// Words of the language.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_data: false }
    }

    /// Something from traffic.
    pub fn data(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_data: true }
    }
}

/// A sentence in pieces.
pub type Phrase = Vec<Piece>;

/// The text of a phrase, without marks.
pub fn plain(phrase: &[Piece]) -> String {
    phrase.iter().map(|piece| piece.text.as_str()).collect()
}

/// A sentence of another stage, in the language where that is known.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its pieces.
    pub phrase: Phrase,
    /// Whether it is in the language asked for (English always is in English).
    pub is_translated: bool,
}

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    language: Language,
    own: BTreeMap<&'static str, &'static str>,
    english: BTreeMap<&'static str, &'static str>,
    /// Sentences without places, and their keys.
    fixed: BTreeMap<&'static str, &'static str>,
    /// Sentences with places, in the order of the file.
    sentences: Vec<(&'static str, Template)>,
}

impl Words {
    /// Reads the catalogue of a language.
    pub fn new(language: Language) -> Self {
        let english: Vec<_> = lines(Language::English).collect();
        let said = || english.iter().filter(|(key, _)| key.starts_with("say."));
        let fixed = said().filter(|(_, text)| !text.contains('{')).map(|(key, text)| (*text, *key)).collect();
        let sentences = said()
            .filter(|(_, text)| text.contains('{'))
            .map(|(key, text)| (*key, Template::parse(text)))
            .collect();
        let own = lines(language).collect();
        Self { language, own, english: english.into_iter().collect(), fixed, sentences }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text under a key; the key itself when even English lacks it.
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.line(key).unwrap_or(key)
    }

    fn line(&self, key: &str) -> Option<&'static str> {
        self.own.get(key).or_else(|| self.english.get(key)).copied()
    }

    /// Whether a key exists.
    pub fn has(&self, key: &str) -> bool {
        self.own.contains_key(key) || self.english.contains_key(key)
    }

    /// The text under a key with its places filled.
    pub fn fill(&self, key: &str, values: &[(&str, Piece)]) -> Phrase {
        Template::parse(self.line(key).unwrap_or_default()).fill(|place| {
            let (_, piece) = values.iter().find(|(name, _)| *name == place.name)?;
            let text = if place.kind == Kind::Number { self.digits(&piece.text) } else { piece.text.clone() };
            Some(vec![Piece { text, is_data: piece.is_data }])
        })
    }

    /// [`Words::fill`], with the singular line (`key.one`) where the count is one.
    pub fn fill_count(&self, key: &str, count: u64, values: &[(&str, Piece)]) -> Phrase {
        let one = format!("{key}.one");
        let key = if count == 1 && self.has(&one) { &one } else { key };
        let mut all = vec![("count", Piece::words(self.count(count)))];
        all.extend_from_slice(values);
        self.fill(key, &all)
    }

    /// A sentence that another stage wrote in English.
    pub fn say(&self, english: &str) -> Said {
        self.say_nested(english, 0)
    }

    fn say_nested(&self, english: &str, depth: usize) -> Said {
        if let Some(key) = self.fixed.get(english) {
            let text = self.line(key).unwrap_or_default();
            return Said { phrase: vec![Piece::words(text)], is_translated: self.own.contains_key(key) };
        }
        for (key, template) in &self.sentences {
            let Some(values) = template.read(english) else { continue };
            let mut is_translated = self.own.contains_key(key);
            let phrase = Template::parse(self.line(key).unwrap_or_default()).fill(|place| {
                let (_, text) = values.iter().find(|(name, _)| *name == place.name)?;
                Some(match place.kind {
                    Kind::Sentence if depth < DEPTH_MAX => {
                        let said = self.say_nested(text, depth + 1);
                        is_translated &= said.is_translated;
                        said.phrase
                    }
                    Kind::List if depth < DEPTH_MAX => {
                        let said = self.say_list(text, depth + 1);
                        is_translated &= said.is_translated;
                        said.phrase
                    }
                    Kind::Sentence | Kind::List | Kind::Data => vec![Piece::data(*text)],
                    Kind::Number => vec![Piece::words(self.digits(text))],
                    Kind::Amount => vec![Piece::words(self.amount(text))],
                    Kind::Time => vec![Piece::words(self.time(text))],
                })
            });
            return Said { phrase, is_translated };
        }
        if depth < DEPTH_MAX && english.contains("; ") {
            return self.say_parts(english, depth);
        }
        // A sentence that no line knows may hold anything from traffic.
        Said { phrase: vec![Piece::data(english)], is_translated: self.language == Language::English }
    }

    /// Sentences parted by semicolons, each by itself.
    fn say_parts(&self, english: &str, depth: usize) -> Said {
        let mut all = Said { phrase: Phrase::new(), is_translated: true };
        for part in english.split("; ") {
            if !all.phrase.is_empty() {
                all.phrase.push(Piece::words(self.text("parted")));
                all.phrase.push(Piece::words(" "));
            }
            let said = self.say_nested(part, depth + 1);
            all.is_translated &= said.is_translated;
            all.phrase.extend(said.phrase);
        }
        all
    }

    /// Sentences with commas between them. One may hold commas itself: as many pieces are taken together as give a line.
    fn say_list(&self, english: &str, depth: usize) -> Said {
        let parts: Vec<&str> = english.splitn(LIST_MAX, ", ").collect();
        let mut all = Said { phrase: Phrase::new(), is_translated: true };
        let mut from = 0;
        while from < parts.len() {
            let known = (from + 1..=parts.len())
                .rev()
                .map(|to| (to, self.say_nested(&parts[from..to].join(", "), depth)))
                .find(|(to, said)| said.is_translated || *to == from + 1);
            let Some((to, said)) = known else { break };
            if from > 0 {
                all.phrase.push(Piece::words(self.text("listed")));
                all.phrase.push(Piece::words(" "));
            }
            all.is_translated &= said.is_translated;
            all.phrase.extend(said.phrase);
            from = to;
        }
        all
    }

    /// An amount that another stage wrote, like `2.1 MB`.
    fn amount(&self, text: &str) -> String {
        match text.split_once(' ') {
            Some((value, "bytes")) => format!("{} {}", self.digits(value), self.text("unit.B")),
            Some((value, unit)) if self.has(&format!("unit.{unit}")) => {
                format!("{} {}", self.digits(value), self.text(&format!("unit.{unit}")))
            }
            _ => self.digits(text),
        }
    }

    /// A time that another stage wrote, like `2025-03-04 08:20 UTC` or as EVE does, in the calendar of the language.
    fn time(&self, text: &str) -> String {
        let read = || {
            let day = calendar::day_of(text.get(..10)?)?;
            let (hour, minute) = text.get(11..16)?.split_once(':')?;
            let seconds = hour.parse::<u64>().ok()? * 3_600 + minute.parse::<u64>().ok()? * 60;
            Some(Time::from_secs(day * 86_400 + seconds))
        };
        match read() {
            Some(time) if self.language != Language::English => {
                let clock: String = self.clock(time).chars().take(5).collect();
                format!("{} {clock} UTC", self.day(time))
            }
            _ => text.to_owned(),
        }
    }

    /// Digits of the language, and its decimal sign.
    pub fn digits(&self, text: &str) -> String {
        match self.language {
            Language::English => text.to_owned(),
            Language::Persian => text
                .chars()
                .map(|letter| match letter {
                    '0'..='9' => char::from_u32('۰' as u32 + (letter as u32 - '0' as u32)).unwrap_or(letter),
                    '.' => '٫',
                    ',' => '٬',
                    _ => letter,
                })
                .collect(),
        }
    }

    /// A count, with separators.
    pub fn count(&self, number: u64) -> String {
        self.digits(&crate::words::count(number))
    }

    /// A measured value.
    pub fn number(&self, value: f64) -> String {
        self.digits(&crate::words::number(value))
    }

    /// Bytes in decimal units.
    pub fn bytes(&self, number: u64) -> String {
        let text = crate::words::bytes(number);
        let (value, unit) = text.split_once(' ').unwrap_or((&text, "B"));
        format!("{} {}", self.digits(value), self.text(&format!("unit.{unit}")))
    }

    /// Day and time to the second, UTC, in the calendar of the language.
    pub fn moment(&self, time: Time) -> String {
        format!("{} {}", self.day(time), self.clock(time))
    }

    /// The day: `2025-03-04`, or in the Solar Hijri calendar `۱۴۰۳/۱۲/۱۴`.
    pub fn day(&self, time: Time) -> String {
        match self.language {
            Language::English => calendar::gregorian(time),
            Language::Persian => self.digits(&calendar::solar_hijri(time)),
        }
    }

    /// The time of day to the second, UTC.
    pub fn clock(&self, time: Time) -> String {
        let of_day = time.secs() % 86_400;
        self.digits(&format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60))
    }

    /// The word for a severity.
    pub fn severity(&self, severity: Severity) -> &str {
        match severity {
            Severity::Info => self.text("severity.info"),
            Severity::Low => self.text("severity.low"),
            Severity::Medium => self.text("severity.medium"),
            Severity::High => self.text("severity.high"),
            Severity::Critical => self.text("severity.critical"),
        }
    }

    /// The word of ICD 203 for a probability.
    pub fn likelihood(&self, confidence: Confidence) -> &str {
        self.text(match crate::words::likelihood(confidence) {
            "almost no chance" => "likelihood.almost_none",
            "very unlikely" => "likelihood.very_unlikely",
            "unlikely" => "likelihood.unlikely",
            "roughly even chance" => "likelihood.even",
            "likely" => "likelihood.likely",
            "very likely" => "likelihood.very_likely",
            _ => "likelihood.almost_certain",
        })
    }

    /// The word for what a server does.
    pub fn role(&self, role: Role) -> String {
        self.text(&format!("role.{}", role.word())).to_owned()
    }

    /// The name of an ATT&CK tactic; `name` where the catalogue has none.
    pub fn tactic(&self, id: &str, name: &str) -> String {
        let key = format!("tactic.{id}");
        if self.has(&key) { self.text(&key).to_owned() } else { name.to_owned() }
    }
}

/// Sentences within sentences that are followed.
const DEPTH_MAX: usize = 3;
/// Sentences of a list that are told one by one.
const LIST_MAX: usize = 12;

/// Key and text of each line.
fn lines(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    language
        .lines()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, text)| (key.trim(), text.trim()))
}
