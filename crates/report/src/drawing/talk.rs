//! Who talked to whom: hosts concerned on one side, those behind it on the other, lines as thick as the bytes between them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Incident, Role, Severity};

use super::{Anchor, Drawing, Ink, Shape, WIDTH, cut};
use crate::Report;
use crate::catalogue::{Piece, Words};

/// Boxes per side.
const BOXES_MAX: usize = 12;
/// Victims of one incident drawn one by one; the others share a box.
const VICTIMS_MAX: usize = 5;
const BOX_WIDTH: f64 = 270.0;
const BOX_HEIGHT: f64 = 46.0;
const ROW: f64 = 62.0;
/// Letters that fit a box, in its larger and smaller text.
const LETTERS: [usize; 2] = [30, 36];

/// A host, or hosts of one incident that are drawn as one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Host(IpAddr),
    Hosts { incident: u64, addresses: Vec<IpAddr> },
}

impl Node {
    fn has(&self, address: IpAddr) -> bool {
        match self {
            Node::Host(own) => *own == address,
            Node::Hosts { addresses, .. } => addresses.contains(&address),
        }
    }
}

/// The picture, and what its table says.
#[derive(Debug)]
pub(crate) struct Talk {
    /// The picture.
    pub(crate) drawing: Drawing,
    /// Hosts drawn on either side.
    pub(crate) sides: [usize; 2],
    /// Victim side, server side, bytes, severity; most bytes first.
    pub(crate) rows: Vec<(String, String, u64, Severity)>,
    /// Hosts that found no place.
    pub(crate) left_out: usize,
}

#[derive(Debug, Default)]
struct Scene {
    left: Vec<Node>,
    right: Vec<Node>,
    names: BTreeMap<IpAddr, (String, Option<Role>)>,
    ties: BTreeMap<(usize, usize, bool), (u64, Severity)>,
    left_out: usize,
}

/// The picture; `None` when no bytes passed between the parties of any incident.
pub(crate) fn talk(report: &Report, words: &Words) -> Option<Talk> {
    let mut scene = Scene::default();
    let incidents: Vec<&Incident> =
        report.incidents.iter().filter(|incident| incident.severity >= Severity::Low).collect();
    for incident in &incidents {
        scene.place(incident);
    }
    for incident in &incidents {
        scene.tie(report, incident);
    }
    if scene.ties.is_empty() {
        return None;
    }
    scene.forget_silent();
    Some(scene.draw(words))
}

impl Scene {
    fn place(&mut self, incident: &Incident) {
        for server in &incident.servers {
            let entry = self.names.entry(server.address).or_default();
            if entry.0.is_empty() {
                entry.0.clone_from(&server.name);
            }
            entry.1 = entry.1.or(Some(server.role));
        }
        let behind = incident.servers.iter().map(|server| server.address);
        for address in behind.chain(incident.attackers.iter().copied()) {
            let is_victim = incident.victims.contains(&address);
            if !is_victim && !self.left.iter().chain(&self.right).any(|node| node.has(address)) {
                if self.right.len() < BOXES_MAX {
                    self.right.push(Node::Host(address))
                } else {
                    self.left_out += 1
                }
            }
        }
        let fresh: Vec<IpAddr> = incident
            .victims
            .iter()
            .copied()
            .filter(|address| !self.left.iter().chain(&self.right).any(|node| node.has(*address)))
            .collect();
        let alone = if fresh.len() > VICTIMS_MAX { 0 } else { fresh.len() };
        for address in fresh.iter().take(alone) {
            if self.left.len() < BOXES_MAX {
                self.left.push(Node::Host(*address))
            } else {
                self.left_out += 1
            }
        }
        let addresses = fresh.get(alone..).unwrap_or_default().to_vec();
        if addresses.is_empty() {
        } else if self.left.len() < BOXES_MAX {
            self.left.push(Node::Hosts { incident: incident.id, addresses });
        } else {
            self.left_out += addresses.len();
        }
    }

    fn tie(&mut self, report: &Report, incident: &Incident) {
        let behind: Vec<IpAddr> = incident
            .servers
            .iter()
            .map(|server| server.address)
            .chain(incident.attackers.iter().copied())
            .take(64)
            .collect();
        let mut done = Vec::new();
        for server in behind {
            for victim in incident.victims.iter().copied().filter(|victim| *victim != server).take(1_024) {
                let pair = (victim.min(server), victim.max(server));
                let bytes = bytes_between(report, victim, server);
                let Some(from) = self.left.iter().position(|node| node.has(victim)) else { continue };
                let to_right = self.right.iter().position(|node| node.has(server));
                let to_left = self.left.iter().position(|node| node.has(server)).filter(|to| *to != from);
                let key = match (to_right, to_left) {
                    (Some(to), _) => (from, to, true),
                    (None, Some(to)) => (from.min(to), from.max(to), false),
                    (None, None) => continue,
                };
                if bytes == 0 || done.contains(&pair) {
                    continue;
                }
                done.push(pair);
                let tie = self.ties.entry(key).or_insert((0, incident.severity));
                tie.0 += bytes;
                tie.1 = tie.1.max(incident.severity);
            }
        }
    }

    /// Boxes without a tie say nothing.
    fn forget_silent(&mut self) {
        let used = |position: usize, right: bool, ties: &BTreeMap<(usize, usize, bool), _>| {
            ties.keys().any(|(from, to, is_right)| {
                if right {
                    *is_right && *to == position
                } else {
                    *from == position || (!is_right && *to == position)
                }
            })
        };
        let map = |nodes: &mut Vec<Node>,
                   right: bool,
                   ties: &BTreeMap<(usize, usize, bool), (u64, Severity)>| {
            let kept: Vec<usize> = (0..nodes.len()).filter(|position| used(*position, right, ties)).collect();
            let mut position = 0;
            nodes.retain(|_| {
                position += 1;
                kept.contains(&(position - 1))
            });
            kept
        };
        let left = map(&mut self.left, false, &self.ties);
        let right = map(&mut self.right, true, &self.ties);
        let place =
            |kept: &[usize], old: usize| kept.iter().position(|each| *each == old).unwrap_or_default();
        self.ties = std::mem::take(&mut self.ties)
            .into_iter()
            .map(|((from, to, is_right), tie)| {
                let to = place(if is_right { &right } else { &left }, to);
                ((place(&left, from), to, is_right), tie)
            })
            .collect();
    }

    fn draw(self, words: &Words) -> Talk {
        let rows = self.left.len().max(self.right.len()).max(1);
        let height = ROW * rows as f64 + 30.0;
        let middle = |count: usize, position: usize| {
            30.0 + (height - 30.0) * (position as f64 + 0.5) / count.max(1) as f64
        };
        let mut drawing = Drawing { height, shapes: Vec::new() };
        let head = |x: f64, anchor: Anchor, key: &str| Shape::Text {
            x,
            y: 16.0,
            anchor,
            ink: Ink::Soft,
            is_bold: false,
            text: vec![Piece::words(words.text(key))],
        };
        drawing.shapes.push(head(0.0, Anchor::Start, "picture.ours"));
        drawing.shapes.push(head(WIDTH, Anchor::End, "picture.theirs"));
        let most = self.ties.values().map(|(bytes, _)| *bytes).max().unwrap_or(1).max(1) as f64;
        let mut table = Vec::new();
        for ((from, to, is_right), (bytes, severity)) in &self.ties {
            let y = [
                middle(self.left.len(), *from),
                middle(if *is_right { self.right.len() } else { self.left.len() }, *to),
            ];
            let (x, bulge) = if *is_right {
                ([BOX_WIDTH, WIDTH - BOX_WIDTH], [WIDTH * 0.45, WIDTH * 0.55])
            } else {
                let out = BOX_WIDTH + 40.0 + (y[1] - y[0]).abs() * 0.35;
                ([BOX_WIDTH, BOX_WIDTH], [out.min(WIDTH * 0.6); 2])
            };
            let other = if *is_right { &self.right[*to] } else { &self.left[*to] };
            let names = [self.label(&self.left[*from], words), self.label(other, words)];
            let title = vec![
                Piece::data(names[0].clone()),
                Piece::words(" – "),
                Piece::data(names[1].clone()),
                Piece::words(format!(": {}", words.bytes(*bytes))),
            ];
            let thick = 1.5 + 8.5 * (*bytes as f64 / most).sqrt();
            drawing.shapes.push(Shape::Tie { x, y, bulge, thick, ink: Ink::Severity(*severity), title });
            let [victim, server] = names;
            table.push((victim, server, *bytes, *severity));
        }
        for (nodes, x) in [(&self.left, 0.0), (&self.right, WIDTH - BOX_WIDTH)] {
            for (position, node) in nodes.iter().enumerate() {
                let side = x > 0.0;
                self.draw_box(
                    &mut drawing,
                    node,
                    x,
                    middle(nodes.len(), position),
                    self.gravest(position, side),
                    words,
                );
            }
        }
        if words.language().is_rtl() {
            drawing.mirror();
        }
        table.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
        Talk { drawing, sides: [self.left.len(), self.right.len()], rows: table, left_out: self.left_out }
    }

    fn gravest(&self, position: usize, right: bool) -> Severity {
        self.ties
            .iter()
            .filter(|((from, to, is_right), _)| {
                if right {
                    *is_right && *to == position
                } else {
                    *from == position || (!is_right && *to == position)
                }
            })
            .map(|(_, (_, severity))| *severity)
            .max()
            .unwrap_or(Severity::Info)
    }

    fn label(&self, node: &Node, words: &Words) -> String {
        match node {
            Node::Host(address) => address.to_string(),
            Node::Hosts { addresses, .. } => match addresses.as_slice() {
                [first, .., last] => format!("{first} … {last} ({})", words.count(addresses.len() as u64)),
                _ => String::new(),
            },
        }
    }

    fn draw_box(
        &self,
        drawing: &mut Drawing,
        node: &Node,
        x: f64,
        y: f64,
        severity: Severity,
        words: &Words,
    ) {
        let top = y - BOX_HEIGHT / 2.0;
        drawing.shapes.push(Shape::Box {
            x,
            y: top,
            width: BOX_WIDTH,
            height: BOX_HEIGHT,
            edge: Ink::Severity(severity),
        });
        let (first, second) = match node {
            Node::Host(address) => {
                let (name, role) =
                    self.names.get(address).map_or(("", None), |(name, role)| (name.as_str(), *role));
                let mut second = Vec::new();
                if !name.is_empty() {
                    second.push(Piece::data(cut(name, LETTERS[1])));
                } else if let Some(role) = role {
                    second.push(Piece::words(words.role(role)));
                }
                (Piece::data(cut(&address.to_string(), LETTERS[0])), second)
            }
            Node::Hosts { incident, addresses } => {
                let many =
                    crate::catalogue::plain(&words.fill_count("picture.hosts", addresses.len() as u64, &[]));
                let number = ("number", Piece::words(words.count(*incident)));
                (Piece::words(many), words.fill("incident.heading", &[number]))
            }
        };
        let is_single = second.is_empty();
        let line = |y: f64, ink: Ink, is_bold: bool, text: Vec<Piece>| Shape::Text {
            x: x + 14.0,
            y,
            anchor: Anchor::Start,
            ink,
            is_bold,
            text,
        };
        drawing.shapes.push(line(if is_single { y + 5.0 } else { y - 3.0 }, Ink::Text, true, vec![first]));
        if !is_single {
            drawing.shapes.push(line(y + 15.0, Ink::Soft, false, second));
        }
    }
}

fn bytes_between(report: &Report, a: IpAddr, b: IpAddr) -> u64 {
    let talk = &report.overview.talk;
    talk.get(&(a, b)).copied().unwrap_or(0) + talk.get(&(b, a)).copied().unwrap_or(0)
}
