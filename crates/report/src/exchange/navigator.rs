//! ATT&CK Navigator layers (layer format 4.5): one for the Enterprise matrix, one for ICS where such techniques were seen.

use std::collections::BTreeMap;

use model::{Confidence, Finding};
use serde_json::{Value, json};

use super::pretty;
use crate::{Edition, Report, story, words};

/// Version of ATT&CK that the techniques are named by.
const ATTACK_VERSION: &str = "16";

/// Layers with their file names; empty when no technique was seen.
pub(crate) fn render(report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    let mut seen: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let findings =
        story::told(report).flat_map(|incident| &incident.findings).filter_map(|id| report.finding(*id));
    for finding in findings {
        for technique in &finding.techniques {
            seen.entry(technique).or_default().push(finding);
        }
    }
    let (ics, enterprise): (Vec<_>, Vec<_>) = seen.into_iter().partition(|(id, _)| id.starts_with("T0"));
    let layers =
        [("enterprise-attack", "navigator.json", enterprise), ("ics-attack", "navigator-ics.json", ics)];
    layers
        .into_iter()
        .filter(|(domain, _, techniques)| *domain == "enterprise-attack" || !techniques.is_empty())
        .map(|(domain, file, techniques)| {
            (file.to_owned(), pretty(&layer(report, edition, domain, &techniques)))
        })
        .collect()
}

fn layer(report: &Report, edition: Edition, domain: &str, techniques: &[(&str, Vec<&Finding>)]) -> Value {
    let inputs: Vec<_> = report.manifest.inputs.iter().map(|(name, _, _)| name.as_str()).collect();
    let platforms = if domain == "ics-attack" {
        json!([
            "None",
            "Data Historian",
            "Engineering Workstation",
            "Field Controller/RTU/PLC/IED",
            "Human-Machine Interface"
        ])
    } else {
        json!(["Windows", "Linux", "macOS", "Network"])
    };
    json!({
        "name": "Targe",
        "versions": { "attack": ATTACK_VERSION, "navigator": "5.1.0", "layer": "4.5" },
        "domain": domain,
        "description": format!(
            "Techniques seen in {}, by {}. TLP:{}. The score is the probability of the surest finding, in percent.",
            crate::visible(&inputs.join(", ")), report.manifest.program, edition.tlp.label()
        ),
        "filters": { "platforms": platforms },
        "sorting": 3,
        "layout": { "layout": "side", "aggregateFunction": "max", "showID": true, "showName": true, "showAggregateScores": false, "countUnscored": false, "expandedSubtechniques": "annotated" },
        "hideDisabled": false,
        "techniques": techniques.iter().map(|(id, findings)| technique(id, findings)).collect::<Vec<_>>(),
        "gradient": { "colors": ["#fff4d6", "#e8a33d", "#8a1020"], "minValue": 0, "maxValue": 100 },
        "legendItems": [],
        "metadata": [],
        "links": [],
        "showTacticRowBackground": false,
        "tacticRowBackground": "#dddddd",
        "selectTechniquesAcrossTactics": true,
        "selectSubtechniquesWithParent": false,
        "selectVisibleTechniques": false
    })
}

fn technique(id: &str, findings: &[&Finding]) -> Value {
    let surest = findings.iter().map(|finding| finding.confidence).max().unwrap_or(Confidence(0));
    let comments: Vec<String> = findings
        .iter()
        .take(5)
        .map(|finding| format!("[{}] {}", finding.id, crate::visible(&finding.title)))
        .collect();
    let metadata: Vec<Value> = findings
        .iter()
        .take(20)
        .map(|finding| {
            let packets: Vec<String> = finding
                .evidence
                .iter()
                .flat_map(|evidence| &evidence.packets)
                .take(10)
                .map(|packet| packet.0.to_string())
                .collect();
            json!({ "name": format!("finding {}: packets", finding.id), "value": packets.join(" ") })
        })
        .collect();
    json!({
        "techniqueID": id,
        "score": surest.0 / 10,
        "comment": format!("{}\nIt is {} that this is right.", comments.join("\n"), words::likelihood(surest)),
        "enabled": true,
        "metadata": metadata,
        "links": [],
        "showSubtechniques": true
    })
}
