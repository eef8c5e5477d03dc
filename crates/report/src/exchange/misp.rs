//! MISP core format: one event with an attribute per indicator.

use serde_json::{Value, json};

use super::indicator::{Indicator, What, indicators};
use super::uuid::{TARGE, Uuid};
use super::{as_of, pretty, rfc3339};
use crate::catalogue::{Language, Words, plain};
use crate::{Edition, Report, Tlp, story, visible, words};

/// `misp.json`.
pub(crate) fn render(report: &Report, edition: Edition) -> Vec<u8> {
    let english = Words::new(Language::English);
    let lead = story::told(report).next();
    let time = as_of(report);
    let space = Uuid::of(TARGE, &super::stix::origin(report));
    let threat_level = match lead.map(|incident| incident.severity) {
        Some(model::Severity::Critical | model::Severity::High) => "1",
        Some(model::Severity::Medium) => "2",
        Some(model::Severity::Low) => "3",
        _ => "4",
    };
    let attributes: Vec<Value> =
        indicators(report).iter().map(|indicator| attribute(indicator, space, time.secs())).collect();
    let event = json!({ "Event": {
        "uuid": Uuid::of(space, "event").to_string(),
        "info": visible(&plain(&story::headline(report, &english))),
        "date": rfc3339(time).get(..10).unwrap_or("1970-01-01"),
        "timestamp": time.secs().to_string(),
        "published": false,
        "analysis": "1",
        "threat_level_id": threat_level,
        "distribution": distribution(edition.tlp),
        "Orgc": { "name": "Targe", "uuid": Uuid::of(TARGE, "identity").to_string() },
        "Tag": tags(report, edition),
        "attribute_count": attributes.len().to_string(),
        "Attribute": attributes
    }});
    pretty(&event)
}

/// Who gets the event when it is pushed, no wider than the marking.
fn distribution(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear | Tlp::Green => "1",
        Tlp::Amber | Tlp::AmberStrict | Tlp::Red => "0",
    }
}

fn tags(report: &Report, edition: Edition) -> Vec<Value> {
    let mut names = vec![format!("tlp:{}", edition.tlp.label().to_ascii_lowercase())];
    let mut techniques: Vec<&str> =
        story::told(report).flat_map(|incident| incident.techniques.clone()).collect();
    techniques.sort_unstable();
    techniques.dedup();
    for id in techniques {
        let galaxy = if id.starts_with("T0") { "mitre-ics-techniques" } else { "mitre-attack-pattern" };
        let name = incident::technique_name(id);
        names.push(format!("misp-galaxy:{galaxy}=\"{name} - {id}\""));
    }
    names.into_iter().map(|name| json!({ "name": name, "exportable": true })).collect()
}

fn attribute(indicator: &Indicator, space: Uuid, timestamp: u64) -> Value {
    let (kind, category) = match &indicator.what {
        What::Address(_) if indicator.role == model::Role::Attack => ("ip-src", "Network activity"),
        What::Address(_) => ("ip-dst", "Network activity"),
        What::Name(_) => ("domain", "Network activity"),
        What::File(_) => ("sha256", "Payload delivery"),
    };
    let value = indicator.what.value();
    let packets: Vec<String> = indicator.packets.iter().take(10).map(|packet| packet.0.to_string()).collect();
    json!({
        "uuid": Uuid::of(space, &format!("attribute {kind} {value}")).to_string(),
        "type": kind,
        "category": category,
        "value": value,
        // An internal address in everybody's block list would do harm.
        "to_ids": indicator.what.is_global(),
        "distribution": "5",
        "timestamp": timestamp.to_string(),
        "disable_correlation": !indicator.what.is_global(),
        "comment": format!(
            "{} ({}; {}); seen {} to {}; packets {}",
            visible(&indicator.why), indicator.role.word(), words::likelihood(indicator.confidence),
            rfc3339(indicator.first), rfc3339(indicator.last), packets.join(" ")
        )
    })
}
