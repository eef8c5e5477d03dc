//! A rule while its options are read: the typed rule so far, and what the next option may refer to.
//!
//! An option about bytes lands in the buffer that the last sticky buffer chose; without one, in the payload, or (when it is
//! relative) where the last match was. Old modifiers (`http_uri`) move the content before them into their buffer.

use std::ops::Range;
use std::path::PathBuf;

use model::Direction;
use protocol::{FieldKind, ProtocolId, Sides};

use super::environment::Environment;
use super::error::{Code, Fault, Parsed};
use super::syntax::Word;
use crate::ir::{Absent, Content, DatasetSpec, Inspection, Op, Place, Rule, Subject, Transform, Value};

/// Variables that `byte_extract` and `byte_math` may fill in one rule.
const VARIABLES_MAX: usize = 32;

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) inspection: usize,
    pub(crate) op: usize,
    /// Inside the `base64_decode` at `op`.
    pub(crate) inner: Option<usize>,
}

/// A sticky buffer that was named and has no condition yet.
#[derive(Debug)]
struct Fresh {
    subject: Subject,
    direction: Option<Direction>,
    span: Range<usize>,
    /// Each naming starts another inspection.
    list: bool,
}

/// Which options a rule may have only once.
#[derive(Debug, Default)]
pub(crate) struct Once {
    pub(crate) flow: bool,
    pub(crate) threshold: bool,
    pub(crate) detection_filter: bool,
    pub(crate) dsize: bool,
    pub(crate) sid: bool,
    pub(crate) rev: bool,
    pub(crate) gid: bool,
    pub(crate) msg: bool,
    pub(crate) class: bool,
    pub(crate) priority: bool,
    pub(crate) alert: bool,
    pub(crate) filestore: bool,
}

/// What `prefilter` can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latest {
    Nothing,
    Packet(usize),
    Content,
    Other,
}

/// A rule in the making.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) rule: Rule,
    pub(crate) environment: &'a Environment,
    /// Directory of the rule file: where the files lie that rules name.
    pub(crate) folder: Option<PathBuf>,
    /// Sets that rules before this one describe.
    pub(crate) sets: &'a [DatasetSpec],
    pub(crate) once: Once,
    pub(crate) latest: Latest,
    /// Protocols that every keyword so far agrees with; `None` = any.
    apps: Option<Vec<ProtocolId>>,
    /// Who narrowed them.
    narrowed_by: String,
    /// Where options about bytes go; `None` = the payload.
    current: Option<usize>,
    fresh: Option<Fresh>,
    transforms: Vec<Transform>,
    in_base64: bool,
    base64: Option<Spot>,
    /// The last content or pcre.
    pub(crate) last_match: Option<Spot>,
    /// The last content.
    pub(crate) last_content: Option<Spot>,
    /// The last operation on bytes.
    last_op: Option<Spot>,
    /// Places of operations, as in `rule.inspections`; inner ones are at their `base64_decode`.
    spans: Vec<Vec<Range<usize>>>,
    /// Directions that keywords fix, and who.
    sides: Vec<(Direction, String, Range<usize>)>,
    /// The option at hand.
    pub(crate) span: Range<usize>,
    pub(crate) keyword: String,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(rule: Rule, environment: &'a Environment) -> Self {
        let apps = (!rule.header.apps.is_empty()).then(|| rule.header.apps.clone());
        Self {
            rule,
            environment,
            folder: None,
            sets: &[],
            once: Once::default(),
            latest: Latest::Nothing,
            apps,
            narrowed_by: "the header".to_owned(),
            current: None,
            fresh: None,
            transforms: Vec::new(),
            in_base64: false,
            base64: None,
            last_match: None,
            last_content: None,
            last_op: None,
            spans: Vec::new(),
            sides: Vec::new(),
            span: 0..0,
            keyword: String::new(),
        }
    }

    // ---- protocols and directions

    /// The rule is about these protocols only.
    pub(crate) fn narrow(&mut self, protocols: &[ProtocolId]) -> Parsed<()> {
        let left = match &self.apps {
            None => protocols.to_vec(),
            Some(apps) => apps.iter().copied().filter(|app| protocols.contains(app)).collect(),
        };
        if left.is_empty() {
            let names = |list: &[ProtocolId]| {
                list.iter().map(|id| protocol::get(*id).name).collect::<Vec<_>>().join(", ")
            };
            let cause = format!(
                "`{}` belongs to {}, but {} asks for {}",
                self.keyword,
                names(protocols),
                self.narrowed_by,
                names(self.apps.as_deref().unwrap_or_default()),
            );
            return Err(Fault::new(Code::Protocols, cause));
        }
        let narrower = self.apps.as_ref().is_none_or(|apps| left.len() < apps.len());
        if narrower {
            self.narrowed_by = format!("`{}`", self.keyword);
            self.apps = Some(left);
        }
        Ok(())
    }

    /// The protocols that the rule is about so far.
    pub(crate) fn apps(&self) -> Option<&[ProtocolId]> {
        self.apps.as_deref()
    }

    /// The option at hand fixes a direction.
    pub(crate) fn side(&mut self, direction: Direction) {
        self.sides.push((direction, self.keyword.clone(), self.span.clone()));
    }

    /// What keywords fixed about directions.
    pub(crate) fn sides(&self) -> &[(Direction, String, Range<usize>)] {
        &self.sides
    }

    // ---- buffers

    /// Chooses a sticky buffer.
    pub(crate) fn choose(&mut self, subject: Subject, direction: Option<Direction>) -> Parsed<()> {
        self.no_loose_ends()?;
        if let Some(direction) = direction {
            self.side(direction);
        } else if let Subject::Field { places, .. } = &subject
            && let Some(direction) = one_side(places)
        {
            self.side(direction);
        }
        let list = match &subject {
            Subject::Field { places, .. } => {
                places.iter().any(|place| matches!(place.field().kind, FieldKind::List(_)))
            }
            Subject::FileData { .. } | Subject::FileName | Subject::FileMagic => true,
            _ => false,
        };
        self.in_base64 = false;
        self.fresh = Some(Fresh { subject, direction, span: self.span.clone(), list });
        Ok(())
    }

    /// Back to the payload (`pkt_data`).
    pub(crate) fn choose_payload(&mut self) -> Parsed<()> {
        self.no_loose_ends()?;
        self.current = None;
        self.in_base64 = false;
        Ok(())
    }

    /// Into the bytes that the last `base64_decode` yields.
    pub(crate) fn choose_base64(&mut self) -> Parsed<()> {
        self.no_loose_ends()?;
        if self.base64.is_none() {
            return Err(Fault::new(Code::Place, "there is no `base64_decode` before `base64_data`"));
        }
        self.in_base64 = true;
        Ok(())
    }

    /// Whether options about bytes go into decoded base64.
    pub(crate) fn in_base64(&self) -> bool {
        self.in_base64
    }

    /// Whether a sticky buffer is chosen.
    pub(crate) fn has_buffer(&self) -> bool {
        self.in_base64 || self.fresh.is_some() || self.current.is_some()
    }

    /// What the sticky buffer reads, when one is chosen.
    pub(crate) fn buffer(&self) -> Option<&Subject> {
        match (&self.fresh, self.current) {
            (Some(fresh), _) => Some(&fresh.subject),
            (None, Some(current)) => self.rule.inspections.get(current).map(|inspection| &inspection.subject),
            (None, None) => None,
        }
    }

    /// Whether the chosen buffer has no conditions yet.
    pub(crate) fn buffer_is_fresh(&self) -> bool {
        self.fresh.is_some() && self.transforms.is_empty()
    }

    /// Adds a transform to the chosen buffer.
    pub(crate) fn transform(&mut self, transform: Transform) -> Parsed<()> {
        match self.buffer() {
            None => {
                Err(Fault::new(Code::Place, format!("`{}` needs a sticky buffer before it", self.keyword))
                    .help("name the buffer first, as in `http.uri; to_lowercase; content:\"…\";`"))
            }
            Some(_) if self.in_base64 => {
                Err(Fault::new(Code::Place, format!("`{}` cannot follow `base64_data`", self.keyword)))
            }
            Some(_) => {
                self.transforms.push(transform);
                Ok(())
            }
        }
    }

    /// A buffer or transform before the option at hand must have got a condition.
    pub(crate) fn no_loose_ends(&self) -> Parsed<()> {
        if let Some(fresh) = &self.fresh {
            return Err(Fault::new(Code::Place, "this buffer has no conditions")
                .at(fresh.span.clone())
                .help("write `content`, `pcre`, `bsize` or the like behind it"));
        }
        if !self.transforms.is_empty() {
            return Err(Fault::new(Code::Place, "the transform before this has no conditions behind it"));
        }
        Ok(())
    }

    /// The inspection that options about bytes go to now.
    pub(crate) fn inspection(&mut self) -> usize {
        let place = if let Some(fresh) = self.fresh.take() {
            let transforms = std::mem::take(&mut self.transforms);
            self.open(fresh.subject, transforms, fresh.direction, fresh.list)
        } else if let Some(current) = self.current {
            if self.transforms.is_empty() {
                current
            } else {
                let inspection = &self.rule.inspections[current];
                let mut transforms = inspection.transforms.clone();
                transforms.append(&mut self.transforms);
                let (subject, direction) = (inspection.subject.clone(), inspection.direction);
                self.open(subject, transforms, direction, false)
            }
        } else {
            return self.open(Subject::Payload, Vec::new(), None, false);
        };
        self.current = Some(place);
        place
    }

    /// Finds or adds an inspection.
    fn open(
        &mut self,
        subject: Subject,
        transforms: Vec<Transform>,
        direction: Option<Direction>,
        list: bool,
    ) -> usize {
        let same = |inspection: &Inspection| {
            inspection.subject == subject
                && inspection.transforms == transforms
                && inspection.direction == direction
        };
        if !list && let Some(place) = self.rule.inspections.iter().position(same) {
            return place;
        }
        let inspection = Inspection { transforms, direction, ..Inspection::new(subject, Vec::new()) };
        self.rule.inspections.push(inspection);
        self.spans.push(Vec::new());
        self.rule.inspections.len() - 1
    }

    /// Where an operation goes that may refer to the last match.
    fn inspection_for(&mut self, relative: bool) -> usize {
        match self.last_op {
            Some(last) if relative && !self.has_buffer() => last.inspection,
            _ => self.inspection(),
        }
    }

    /// `absent` for the chosen buffer.
    pub(crate) fn absent(&mut self, absent: Absent) {
        let place = self.inspection();
        self.rule.inspections[place].absent = absent;
    }

    // ---- operations

    /// Adds an operation to the chosen buffer; `relative` ones follow the last match when no buffer is chosen.
    pub(crate) fn add(&mut self, op: Op, relative: bool) -> Spot {
        let is_content = matches!(op, Op::Content(_));
        let is_match = is_content || matches!(op, Op::Pcre(_));
        let is_base64 = matches!(op, Op::Base64(_));
        let spot = match self.base64 {
            Some(at) if self.in_base64 => self.add_inner(at, op),
            _ => {
                let inspection = self.inspection_for(relative);
                self.add_to(inspection, op)
            }
        };
        if is_match {
            self.last_match = Some(spot);
        }
        if is_content {
            self.last_content = Some(spot);
            self.latest = Latest::Content;
        } else {
            self.latest = Latest::Other;
        }
        if is_base64 {
            self.base64 = Some(spot);
        }
        self.last_op = Some(spot);
        spot
    }

    fn add_to(&mut self, inspection: usize, op: Op) -> Spot {
        let ops = &mut self.rule.inspections[inspection].ops;
        ops.push(op);
        let op = ops.len() - 1;
        self.spans[inspection].push(self.span.clone());
        Spot { inspection, op, inner: None }
    }

    fn add_inner(&mut self, at: Spot, op: Op) -> Spot {
        let Some(Op::Base64(decode)) = self.rule.inspections[at.inspection].ops.get_mut(at.op) else {
            return self.add_to(at.inspection, op);
        };
        decode.then.push(op);
        Spot { inner: Some(decode.then.len() - 1), ..at }
    }

    /// Adds an operation to a buffer without choosing it.
    pub(crate) fn add_aside(&mut self, subject: Subject, op: Op) {
        let inspection = self.open(subject, Vec::new(), None, false);
        self.add_to(inspection, op);
        self.latest = Latest::Other;
    }

    /// Adds a match to a buffer without choosing it; modifiers and relative options may refer to it.
    pub(crate) fn add_in(&mut self, subject: Subject, op: Op) {
        if let Subject::Field { places, .. } = &subject
            && let Some(direction) = one_side(places)
        {
            self.side(direction);
        }
        let inspection = self.open(subject, Vec::new(), None, false);
        let spot = self.add_to(inspection, op);
        self.last_match = Some(spot);
        self.last_op = Some(spot);
        self.latest = Latest::Other;
    }

    /// Adds an operation to an inspection of its own.
    pub(crate) fn add_apart(&mut self, subject: Subject, op: Op) {
        let inspection = self.open(subject, Vec::new(), None, true);
        self.add_to(inspection, op);
        self.latest = Latest::Other;
    }

    /// The operation at a spot.
    pub(crate) fn op(&self, spot: Spot) -> Option<&Op> {
        let op = self.rule.inspections.get(spot.inspection)?.ops.get(spot.op)?;
        match (spot.inner, op) {
            (None, op) => Some(op),
            (Some(inner), Op::Base64(decode)) => decode.then.get(inner),
            (Some(_), _) => None,
        }
    }

    fn op_mut(&mut self, spot: Spot) -> Option<&mut Op> {
        let op = self.rule.inspections.get_mut(spot.inspection)?.ops.get_mut(spot.op)?;
        match (spot.inner, op) {
            (None, op) => Some(op),
            (Some(inner), Op::Base64(decode)) => decode.then.get_mut(inner),
            (Some(_), _) => None,
        }
    }

    /// The content that a modifier is about.
    pub(crate) fn content(&mut self) -> Parsed<&mut Content> {
        let keyword = self.keyword.clone();
        let none = || {
            Fault::new(Code::Place, format!("there is no `content` before `{keyword}`"))
                .help("a modifier follows the content that it changes")
        };
        let spot = self.last_content.ok_or_else(none)?;
        match self.op_mut(spot) {
            Some(Op::Content(content)) => Ok(content),
            _ => Err(none()),
        }
    }

    /// The last content or pcre before the last content, in the same buffer.
    pub(crate) fn match_before_content(&self) -> Option<&Op> {
        let spot = self.last_content?;
        let ops = match (spot.inner, self.rule.inspections.get(spot.inspection)?.ops.get(spot.op)?) {
            (Some(inner), Op::Base64(decode)) => decode.then.get(..inner)?,
            _ => self.rule.inspections.get(spot.inspection)?.ops.get(..spot.op)?,
        };
        ops.iter().rev().find(|op| matches!(op, Op::Content(_) | Op::Pcre(_)))
    }

    /// Whether the buffer that the next operation goes to has a content or pcre already.
    pub(crate) fn has_match_here(&mut self) -> bool {
        let is_match = |op: &Op| matches!(op, Op::Content(_) | Op::Pcre(_));
        if let (true, Some(at)) = (self.in_base64, self.base64) {
            return matches!(self.op(at), Some(Op::Base64(decode)) if decode.then.iter().any(is_match));
        }
        if self.fresh.is_some() || !self.transforms.is_empty() {
            return false;
        }
        match (self.current, self.last_match) {
            (Some(current), _) => self.rule.inspections[current].ops.iter().any(is_match),
            (None, last) => last.is_some(),
        }
    }

    /// Moves the last content into another buffer (`http_uri` and its kind).
    pub(crate) fn move_content(&mut self, subject: Subject) -> Parsed<()> {
        self.content()?;
        let Some(from) = self.last_content else { return Ok(()) };
        if from.inner.is_some() {
            return Err(Fault::new(Code::Place, format!("`{}` cannot follow `base64_data`", self.keyword)));
        }
        if self.has_buffer() {
            return Err(Fault::new(Code::Place, format!("`{}` stands behind a sticky buffer", self.keyword))
                .help("write `pkt_data;` before the content, or use the sticky buffer throughout"));
        }
        if self.rule.inspections[from.inspection].subject != Subject::Payload {
            return Err(Fault::new(Code::Place, "the content before this is in another buffer already"));
        }
        if let Subject::Field { places, .. } = &subject
            && let Some(direction) = one_side(places)
        {
            self.side(direction);
        }
        let to = self.open(subject, Vec::new(), None, false);
        let op = self.rule.inspections[from.inspection].ops.remove(from.op);
        let span = self.spans[from.inspection].remove(from.op);
        self.rule.inspections[to].ops.push(op);
        self.spans[to].push(span);
        let spot = Spot { inspection: to, op: self.rule.inspections[to].ops.len() - 1, inner: None };
        self.last_content = Some(spot);
        self.last_match = Some(spot);
        self.last_op = Some(spot);
        Ok(())
    }

    /// The span of an operation, for faults found later.
    pub(crate) fn span_of(&self, inspection: usize, op: usize) -> Range<usize> {
        self.spans
            .get(inspection)
            .and_then(|spans| spans.get(op))
            .cloned()
            .unwrap_or_else(|| self.span.clone())
    }

    // ---- variables

    /// The number of a new variable.
    pub(crate) fn define(&mut self, name: &str) -> Parsed<u8> {
        if let Some(known) = self.rule.variables.iter().position(|variable| variable == name) {
            return Ok(known as u8);
        }
        if self.rule.variables.len() >= VARIABLES_MAX {
            return Err(Fault::new(Code::Value, format!("a rule may have {VARIABLES_MAX} variables")));
        }
        self.rule.variables.push(name.to_owned());
        Ok((self.rule.variables.len() - 1) as u8)
    }

    /// A number, or a variable that an option before this one fills.
    pub(crate) fn value(&self, text: &str, range: std::ops::RangeInclusive<i64>) -> Parsed<Value> {
        let starts = text.strip_prefix('-').unwrap_or(text);
        if !starts.starts_with(|first: char| first.is_ascii_digit()) {
            return self.variable(text).map(Value::Var);
        }
        let number = integer(text)?;
        if !range.contains(&number) {
            let cause = format!("{number} is not between {} and {}", range.start(), range.end());
            return Err(Fault::new(Code::Value, cause));
        }
        Ok(Value::Is(number))
    }

    /// The number of a known variable.
    pub(crate) fn variable(&self, name: &str) -> Parsed<u8> {
        match self.rule.variables.iter().position(|variable| variable == name) {
            Some(position) => Ok(position as u8),
            None => {
                let known = self.rule.variables.iter().map(String::as_str);
                let mut fault = Fault::new(
                    Code::Name,
                    format!("no `byte_extract` or `byte_math` before this fills `{name}`"),
                );
                fault.help = super::error::meant(name, known);
                Err(fault)
            }
        }
    }

    /// Takes the finished rule out.
    pub(crate) fn finish(mut self) -> Rule {
        if let Some(apps) = self.apps.take() {
            self.rule.header.apps = apps;
        }
        self.rule
            .inspections
            .retain(|inspection| !inspection.ops.is_empty() || inspection.absent != Absent::Fails);
        self.rule
    }

    /// Moves a fault of an option's value into the rule.
    pub(crate) fn placed(&self, value: Option<&Word<'_>>, fault: Fault) -> Fault {
        match value {
            Some(value) if fault.span.is_some() => value.place(fault),
            _ => fault.at(self.span.clone()),
        }
    }
}

/// The only direction in which any of these fields exists.
pub(crate) fn one_side(places: &[Place]) -> Option<Direction> {
    let mut sides = places.iter().map(|place| place.field().sides);
    let first = match sides.next()? {
        Sides::Both => return None,
        Sides::ToServer => Direction::ToServer,
        Sides::ToClient => Direction::ToClient,
    };
    sides.all(|side| side != Sides::Both && side.has(first)).then_some(first)
}

/// A decimal or hexadecimal number with a sign.
pub(crate) fn integer(text: &str) -> Parsed<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    match number {
        Ok(number) => Ok(if negative { -number } else { number }),
        Err(_) => Err(Fault::new(Code::Value, format!("`{text}` is not a number"))),
    }
}
