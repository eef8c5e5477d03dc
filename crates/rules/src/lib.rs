//! The Suricata rule language: text → typed rules ([`ir`]) → a compiled [`RuleSet`] → alerts.
//!
//! [`Inspector::inspect`] holds the rule set against one packet and everything around it (a [`Scene`]) and answers with an
//! [`Outcome`]. What a rule keeps with a flow is a [`FlowState`], which the flow's owner stores; what crosses flows is in
//! [`Late`], owned by whoever sees the input in order.

mod address;
mod advice;
mod border;
mod compile;
mod count;
mod country;
mod dataset;
mod firewall;
mod host;
mod index;
mod inspect;
pub mod ir;
mod late;
mod number;
mod op;
mod outcome;
mod pattern;
mod reputation;
mod scan;
mod scene;
mod set;
mod settings;
mod sig;
mod state;
mod store;
mod succession;
mod text;
mod witness;

pub use address::{AddressSet, PortSet};
pub use advice::Advice;
pub use country::Countries;
pub use firewall::{Policies, Policy};
pub use host::{HostBits, Turns};
pub use index::Group;
pub use inspect::Inspector;
pub use late::Late;
pub use number::NumberTest;
pub use outcome::{Alert, Candidate, Outcome, Settled};
pub use pattern::{Flags, Pattern};
pub use reputation::Reputation;
pub use scene::{FlowScene, FrameScene, Scene, StreamScene, Window};
pub use set::RuleSet;
pub use settings::{BodyWindow, Settings};
pub use sig::Sig;
pub use state::FlowState;
pub use store::Shelf;
pub use succession::Succession;
pub use text::{
    Argument, Class, Classification, Code, Environment, Error, Fault, KEYWORDS, Keyword, Loaded, Loader,
    ReferenceSystem, References, Skipped, VERSION, Variables, explain, keywords,
};

pub use witness::{HITS_MAX, Held, Near, Scenery, Search, Sighting, Testimony, Watch, Witness};

#[cfg(test)]
mod tests;
