//! Attacks on a domain's controllers: replication asked for by others, guessed machine credentials, secrets fetched.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Event, EventKind, Severity, TransactionFact};

use crate::deeds::{self, Deed, Deeds, Done, Told};
use crate::verdict::Verdict;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "domain_theft",
    sees: "A host that is no domain controller and asks one for its directory as if it were (DCSync), registers itself as one \
           (DCShadow), guesses a machine's credential (Zerologon), fetches stored secrets, or sets a password of another.",
    matters: "Whoever has the directory's hashes is everybody in the domain (T1003.006, T1207, T1210).",
    fooled_by: "An attacker on a controller itself. A controller whose own services were never seen looks like any host.",
    cost: "One entry per pair of hosts, at most 16,384, and the addresses of controllers, at most 4,096; constant time per call.",
    references: &[
        "ATT&CK T1003.006, T1207, T1210, T1098",
        "MS-DRSR §4.1.10, MS-NRPC §3.5.4.4, MS-LSAD, MS-SAMR",
        "CVE-2020-1472",
    ],
    hears: Hears {
        exchanges: &["krb5", "dcerpc", "smb"],
        fields: &["dcerpc.interface", "dcerpc.operation"],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| {
        Box::new(DomainTheft {
            score_min: knobs.get("score_min"),
            deeds: Deeds::new(DEEDS),
            controllers: Bounded::new(CONTROLLERS_MAX),
        })
    },
};

/// Controllers remembered.
const CONTROLLERS_MAX: usize = 4_096;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;

const DEEDS: &[Deed] = &[
    Deed {
        name: "replications asked for",
        service: "drsuapi",
        operations: &[3],
        least: 1,
        weight: 6.0,
        technique: "T1003.006",
        phrase: "asks for the directory's secrets of",
        meaning: "DRSGetNCChanges hands out password hashes; only controllers need it",
    },
    Deed {
        name: "entries that make a controller",
        service: "drsuapi",
        operations: &[5, 17],
        least: 1,
        weight: 6.0,
        technique: "T1207",
        phrase: "registers itself as a controller at",
        meaning: "a rogue controller can write what it likes into the directory",
    },
    Deed {
        name: "challenges of the secure channel",
        service: "netlogon",
        operations: &[4],
        least: 20,
        weight: 3.5,
        technique: "T1210",
        phrase: "guesses the machine credential of",
        meaning: "a machine needs one; CVE-2020-1472 succeeds once in 256 tries",
    },
    Deed {
        name: "tries to authenticate as a machine",
        service: "netlogon",
        operations: &[5, 15, 26],
        least: 20,
        weight: 3.5,
        technique: "T1210",
        phrase: "guesses the machine credential of",
        meaning: "a machine knows its password",
    },
    Deed {
        name: "machine passwords set",
        service: "netlogon",
        operations: &[6, 30],
        least: 1,
        weight: 0.5,
        technique: "T1098",
        phrase: "sets the machine password of",
        meaning: "every machine does so once a month; after guessing it is the break-in",
    },
    Deed {
        name: "stored secrets fetched",
        service: "lsarpc",
        operations: &[29, 30, 43],
        least: 1,
        weight: 4.4,
        technique: "T1003.004",
        phrase: "fetches stored secrets of",
        meaning: "among them the key that opens every user's saved passwords",
    },
    Deed {
        name: "passwords of accounts set",
        service: "samr",
        operations: &[37, 58],
        least: 1,
        weight: 3.2,
        technique: "T1098",
        phrase: "sets a password on",
        meaning: "helpdesks do so as well",
    },
    Deed {
        name: "accounts or group members made",
        service: "samr",
        operations: &[12, 22, 31, 50],
        least: 1,
        weight: 4.2,
        technique: "T1136",
        phrase: "makes an account or a group member on",
        meaning: "an account made over the network; joining a domain makes one for the machine",
    },
    Deed {
        name: "event logs cleared",
        service: "eventlog",
        operations: &[0],
        least: 1,
        weight: 5.0,
        technique: "T1070.001",
        phrase: "clears the event log of",
        meaning: "traces are removed",
    },
];

/// Deeds that are a controller's daily work among controllers.
const REPLICATION: [usize; 2] = [0, 1];

#[derive(Debug)]
struct DomainTheft {
    score_min: f64,
    deeds: Deeds,
    /// Hosts that answered as controllers do.
    controllers: Bounded<IpAddr, ()>,
}

impl Detector for DomainTheft {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        if let EventKind::Transaction(fact) = &event.kind
            && matches!(fact.protocol, "krb5" | "dcerpc" | "smb")
        {
            self.transaction(fact);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (pair, done) in self.deeds.sorted() {
            self.judge(*pair, done, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.deeds.evicted() + self.controllers.evicted()
    }
}

impl DomainTheft {
    fn transaction(&mut self, fact: &TransactionFact) {
        let serves = match deeds::call(fact) {
            Some((service, _)) => matches!(service, "drsuapi" | "netlogon"),
            None => fact.protocol == "krb5",
        };
        if serves {
            self.controllers.touch(&fact.who.server, || ());
        }
        self.deeds.transaction(fact);
    }

    fn judge(&self, pair: (IpAddr, IpAddr), done: &Done, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let Some(weighed) = self.deeds.weigh(done, &mut verdict) else { return };
        let controller = self.controllers.get(&pair.0).is_some();
        let replicates = REPLICATION.iter().any(|deed| done.count(*deed) > 0);
        verdict.fact(
            "who asks is a controller itself",
            controller && replicates,
            -6.5,
            "it was seen to answer Kerberos, the secure channel or replication: controllers replicate all day",
        );
        if verdict.score() < self.score_min {
            return;
        }
        let told = Told {
            detector: DESCRIPTION.name,
            grave: Severity::Critical,
            title: format!("{} {} {}", pair.0, weighed.phrase, pair.1),
            field: "dcerpc.operation",
            against: "Directory synchronisation to a cloud and backup programs ask for replication, too; they have one host for it.",
        };
        findings.push(deeds::finding(told, pair, done, verdict, weighed));
    }
}
