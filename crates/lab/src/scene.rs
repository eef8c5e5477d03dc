//! A scene is set with hosts and acts, and becomes a capture with its truth.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use capture::Writer;
use model::{LinkType, Packet, PacketId, Time};

use crate::frame::{self, End, Host};
use crate::random::Random;
use crate::truth::{Act, ActKind, ServerTruth, Truth};

/// One frame of a finished capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it passed.
    pub time: Time,
    /// Its bytes, from the Ethernet header.
    pub bytes: Vec<u8>,
    /// Which act of the truth it belongs to, if any.
    pub act: Option<usize>,
}

/// A finished capture: frames in order of time, and what is true about them.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The frames.
    pub frames: Vec<Frame>,
    /// What really happened.
    pub truth: Truth,
}

impl Capture {
    /// The frames as packets.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = Packet<'_>> {
        self.frames.iter().enumerate().map(|(index, frame)| Packet {
            id: PacketId(index as u64 + 1),
            time: frame.time,
            link: LinkType::ETHERNET,
            bytes: &frame.bytes,
            wire_len: frame.bytes.len() as u32,
        })
    }

    /// Writes a pcapng file.
    ///
    /// # Errors
    /// When the destination cannot be written.
    pub fn write_pcapng<W: Write>(&self, out: W) -> io::Result<W> {
        self.write(Writer::pcapng(out, None))
    }

    /// Writes a pcap file with nanoseconds.
    ///
    /// # Errors
    /// When the destination cannot be written.
    pub fn write_pcap<W: Write>(&self, out: W) -> io::Result<W> {
        self.write(Writer::pcap(out, LinkType::ETHERNET))
    }

    fn write<W: Write>(&self, mut writer: Writer<W>) -> io::Result<W> {
        for packet in self.packets() {
            writer.write(&packet)?;
        }
        writer.finish()
    }
}

/// A scene that is being set.
#[derive(Debug)]
pub struct Scene {
    name: String,
    seed: u64,
    random: Random,
    frames: Vec<Frame>,
    acts: Vec<Act>,
    hosts: BTreeMap<IpAddr, (String, bool)>,
    ports: BTreeMap<IpAddr, u16>,
    ip_ids: BTreeMap<IpAddr, u16>,
    act: Option<usize>,
    /// Of a thousand TCP segments, how many are lost and sent again.
    pub(crate) loss_per_mille: u64,
}

impl Scene {
    /// An empty scene.
    pub fn new(name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            random: Random::new(seed),
            frames: Vec::new(),
            acts: Vec::new(),
            hosts: BTreeMap::new(),
            ports: BTreeMap::new(),
            ip_ids: BTreeMap::new(),
            act: None,
            loss_per_mille: 4,
        }
    }

    /// Random numbers for one part of the scene.
    pub fn random(&self, part: &str) -> Random {
        self.random.fork(part)
    }

    /// Begins an act; frames that are added until [`Scene::end_act`] belong to it.
    pub fn begin_act(&mut self, kind: ActKind) -> &mut Act {
        self.act = Some(self.acts.len());
        self.acts.push(Act {
            kind,
            attackers: Vec::new(),
            victims: Vec::new(),
            servers: Vec::new(),
            facts: Vec::new(),
            first_time: Time::default(),
            last_time: Time::default(),
            first_packet: 0,
            last_packet: 0,
            packets: 0,
        });
        self.acts.last_mut().expect("one was just added")
    }

    /// Ends the act that was begun last.
    pub fn end_act(&mut self) {
        self.act = None;
    }

    /// Adds a frame.
    pub fn add(&mut self, time: Time, bytes: Vec<u8>) {
        self.frames.push(Frame { time, bytes, act: self.act });
    }

    /// Adds a UDP datagram.
    pub fn udp(&mut self, time: Time, from: End<'_>, to: End<'_>, data: &[u8]) {
        self.note(to.host);
        let ip_id = self.next_ip_id(from.host);
        self.add(time, frame::udp(from, to, ip_id, data));
    }

    /// Adds an ICMP message.
    pub fn icmp(&mut self, time: Time, from: &Host, to: &Host, kind: (u8, u8), rest: &[u8]) {
        self.note(to);
        let ip_id = self.next_ip_id(from);
        self.add(time, frame::icmp(from, to, ip_id, kind.0, kind.1, rest));
    }

    /// The next port that a host opens a conversation from.
    pub fn next_port(&mut self, host: &Host) -> u16 {
        let random = &self.random;
        let port = self
            .ports
            .entry(host.ip)
            .or_insert_with(|| 49_152 + (random.fork(&host.ip.to_string()).below(12_000) as u16));
        let given = *port;
        *port = if given >= 65_500 { 49_152 } else { given + 1 };
        given
    }

    /// Enters a host into the truth; one without a name is an address where nobody is.
    pub fn note(&mut self, host: &Host) {
        if !host.name.is_empty() && !self.hosts.contains_key(&host.ip) {
            self.hosts.insert(host.ip, (host.name.clone(), host.inside));
        }
    }

    /// The next IPv4 identification of a host. Also enters the host into the truth.
    pub fn next_ip_id(&mut self, host: &Host) -> u16 {
        self.note(host);
        let random = &self.random;
        let id =
            self.ip_ids.entry(host.ip).or_insert_with(|| random.fork(&host.ip.to_string()).word() as u16);
        *id = id.wrapping_add(1);
        *id
    }

    /// Puts everything in order of time; ties keep the order in which they were added.
    pub fn finish(mut self) -> Capture {
        self.frames.sort_by_key(|frame| frame.time);
        for (index, frame) in self.frames.iter().enumerate() {
            let Some(act) = frame.act.and_then(|act| self.acts.get_mut(act)) else {
                continue;
            };
            let id = index as u64 + 1;
            if act.packets == 0 {
                act.first_packet = id;
                act.first_time = frame.time;
            }
            act.packets += 1;
            act.last_packet = id;
            act.last_time = frame.time;
        }
        let mut hosts: Vec<_> =
            self.hosts.into_iter().map(|(ip, (name, inside))| (name, ip, inside)).collect();
        hosts.sort_by_key(|(_, ip, inside)| (!inside, *ip));
        let truth = Truth {
            name: self.name,
            seed: self.seed,
            hosts,
            acts: self.acts,
            packets: self.frames.len() as u64,
            first_time: self.frames.first().map(|frame| frame.time).unwrap_or_default(),
            last_time: self.frames.last().map(|frame| frame.time).unwrap_or_default(),
        };
        in_order(self.frames, truth)
    }
}

/// Puts acts in order of their first packet and drops those without one.
fn in_order(mut frames: Vec<Frame>, mut truth: Truth) -> Capture {
    let mut order: Vec<usize> = (0..truth.acts.len()).filter(|act| truth.acts[*act].packets > 0).collect();
    order.sort_by_key(|act| truth.acts[*act].first_packet);
    let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    for frame in &mut frames {
        frame.act = frame.act.and_then(|act| place.get(&act).copied());
    }
    truth.acts = order.iter().map(|act| truth.acts[*act].clone()).collect();
    Capture { frames, truth }
}

impl Act {
    pub(crate) fn attacker(&mut self, host: &Host) -> &mut Self {
        push_new(&mut self.attackers, host.ip);
        self
    }

    pub(crate) fn victim(&mut self, host: &Host) -> &mut Self {
        push_new(&mut self.victims, host.ip);
        self
    }

    pub(crate) fn server(
        &mut self,
        end: End<'_>,
        transport: &'static str,
        name: &str,
        role: &'static str,
    ) -> &mut Self {
        let server = ServerTruth { ip: end.host.ip, port: end.port, transport, name: name.to_owned(), role };
        push_new(&mut self.servers, server);
        self
    }

    pub(crate) fn fact(&mut self, name: &'static str, value: impl ToString) -> &mut Self {
        self.facts.push((name, value.to_string()));
        self
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}
