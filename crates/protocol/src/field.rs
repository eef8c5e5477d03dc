//! Named fields: one table per protocol, many readers.

use std::any::Any;
use std::fmt::Debug;

use model::Direction;

use crate::{Body, Core, File, Session};

/// Where a field getter stands: one transaction, seen in one direction.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The session, for state that outlives a transaction.
    pub session: &'a dyn Session,
    /// The protocol's own part of the transaction.
    pub body: &'a dyn Any,
    /// The common part.
    pub core: &'a Core,
    /// The direction that is being inspected or logged.
    pub direction: Direction,
    /// Files of the transaction.
    pub files: &'a [File],
}

impl<'a> Scope<'a> {
    /// The transaction's own part as `T`.
    ///
    /// # Panics
    /// When a field table is registered with another protocol's getters.
    pub fn tx<T: Any>(&self) -> &'a T {
        self.body.downcast_ref().expect("a field belongs to the protocol it is registered with")
    }

    /// The session as `S`.
    ///
    /// # Panics
    /// When a field table is registered with another protocol's getters.
    pub fn state<S: Any>(&self) -> &'a S {
        self.session.as_any().downcast_ref().expect("a field belongs to the protocol it is registered with")
    }
}

impl Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("core", self.core)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

/// A named field of a protocol.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name, which is also the rule keyword: `http.uri`, `dns.query`.
    pub name: &'static str,
    /// Other spellings of the keyword (`dns_query`), including the old content modifiers (`http_uri`).
    pub aliases: &'static [&'static str],
    /// One sentence for the manual.
    pub help: &'static str,
    /// In which directions it exists.
    pub sides: Sides,
    /// The progress, in the direction looked at, from which it can be read: to server, to client.
    pub progress: [u8; 2],
    /// How it is read.
    pub kind: FieldKind,
    /// Whether it goes up to the detectors as part of the transaction's fact.
    pub fact: bool,
}

impl Field {
    /// To fill up declarations: `..Field::EMPTY`.
    pub const EMPTY: Field = Field {
        name: "",
        aliases: &[],
        help: "",
        sides: Sides::Both,
        progress: [0, 0],
        kind: FieldKind::Bytes(|_, _| None),
        fact: false,
    };
}

/// Short declarations for tables of many fields.
impl Field {
    /// A sticky buffer.
    pub(crate) const fn bytes(name: &'static str, help: &'static str, get: BytesOf) -> Field {
        Field { name, help, kind: FieldKind::Bytes(get), ..Field::EMPTY }
    }

    /// A sticky buffer with many values.
    pub(crate) const fn list(name: &'static str, help: &'static str, get: ItemOf) -> Field {
        Field { name, help, kind: FieldKind::List(get), ..Field::EMPTY }
    }

    /// An integer keyword of so many bits.
    pub(crate) const fn number(
        name: &'static str,
        help: &'static str,
        bits: u8,
        names: Enumeration,
        get: fn(&Scope<'_>) -> Option<u64>,
    ) -> Field {
        Field { name, help, kind: FieldKind::Number { bits, names, get }, ..Field::EMPTY }
    }

    /// An integer keyword over a list of values of so many bits.
    pub(crate) const fn numbers(
        name: &'static str,
        help: &'static str,
        bits: u8,
        names: Enumeration,
        get: fn(&Scope<'_>, usize) -> Option<u64>,
    ) -> Field {
        Field { name, help, kind: FieldKind::Numbers { bits, names, get }, ..Field::EMPTY }
    }

    /// The same, told to the detectors as well.
    pub(crate) const fn fact(mut self) -> Field {
        self.fact = true;
        self
    }

    /// The same, of requests only.
    pub(crate) const fn asked(mut self) -> Field {
        self.sides = Sides::ToServer;
        self
    }

    /// The same, of responses only; there once the response is complete.
    pub(crate) const fn answered(mut self) -> Field {
        self.sides = Sides::ToClient;
        self.progress = [0, 1];
        self
    }
}

/// In which directions a field exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Requests only.
    ToServer,
    /// Responses only.
    ToClient,
    /// Each direction has its own value; the rule's direction chooses, or both are tried.
    Both,
}

impl Sides {
    /// Whether the field exists in `direction`.
    pub fn has(self, direction: Direction) -> bool {
        match self {
            Sides::Both => true,
            Sides::ToServer => direction == Direction::ToServer,
            Sides::ToClient => direction == Direction::ToClient,
        }
    }
}

/// Reads bytes: borrowed from the transaction, or built in the scratch buffer (which arrives cleared).
pub(crate) type BytesOf = for<'a> fn(&Scope<'a>, &'a mut Vec<u8>) -> Option<&'a [u8]>;
/// Reads item `n` of a list; `None` ends the list.
pub(crate) type ItemOf = for<'a> fn(&Scope<'a>, usize, &'a mut Vec<u8>) -> Option<&'a [u8]>;

/// How a field is read.
#[derive(Clone, Copy)]
pub enum FieldKind {
    /// A sticky buffer with one value.
    Bytes(BytesOf),
    /// A sticky buffer with many values (a multi-buffer): each is inspected for itself.
    List(ItemOf),
    /// A body that arrives over time; inspected in windows.
    Body(for<'a> fn(&Scope<'a>) -> Option<&'a Body>),
    /// An integer keyword with Suricata's integer syntax (`>5`, `1-10`, `!3`, `&0x80`, names of the enumeration).
    Number {
        /// Width in bits: 8, 16, 32 or 64; values beyond it are refused in rules.
        bits: u8,
        /// Names for values; empty when there are none.
        names: Enumeration,
        /// The value.
        get: fn(&Scope<'_>) -> Option<u64>,
    },
    /// An integer keyword over a list of values (multi-integer: `any`, `all`, index, `nb` …).
    Numbers {
        /// Width in bits.
        bits: u8,
        /// Names for values.
        names: Enumeration,
        /// Value `n`; `None` ends the list, [`HOLE`] is an item that has no such value.
        get: fn(&Scope<'_>, usize) -> Option<u64>,
    },
    /// A keyword with a syntax of its own: the argument is parsed once, the condition asked per transaction.
    /// The argument is empty for a keyword without one. An error is one sentence for the rule's author.
    Custom(fn(&str) -> Result<Box<dyn Condition>, String>),
}

impl Debug for FieldKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FieldKind::Bytes(_) => "Bytes",
            FieldKind::List(_) => "List",
            FieldKind::Body(_) => "Body",
            FieldKind::Number { .. } => "Number",
            FieldKind::Numbers { .. } => "Numbers",
            FieldKind::Custom(_) => "Custom",
        })
    }
}

/// Stands in a list of numbers for an item without one: it counts for positions and for nothing else.
pub const HOLE: u64 = u64::MAX;

/// Names of integer values, for rules: lower case; matching ignores case.
pub type Enumeration = &'static [(&'static str, u64)];

/// A parsed keyword argument that can be held against a transaction.
pub trait Condition: Debug + Send + Sync {
    /// Whether it holds.
    fn holds(&self, scope: &Scope<'_>) -> bool;
}
