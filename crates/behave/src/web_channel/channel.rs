//! What is remembered of one client at one server.

use std::net::IpAddr;

use model::{Direction, FileFact, FlowFact, FlowId, Time, TransactionFact};

use crate::encoding::{Writing, has_guid, writing};
use crate::few::Few;
use crate::verdict::{Packets, start_of};

/// Pages remembered per channel.
const PAGES_MAX: usize = 64;
/// Times remembered per channel.
const TIMES_MAX: usize = 128;
/// Agents remembered per channel.
const AGENTS_MAX: usize = 4;

/// Exchanges of one client with one server on one port.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) exchanges: u64,
    pub(super) gets: u64,
    pub(super) posts: u64,
    /// Posts to the page that got most of them.
    pub(super) most_posts: u64,
    pub(super) posts_missing: u64,
    pub(super) with_referer: u64,
    pub(super) with_language: u64,
    pub(super) with_accept: u64,
    /// Exchanges that are a machine's protocol inside HTTP.
    pub(super) machine: u64,
    pub(super) guid: bool,
    /// Exchanges whose page or query is packed data.
    pub(super) packed_uris: u64,
    /// Requests to read the page that was read most.
    pub(super) most_gets: u64,
    pub(super) host: String,
    pub(super) host_is_address: bool,
    pub(super) agent: String,
    pub(super) agents: Few<Box<str>>,
    /// Page without its query, posts, exchanges.
    pub(super) pages: Few<(Box<str>, u64, u64)>,
    pub(super) bodies: [Bodies; 2],
    pub(super) times: Vec<Time>,
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) packets: Packets,
    /// Bodies of the exchange under way: they are told before it.
    pending: Option<(FlowId, [Option<Vec<u8>>; 2])>,
}

/// Bodies of one direction.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// Bytes.
    pub(super) total: u64,
    /// The least innocent writing.
    pub(super) worst: Option<Writing>,
    /// A body was not what its type said.
    pub(super) unlike_type: bool,
}

impl Channel {
    /// Takes an exchange.
    pub(super) fn exchange(&mut self, fact: &TransactionFact) {
        if self.exchanges == 0 {
            self.first = fact.time;
            self.agent = fact.text("http.user_agent").to_owned();
            let host = fact.text("http.host");
            self.host_is_address = host.is_empty() || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
            self.host = host.to_owned();
        }
        self.exchanges += 1;
        self.first = self.first.min(fact.time);
        self.last = self.last.max(fact.time);
        self.packets.add(fact.who.first_packet);
        if self.times.len() < TIMES_MAX {
            self.times.push(fact.time);
        }
        let (method, uri) = (fact.text("http.method"), fact.text("http.uri"));
        let post = matches!(method, "POST" | "PUT");
        self.gets += u64::from(method == "GET");
        self.posts += u64::from(post);
        self.posts_missing += u64::from(post && fact.text("http.stat_code") == "404");
        let referer = fact.text("http.referer");
        // A page that refers to itself says nothing about where the client came from.
        let of_itself = post && referer.ends_with(uri);
        self.with_referer += u64::from(!(referer.is_empty() || of_itself));
        self.with_language += u64::from(!fact.text("http.accept_lang").is_empty());
        self.with_accept += u64::from(!fact.text("http.accept").is_empty());
        self.guid |= has_guid(uri);
        self.packed_uris += u64::from(is_packed_uri(uri));
        self.note_agent(fact.text("http.user_agent"));
        self.note_page(uri, post);
        self.machine += u64::from(is_machine(fact));
        self.judge_bodies(fact);
    }

    /// Takes a body, which is told of before its exchange.
    pub(super) fn body(&mut self, file: &FileFact) {
        let side = file.direction.index();
        self.bodies[side].total += file.size;
        if self.pending.as_ref().is_none_or(|(flow, _)| *flow != file.who.flow) {
            self.pending = Some((file.who.flow, [None, None]));
        }
        if let Some((_, heads)) = &mut self.pending {
            heads[side] = Some(file.head.clone());
        }
    }

    /// Takes the end of a connection.
    pub(super) fn end(&mut self, flow: &FlowFact) {
        self.last = self.last.max(flow.last);
        if self.pending.as_ref().is_some_and(|(pending, _)| *pending == flow.who.flow) {
            self.pending = None;
        }
    }

    /// The page that was used most.
    pub(super) fn page(&self) -> &str {
        self.pages.iter().max_by_key(|(_, _, count)| *count).map_or("", |(page, _, _)| page)
    }

    fn note_agent(&mut self, agent: &str) {
        if self.agents.len() < AGENTS_MAX && !self.agents.iter().any(|known| **known == *agent) {
            self.agents.push(agent.into());
        }
    }

    fn note_page(&mut self, uri: &str, post: bool) {
        let page = uri.split(['?', '#']).next().unwrap_or_default();
        let page = start_of(page, 80);
        let room = self.pages.len() < PAGES_MAX;
        let posts = match self.pages.iter_mut().find(|(known, _, _)| **known == *page) {
            Some((_, posts, count)) => {
                *posts += u64::from(post);
                *count += 1;
                self.most_gets = self.most_gets.max(*count - *posts);
                *posts
            }
            None if room => {
                self.pages.push((page.into(), u64::from(post), 1));
                u64::from(post)
            }
            None => 0,
        };
        self.most_posts = self.most_posts.max(posts);
    }

    /// Holds bodies against the types that announced them.
    fn judge_bodies(&mut self, fact: &TransactionFact) {
        let Some((flow, heads)) = self.pending.take() else { return };
        if flow != fact.who.flow {
            return;
        }
        // Requests and responses may both have a type: they come in this order, and a request without a body has none.
        let types: Vec<&str> = fact.texts("http.content_type").collect();
        let sent = heads[Direction::ToServer.index()].is_some();
        let of = [if sent { types.first() } else { None }, types.last()];
        for (side, head) in heads.iter().enumerate() {
            let Some(head) = head else { continue };
            let kind = writing(head);
            self.guid |= side == 0 && has_guid(&String::from_utf8_lossy(head));
            let announced = of[side].copied().unwrap_or_default();
            let bodies = &mut self.bodies[side];
            bodies.unlike_type |= is_unlike(announced, kind, head);
            if rank(kind) > bodies.worst.map_or(0, rank) {
                bodies.worst = Some(kind);
            }
        }
    }
}

/// Whether a part of a page or a value of its query is a long run of packed letters.
fn is_packed_uri(uri: &str) -> bool {
    uri.len() >= URI_RUN_MIN
        && uri.split(['/', '?', '&']).any(|part| {
            part.len() >= URI_RUN_MIN && matches!(writing(part.as_bytes()), Writing::Packed | Writing::Hidden)
        })
}

/// Letters of a part of a URI from which it may carry data.
const URI_RUN_MIN: usize = 60;

/// Least innocent last.
fn rank(kind: Writing) -> u8 {
    match kind {
        Writing::Empty => 0,
        Writing::Text => 1,
        Writing::Binary => 2,
        Writing::Packed => 3,
        Writing::Hidden => 4,
    }
}

/// Whether a body is plainly not what its type announces.
fn is_unlike(announced: &str, kind: Writing, head: &[u8]) -> bool {
    let announced = announced.to_ascii_lowercase();
    let text = ["text/", "application/x-www-form-urlencoded", "application/json", "application/javascript"]
        .iter()
        .any(|start| announced.starts_with(start));
    // Compressed bodies keep the type of what they unpack to.
    let compressed = head.starts_with(b"\x1f\x8b")
        || head.starts_with(b"\x78\x9c")
        || head.starts_with(b"\x28\xb5\x2f\xfd");
    let page = announced.starts_with("text/html") && matches!(kind, Writing::Text) && head.len() >= 16;
    (text && kind == Writing::Binary && !compressed)
        || (announced.starts_with("image/") && matches!(kind, Writing::Packed | Writing::Hidden))
        || (page && matches!(head.trim_ascii_start().first(), Some(b'[' | b'{')))
}

/// Protocols that machines speak inside HTTP, told by their announced types and methods.
fn is_machine(fact: &TransactionFact) -> bool {
    const TYPES: [&str; 9] = [
        "application/ocsp",
        "application/pkix",
        "application/ipp",
        "application/soap",
        "application/grpc",
        "application/dns-message",
        "application/vnd.apple",
        "application/timestamp",
        "text/xml",
    ];
    const METHODS: [&str; 6] = ["GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS"];
    let typed = fact.texts("http.content_type").any(|kind| TYPES.iter().any(|start| kind.starts_with(start)));
    typed || !METHODS.contains(&fact.text("http.method"))
}
