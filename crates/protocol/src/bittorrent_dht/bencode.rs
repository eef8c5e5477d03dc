//! Bencoding (BEP 3): integers, strings, lists and dictionaries.

/// Containers inside each other.
const DEPTH_MAX: u8 = 8;
/// Items of one container.
const ITEMS_MAX: usize = 512;

/// A value that borrows from its datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    List(Vec<Value<'a>>),
    Map(Vec<(&'a [u8], Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The entry of a dictionary.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Value<'a>> {
        match self {
            Value::Map(entries) => entries.iter().find(|(name, _)| *name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Reads one value; `None`: damaged, or beyond a limit.
pub(super) fn read(bytes: &[u8]) -> Option<Value<'_>> {
    value(&mut { bytes }, 0)
}

fn value<'a>(rest: &mut &'a [u8], depth: u8) -> Option<Value<'a>> {
    match rest.first()? {
        b'i' => {
            skip(rest);
            digits(rest, b'e').map(Value::Number)
        }
        b'l' | b'd' if depth >= DEPTH_MAX => None,
        b'l' => {
            skip(rest);
            let mut items = Vec::new();
            while *rest.first()? != b'e' {
                if items.len() >= ITEMS_MAX {
                    return None;
                }
                items.push(value(rest, depth + 1)?);
            }
            skip(rest);
            Some(Value::List(items))
        }
        b'd' => {
            skip(rest);
            let mut entries = Vec::new();
            while *rest.first()? != b'e' {
                if entries.len() >= ITEMS_MAX {
                    return None;
                }
                entries.push((string(rest)?, value(rest, depth + 1)?));
            }
            skip(rest);
            Some(Value::Map(entries))
        }
        _ => string(rest).map(Value::Bytes),
    }
}

fn skip(rest: &mut &[u8]) {
    *rest = rest.get(1..).unwrap_or_default();
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(digits(rest, b':')?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

/// A decimal number up to `end`.
fn digits(rest: &mut &[u8], end: u8) -> Option<i64> {
    let place = rest.iter().take(21).position(|byte| *byte == end)?;
    let number = std::str::from_utf8(rest.get(..place)?).ok()?.parse().ok()?;
    *rest = rest.get(place + 1..)?;
    Some(number)
}
