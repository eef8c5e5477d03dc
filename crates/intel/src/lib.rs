//! Known bad: indicator files, and who talked to what they name.
//!
//! Reads plain lists, CSV, Zeek intel files, STIX 2.1 bundles and MISP events; an indicator carries confidence, expiry and source. A
//! line that cannot be used is told with file, line and cause, and the others are used all the same. [`Watch`] matches while events
//! pass by, `past` over the events of an earlier run. Time is the packet's: an indicator that had expired by then does not match.

mod indicator;
mod past;
mod read;
#[cfg(test)]
mod tests;
mod watch;

pub use indicator::{Indicator, Indicators, Kind, Sighting};
pub use past::{Hit, Past};
pub use read::Fault;
pub use watch::{FIELDS, Watch};
