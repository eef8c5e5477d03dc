//! The list of protocols, and what each of them declares.

use std::sync::LazyLock;

use model::Direction;

use crate::{Field, Log, Pattern, Probe, Session};

/// Every protocol that Targe speaks: one line each. The position is the [`ProtocolId`].
pub const REGISTRY: &[&Protocol] = &[
    &crate::http::PROTOCOL,
    &crate::ntp::PROTOCOL,
    &crate::dns::PROTOCOL,
    &crate::mdns::PROTOCOL,
    &crate::llmnr::PROTOCOL,
    &crate::smtp::PROTOCOL,
    &crate::ftp::PROTOCOL,
    &crate::ftp_data::PROTOCOL,
    &crate::pop3::PROTOCOL,
    &crate::imap::PROTOCOL,
    &crate::jabber::PROTOCOL,
    &crate::telnet::PROTOCOL,
    &crate::tftp::PROTOCOL,
    &crate::dhcp::PROTOCOL,
    &crate::snmp::PROTOCOL,
    &crate::tls::PROTOCOL,
    &crate::sip::PROTOCOL,
    &crate::websocket::PROTOCOL,
    &crate::ssh::PROTOCOL,
    &crate::quic::PROTOCOL,
    &crate::dcerpc::PROTOCOL,
    &crate::smb::PROTOCOL,
    &crate::ldap::PROTOCOL,
    &crate::krb5::PROTOCOL,
    &crate::rfb::PROTOCOL,
    &crate::rdp::PROTOCOL,
    &crate::ike::PROTOCOL,
    &crate::http2::PROTOCOL,
    &crate::http2::DOH2,
    &crate::mqtt::PROTOCOL,
    &crate::pgsql::PROTOCOL,
    &crate::modbus::PROTOCOL,
    &crate::dnp3::PROTOCOL,
    &crate::enip::PROTOCOL,
    &crate::bittorrent_dht::PROTOCOL,
    &crate::nfs::PROTOCOL,
    &crate::cotp::PROTOCOL,
    &crate::cotp::S7COMM,
    &crate::cotp::S7COMM_PLUS,
    &crate::cotp::MMS,
    &crate::iec104::PROTOCOL,
    &crate::bacnet::PROTOCOL,
    &crate::opcua::PROTOCOL,
    &crate::socks::PROTOCOL,
    &crate::radius::PROTOCOL,
    &crate::redis::PROTOCOL,
    &crate::mysql::PROTOCOL,
];

/// Position of a protocol in [`REGISTRY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolId(pub u8);

/// What a protocol declares. Everything that the rest of the program knows of it comes from here.
#[derive(Debug)]
pub struct Protocol {
    /// The name in EVE's `app_proto` (`http`, `tls`, `ftp-data`).
    pub name: &'static str,
    /// Names in a rule's header that mean this protocol (`["http1", "http"]`); usually just its name.
    pub rule_names: &'static [&'static str],
    /// One sentence for the manual.
    pub help: &'static str,
    /// Byte patterns that identify it at the start of a stream or datagram.
    pub patterns: &'static [Pattern],
    /// Functions that look at the first bytes on certain ports.
    pub probes: &'static [Probe],
    /// A session for a new flow; `None` for a protocol that is only recognised and named.
    pub session: Option<fn() -> Box<dyn Session>>,
    /// The progress value that means "complete", to server and to client.
    pub complete: [u8; 2],
    /// Names of the progress states per direction, for rule hooks (`http1:request_line`); lowest first.
    pub states: [&'static [(&'static str, u8)]; 2],
    /// Named fields: rule buffers, keywords and facts.
    pub fields: &'static [Field],
    /// Names of the `app-layer-event`s; the position is the code given to `Core::raise`.
    pub events: &'static [&'static str],
    /// Older names of events that rules still use, and the names of today.
    pub event_aliases: &'static [(&'static str, &'static str)],
    /// How its transactions are written to EVE; several when it writes several kinds of records.
    pub logs: &'static [Log],
    /// The direction that must speak first on a stream; the other way round is an event, and the end of parsing.
    pub first_data: Option<model::Direction>,
    /// Bytes of a stream that are reassembled for it; 0 = without limit, `None` = the configured default.
    pub stream_depth: Option<u32>,
    /// Whether parsing goes on after a gap (the session then gets `Data::Gap`); otherwise a gap ends parsing.
    pub accepts_gaps: bool,
    /// Whether each transaction belongs to one direction only (DNS since Suricata 8: request and response apart).
    pub one_sided: bool,
    /// Records name the client as source whichever direction their transaction has.
    pub records_as_flow: bool,
    /// Records name as source whoever sent the packet that caused them.
    pub records_as_packet: bool,
}

impl Protocol {
    /// Mostly empty, to fill up declarations: `..Protocol::EMPTY`.
    pub const EMPTY: Protocol = Protocol {
        name: "",
        rule_names: &[],
        help: "",
        patterns: &[],
        probes: &[],
        session: None,
        complete: [1, 1],
        states: [&[], &[]],
        fields: &[],
        events: &[],
        event_aliases: &[],
        logs: &[],
        first_data: None,
        stream_depth: None,
        accepts_gaps: false,
        one_sided: false,
        records_as_flow: false,
        records_as_packet: false,
    };

    /// The names under which rules address it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.rule_names.iter().copied())
    }
}

/// The protocol with this id.
///
/// # Panics
/// On an id that did not come from this registry.
pub fn get(id: ProtocolId) -> &'static Protocol {
    REGISTRY[usize::from(id.0)]
}

/// The fields of a protocol that the detectors are told, from one side of a transaction, in the order of its table.
///
/// # Panics
/// On an id that did not come from this registry.
pub fn facts(id: ProtocolId, direction: Direction) -> &'static [&'static Field] {
    type Facts = [Box<[&'static Field]>; 2];
    static FACTS: LazyLock<Vec<Facts>> = LazyLock::new(|| {
        let facts = |protocol: &&'static Protocol| {
            Direction::BOTH.map(|direction| {
                protocol.fields.iter().filter(|field| field.fact && field.sides.has(direction)).collect()
            })
        };
        REGISTRY.iter().map(facts).collect()
    });
    &FACTS[usize::from(id.0)][direction.index()]
}

/// The protocol with this EVE name.
pub fn find(name: &str) -> Option<ProtocolId> {
    let position = REGISTRY.iter().position(|protocol| protocol.name == name)?;
    u8::try_from(position).ok().map(ProtocolId)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_protocol_is_registered_once() {
        let names: HashSet<_> = REGISTRY.iter().map(|protocol| protocol.name).collect();
        assert_eq!(names.len(), REGISTRY.len());
    }
}
