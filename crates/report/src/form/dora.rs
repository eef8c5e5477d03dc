//! Regulation (EU) 2022/2554 (DORA), Article 19(4), with the time limits of Delegated Regulation (EU) 2025/301, Article 5, and the
//! data fields of Implementing Regulation (EU) 2025/302, Annexes I and II.

use super::{Facts, Field, Form, blank, filled, proposed};

const ENTITY: &str = "the financial entity knows";
const COUNTS: &str = "clients, counterparts and transactions are not in packets";

pub(super) fn forms(facts: &Facts<'_>) -> Vec<Form> {
    let staged = |more: Vec<Field>, stage: &'static str| {
        let mut fields = general(stage);
        fields.extend(more);
        fields
    };
    vec![
        Form {
            file: "dora-initial-notification",
            title: "DORA initial notification of a major ICT-related incident",
            law: "Regulation (EU) 2022/2554, Article 19(4), point (a); Implementing Regulation (EU) 2025/302, Annex I, fields 1 and 2",
            due: "within 4 hours of classification as major, and within 24 hours of becoming aware (Delegated Regulation (EU) 2025/301, Article 5)",
            fields: staged(initial(facts), "initial notification"),
        },
        Form {
            file: "dora-intermediate-report",
            title: "DORA intermediate report on a major ICT-related incident",
            law: "Regulation (EU) 2022/2554, Article 19(4), point (b); Implementing Regulation (EU) 2025/302, Annex I, field 3",
            due: "within 72 hours of the initial notification",
            fields: staged(intermediate(facts), "intermediate report"),
        },
        Form {
            file: "dora-final-report",
            title: "DORA final report on a major ICT-related incident",
            law: "Regulation (EU) 2022/2554, Article 19(4), point (c); Implementing Regulation (EU) 2025/302, Annex I, field 4",
            due: "within one month of the (last updated) intermediate report",
            fields: staged(last(facts), "final report"),
        },
    ]
}

fn general(stage: &'static str) -> Vec<Field> {
    vec![
        filled("1.1", "Type of submission", stage.into()),
        blank("1.2", "Name of the entity submitting the report", ENTITY),
        blank("1.3", "Identification code of the entity submitting the report", ENTITY),
        blank("1.4", "Type of the affected financial entity", ENTITY),
        blank("1.5", "Name of the financial entity affected", ENTITY),
        blank("1.6", "LEI code of the financial entity affected", ENTITY),
        blank("1.7", "Primary contact person name", ENTITY),
        blank("1.8", "Primary contact person email", ENTITY),
        blank("1.9", "Primary contact person telephone", ENTITY),
        blank("1.10", "Second contact person name", ENTITY),
        blank("1.11", "Second contact person email", ENTITY),
        blank("1.12", "Second contact person telephone", ENTITY),
        blank("1.13", "Name of the ultimate parent undertaking", ENTITY),
        blank("1.14", "LEI code of the ultimate parent undertaking", ENTITY),
        blank("1.15", "Reporting currency", ENTITY),
    ]
}

fn initial(facts: &Facts<'_>) -> Vec<Field> {
    vec![
        blank("2.1", "Incident reference code assigned by the financial entity", ENTITY),
        blank(
            "2.2",
            "Date and time of detection of the major ICT-related incident",
            "when it was detected is not in packets",
        ),
        blank(
            "2.3",
            "Date and time of classification of the incident as major",
            "the financial entity classifies",
        ),
        filled("2.4", "Description of the major ICT-related incident", facts.description()),
        blank(
            "2.5",
            "Classification criteria that triggered the incident report",
            "the financial entity classifies (Delegated Regulation (EU) 2024/1772)",
        ),
        blank("2.6", "Materiality thresholds for the classification criterion 'Geographical spread'", ENTITY),
        proposed(
            "2.7",
            "Discovery of the major ICT-related incident",
            "IT security: analysis of network traffic".into(),
        ),
        blank(
            "2.8",
            "Indication whether the incident originates from a third-party provider or another financial entity",
            "ownership of hosts is not in packets",
        ),
        blank("2.9", "Activation of business continuity plan, if activated", ENTITY),
        filled(
            "2.10",
            "Other relevant information",
            format!("Indicators of compromise so far:\n\n{}", facts.indicators()),
        ),
    ]
}

fn intermediate(facts: &Facts<'_>) -> Vec<Field> {
    let leak = if facts.has_tactic("TA0010") || facts.has_tactic("TA0009") {
        "Signs that data was carried out were seen (confidentiality); see field 2.4 and the findings. What the data was is not known from sizes alone."
    } else {
        "No signs in this traffic that data was carried out."
    };
    vec![
        blank("3.1", "Incident reference code provided by the competent authority", "the authority gives it"),
        filled("3.2", "Date and time of occurrence of the incident", facts.began()),
        blank("3.3", "Date and time when services, activities or operations have been restored", ENTITY),
        blank("3.4", "Number of clients affected", COUNTS),
        blank("3.5", "Percentage of clients affected", COUNTS),
        blank("3.6", "Number of financial counterparts affected", COUNTS),
        blank("3.7", "Percentage of financial counterparts affected", COUNTS),
        blank("3.8", "Impact on relevant clients or financial counterparts", COUNTS),
        blank("3.9", "Number of affected transactions", COUNTS),
        blank("3.10", "Percentage of affected transactions", COUNTS),
        blank("3.11", "Value of affected transactions", COUNTS),
        blank(
            "3.12",
            "Information whether the numbers are actual or estimates, or whether there has not been any impact",
            COUNTS,
        ),
        blank("3.13", "Reputational impact", ENTITY),
        blank("3.14", "Contextual information about the reputational impact", ENTITY),
        filled("3.15", "Duration of the incident", facts.span()),
        blank("3.16", "Service downtime", ENTITY),
        proposed(
            "3.17",
            "Information whether the numbers for duration and service downtime are actual or estimates",
            "Duration: lower bound, measured between the first and the last hostile packet".into(),
        ),
        blank("3.18", "Types of impact in the Member States", ENTITY),
        blank("3.19", "Description of how the incident has an impact in other Member States", ENTITY),
        blank(
            "3.20",
            "Materiality thresholds for the classification criterion 'Data losses'",
            "the financial entity classifies",
        ),
        proposed("3.21", "Description of the data losses", leak.into()),
        blank("3.22", "Classification criterion 'Critical services affected'", ENTITY),
        proposed(
            "3.23",
            "Type of the major ICT-related incident",
            if facts.has_incident() {
                "Cybersecurity-related"
            } else {
                "No incident of medium severity or above was found"
            }
            .into(),
        ),
        blank("3.24", "Other types of incidents", "only when 3.23 says so"),
        filled("3.25", "Threats and techniques used by the threat actor", facts.techniques()),
        blank("3.26", "Other types of techniques", "only when 3.25 does not fit"),
        blank("3.27", "Information about affected functional areas and business processes", ENTITY),
        proposed(
            "3.28",
            "Affected infrastructure components supporting business processes",
            facts.components(),
        ),
        proposed(
            "3.29",
            "Information about affected infrastructure components supporting business processes",
            facts.impact(),
        ),
        blank("3.30", "Impact on the financial interest of clients", COUNTS),
        blank("3.31", "Reporting to other authorities", ENTITY),
        blank("3.32", "Specification of 'other' authorities", ENTITY),
        blank(
            "3.33",
            "Temporary actions/measures taken or planned to be taken to recover from the incident",
            ENTITY,
        ),
        proposed(
            "3.34",
            "Description of any temporary actions and measures taken or planned to be taken",
            format!("Proposed by the findings:\n\n{}", facts.steps()),
        ),
        filled("3.35", "Indicators of compromise", facts.indicators()),
    ]
}

fn last(facts: &Facts<'_>) -> Vec<Field> {
    vec![
        proposed(
            "4.1",
            "High-level classification of root causes of the incident",
            if facts.has_incident() { "Malicious actions" } else { "Not known" }.into(),
        ),
        blank(
            "4.2",
            "Detailed classification of root causes of the incident",
            "what happened on the hosts themselves is not in packets",
        ),
        blank(
            "4.3",
            "Additional classification of root causes of the incident",
            "what happened on the hosts themselves is not in packets",
        ),
        blank("4.4", "Other types of root cause", "only when 4.2 says so"),
        proposed(
            "4.5",
            "Information about the root causes of the incident",
            format!("Techniques seen (ATT&CK):\n\n{}", facts.techniques()),
        ),
        blank("4.6", "Incident resolution", ENTITY),
        blank("4.7", "Date and time when the incident root cause was addressed", ENTITY),
        blank("4.8", "Date and time when the incident was resolved", ENTITY),
        blank(
            "4.9",
            "Information if the permanent resolution date of the incident differs from the initially planned implementation date",
            ENTITY,
        ),
        blank("4.10", "Assessment of risk to critical functions for resolution purposes", ENTITY),
        blank("4.11", "Information relevant for resolution authorities", ENTITY),
        blank("4.12", "Materiality threshold for the classification criterion 'Economic impact'", ENTITY),
        blank("4.13", "Amount of gross direct and indirect costs and losses", ENTITY),
        blank("4.14", "Amount of financial recoveries", ENTITY),
        blank("4.15", "Information whether the non-major incidents have been recurring", ENTITY),
        blank("4.16", "Date and time of occurrence of recurring incidents", ENTITY),
    ]
}
