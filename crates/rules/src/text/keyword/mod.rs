//! Every keyword of the rule language: its name, what argument it takes, one sentence for the manual, and what it does to a
//! rule. One file per family. Keywords of protocols are not here: they are made from the protocols' own tables of fields.

mod app;
mod buffer;
mod bytes;
mod content;
mod dataset;
mod file;
mod flow;
mod meta;
mod packet;
mod pcre;
mod state;
mod threshold;
mod transform;

use std::sync::LazyLock;

use hashbrown::HashMap;
use protocol::{FieldKind, REGISTRY};

use super::draft::Draft;
use super::error::Parsed;
use crate::ir::Place;

pub(crate) use buffer::set_field;
pub(crate) use content::size_max;
pub(crate) use threshold::{Pairs, build as build_threshold, pairs};
pub(crate) use transform::hex_bytes;

/// What stands behind a keyword's colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// Something, or nothing.
    Optional,
    /// Something.
    Plain,
    /// Something; quotes around it are taken off.
    MaybeQuoted,
    /// Something in quotes.
    Quoted,
}

/// A keyword.
#[derive(Debug)]
pub struct Keyword {
    /// Its name.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// What stands behind its colon.
    pub argument: Argument,
    /// A `!` may stand before the argument and is told apart.
    pub(crate) negatable: bool,
    /// One sentence for the manual.
    pub help: &'static str,
    pub(crate) set: fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>,
}

impl Keyword {
    /// To fill up declarations.
    pub(crate) const EMPTY: Keyword = Keyword {
        name: "",
        aliases: &[],
        argument: Argument::Plain,
        negatable: false,
        help: "",
        set: |_, _| Ok(()),
    };
}

/// The argument of a keyword, without quotes and (where it is told apart) negation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) text: &'a str,
    pub(crate) negated: bool,
}

/// Every keyword that is not a field of a protocol, by family.
pub const KEYWORDS: &[&[Keyword]] = &[
    meta::KEYWORDS,
    packet::KEYWORDS,
    flow::KEYWORDS,
    content::KEYWORDS,
    bytes::KEYWORDS,
    pcre::KEYWORDS,
    buffer::KEYWORDS,
    transform::KEYWORDS,
    file::KEYWORDS,
    state::KEYWORDS,
    dataset::KEYWORDS,
    threshold::KEYWORDS,
    app::KEYWORDS,
];

/// A field under one name, wherever it exists.
#[derive(Debug)]
pub(crate) struct FieldKeyword {
    /// Canonical name.
    pub(crate) name: &'static str,
    pub(crate) places: Vec<Place>,
}

/// What a word in a rule stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning {
    Keyword(&'static Keyword),
    Field(&'static FieldKeyword),
}

struct Dictionary {
    words: HashMap<String, Meaning>,
    fields: HashMap<&'static str, &'static FieldKeyword>,
}

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(build);

/// Looks a keyword up; case is ignored.
pub(crate) fn look_up(word: &str) -> Option<Meaning> {
    if let Some(meaning) = DICTIONARY.words.get(word) {
        return Some(*meaning);
    }
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return DICTIONARY.words.get(word.to_ascii_lowercase().as_str()).copied();
    }
    None
}

/// Looks a field up by its canonical name.
pub(crate) fn field(name: &str) -> Option<&'static FieldKeyword> {
    DICTIONARY.fields.get(name).copied()
}

/// All words that a rule may use, in no order that matters.
pub(crate) fn words() -> Vec<&'static str> {
    let mut words: Vec<&'static str> = KEYWORDS
        .iter()
        .flat_map(|family| family.iter())
        .flat_map(|keyword| std::iter::once(keyword.name).chain(keyword.aliases.iter().copied()))
        .chain(
            REGISTRY
                .iter()
                .flat_map(|protocol| protocol.fields.iter())
                .flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied())),
        )
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Every keyword, also those of protocols, with one sentence each; sorted by name.
pub fn keywords() -> Vec<(&'static str, &'static str)> {
    let own = KEYWORDS.iter().flat_map(|family| family.iter()).map(|keyword| (keyword.name, keyword.help));
    let fields =
        REGISTRY.iter().flat_map(|protocol| protocol.fields.iter()).map(|field| (field.name, field.help));
    let mut all: Vec<_> = own.chain(fields).collect();
    all.sort_by_key(|(name, _)| *name);
    all.dedup_by_key(|(name, _)| *name);
    all
}

fn build() -> Dictionary {
    let mut places: Vec<(&'static str, Vec<Place>)> = Vec::new();
    let mut aliases: Vec<(&'static str, &'static str)> = Vec::new();
    for (protocol, number) in REGISTRY.iter().zip(0u8..) {
        for (field, position) in protocol.fields.iter().zip(0u16..) {
            let place = Place { protocol: protocol::ProtocolId(number), field: position };
            match places.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, list)) => list.push(place),
                None => places.push((field.name, vec![place])),
            }
            aliases.extend(field.aliases.iter().map(|alias| (*alias, field.name)));
        }
    }
    let mut fields = HashMap::new();
    for (name, places) in places {
        // The dictionary is built once and lives as long as the program.
        let keyword: &'static FieldKeyword = Box::leak(Box::new(FieldKeyword { name, places }));
        fields.insert(name, keyword);
    }
    let mut words: HashMap<String, Meaning> = HashMap::new();
    for family in KEYWORDS {
        for keyword in *family {
            words.insert(keyword.name.to_owned(), Meaning::Keyword(keyword));
            for alias in keyword.aliases {
                words.insert((*alias).to_owned(), Meaning::Keyword(keyword));
            }
        }
    }
    for (word, name) in fields.keys().map(|name| (*name, *name)).chain(aliases) {
        let Some(field) = fields.get(name) else { continue };
        words.entry(word.to_ascii_lowercase()).or_insert(Meaning::Field(field));
    }
    Dictionary { words, fields }
}

impl FieldKeyword {
    /// What argument the keyword takes.
    pub(crate) fn argument(&self) -> Argument {
        match self.kind() {
            // An argument of a sticky buffer can only be the direction in a `=>` rule.
            FieldKind::Bytes(_) | FieldKind::List(_) | FieldKind::Body(_) => Argument::Optional,
            FieldKind::Number { .. } | FieldKind::Numbers { .. } => Argument::Plain,
            FieldKind::Custom(_) => Argument::Optional,
        }
    }

    /// How it is read; the same in all places.
    pub(crate) fn kind(&self) -> FieldKind {
        self.places.first().expect("a field exists somewhere").field().kind
    }
}
