//! The formats a report can be had in.

use crate::{Edition, Report, exchange, form, page};

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// One page, `report.html`.
    Html,
    /// `report.pdf`.
    Pdf,
    /// STIX 2.1, `stix.json`.
    Stix,
    /// MISP core format, `misp.json`.
    Misp,
    /// ATT&CK Navigator layers, `navigator.json`.
    Navigator,
    /// Indicators, `indicators.csv`.
    Csv,
    /// Suricata rules for what was learned, `learned.rules`: need the capture, to be tested.
    Rules,
    /// NIS2 forms, `nis2-*.md` and `.json`.
    Nis2,
    /// DORA forms, `dora-*.md` and `.json`.
    Dora,
}

/// Why a format cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// The program was built without it.
    NotBuilt,
    /// It is made from the capture, not from the report alone.
    NeedsCapture,
    /// The PDF could not be written; a fault of the program.
    Pdf,
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Unavailable::NotBuilt => {
                "this program was built without PDF; build it with `cargo build --release -p targe --features pdf`"
            }
            Unavailable::NeedsCapture => {
                "rules are tested on the capture before they are offered; run `targe investigate CAPTURE --format rules`"
            }
            Unavailable::Pdf => "the PDF could not be written",
        })
    }
}

impl std::error::Error for Unavailable {}

impl Format {
    /// All formats.
    pub const ALL: [Format; 9] = [
        Format::Html,
        Format::Pdf,
        Format::Stix,
        Format::Misp,
        Format::Navigator,
        Format::Csv,
        Format::Rules,
        Format::Nis2,
        Format::Dora,
    ];

    /// The word for it on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Pdf => "pdf",
            Format::Stix => "stix",
            Format::Misp => "misp",
            Format::Navigator => "navigator",
            Format::Csv => "csv",
            Format::Rules => "rules",
            Format::Nis2 => "nis2",
            Format::Dora => "dora",
        }
    }

    /// The format of a word.
    pub fn of_word(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Its files: name and bytes.
    ///
    /// # Errors
    /// When the program was built without it, or it needs more than the report.
    pub fn render(self, report: &Report, edition: Edition) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let one = |name: &str, bytes: Vec<u8>| Ok(vec![(name.to_owned(), bytes)]);
        match self {
            Format::Html => one("report.html", page::render(report, edition)),
            Format::Pdf => pdf(report, edition),
            Format::Stix => one("stix.json", exchange::stix::render(report, edition)),
            Format::Misp => one("misp.json", exchange::misp::render(report, edition)),
            Format::Navigator => Ok(exchange::navigator::render(report, edition)),
            Format::Csv => one("indicators.csv", exchange::csv::render(report, edition)),
            Format::Rules => Err(Unavailable::NeedsCapture),
            Format::Nis2 => Ok(form::nis2(report, edition)),
            Format::Dora => Ok(form::dora(report, edition)),
        }
    }
}

#[cfg(feature = "pdf")]
fn pdf(report: &Report, edition: Edition) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
    let bytes = crate::pdf::render(report, edition).map_err(|_| Unavailable::Pdf)?;
    Ok(vec![("report.pdf".to_owned(), bytes)])
}

#[cfg(not(feature = "pdf"))]
fn pdf(_report: &Report, _edition: Edition) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
    Err(Unavailable::NotBuilt)
}
