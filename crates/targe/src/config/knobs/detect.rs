//! Settings of rules, behaviour and files.

use std::path::PathBuf;

use serde_json::Value;

use super::Knob;
use super::values::{keep, number, yes_no};
use crate::config::{Settings, plain};

pub(super) const DETECT: &[Knob] = &[
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
];

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

fn path(value: &Value) -> Result<Option<PathBuf>, String> {
    let text = plain(value);
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}
