//! Floods of complete requests: how many in ten seconds, for what, by whom, and whether the server could keep up.

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;
use model::{Finding, Severity, Subject, Time, TransactionFact};

use super::DESCRIPTION;
use super::sources::Sources;
use super::window::SECONDS;
use crate::Home;
use crate::few::Few;
use crate::verdict::{Packets, Verdict};

/// Windows that are open at a time.
const OPEN_MAX: usize = 4;
/// Clients that are told apart in a window.
const CLIENTS_MAX: usize = 64;

/// What was asked of one server.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// By their number; few, and the latest is last.
    open: Vec<(u64, Window)>,
    /// The fullest of those that are closed, when it could be a flood.
    closed: Option<Box<Window>>,
    /// Windows closed, and requests in them: what is usual.
    usual: (u64, u64),
    host: String,
    page: String,
}

/// What was asked in ten seconds.
#[derive(Debug, Default)]
struct Window {
    count: u64,
    sources: Sources,
    /// Requests by client, of the first clients; in order of their addresses.
    clients: Few<(IpAddr, u64)>,
    agents: Sources,
    addresses: Sources,
    /// The page that holds a majority, if one does (Boyer and Moore, 1981), and how many of it came since it leads.
    page: u64,
    lead: u64,
    same: u64,
    /// Requests that were not answered, or by an error of the server.
    failed: u64,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Asked {
    /// Takes a request; fewer than `requests_min` in a window are no flood.
    pub(super) fn add(&mut self, fact: &TransactionFact, requests_min: f64) {
        let uri = fact.text("http.uri");
        let path = uri.split('?').next().unwrap_or_default();
        let number = fact.time.secs() / SECONDS;
        let at = self.open.iter().rposition(|(open, _)| *open <= number);
        let at = match at {
            Some(at) if self.open[at].0 == number => at,
            _ => {
                let at = at.map_or(0, |at| at + 1);
                self.open.reserve_exact(1);
                self.open.insert(at, (number, Window::default()));
                at
            }
        };
        let window = &mut self.open[at].1;
        window.add(fact, uri, path);
        if self.host.is_empty() {
            self.host = fact.text("http.host").chars().take(80).collect();
        }
        if window.count == 1 {
            self.page = path.chars().take(80).collect();
        }
        if self.open.len() > OPEN_MAX {
            let (_, oldest) = self.open.remove(0);
            self.usual.0 += 1;
            self.usual.1 += oldest.count;
            let fuller = self.closed.as_ref().is_none_or(|closed| closed.count < oldest.count);
            if oldest.count as f64 >= requests_min && fuller {
                self.closed = Some(Box::new(oldest));
            }
        }
    }

    /// Weighs the fullest ten seconds.
    pub(super) fn judge(&self, server: IpAddr, requests_min: f64, home: &Home) -> Option<Finding> {
        let open = self.open.iter().map(|(_, window)| window);
        let worst = self
            .closed
            .as_deref()
            .into_iter()
            .chain(open)
            .reduce(|a, b| if b.count > a.count { b } else { a })?;
        let count = worst.count as f64;
        if count < requests_min {
            return None;
        }
        let verdict = self.weigh(worst, requests_min, server, home);
        if verdict.score() < 0.0 {
            return None;
        }
        let sources = worst.sources.estimate();
        let few: Vec<IpAddr> = match worst.clients.len() {
            0..=8 => worst.clients.iter().map(|(client, _)| *client).collect(),
            _ => Vec::new(),
        };
        let name = if self.host.is_empty() { String::new() } else { format!(" ({})", self.host) };
        Some(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{server}{name} is flooded: {count} complete requests within ten seconds, from about {sources:.0} sources"
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1499.002"],
            attackers: few,
            victims: vec![server],
            server: None,
            subjects: vec![Subject::Host(server)],
            first: worst.first.unwrap_or_default(),
            last: worst.last,
            count: worst.count,
            terms: verdict.terms(),
            evidence: vec![worst.packets.evidence("http.uri", &self.page)],
            against: vec![
                "A load test that was ordered looks the same; so does a program that asks far too often."
                    .into(),
            ],
        })
    }

    fn weigh(&self, worst: &Window, requests_min: f64, server: IpAddr, home: &Home) -> Verdict {
        let count = worst.count as f64;
        let mut verdict = Verdict::new(-4.0);
        verdict.term(
            "complete requests in the worst ten seconds",
            count,
            requests_min,
            libm::log(count / requests_min).clamp(0.0, 3.0),
            "what one server is asked within ten seconds",
        );
        let busiest = worst.clients.iter().map(|(_, count)| *count).max().unwrap_or(0) as f64;
        verdict.term(
            "by the busiest client",
            busiest,
            requests_min / 2.0,
            if busiest >= requests_min / 2.0 { 1.0 } else { 0.0 },
            "no person asks for fifteen pages a second",
        );
        let same = worst.same as f64 / count;
        verdict.term(
            "share of one page",
            same,
            0.6,
            if same >= 0.6 { 1.5 } else { -2.0 },
            "visitors load a page and what belongs to it; a flood asks for one thing",
        );
        let varied = worst.addresses.estimate() / count;
        verdict.term(
            "share of addresses that were asked for once",
            varied,
            0.8,
            if varied >= 0.8 && same >= 0.6 { 1.5 } else { 0.0 },
            "a question mark and something random behind one page goes past every cache",
        );
        let agents = worst.agents.estimate() / worst.sources.estimate().max(1.0);
        verdict.term(
            "programs per client",
            agents,
            8.0,
            if agents >= 8.0 { 2.0 } else { 0.0 },
            "one host that says to be ever other browsers is lying",
        );
        let failed = worst.failed as f64 / count;
        verdict.term(
            "share without an answer, or with an error of the server",
            failed,
            0.3,
            if failed >= 0.3 { 2.0 } else { 0.0 },
            "the server could not keep up",
        );
        let (windows, requests) = self.usual;
        let usual = requests as f64 / windows.max(1) as f64;
        let jump = windows >= 3 && count >= usual * 10.0;
        verdict.term(
            "requests in ten usual seconds",
            usual,
            count / 10.0,
            if jump { 1.0 } else { 0.0 },
            "ten times what is usual for this server",
        );
        let outside = worst.clients.iter().any(|(client, _)| !home.is_inside(*client, server));
        verdict.fact("from outside", outside, 0.5, "programs of one house call each other often");
        verdict
    }
}

impl Window {
    fn add(&mut self, fact: &TransactionFact, uri: &str, path: &str) {
        self.count += 1;
        self.first.get_or_insert(fact.time);
        self.last = self.last.max(fact.time);
        self.packets.add(fact.who.first_packet);
        self.sources.add(fact.who.client);
        self.agents.add(fact.text("http.user_agent"));
        self.addresses.add(uri);
        match self.clients.binary_search_by_key(&fact.who.client, |(client, _)| *client) {
            Ok(at) => self.clients[at].1 += 1,
            Err(at) if self.clients.len() < CLIENTS_MAX => self.clients.insert(at, (fact.who.client, 1)),
            Err(_) => {}
        }
        let status = fact.number("http.stat_code").or_else(|| fact.text("http.stat_code").parse().ok());
        self.failed += u64::from(status.is_none_or(|status| status >= 500));
        let page = FixedState::with_seed(0).hash_one(path);
        if self.lead == 0 {
            (self.page, self.same) = (page, 0);
        }
        if self.page == page {
            self.lead += 1;
            self.same += 1;
        } else {
            self.lead -= 1;
        }
    }
}
