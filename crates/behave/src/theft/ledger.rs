//! The books: what a host sent where, and what it read inside.

use std::collections::VecDeque;

use model::{FlowFact, Time, TransactionFact};

use crate::few::Few;
use crate::verdict::Packets;

/// Readings inside that are remembered per host.
const READINGS_MAX: usize = 64;

/// What one host and one server outside exchanged.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// To the server, to the host.
    pub(super) bytes: [u64; 2],
    pub(super) flows: u32,
    pub(super) port: u16,
    /// Protocol of the flow that sent most.
    pub(super) protocol: &'static str,
    pub(super) icmp: bool,
    /// When the flow that sent most began.
    pub(super) peak: Time,
    most: u64,
    /// Bytes read inside before that flow.
    pub(super) staged: u64,
    pub(super) first: Option<Time>,
    pub(super) last: Time,
    pub(super) packets: Packets,
}

impl Account {
    /// Takes a flow; `sent` by direction, `staged` bytes were read inside before it.
    pub(super) fn take(&mut self, flow: &FlowFact, sent: [u64; 2], staged: u64) {
        self.flows = self.flows.saturating_add(1);
        for (sum, bytes) in self.bytes.iter_mut().zip(sent) {
            *sum = sum.saturating_add(bytes);
        }
        if sent[0] >= self.most {
            self.most = sent[0];
            self.port = flow.who.server_port;
            self.protocol = flow.protocol;
            self.icmp = matches!(flow.who.transport, 1 | 58);
            self.peak = flow.who.began;
            self.staged = staged;
            self.packets.add(flow.who.first_packet);
            self.packets.add(flow.last_packet);
        }
        self.first = Some(self.first.map_or(flow.who.began, |first| first.min(flow.who.began)));
        self.last = self.last.max(flow.last);
    }

    /// The techniques that the way of the data stands for.
    pub(super) fn techniques(&self) -> Vec<&'static str> {
        match self.protocol {
            "tls" | "quic" | "http" | "http2" => vec!["T1567", "T1041"],
            "ftp-data" | "tftp" | "dns" | "smtp" => vec!["T1048.003"],
            _ => vec!["T1048", "T1041"],
        }
    }
}

/// A host of ours.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// Bytes sent outside.
    pub(super) outward: u64,
    /// Connections by the hour of day: few hosts are seen for long.
    hours: Few<(u8, u32)>,
    first: Option<Time>,
    last: Time,
    /// Bytes read inside: when the flow ended, and how many.
    readings: VecDeque<(Time, u64)>,
}

impl Host {
    /// Takes a flow to the outside.
    pub(super) fn flow(&mut self, flow: &FlowFact, sent: u64) {
        self.outward = self.outward.saturating_add(sent);
        let hour = hour_of(flow.who.began);
        match self.hours.iter_mut().find(|(known, _)| *known == hour) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.hours.push((hour, 1)),
        }
        self.first = Some(self.first.map_or(flow.who.began, |first| first.min(flow.who.began)));
        self.last = self.last.max(flow.last);
    }

    /// Takes what was read from a neighbour.
    pub(super) fn read(&mut self, time: Time, bytes: u64) {
        if self.readings.len() >= READINGS_MAX {
            self.readings.pop_front();
        }
        self.readings.push_back((time, bytes));
    }

    /// Bytes read inside during the `seconds` before `time`.
    pub(super) fn read_since(&self, time: Time, seconds: f64) -> u64 {
        let near = |at: &Time| *at <= time && time.secs_since(*at) <= seconds;
        self.readings.iter().filter(|(at, _)| near(at)).map(|(_, bytes)| bytes).sum()
    }

    /// Share of the host's connections that began in the hour of day of `time`; `None` before two days are seen.
    pub(super) fn share_of_hour(&self, time: Time) -> Option<f64> {
        let days = self.last.secs_since(self.first?) / 86_400.0;
        let all: u32 = self.hours.iter().map(|(_, count)| count).sum();
        let hour = hour_of(time);
        let then = self.hours.iter().find(|(known, _)| *known == hour).map_or(0, |(_, count)| *count);
        (days >= 2.0 && all > 0).then(|| f64::from(then) / f64::from(all))
    }
}

/// Hour of the day, UTC.
fn hour_of(time: Time) -> u8 {
    (time.secs() / 3_600 % 24) as u8
}

/// Files that a host leaves at a server by FTP.
#[derive(Debug, Default)]
pub(super) struct Drop {
    pub(super) stored: u64,
    pub(super) fetched: u64,
    pub(super) listed: u64,
    /// Names with a date and time in them.
    pub(super) dated: u64,
    pub(super) example: String,
    pub(super) login: Option<Time>,
    pub(super) first_store: Option<Time>,
    pub(super) first: Option<Time>,
    pub(super) last: Time,
    pub(super) packets: Packets,
}

impl Drop {
    /// Takes a command.
    pub(super) fn command(&mut self, fact: &TransactionFact) {
        self.first.get_or_insert(fact.time);
        self.last = self.last.max(fact.time);
        self.packets.add(fact.who.first_packet);
        match fact.text("ftp.command").to_ascii_uppercase().as_str() {
            "USER" => {
                self.login.get_or_insert(fact.time);
            }
            "STOR" | "APPE" | "STOU" => {
                let name = fact.text("ftp.command_data");
                self.stored += 1;
                self.dated += u64::from(name.bytes().filter(u8::is_ascii_digit).count() >= 8);
                self.first_store.get_or_insert(fact.time);
                if self.example.is_empty() {
                    self.example = name.chars().take(80).collect();
                }
            }
            "RETR" => self.fetched += 1,
            "LIST" | "NLST" | "MLSD" => self.listed += 1,
            _ => {}
        }
    }
}
