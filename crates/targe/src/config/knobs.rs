//! The table of knobs: name, default, what it means, what it sets.

use std::net::IpAddr;
use std::path::PathBuf;

use engine::Mode;
use flow::{Policy, Urgent};
use serde_json::Value;

use super::{Settings, plain};

/// One setting.
pub(crate) struct Knob {
    /// Dotted name.
    pub(crate) name: &'static str,
    /// Default, as JSON.
    pub(crate) default: &'static str,
    /// One sentence.
    pub(crate) help: &'static str,
    /// Puts a value where it belongs; an error says what was expected.
    pub(crate) set: fn(&mut Settings, &Value) -> Result<(), String>,
}

/// Address and port variables that rules may use, unless the configuration says otherwise.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("address.HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"),
    ("address.EXTERNAL_NET", "!$HOME_NET"),
    ("address.HTTP_SERVERS", "$HOME_NET"),
    ("address.SMTP_SERVERS", "$HOME_NET"),
    ("address.SQL_SERVERS", "$HOME_NET"),
    ("address.DNS_SERVERS", "$HOME_NET"),
    ("address.TELNET_SERVERS", "$HOME_NET"),
    ("address.AIM_SERVERS", "$EXTERNAL_NET"),
    ("address.DC_SERVERS", "$HOME_NET"),
    ("address.DNP3_SERVER", "$HOME_NET"),
    ("address.DNP3_CLIENT", "$HOME_NET"),
    ("address.MODBUS_CLIENT", "$HOME_NET"),
    ("address.MODBUS_SERVER", "$HOME_NET"),
    ("address.ENIP_CLIENT", "$HOME_NET"),
    ("address.ENIP_SERVER", "$HOME_NET"),
    ("port.HTTP_PORTS", "80"),
    ("port.SHELLCODE_PORTS", "!80"),
    ("port.ORACLE_PORTS", "1521"),
    ("port.SSH_PORTS", "22"),
    ("port.DNP3_PORTS", "20000"),
    ("port.MODBUS_PORTS", "502"),
    ("port.FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"),
    ("port.FTP_PORTS", "21"),
    ("port.GENEVE_PORTS", "6081"),
    ("port.VXLAN_PORTS", "4789"),
    ("port.TEREDO_PORTS", "3544"),
    ("port.SIP_PORTS", "[5060, 5061]"),
];

/// Every setting there is.
pub(crate) const KNOBS: &[Knob] = &[
    Knob {
        name: "mode",
        default: "\"ids\"",
        help: "Watch (ids) or prevent, simulated on captures (ips).",
        set: |s, v| {
            choose(v, &[("ids", Mode::Detect), ("ips", Mode::Prevent)]).map(|mode| s.engine.mode = mode)
        },
    },
    Knob {
        name: "decoder.checksums",
        default: "true",
        help: "Compute checksums; wrong ones are seen by rules and kept out of streams.",
        set: |s, v| yes_no(v).map(|value| s.engine.decode.checksums = value),
    },
    Knob {
        name: "decoder.vxlan.ports",
        default: "[4789]",
        help: "UDP ports of vxlan; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.vxlan_ports = ports),
    },
    Knob {
        name: "decoder.geneve.ports",
        default: "[6081]",
        help: "UDP ports of geneve; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.geneve_ports = ports),
    },
    Knob {
        name: "decoder.teredo.ports",
        default: "[3544]",
        help: "UDP ports of teredo; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.teredo_ports = ports),
    },
    Knob {
        name: "decoder.gre.ports",
        default: "[4754]",
        help: "UDP ports of gre; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.gre_ports = ports),
    },
    Knob {
        name: "decoder.gtp.ports",
        default: "[2152]",
        help: "UDP ports of gtp; an empty list switches it off.",
        set: |s, v| port_list(v).map(|ports| s.engine.decode.gtp_ports = ports),
    },
    Knob {
        name: "decoder.levels_max",
        default: "16",
        help: "Tunnel levels walked at most.",
        set: |s, v| number(v).map(|value| s.engine.decode.levels_max = value),
    },
    Knob {
        name: "decoder.vxlan.reserved_bits_check",
        default: "\"strict\"",
        help: "Reserved bits of VXLAN headers: strict or permissive.",
        set: |s, v| {
            choose(v, &[("strict", true), ("permissive", false)])
                .map(|strict| s.engine.decode.vxlan_reserved_strict = strict)
        },
    },
    Knob { name: "decoder.erspan.typeI.enabled", default: "false", help: "Decode ERSPAN type I.", set: keep },
    Knob {
        name: "decoder.recursion_level.use_for_tracking",
        default: "true",
        help: "Equal addresses at different tunnel levels are different flows.",
        set: |s, v| yes_no(v).map(|value| s.engine.flow.level_tracking = value),
    },
    Knob {
        name: "decoder.tenant.use_for_tracking",
        default: "false",
        help: "Equal addresses in different virtual networks (VXLAN, Geneve) are different flows.",
        set: |s, v| yes_no(v).map(|value| s.engine.flow.tenant_tracking = value),
    },
    Knob {
        name: "vlan.use_for_tracking",
        default: "true",
        help: "Equal addresses in different VLANs are different flows.",
        set: |s, v| {
            yes_no(v).map(|value| {
                s.engine.flow.vlan_tracking = value;
                s.engine.defrag.vlan_tracking = value;
            })
        },
    },
    Knob {
        name: "flow.per_shard_max",
        default: "16384",
        help: "Flows per shard (64 shards); the longest idle one gives way.",
        set: |s, v| number(v).map(|value| s.engine.flow.flows_max = value),
    },
    Knob {
        name: "flow.timeouts.tcp.new",
        default: "60",
        help: "Seconds of silence that end a flow: tcp, new.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.new = value),
    },
    Knob {
        name: "flow.timeouts.tcp.established",
        default: "600",
        help: "Seconds of silence that end a flow: tcp, established.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.established = value),
    },
    Knob {
        name: "flow.timeouts.tcp.closed",
        default: "60",
        help: "Seconds of silence that end a flow: tcp, closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.closed = value),
    },
    Knob {
        name: "flow.timeouts.tcp.bypassed",
        default: "100",
        help: "Seconds of silence that end a flow: tcp, bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.bypassed = value),
    },
    Knob {
        name: "flow.timeouts.tcp.emergency_new",
        default: "5",
        help: "Seconds of silence that end a flow: tcp, emergency new.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.emergency_new = value),
    },
    Knob {
        name: "flow.timeouts.tcp.emergency_established",
        default: "100",
        help: "Seconds of silence that end a flow: tcp, emergency established.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.emergency_established = value),
    },
    Knob {
        name: "flow.timeouts.tcp.emergency_closed",
        default: "10",
        help: "Seconds of silence that end a flow: tcp, emergency closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.emergency_closed = value),
    },
    Knob {
        name: "flow.timeouts.tcp.emergency_bypassed",
        default: "50",
        help: "Seconds of silence that end a flow: tcp, emergency bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.tcp.emergency_bypassed = value),
    },
    Knob {
        name: "flow.timeouts.udp.new",
        default: "30",
        help: "Seconds of silence that end a flow: udp, new.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.new = value),
    },
    Knob {
        name: "flow.timeouts.udp.established",
        default: "300",
        help: "Seconds of silence that end a flow: udp, established.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.established = value),
    },
    Knob {
        name: "flow.timeouts.udp.closed",
        default: "0",
        help: "Seconds of silence that end a flow: udp, closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.closed = value),
    },
    Knob {
        name: "flow.timeouts.udp.bypassed",
        default: "100",
        help: "Seconds of silence that end a flow: udp, bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.bypassed = value),
    },
    Knob {
        name: "flow.timeouts.udp.emergency_new",
        default: "10",
        help: "Seconds of silence that end a flow: udp, emergency new.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.emergency_new = value),
    },
    Knob {
        name: "flow.timeouts.udp.emergency_established",
        default: "100",
        help: "Seconds of silence that end a flow: udp, emergency established.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.emergency_established = value),
    },
    Knob {
        name: "flow.timeouts.udp.emergency_closed",
        default: "0",
        help: "Seconds of silence that end a flow: udp, emergency closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.emergency_closed = value),
    },
    Knob {
        name: "flow.timeouts.udp.emergency_bypassed",
        default: "50",
        help: "Seconds of silence that end a flow: udp, emergency bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.udp.emergency_bypassed = value),
    },
    Knob {
        name: "flow.timeouts.icmp.new",
        default: "30",
        help: "Seconds of silence that end a flow: icmp, new.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.new = value),
    },
    Knob {
        name: "flow.timeouts.icmp.established",
        default: "300",
        help: "Seconds of silence that end a flow: icmp, established.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.established = value),
    },
    Knob {
        name: "flow.timeouts.icmp.closed",
        default: "0",
        help: "Seconds of silence that end a flow: icmp, closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.closed = value),
    },
    Knob {
        name: "flow.timeouts.icmp.bypassed",
        default: "100",
        help: "Seconds of silence that end a flow: icmp, bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.bypassed = value),
    },
    Knob {
        name: "flow.timeouts.icmp.emergency_new",
        default: "10",
        help: "Seconds of silence that end a flow: icmp, emergency new.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.emergency_new = value),
    },
    Knob {
        name: "flow.timeouts.icmp.emergency_established",
        default: "100",
        help: "Seconds of silence that end a flow: icmp, emergency established.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.emergency_established = value),
    },
    Knob {
        name: "flow.timeouts.icmp.emergency_closed",
        default: "0",
        help: "Seconds of silence that end a flow: icmp, emergency closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.emergency_closed = value),
    },
    Knob {
        name: "flow.timeouts.icmp.emergency_bypassed",
        default: "50",
        help: "Seconds of silence that end a flow: icmp, emergency bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.icmp.emergency_bypassed = value),
    },
    Knob {
        name: "flow.timeouts.default.new",
        default: "30",
        help: "Seconds of silence that end a flow: default, new.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.new = value),
    },
    Knob {
        name: "flow.timeouts.default.established",
        default: "300",
        help: "Seconds of silence that end a flow: default, established.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.established = value),
    },
    Knob {
        name: "flow.timeouts.default.closed",
        default: "0",
        help: "Seconds of silence that end a flow: default, closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.closed = value),
    },
    Knob {
        name: "flow.timeouts.default.bypassed",
        default: "100",
        help: "Seconds of silence that end a flow: default, bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.bypassed = value),
    },
    Knob {
        name: "flow.timeouts.default.emergency_new",
        default: "10",
        help: "Seconds of silence that end a flow: default, emergency new.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.emergency_new = value),
    },
    Knob {
        name: "flow.timeouts.default.emergency_established",
        default: "100",
        help: "Seconds of silence that end a flow: default, emergency established.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.emergency_established = value),
    },
    Knob {
        name: "flow.timeouts.default.emergency_closed",
        default: "0",
        help: "Seconds of silence that end a flow: default, emergency closed.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.emergency_closed = value),
    },
    Knob {
        name: "flow.timeouts.default.emergency_bypassed",
        default: "50",
        help: "Seconds of silence that end a flow: default, emergency bypassed.",
        set: |s, v| number(v).map(|value| s.engine.flow.other.emergency_bypassed = value),
    },
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
    Knob {
        name: "detect.action_order",
        default: "[\"pass\", \"drop\", \"reject\", \"alert\"]",
        help: "Order in which actions are tried.",
        set: keep,
    },
    Knob { name: "detect.packet_alert_max", default: "15", help: "Alerts a packet may carry.", set: keep },
    Knob {
        name: "detect.guess_applayer_tx",
        default: "false",
        help: "Stream alerts guess the transaction they belong to.",
        set: keep,
    },
    Knob {
        name: "files.threshold",
        default: "\"\"",
        help: "Path of the threshold file; empty = built in or none.",
        set: |s, v| path(v).map(|path| s.files.threshold = path),
    },
    Knob {
        name: "files.classification",
        default: "\"\"",
        help: "Path of the classification file; empty = built in or none.",
        set: |s, v| path(v).map(|path| s.files.classification = path),
    },
    Knob {
        name: "files.reference",
        default: "\"\"",
        help: "Path of the reference file; empty = built in or none.",
        set: |s, v| path(v).map(|path| s.files.reference = path),
    },
    Knob {
        name: "files.reputation_categories",
        default: "\"\"",
        help: "Path of the reputation categories file; empty = built in or none.",
        set: |s, v| path(v).map(|path| s.files.reputation_categories = path),
    },
    Knob {
        name: "files.geoip",
        default: "\"\"",
        help: "Path of a data base of countries in the MaxMind DB format, for `geoip` rules.",
        set: |s, v| path(v).map(|path| s.files.geoip = path),
    },
    Knob {
        name: "files.reputation",
        default: "[]",
        help: "Paths of reputation lists.",
        set: |s, v| {
            s.files.reputation = plain(v).split(',').filter(|p| !p.is_empty()).map(PathBuf::from).collect();
            Ok(())
        },
    },
    Knob {
        name: "files.asn",
        default: "\"\"",
        help: "Path of a database of autonomous systems (MaxMind format), for the servers behind incidents.",
        set: |s, v| path(v).map(|path| s.places.0 = path),
    },
    Knob {
        name: "files.country",
        default: "\"\"",
        help: "Path of a database of countries (MaxMind format), for the servers behind incidents.",
        set: |s, v| path(v).map(|path| s.places.1 = path),
    },
    Knob {
        name: "behave.lookalike.protected",
        default: "[\"google.com\", \"microsoft.com\", \"apple.com\", \"amazon.com\", \"facebook.com\", \"instagram.com\", \"whatsapp.com\", \"paypal.com\", \"netflix.com\", \"linkedin.com\", \"dropbox.com\", \"github.com\", \"wikipedia.org\", \"office.com\", \"outlook.com\", \"icloud.com\", \"coinbase.com\", \"binance.com\"]",
        help: "Domains that others pass themselves off as: your own, banks, ministries, news outlets. A list, or the path of a file with one per line.",
        set: protected,
    },
    Knob {
        name: "rules.errors_fatal",
        default: "false",
        help: "A rule that cannot be honoured ends the run (exit code 2).",
        set: keep,
    },
    Knob {
        name: "rules.cache",
        default: "\"auto\"",
        help: "Folder that keeps compiled rules for the next start; auto = targe/rules in the user's cache, off = none.",
        set: keep,
    },
    Knob {
        name: "rules.prefilter",
        default: "true",
        help: "Patterns find the rules that are held against traffic; without, all are. Slow, and comes to the same.",
        set: keep,
    },
    Knob {
        name: "firewall.rules",
        default: "\"\"",
        help: "Rules of the default-deny firewall mode; empty switches it off.",
        set: keep,
    },
    Knob {
        name: "file_store.enabled",
        default: "false",
        help: "Store files that rules ask for.",
        set: |s, v| {
            let files = &mut s.engine.protocol.files;
            yes_no(v).map(|value| files.store = value)
        },
    },
    Knob {
        name: "file_store.force_filestore",
        default: "false",
        help: "Store every file.",
        set: |s, v| yes_no(v).map(|value| s.engine.protocol.files.store_all = value),
    },
    Knob {
        name: "file_store.stream_depth",
        default: "0",
        help: "Reassembly depth of streams that carry stored files.",
        set: |s, v| number(v).map(|value| s.engine.protocol.files.store_depth = Some(value)),
    },
    Knob {
        name: "file_store.write_fileinfo",
        default: "false",
        help: "Write a record beside each stored file.",
        set: keep,
    },
    Knob {
        name: "eve.types",
        default: "[]",
        help: "Record types that are written; an empty list = all but netflow.",
        set: |s, v| {
            s.engine.eve.types = plain(v).split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect();
            Ok(())
        },
    },
    Knob {
        name: "eve.netflow",
        default: "false",
        help: "Write netflow records too: what flow records say, once per direction.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.netflow = value),
    },
    Knob {
        name: "eve.community_id",
        default: "true",
        help: "Write community_id.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.community_id = value),
    },
    Knob {
        name: "eve.community_id_seed",
        default: "0",
        help: "Its seed.",
        set: |s, v| number(v).map(|value| s.engine.eve.community_id_seed = value),
    },
    Knob {
        name: "eve.ethernet",
        default: "false",
        help: "Write ether.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.ethernet = value),
    },
    Knob {
        name: "eve.anomaly.types.decode",
        default: "true",
        help: "Write anomalies of the decode kind.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.anomaly[0] = value),
    },
    Knob {
        name: "eve.anomaly.types.stream",
        default: "true",
        help: "Write anomalies of the stream kind.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.anomaly[1] = value),
    },
    Knob {
        name: "eve.anomaly.types.applayer",
        default: "true",
        help: "Write anomalies of the applayer kind.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.anomaly[2] = value),
    },
    Knob {
        name: "eve.anomaly.packethdr",
        default: "false",
        help: "Anomalies of the decode kind carry the first bytes of the packet.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.anomaly_packet = value),
    },
    Knob {
        name: "eve.alert.packet",
        default: "false",
        help: "Alerts carry the packet in base64.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.packet = value),
    },
    Knob {
        name: "eve.alert.payload",
        default: "false",
        help: "Alerts carry the payload in base64.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.payload = value),
    },
    Knob {
        name: "eve.alert.payload_printable",
        default: "false",
        help: "Alerts carry the payload as text.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.payload_printable = value),
    },
    Knob {
        name: "eve.alert.payload_length",
        default: "false",
        help: "Alerts carry the payload's length.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.payload_length = value),
    },
    Knob {
        name: "eve.alert.verdict",
        default: "false",
        help: "Alerts carry the verdict also when only watching.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.verdict = value),
    },
    Knob {
        name: "eve.alert.metadata",
        default: "true",
        help: "Alerts carry application records, flow and rule metadata.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.metadata = value),
    },
    Knob {
        name: "eve.alert.metadata.rule.reference",
        default: "false",
        help: "Alerts carry the rule's references.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.alert.reference = value),
    },
    Knob {
        name: "eve.frame.enabled",
        default: "false",
        help: "Write frame records.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.frames = value),
    },
    Knob {
        name: "eve.files.force_hash",
        default: "[\"sha256\"]",
        help: "Hashes of every file: md5, sha1, sha256.",
        set: |s, v| force_hash(s, v),
    },
    Knob {
        name: "eve.files.force_magic",
        default: "false",
        help: "Files carry their kind by content.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.force_magic = value),
    },
    Knob {
        name: "eve.drop.flows",
        default: "\"all\"",
        help: "Drop records per flow: start or all.",
        set: |s, v| {
            s.engine.eve.drop_all = plain(v) != "start";
            Ok(())
        },
    },
    Knob { name: "eve.dhcp.extended", default: "false", help: "DHCP records carry everything.", set: keep },
    Knob {
        name: "eve.http.dump_all_headers",
        default: "\"none\"",
        help: "HTTP records carry all headers: none, request, response, both.",
        set: keep,
    },
    Knob {
        name: "eve.ipv6_compress",
        default: "false",
        help: "IPv6 addresses are written in short form.",
        set: |s, v| yes_no(v).map(|value| s.engine.eve.ipv6_short = value),
    },
    Knob {
        name: "eve.mqtt.string_log_limit",
        default: "\"1kb\"",
        help: "Bytes of MQTT strings that are logged.",
        set: keep,
    },
    Knob {
        name: "eve.pgsql.passwords",
        default: "false",
        help: "PostgreSQL records carry passwords.",
        set: keep,
    },
    Knob {
        name: "eve.smb.types",
        default: "[]",
        help: "SMB records that are written; an empty list = all.",
        set: keep,
    },
    Knob {
        name: "eve.smtp.custom",
        default: "[]",
        help: "Further mail header fields that are logged.",
        set: keep,
    },
    Knob {
        name: "eve.smtp.md5",
        default: "[]",
        help: "MD5 of mail parts that are logged: body, subject.",
        set: keep,
    },
    Knob {
        name: "eve.tls.custom",
        default: "[]",
        help: "Fields of TLS records; an empty list = the extended set.",
        set: keep,
    },
    Knob { name: "app.bacnet.enabled", default: "true", help: "Protocol setting bacnet.enabled.", set: app },
    Knob {
        name: "app.bittorrent_dht.enabled",
        default: "true",
        help: "Protocol setting bittorrent_dht.enabled.",
        set: app,
    },
    Knob { name: "app.cotp.enabled", default: "true", help: "Protocol setting cotp.enabled.", set: app },
    Knob { name: "app.dcerpc.enabled", default: "true", help: "Protocol setting dcerpc.enabled.", set: app },
    Knob { name: "app.dhcp.enabled", default: "true", help: "Protocol setting dhcp.enabled.", set: app },
    Knob { name: "app.dnp3.enabled", default: "true", help: "Protocol setting dnp3.enabled.", set: app },
    Knob { name: "app.dnp3.ports", default: "20000", help: "Protocol setting dnp3.ports.", set: app },
    Knob {
        name: "app.dns.tcp.enabled",
        default: "true",
        help: "Protocol setting dns.tcp.enabled.",
        set: app,
    },
    Knob { name: "app.dns.tcp.ports", default: "53", help: "Protocol setting dns.tcp.ports.", set: app },
    Knob {
        name: "app.dns.udp.enabled",
        default: "true",
        help: "Protocol setting dns.udp.enabled.",
        set: app,
    },
    Knob { name: "app.dns.udp.ports", default: "53", help: "Protocol setting dns.udp.ports.", set: app },
    Knob { name: "app.doh2.enabled", default: "true", help: "Protocol setting doh2.enabled.", set: app },
    Knob {
        name: "app.enip.detection_ports.sp",
        default: "44818",
        help: "Protocol setting enip.detection_ports.sp.",
        set: app,
    },
    Knob { name: "app.enip.enabled", default: "true", help: "Protocol setting enip.enabled.", set: app },
    Knob { name: "app.enip.ports", default: "44818", help: "Protocol setting enip.ports.", set: app },
    Knob { name: "app.ftp.enabled", default: "true", help: "Protocol setting ftp.enabled.", set: app },
    Knob {
        name: "app.http.double_decode_path",
        default: "false",
        help: "Protocol setting http.double_decode_path.",
        set: app,
    },
    Knob {
        name: "app.http.double_decode_query",
        default: "false",
        help: "Protocol setting http.double_decode_query.",
        set: app,
    },
    Knob { name: "app.http.enabled", default: "true", help: "Protocol setting http.enabled.", set: app },
    Knob {
        name: "app.http.http_body_inline",
        default: "\"auto\"",
        help: "Protocol setting http.http_body_inline.",
        set: app,
    },
    Knob {
        name: "app.http.personality",
        default: "\"IDS\"",
        help: "Protocol setting http.personality.",
        set: app,
    },
    Knob {
        name: "app.http.randomize_inspection_sizes",
        default: "false",
        help: "Protocol setting http.randomize_inspection_sizes.",
        set: app,
    },
    Knob {
        name: "app.http.request_body_inspect_window",
        default: "4096",
        help: "Protocol setting http.request_body_inspect_window.",
        set: app,
    },
    Knob {
        name: "app.http.request_body_limit",
        default: "102400",
        help: "Protocol setting http.request_body_limit.",
        set: app,
    },
    Knob {
        name: "app.http.request_body_minimal_inspect_size",
        default: "32768",
        help: "Protocol setting http.request_body_minimal_inspect_size.",
        set: app,
    },
    Knob {
        name: "app.http.response_body_decompress_layer_limit",
        default: "2",
        help: "Protocol setting http.response_body_decompress_layer_limit.",
        set: app,
    },
    Knob {
        name: "app.http.response_body_inspect_window",
        default: "16384",
        help: "Protocol setting http.response_body_inspect_window.",
        set: app,
    },
    Knob {
        name: "app.http.response_body_limit",
        default: "102400",
        help: "Protocol setting http.response_body_limit.",
        set: app,
    },
    Knob {
        name: "app.http.response_body_minimal_inspect_size",
        default: "40960",
        help: "Protocol setting http.response_body_minimal_inspect_size.",
        set: app,
    },
    Knob {
        name: "app.http.swf_decompression.compress_depth",
        default: "102400",
        help: "Protocol setting http.swf_decompression.compress_depth.",
        set: app,
    },
    Knob {
        name: "app.http.swf_decompression.decompress_depth",
        default: "102400",
        help: "Protocol setting http.swf_decompression.decompress_depth.",
        set: app,
    },
    Knob {
        name: "app.http.swf_decompression.enabled",
        default: "false",
        help: "Protocol setting http.swf_decompression.enabled.",
        set: app,
    },
    Knob {
        name: "app.http.swf_decompression.type",
        default: "\"both\"",
        help: "Protocol setting http.swf_decompression.type.",
        set: app,
    },
    Knob { name: "app.http2.enabled", default: "true", help: "Protocol setting http2.enabled.", set: app },
    Knob { name: "app.iec104.enabled", default: "true", help: "Protocol setting iec104.enabled.", set: app },
    Knob { name: "app.iec104.ports", default: "2404", help: "Protocol setting iec104.ports.", set: app },
    Knob { name: "app.ike.enabled", default: "true", help: "Protocol setting ike.enabled.", set: app },
    Knob { name: "app.imap.enabled", default: "true", help: "Protocol setting imap.enabled.", set: app },
    Knob { name: "app.krb5.enabled", default: "true", help: "Protocol setting krb5.enabled.", set: app },
    Knob {
        name: "app.ldap.tcp.enabled",
        default: "true",
        help: "Protocol setting ldap.tcp.enabled.",
        set: app,
    },
    Knob {
        name: "app.ldap.tcp.ports",
        default: "\"389, 3268\"",
        help: "Protocol setting ldap.tcp.ports.",
        set: app,
    },
    Knob {
        name: "app.ldap.udp.enabled",
        default: "true",
        help: "Protocol setting ldap.udp.enabled.",
        set: app,
    },
    Knob {
        name: "app.ldap.udp.ports",
        default: "\"389, 3268\"",
        help: "Protocol setting ldap.udp.ports.",
        set: app,
    },
    Knob { name: "app.llmnr.enabled", default: "true", help: "Protocol setting llmnr.enabled.", set: app },
    Knob { name: "app.llmnr.ports", default: "5355", help: "Protocol setting llmnr.ports.", set: app },
    Knob { name: "app.mdns.enabled", default: "true", help: "Protocol setting mdns.enabled.", set: app },
    Knob { name: "app.mms.enabled", default: "true", help: "Protocol setting mms.enabled.", set: app },
    Knob { name: "app.modbus.enabled", default: "true", help: "Protocol setting modbus.enabled.", set: app },
    Knob { name: "app.modbus.ports", default: "502", help: "Protocol setting modbus.ports.", set: app },
    Knob {
        name: "app.modbus.stream_depth",
        default: "0",
        help: "Protocol setting modbus.stream_depth.",
        set: app,
    },
    Knob { name: "app.mqtt.enabled", default: "true", help: "Protocol setting mqtt.enabled.", set: app },
    Knob { name: "app.mysql.enabled", default: "true", help: "Protocol setting mysql.enabled.", set: app },
    Knob { name: "app.mysql.ports", default: "3306", help: "Protocol setting mysql.ports.", set: app },
    Knob { name: "app.nfs.enabled", default: "true", help: "Protocol setting nfs.enabled.", set: app },
    Knob { name: "app.nfs.ports", default: "2049", help: "Protocol setting nfs.ports.", set: app },
    Knob { name: "app.ntp.enabled", default: "true", help: "Protocol setting ntp.enabled.", set: app },
    Knob { name: "app.opcua.enabled", default: "true", help: "Protocol setting opcua.enabled.", set: app },
    Knob { name: "app.pgsql.enabled", default: "true", help: "Protocol setting pgsql.enabled.", set: app },
    Knob {
        name: "app.pgsql.stream_depth",
        default: "0",
        help: "Protocol setting pgsql.stream_depth.",
        set: app,
    },
    Knob { name: "app.pop3.enabled", default: "true", help: "Protocol setting pop3.enabled.", set: app },
    Knob { name: "app.pop3.ports", default: "110", help: "Protocol setting pop3.ports.", set: app },
    Knob { name: "app.quic.enabled", default: "true", help: "Protocol setting quic.enabled.", set: app },
    Knob { name: "app.radius.enabled", default: "true", help: "Protocol setting radius.enabled.", set: app },
    Knob { name: "app.rdp.enabled", default: "true", help: "Protocol setting rdp.enabled.", set: app },
    Knob { name: "app.redis.enabled", default: "true", help: "Protocol setting redis.enabled.", set: app },
    Knob { name: "app.redis.ports", default: "6379", help: "Protocol setting redis.ports.", set: app },
    Knob { name: "app.rfb.enabled", default: "true", help: "Protocol setting rfb.enabled.", set: app },
    Knob {
        name: "app.rfb.ports",
        default: "\"5900, 5901, 5902, 5903, 5904, 5905, 5906, 5907, 5908, 5909\"",
        help: "Protocol setting rfb.ports.",
        set: app,
    },
    Knob { name: "app.s7comm.enabled", default: "true", help: "Protocol setting s7comm.enabled.", set: app },
    Knob {
        name: "app.s7comm_plus.enabled",
        default: "true",
        help: "Protocol setting s7comm_plus.enabled.",
        set: app,
    },
    Knob { name: "app.sip.enabled", default: "true", help: "Protocol setting sip.enabled.", set: app },
    Knob { name: "app.smb.enabled", default: "true", help: "Protocol setting smb.enabled.", set: app },
    Knob { name: "app.smb.ports", default: "\"139, 445\"", help: "Protocol setting smb.ports.", set: app },
    Knob { name: "app.smtp.enabled", default: "true", help: "Protocol setting smtp.enabled.", set: app },
    Knob {
        name: "app.smtp.inspected_tracker.content_inspect_min_size",
        default: "32768",
        help: "Protocol setting smtp.inspected_tracker.content_inspect_min_size.",
        set: app,
    },
    Knob {
        name: "app.smtp.inspected_tracker.content_inspect_window",
        default: "4096",
        help: "Protocol setting smtp.inspected_tracker.content_inspect_window.",
        set: app,
    },
    Knob {
        name: "app.smtp.inspected_tracker.content_limit",
        default: "100000",
        help: "Protocol setting smtp.inspected_tracker.content_limit.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.decode_base64",
        default: "true",
        help: "Protocol setting smtp.mime.decode_base64.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.decode_mime",
        default: "true",
        help: "Protocol setting smtp.mime.decode_mime.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.decode_quoted_printable",
        default: "true",
        help: "Protocol setting smtp.mime.decode_quoted_printable.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.extract_urls",
        default: "true",
        help: "Protocol setting smtp.mime.extract_urls.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.header_value_depth",
        default: "2000",
        help: "Protocol setting smtp.mime.header_value_depth.",
        set: app,
    },
    Knob {
        name: "app.smtp.raw_extraction",
        default: "false",
        help: "Protocol setting smtp.raw_extraction.",
        set: app,
    },
    Knob { name: "app.snmp.enabled", default: "true", help: "Protocol setting snmp.enabled.", set: app },
    Knob { name: "app.socks.enabled", default: "true", help: "Protocol setting socks.enabled.", set: app },
    Knob { name: "app.socks.ports", default: "1080", help: "Protocol setting socks.ports.", set: app },
    Knob { name: "app.ssh.enabled", default: "true", help: "Protocol setting ssh.enabled.", set: app },
    Knob { name: "app.telnet.enabled", default: "true", help: "Protocol setting telnet.enabled.", set: app },
    Knob { name: "app.tftp.enabled", default: "true", help: "Protocol setting tftp.enabled.", set: app },
    Knob { name: "app.tls.enabled", default: "true", help: "Protocol setting tls.enabled.", set: app },
    Knob {
        name: "app.tls.encryption_handling",
        default: "\"track-only\"",
        help: "Whether rules search payload once TLS has shown application data: track-only (no), full.",
        set: app,
    },
    Knob { name: "app.tls.ports", default: "443", help: "Protocol setting tls.ports.", set: app },
    Knob {
        name: "app.websocket.enabled",
        default: "true",
        help: "Protocol setting websocket.enabled.",
        set: app,
    },
    Knob {
        name: "app.dnp3.max_objects",
        default: "2048",
        help: "Protocol setting dnp3.max_objects.",
        set: app,
    },
    Knob { name: "app.dns.ports", default: "\"53\"", help: "Protocol setting dns.ports.", set: app },
    Knob { name: "app.ftp.max_tx", default: "1024", help: "Protocol setting ftp.max_tx.", set: app },
    Knob {
        name: "app.http.decompression_time_limit",
        default: "100000",
        help: "Protocol setting http.decompression_time_limit.",
        set: app,
    },
    Knob {
        name: "app.http.lzma_enabled",
        default: "false",
        help: "Protocol setting http.lzma_enabled.",
        set: app,
    },
    Knob { name: "app.ldap.max_tx", default: "1024", help: "Protocol setting ldap.max_tx.", set: app },
    Knob {
        name: "app.mqtt.max_msg_length",
        default: "1048576",
        help: "Protocol setting mqtt.max_msg_length.",
        set: app,
    },
    Knob { name: "app.smb.max_tx", default: "1024", help: "Protocol setting smb.max_tx.", set: app },
    Knob {
        name: "app.smb.max_write_size",
        default: "16777216",
        help: "Protocol setting smb.max_write_size.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.body_md5",
        default: "\"auto\"",
        help: "Protocol setting smtp.mime.body_md5.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.extract_urls_schemes",
        default: "[\"http\"]",
        help: "Protocol setting smtp.mime.extract_urls_schemes.",
        set: app,
    },
    Knob {
        name: "app.smtp.mime.log_url_scheme",
        default: "false",
        help: "Protocol setting smtp.mime.log_url_scheme.",
        set: app,
    },
    Knob {
        name: "app.tls.ja3_fingerprints",
        default: "true",
        help: "Protocol setting tls.ja3_fingerprints.",
        set: app,
    },
    Knob {
        name: "app.tls.ja4_fingerprints",
        default: "true",
        help: "Protocol setting tls.ja4_fingerprints.",
        set: app,
    },
];

/// A setting that only stages below read, by its name.
fn keep(_: &mut Settings, _: &Value) -> Result<(), String> {
    Ok(())
}

/// A setting of a protocol; those that every protocol shares are set here, too.
fn app(_: &mut Settings, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(_) => Err(expected("a plain value", value)),
        _ => Ok(()),
    }
}

fn expected(what: &str, value: &Value) -> String {
    format!("expected {what}, not {value}")
}

fn yes_no(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "yes" => Ok(true),
        Value::String(text) if text == "no" => Ok(false),
        _ => Err(expected("true or false", value)),
    }
}

fn number<T: TryFrom<u64>>(value: &Value) -> Result<T, String> {
    let number = value.as_u64().ok_or_else(|| expected("a whole number", value))?;
    T::try_from(number).map_err(|_| format!("{number} is too large"))
}

fn choose<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let text = plain(value);
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, choice)| *choice).ok_or_else(|| expected(&format!("one of {}", names.join(", ")), value))
}

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

/// Names to protect: a list, or a file with one name per line and `#` before remarks.
fn protected(settings: &mut Settings, value: &Value) -> Result<(), String> {
    let text = plain(value);
    let names = |text: &str, separator: char| -> Vec<String> {
        let lines = text.split(separator).map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let items = if !value.is_array() && (text.contains('/') || std::path::Path::new(&text).is_file()) {
        let content =
            std::fs::read_to_string(&text).map_err(|error| format!("cannot read {text}: {error}"))?;
        names(&content, '\n')
    } else {
        names(&text, ',')
    };
    let lists = &mut settings.engine.lists;
    lists.retain(|(name, _)| name != "lookalike.protected");
    lists.push(("lookalike.protected".to_owned(), items));
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

fn path(value: &Value) -> Result<Option<PathBuf>, String> {
    let text = plain(value);
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

fn port_list(value: &Value) -> Result<Vec<u16>, String> {
    plain(value)
        .split(',')
        .map(str::trim)
        .filter(|port| !port.is_empty())
        .map(|port| port.parse().map_err(|_| expected("a list of ports", value)))
        .collect()
}

fn force_hash(settings: &mut Settings, value: &Value) -> Result<(), String> {
    let names: Vec<String> =
        plain(value).split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if let Some(name) = names.iter().find(|name| !["md5", "sha1", "sha256"].contains(&name.as_str())) {
        return Err(format!("`{name}` is not one of md5, sha1, sha256"));
    }
    let files = &mut settings.engine.protocol.files;
    let has = |hash: &str| names.iter().any(|name| name == hash);
    (files.md5, files.sha1, files.sha256) = (has("md5"), has("sha1"), has("sha256"));
    settings.engine.eve.force_hash = names;
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
