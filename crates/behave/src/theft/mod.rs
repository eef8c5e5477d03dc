//! Theft: more leaves a host, to one place outside, than its own habits and those of others explain.

mod ledger;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Event, EventKind, Finding, FlowFact, KeptTalk, Severity, Subject, Talk, TransactionFact};

use crate::domain::is_below;
use crate::statistic::median;
use crate::users::Users;
use crate::verdict::{Verdict, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use ledger::{Account, Drop, Host};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "theft",
    sees: "Much more sent than received, to one server outside, against the host's own traffic and that of the other hosts; \
           after reading as much inside; at hours when the host is quiet; and files handed to a server that gives nothing back.",
    matters: "Stolen data must leave (T1041, T1048, T1567); how it leaves is often in the clear, when is often at night.",
    fooled_by: "Slow theft below ordinary traffic, and theft to a service that the host uses as much for its work. Backups and \
                video uploads look alike.",
    cost: "One entry per (host, server) with counts only, one per host with 24 hours and 64 readings; constant time per flow.",
    references: &["ATT&CK T1041", "ATT&CK T1048", "ATT&CK T1567", "ATT&CK T1074"],
    hears: Hears {
        flows: true,
        exchanges: &["tls", "quic", "http", "ftp"],
        fields: &["tls.sni", "http.host", "ftp.command", "ftp.command_data"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "bytes_min",
            help: "Bytes that must have left to one server.",
            unit: "bytes",
            range: (1_000.0, 1e13),
            default: 5e6,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.5,
        },
    ],
    new: |knobs| {
        Box::new(Theft {
            bytes_min: knobs.get("bytes_min"),
            score_min: knobs.get("score_min"),
            accounts: Bounded::new(ACCOUNTS_MAX),
            hosts: Bounded::new(HOSTS_MAX),
            drops: Bounded::new(HOSTS_MAX),
            stores: Bounded::new(STORES_MAX),
        })
    },
};

/// (host, server) pairs remembered.
const ACCOUNTS_MAX: usize = 16_384;
/// Hosts remembered.
const HOSTS_MAX: usize = 8_192;
/// Clients remembered per server.
const CLIENTS_MAX: usize = 16;
/// Cloud stores and paste sites whose addresses are remembered.
const STORES_MAX: usize = 4_096;
/// Domains of places that keep what anybody gives them, with all below them.
const STORES: [&str; 32] = [
    "mega.nz",
    "mega.co.nz",
    "dropbox.com",
    "dropboxusercontent.com",
    "wetransfer.com",
    "transfer.sh",
    "gofile.io",
    "anonfiles.com",
    "file.io",
    "temp.sh",
    "catbox.moe",
    "pixeldrain.com",
    "mediafire.com",
    "sendspace.com",
    "ufile.io",
    "bashupload.com",
    "filebin.net",
    "box.com",
    "pcloud.com",
    "4shared.com",
    "pastebin.com",
    "paste.ee",
    "ghostbin.com",
    "hastebin.com",
    "rentry.co",
    "privatebin.net",
    "backblazeb2.com",
    "wasabisys.com",
    "blob.core.windows.net",
    "storage.googleapis.com",
    "digitaloceanspaces.com",
    "s3.amazonaws.com",
];
/// Time before a sending within which readings inside count as its staging, in seconds.
const STAGING_SECS: f64 = 3_600.0;

#[derive(Debug)]
struct Theft {
    bytes_min: f64,
    score_min: f64,
    accounts: Bounded<KeptTalk, Account>,
    hosts: Bounded<IpAddr, Host>,
    drops: Bounded<(IpAddr, IpAddr), Drop>,
    /// Servers that keep what anybody gives them.
    stores: Bounded<IpAddr, ()>,
}

impl Detector for Theft {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Flow(flow) => self.flow(flow, home),
            EventKind::Transaction(fact) => self.exchange(fact, home),
            EventKind::File(_) | EventKind::Alert(_) | EventKind::Oddity(_) => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let outward: BTreeMap<IpAddr, u64> =
            self.hosts.sorted().into_iter().map(|(host, seen)| (*host, seen.outward)).collect();
        let talks = self.accounts.all().map(|(talk, _)| talk.talk());
        let users = Users::new(talks.map(|talk| ((talk.server, 0), talk.client)), CLIENTS_MAX);
        let much = |account: &Account| account.bytes[0] as f64 >= self.bytes_min;
        for (talk, account) in self.accounts.sorted_if(|_, account| much(account)) {
            let Talk { client, server, .. } = talk.talk();
            let users = users.of((server, 0));
            self.judge((client, server), account, users, &outward, home, findings);
        }
        for ((host, server), drop) in self.drops.sorted() {
            self.judge_drop(*host, *server, drop, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.accounts.evicted() + self.hosts.evicted() + self.drops.evicted()
    }
}

impl Theft {
    fn flow(&mut self, flow: &FlowFact, home: &Home) {
        let who = &flow.who;
        if is_nobody(who.server) || !home.has(who.client) {
            return;
        }
        // ICMP has no payload of its own in the books: headers are few where it carries data.
        let sent = if matches!(who.transport, 1 | 58) { flow.bytes } else { flow.payload };
        let host = self.hosts.touch(&who.client, Host::default);
        if home.is_inside(who.client, who.server) {
            host.read(flow.last, sent[1]);
            return;
        }
        host.flow(flow, sent[0]);
        let staged = host.read_since(who.began, STAGING_SECS);
        let talk = Talk::between(who.client, who.server);
        self.accounts.touch_as(talk, Account::default).take(flow, sent, staged);
    }

    fn exchange(&mut self, fact: &TransactionFact, home: &Home) {
        let who = &fact.who;
        let name = match fact.protocol {
            "tls" | "quic" => fact.text("tls.sni"),
            "http" => fact.text("http.host"),
            _ => "",
        };
        if is_store(name) {
            self.stores.touch(&who.server, || ());
        }
        if fact.protocol == "ftp" && home.has(who.client) && !home.is_inside(who.client, who.server) {
            self.drops.touch(&(who.client, who.server), Drop::default).command(fact);
        }
    }

    fn judge(
        &self,
        (host, server): (IpAddr, IpAddr),
        account: &Account,
        users: usize,
        outward: &BTreeMap<IpAddr, u64>,
        home: &Home,
        findings: &mut Findings,
    ) {
        let mut verdict = Verdict::new(-4.5);
        weigh_volume(&mut verdict, host, account, outward);
        weigh_place(&mut verdict, account, home.is_unasked(host, server), users);
        let store = self.stores.get(&server).is_some();
        verdict.fact(
            "a cloud store or a paste site",
            store,
            0.7,
            "places that keep what anybody gives them are where stolen data goes; people use them as well",
        );
        let hours = self.hosts.get(&host).and_then(|seen| seen.share_of_hour(account.peak));
        verdict.term(
            "share of the host's connections at that hour",
            hours.unwrap_or(1.0),
            0.01,
            if hours.is_some_and(|share| share < 0.01) { 1.0 } else { 0.0 },
            "data left when the host is quiet otherwise; judged from two days on",
        );
        let staged = account.staged as f64 / account.bytes[0].max(1) as f64;
        verdict.term(
            "read inside within the hour before, share of what left",
            staged,
            0.5,
            if staged >= 0.5 { 1.5 } else { 0.0 },
            "what was gathered from other hosts is what leaves",
        );
        if verdict.score() < self.score_min {
            return;
        }
        let [out, back] = account.bytes;
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{host} sent {out} bytes to {server} port {} and got {back} back", account.port),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: if store { vec!["T1567.002", "T1567"] } else { account.techniques() },
            attackers: Vec::new(),
            victims: vec![host],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(host)],
            first: account.first.unwrap_or_default(),
            last: account.last,
            count: u64::from(account.flows),
            terms: verdict.terms(),
            evidence: vec![
                account
                    .packets
                    .evidence("", &format!("{} connections, mostly {}", account.flows, account.protocol)),
            ],
            against: vec![
                "Backups, uploads of video and software builds send as much; their owner knows them.".into(),
            ],
        });
    }

    fn judge_drop(&self, host: IpAddr, server: IpAddr, drop: &Drop, home: &Home, findings: &mut Findings) {
        if drop.stored == 0 {
            return;
        }
        let verdict = weigh_drop(drop, home.is_unasked(host, server));
        if verdict.score() < self.score_min {
            return;
        }
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{host} leaves {} files at {server} by FTP and takes none: {}",
                drop.stored, drop.example
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1048.003", "T1071.002"],
            attackers: Vec::new(),
            victims: vec![host],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(host)],
            first: drop.first.unwrap_or_default(),
            last: drop.last,
            count: drop.stored,
            terms: verdict.terms(),
            evidence: vec![drop.packets.evidence("ftp.command_data", &drop.example)],
            against: vec![
                "Scripts publish web pages and backups by FTP, under names that stay the same.".into(),
            ],
        });
    }
}

/// Whether a name is that of a cloud store or a paste site.
fn is_store(name: &str) -> bool {
    STORES.iter().any(|store| is_below(name, store))
}

fn weigh_volume(verdict: &mut Verdict, host: IpAddr, account: &Account, outward: &BTreeMap<IpAddr, u64>) {
    let [out, back] = account.bytes.map(|bytes| bytes as f64);
    verdict.term(
        "bytes that left",
        out,
        1e6,
        libm::log10((out / 1e6).max(1.0)).min(3.0),
        "the more, the worse; a tenfold adds one",
    );
    let ratio = out / back.max(1.0);
    verdict.term(
        "sent for each byte received",
        ratio,
        3.0,
        libm::log((ratio / 3.0).max(0.1)).clamp(-2.0, 2.0),
        "clients ask for more than they say; who gives ten times what it gets delivers",
    );
    let all = outward.get(&host).copied().unwrap_or(0).max(1) as f64;
    let share = out / all;
    verdict.term(
        "share of all that the host sent outside",
        share,
        0.8,
        if share >= 0.8 && all - out >= 1e4 { 1.0 } else { 0.0 },
        "one place got nearly everything, though the host talks to others",
    );
    let mut others: Vec<f64> =
        outward.iter().filter(|(other, _)| **other != host).map(|(_, bytes)| *bytes as f64).collect();
    let usual = median(&mut others);
    let times = all / usual.max(1e4);
    verdict.term(
        "times what the median host sends outside",
        if others.len() >= 4 { times } else { 0.0 },
        10.0,
        if others.len() >= 4 && times >= 10.0 { 1.0 } else { 0.0 },
        "its neighbours do not send so much; judged from five hosts on",
    );
}

fn weigh_place(verdict: &mut Verdict, account: &Account, unasked: bool, users: usize) {
    verdict.fact("address never asked for", unasked, 1.0, "the host asks for names, but not for this one");
    let open =
        matches!(account.protocol, "" | "failed" | "ftp-data" | "tftp" | "dns" | "telnet") || account.icmp;
    verdict.fact(
        "a way that is made for something else, or for no one",
        open,
        1.0,
        "uploads of people and programs go by HTTPS; data in DNS, ICMP or a bare connection goes around filters",
    );
    verdict.term(
        "hosts that use this server",
        users as f64,
        3.0,
        if users >= 3 { -1.5 } else { 0.0 },
        "a place that many send to is a service they share",
    );
}

fn weigh_drop(drop: &Drop, unasked: bool) -> Verdict {
    let mut verdict = Verdict::new(-3.0);
    verdict.term("files handed over", drop.stored as f64, 1.0, 1.0, "data leaves in the clear");
    verdict.fact(
        "nothing taken or looked at",
        drop.fetched == 0 && drop.listed == 0,
        1.2,
        "who works with a server looks at it; a program that reports only gives",
    );
    verdict.fact(
        "names carry a date and time",
        drop.dated > 0,
        1.2,
        "reports of a program are named by when they were made",
    );
    let quick =
        drop.login.zip(drop.first_store).map_or(f64::INFINITY, |(login, store)| store.secs_since(login));
    verdict.term(
        "seconds from login to the first file",
        if quick.is_finite() { quick } else { 0.0 },
        5.0,
        if quick < 5.0 { 0.7 } else { 0.0 },
        "no person is that quick",
    );
    verdict.fact("address never asked for", unasked, 0.7, "the host asks for names, but not for this one");
    verdict
}
