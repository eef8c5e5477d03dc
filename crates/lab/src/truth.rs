//! What really happened in a capture, for whoever wants to check a judgement about it.

use std::net::IpAddr;

use json::Json;
use model::Time;

use crate::calendar::Date;

/// What one act of a scene is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum ActKind {
    Scan,
    Phishing,
    Download,
    Beacon,
    DnsTunnel,
    Guessing,
    Login,
    Collection,
    Upload,
    Flood,
    Ransomware,
    CardLeak,
    PlcWrite,
    /// Benign: the same service at regular intervals.
    Periodic,
    /// Benign: many answers from one place, as backups and updates are.
    Bulk,
}

impl ActKind {
    /// Its name in the truth file.
    pub const fn name(self) -> &'static str {
        match self {
            ActKind::Scan => "scan",
            ActKind::Phishing => "phishing",
            ActKind::Download => "download",
            ActKind::Beacon => "beacon",
            ActKind::DnsTunnel => "dns_tunnel",
            ActKind::Guessing => "guessing",
            ActKind::Login => "login",
            ActKind::Collection => "collection",
            ActKind::Upload => "upload",
            ActKind::Flood => "flood",
            ActKind::Ransomware => "ransomware",
            ActKind::CardLeak => "card_leak",
            ActKind::PlcWrite => "plc_write",
            ActKind::Periodic => "periodic",
            ActKind::Bulk => "bulk",
        }
    }

    /// Whether somebody attacks.
    pub const fn is_malicious(self) -> bool {
        !matches!(self, ActKind::Periodic | ActKind::Bulk)
    }

    /// The ATT&CK technique it shows; empty for benign acts.
    pub const fn technique(self) -> &'static str {
        match self {
            ActKind::Scan => "T1595.001",
            ActKind::Phishing => "T1566.001",
            ActKind::Download => "T1105",
            ActKind::Beacon => "T1071.001",
            ActKind::DnsTunnel => "T1071.004",
            ActKind::Guessing => "T1110.001",
            ActKind::Login => "T1078",
            ActKind::Collection => "T1039",
            ActKind::Upload => "T1048",
            ActKind::Flood => "T1498",
            ActKind::Ransomware => "T1486",
            ActKind::CardLeak => "T1048.003",
            ActKind::PlcWrite => "T0855",
            ActKind::Periodic | ActKind::Bulk => "",
        }
    }
}

/// A server that takes part in an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTruth {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub transport: &'static str,
    /// The name it was reached by; empty if by address alone.
    pub name: String,
    /// What it does for the attacker, in a word.
    pub role: &'static str,
}

/// One act and everything that is true about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What it is.
    pub kind: ActKind,
    /// Who does it: addresses the act starts from.
    pub attackers: Vec<IpAddr>,
    /// Who suffers it; for benign acts, who takes part.
    pub victims: Vec<IpAddr>,
    /// Servers that take part.
    pub servers: Vec<ServerTruth>,
    /// More that is true: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// Time of its first packet.
    pub first_time: Time,
    /// Time of its last packet.
    pub last_time: Time,
    /// Position of its first packet in the capture, from 1.
    pub first_packet: u64,
    /// Position of its last packet.
    pub last_packet: u64,
    /// How many packets belong to it.
    pub packets: u64,
}

/// Everything that is true about a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// What the capture is called.
    pub name: String,
    /// The seed it was made from.
    pub seed: u64,
    /// Machines in it: name and address, inside ones first.
    pub hosts: Vec<(String, IpAddr, bool)>,
    /// Acts, in order of their first packet.
    pub acts: Vec<Act>,
    /// Packets in all.
    pub packets: u64,
    /// Time of the first packet.
    pub first_time: Time,
    /// Time of the last packet.
    pub last_time: Time,
}

impl Truth {
    /// The truth as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Json::new();
        out.object_item().text("name", &self.name).number("seed", self.seed).number("packets", self.packets);
        out.text("first_time", &Date::rfc3339(self.first_time));
        out.text("last_time", &Date::rfc3339(self.last_time));
        out.array("hosts");
        for (name, ip, inside) in &self.hosts {
            out.object_item().text("name", name).display("ip", ip).boolean("inside", *inside).end();
        }
        out.end().array("acts");
        for act in &self.acts {
            act.write(&mut out);
        }
        out.end().end();
        let mut bytes = out.bytes().to_vec();
        bytes.push(b'\n');
        bytes
    }

    /// The acts in which somebody attacks.
    pub fn attacks(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|act| act.kind.is_malicious())
    }
}

impl Act {
    fn write(&self, out: &mut Json) {
        out.object_item().text("kind", self.kind.name()).boolean("malicious", self.kind.is_malicious());
        if !self.kind.technique().is_empty() {
            out.text("technique", self.kind.technique());
        }
        for (key, hosts) in [("attackers", &self.attackers), ("victims", &self.victims)] {
            out.array(key);
            for ip in hosts {
                out.display_item(ip);
            }
            out.end();
        }
        out.array("servers");
        for server in &self.servers {
            out.object_item().display("ip", server.ip).number("port", server.port);
            out.text("transport", server.transport)
                .text("name", &server.name)
                .text("role", server.role)
                .end();
        }
        out.end();
        out.text("first_time", &Date::rfc3339(self.first_time));
        out.text("last_time", &Date::rfc3339(self.last_time));
        out.number("first_packet", self.first_packet).number("last_packet", self.last_packet);
        out.number("packets", self.packets);
        out.object("facts");
        for (name, value) in &self.facts {
            out.text(name, value);
        }
        out.end().end();
    }
}
