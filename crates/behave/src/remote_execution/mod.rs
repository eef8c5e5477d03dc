//! Programs started on another host by the means of its administration.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Direction, Event, EventKind, FileFact, Severity, TransactionFact};

use crate::deeds::{self, Deed, Deeds, Done, Told};
use crate::verdict::Verdict;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "remote_execution",
    sees: "One host that makes another run something: a service made and started over its service manager, a task registered, \
           a method of WMI or an automation object called, PowerShell remoting, a program put into an administrative share, a \
           console over named pipes.",
    matters: "After the first host the others follow by their own means of administration (T1021, T1569.002, T1047, T1053).",
    fooled_by: "SMB 3 in encryption shows nothing of it. Administrators use the same means from their own machines.",
    cost: "One entry per pair of hosts that call each other's procedures, at most 16,384; constant time per call.",
    references: &[
        "ATT&CK T1021.002, T1021.003, T1021.006, T1047, T1053.005, T1569.002, T1570",
        "MS-SCMR, MS-TSCH, MS-WMI, MS-DCOM, MS-SMB2",
    ],
    hears: Hears {
        files: true,
        exchanges: &["smb", "http", "dcerpc"],
        fields: &[
            "dcerpc.interface",
            "dcerpc.operation",
            "http.uri",
            "smb.command_name",
            "smb.file_name",
            "smb.share",
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
            name: "prior",
            help: "Log-odds before anything was seen: lower it where many administer their hosts from many places.",
            unit: "log-odds",
            range: (-20.0, 5.0),
            default: -3.0,
        },
    ],
    new: |knobs| {
        Box::new(RemoteExecution {
            score_min: knobs.get("score_min"),
            prior: knobs.get("prior"),
            deeds: Deeds::new(DEEDS),
            shares: Bounded::new(SHARES_MAX),
        })
    },
};

/// Pairs of hosts whose administrative shares are connected that are remembered.
const SHARES_MAX: usize = 16_384;

const PROGRAM: usize = 0;
const CONSOLE: usize = 1;
const POWERSHELL: usize = 2;
const TASK_PIPE: usize = 3;

/// What counts. The first four are noted by the detector itself.
const DEEDS: &[Deed] = &[
    Deed {
        name: "programs put into an administrative share",
        service: "",
        operations: &[],
        least: 1,
        weight: 2.6,
        technique: "T1570",
        phrase: "puts a program into an administrative share of",
        meaning: "only administrators may write there; what is put there is usually run next",
    },
    Deed {
        name: "consoles over named pipes",
        service: "",
        operations: &[],
        least: 1,
        weight: 4.2,
        technique: "T1569.002",
        phrase: "has a console on",
        meaning: "pipes named after input, output and errors carry a command line",
    },
    Deed {
        name: "requests of PowerShell remoting",
        service: "",
        operations: &[],
        least: 2,
        weight: 4.2,
        technique: "T1021.006",
        phrase: "runs PowerShell on",
        meaning: "a session of PowerShell on the other host; managers of fleets have them, too",
    },
    Deed {
        name: "pipes of the old task scheduler opened",
        service: "",
        operations: &[],
        least: 1,
        weight: 4.2,
        technique: "T1053.002",
        phrase: "opens the task scheduler of",
        meaning: "the command AT has been replaced long ago; whoever asks for its pipe runs something later",
    },
    Deed {
        name: "services made",
        service: "svcctl",
        operations: &[12, 24, 44, 45, 60],
        least: 1,
        weight: 4.2,
        technique: "T1569.002",
        phrase: "makes a service on",
        meaning: "a service made over the network runs a program with all rights; software deployment does this, too",
    },
    Deed {
        name: "services changed",
        service: "svcctl",
        operations: &[11, 23],
        least: 1,
        weight: 3.0,
        technique: "T1569.002",
        phrase: "changes a service on",
        meaning: "a service that is there already can be made to run another program",
    },
    Deed {
        name: "services started",
        service: "svcctl",
        operations: &[19, 31],
        least: 1,
        weight: 1.4,
        technique: "T1569.002",
        phrase: "starts a service on",
        meaning: "what was made is run",
    },
    Deed {
        name: "services deleted or stopped",
        service: "svcctl",
        operations: &[1, 2, 50, 51],
        least: 1,
        weight: 0.7,
        technique: "T1569.002",
        phrase: "stops or deletes a service on",
        meaning: "tools that run one command tidy up behind them",
    },
    Deed {
        name: "tasks registered",
        service: "ITaskSchedulerService",
        operations: &[1],
        least: 1,
        weight: 4.2,
        technique: "T1053.005",
        phrase: "registers a scheduled task on",
        meaning: "a task registered over the network runs what it is told to; group policies come another way",
    },
    Deed {
        name: "tasks started",
        service: "ITaskSchedulerService",
        operations: &[12],
        least: 1,
        weight: 2.0,
        technique: "T1053.005",
        phrase: "starts a scheduled task on",
        meaning: "what was registered is run",
    },
    Deed {
        name: "jobs given to the old task scheduler",
        service: "atsvc",
        operations: &[0],
        least: 1,
        weight: 5.0,
        technique: "T1053.002",
        phrase: "gives a job to the task scheduler of",
        meaning: "the command AT has been replaced long ago",
    },
    Deed {
        name: "methods of WMI called",
        service: "IWbemServices",
        operations: &[24, 25],
        least: 1,
        weight: 4.2,
        technique: "T1047",
        phrase: "calls a method of WMI on",
        meaning: "Win32_Process.Create is the method that is called most",
    },
    Deed {
        name: "objects of WMI fetched",
        service: "IWbemServices",
        operations: &[6, 7],
        least: 1,
        weight: 3.0,
        technique: "T1047",
        phrase: "fetches objects of WMI from",
        meaning: "monitoring asks by query; an object is fetched to call its methods",
    },
    Deed {
        name: "logins to WMI",
        service: "IWbemLevel1Login",
        operations: &[6],
        least: 1,
        weight: 1.2,
        technique: "T1047",
        phrase: "logs in to WMI of",
        meaning: "WMI is used over the network; monitoring does so all day",
    },
    Deed {
        name: "automation objects called",
        service: "00020400-0000-0000-c000-000000000046",
        operations: &[5, 6],
        least: 1,
        weight: 4.5,
        technique: "T1021.003",
        phrase: "calls automation objects on",
        meaning: "IDispatch over the network: hardly any program does so, and MMC, Excel or the shell run what they are told",
    },
    Deed {
        name: "registry values set or hives saved",
        service: "winreg",
        operations: &[20, 22],
        least: 1,
        weight: 3.4,
        technique: "T1112",
        phrase: "writes to the registry of",
        meaning: "values set over the network start programs; saved hives hold password hashes",
    },
];

#[derive(Debug)]
struct RemoteExecution {
    score_min: f64,
    prior: f64,
    deeds: Deeds,
    /// Whose administrative shares are connected by whom.
    shares: Bounded<(IpAddr, IpAddr), ()>,
}

impl Detector for RemoteExecution {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Transaction(fact) => self.transaction(fact),
            EventKind::File(file) if file.protocol == "smb" => self.file(file),
            _ => {}
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (pair, done) in self.deeds.sorted() {
            self.judge(*pair, done, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.deeds.evicted() + self.shares.evicted()
    }
}

impl RemoteExecution {
    fn transaction(&mut self, fact: &TransactionFact) {
        match fact.protocol {
            "smb" => self.smb(fact),
            "http" if fact.text("http.uri").starts_with("/wsman?PSVersion=") => {
                self.deeds.note(POWERSHELL, &fact.who, fact.time);
                return;
            }
            "dcerpc" => {}
            _ => return,
        }
        self.deeds.transaction(fact);
    }

    fn smb(&mut self, fact: &TransactionFact) {
        let pair = (fact.who.client, fact.who.server);
        if is_administrative(fact.text("smb.share")) {
            self.shares.touch(&pair, || ());
        }
        if !fact.text("smb.command_name").contains("CREATE") {
            return;
        }
        let name = fact.text("smb.file_name").trim_start_matches('\\');
        let lower = name.to_ascii_lowercase();
        let deed = if ["stdin", "stdout", "stderr", "std_in", "std_out", "std_err"]
            .iter()
            .any(|end| lower.ends_with(end))
        {
            CONSOLE
        } else if lower == "atsvc" {
            TASK_PIPE
        } else {
            return;
        };
        self.deeds.note(deed, &fact.who, fact.time).excerpt = name.chars().take(80).collect();
    }

    fn file(&mut self, file: &FileFact) {
        let pair = (file.who.client, file.who.server);
        if file.direction != Direction::ToServer || self.shares.get(&pair).is_none() || !is_program(file) {
            return;
        }
        self.deeds.note(PROGRAM, &file.who, file.who.began).excerpt = file.name.chars().take(80).collect();
    }

    fn judge(&self, pair: (IpAddr, IpAddr), done: &Done, findings: &mut Findings) {
        let mut verdict = Verdict::new(self.prior);
        let Some(mut weighed) = self.deeds.weigh(done, &mut verdict) else { return };
        if verdict.score() < self.score_min {
            return;
        }
        let carrier = if done.over_smb { "T1021.002" } else { "T1021" };
        if !weighed.techniques.iter().any(|technique| technique.starts_with("T1021")) {
            weighed.techniques.push(carrier);
        }
        let more = match weighed.others {
            0 => String::new(),
            others => format!(", and {others} further means of running something there"),
        };
        let told = Told {
            detector: DESCRIPTION.name,
            grave: Severity::High,
            title: format!("{} {} {}{more}", pair.0, weighed.phrase, pair.1),
            field: "dcerpc.operation",
            against: "Administrators and software deployment do the same; they do it from few, known hosts.",
        };
        findings.push(deeds::finding(told, pair, done, verdict, weighed));
    }
}

/// Whether a share is the one of a whole disk or of the system's folder, which only administrators may use.
fn is_administrative(share: &str) -> bool {
    let name = share.rsplit('\\').next().unwrap_or_default();
    let upper = name.to_ascii_uppercase();
    upper == "ADMIN$" || matches!(upper.as_bytes(), [b'A'..=b'Z', b'$'])
}

/// Whether a file is run when it is opened.
fn is_program(file: &FileFact) -> bool {
    const ENDINGS: [&str; 9] = [".exe", ".dll", ".sys", ".ps1", ".bat", ".cmd", ".vbs", ".js", ".hta"];
    let name = file.name.to_ascii_lowercase();
    file.head.starts_with(b"MZ") || ENDINGS.iter().any(|ending| name.ends_with(ending))
}
