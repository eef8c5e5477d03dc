//! A datagram of BACnet/IP: link, network layer, application.

use crate::wire::Wire;

/// What a datagram begins with (annex J.2).
const BACNET_IP: u8 = 0x81;
/// Objects and properties that are read of a message.
const ITEMS_MAX: usize = 32;
/// Tagged values of a message that are looked at.
const TAGS_MAX: usize = 256;
/// Bytes of a written value that are kept.
const VALUE_MAX: usize = 32;

/// Functions of the link that carry a message of the network layer.
const FORWARDED: u8 = 4;
const CARRIERS: [u8; 4] = [FORWARDED, 9, 10, 11];

/// Kinds of application PDUs (clause 20.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pdu {
    ConfirmedRequest,
    UnconfirmedRequest,
    SimpleAck,
    ComplexAck,
    SegmentAck,
    Error,
    Reject,
    Abort,
}

impl Pdu {
    pub(super) const ALL: [(Pdu, &'static str); 8] = [
        (Pdu::ConfirmedRequest, "confirmed_request"),
        (Pdu::UnconfirmedRequest, "unconfirmed_request"),
        (Pdu::SimpleAck, "simple_ack"),
        (Pdu::ComplexAck, "complex_ack"),
        (Pdu::SegmentAck, "segment_ack"),
        (Pdu::Error, "error"),
        (Pdu::Reject, "reject"),
        (Pdu::Abort, "abort"),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| name)
    }

    /// Whether it ends a confirmed request.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Pdu::SimpleAck | Pdu::ComplexAck | Pdu::Error | Pdu::Reject | Pdu::Abort)
    }
}

/// A message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Function of the link.
    pub(super) function: u8,
    /// Kind of a message of the network layer itself.
    pub(super) network: Option<u8>,
    pub(super) destination_network: Option<u16>,
    pub(super) source_network: Option<u16>,
    pub(super) pdu: Option<Pdu>,
    pub(super) invoke: u8,
    pub(super) service: Option<u8>,
    /// Type and instance of each object.
    pub(super) objects: Vec<(u16, u32)>,
    pub(super) properties: Vec<u32>,
    /// Start of the value that is written, as it was encoded.
    pub(super) value: Vec<u8>,
    pub(super) priority: Option<u8>,
    /// State that a device is put into: what communication control or reinitialising asks for.
    pub(super) state: Option<u32>,
    /// A password travels in it.
    pub(super) password: bool,
    /// Class and code of an error; reason of a rejection or abortion in the second alone.
    pub(super) error: Option<(Option<u32>, u32)>,
    pub(super) is_cut: bool,
}

/// Services whose arguments are read.
mod service {
    pub(crate) const READ_PROPERTY: u8 = 12;
    pub(crate) const READ_MULTIPLE: u8 = 14;
    pub(crate) const WRITE_PROPERTY: u8 = 15;
    pub(crate) const WRITE_MULTIPLE: u8 = 16;
    pub(crate) const COMMUNICATION: u8 = 17;
    pub(crate) const REINITIALIZE: u8 = 20;
}

impl Message {
    /// Reads a datagram; `None`: it is not of this protocol.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        wire.byte().filter(|kind| *kind == BACNET_IP)?;
        let function = wire.byte().filter(|function| *function <= 12)?;
        wire.be16().filter(|length| usize::from(*length) == bytes.len())?;
        let mut read = Self { function, ..Self::default() };
        if !CARRIERS.contains(&function) {
            return Some(read);
        }
        if function == FORWARDED {
            wire.take(6)?;
        }
        wire.byte().filter(|version| *version == 1)?;
        read.is_cut = read.network(wire).is_none();
        Some(read)
    }

    fn network(&mut self, wire: &mut Wire<'_>) -> Option<()> {
        let control = wire.byte()?;
        if control & 0x20 != 0 {
            self.destination_network = Some(wire.be16()?);
            let length = wire.byte()?;
            wire.take(length.into())?;
        }
        if control & 0x08 != 0 {
            self.source_network = Some(wire.be16()?);
            let length = wire.byte()?;
            wire.take(length.into())?;
        }
        if control & 0x20 != 0 {
            wire.byte()?;
        }
        if control & 0x80 != 0 {
            self.network = Some(wire.byte()?);
            return Some(());
        }
        self.application(wire)
    }

    fn application(&mut self, wire: &mut Wire<'_>) -> Option<()> {
        let first = wire.byte()?;
        let (pdu, _) = *Pdu::ALL.get(usize::from(first >> 4))?;
        self.pdu = Some(pdu);
        let segmented = first & 8 != 0;
        match pdu {
            Pdu::ConfirmedRequest => {
                wire.byte()?;
                self.invoke = wire.byte()?;
            }
            Pdu::UnconfirmedRequest => {}
            _ => self.invoke = wire.byte()?,
        }
        let segmented = segmented && matches!(pdu, Pdu::ConfirmedRequest | Pdu::ComplexAck);
        let first_segment = !segmented || wire.take(2)?.first() == Some(&0);
        match pdu {
            Pdu::SegmentAck => return wire.take(2).map(drop),
            Pdu::Reject | Pdu::Abort => {
                self.error = Some((None, wire.byte()?.into()));
                return Some(());
            }
            _ => self.service = Some(wire.byte()?),
        }
        match (pdu, first_segment) {
            (Pdu::Error, _) => self.error(wire),
            (_, true) => self.arguments(wire.rest()),
            _ => {}
        }
        Some(())
    }

    /// Class and code, both enumerated; some services wrap them.
    fn error(&mut self, wire: &mut Wire<'_>) {
        let mut codes = Tags::new(wire.rest()).filter(|tag| tag.number == 9 && !tag.context);
        if let (Some(class), Some(code)) = (codes.next(), codes.next()) {
            self.error = Some((Some(class.unsigned()), code.unsigned()));
        }
    }

    fn arguments(&mut self, bytes: &[u8]) {
        let confirmed = self.pdu != Some(Pdu::UnconfirmedRequest);
        let service = self.service.unwrap_or(u8::MAX);
        let mut depth = 0u8;
        for tag in Tags::new(bytes).take(TAGS_MAX) {
            match tag.bracket {
                Some(true) => {
                    depth = depth.saturating_add(1);
                    if confirmed && tag.number == 3 && service == service::WRITE_PROPERTY && depth == 1 {
                        self.value = inside(tag.rest, 3);
                    }
                    continue;
                }
                Some(false) => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                None => {}
            }
            if confirmed {
                self.confirmed(service, depth, &tag);
            } else if !tag.context && tag.number == 12
                || tag.context && tag.content.len() == 4 && tag.number < 2
            {
                // Identifiers of objects in "I am" and "I have", and in notices of changes.
                self.object(tag.content, service != 8);
            }
        }
    }

    fn confirmed(&mut self, service: u8, depth: u8, tag: &Tag<'_>) {
        if !tag.context {
            return;
        }
        match (service, depth, tag.number) {
            (service::READ_PROPERTY | service::WRITE_PROPERTY, 0, 0)
            | (service::READ_MULTIPLE | service::WRITE_MULTIPLE, 0, 0) => self.object(tag.content, true),
            (service::READ_PROPERTY | service::WRITE_PROPERTY, 0, 1)
            | (service::WRITE_MULTIPLE, 1, 0)
            | (service::READ_MULTIPLE, 1, 0 | 2)
                if self.properties.len() < ITEMS_MAX =>
            {
                self.properties.push(tag.unsigned());
            }
            (service::WRITE_PROPERTY, 0, 4) => self.priority = u8::try_from(tag.unsigned()).ok(),
            (service::COMMUNICATION, 0, 1) | (service::REINITIALIZE, 0, 0) => {
                self.state = Some(tag.unsigned())
            }
            (service::COMMUNICATION, 0, 2) | (service::REINITIALIZE, 0, 1) => self.password = true,
            (0..=11 | 26..=29, 0, _) if tag.content.len() == 4 => self.object(tag.content, true),
            _ => {}
        }
    }

    fn object(&mut self, content: &[u8], wanted: bool) {
        if let (true, Some(word)) = (wanted && self.objects.len() < ITEMS_MAX, content.first_chunk()) {
            let word = u32::from_be_bytes(*word);
            self.objects.push(((word >> 22) as u16, word & 0x003f_ffff));
        }
    }
}

/// The bytes up to the closing bracket of `number`, as far as they are kept.
fn inside(bytes: &[u8], number: u8) -> Vec<u8> {
    let mut end = bytes.len();
    let mut depth = 0u32;
    for tag in Tags::new(bytes).take(TAGS_MAX) {
        match tag.bracket {
            Some(true) => depth += 1,
            Some(false) if depth == 0 && tag.number == number => {
                end = bytes.len() - tag.rest.len() - 1;
                break;
            }
            Some(false) => depth = depth.saturating_sub(1),
            None => {}
        }
    }
    bytes.get(..end.min(VALUE_MAX)).unwrap_or(bytes).to_vec()
}

/// A tagged value (clause 20.2).
#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    number: u8,
    context: bool,
    /// It opens (true) or closes (false) a bracket.
    bracket: Option<bool>,
    content: &'a [u8],
    /// What stands behind it.
    rest: &'a [u8],
}

impl Tag<'_> {
    fn unsigned(&self) -> u32 {
        self.content.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
    }
}

struct Tags<'a> {
    wire: Wire<'a>,
}

impl<'a> Tags<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { wire: Wire::new(bytes) }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let wire = &mut self.wire;
        let first = wire.byte()?;
        let context = first & 8 != 0;
        let number = match first >> 4 {
            15 => wire.byte()?,
            number => number,
        };
        let (bracket, length) = match (first & 7, context) {
            (6, true) => (Some(true), 0),
            (7, true) => (Some(false), 0),
            // A truth value stands in the length itself.
            (_, false) if number == 1 => (None, 0),
            (5, _) => (
                None,
                match wire.byte()? {
                    254 => wire.be16()?.into(),
                    255 => wire.be32()? as usize,
                    length => usize::from(length),
                },
            ),
            (length, _) => (None, usize::from(length)),
        };
        let content = wire.take(length)?;
        Some(Tag { number, context, bracket, content, rest: wire.rest() })
    }
}
