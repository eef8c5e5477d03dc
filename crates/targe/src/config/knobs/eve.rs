//! Settings of the records that are written.

use serde_json::Value;

use super::Knob;
use super::values::{keep, number, yes_no};
use crate::config::{Settings, plain};

pub(super) const EVE: &[Knob] = &[
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
];

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
