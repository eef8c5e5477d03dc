//! Reading LDAP messages (RFC 4511 §4, BER with definite lengths).

use std::fmt::Write;

/// Attributes, values and changes of one message that are kept.
const LIST_MAX: usize = 256;
/// Nested filters.
const DEPTH_MAX: usize = 16;
/// Bytes of a filter in words.
const FILTER_MAX: usize = 4096;

/// A message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: u32,
    /// Number of the operation's tag.
    pub(super) operation: u8,
    pub(super) content: Content,
}

/// An attribute and its values.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: Vec<u8>,
    pub(super) values: Vec<Vec<u8>>,
}

/// A search.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) base: Vec<u8>,
    pub(super) scope: u64,
    pub(super) aliases: u64,
    pub(super) size_limit: u64,
    pub(super) time_limit: u64,
    pub(super) types_only: bool,
    /// In the words of RFC 4515.
    pub(super) filter: String,
    pub(super) attributes: Vec<Vec<u8>>,
}

/// A result.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) code: u64,
    pub(super) matched: Vec<u8>,
    pub(super) message: Vec<u8>,
    /// Credentials of the server, name and value of an extended response.
    pub(super) credentials: Option<Vec<u8>>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
}

/// What an operation says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Content {
    #[default]
    Nothing,
    Bind {
        version: u64,
        name: Vec<u8>,
        mechanism: Option<Vec<u8>>,
    },
    Search(Box<Search>),
    Entry {
        base: Vec<u8>,
        attributes: Vec<Attribute>,
    },
    References(Vec<Vec<u8>>),
    Modify {
        object: Vec<u8>,
        changes: Vec<(u64, Attribute)>,
    },
    Delete(Vec<u8>),
    Rename {
        entry: Vec<u8>,
        new: Vec<u8>,
        delete_old: bool,
        superior: Option<Vec<u8>>,
    },
    Compare {
        entry: Vec<u8>,
        attribute: Vec<u8>,
        value: Vec<u8>,
    },
    Abandon(u64),
    Extended {
        name: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    },
    Outcome(Box<Outcome>),
}

/// Header and content lengths of the element at the front; `Err` when that is no element, `Ok(None)` when more is needed.
pub(super) fn length(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(());
    }
    let count = usize::from(first & 0x7f);
    if first & 0x80 == 0 {
        return Ok(Some(2 + count));
    }
    if count == 0 || count > 4 {
        return Err(());
    }
    let Some(digits) = rest.get(..count) else { return Ok(None) };
    Ok(Some(2 + count + digits.iter().fold(0usize, |number, digit| number << 8 | usize::from(*digit))))
}

/// Elements, read from the front.
#[derive(Debug, Clone, Copy)]
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let whole = length(self.0).ok()??;
        let element = self.0.get(..whole)?;
        let header = match element.get(1)? {
            first if first & 0x80 != 0 => 2 + usize::from(first & 0x7f),
            _ => 2,
        };
        self.0 = self.0.get(whole..)?;
        Some((*element.first()?, element.get(header..)?))
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        self.next().map(|(_, content)| content.to_vec())
    }

    fn number(&mut self) -> Option<u64> {
        self.next().map(|(_, content)| number(content))
    }

    fn list(&mut self) -> Option<Elements<'a>> {
        self.next().map(|(_, content)| Elements(content))
    }

    fn all(mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.bytes()).take(LIST_MAX).collect()
    }

    fn attribute(&mut self) -> Option<Attribute> {
        let mut parts = self.list()?;
        Some(Attribute { name: parts.bytes()?, values: parts.list().map(Elements::all).unwrap_or_default() })
    }
}

fn number(content: &[u8]) -> u64 {
    content.iter().take(8).fold(0, |number, digit| number << 8 | u64::from(*digit))
}

/// Reads a whole message; `None` when it is not LDAP.
pub(super) fn read(bytes: &[u8]) -> Option<Message> {
    let mut outer = Elements(bytes);
    let (tag, content) = outer.next()?;
    let mut parts = Elements(content);
    let (kind, id) = parts.next()?;
    let (operation, body) = parts.next()?;
    if tag != 0x30 || kind != 2 || id.len() > 4 || operation & 0xc0 != 0x40 {
        return None;
    }
    let operation = operation & 0x1f;
    let known = super::names::OPERATIONS.iter().any(|(_, value)| *value == u64::from(operation));
    known.then(|| Message {
        id: u32::try_from(number(id)).unwrap_or(u32::MAX),
        operation,
        content: read_content(operation, body).unwrap_or_default(),
    })
}

fn read_content(operation: u8, body: &[u8]) -> Option<Content> {
    let mut parts = Elements(body);
    Some(match operation {
        0 => {
            let (version, name) = (parts.number()?, parts.bytes()?);
            let mechanism = match parts.next() {
                // Passwords of simple binds are not kept; SASL names its mechanism.
                Some((0xa3, sasl)) => Elements(sasl).bytes(),
                _ => None,
            };
            Content::Bind { version, name, mechanism }
        }
        3 => Content::Search(Box::new(Search {
            base: parts.bytes()?,
            scope: parts.number()?,
            aliases: parts.number()?,
            size_limit: parts.number()?,
            time_limit: parts.number()?,
            types_only: parts.number()? != 0,
            filter: {
                let (tag, content) = parts.next()?;
                let mut words = String::new();
                write_filter(tag, content, 0, &mut words);
                words
            },
            attributes: parts.list().map(Elements::all).unwrap_or_default(),
        })),
        4 | 8 => {
            let base = parts.bytes()?;
            let mut list = parts.list()?;
            Content::Entry {
                base,
                attributes: std::iter::from_fn(|| list.attribute()).take(LIST_MAX).collect(),
            }
        }
        6 => {
            let object = parts.bytes()?;
            let mut list = parts.list()?;
            let changes = std::iter::from_fn(|| {
                let mut change = list.list()?;
                Some((change.number()?, change.attribute()?))
            });
            Content::Modify { object, changes: changes.take(LIST_MAX).collect() }
        }
        10 => Content::Delete(body.to_vec()),
        12 => Content::Rename {
            entry: parts.bytes()?,
            new: parts.bytes()?,
            delete_old: parts.number()? != 0,
            superior: parts.bytes(),
        },
        14 => {
            let entry = parts.bytes()?;
            let mut assertion = parts.list()?;
            Content::Compare { entry, attribute: assertion.bytes()?, value: assertion.bytes()? }
        }
        16 => Content::Abandon(number(body)),
        19 => Content::References(parts.all()),
        23 | 25 => {
            let (mut name, mut value) = (None, None);
            while let Some((tag, content)) = parts.next() {
                match tag & 0x1f {
                    0 => name = Some(content.to_vec()),
                    1 => value = Some(content.to_vec()),
                    _ => {}
                }
            }
            Content::Extended { name, value }
        }
        1 | 5 | 7 | 9 | 11 | 13 | 15 | 24 => {
            let mut outcome = Outcome {
                code: parts.number()?,
                matched: parts.bytes()?,
                message: parts.bytes()?,
                ..Outcome::default()
            };
            while let Some((tag, content)) = parts.next() {
                match tag {
                    0x87 => outcome.credentials = Some(content.to_vec()),
                    0x8a => outcome.name = Some(content.to_vec()),
                    0x8b => outcome.value = Some(content.to_vec()),
                    _ => {}
                }
            }
            Content::Outcome(Box::new(outcome))
        }
        _ => Content::Nothing,
    })
}

/// Writes a filter in the words of RFC 4515.
fn write_filter(tag: u8, content: &[u8], depth: usize, out: &mut String) {
    if depth > DEPTH_MAX || out.len() > FILTER_MAX {
        return;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut parts = Elements(content);
    out.push('(');
    match tag & 0x1f {
        kind @ 0..=2 => {
            out.push(['&', '|', '!'][usize::from(kind)]);
            while let Some((tag, content)) = parts.next() {
                write_filter(tag, content, depth + 1, out);
            }
        }
        kind @ (3 | 5 | 6 | 8) => {
            let (name, value) = (parts.bytes().unwrap_or_default(), parts.bytes().unwrap_or_default());
            let sign = match kind {
                5 => ">=",
                6 => "<=",
                8 => "~=",
                _ => "=",
            };
            let _ = write!(out, "{}{sign}{}", text(&name), text(&value));
        }
        4 => {
            let name = parts.bytes().unwrap_or_default();
            let _ = write!(out, "{}=", text(&name));
            let mut list = parts.list().unwrap_or(Elements(&[]));
            let mut last = 2;
            while let Some((tag, piece)) = list.next() {
                last = tag & 0x1f;
                if last != 0 {
                    out.push('*');
                }
                out.push_str(&text(piece));
            }
            if last != 2 {
                out.push('*');
            }
        }
        7 => {
            let _ = write!(out, "{}=*", text(content));
        }
        9 => {
            while let Some((tag, piece)) = parts.next() {
                match tag & 0x1f {
                    1 => {
                        let _ = write!(out, ":{}:", text(piece));
                    }
                    2 => out.insert_str(out.rfind('(').map_or(0, |at| at + 1), &text(piece)),
                    3 => {
                        let _ = write!(out, "={}", text(piece));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    out.push(')');
}
