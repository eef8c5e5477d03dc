//! Command channels inside HTTP: a program that is no browser talks to a server that is no site.

mod agent;
mod channel;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Direction, Event, EventKind, FileFact, Finding, FlowFact, Severity, Subject, TransactionFact};

use crate::encoding::Writing;
use crate::rhythm::rhythm;
use crate::users::Users;
use crate::verdict::{Verdict, WEB_PORTS, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use agent::Agent;
use channel::Channel;

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "web_channel",
    sees: "HTTP exchanges that a person's browser would not make: posts to one page that was never read, to a bare address or \
           an odd port, with an agent that lies, with bodies packed or unlike their announced type.",
    matters: "Most implants ask for orders and hand over results in HTTP (T1071.001, T1132).",
    fooled_by: "An implant that copies a browser's requests whole, to a named server on port 80, with readable bodies. \
                Programs with a private interface of their own look alike.",
    cost: "One entry per (client, server, port) with at most 64 pages and 128 times; constant time per exchange.",
    references: &["ATT&CK T1071.001", "ATT&CK T1132", "ATT&CK T1571", "RFC 9110"],
    hears: Hears {
        flows: true,
        files: true,
        exchanges: &["http"],
        fields: &[
            "http.accept",
            "http.accept_lang",
            "http.content_type",
            "http.host",
            "http.method",
            "http.referer",
            "http.stat_code",
            "http.uri",
            "http.user_agent",
        ],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.5,
    }],
    new: |knobs| {
        Box::new(WebChannel { score_min: knobs.get("score_min"), channels: Bounded::new(CHANNELS_MAX) })
    },
};

/// Channels remembered.
const CHANNELS_MAX: usize = 8_192;
/// Clients remembered per server.
const CLIENTS_MAX: usize = 16;
/// Ports where HTTP means that something hides or is misplaced: other protocols are expected there.
const FOREIGN_PORTS: [u16; 14] = [21, 22, 23, 25, 53, 110, 143, 443, 445, 465, 587, 853, 993, 995];

type Key = (IpAddr, IpAddr, u16);

#[derive(Debug)]
struct WebChannel {
    score_min: f64,
    channels: Bounded<Key, Channel>,
}

impl Detector for WebChannel {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Transaction(fact) if fact.protocol == "http" => self.exchange(fact, home),
            EventKind::File(file) if file.protocol == "http" => self.body(file, home),
            EventKind::Flow(flow) if flow.protocol == "http" => self.end(flow),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let channels = self.channels.all().filter(|(_, channel)| channel.exchanges > 0);
        let users =
            Users::new(channels.map(|((client, server, port), _)| ((*server, *port), *client)), CLIENTS_MAX);
        for (key, channel) in self.channels.sorted() {
            self.judge(key, channel, &users, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.channels.evicted()
    }
}

impl WebChannel {
    /// Only a host of ours can be controlled; where neither side is known as ours, the client is taken to be.
    fn is_of_interest(client: IpAddr, server: IpAddr, home: &Home) -> bool {
        (home.has(client) || !home.has(server)) && !is_nobody(server)
    }

    fn exchange(&mut self, fact: &TransactionFact, home: &Home) {
        let who = &fact.who;
        if !Self::is_of_interest(who.client, who.server, home) {
            return;
        }
        self.channels.touch(&(who.client, who.server, who.server_port), Channel::default).exchange(fact);
    }

    fn body(&mut self, file: &FileFact, home: &Home) {
        let who = &file.who;
        if Self::is_of_interest(who.client, who.server, home) {
            let channel = self.channels.touch(&(who.client, who.server, who.server_port), Channel::default);
            channel.body(file);
        }
    }

    fn end(&mut self, flow: &FlowFact) {
        let who = &flow.who;
        let key = (who.client, who.server, who.server_port);
        if let Some(channel) = self.channels.use_known(&key) {
            channel.end(flow);
        }
    }

    fn judge(&self, key: &Key, channel: &Channel, users: &Users, home: &Home, findings: &mut Findings) {
        let (client, server, port) = *key;
        if channel.exchanges == 0 {
            return;
        }
        let users = users.of((server, port));
        let mut verdict = Verdict::new(-4.0);
        weigh_server(&mut verdict, key, channel, home, users);
        weigh_client(&mut verdict, channel);
        weigh_bodies(&mut verdict, channel);
        weigh_habits(&mut verdict, channel);
        if verdict.score() < self.score_min {
            return;
        }
        let posts = channel.posts;
        let name = if channel.host_is_address { String::new() } else { channel.host.clone() };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} takes orders in HTTP from {} port {port}: {} exchanges, {posts} posts, mostly {}",
                if name.is_empty() { server.to_string() } else { format!("{server} ({name})") },
                channel.exchanges,
                channel.page()
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: techniques(channel, port),
            attackers: Vec::new(),
            victims: vec![client],
            server: Some((server, name)),
            subjects: vec![Subject::Host(client)],
            first: channel.first,
            last: channel.last,
            count: channel.exchanges,
            terms: verdict.terms(),
            evidence: vec![channel.packets.evidence("http.user_agent", &channel.agent)],
            against: vec![
                "Programs with an interface of their own post to it, too: the owner of the server tells."
                    .into(),
            ],
        });
    }
}

fn techniques(channel: &Channel, port: u16) -> Vec<&'static str> {
    let mut list = vec!["T1071.001"];
    if !WEB_PORTS.contains(&port) {
        list.push("T1571");
    }
    if channel.bodies[Direction::ToServer.index()].total > LARGE_BYTES {
        list.push("T1041");
    }
    list
}

/// Bytes sent from which a channel may be one of theft, too.
const LARGE_BYTES: u64 = 2_048;

/// Log-odds from which a name looks generated.
const GENERATED_MIN: f64 = 6.0;

fn weigh_server(verdict: &mut Verdict, key: &Key, channel: &Channel, home: &Home, users: usize) {
    let (client, server, port) = *key;
    let ours = home.is_inside(client, server);
    verdict.fact(
        "asked for by address, not by name",
        channel.host_is_address,
        if ours { 0.5 } else { 1.8 },
        "sites have names; who writes an address into a program wants none",
    );
    let (weight, why) = match port {
        port if WEB_PORTS.contains(&port) => (0.0, "a usual port for HTTP"),
        port if FOREIGN_PORTS.contains(&port) => {
            (2.0, "plain HTTP where another protocol is expected hides from filters by port")
        }
        _ => (1.0, "HTTP on a port of its own is a private service"),
    };
    verdict.term("port", f64::from(port), 80.0, weight, why);
    verdict.fact(
        "name never asked for",
        !channel.host_is_address && home.is_unasked(client, server),
        0.7,
        "the host asks DNS for other names, but went here without",
    );
    let letters = if channel.host_is_address { 0.0 } else { crate::rare::generated(&channel.host) };
    verdict.term(
        "log-odds that the letters of the name were generated",
        letters,
        GENERATED_MIN,
        if letters >= GENERATED_MIN { 1.5 } else { 0.0 },
        "people name their sites in words; names made by an algorithm are somebody's meeting point",
    );
    verdict.fact("the server is ours", ours, -0.7, "inside, programs talk to each other's interfaces");
    verdict.term(
        "hosts that use this server and port",
        users as f64,
        3.0,
        if users >= 3 { -1.5 } else { 0.0 },
        "what many hosts do is more often a service they share",
    );
}

fn weigh_client(verdict: &mut Verdict, channel: &Channel) {
    let all = channel.exchanges as f64;
    let (weight, why) = match agent::of(&channel.agent) {
        Agent::None => (1.0, "every browser and nearly every library says what it is"),
        Agent::Odd => (1.5, "no known program calls itself like this"),
        Agent::Tool => (0.5, "a library or command, not a person"),
        Agent::Browser if channel.with_language == 0 && channel.with_accept == 0 => {
            (2.0, "says to be a browser but accepts nothing: browsers always say what they accept")
        }
        Agent::Browser if channel.with_language == 0 => {
            (1.2, "says to be a browser but prefers no language: browsers always do")
        }
        Agent::Browser => (0.0, "says to be a browser and sends what browsers send"),
    };
    verdict.term("user agent", channel.agents.len() as f64, 1.0, weight, why);
    let refered = channel.with_referer as f64 / all;
    verdict.term(
        "share of exchanges that follow from a page",
        refered,
        0.3,
        if refered >= 0.3 { -1.5 } else { 0.0 },
        "a person comes from somewhere; a program knows where to go",
    );
    verdict.term(
        "different pages",
        channel.pages.len() as f64,
        8.0,
        if channel.pages.len() >= 8 && channel.posts * 4 < channel.exchanges { -1.5 } else { 0.0 },
        "a site has many pages, a gate has one or two",
    );
}

fn weigh_bodies(verdict: &mut Verdict, channel: &Channel) {
    let [sent, received] = &channel.bodies;
    let (weight, why) = match sent.worst {
        Some(Writing::Hidden) => {
            (2.5, "structured text wrapped in base-64: no interface needs that, a hiding place does")
        }
        Some(Writing::Packed) => (1.5, "one run of packed letters: data made to pass as text"),
        Some(Writing::Binary) if sent.unlike_type => (1.5, "binary under a type that announces text"),
        Some(Writing::Binary) => (0.7, "binary data handed over"),
        _ => (0.0, "readable, or nothing sent"),
    };
    verdict.term("writing of what was sent", sent.total as f64, 0.0, weight, why);
    let (weight, why) = match received.worst {
        Some(Writing::Hidden | Writing::Packed) => (1.5, "the answer is packed letters, not a page"),
        Some(Writing::Binary) if received.unlike_type => (1.5, "the answer says to be text and is not"),
        _ if received.unlike_type => (0.7, "the answer says to be a page and is none"),
        _ => (0.0, "the answer is what it says to be"),
    };
    verdict.term("writing of what came back", received.total as f64, 0.0, weight, why);
    let gives = sent.total as f64 / (received.total as f64).max(1.0);
    verdict.term(
        "sent for each byte received, bodies",
        gives,
        3.0,
        if sent.total >= LARGE_BYTES && gives >= 3.0 { 1.0 } else { 0.0 },
        "who gives more than it gets reports",
    );
    verdict.fact(
        "an identifier of the machine is sent along",
        channel.guid,
        1.0,
        "a gate must know who calls",
    );
    verdict.fact(
        "a protocol of machines inside HTTP",
        channel.machine * 2 > channel.exchanges,
        -3.0,
        "certificate status, printing, media control and remote calls are posts by programs, by design",
    );
}

fn weigh_habits(verdict: &mut Verdict, channel: &Channel) {
    let posts = channel.posts as f64;
    let share = posts / channel.exchanges as f64;
    verdict.term(
        "share of posts",
        share,
        0.5,
        if share >= 0.5 { 0.7 } else { 0.0 },
        "people read more than they write; an implant reports",
    );
    let again = channel.most_gets as f64;
    verdict.term(
        "times one page was read, where few others were",
        again,
        6.0,
        if again >= 6.0 && channel.pages.len() <= 3 && channel.with_referer == 0 { 0.7 } else { 0.0 },
        "the same page is looked at again and again, and nothing that belongs to it",
    );
    let packed = channel.packed_uris as f64 / channel.exchanges as f64;
    verdict.term(
        "share of requests with packed data in the address of the page",
        packed,
        0.5,
        if packed >= 0.5 && channel.with_referer == 0 { 1.0 } else { 0.0 },
        "what cannot be posted is put into the page's name or query",
    );
    let same = channel.most_posts as f64;
    verdict.term(
        "posts to one page",
        same,
        2.0,
        if same >= 2.0 { libm::log(same / 1.5).min(1.5) } else { 0.0 },
        "the same page is written to again and again",
    );
    verdict.fact(
        "written to without ever having been read",
        channel.posts > 0 && channel.gets == 0 && channel.with_referer == 0,
        0.5,
        "a form is seen before it is sent",
    );
    verdict.term(
        "posts to a page that is not there",
        channel.posts_missing as f64,
        2.0,
        if channel.posts_missing >= 2 { 1.0 } else { 0.0 },
        "who is told that there is nothing and goes on expects to be told so",
    );
    let mut times = channel.times.clone();
    let timed = rhythm(&mut times).filter(|found| found.contacts >= 6 && found.period >= 1.5);
    let jitter = timed.map_or(1.0, |found| found.jitter);
    verdict.term(
        "jitter of the exchanges, share of the interval",
        jitter,
        0.3,
        (0.3 - jitter).clamp(0.0, 0.3) * 5.0,
        "a timer asks, not a person",
    );
}
