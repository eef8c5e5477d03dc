//! Hosts that are made to log in somewhere, and printers that bring drivers: calls that abuse the print, file and event services.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Event, EventKind, Severity};

use crate::deeds::{self, Deed, Deeds, Done, Told};
use crate::verdict::Verdict;
use crate::{Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "coercion",
    sees: "Calls that make a server log in to a host of the caller's choice (print notification, encrypted files, namespaces, \
           shadow copies), that make it load a printer driver from there, or that exist for no honest caller.",
    matters: "The login is relayed or cracked, the driver runs with all rights (T1187, T1557.001, T1210).",
    fooled_by: "Calls inside encrypted SMB. Print administrators install drivers, too.",
    cost: "One entry per pair of hosts, at most 16,384; constant time per call.",
    references: &[
        "ATT&CK T1187, T1557.001, T1210",
        "MS-RPRN §3.1.4.10.4, MS-EFSR §3.1.4.2, MS-DFSNM §3.1.4.3, MS-FSRVP §3.1.4",
        "CVE-2021-1675, CVE-2021-36942",
    ],
    hears: Hears {
        exchanges: &["smb", "dcerpc"],
        fields: &["dcerpc.interface", "dcerpc.operation", "smb.command_name"],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| Box::new(Coercion { score_min: knobs.get("score_min"), deeds: Deeds::new(DEEDS) }),
};

/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;
/// Seconds within which a host that was called logs in at the caller.
const ANSWER_SECS: f64 = 60.0;

const LOGIN: usize = 0;

const DEEDS: &[Deed] = &[
    Deed {
        name: "logins at the caller that followed",
        service: "",
        operations: &[],
        least: 1,
        weight: 1.5,
        technique: "T1187",
        phrase: "is logged in to by",
        meaning: "who was called came back to log in: it was made to",
    },
    Deed {
        name: "print notifications asked for",
        service: "spoolss",
        operations: &[62, 65],
        least: 1,
        weight: 4.4,
        technique: "T1187",
        phrase: "has print notifications sent by",
        meaning: "the server connects to the host that is named; only old print clients ask for this",
    },
    Deed {
        name: "encrypted files opened at a path",
        service: "efsrpc",
        operations: &[0, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 18, 19],
        least: 1,
        weight: 4.6,
        technique: "T1187",
        phrase: "has encrypted files opened by",
        meaning: "the server opens a path that the caller names, elsewhere if it says so",
    },
    Deed {
        name: "encrypted files opened at a path, by the other interface",
        service: "df1941c5-fe89-4e79-bf10-463657acf44d",
        operations: &[0, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 18, 19],
        least: 1,
        weight: 4.6,
        technique: "T1187",
        phrase: "has encrypted files opened by",
        meaning: "the server opens a path that the caller names, elsewhere if it says so",
    },
    Deed {
        name: "namespace roots changed",
        service: "netdfs",
        operations: &[12, 13],
        least: 1,
        weight: 5.0,
        technique: "T1187",
        phrase: "has a namespace root made by",
        meaning: "the server connects to the host that is named; administrators do it once in years",
    },
    Deed {
        name: "shadow copies asked about",
        service: "a8e0653c-2744-4389-a61d-7373df8b2292",
        operations: &[8, 9],
        least: 1,
        weight: 3.4,
        technique: "T1187",
        phrase: "has shadow copies looked up by",
        meaning: "backup programs ask this of file servers; others make the server connect",
    },
    Deed {
        name: "event logs opened from a file",
        service: "eventlog",
        operations: &[9],
        least: 1,
        weight: 4.4,
        technique: "T1187",
        phrase: "has an event log opened by",
        meaning: "the server opens a path that the caller names",
    },
    Deed {
        name: "printer drivers added",
        service: "spoolss",
        operations: &[9, 89],
        least: 1,
        weight: 4.4,
        technique: "T1210",
        phrase: "has a printer driver loaded by",
        meaning: "the driver runs with all rights (CVE-2021-1675)",
    },
    Deed {
        name: "printer drivers added by the newer way",
        service: "IRemoteWinspool",
        operations: &[39],
        least: 1,
        weight: 4.4,
        technique: "T1210",
        phrase: "has a printer driver loaded by",
        meaning: "the driver runs with all rights (CVE-2021-1675)",
    },
    Deed {
        name: "calls of the server service with a path to canonicalise",
        service: "srvsvc",
        operations: &[31, 32],
        least: 1,
        weight: 4.4,
        technique: "T1210",
        phrase: "sends paths to be canonicalised to",
        meaning: "no program of today calls it over the network (CVE-2008-4250)",
    },
    Deed {
        name: "settings of name aliases",
        service: "srvsvc",
        operations: &[54, 56, 74],
        least: 1,
        weight: 4.2,
        technique: "T1210",
        phrase: "calls procedures that are not for remote use on",
        meaning: "they serve the host itself; from outside they are an attack (CVE-2022-30216)",
    },
];

#[derive(Debug)]
struct Coercion {
    score_min: f64,
    deeds: Deeds,
}

impl Detector for Coercion {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if !matches!(fact.protocol, "smb" | "dcerpc") {
            return;
        }
        if self.deeds.transaction(fact).is_none()
            && fact.text("smb.command_name").contains("SESSION_SETUP")
            && let Some(done) = self.deeds.of((fact.who.server, fact.who.client))
            && done.is_recent(fact.time, ANSWER_SECS)
        {
            // Who was called logs in at the caller.
            let back = model::Fact { client: fact.who.server, server: fact.who.client, ..fact.who };
            self.deeds.note(LOGIN, &back, fact.time);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (pair, done) in self.deeds.sorted() {
            self.judge(*pair, done, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.deeds.evicted()
    }
}

impl Coercion {
    fn judge(&self, pair: (IpAddr, IpAddr), done: &Done, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let Some(weighed) = self.deeds.weigh(done, &mut verdict) else { return };
        if verdict.score() < self.score_min {
            return;
        }
        let back = if done.count(LOGIN) > 0 { ", which then logs in at it" } else { "" };
        let told = Told {
            detector: DESCRIPTION.name,
            grave: Severity::High,
            title: format!("{} {} {}{back}", pair.0, weighed.phrase, pair.1),
            field: "dcerpc.operation",
            against: "Old print clients and print administrators make some of these calls for a reason.",
        };
        findings.push(deeds::finding(told, pair, done, verdict, weighed));
    }
}
