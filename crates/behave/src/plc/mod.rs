//! Industrial controllers under command: stopped, restarted, flooded, probed, or commanded by somebody new.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Direction, Event, EventKind, Fact, Severity, Time, TransactionFact};

use crate::deeds::{self, Deed, Deeds, Done, Told};
use crate::verdict::Verdict;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use read::{Message, read};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "plc",
    sees: "Commands that stop, restart or silence a controller, programs loaded into it, functions and addresses tried one \
           after the other, requests faster than they are answered, and commands of a host that never gave any while another \
           did so for long. S7comm, Modbus, DNP3, EtherNet/IP, IEC 60870-5-104, BACnet.",
    matters: "A controller does what it is told, and machines do what it does (T0816, T0858, T0843, T0855, T0836, T0814).",
    fooled_by: "A wrong value sent by the usual master. Commissioning looks the same: the operator knows when there is one.",
    cost: "One entry per pair of hosts and one per controller, at most 16,384 each; constant time per message.",
    references: &[
        "ATT&CK for ICS T0814, T0816, T0836, T0843, T0846, T0855, T0858, T0861",
        "IEEE 1815, IEC 60870-5-104, Modbus Application Protocol 1.1b3, CIP volume 1, ASHRAE 135",
    ],
    hears: Hears {
        exchanges: &["s7comm", "modbus", "dnp3", "enip", "iec104", "bacnet"],
        fields: &[
            "bacnet.action",
            "cip.service",
            "dnp3.func",
            "enip.cip_class",
            "iec104.type",
            "modbus.address",
            "modbus.exception",
            "modbus.function",
            "s7comm.function",
        ],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
        Knob {
            name: "habit_secs",
            help: "Time for which others commanded a controller before a new one counts as new.",
            unit: "s",
            range: (1.0, 1e9),
            default: 600.0,
        },
        Knob {
            name: "refused_functions_min",
            help: "Different functions refused by a controller that make a scan of functions.",
            unit: "count",
            range: (2.0, 128.0),
            default: 5.0,
        },
        Knob {
            name: "refused_addresses_min",
            help: "Different addresses refused by a controller that make a scan of addresses.",
            unit: "count",
            range: (2.0, 512.0),
            default: 20.0,
        },
        Knob {
            name: "unanswered_min",
            help: "Requests within a second without any answer that make a flood.",
            unit: "count",
            range: (2.0, 100_000.0),
            default: 20.0,
        },
    ],
    new: |knobs| {
        Box::new(Plc {
            score_min: knobs.get("score_min"),
            habit_secs: knobs.get("habit_secs"),
            refused_functions_min: knobs.get("refused_functions_min") as usize,
            refused_addresses_min: knobs.get("refused_addresses_min") as usize,
            unanswered_min: knobs.get("unanswered_min") as u32,
            deeds: Deeds::new(DEEDS),
            talks: Bounded::new(TALKS_MAX),
            masters: Bounded::new(TALKS_MAX),
        })
    },
};

/// Pairs and controllers remembered.
const TALKS_MAX: usize = 16_384;
/// Addresses and functions remembered per pair.
const REFUSED_MAX: usize = 512;
/// Commanding hosts remembered per controller.
const MASTERS_MAX: usize = 32;
/// Commands of others before a new host counts as new.
const HABIT_COMMANDS: u64 = 20;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;

const STOP: usize = 0;
const RESTART: usize = 1;
const SILENCE: usize = 2;
const PROGRAM: usize = 3;
const OPERATE: usize = 4;
const NEWCOMER: usize = 5;
const FLOOD: usize = 6;
const FUNCTIONS: usize = 7;
const ADDRESSES: usize = 8;
const WRITE: usize = 9;

/// A deed of this detector: noted by itself.
const fn deed(
    name: &'static str,
    weight: f64,
    technique: &'static str,
    phrase: &'static str,
    meaning: &'static str,
) -> Deed {
    Deed { name, service: "", operations: &[], least: 1, weight, technique, phrase, meaning }
}

const DEEDS: &[Deed] = &[
    deed(
        "stops",
        4.6,
        "T0858",
        "stops the controller",
        "a controller in operation is stopped for maintenance only",
    ),
    deed(
        "restarts",
        4.6,
        "T0816",
        "restarts the controller",
        "a restart interrupts control; masters do not ask for it",
    ),
    deed(
        "commands to be silent",
        4.6,
        "T0814",
        "silences the controller",
        "a device told not to communicate is blind and deaf",
    ),
    deed(
        "programs loaded",
        3.1,
        "T0843",
        "loads a program into the controller",
        "engineering stations do so when a plant is changed",
    ),
    deed(
        "changes of mode",
        0.5,
        "T0858",
        "changes the mode of the controller",
        "start, copy to memory, password",
    ),
    deed(
        "commands of a newcomer",
        4.6,
        "T0855",
        "commands the controller for the first time",
        "others commanded it for long, and this host never did",
    ),
    deed(
        "requests without an answer in a second",
        4.6,
        "T0814",
        "floods the controller",
        "a master waits for an answer before it asks again",
    ),
    deed(
        "functions refused",
        4.6,
        "T0846",
        "tries functions of the controller",
        "a master knows what its controllers can do",
    ),
    deed(
        "addresses refused",
        4.2,
        "T0861",
        "tries addresses of the controller",
        "a master knows where its values are",
    ),
    deed("values written", 0.0, "T0836", "writes to the controller", "the work of a master"),
];

/// What a host and a controller said to each other.
#[derive(Debug, Default)]
struct Talk {
    functions: BTreeSet<u64>,
    addresses: BTreeSet<u64>,
    /// Requests since the last answer, and when the first of them was.
    unanswered: u32,
    since: Time,
}

/// Who commands a controller.
#[derive(Debug, Default)]
struct Masters {
    first: Time,
    commands: u64,
    hosts: Vec<IpAddr>,
}

#[derive(Debug)]
struct Plc {
    score_min: f64,
    habit_secs: f64,
    refused_functions_min: usize,
    refused_addresses_min: usize,
    unanswered_min: u32,
    deeds: Deeds,
    talks: Bounded<(IpAddr, IpAddr), Talk>,
    masters: Bounded<IpAddr, Masters>,
}

impl Detector for Plc {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if let Some(message) = read(fact) {
            self.message(fact, &message);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (pair, done) in self.deeds.sorted() {
            self.judge(*pair, done, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.deeds.evicted() + self.talks.evicted() + self.masters.evicted()
    }
}

impl Plc {
    fn message(&mut self, fact: &TransactionFact, message: &Message) {
        let who = &fact.who;
        for (deed, said) in [
            (STOP, message.stop),
            (RESTART, message.restart),
            (SILENCE, message.silence),
            (PROGRAM, message.program),
            (OPERATE, message.operate),
            (WRITE, message.write),
        ] {
            if said {
                self.deeds.note(deed, who, fact.time);
            }
        }
        if message.commands() && self.is_new(who, fact.time) {
            self.deeds.note(NEWCOMER, who, fact.time);
        }
        self.talk(fact, message);
    }

    /// Whether a host commands a controller that others commanded for long.
    fn is_new(&mut self, who: &Fact, time: Time) -> bool {
        let masters = self.masters.touch(&who.server, || Masters { first: time, ..Masters::default() });
        masters.commands += 1;
        if masters.hosts.contains(&who.client) || masters.hosts.len() >= MASTERS_MAX {
            return false;
        }
        let habit = masters.commands > HABIT_COMMANDS && time.secs_since(masters.first) >= self.habit_secs;
        let new = habit && !masters.hosts.is_empty();
        masters.hosts.push(who.client);
        new
    }

    fn talk(&mut self, fact: &TransactionFact, message: &Message) {
        let who = &fact.who;
        let talk = self.talks.touch(&(who.client, who.server), Talk::default);
        if fact.only == Some(Direction::ToServer) {
            if talk.unanswered == 0 || fact.time.secs_since(talk.since) > 1.0 {
                (talk.unanswered, talk.since) = (0, fact.time);
            }
            talk.unanswered += 1;
            if talk.unanswered == self.unanswered_min {
                self.deeds.note(FLOOD, who, fact.time);
            }
            return;
        }
        talk.unanswered = 0;
        if let Some(function) = message.refused_function
            && talk.functions.len() < REFUSED_MAX
            && talk.functions.insert(function)
            && talk.functions.len() == self.refused_functions_min
        {
            self.deeds.note(FUNCTIONS, who, fact.time);
        }
        if let Some(address) = message.refused_address
            && talk.addresses.len() < REFUSED_MAX
            && talk.addresses.insert(address)
            && talk.addresses.len() == self.refused_addresses_min
        {
            self.deeds.note(ADDRESSES, who, fact.time);
        }
    }

    fn judge(&self, pair: (IpAddr, IpAddr), done: &Done, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let Some(weighed) = self.deeds.weigh(done, &mut verdict) else { return };
        if verdict.score() < self.score_min {
            return;
        }
        let told = Told {
            detector: DESCRIPTION.name,
            grave: Severity::High,
            title: format!("{} {} {}", pair.0, weighed.phrase, pair.1),
            field: "",
            against: "Maintenance and commissioning do the same; the operator knows when and from which station.",
        };
        findings.push(deeds::finding(told, pair, done, verdict, weighed));
    }
}
