//! Settings of TCP streams, and of the policies of targets.

use std::net::IpAddr;

use flow::{Policy, Urgent};
use serde_json::Value;

use super::Knob;
use super::values::{choose, expected, keep, number, yes_no};
use crate::config::{Settings, plain};

pub(super) const STREAM: &[Knob] = &[
    Knob {
        name: "stream.midstream",
        default: "\"auto\"",
        help: "Take up TCP sessions whose start was not seen: true, false, auto (where nothing is prevented).",
        set: |s, v| midstream(s, v),
    },
    Knob {
        name: "stream.async_oneside",
        default: "false",
        help: "Take up TCP sessions of which one side is seen.",
        set: |s, v| yes_no(v).map(|value| s.engine.flow.stream.async_oneside = value),
    },
    Knob {
        name: "stream.inline",
        default: "\"auto\"",
        help: "Deliver data when it arrives, not when it is acknowledged: auto (in ips mode), true, false.",
        set: |s, v| inline(s, v),
    },
    Knob {
        name: "stream.checksum_validation",
        default: "\"auto\"",
        help: "Leave segments with wrong checksums out of streams: true, false, auto (not where a sender's hardware fills them in).",
        set: |s, v| checksum_validation(s, v),
    },
    Knob {
        name: "stream.reassembly_depth",
        default: "1048576",
        help: "Bytes per direction that are reassembled; 0 = all.",
        set: |s, v| number(v).map(|value| s.engine.flow.stream.reassembly_depth = value),
    },
    Knob {
        name: "stream.memcap_per_shard",
        default: "67108864",
        help: "Bytes of reassembly memory per shard.",
        set: |s, v| number(v).map(|value| s.engine.flow.stream.memcap = value),
    },
    Knob {
        name: "stream.segments_max",
        default: "131072",
        help: "Out-of-order segments kept per direction.",
        set: |s, v| number(v).map(|value| s.engine.flow.stream.segments_max = value),
    },
    Knob {
        name: "stream.urgent.policy",
        default: "\"oob\"",
        help: "Urgent data: oob, inline, drop or gap.",
        set: |s, v| urgent(v).map(|value| s.engine.flow.stream.urgent = value),
    },
    Knob {
        name: "stream.urgent.oob_limit_policy",
        default: "\"drop\"",
        help: "Urgent data past the limit: drop, inline or gap.",
        set: |s, v| urgent(v).map(|value| s.engine.flow.stream.urgent_limit = value),
    },
    Knob {
        name: "stream.os_policy.bsd",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as bsd reads them.",
        set: |s, v| policy(s, v, Policy::from_name("bsd")),
    },
    Knob {
        name: "stream.os_policy.bsd_right",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as bsd_right reads them.",
        set: |s, v| policy(s, v, Policy::from_name("bsd_right")),
    },
    Knob {
        name: "stream.os_policy.old_linux",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as old_linux reads them.",
        set: |s, v| policy(s, v, Policy::from_name("old_linux")),
    },
    Knob {
        name: "stream.os_policy.linux",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as linux reads them.",
        set: |s, v| policy(s, v, Policy::from_name("linux")),
    },
    Knob {
        name: "stream.os_policy.old_solaris",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as old_solaris reads them.",
        set: |s, v| policy(s, v, Policy::from_name("old_solaris")),
    },
    Knob {
        name: "stream.os_policy.solaris",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as solaris reads them.",
        set: |s, v| policy(s, v, Policy::from_name("solaris")),
    },
    Knob {
        name: "stream.os_policy.hpux10",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as hpux10 reads them.",
        set: |s, v| policy(s, v, Policy::from_name("hpux10")),
    },
    Knob {
        name: "stream.os_policy.hpux11",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as hpux11 reads them.",
        set: |s, v| policy(s, v, Policy::from_name("hpux11")),
    },
    Knob {
        name: "stream.os_policy.irix",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as irix reads them.",
        set: |s, v| policy(s, v, Policy::from_name("irix")),
    },
    Knob {
        name: "stream.os_policy.macos",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as macos reads them.",
        set: |s, v| policy(s, v, Policy::from_name("macos")),
    },
    Knob {
        name: "stream.os_policy.vista",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as vista reads them.",
        set: |s, v| policy(s, v, Policy::from_name("vista")),
    },
    Knob {
        name: "stream.os_policy.windows",
        default: "[\"0.0.0.0/0\"]",
        help: "Hosts and networks whose overlaps are read as windows reads them.",
        set: |s, v| policy(s, v, Policy::from_name("windows")),
    },
    Knob {
        name: "stream.os_policy.windows2k3",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as windows2k3 reads them.",
        set: |s, v| policy(s, v, Policy::from_name("windows2k3")),
    },
    Knob {
        name: "stream.os_policy.first",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as first reads them.",
        set: |s, v| policy(s, v, Policy::from_name("first")),
    },
    Knob {
        name: "stream.os_policy.last",
        default: "[]",
        help: "Hosts and networks whose overlaps are read as last reads them.",
        set: |s, v| policy(s, v, Policy::from_name("last")),
    },
    Knob {
        name: "policy.default",
        default: "\"auto\"",
        help: "Exception policy where none is set: auto, ignore, bypass, pass-flow, drop-flow, reject …",
        set: keep,
    },
    Knob {
        name: "stream.midstream_policy",
        default: "\"auto\"",
        help: "Exception policy for sessions whose start was not seen.",
        set: keep,
    },
];

fn urgent(value: &Value) -> Result<Urgent, String> {
    choose(
        value,
        &[("oob", Urgent::Oob), ("inline", Urgent::Inline), ("drop", Urgent::Drop), ("gap", Urgent::Gap)],
    )
}

fn inline(settings: &mut Settings, value: &Value) -> Result<(), String> {
    settings.inline = match plain(value).as_str() {
        "auto" => None,
        _ => Some(yes_no(value)?),
    };
    Ok(())
}

fn midstream(settings: &mut Settings, value: &Value) -> Result<(), String> {
    settings.midstream = if plain(value) == "auto" { None } else { Some(yes_no(value)?) };
    Ok(())
}

fn checksum_validation(settings: &mut Settings, value: &Value) -> Result<(), String> {
    let auto = plain(value) == "auto";
    settings.engine.checksum_auto = auto;
    settings.engine.flow.stream.checksum_validation = auto || yes_no(value)?;
    Ok(())
}

fn policy(settings: &mut Settings, value: &Value, policy: Option<Policy>) -> Result<(), String> {
    let policy = policy.expect("names in the table are policies");
    for network in plain(value).split(',').map(str::trim).filter(|network| !network.is_empty()) {
        let (address, bits) = network.split_once('/').map_or((network, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| expected("a list of networks", value))?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(whole), str::parse).map_err(|_| expected("a list of networks", value))?;
        let entry = (address, bits.min(whole), policy);
        settings.engine.flow.stream.policies.push(entry);
        settings.engine.defrag.policies.push(entry);
    }
    Ok(())
}
