//! Directive (EU) 2022/2555 (NIS2), Article 23(4): early warning, incident notification, final report.

use super::{Facts, Field, Form, blank, filled, proposed};

const ENTITY: &str = "the organisation knows who it is";
const AWARE: &str = "when somebody became aware is not in packets; the time limit starts then";

pub(super) fn forms(facts: &Facts<'_>) -> Vec<Form> {
    vec![
        Form {
            file: "nis2-early-warning",
            title: "NIS2 early warning",
            law: "Directive (EU) 2022/2555, Article 23(4), point (a)",
            due: "without undue delay, at the latest 24 hours after becoming aware of the significant incident",
            fields: early_warning(facts),
        },
        Form {
            file: "nis2-notification",
            title: "NIS2 incident notification",
            law: "Directive (EU) 2022/2555, Article 23(4), point (b)",
            due: "without undue delay, at the latest 72 hours after becoming aware (trust service providers: 24 hours)",
            fields: notification(facts),
        },
        Form {
            file: "nis2-final-report",
            title: "NIS2 final report",
            law: "Directive (EU) 2022/2555, Article 23(4), point (d); while the incident lasts, a progress report by point (e)",
            due: "at the latest one month after the incident notification",
            fields: final_report(facts),
        },
    ]
}

fn entity() -> Vec<Field> {
    vec![
        blank("–", "Name of the essential or important entity, sector, contact", ENTITY),
        blank("–", "Date and time of becoming aware", AWARE),
    ]
}

fn malicious(facts: &Facts<'_>) -> Field {
    let text = if facts.has_incident() {
        format!("Yes, suspected. {}", facts.impact())
    } else {
        "Packets give no reason for this suspicion.".into()
    };
    filled(
        "(a)",
        "Whether the significant incident is suspected of being caused by unlawful or malicious acts",
        text,
    )
}

fn early_warning(facts: &Facts<'_>) -> Vec<Field> {
    let mut fields = entity();
    fields.push(malicious(facts));
    fields.push(blank(
        "(a)",
        "Whether it could have a cross-border impact",
        "addresses do not tell where services are used; the organisation knows its recipients",
    ));
    fields.push(filled("–", "First hostile packet", facts.began()));
    fields
}

fn notification(facts: &Facts<'_>) -> Vec<Field> {
    let mut fields = entity();
    fields.push(malicious(facts));
    fields.push(blank("(a)", "Cross-border impact, updated", "the organisation knows its recipients"));
    fields.push(filled("(b)", "Initial assessment of the incident: what happened", facts.description()));
    fields.push(proposed("(b)", "Initial assessment: severity and impact", facts.impact()));
    fields.push(filled("(b)", "Indicators of compromise, where available", facts.indicators()));
    fields
}

fn final_report(facts: &Facts<'_>) -> Vec<Field> {
    let mut fields = entity();
    fields.push(filled("(i)", "Detailed description of the incident", facts.description()));
    fields.push(proposed("(i)", "Severity and impact", facts.impact()));
    fields.push(filled("(i)", "Duration", facts.span()));
    fields.push(proposed(
        "(ii)",
        "Type of threat or root cause that is likely to have triggered the incident",
        format!(
            "Techniques seen (ATT&CK):\n\n{}\n\nThe root cause on the hosts themselves is not in packets.",
            facts.techniques()
        ),
    ));
    fields.push(proposed(
        "(iii)",
        "Applied and ongoing mitigation measures",
        format!("Proposed by the findings; say which were applied, and when:\n\n{}", facts.steps()),
    ));
    fields.push(blank(
        "(iv)",
        "Cross-border impact, where applicable",
        "the organisation knows its recipients",
    ));
    fields
}
