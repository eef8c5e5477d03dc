//! Which stage of which procedure has which fields: one row each.
//!
//! Sources. NIS2: Directive (EU) 2022/2555, Article 23(3) and (4); for the providers that it names, Implementing Regulation (EU) 2024/2690,
//! Articles 3 to 14, says when an incident is significant. DORA: Regulation (EU) 2022/2554, Article 19(4); contents and time limits in
//! Delegated Regulation (EU) 2025/301, Articles 1 to 5; numbers and names of fields in Implementing Regulation (EU) 2025/302, Annex I.

use super::Facts;

/// One stage of a procedure.
pub(super) struct Stage {
    /// Name of its files, without ending.
    pub(super) file: &'static str,
    /// Its name, in the catalogue.
    pub(super) title: &'static str,
    /// The law that asks for it.
    pub(super) law: &'static str,
    /// When it is due, in the catalogue.
    pub(super) due: &'static str,
    /// What goes into [`KIND`], where the template asks.
    pub(super) kind: Option<&'static str>,
    /// Its fields, part by part.
    pub(super) parts: &'static [&'static [Row]],
}

/// One field.
pub(super) struct Row {
    /// Number or letter in the law.
    pub(super) number: &'static str,
    /// Its name, in the catalogue.
    pub(super) name: &'static str,
    /// What it is filled with.
    pub(super) fill: Fill,
}

/// What a field is filled with.
#[derive(Clone, Copy)]
pub(super) enum Fill {
    /// Nothing: who knows, in the catalogue.
    Blank(&'static str),
    /// What packets tell.
    Known(fn(&Facts<'_>) -> String),
    /// What packets let propose; somebody must confirm it.
    Proposed(fn(&Facts<'_>) -> String),
    /// A line of the catalogue.
    Says(&'static str),
}

const fn blank(number: &'static str, name: &'static str, who_knows: &'static str) -> Row {
    Row { number, name, fill: Fill::Blank(who_knows) }
}

const fn known(number: &'static str, name: &'static str, tell: fn(&Facts<'_>) -> String) -> Row {
    Row { number, name, fill: Fill::Known(tell) }
}

const fn proposed(number: &'static str, name: &'static str, tell: fn(&Facts<'_>) -> String) -> Row {
    Row { number, name, fill: Fill::Proposed(tell) }
}

/// Directive (EU) 2022/2555, Article 23(4).
pub(super) const NIS2: &[Stage] = &[
    Stage {
        file: "nis2-early-warning",
        title: "form.nis2.warning",
        law: "Directive (EU) 2022/2555, Article 23(4), point (a)",
        due: "form.nis2.warning.due",
        kind: None,
        parts: &[ENTITY, WARNING],
    },
    Stage {
        file: "nis2-notification",
        title: "form.nis2.notification",
        law: "Directive (EU) 2022/2555, Article 23(4), point (b)",
        due: "form.nis2.notification.due",
        kind: None,
        parts: &[ENTITY, NOTIFICATION],
    },
    Stage {
        file: "nis2-final-report",
        title: "form.nis2.final",
        law: "Directive (EU) 2022/2555, Article 23(4), points (d) and (e)",
        due: "form.nis2.final.due",
        kind: None,
        parts: &[ENTITY, FINAL_NIS2],
    },
];

/// Regulation (EU) 2022/2554, Article 19(4).
pub(super) const DORA: &[Stage] = &[
    Stage {
        file: "dora-initial-notification",
        title: "form.dora.initial",
        law: "Regulation (EU) 2022/2554, Article 19(4), point (a); Delegated Regulation (EU) 2025/301, Articles 1, 2 and 5; Implementing \
              Regulation (EU) 2025/302, Annex I",
        due: "form.dora.initial.due",
        kind: Some("form.dora.initial.kind"),
        parts: &[GENERAL, INITIAL],
    },
    Stage {
        file: "dora-intermediate-report",
        title: "form.dora.intermediate",
        law: "Regulation (EU) 2022/2554, Article 19(4), point (b); Delegated Regulation (EU) 2025/301, Articles 1, 3 and 5; Implementing \
              Regulation (EU) 2025/302, Annex I",
        due: "form.dora.intermediate.due",
        kind: Some("form.dora.intermediate.kind"),
        parts: &[GENERAL, INTERMEDIATE],
    },
    Stage {
        file: "dora-final-report",
        title: "form.dora.final",
        law: "Regulation (EU) 2022/2554, Article 19(4), point (c); Delegated Regulation (EU) 2025/301, Articles 1, 4 and 5; Implementing \
              Regulation (EU) 2025/302, Annex I",
        due: "form.dora.final.due",
        kind: Some("form.dora.final.kind"),
        parts: &[GENERAL, FINAL_DORA],
    },
];

/// The field that says which stage it is.
pub(super) const KIND: Row = blank("1.1", "form.dora.1.1", "form.by_entity");

/// What every stage of NIS2 says.
const ENTITY: &[Row] = &[
    blank("–", "form.nis2.entity", "form.by_entity"),
    blank("–", "form.nis2.aware", "form.by_clock"),
    proposed("(3)", "form.nis2.significance", |facts| facts.significance()),
    known("(4)(a)", "form.nis2.malicious", |facts| facts.malicious()),
    blank("(4)(a)", "form.nis2.border", "form.by_recipients"),
];

/// Article 23(4), point (a).
const WARNING: &[Row] = &[known("–", "form.nis2.began", |facts| facts.began())];

/// Article 23(4), point (b).
const NOTIFICATION: &[Row] = &[
    known("(4)(b)", "form.nis2.assessment", |facts| facts.description()),
    proposed("(4)(b)", "form.nis2.impact", |facts| facts.impact()),
    known("(4)(b)", "form.nis2.indicators", |facts| facts.indicators()),
];

/// Article 23(4), point (d).
const FINAL_NIS2: &[Row] = &[
    known("(4)(d)(i)", "form.nis2.description", |facts| facts.description()),
    proposed("(4)(d)(i)", "form.nis2.severity", |facts| facts.impact()),
    known("(4)(d)(i)", "form.nis2.duration", |facts| facts.span()),
    proposed("(4)(d)(ii)", "form.nis2.cause", |facts| facts.cause()),
    proposed("(4)(d)(iii)", "form.nis2.measures", |facts| facts.steps()),
    blank("(4)(d)(iv)", "form.nis2.border_final", "form.by_recipients"),
];

/// General information: Delegated Regulation (EU) 2025/301, Article 1.
const GENERAL: &[Row] = &[
    blank("1.2", "form.dora.1.2", "form.by_entity"),
    blank("1.3", "form.dora.1.3", "form.by_entity"),
    blank("1.4", "form.dora.1.4", "form.by_entity"),
    blank("1.5", "form.dora.1.5", "form.by_entity"),
    blank("1.6", "form.dora.1.6", "form.by_entity"),
    blank("1.7", "form.dora.1.7", "form.by_entity"),
    blank("1.8", "form.dora.1.8", "form.by_entity"),
    blank("1.9", "form.dora.1.9", "form.by_entity"),
    blank("1.10", "form.dora.1.10", "form.by_entity"),
    blank("1.11", "form.dora.1.11", "form.by_entity"),
    blank("1.12", "form.dora.1.12", "form.by_entity"),
    blank("1.13", "form.dora.1.13", "form.by_entity"),
    blank("1.14", "form.dora.1.14", "form.by_entity"),
    blank("1.15", "form.dora.1.15", "form.by_entity"),
];

/// Delegated Regulation (EU) 2025/301, Article 2.
const INITIAL: &[Row] = &[
    blank("2.1", "form.dora.2.1", "form.by_entity"),
    blank("2.2", "form.dora.2.2", "form.by_clock"),
    blank("2.3", "form.dora.2.3", "form.by_classifies"),
    known("2.4", "form.dora.2.4", |facts| facts.description()),
    blank("2.5", "form.dora.2.5", "form.by_classifies"),
    blank("2.6", "form.dora.2.6", "form.by_entity"),
    proposed("2.7", "form.dora.2.7", |facts| facts.discovery()),
    blank("2.8", "form.dora.2.8", "form.by_owners"),
    blank("2.9", "form.dora.2.9", "form.by_entity"),
    known("2.10", "form.dora.2.10", |facts| facts.indicators()),
];

/// Delegated Regulation (EU) 2025/301, Article 3.
const INTERMEDIATE: &[Row] = &[
    blank("3.1", "form.dora.3.1", "form.by_authority"),
    known("3.2", "form.dora.3.2", |facts| facts.began()),
    blank("3.3", "form.dora.3.3", "form.by_entity"),
    blank("3.4", "form.dora.3.4", "form.by_counts"),
    blank("3.5", "form.dora.3.5", "form.by_counts"),
    blank("3.6", "form.dora.3.6", "form.by_counts"),
    blank("3.7", "form.dora.3.7", "form.by_counts"),
    blank("3.8", "form.dora.3.8", "form.by_counts"),
    blank("3.9", "form.dora.3.9", "form.by_counts"),
    blank("3.10", "form.dora.3.10", "form.by_counts"),
    blank("3.11", "form.dora.3.11", "form.by_counts"),
    blank("3.12", "form.dora.3.12", "form.by_counts"),
    blank("3.13", "form.dora.3.13", "form.by_entity"),
    blank("3.14", "form.dora.3.14", "form.by_entity"),
    known("3.15", "form.dora.3.15", |facts| facts.span()),
    blank("3.16", "form.dora.3.16", "form.by_entity"),
    proposed("3.17", "form.dora.3.17", |facts| facts.estimate()),
    blank("3.18", "form.dora.3.18", "form.by_entity"),
    blank("3.19", "form.dora.3.19", "form.by_entity"),
    blank("3.20", "form.dora.3.20", "form.by_classifies"),
    proposed("3.21", "form.dora.3.21", |facts| facts.losses()),
    blank("3.22", "form.dora.3.22", "form.by_entity"),
    proposed("3.23", "form.dora.3.23", |facts| facts.kind()),
    blank("3.24", "form.dora.3.24", "form.by_other"),
    known("3.25", "form.dora.3.25", |facts| facts.techniques()),
    blank("3.26", "form.dora.3.26", "form.by_other"),
    blank("3.27", "form.dora.3.27", "form.by_entity"),
    proposed("3.28", "form.dora.3.28", |facts| facts.is_affected()),
    proposed("3.29", "form.dora.3.29", |facts| facts.components()),
    blank("3.30", "form.dora.3.30", "form.by_counts"),
    blank("3.31", "form.dora.3.31", "form.by_entity"),
    blank("3.32", "form.dora.3.32", "form.by_entity"),
    blank("3.33", "form.dora.3.33", "form.by_entity"),
    proposed("3.34", "form.dora.3.34", |facts| facts.steps()),
    known("3.35", "form.dora.3.35", |facts| facts.indicators()),
];

/// Delegated Regulation (EU) 2025/301, Article 4.
const FINAL_DORA: &[Row] = &[
    proposed("4.1", "form.dora.4.1", |facts| facts.root()),
    blank("4.2", "form.dora.4.2", "form.by_on_hosts"),
    blank("4.3", "form.dora.4.3", "form.by_on_hosts"),
    blank("4.4", "form.dora.4.4", "form.by_other"),
    proposed("4.5", "form.dora.4.5", |facts| facts.cause()),
    blank("4.6", "form.dora.4.6", "form.by_entity"),
    blank("4.7", "form.dora.4.7", "form.by_entity"),
    blank("4.8", "form.dora.4.8", "form.by_entity"),
    blank("4.9", "form.dora.4.9", "form.by_entity"),
    blank("4.10", "form.dora.4.10", "form.by_entity"),
    blank("4.11", "form.dora.4.11", "form.by_entity"),
    blank("4.12", "form.dora.4.12", "form.by_entity"),
    blank("4.13", "form.dora.4.13", "form.by_entity"),
    blank("4.14", "form.dora.4.14", "form.by_entity"),
    blank("4.15", "form.dora.4.15", "form.by_entity"),
    blank("4.16", "form.dora.4.16", "form.by_entity"),
];
