//! ATT&CK: which technique belongs to which tactic (Enterprise and ICS matrices, version 16).

use model::Phase;

/// Techniques that Targe names: id, name, tactic.
const TECHNIQUES: &[(&str, &str, u8)] = &[
    ("T1595", "Active Scanning", 0),
    ("T1003.004", "LSA Secrets", 7),
    ("T1053.002", "At", 3),
    ("T1567.002", "Exfiltration to Cloud Storage", 12),
    ("T1090.002", "External Proxy", 11),
    ("T1090.003", "Multi-hop Proxy", 11),
    ("T1070.001", "Clear Windows Event Logs", 6),
    ("T1098", "Account Manipulation", 4),
    ("T1136", "Create Account", 4),
    ("T1112", "Modify Registry", 6),
    ("T1001", "Data Obfuscation", 11),
    ("T1482", "Domain Trust Discovery", 8),
    ("T1595.001", "Scanning IP Blocks", 0),
    ("T1595.002", "Vulnerability Scanning", 0),
    ("T1583", "Acquire Infrastructure", 1),
    ("T1583.001", "Domains", 1),
    ("T1189", "Drive-by Compromise", 2),
    ("T1190", "Exploit Public-Facing Application", 2),
    ("T1133", "External Remote Services", 2),
    ("T1566", "Phishing", 2),
    ("T1566.001", "Spearphishing Attachment", 2),
    ("T1566.002", "Spearphishing Link", 2),
    ("T1078", "Valid Accounts", 2),
    ("T1059", "Command and Scripting Interpreter", 3),
    ("T1203", "Exploitation for Client Execution", 3),
    ("T1204", "User Execution", 3),
    ("T1204.002", "Malicious File", 3),
    ("T1569.002", "Service Execution", 3),
    ("T1047", "Windows Management Instrumentation", 3),
    ("T1053", "Scheduled Task/Job", 3),
    ("T1053.005", "Scheduled Task", 3),
    ("T1543.003", "Windows Service", 4),
    ("T1505.003", "Web Shell", 4),
    ("T1068", "Exploitation for Privilege Escalation", 5),
    ("T1036", "Masquerading", 6),
    ("T1027", "Obfuscated Files or Information", 6),
    ("T1599", "Network Boundary Bridging", 6),
    ("T1205", "Traffic Signaling", 6),
    ("T1207", "Rogue Domain Controller", 6),
    ("T1110", "Brute Force", 7),
    ("T1110.001", "Password Guessing", 7),
    ("T1110.003", "Password Spraying", 7),
    ("T1003", "OS Credential Dumping", 7),
    ("T1003.006", "DCSync", 7),
    ("T1557", "Adversary-in-the-Middle", 7),
    ("T1557.001", "LLMNR/NBT-NS Poisoning and SMB Relay", 7),
    ("T1557.002", "ARP Cache Poisoning", 7),
    ("T1558", "Steal or Forge Kerberos Tickets", 7),
    ("T1558.003", "Kerberoasting", 7),
    ("T1558.004", "AS-REP Roasting", 7),
    ("T1187", "Forced Authentication", 7),
    ("T1046", "Network Service Discovery", 8),
    ("T1018", "Remote System Discovery", 8),
    ("T1087", "Account Discovery", 8),
    ("T1087.002", "Domain Account", 8),
    ("T1069", "Permission Groups Discovery", 8),
    ("T1069.002", "Domain Groups", 8),
    ("T1135", "Network Share Discovery", 8),
    ("T1049", "System Network Connections Discovery", 8),
    ("T1033", "System Owner/User Discovery", 8),
    ("T1021", "Remote Services", 9),
    ("T1021.001", "Remote Desktop Protocol", 9),
    ("T1021.002", "SMB/Windows Admin Shares", 9),
    ("T1021.003", "Distributed Component Object Model", 9),
    ("T1021.004", "SSH", 9),
    ("T1021.006", "Windows Remote Management", 9),
    ("T1210", "Exploitation of Remote Services", 9),
    ("T1550", "Use Alternate Authentication Material", 9),
    ("T1550.002", "Pass the Hash", 9),
    ("T1550.003", "Pass the Ticket", 9),
    ("T1570", "Lateral Tool Transfer", 9),
    ("T1114", "Email Collection", 10),
    ("T1005", "Data from Local System", 10),
    ("T1039", "Data from Network Shared Drive", 10),
    ("T1071", "Application Layer Protocol", 11),
    ("T1071.001", "Web Protocols", 11),
    ("T1071.002", "File Transfer Protocols", 11),
    ("T1071.003", "Mail Protocols", 11),
    ("T1071.004", "DNS", 11),
    ("T1095", "Non-Application Layer Protocol", 11),
    ("T1572", "Protocol Tunneling", 11),
    ("T1571", "Non-Standard Port", 11),
    ("T1573", "Encrypted Channel", 11),
    ("T1568", "Dynamic Resolution", 11),
    ("T1568.001", "Fast Flux DNS", 11),
    ("T1568.002", "Domain Generation Algorithms", 11),
    ("T1090", "Proxy", 11),
    ("T1105", "Ingress Tool Transfer", 11),
    ("T1219", "Remote Access Software", 11),
    ("T1041", "Exfiltration Over C2 Channel", 12),
    ("T1048", "Exfiltration Over Alternative Protocol", 12),
    ("T1048.003", "Exfiltration Over Unencrypted Non-C2 Protocol", 12),
    ("T1567", "Exfiltration Over Web Service", 12),
    ("T1030", "Data Transfer Size Limits", 12),
    ("T1486", "Data Encrypted for Impact", 13),
    ("T1490", "Inhibit System Recovery", 13),
    ("T1498", "Network Denial of Service", 13),
    ("T1498.001", "Direct Network Flood", 13),
    ("T1498.002", "Reflection Amplification", 13),
    ("T1496", "Resource Hijacking", 13),
    ("T1499", "Endpoint Denial of Service", 13),
    ("T1499.001", "OS Exhaustion Flood", 13),
    ("T1499.002", "Service Exhaustion Flood", 13),
    ("T1565", "Data Manipulation", 13),
    ("T0846", "Remote System Discovery", 8),
    ("T0888", "Remote System Information Discovery", 8),
    ("T0801", "Monitor Process State", 10),
    ("T0861", "Point & Tag Identification", 10),
    ("T0855", "Unauthorized Command Message", 14),
    ("T0836", "Modify Parameter", 14),
    ("T0806", "Brute Force I/O", 14),
    ("T0843", "Program Download", 9),
    ("T0858", "Change Operating Mode", 3),
    ("T0813", "Denial of Control", 13),
    ("T0814", "Denial of Service", 14),
    ("T0816", "Device Restart/Shutdown", 14),
    ("T0831", "Manipulation of Control", 13),
    ("T0869", "Standard Application Layer Protocol", 11),
    ("T0883", "Internet Accessible Device", 2),
];

/// Tactics in the order of the matrix; the last is the ICS matrix's own.
const TACTICS: [(&str, &str); 15] = [
    ("TA0043", "Reconnaissance"),
    ("TA0042", "Resource Development"),
    ("TA0001", "Initial Access"),
    ("TA0002", "Execution"),
    ("TA0003", "Persistence"),
    ("TA0004", "Privilege Escalation"),
    ("TA0005", "Defense Evasion"),
    ("TA0006", "Credential Access"),
    ("TA0007", "Discovery"),
    ("TA0008", "Lateral Movement"),
    ("TA0009", "Collection"),
    ("TA0011", "Command and Control"),
    ("TA0010", "Exfiltration"),
    ("TA0040", "Impact"),
    ("TA0106", "Impair Process Control"),
];

fn known(technique: &str) -> Option<&'static (&'static str, &'static str, u8)> {
    let parent = technique.split('.').next().unwrap_or_default();
    TECHNIQUES
        .iter()
        .find(|(id, _, _)| *id == technique)
        .or_else(|| TECHNIQUES.iter().find(|(id, _, _)| *id == parent))
}

/// The phase that a technique belongs to.
pub fn phase(technique: &str) -> Option<Phase> {
    let order = known(technique)?.2;
    let (id, name) = TACTICS[usize::from(order)];
    Some(Phase { order, id, name })
}

/// The name of a technique; empty when it is not one that Targe names.
pub fn technique_name(technique: &str) -> &'static str {
    known(technique).map_or("", |(_, name, _)| name)
}

/// Techniques that a rule's metadata states (`mitre_technique_id T1071`).
pub(crate) fn of_metadata(metadata: &[(String, String)]) -> Vec<&'static str> {
    metadata
        .iter()
        .filter(|(key, _)| key == "mitre_technique_id")
        .filter_map(|(_, value)| TECHNIQUES.iter().find(|(id, _, _)| id == value).map(|(id, _, _)| *id))
        .collect()
}
