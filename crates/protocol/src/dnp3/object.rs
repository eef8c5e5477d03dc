//! Objects of DNP3 application fragments (IEEE 1815-2012 §4.2.2.7).

use super::layout::{Layout, Part, layout};
use crate::wire::Wire;

/// One object header with its points.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) group: u8,
    pub(super) variation: u8,
    pub(super) qualifier: u8,
    pub(super) start: u32,
    pub(super) stop: u32,
    pub(super) count: u32,
    /// Where its points stand in the fragment.
    from: u32,
    to: u32,
}

impl Object {
    pub(super) fn prefix_code(self) -> u8 {
        self.qualifier >> 4 & 7
    }

    pub(super) fn range_code(self) -> u8 {
        self.qualifier & 15
    }

    /// Calls `look` for each point, and what `look` gives back for each part of it.
    pub(super) fn points(self, fragment: &[u8], look: &mut dyn Look) {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let Some(bytes) = fragment.get(place(self.from)..place(self.to)) else { return };
        // What could not be read when the fragment came cannot be read now: the points before it are shown.
        let _ = self.walk(&mut Wire::new(bytes), look);
    }

    fn walk(self, wire: &mut Wire<'_>, look: &mut dyn Look) -> Option<()> {
        let layout = layout(self.group, self.variation)?;
        if let Layout::Packed(name, bits) = layout {
            return self.walk_packed(name, bits, wire, look);
        }
        let Layout::Parts(parts) = layout else { return None };
        for number in 0..self.count {
            let prefix = match self.prefix_code() {
                0 => 0,
                1 | 4 => u32::from(wire.byte()?),
                2 | 5 => u32::from(wire.le16()?),
                3 | 6 => wire.le32()?,
                _ => return None,
            };
            let sized = matches!(self.prefix_code(), 4..=6);
            let (index, size) = match self.prefix_code() {
                0 => (self.start.saturating_add(number), None),
                _ if sized => (0, Some(prefix)),
                _ => (prefix, None),
            };
            look.point(prefix, index, size);
            let room = match size {
                Some(size) => wire.take(usize::try_from(size).ok()?)?,
                None => wire.rest(),
            };
            let inner = &mut Wire::new(room);
            walk_parts(parts, inner, look)?;
            if !sized {
                wire.take(room.len() - inner.len())?;
            }
            look.end();
        }
        Some(())
    }

    fn walk_packed(
        self,
        name: &'static str,
        bits: u8,
        wire: &mut Wire<'_>,
        look: &mut dyn Look,
    ) -> Option<()> {
        let mut byte = 0;
        let each = 8 / bits;
        for number in 0..self.count {
            let place = (number % u32::from(each)) as u8;
            if place == 0 {
                byte = wire.byte()?;
            }
            look.point(0, self.start.saturating_add(number), None);
            look.number(name, i64::from(byte >> (place * bits) & ((1 << bits) - 1)));
            look.end();
        }
        Some(())
    }
}

/// Numbers that say how long a text is are remembered by name.
const REMEMBERED: usize = 4;

fn walk_parts(parts: &[&[Part]], wire: &mut Wire<'_>, look: &mut dyn Look) -> Option<()> {
    let (mut byte, mut shift) = (0u8, 0u8);
    let mut sizes: [(&str, usize); REMEMBERED] = [("", 0); REMEMBERED];
    let mut known = 0;
    for part in parts.iter().flat_map(|parts| parts.iter()) {
        match *part {
            Part::Bits(name, bits) => {
                if shift == 0 {
                    byte = wire.byte()?;
                }
                look.number(name, i64::from(u16::from(byte) >> shift & ((1 << bits) - 1)));
                shift = (shift + bits) % 8;
            }
            Part::U8(name) => look.number(name, wire.byte()?.into()),
            Part::U16(name) => {
                let value = wire.le16()?;
                if let Some(place) = sizes.get_mut(known) {
                    *place = (name, usize::from(value));
                    known += 1;
                }
                look.number(name, value.into());
            }
            Part::U32(name) => look.number(name, wire.le32()?.into()),
            Part::I16(name) => look.number(name, i16::from_le_bytes(wire.array()?).into()),
            Part::I32(name) => look.number(name, i32::from_le_bytes(wire.array()?).into()),
            Part::F32(name) => look.float(name, f32::from_le_bytes(wire.array()?).into()),
            Part::F64(name) => look.float(name, f64::from_le_bytes(wire.array()?)),
            Part::Time(name) => look.number(name, i64::try_from(wire.le(6)?).unwrap_or(0)),
            Part::Text(name, size) => look.text(name, wire.take(size)?),
            Part::Sized(name, by) => {
                let size = sizes.iter().find(|(known, _)| *known == by).map_or(0, |(_, size)| *size);
                look.text(name, wire.take(size)?);
            }
            Part::Rest(name) => look.text(name, wire.take(wire.len())?),
        }
    }
    Some(())
}

/// Is shown the points of an object.
pub(super) trait Look {
    fn point(&mut self, prefix: u32, index: u32, size: Option<u32>);
    fn number(&mut self, name: &'static str, value: i64);
    fn float(&mut self, name: &'static str, value: f64);
    fn text(&mut self, name: &'static str, value: &[u8]);
    fn end(&mut self);
}

/// Nobody looks: the points are only read over.
struct Nobody;

impl Look for Nobody {
    fn point(&mut self, _: u32, _: u32, _: Option<u32>) {}
    fn number(&mut self, _: &'static str, _: i64) {}
    fn float(&mut self, _: &'static str, _: f64) {}
    fn text(&mut self, _: &'static str, _: &[u8]) {}
    fn end(&mut self) {}
}

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Everything was read.
    End,
    Malformed,
    Unknown,
    TooManyObjects,
    TooManyPoints,
}

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) objects: usize,
    pub(super) points: u32,
}

/// Reads the objects behind `skip` bytes of a fragment. Many requests name objects without
/// bringing their points (`bare`).
pub(super) fn read(fragment: &[u8], skip: usize, bare: bool, limits: Limits) -> (Vec<Object>, Stop) {
    let mut list = Vec::new();
    let wire = &mut Wire::new(fragment.get(skip..).unwrap_or_default());
    let mut points = 0u32;
    while !wire.is_empty() {
        if list.len() >= limits.objects {
            return (list, Stop::TooManyObjects);
        }
        let Some(mut object) = header(wire) else { return (list, Stop::Malformed) };
        points = points.saturating_add(object.count);
        if points > limits.points {
            return (list, Stop::TooManyPoints);
        }
        let place = |wire: &Wire<'_>| u32::try_from(fragment.len() - wire.len()).unwrap_or(u32::MAX);
        (object.from, object.to) = (place(wire), place(wire));
        if object.count == 0 || ((bare || object.variation == 0) && object.prefix_code() <= 3) {
            let width = [0, 1, 2, 4].get(usize::from(object.prefix_code())).copied().unwrap_or(0);
            list.push(object);
            let indexes = usize::try_from(object.count).unwrap_or(usize::MAX).saturating_mul(width);
            if wire.take(indexes).is_none() {
                return (list, Stop::Malformed);
            }
            continue;
        }
        if layout(object.group, object.variation).is_none() {
            list.push(object);
            return (list, Stop::Unknown);
        }
        let fine = object.walk(wire, &mut Nobody).is_some();
        object.to = if fine { place(wire) } else { u32::try_from(fragment.len()).unwrap_or(u32::MAX) };
        list.push(object);
        if !fine {
            return (list, Stop::Malformed);
        }
    }
    (list, Stop::End)
}

fn header(wire: &mut Wire<'_>) -> Option<Object> {
    let (group, variation, qualifier) = (wire.byte()?, wire.byte()?, wire.byte()?);
    let mut object = Object { group, variation, qualifier, ..Object::default() };
    let between = |start: u32, stop: u32| stop.checked_sub(start).and_then(|count| count.checked_add(1));
    match object.range_code() {
        0 | 3 => (object.start, object.stop) = (wire.byte()?.into(), wire.byte()?.into()),
        1 | 4 => (object.start, object.stop) = (wire.le16()?.into(), wire.le16()?.into()),
        2 | 5 => (object.start, object.stop) = (wire.le32()?, wire.le32()?),
        6 => {}
        7 | 11 => object.count = wire.byte()?.into(),
        8 => object.count = wire.le16()?.into(),
        9 => object.count = wire.le32()?,
        _ => return None,
    }
    if object.range_code() <= 5 {
        object.count = between(object.start, object.stop)?;
    }
    Some(object)
}
