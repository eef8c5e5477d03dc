//! Reading rule files: every rule is loaded, left out for a reason, or an error with its place.

use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;

use super::environment::Environment;
use super::error::{Code, Error, Fault};
use super::memo::Memo;
use super::rule::{self, Around, Read};
use super::syntax::{self, Entry, Statement};
use super::threshold_file;
use crate::ir::{DatasetSpec, Late, Op, Rule};

/// A rule that was left out without being wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Why.
    pub reason: String,
}

/// What reading came to.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Rules that were left out without being wrong.
    pub skipped: Vec<Skipped>,
    /// Rules (and lines of other files) that cannot be honoured.
    pub errors: Vec<Error>,
    /// Files by position, as [`crate::ir::Meta::origin`] names them.
    pub files: Vec<Arc<str>>,
}

/// Reads rule files one after another.
#[derive(Debug)]
pub struct Loader<'a> {
    environment: &'a Environment,
    rules: Vec<Option<Rule>>,
    by_number: HashMap<(u32, u32), usize>,
    /// Whether a rule has a threshold of its own; positions as in `rules`.
    own_threshold: Vec<bool>,
    sets: Vec<DatasetSpec>,
    skipped: Vec<Skipped>,
    errors: Vec<Error>,
    files: Vec<Arc<str>>,
    memo: Memo,
}

/// A rule that was read before and is read again, by itself.
#[derive(Debug)]
pub(crate) struct Known;

impl Known {
    /// Reads it; `None` when it cannot be understood any more.
    pub(crate) fn read(text: &str, path: &Path, environment: &Environment) -> Option<Rule> {
        let memo = Memo::default();
        let around = Around { environment, folder: path.parent(), sets: &[], firewall: false, memo: &memo };
        match rule::read(text, around) {
            Ok(Read::Rule(mut rule)) => {
                text.clone_into(&mut rule.meta.text);
                Some(*rule)
            }
            Ok(Read::LeftOut(_)) | Err(_) => None,
        }
    }
}

impl<'a> Loader<'a> {
    /// Nothing read yet.
    pub fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            rules: Vec::new(),
            by_number: HashMap::new(),
            own_threshold: Vec::new(),
            sets: Vec::new(),
            skipped: Vec::new(),
            errors: Vec::new(),
            files: Vec::new(),
            memo: Memo::default(),
        }
    }

    /// Reads a file of rules. Files that its rules name are looked for in the folder of `path`.
    pub fn rules(&mut self, path: &Path, bytes: &[u8]) {
        self.read(path, bytes, false);
    }

    /// Reads a file of firewall rules.
    pub fn firewall_rules(&mut self, path: &Path, bytes: &[u8]) {
        self.read(path, bytes, true);
    }

    fn read(&mut self, path: &Path, bytes: &[u8], firewall: bool) {
        let file: Arc<str> = path.to_string_lossy().into();
        self.files.push(Arc::clone(&file));
        let text = String::from_utf8_lossy(bytes);
        for entry in syntax::entries(&text) {
            match entry {
                Entry::Rule(statement) => self.rule(path, &file, &text, &statement, firewall),
                Entry::Indented(statement) => self.skipped.push(Skipped {
                    file: Arc::clone(&file),
                    line: statement.line,
                    reason: "the line starts with a blank; such lines are not read".to_owned(),
                }),
            }
        }
    }

    fn rule(&mut self, path: &Path, file: &Arc<str>, text: &str, statement: &Statement<'_>, firewall: bool) {
        let around = Around {
            environment: self.environment,
            folder: path.parent(),
            sets: &self.sets,
            firewall,
            memo: &self.memo,
        };
        match rule::read(&statement.text, around) {
            Ok(Read::Rule(mut rule)) => {
                let position = u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX);
                rule.meta.origin = (position, statement.line);
                rule.meta.text = statement.text.clone().into_owned();
                if let Err(fault) = self.keep(*rule) {
                    self.errors.push(error(file, text, statement, fault.0, Some(fault.1)));
                }
            }
            Ok(Read::LeftOut(reason)) => {
                self.skipped.push(Skipped { file: Arc::clone(file), line: statement.line, reason });
            }
            Err((fault, sid)) => self.errors.push(error(file, text, statement, fault, sid)),
        }
    }

    /// Takes a rule in, unless there is one with its number already; a higher revision takes the other's place.
    fn keep(&mut self, rule: Rule) -> Result<(), (Fault, u32)> {
        let number = (rule.meta.gid, rule.meta.sid);
        self.same_sets(&rule).map_err(|fault| (fault, rule.meta.sid))?;
        if let Some(position) = self.by_number.get(&number).copied() {
            let old = self.rules.get_mut(position).and_then(Option::take);
            if let Some(old) = old {
                if old.meta.rev >= rule.meta.rev {
                    let cause = format!("there is a rule {} of revision {} already", number.1, old.meta.rev);
                    let help = "give it another sid, or a higher rev to replace the other";
                    self.rules[position] = Some(old);
                    return Err((Fault::new(Code::Duplicate, cause).help(help), number.1));
                }
                self.skipped.push(Skipped {
                    file: Arc::clone(&self.files[usize::from(old.meta.origin.0).min(self.files.len() - 1)]),
                    line: old.meta.origin.1,
                    reason: format!("replaced by revision {}", rule.meta.rev),
                });
            }
        }
        self.by_number.insert(number, self.rules.len());
        self.own_threshold.push(!rule.late.is_empty());
        self.rules.push(Some(rule));
        Ok(())
    }

    /// One name of a data set is one set.
    fn same_sets(&mut self, rule: &Rule) -> Result<(), Fault> {
        for op in rule.inspections.iter().flat_map(|inspection| inspection.ops.iter()) {
            let (Op::Dataset { set, .. } | Op::Datarep { set, .. }) = op else { continue };
            match self.sets.iter().find(|known| known.name == set.name) {
                None => self.sets.push(set.clone()),
                Some(known) if known.kind == set.kind && known.load == set.load => {}
                Some(known) if known.kind == set.kind => {
                    return Err(Fault::new(
                        Code::Name,
                        format!("the set `{}` is loaded from another file already", set.name),
                    ));
                }
                Some(_) => {
                    return Err(Fault::new(
                        Code::Name,
                        format!("the set `{}` holds another type of values already", set.name),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Reads `threshold.config`, for the rules read so far.
    pub fn thresholds(&mut self, path: &Path, bytes: &[u8]) {
        let file: Arc<str> = path.to_string_lossy().into();
        let text = String::from_utf8_lossy(bytes);
        for entry in syntax::entries(&text) {
            let (Entry::Rule(statement) | Entry::Indented(statement)) = entry;
            match threshold_file::parse(&statement.text, &self.environment.variables) {
                Ok(entry) => self.apply(&file, statement.line, &entry),
                Err(fault) => {
                    let whole = statement.text.len();
                    let fault = fault.shifted(0, whole);
                    self.errors.push(error(&file, &text, &statement, fault, None));
                }
            }
        }
    }

    fn apply(&mut self, file: &Arc<str>, line: u32, entry: &threshold_file::Entry) {
        let meant = |rule: &Rule| {
            (entry.gid == 0 || rule.meta.gid == entry.gid) && (entry.sid == 0 || rule.meta.sid == entry.sid)
        };
        let suppress = matches!(entry.late, Late::Suppress { .. });
        let mut found = false;
        for (rule, own) in self.rules.iter_mut().zip(&self.own_threshold) {
            let Some(rule) = rule.as_mut().filter(|rule| meant(rule)) else { continue };
            found = true;
            // A threshold of the rule itself goes before one from outside.
            if rule.firewall || (*own && !suppress) {
                let reason = format!("the rule {} keeps its own threshold", rule.meta.sid);
                self.skipped.push(Skipped { file: Arc::clone(file), line, reason });
                continue;
            }
            rule.late.push(entry.late.clone());
        }
        if !found {
            let reason = format!("there is no rule {}:{}", entry.gid, entry.sid);
            self.skipped.push(Skipped { file: Arc::clone(file), line, reason });
        }
    }

    /// What came of it.
    pub fn finish(self) -> Loaded {
        Loaded {
            rules: self.rules.into_iter().flatten().collect(),
            skipped: self.skipped,
            errors: self.errors,
            files: self.files,
        }
    }
}

/// A fault with its place in the file.
fn error(file: &Arc<str>, text: &str, statement: &Statement<'_>, fault: Fault, sid: Option<u32>) -> Error {
    let span = fault.span.unwrap_or(0..statement.text.len());
    let at = statement.file_offset(span.start).min(text.len());
    let start = text[..floor(text, at)].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let line = &text[start..end];
    let from = at - start;
    let to = (from + span.end.saturating_sub(span.start)).min(line.len());
    let breaks = text[statement.at.min(start)..start].bytes().filter(|byte| *byte == b'\n').count();
    Error {
        code: fault.code,
        file: Arc::clone(file),
        line: statement.line + breaks as u32,
        column: line[..floor(line, from)].chars().count() as u32 + 1,
        span: from..to.max(from),
        text: line.trim_end_matches('\r').to_owned(),
        sid,
        cause: fault.cause,
        help: fault.help,
    }
}

fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
