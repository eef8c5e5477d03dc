//! Parts of a rule that several of its plans share: the first is written out, the others refer to it.

use std::cell::RefCell;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::sig::Part;

thread_local! {
    /// Parts of the rule that is being packed or unpacked, in the order in which they come.
    static PARTS: RefCell<Vec<Arc<Part>>> = const { RefCell::new(Vec::new()) };
}

/// Another rule begins.
pub(super) fn forget() {
    PARTS.with_borrow_mut(Vec::clear);
}

pub(crate) fn serialize<S: Serializer>(part: &Arc<Part>, serializer: S) -> Result<S::Ok, S::Error> {
    let (place, new) = PARTS.with_borrow_mut(|parts| {
        let known = parts.iter().position(|known| Arc::ptr_eq(known, part));
        let place = known.unwrap_or_else(|| {
            parts.push(Arc::clone(part));
            parts.len() - 1
        });
        (place, known.is_none())
    });
    (place as u64, new.then_some(&**part)).serialize(serializer)
}

pub(crate) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Arc<Part>, D::Error> {
    let (place, new) = <(u64, Option<Part>)>::deserialize(deserializer)?;
    PARTS.with_borrow_mut(|parts| {
        if let Some(part) = new {
            parts.push(Arc::new(part));
        }
        let place = usize::try_from(place).ok();
        place.and_then(|place| parts.get(place)).cloned().ok_or_else(|| D::Error::custom("no such part"))
    })
}
