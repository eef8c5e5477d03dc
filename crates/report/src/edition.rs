//! Which edition of a report is wanted: language and marking.

use crate::catalogue::Language;

/// Traffic Light Protocol 2.0 (FIRST, August 2022).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Tlp {
    /// No limit on disclosure.
    Clear,
    /// Within the community.
    Green,
    /// Need to know, within the organisation and its clients. The default: a report names victims.
    #[default]
    Amber,
    /// Need to know, within the organisation only.
    AmberStrict,
    /// For individual recipients only.
    Red,
}

impl Tlp {
    /// All labels, most open first.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// The label without its prefix, as the standard writes it: `AMBER+STRICT`.
    pub const fn label(self) -> &'static str {
        match self {
            Tlp::Clear => "CLEAR",
            Tlp::Green => "GREEN",
            Tlp::Amber => "AMBER",
            Tlp::AmberStrict => "AMBER+STRICT",
            Tlp::Red => "RED",
        }
    }

    /// The colour of the text on black, red, green and blue (the standard's table of colours).
    pub const fn colour(self) -> [u8; 3] {
        match self {
            Tlp::Clear => [0xff, 0xff, 0xff],
            Tlp::Green => [0x33, 0xff, 0x00],
            Tlp::Amber | Tlp::AmberStrict => [0xff, 0xc0, 0x00],
            Tlp::Red => [0xff, 0x2b, 0x2b],
        }
    }

    /// The label of a word, upper or lower case, with or without `TLP:`.
    pub fn of_word(word: &str) -> Option<Tlp> {
        let word = word.to_ascii_uppercase();
        let word = word.strip_prefix("TLP:").unwrap_or(&word);
        Tlp::ALL.into_iter().find(|tlp| tlp.label() == word)
    }
}

/// Language and marking.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// The language of pages and forms. Machine formats are English.
    pub language: Language,
    /// Who may read it.
    pub tlp: Tlp,
}
