//! Facts about exchanges: of the fields that a protocol tells, those that somebody above reads.

use std::sync::LazyLock;

use model::{Direction, Value};
use protocol::{Field, FieldKind, ProtocolId, Scope};

/// Bytes of a text field that go up to the detectors.
const FACT_BYTES_MAX: usize = 1024;
/// Values of a list field that go up to the detectors.
const FACT_ITEMS_MAX: usize = 32;

/// Fields of a protocol in one direction.
struct Told {
    /// Those that are gathered.
    read: Box<[&'static Field]>,
    /// Those that nobody reads: that there is something in them shows that something was said.
    unread: Box<[&'static Field]>,
}

/// Fields of an exchange in the scope's direction.
fn told(id: ProtocolId, scope: &Scope<'_>) -> &'static Told {
    static TOLD: LazyLock<Vec<[Told; 2]>> = LazyLock::new(|| {
        let of = |id| {
            Direction::BOTH.map(|direction| {
                let all = protocol::facts(id, direction).iter().copied();
                let (read, unread): (Vec<_>, Vec<_>) = all.partition(|field| is_read(field.name));
                Told { read: read.into(), unread: unread.into() }
            })
        };
        (0..).take(protocol::REGISTRY.len()).map(|number| of(ProtocolId(number))).collect()
    });
    &TOLD[usize::from(id.0)][scope.direction.index()]
}

/// Whether somebody above reads a field.
fn is_read(field: &str) -> bool {
    behave::reads(field) || incident::FIELDS.contains(&field) || intel::FIELDS.contains(&field)
}

/// Gathers what is read of one direction of an exchange.
pub(crate) fn gather(
    id: ProtocolId,
    scope: &Scope<'_>,
    fields: &mut Vec<(&'static str, Value)>,
    scratch: &mut Vec<u8>,
) {
    for field in &told(id, scope).read {
        let before = fields.len();
        values(field, scope, scratch, |value| {
            fields.push((field.name, value.kept()));
            true
        });
        // A value that is the same on both sides is told once; the client's comes first.
        if scope.direction == Direction::ToClient && field.sides == protocol::Sides::Both {
            let (told, new) = fields.split_at(before);
            if new.iter().all(|value| told.contains(value)) {
                fields.truncate(before);
            }
        }
    }
}

/// Whether a field that nobody reads has a value.
pub(crate) fn says_more(id: ProtocolId, scope: &Scope<'_>, scratch: &mut Vec<u8>) -> bool {
    told(id, scope).unread.iter().any(|field| {
        let mut any = false;
        values(field, scope, scratch, |_| {
            any = true;
            false
        });
        any
    })
}

/// A value as its field shows it.
enum Shown<'a> {
    Bytes(&'a [u8]),
    Number(u64),
}

impl Shown<'_> {
    fn kept(&self) -> Value {
        match self {
            Shown::Bytes(bytes) => {
                let bytes = &bytes[..bytes.len().min(FACT_BYTES_MAX)];
                Value::Text(match std::str::from_utf8(bytes) {
                    Ok(text) => text.into(),
                    Err(_) => String::from_utf8_lossy(bytes).into(),
                })
            }
            Shown::Number(number) => Value::Number(*number),
        }
    }
}

/// Gives the values of a field one by one, as long as `more` are wanted.
fn values(field: &Field, scope: &Scope<'_>, scratch: &mut Vec<u8>, mut more: impl FnMut(Shown<'_>) -> bool) {
    match field.kind {
        FieldKind::Bytes(get) => {
            scratch.clear();
            if let Some(bytes) = get(scope, scratch) {
                more(Shown::Bytes(bytes));
            }
        }
        FieldKind::List(get) => {
            for item in 0..FACT_ITEMS_MAX {
                scratch.clear();
                let Some(bytes) = get(scope, item, scratch) else { break };
                if !more(Shown::Bytes(bytes)) {
                    break;
                }
            }
        }
        FieldKind::Number { get, .. } => {
            if let Some(number) = get(scope) {
                more(Shown::Number(number));
            }
        }
        FieldKind::Numbers { get, .. } => {
            for item in 0..FACT_ITEMS_MAX {
                if !get(scope, item).is_some_and(|number| more(Shown::Number(number))) {
                    break;
                }
            }
        }
        FieldKind::Body(_) | FieldKind::Custom(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The text of a folder's source files, tests left out.
    fn sources(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                sources(&path, text);
            } else if !matches!(&*name, "tests.rs" | "past.rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_field_that_the_stages_above_name_is_gathered() {
        let mut text = String::new();
        for stage in ["behave", "incident", "intel"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(stage).join("src");
            sources(&folder, &mut text);
        }
        let fields = protocol::REGISTRY.iter().flat_map(|protocol| protocol.fields);
        for field in fields.filter(|field| field.fact) {
            let named = text.contains(&format!("\"{}\"", field.name));
            assert_eq!(
                named,
                is_read(field.name),
                "{}: the stages say in a list which fields they read",
                field.name
            );
        }
    }
}
