//! Values of other crates, as numbers.

use decode::DecodeEvent;
use model::Direction;
use protocol::ProtocolId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::ir::Hook;

/// A value with a code of its own.
pub(crate) trait Foreign: Sized {
    type Code: Serialize + for<'d> Deserialize<'d>;
    fn code(&self) -> Self::Code;
    fn from_code(code: Self::Code) -> Option<Self>;
}

pub(crate) fn serialize<T: Foreign, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.code().serialize(serializer)
}

pub(crate) fn deserialize<'d, T: Foreign, D: Deserializer<'d>>(deserializer: D) -> Result<T, D::Error> {
    T::from_code(T::Code::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no such value"))
}

impl Foreign for Direction {
    type Code = u8;

    fn code(&self) -> u8 {
        *self as u8
    }

    fn from_code(code: u8) -> Option<Self> {
        Direction::BOTH.get(usize::from(code)).copied()
    }
}

impl Foreign for ProtocolId {
    type Code = u8;

    fn code(&self) -> u8 {
        self.0
    }

    fn from_code(code: u8) -> Option<Self> {
        (usize::from(code) < protocol::REGISTRY.len()).then_some(ProtocolId(code))
    }
}

impl Foreign for DecodeEvent {
    type Code = u8;

    fn code(&self) -> u8 {
        *self as u8
    }

    fn from_code(code: u8) -> Option<Self> {
        DecodeEvent::ALL.get(usize::from(code)).copied()
    }
}

impl<T: Foreign> Foreign for Option<T> {
    type Code = Option<T::Code>;

    fn code(&self) -> Self::Code {
        self.as_ref().map(Foreign::code)
    }

    fn from_code(code: Self::Code) -> Option<Self> {
        match code {
            Some(code) => T::from_code(code).map(Some),
            None => Some(None),
        }
    }
}

impl<T: Foreign> Foreign for Vec<T> {
    type Code = Vec<T::Code>;

    fn code(&self) -> Self::Code {
        self.iter().map(Foreign::code).collect()
    }

    fn from_code(code: Self::Code) -> Option<Self> {
        code.into_iter().map(T::from_code).collect()
    }
}

impl<T: Foreign> Foreign for Box<[T]> {
    type Code = Vec<T::Code>;

    fn code(&self) -> Self::Code {
        self.iter().map(Foreign::code).collect()
    }

    fn from_code(code: Self::Code) -> Option<Self> {
        code.into_iter().map(T::from_code).collect()
    }
}

/// Which hook, its direction, its progress, its name.
impl Foreign for Hook {
    type Code = (u8, u8, u8, String);

    fn code(&self) -> Self::Code {
        match self {
            Hook::App { direction, progress, name } => (0, direction.code(), *progress, (*name).to_owned()),
            Hook::FlowStart => (1, 0, 0, String::new()),
            Hook::PreFlow => (2, 0, 0, String::new()),
            Hook::PreStream => (3, 0, 0, String::new()),
            Hook::All => (4, 0, 0, String::new()),
        }
    }

    fn from_code((hook, direction, progress, name): Self::Code) -> Option<Self> {
        Some(match hook {
            0 => Hook::App { direction: Direction::from_code(direction)?, progress, name: state(&name)? },
            1 => Hook::FlowStart,
            2 => Hook::PreFlow,
            3 => Hook::PreStream,
            4 => Hook::All,
            _ => return None,
        })
    }
}

/// Names of states live as long as the program; a name is found again among them.
fn state(name: &str) -> Option<&'static str> {
    let states = protocol::REGISTRY.iter().flat_map(|protocol| protocol.states).flatten();
    let always = ["request_started", "response_started", "request_complete", "response_complete"];
    states.map(|(name, _)| *name).chain(always).find(|known| *known == name)
}
