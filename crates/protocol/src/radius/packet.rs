//! Packets of RADIUS (RFC 2865 §3, §5).

use std::net::Ipv4Addr;

use crate::wire::Wire;

/// Code, identifier, length, authenticator.
pub(super) const HEAD_BYTES: usize = 20;
/// Attributes that are read.
const ATTRIBUTES_MAX: usize = 128;

/// Kinds of packets.
pub(super) const CODES: crate::Enumeration = &[
    ("access_request", 1),
    ("access_accept", 2),
    ("access_reject", 3),
    ("accounting_request", 4),
    ("accounting_response", 5),
    ("access_challenge", 11),
    ("status_server", 12),
    ("status_client", 13),
    ("disconnect_request", 40),
    ("disconnect_ack", 41),
    ("disconnect_nak", 42),
    ("coa_request", 43),
    ("coa_ack", 44),
    ("coa_nak", 45),
];

/// A packet.
#[derive(Debug, Default)]
pub(crate) struct Packet {
    pub(super) code: u8,
    pub(super) identifier: u8,
    pub(super) attributes: u16,
    pub(super) user: Option<Vec<u8>>,
    /// How the user proves himself.
    pub(super) proof: Option<&'static str>,
    pub(super) nas_address: Option<Ipv4Addr>,
    pub(super) nas_identifier: Option<Vec<u8>>,
    pub(super) nas_port: Option<u32>,
    pub(super) nas_port_type: Option<u32>,
    pub(super) service: Option<u32>,
    pub(super) framed_address: Option<Ipv4Addr>,
    pub(super) reply: Option<Vec<u8>>,
    pub(super) called: Option<Vec<u8>>,
    pub(super) calling: Option<Vec<u8>>,
    pub(super) accounting: Option<u32>,
    pub(super) session: Option<Vec<u8>>,
    /// The packet is signed as a whole (RFC 3579 §3.2); without this, answers can be forged.
    pub(super) signed: bool,
    pub(super) is_cut: bool,
}

impl Packet {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let wire = &mut Wire::new(bytes);
        let (code, identifier) = (wire.byte()?, wire.byte()?);
        CODES.iter().find(|(_, known)| *known == u64::from(code))?;
        wire.be16().filter(|length| usize::from(*length) == bytes.len())?;
        wire.take(16)?;
        let mut read = Self { code, identifier, ..Self::default() };
        while !wire.is_empty() && usize::from(read.attributes) < ATTRIBUTES_MAX {
            if read.attribute(wire).is_none() {
                read.is_cut = true;
                break;
            }
            read.attributes += 1;
        }
        Some(read)
    }

    fn attribute(&mut self, wire: &mut Wire<'_>) -> Option<()> {
        let (kind, length) = (wire.byte()?, wire.byte()?);
        let value = wire.take(usize::from(length).checked_sub(2)?)?;
        let number = || Wire::new(value).be32();
        let address = || Wire::new(value).array::<4>().map(Ipv4Addr::from);
        let text = || Some(value.to_vec());
        match kind {
            1 => self.user = text(),
            2 => self.proof = Some("pap"),
            3 => self.proof = Some("chap"),
            4 => self.nas_address = address(),
            5 => self.nas_port = number(),
            6 => self.service = number(),
            8 => self.framed_address = address(),
            18 => self.reply = text(),
            30 => self.called = text(),
            31 => self.calling = text(),
            32 => self.nas_identifier = text(),
            40 => self.accounting = number(),
            44 => self.session = text(),
            61 => self.nas_port_type = number(),
            79 => self.proof = Some("eap"),
            80 => self.signed = true,
            _ => {}
        }
        Some(())
    }

    pub(super) fn is_request(&self) -> bool {
        matches!(self.code, 1 | 4 | 12 | 13 | 40 | 43)
    }
}
