//! `classification.config` and `reference.config`: what class types and reference systems stand for.
//!
//! The well-known ones are built in, because published rules expect them; files add to them and override them.

use crate::text::error::{Code, Fault, Parsed};

/// A class type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name in rules: `trojan-activity`.
    pub name: String,
    /// Its words in EVE's `alert.category`.
    pub description: String,
    /// Priority of its rules, 1 is the highest; EVE's `alert.severity`.
    pub priority: u8,
}

/// A reference system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceSystem {
    /// Its name in rules, lower case: `cve`.
    pub name: String,
    /// What a reference's content is appended to.
    pub prefix: String,
}

/// The known class types, in the order of their declaration.
#[derive(Debug, Clone)]
pub struct Classification {
    list: Vec<Class>,
}

impl Default for Classification {
    fn default() -> Self {
        let list = CLASSES.iter().map(|(name, description, priority)| Class {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            priority: *priority,
        });
        Self { list: list.collect() }
    }
}

impl Classification {
    /// The class with this name; case is ignored.
    pub fn find(&self, name: &str) -> Option<&Class> {
        self.list.iter().find(|class| class.name.eq_ignore_ascii_case(name))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Class> {
        self.list.iter()
    }

    /// Adds what a file says; the answer lists lines (from 1) that could not be read.
    pub fn read(&mut self, file: &str) -> Vec<(u32, Fault)> {
        lines(file, |line| {
            let class = class(line)?;
            match self.list.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&class.name)) {
                Some(known) => *known = class,
                None => self.list.push(class),
            }
            Ok(())
        })
    }
}

/// The known reference systems.
#[derive(Debug, Clone)]
pub struct References {
    list: Vec<ReferenceSystem>,
}

impl Default for References {
    fn default() -> Self {
        let list = SYSTEMS
            .iter()
            .map(|(name, prefix)| ReferenceSystem { name: (*name).to_owned(), prefix: (*prefix).to_owned() });
        Self { list: list.collect() }
    }
}

impl References {
    /// The system with this name; case is ignored.
    pub fn find(&self, name: &str) -> Option<&ReferenceSystem> {
        self.list.iter().find(|system| system.name.eq_ignore_ascii_case(name))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ReferenceSystem> {
        self.list.iter()
    }

    /// Adds what a file says; the answer lists lines (from 1) that could not be read.
    pub fn read(&mut self, file: &str) -> Vec<(u32, Fault)> {
        lines(file, |line| {
            let system = system(line)?;
            match self.list.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&system.name)) {
                Some(known) => *known = system,
                None => self.list.push(system),
            }
            Ok(())
        })
    }
}

fn lines(file: &str, mut read: impl FnMut(&str) -> Parsed<()>) -> Vec<(u32, Fault)> {
    let mut faults = Vec::new();
    for (line, number) in file.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(fault) = read(line) {
            faults.push((number, fault));
        }
    }
    faults
}

/// What follows `config NAME:`.
fn body<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix("config")?
        .trim_start()
        .strip_prefix(name)?
        .trim_start()
        .strip_prefix(':')
        .map(str::trim)
}

fn class(line: &str) -> Parsed<Class> {
    let wrong = || {
        Fault::new(Code::Text, "this is not a class type")
            .help("write `config classification: name,description,priority`")
    };
    let mut parts = body(line, "classification").ok_or_else(wrong)?.splitn(2, ',');
    let name = parts.next().map(str::trim).filter(|name| !name.is_empty()).ok_or_else(wrong)?;
    let (description, priority) = parts.next().and_then(|rest| rest.rsplit_once(',')).ok_or_else(wrong)?;
    let priority = priority.trim().parse().map_err(|_| wrong())?;
    Ok(Class { name: name.to_owned(), description: description.trim().to_owned(), priority })
}

fn system(line: &str) -> Parsed<ReferenceSystem> {
    let wrong = || {
        Fault::new(Code::Text, "this is not a reference system").help("write `config reference: name prefix`")
    };
    let body = body(line, "reference").ok_or_else(wrong)?;
    let (name, prefix) = body.split_once(char::is_whitespace).ok_or_else(wrong)?;
    Ok(ReferenceSystem { name: name.to_ascii_lowercase(), prefix: prefix.trim().to_owned() })
}

const CLASSES: &[(&str, &str, u8)] = &[
    ("not-suspicious", "Not Suspicious Traffic", 3),
    ("unknown", "Unknown Traffic", 3),
    ("bad-unknown", "Potentially Bad Traffic", 2),
    ("attempted-recon", "Attempted Information Leak", 2),
    ("successful-recon-limited", "Information Leak", 2),
    ("successful-recon-largescale", "Large Scale Information Leak", 2),
    ("attempted-dos", "Attempted Denial of Service", 2),
    ("successful-dos", "Denial of Service", 2),
    ("attempted-user", "Attempted User Privilege Gain", 1),
    ("unsuccessful-user", "Unsuccessful User Privilege Gain", 1),
    ("successful-user", "Successful User Privilege Gain", 1),
    ("attempted-admin", "Attempted Administrator Privilege Gain", 1),
    ("successful-admin", "Successful Administrator Privilege Gain", 1),
    ("rpc-portmap-decode", "Decode of an RPC Query", 2),
    ("shellcode-detect", "Executable code was detected", 1),
    ("string-detect", "A suspicious string was detected", 3),
    ("suspicious-filename-detect", "A suspicious filename was detected", 2),
    ("suspicious-login", "An attempted login using a suspicious username was detected", 2),
    ("system-call-detect", "A system call was detected", 2),
    ("tcp-connection", "A TCP connection was detected", 4),
    ("trojan-activity", "A Network Trojan was detected", 1),
    ("unusual-client-port-connection", "A client was using an unusual port", 2),
    ("network-scan", "Detection of a Network Scan", 3),
    ("denial-of-service", "Detection of a Denial of Service Attack", 2),
    ("non-standard-protocol", "Detection of a non-standard protocol or event", 2),
    ("protocol-command-decode", "Generic Protocol Command Decode", 3),
    ("web-application-activity", "access to a potentially vulnerable web application", 2),
    ("web-application-attack", "Web Application Attack", 1),
    ("misc-activity", "Misc activity", 3),
    ("misc-attack", "Misc Attack", 2),
    ("icmp-event", "Generic ICMP event", 3),
    ("inappropriate-content", "Inappropriate Content was Detected", 1),
    ("policy-violation", "Potential Corporate Privacy Violation", 1),
    ("default-login-attempt", "Attempt to login by a default username and password", 2),
    ("targeted-activity", "Targeted Malicious Activity was Detected", 1),
    ("exploit-kit", "Exploit Kit Activity Detected", 1),
    ("external-ip-check", "Device Retrieving External IP Address Detected", 2),
    ("domain-c2", "Domain Observed Used for C2 Detected", 1),
    ("pup-activity", "Possibly Unwanted Program Detected", 2),
    ("credential-theft", "Successful Credential Theft Detected", 1),
    ("social-engineering", "Possible Social Engineering Attempted", 2),
    ("coin-mining", "Crypto Currency Mining Activity Detected", 2),
    ("command-and-control", "Malware Command and Control Activity Detected", 1),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("bugtraq", "http://www.securityfocus.com/bid/"),
    ("bid", "http://www.securityfocus.com/bid/"),
    ("cve", "https://cve.mitre.org/cgi-bin/cvename.cgi?name="),
    ("secunia", "http://www.secunia.com/advisories/"),
    ("arachnids", "http://www.whitehats.com/info/IDS"),
    ("mcafee", "http://vil.nai.com/vil/content/v_"),
    ("nessus", "http://cgi.nessus.org/plugins/dump.php3?id="),
    ("url", "https://"),
    ("et", "http://doc.emergingthreats.net/"),
    ("etpro", "http://doc.emergingthreatspro.com/"),
    ("telus", "http://"),
    ("osvdb", "http://osvdb.org/show/osvdb/"),
    ("threatexpert", "http://www.threatexpert.com/report.aspx?md5="),
    ("md5", "http://www.threatexpert.com/report.aspx?md5="),
    ("exploitdb", "http://www.exploit-db.com/exploits/"),
    ("openpacket", "https://www.openpacket.org/capture/grab/"),
    ("securitytracker", "http://securitytracker.com/id?"),
    ("xforce", "http://xforce.iss.net/xforce/xfdb/"),
    ("msft", "http://technet.microsoft.com/security/bulletin/"),
    ("msb", "http://technet.microsoft.com/security/bulletin/"),
    ("mitre", "https://attack.mitre.org/techniques/"),
    ("ietf-rfc", "https://www.rfc-editor.org/rfc/rfc"),
];
