//! Forms that the law asks for, filled as far as packets allow, with the blanks listed: NIS2 and DORA.
//!
//! One table says which stage has which fields ([`table`]); names of fields and all sentences are in the catalogue (`form.…`), the names
//! in English as the law has them. Each stage is a Markdown file for people, in the language of the edition, and a JSON file for
//! programs, in English. What only the organisation knows (who it is, when it became aware, what it costs) is left blank and says who
//! knows it.

mod facts;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde_json::{Value, json};

use crate::catalogue::{Language, Piece, Words, plain};
use crate::exchange::pretty;
use crate::{Edition, Report, visible};
use facts::Facts;
use table::{Fill, Row, Stage};

/// The NIS2 forms.
pub(crate) fn nis2(report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    files(table::NIS2, report, edition)
}

/// The DORA forms.
pub(crate) fn dora(report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    files(table::DORA, report, edition)
}

fn files(stages: &[Stage], report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    let (words, english) = (Words::new(edition.language), Words::new(Language::English));
    let (own, plain) = (Facts::new(report, &words), Facts::new(report, &english));
    stages
        .iter()
        .flat_map(|stage| {
            [
                (format!("{}.md", stage.file), markdown(stage, &own, edition).into_bytes()),
                (format!("{}.json", stage.file), pretty(&json(stage, &plain, edition))),
            ]
        })
        .collect()
}

/// A field with what is known of it.
struct Field<'a> {
    row: &'a Row,
    name: String,
    content: Content,
}

enum Content {
    /// Known from packets.
    Filled(String),
    /// Proposed from packets; somebody who knows the organisation must confirm.
    Proposed(String),
    /// Not known from packets: who knows.
    Blank(String),
}

fn fields<'a>(stage: &'a Stage, facts: &Facts<'_>) -> Vec<Field<'a>> {
    let rows = stage.parts.iter().copied().flatten();
    let content = |fill: Fill| match fill {
        Fill::Blank(why) => Content::Blank(facts.words.text(why).to_owned()),
        Fill::Known(tell) => Content::Filled(tell(facts)),
        Fill::Proposed(tell) => Content::Proposed(tell(facts)),
        Fill::Says(key) => Content::Filled(facts.words.text(key).to_owned()),
    };
    let field =
        |row: &'a Row| Field { row, name: facts.words.text(row.name).to_owned(), content: content(row.fill) };
    let kind = stage.kind.map(|kind| Field {
        row: &table::KIND,
        name: facts.words.text(table::KIND.name).to_owned(),
        content: content(Fill::Says(kind)),
    });
    kind.into_iter().chain(rows.map(field)).collect()
}

fn markdown(stage: &Stage, facts: &Facts<'_>, edition: Edition) -> String {
    let words = facts.words;
    let fields = fields(stage, facts);
    let open: Vec<&Field<'_>> =
        fields.iter().filter(|field| !matches!(field.content, Content::Filled(_))).collect();
    let mut text = String::new();
    let mut put =
        |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a String takes every write");
    put(format_args!("# {}\n\nTLP:{}\n", words.text(stage.title), edition.tlp.label()));
    put(format_args!("- {}: {}", words.text("form.law"), stage.law));
    put(format_args!("- {}: {}", words.text("form.due"), words.text(stage.due)));
    put(format_args!("- {}: {}", words.text("form.made_from"), inputs(facts)));
    let number = |count: usize| Piece::words(words.count(count as u64));
    let counts = [
        ("filled", number(fields.len() - open.len())),
        ("all", number(fields.len())),
        ("open", number(open.len())),
    ];
    put(format_args!("- {}\n", plain(&words.fill("form.counts", &counts))));
    for field in &fields {
        put(format_args!("## {} {}\n", field.row.number, field.name));
        match &field.content {
            Content::Filled(content) => put(format_args!("{content}\n")),
            Content::Proposed(content) => {
                put(format_args!("{content}\n\n*{}*\n", words.text("form.proposed")))
            }
            Content::Blank(why) => put(format_args!("________________\n\n*{why}*\n")),
        }
    }
    put(format_args!("## {}\n", words.text("form.open")));
    for field in &open {
        let what = match &field.content {
            Content::Blank(why) => why,
            Content::Filled(_) | Content::Proposed(_) => words.text("form.confirm"),
        };
        put(format_args!("- [ ] {} {}: {what}", field.row.number, field.name));
    }
    text
}

fn json(stage: &Stage, facts: &Facts<'_>, edition: Edition) -> Value {
    let manifest = &facts.report.manifest;
    let fields = fields(stage, facts);
    let listed: Vec<Value> = fields
        .iter()
        .map(|field| {
            let (state, value, note) = match &field.content {
                Content::Filled(text) => ("filled", json!(text), Value::Null),
                Content::Proposed(text) => ("proposed", json!(text), Value::Null),
                Content::Blank(why) => ("blank", Value::Null, json!(why)),
            };
            json!({ "number": field.row.number, "name": field.name, "state": state, "value": value, "note": note })
        })
        .collect();
    let blank = |field: &&Field<'_>| matches!(field.content, Content::Blank(_));
    let blanks: Vec<&str> = fields.iter().filter(blank).map(|field| field.row.number).collect();
    let inputs: Vec<Value> = manifest
        .inputs
        .iter()
        .map(|(name, bytes, sha256)| json!({ "name": name, "bytes": bytes, "sha256": sha256 }))
        .collect();
    json!({
        "form": stage.file,
        "title": facts.words.text(stage.title),
        "law": stage.law,
        "due": facts.words.text(stage.due),
        "tlp": format!("TLP:{}", edition.tlp.label()),
        "program": manifest.program,
        "inputs": inputs,
        "fields": listed,
        "blanks": blanks
    })
}

fn inputs(facts: &Facts<'_>) -> String {
    let list: Vec<String> = facts
        .report
        .manifest
        .inputs
        .iter()
        .map(|(name, bytes, sha256)| match sha256.as_str() {
            "" => format!("{} ({bytes} bytes)", escaped(name)),
            sha256 => format!("{} (SHA-256 `{sha256}`)", escaped(name)),
        })
        .collect();
    if list.is_empty() { facts.words.text("form.nameless").into() } else { list.join(", ") }
}

/// Text from traffic inside Markdown: hidden letters spelled out, letters with a meaning escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        if "\\`*_{}[]<>()#+!|~&".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
