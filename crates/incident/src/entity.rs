//! What passes by of each server, gathered while it passes: conversations, ports, certificates, fingerprints, clients.

use std::net::IpAddr;

use model::{Certificate, ClientSeen, FlowFact, PortSeen, Profile, Time, TransactionFact, Value};

use crate::table::Recent;

/// Servers that are kept, per generation.
const SERVERS_MAX: usize = 16_384;
/// Ports kept per server.
const PORTS_MAX: usize = 8;
/// Certificates kept per server.
const CERTIFICATES_MAX: usize = 4;
/// Fingerprints and banners kept per server.
const PRINTS_MAX: usize = 8;
/// Names of a certificate that are kept.
const CERTIFICATE_NAMES_MAX: usize = 16;

/// One server, or one outside host that opened conversations with ours. Most have one client and one port: what those did is
/// what the server did.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) first: Time,
    pub(crate) last: Time,
    /// Payload bytes to it and from it.
    pub(crate) bytes: [u64; 2],
    clients: Clients,
    ports: Ports,
    shown: Option<Box<Shown>>,
    served: u32,
    opened: u32,
    answered: u32,
}

/// Who talked to it.
#[derive(Debug)]
enum Clients {
    /// One at most; from when to when.
    Lone(Option<IpAddr>, Time, Time),
    #[expect(clippy::box_collection, reason = "the list itself would make every entity larger")]
    Several(Box<Vec<ClientSeen>>),
}

/// Ports that it served.
#[derive(Debug)]
enum Ports {
    /// None: it served nothing.
    None,
    Lone {
        port: u16,
        transport: u8,
        protocol: &'static str,
    },
    #[expect(clippy::box_collection, reason = "the list itself would make every entity larger")]
    Several(Box<Vec<PortSeen>>),
}

/// What it showed of itself.
#[derive(Debug, Default)]
struct Shown {
    certificates: Vec<Certificate>,
    prints: Vec<(&'static str, String)>,
}

/// Servers by address.
#[derive(Debug)]
pub(crate) struct Entities {
    table: Recent<IpAddr, Entity>,
}

impl Default for Entities {
    fn default() -> Self {
        Self { table: Recent::new(SERVERS_MAX) }
    }
}

impl Entities {
    /// Learns from a conversation that ended.
    pub(crate) fn flow(&mut self, flow: &FlowFact, ours: impl Fn(IpAddr) -> bool) {
        let who = &flow.who;
        let server = self.entity(who.server, who.began);
        server.take(flow, who.client, flow.payload);
        server.served = server.served.saturating_add(1);
        server.port(who.server_port, who.transport, flow.protocol);
        // Who comes from outside is somebody, too: scanners and attackers serve nothing.
        if !ours(who.client) {
            let client = self.entity(who.client, who.began);
            client.take(flow, who.server, [flow.payload[1], flow.payload[0]]);
            client.opened = client.opened.saturating_add(1);
        }
    }

    /// Learns from an exchange.
    pub(crate) fn transaction(&mut self, fact: &TransactionFact) {
        match fact.protocol {
            "tls" => {
                self.entity(fact.who.server, fact.who.began).handshake(fact);
            }
            "http" | "http2" => self.print(fact, "banner", "http.server"),
            "ssh" => self.print(fact, "hassh", "ssh.hassh.server"),
            _ => {}
        }
    }

    fn print(&mut self, fact: &TransactionFact, kind: &'static str, field: &str) {
        let value = fact.text(field);
        if !value.is_empty() {
            self.entity(fact.who.server, fact.who.began).print(kind, value);
        }
    }

    fn entity(&mut self, address: IpAddr, began: Time) -> &mut Entity {
        self.table.touch(address, || Entity {
            first: began,
            last: began,
            bytes: [0; 2],
            clients: Clients::Lone(None, began, began),
            ports: Ports::None,
            shown: None,
            served: 0,
            opened: 0,
            answered: 0,
        })
    }

    /// A server; `None` when it was never seen or was forgotten.
    pub(crate) fn of(&self, address: IpAddr) -> Option<&Entity> {
        self.table.get(&address)
    }

    /// All servers in the order of their addresses.
    pub(crate) fn sorted(&self) -> Vec<(IpAddr, &Entity)> {
        self.table.sorted()
    }

    /// Servers that were forgotten.
    pub(crate) fn evicted(&self) -> u64 {
        self.table.evicted()
    }
}

impl Entity {
    /// Conversations that it served.
    pub(crate) fn served(&self) -> u64 {
        u64::from(self.served)
    }

    /// Conversations that it served or opened.
    pub(crate) fn flows(&self) -> u64 {
        u64::from(self.served) + u64::from(self.opened)
    }

    /// Conversations in which it sent payload.
    pub(crate) fn answered(&self) -> u64 {
        u64::from(self.answered)
    }

    /// Who talked to it, in order of appearance.
    pub(crate) fn clients(&self) -> Vec<ClientSeen> {
        match &self.clients {
            Clients::Several(list) => list.to_vec(),
            Clients::Lone(address, first, last) => {
                address.iter().map(|address| self.lone_client(*address, (*first, *last))).collect()
            }
        }
    }

    /// Ports that it served, in order of appearance.
    pub(crate) fn ports(&self) -> Vec<PortSeen> {
        match &self.ports {
            Ports::None => Vec::new(),
            Ports::Lone { port, transport, protocol } => vec![self.lone_port(*port, *transport, protocol)],
            Ports::Several(list) => list.to_vec(),
        }
    }

    /// Certificates that it showed.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        self.shown.as_ref().map_or(&[], |shown| &shown.certificates)
    }

    /// Fingerprints and banners: kind and value.
    pub(crate) fn prints(&self) -> &[(&'static str, String)] {
        self.shown.as_ref().map_or(&[], |shown| &shown.prints)
    }

    /// The only client, who did all that was done.
    fn lone_client(&self, address: IpAddr, (first, last): (Time, Time)) -> ClientSeen {
        let [bytes_to, bytes_from] = self.bytes;
        ClientSeen { address, first, last, flows: self.flows(), bytes_to, bytes_from }
    }

    /// The only port.
    fn lone_port(&self, port: u16, transport: u8, protocol: &'static str) -> PortSeen {
        PortSeen { port, transport, protocol, flows: self.served() }
    }

    /// Counts a conversation with `peer`; `payload` is to and from this entity. That it is one more is counted after it.
    fn take(&mut self, flow: &FlowFact, peer: IpAddr, payload: [u64; 2]) {
        let (began, last) = (flow.who.began, flow.last);
        match &mut self.clients {
            Clients::Lone(known, lone_first, lone_last) if known.is_none_or(|known| known == peer) => {
                if known.replace(peer).is_none() {
                    (*lone_first, *lone_last) = (began, last);
                }
                *lone_first = began.min(*lone_first);
                *lone_last = last.max(*lone_last);
            }
            Clients::Lone(Some(known), lone_first, lone_last) => {
                let lone = (*known, (*lone_first, *lone_last));
                let mut list = Box::new(vec![self.lone_client(lone.0, lone.1)]);
                meet(&mut list, peer, (began, last), payload);
                self.clients = Clients::Several(list);
            }
            Clients::Lone(None, ..) => {}
            Clients::Several(list) => meet(list, peer, (began, last), payload),
        }
        self.first = self.first.min(began);
        self.last = self.last.max(last);
        self.answered = self.answered.saturating_add(u32::from(payload[1] > 0));
        self.bytes[0] += payload[0];
        self.bytes[1] += payload[1];
    }

    /// Notes the port of a conversation that was counted.
    fn port(&mut self, port: u16, transport: u8, protocol: &'static str) {
        match &mut self.ports {
            Ports::None => self.ports = Ports::Lone { port, transport, protocol },
            Ports::Lone { port: known, transport: by, protocol: spoken } => {
                if (*known, *by) == (port, transport) {
                    if spoken.is_empty() {
                        *spoken = protocol;
                    }
                    return;
                }
                let (known, by, spoken) = (*known, *by, *spoken);
                let mut lone = self.lone_port(known, by, spoken);
                // The conversation at hand was counted already, and went to another one.
                lone.flows = lone.flows.saturating_sub(1);
                let new = PortSeen { port, transport, protocol, flows: 1 };
                self.ports = Ports::Several(Box::new(vec![lone, new]));
            }
            Ports::Several(list) => {
                let known = list.iter_mut().find(|seen| (seen.port, seen.transport) == (port, transport));
                if let Some(seen) = known {
                    seen.flows += 1;
                    if seen.protocol.is_empty() {
                        seen.protocol = protocol;
                    }
                } else if list.len() < PORTS_MAX {
                    list.push(PortSeen { port, transport, protocol, flows: 1 });
                }
            }
        }
    }

    fn handshake(&mut self, fact: &TransactionFact) {
        let print = fact.text("ja3s.hash");
        if !print.is_empty() {
            self.print("ja3s", print);
        }
        let fingerprint = fact.text("tls.cert_fingerprint");
        if fingerprint.is_empty()
            || self.certificates().len() >= CERTIFICATES_MAX
            || self.certificates().iter().any(|known| known.fingerprint == fingerprint)
        {
            return;
        }
        let (subject, issuer) = (fact.text("tls.cert_subject"), fact.text("tls.cert_issuer"));
        let seconds = |name: &str| match fact.get(name) {
            Some(Value::Number(number)) => i64::try_from(*number).ok(),
            _ => None,
        };
        self.shown.get_or_insert_default().certificates.push(Certificate {
            fingerprint: fingerprint.to_owned(),
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            serial: fact.text("tls.cert_serial").to_owned(),
            names: fact.texts("tls.subjectaltname").take(CERTIFICATE_NAMES_MAX).map(str::to_owned).collect(),
            validity: seconds("tls.not_before").zip(seconds("tls.not_after")),
            self_signed: subject == issuer && !subject.is_empty(),
        });
    }

    fn print(&mut self, kind: &'static str, value: &str) {
        let known = self.prints().iter().any(|(known, text)| *known == kind && text == value);
        if !known && self.prints().len() < PRINTS_MAX {
            self.shown.get_or_insert_default().prints.push((kind, value.to_owned()));
        }
    }
}

/// Counts a conversation with one of several clients.
fn meet(list: &mut Vec<ClientSeen>, peer: IpAddr, (began, last): (Time, Time), payload: [u64; 2]) {
    if let Some(client) = list.iter_mut().find(|client| client.address == peer) {
        client.first = client.first.min(began);
        client.last = client.last.max(last);
        client.flows += 1;
        client.bytes_to += payload[0];
        client.bytes_from += payload[1];
    } else if list.len() < Profile::CLIENTS {
        list.push(ClientSeen {
            address: peer,
            first: began,
            last,
            flows: 1,
            bytes_to: payload[0],
            bytes_from: payload[1],
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_stays_small() {
        assert!(size_of::<Entity>() <= 128, "tens of thousands are kept: {}", size_of::<Entity>());
    }
}
