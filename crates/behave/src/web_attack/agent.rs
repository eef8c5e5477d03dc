//! Programs that look for weaknesses, by the name they give themselves.

/// Parts of user agents, lower case.
const SCANNERS: [&str; 30] = [
    "sqlmap",
    "nikto",
    "nmap scripting engine",
    "masscan",
    "zgrab",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "ffuf",
    "wfuzz",
    "wpscan",
    "joomscan",
    "acunetix",
    "nessus",
    "openvas",
    "nuclei",
    "arachni",
    "w3af",
    "havij",
    "zmeu",
    "jorgee",
    "fimap",
    "whatweb",
    "skipfish",
    "netsparker",
    "qualys",
    "burpcollaborator",
    "httpx -",
    "commix",
    "morfeus",
];

/// Whether an agent says that it scans.
pub(super) fn is_scanner(agent: &str) -> bool {
    let lower = agent.to_ascii_lowercase();
    SCANNERS.iter().any(|name| lower.contains(name))
}
