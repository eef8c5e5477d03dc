//! Looking for open doors: many ports of one machine, or one port of many.

use std::net::Ipv4Addr;

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::talk::{MS, Talk};
use crate::truth::ActKind;

/// How the scanner knocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Technique {
    /// Half-open: a reset follows the answer.
    Syn,
    /// Datagrams; closed ports answer with ICMP.
    Udp,
}

/// A scan of the office.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Seed of the capture.
    pub seed: u64,
    /// How the scanner knocks.
    pub technique: Technique,
    /// How many addresses are tried, from 10.0.0.1.
    pub addresses: u8,
    /// How many ports of each.
    pub ports: u16,
    /// Milliseconds between knocks.
    pub interval_ms: u64,
    /// Whether the office works around it.
    pub background: bool,
    /// Where the scanner is.
    pub scanner: Ipv4Addr,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            seed: 1,
            technique: Technique::Syn,
            addresses: 1,
            ports: 500,
            interval_ms: 20,
            background: false,
            scanner: Ipv4Addr::new(203, 0, 113, 45),
        }
    }
}

/// The ports that people ask for first.
const COMMON: [u16; 24] = [
    80, 443, 22, 21, 25, 445, 3389, 8080, 23, 53, 110, 139, 143, 135, 3306, 1433, 5432, 8443, 5900, 111, 993,
    995, 587, 161,
];

impl Scan {
    /// A capture with this scan in it.
    pub fn make(&self) -> Capture {
        let seconds = u64::from(self.addresses) * u64::from(self.ports) * self.interval_ms / 1_000;
        alone("scan", self.seed, seconds.max(60), self.background, |scene, office| {
            let scanner = Host::outside("scanner", self.scanner, 18);
            self.play(scene, office, START, &scanner);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, scanner: &Host) -> Time {
        let mut random = scene.random(&format!("scan {} {}", scanner.ip, start.nanos()));
        let act = scene.begin_act(ActKind::Scan).attacker(scanner);
        act.fact("addresses", self.addresses).fact("ports", self.ports).fact("interval_ms", self.interval_ms);
        let targets: Vec<Host> = (0..self.addresses)
            .map(|n| {
                let ip = Ipv4Addr::new(10, 0, 0, n.wrapping_add(1));
                known(office).find(|host| host.ip == ip).cloned().unwrap_or_else(|| Host::inside("", ip, 64))
            })
            .collect();
        for target in targets.iter().filter(|target| !target.name.is_empty()) {
            act.victim(target);
        }
        let ports: Vec<u16> = COMMON
            .into_iter()
            .chain((1..u16::MAX).filter(|port| !COMMON.contains(port)))
            .take(usize::from(self.ports))
            .collect();
        let mut at = start;
        for port in ports {
            for target in &targets {
                self.knock(scene, office, at, scanner, target, port);
                at = at.plus_nanos(random.around(self.interval_ms * 1_000, 20) * MS / 1_000);
            }
        }
        scene.end_act();
        at
    }

    fn knock(&self, scene: &mut Scene, office: &Office, at: Time, scanner: &Host, target: &Host, port: u16) {
        let here = !target.name.is_empty();
        match self.technique {
            Technique::Syn if !here => {
                Talk::unanswered(scene, at, scanner, target, port, 1);
            }
            Technique::Syn if open_ports(office, target).contains(&port) => {
                Talk::probed(scene, at, scanner, target, port);
            }
            Technique::Syn => {
                Talk::refused(scene, at, scanner, target, port);
            }
            Technique::Udp => {
                let from = End { host: scanner, port: scene.next_port(scanner) };
                scene.udp(at, from, End { host: target, port }, &[]);
                if here {
                    // The unreachable port's answer quotes what was sent: 28 bytes of it here.
                    let mut quoted = vec![0; 4];
                    quoted.extend(quote(from, End { host: target, port }));
                    scene.icmp(at.plus_nanos(MS / 3), target, scanner, (3, 3), &quoted);
                }
            }
        }
    }
}

/// The IPv4 and UDP header of an empty datagram, as an ICMP error quotes them.
fn quote(from: End<'_>, to: End<'_>) -> Vec<u8> {
    let frame = crate::frame::udp(from, to, 0, &[]);
    frame.get(14..42).unwrap_or_default().to_vec()
}

fn known(office: &Office) -> impl Iterator<Item = &Host> {
    [&office.gateway, &office.resolvers.inner, &office.mail, &office.files, &office.records, &office.monitor]
        .into_iter()
        .chain(&office.desks)
}

fn open_ports(office: &Office, target: &Host) -> &'static [u16] {
    match target.ip {
        ip if ip == office.mail.ip => &[25, 443, 587, 993],
        ip if ip == office.files.ip => &[135, 139, 445],
        ip if ip == office.records.ip => &[22, 8080],
        ip if ip == office.resolvers.inner.ip => &[53],
        _ => &[],
    }
}
