//! The words every stage shares. No logic, no I/O: values and their meaning.
//!
//! Words change with the stage and never mix: packets have source and destination, flows client and server, incidents
//! attacker and victim.

mod event;
mod finding;
mod incident;
mod near;
mod packet;
mod seldom;
mod talk;

pub use event::{
    AlertFact, CardNumber, CardsSeen, EchoShape, Event, EventKind, Fact, FileFact, FlowFact, OddityFact,
    Opening, PayloadShape, ScriptSeen, TransactionFact, Value,
};
pub use finding::{Confidence, Evidence, Finding, Severity, Subject, Term};
pub use incident::{
    AddressSeen, Campaign, Certificate, ClientSeen, Incident, Infrastructure, NameSeen, Phase, PortSeen,
    Profile, Rhythm, Role, Server, TimelineEntry,
};
pub use near::fetch;
pub use packet::{Direction, FlowId, LinkType, LossMark, Moment, Packet, PacketId, Time};
pub use seldom::{Blank, Seldom, Thin};
pub use talk::{KeptTalk, Talk};
