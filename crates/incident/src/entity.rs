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

/// One server, or one outside host that opened conversations with ours.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) first: Time,
    pub(crate) last: Time,
    /// Conversations that it served.
    pub(crate) served: u64,
    /// Conversations that it opened.
    pub(crate) opened: u64,
    /// Conversations in which it sent payload.
    pub(crate) answered: u64,
    /// Payload bytes to it and from it.
    pub(crate) bytes: [u64; 2],
    pub(crate) ports: Vec<PortSeen>,
    pub(crate) clients: Vec<ClientSeen>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) prints: Vec<(&'static str, String)>,
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
        server.served += 1;
        server.take(flow, who.client, flow.payload);
        server.port(who.server_port, who.transport, flow.protocol);
        // Who comes from outside is somebody, too: scanners and attackers serve nothing.
        if !ours(who.client) {
            let client = self.entity(who.client, who.began);
            client.opened += 1;
            client.take(flow, who.server, [flow.payload[1], flow.payload[0]]);
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
            served: 0,
            opened: 0,
            answered: 0,
            bytes: [0; 2],
            ports: Vec::new(),
            clients: Vec::new(),
            certificates: Vec::new(),
            prints: Vec::new(),
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
    /// Counts a conversation with `peer`; `payload` is to and from this entity.
    fn take(&mut self, flow: &FlowFact, peer: IpAddr, payload: [u64; 2]) {
        self.first = self.first.min(flow.who.began);
        self.last = self.last.max(flow.last);
        self.answered += u64::from(payload[1] > 0);
        self.bytes[0] += payload[0];
        self.bytes[1] += payload[1];
        if let Some(client) = self.clients.iter_mut().find(|client| client.address == peer) {
            client.first = client.first.min(flow.who.began);
            client.last = client.last.max(flow.last);
            client.flows += 1;
            client.bytes_to += payload[0];
            client.bytes_from += payload[1];
        } else if self.clients.len() < Profile::CLIENTS {
            if self.clients.is_empty() {
                // Most servers have one client, and one port.
                self.clients.reserve_exact(1);
            }
            self.clients.push(ClientSeen {
                address: peer,
                first: flow.who.began,
                last: flow.last,
                flows: 1,
                bytes_to: payload[0],
                bytes_from: payload[1],
            });
        }
    }

    fn port(&mut self, port: u16, transport: u8, protocol: &'static str) {
        let known = self.ports.iter_mut().find(|seen| (seen.port, seen.transport) == (port, transport));
        if let Some(seen) = known {
            seen.flows += 1;
            if seen.protocol.is_empty() {
                seen.protocol = protocol;
            }
        } else if self.ports.len() < PORTS_MAX {
            if self.ports.is_empty() {
                self.ports.reserve_exact(1);
            }
            self.ports.push(PortSeen { port, transport, protocol, flows: 1 });
        }
    }

    fn handshake(&mut self, fact: &TransactionFact) {
        let print = fact.text("ja3s.hash");
        if !print.is_empty() {
            self.print("ja3s", print);
        }
        let fingerprint = fact.text("tls.cert_fingerprint");
        if fingerprint.is_empty()
            || self.certificates.len() >= CERTIFICATES_MAX
            || self.certificates.iter().any(|known| known.fingerprint == fingerprint)
        {
            return;
        }
        let (subject, issuer) = (fact.text("tls.cert_subject"), fact.text("tls.cert_issuer"));
        let seconds = |name: &str| match fact.get(name) {
            Some(Value::Number(number)) => i64::try_from(*number).ok(),
            _ => None,
        };
        self.certificates.push(Certificate {
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
        let known = self.prints.iter().any(|(known, text)| *known == kind && text == value);
        if !known && self.prints.len() < PRINTS_MAX {
            self.prints.push((kind, value.to_owned()));
        }
    }
}
