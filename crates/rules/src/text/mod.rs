//! From text to [`crate::ir`]: reading rule files and everything that goes with them.
//!
//! A rule goes through `syntax` (words and their places), `rule` (header, then each option through `keyword` into a
//! `draft`), and `check` (what only the whole rule shows). A rule that cannot be honoured becomes an [`Error`]; it is never
//! weakened in silence.

mod address_text;
mod check;
mod classification;
mod dataset_file;
pub(crate) mod describe;
mod draft;
mod environment;
mod error;
mod explain;
pub(crate) mod group;
mod keyword;
mod load;
mod memo;
mod number_text;
mod port_text;
mod protocol_name;
mod requires;
mod rule;
mod syntax;
mod threshold_file;
mod variable;

pub use classification::{Class, Classification, ReferenceSystem, References};
pub use environment::Environment;
pub use error::{Code, Error, Fault};
pub use explain::explain;
pub(crate) use explain::pattern as written;
pub use keyword::{Argument, KEYWORDS, Keyword, keywords};
pub(crate) use load::Known;
pub use load::{Loaded, Loader, Skipped};
pub use requires::VERSION;
pub use variable::Variables;

#[cfg(test)]
mod tests;
