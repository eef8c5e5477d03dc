//! Specification of the rule language: text in, typed form or message out. One file per family of keywords.

mod app;
mod buffer;
mod bytes;
mod cases;
mod content;
mod dataset;
mod explain;
mod files;
mod flow;
mod header;
mod load;
mod meta;
mod number;
mod packet;
mod pcre;
mod state;
mod threshold;
mod transform;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use expect_test::Expect;

use crate::ir::{Hook, Rule};
use crate::{Environment, Loader};

/// A configuration with a few variables, events and files.
pub(super) fn environment() -> Environment {
    let mut environment = Environment {
        stream_events: vec!["pkt_invalid_ack", "reassembly_seq_gap"],
        reputation_categories: vec![("CnC".to_owned(), 7)],
        data_folder: Some("data".into()),
        read_file: files,
        ..Environment::default()
    };
    environment.variables.set_address("HOME_NET", "[10.0.0.0/8,192.168.0.0/16]");
    environment.variables.set_address("EXTERNAL_NET", "!$HOME_NET");
    environment.variables.set_address("LOOP", "[$LOOP]");
    environment.variables.set_port("HTTP_PORTS", "[80,8080]");
    environment
}

/// Files that the tests' rules name.
fn files(path: &Path) -> io::Result<Vec<u8>> {
    let text = match path.to_str().unwrap_or_default() {
        "rules/names.lst" => "ZXhhbXBsZS5jb20=\nYQ==\n",
        "rules/names.rep" => "ZXhhbXBsZS5jb20=,10\n",
        "rules/broken.rep" => "ZXhhbXBsZS5jb20=,70000\n",
        "rules/names.json" => r#"{"list": [{"name": "a.example", "who": {"is": "it"}}, {"other": 1}]}"#,
        "rules/lines.json" => "{\"name\": \"a.example\"}\n{\"name\": \"b.example\"}\n",
        "rules/number.json" => "[{\"name\": 7}]",
        "rules/bad.md5" => "2f8d0355f0032c3e6311c6408d7c2dc2  x\nzz\n",
        "rules/good.md5" => {
            "# digests\ndd5fc1ee7f2f96b5f12d1a854007a818\n2f8d0355f0032c3e6311c6408d7c2dc2  x\n"
        }
        _ => return Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    Ok(text.as_bytes().to_vec())
}

/// Loads rules and shows what came of them.
pub(super) fn shown(text: &str) -> String {
    shown_with(&environment(), text)
}

/// The same with another configuration.
pub(super) fn shown_with(environment: &Environment, text: &str) -> String {
    let mut loader = Loader::new(environment);
    loader.rules(Path::new("rules/test.rules"), text.as_bytes());
    let loaded = loader.finish();
    let mut out = String::new();
    for rule in &loaded.rules {
        show(rule, &mut out);
    }
    out = steady(&out);
    for skipped in &loaded.skipped {
        let _ = writeln!(out, "left out, line {}: {}", skipped.line, skipped.reason);
    }
    for error in &loaded.errors {
        out.push_str(&error.render());
    }
    out
}

/// Checks whole rules.
pub(super) fn check(text: &str, expect: Expect) {
    expect.assert_eq(&shown(text));
}

/// Checks options: each line is put into a rule `alert PROTOCOL any any -> any any (…)` of its own.
pub(super) fn check_options(protocol: &str, lines: &[&str], expect: Expect) {
    let mut out = String::new();
    for line in lines {
        let rule = format!("alert {protocol} any any -> any any ({line} sid:1;)");
        let _ = writeln!(out, "## {line}");
        let mut loader_out = shown(&rule);
        loader_out =
            loader_out.lines().filter(|line| !is_frame(line)).fold(String::new(), |mut all, line| {
                let _ = writeln!(all, "{line}");
                all
            });
        out.push_str(&loader_out);
    }
    expect.assert_eq(&out);
}

/// Lines that only repeat where the rule stands.
fn is_frame(line: &str) -> bool {
    line.starts_with("sid ") || line.trim_start().starts_with("--> ") || line.trim_end().ends_with('|')
}

/// Takes out what changes whenever a protocol or a field is added.
fn steady(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some(at) = out.find("places: [") {
        let end = out[at..].find("], ").map_or(out.len(), |length| at + length + 3);
        out.replace_range(at..end, "");
    }
    while let Some(at) = out.find("ProtocolId(") {
        let end = out[at..].find(')').map_or(out.len(), |length| at + length + 1);
        let number: u8 = out[at + 11..end - 1].parse().expect("it was printed");
        out.replace_range(at..end, protocol::get(protocol::ProtocolId(number)).name);
    }
    out
}

fn show(rule: &Rule, out: &mut String) {
    let meta = &rule.meta;
    let header = &rule.header;
    let _ = write!(out, "sid {} rev {}", meta.sid, meta.rev);
    match header.hook {
        None => {}
        Some(Hook::App { name, .. }) => drop(write!(out, " at {name}")),
        Some(hook) => drop(write!(out, " at {hook:?}")),
    }
    out.push('\n');
    for test in &rule.packet {
        let _ = writeln!(out, "  packet {test:?}");
    }
    for inspection in &rule.inspections {
        let _ = write!(out, "  in {:?}", Short(&inspection.subject));
        if !inspection.transforms.is_empty() {
            let _ = write!(out, " {:?}", inspection.transforms);
        }
        if let Some(direction) = inspection.direction {
            let _ = write!(out, " {direction:?}");
        }
        let _ = writeln!(out, " {:?}", inspection.absent);
        for op in &inspection.ops {
            let _ = writeln!(out, "    {op:?}");
        }
    }
    for test in &rule.transaction {
        let _ = writeln!(out, "  transaction {test:?}");
    }
    for hashes in &rule.hashes {
        let _ =
            writeln!(out, "  {} {:?} digests, negated {}", hashes.digests.len(), hashes.kind, hashes.negated);
    }
    for late in &rule.late {
        let _ = writeln!(out, "  late {late:?}");
    }
    for post in &rule.post {
        let _ = writeln!(out, "  then {post:?}");
    }
    if !rule.variables.is_empty() {
        let _ = writeln!(out, "  variables {:?}", rule.variables);
    }
    if let Some(prefilter) = rule.prefilter {
        let _ = writeln!(out, "  prefilter {prefilter}");
    }
    if meta.noalert {
        let _ = writeln!(out, "  noalert");
    }
}

/// A subject without the numbers of its places.
struct Short<'a>(&'a crate::ir::Subject);

impl std::fmt::Debug for Short<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::ir::Subject;
        match self.0 {
            Subject::Field { name, .. } => f.write_str(name),
            Subject::FileData { .. } => f.write_str("file.data"),
            Subject::Frame { kind, .. } => write!(f, "frame {kind}"),
            other => write!(f, "{other:?}"),
        }
    }
}
