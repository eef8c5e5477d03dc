//! MMS below session (ISO 8327), presentation (ISO 8823) and association control (ISO 8650): PDU, service, names.

use super::Part;
use super::mms_names::{SERVICES, UNCONFIRMED};
use super::s7_names::name;
use crate::ber::{self, Element};

/// Names kept of a message.
const NAMES_MAX: usize = 16;
const NAME_MAX: usize = 256;
/// Levels of elements that are looked through for names.
const LEVELS: u8 = 12;
/// `VisibleString`, universal.
const VISIBLE_STRING: u32 = 26;
/// `GraphicString`, universal: names of files.
const GRAPHIC_STRING: u32 = 25;
/// Number of the application's element that carries data of the presentation layer.
const PRESENTATION_DATA: u32 = 1;
/// Invocations that are no numbers: those of initiate and conclude.
const INITIATE: u64 = u64::MAX;
const CONCLUDE: u64 = u64::MAX - 1;

/// Kinds of PDUs.
mod pdu {
    pub(crate) const CONFIRMED_REQUEST: u32 = 0;
    pub(crate) const UNCONFIRMED: u32 = 3;
    pub(crate) const CANCEL_REQUEST: u32 = 5;
    pub(crate) const INITIATE_REQUEST: u32 = 8;
    pub(crate) const INITIATE_ERROR: u32 = 10;
    pub(crate) const CONCLUDE_REQUEST: u32 = 11;
    pub(crate) const CONCLUDE_ERROR: u32 = 13;
}

/// A message.
#[derive(Debug, Default)]
pub(crate) struct Mms {
    pub(super) pdu: u32,
    pub(super) invoke: Option<u64>,
    pub(super) service: Option<u32>,
    /// Names of domains, variables and files, as far as they stand in it; a domain's variable is `domain/variable`.
    pub(super) names: Vec<Vec<u8>>,
}

impl Mms {
    /// Reads a data unit of the transport; `None`: no MMS is in it.
    pub(super) fn read(unit: &[u8]) -> Option<Self> {
        let Some(presentation) = session(unit) else {
            // Small devices leave the layers between out.
            return Self::pdu(unit);
        };
        let mut found = None;
        ber::walk(presentation, LEVELS, &mut |element| {
            // Data, or user information of the association: `[0]` around the PDU, behind the context's number.
            if found.is_none() && element.is_context(0) && element.is_constructed() {
                found = Self::pdu(element.content);
            }
            found.is_none()
        });
        found
    }

    fn pdu(mut content: &[u8]) -> Option<Self> {
        let element = ber::next(&mut content)?;
        let primitive = matches!(element.number, pdu::CONCLUDE_REQUEST..=pdu::CONCLUDE_ERROR);
        let fits = element.class & 0xc0 == 0x80
            && element.number <= pdu::CONCLUDE_ERROR
            && (element.is_constructed() || primitive)
            && content.is_empty();
        if !fits {
            return None;
        }
        let mut read = Self { pdu: element.number, ..Self::default() };
        match element.number {
            pdu::INITIATE_REQUEST..=pdu::INITIATE_ERROR => {
                // Versions and sizes are all `[n]`; association control looks alike, but nests objects.
                plausible_initiate(element.content)?;
                read.invoke = Some(INITIATE);
            }
            pdu::CONCLUDE_REQUEST..=pdu::CONCLUDE_ERROR => read.invoke = Some(CONCLUDE),
            _ => read.confirmed(element)?,
        }
        Some(read)
    }

    fn confirmed(&mut self, pdu: Element<'_>) -> Option<()> {
        let mut rest = pdu.content;
        if self.pdu != pdu::UNCONFIRMED {
            let invoke = ber::next(&mut rest)?;
            // An error's number is `[0]`, that of others an INTEGER.
            if !(invoke.class == 0 && invoke.number == 2 || invoke.class == 0x80) {
                return None;
            }
            self.invoke = Some(invoke.integer()?);
        }
        // A list of modifiers may stand before the service.
        let mut service = ber::next(&mut rest);
        if let Some(Element { class: 0x20, number: 16, .. }) = service {
            service = ber::next(&mut rest);
        }
        if let Some(service) = service {
            let known = match self.pdu {
                pdu::UNCONFIRMED => UNCONFIRMED,
                _ => SERVICES,
            };
            if self.pdu <= 1 || self.pdu == pdu::UNCONFIRMED {
                name(known, service.number.into())?;
                self.service = Some(service.number);
            }
            self.collect(service.content);
        }
        Some(())
    }

    fn collect(&mut self, content: &[u8]) {
        let by_place = self.service.is_some_and(|service| NAMED_BY_PLACE.contains(&service));
        let names = &mut self.names;
        ber::walk(content, LEVELS, &mut |element| {
            let mut inside = element.content;
            let pair = [ber::next(&mut inside), ber::next(&mut inside)];
            match (pair, is_text(&element) || by_place && is_name(&element)) {
                // A name of a domain: two strings, nothing else.
                ([Some(domain), Some(item)], _)
                    if element.is_constructed()
                        && inside.is_empty()
                        && element.is_context(1)
                        && is_text(&domain)
                        && is_text(&item) =>
                {
                    names.push([domain.content, b"/", item.content].concat());
                }
                (_, true) => {
                    // The parts of a pair were told together.
                    let told = names.last().is_some_and(|last| {
                        last.ends_with(element.content)
                            || last.strip_prefix(element.content).is_some_and(|rest| rest.starts_with(b"/"))
                    });
                    if !told {
                        names.push(element.content.get(..NAME_MAX).unwrap_or(element.content).to_vec());
                    }
                }
                _ => {}
            }
            names.len() < NAMES_MAX
        });
    }

    pub(super) fn part(&self) -> Part {
        match self.pdu {
            pdu::CONFIRMED_REQUEST | pdu::CANCEL_REQUEST | pdu::INITIATE_REQUEST | pdu::CONCLUDE_REQUEST => {
                Part::Request
            }
            pdu::UNCONFIRMED => Part::Notice,
            _ => Part::Response,
        }
    }

    /// The service's name.
    pub(super) fn service_name(&self) -> Option<&'static str> {
        let number = u64::from(self.service?);
        name(if self.pdu == pdu::UNCONFIRMED { UNCONFIRMED } else { SERVICES }, number)
    }
}

fn is_text(element: &Element<'_>) -> bool {
    element.class == 0
        && matches!(element.number, VISIBLE_STRING | GRAPHIC_STRING)
        && !element.content.is_empty()
}

/// Services of domains and programs, whose names have no tag of their own.
const NAMED_BY_PLACE: std::ops::RangeInclusive<u32> = 26..=46;

fn is_name(element: &Element<'_>) -> bool {
    element.class == 0x80
        && element.number == 0
        && element.content.len() > 1
        && element.content.iter().all(u8::is_ascii_graphic)
}

/// Whether the content of `[8]`, `[9]` or `[10]` is that of an initiation: numbers and one list of details.
fn plausible_initiate(mut content: &[u8]) -> Option<()> {
    while let Some(element) = ber::next(&mut content) {
        let fine = match element.class {
            0x80 => element.number <= 3 && element.content.len() <= 4,
            0xa0 => element.number <= 4,
            _ => false,
        };
        if !fine {
            return None;
        }
    }
    Some(())
}

/// What the session layer carries: data, or the data of connecting and accepting (ISO 8327 §8).
fn session(unit: &[u8]) -> Option<&[u8]> {
    let presentation = match unit {
        // "Give tokens" before "data transfer", both empty.
        [1, 0, 1, 0, rest @ ..] => rest,
        // Connect, accept, finish, disconnect: parameters, of which user data is the last.
        [0x0d | 0x0e | 9 | 10, ..] => user_data(unit)?,
        _ => return None,
    };
    let mut rest = presentation;
    let first = ber::next(&mut rest)?;
    let data = first.class == 0x60 && first.number == PRESENTATION_DATA;
    let connect = first.class == 0x20 && first.number == 17;
    (data || connect).then_some(presentation)
}

fn user_data(unit: &[u8]) -> Option<&[u8]> {
    let mut rest = unit.get(1..).and_then(parameter)?.0;
    while let Some((code, after)) = rest.split_first() {
        let (value, behind) = parameter(after)?;
        if *code == 0xc1 {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// A parameter's value, and what stands behind it; lengths beyond 254 take three bytes.
fn parameter(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [0xff, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [length, rest @ ..] => (usize::from(*length), rest),
        [] => return None,
    };
    Some(rest.split_at_checked(length).unwrap_or((rest, &[])))
}
