//! `targe rules test` and `targe rules profile`: a capture is run with somebody watching the rules.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use json::Json;
use model::Direction;
use rules::{HITS_MAX, Near, RuleSet, Scenery, Search, Sig, Testimony, Watch, Witness};

use super::Trial;
use crate::config::Settings;

/// Rules whose conditions are watched at most: each is held against everything in the capture.
const WATCHED_MAX: usize = 2_000;

/// Nothing is written: only what becomes of the rules counts.
struct Nowhere;

impl engine::Sink for Nowhere {
    fn records(&mut self, _pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// Runs a capture and tells what became of each rule.
fn watched(trial: &Trial, watch: Watch) -> Result<(std::sync::Arc<RuleSet>, Witness)> {
    let mut settings = trial.settings()?;
    settings.engine.detectors = false;
    super::load(&mut settings, std::slice::from_ref(&trial.rules), true)?;
    let Some(rules) = settings.engine.rules.clone() else { bail!("there are no rules") };
    if let Watch::Conditions(sids) = &watch
        && sids.is_empty()
        && rules.len() > WATCHED_MAX
    {
        bail!("{} rules are too many to watch each of them: name some with --sid", rules.len());
    }
    settings.engine.watch = Some(watch);
    let witness = run(&settings, &trial.captures)?;
    Ok((rules, witness))
}

fn run(settings: &Settings, captures: &[PathBuf]) -> Result<Witness> {
    let mut source = capture::Source::open(captures)?;
    let outcome = engine::run(&mut source, &settings.engine, &mut Nowhere).context("cannot run")?;
    Ok(outcome.witness.unwrap_or_default())
}

/// Rules with what became of them, by number.
fn by_number<'a>(rules: &'a RuleSet, told: &'a [Testimony], sids: &[u32]) -> Vec<(&'a Sig, &'a Testimony)> {
    let mut list: Vec<(&Sig, &Testimony)> = (0u32..)
        .zip(told)
        .map(|(position, told)| (rules.rule(position), told))
        .filter(|(rule, _)| sids.is_empty() || sids.contains(&rule.meta.sid))
        .collect();
    list.sort_by_key(|(rule, _)| (rule.meta.gid, rule.meta.sid));
    list
}

/// Carries out `targe rules test`: 0 when every rule gave an alert, 1 when one did not.
///
/// # Errors
/// Rules or captures that cannot be read, or rules that cannot be honoured.
pub(super) fn test(trial: &Trial, sids: &[u32], as_json: bool) -> Result<ExitCode> {
    let (rules, told) = watched(trial, Watch::Conditions(sids.to_vec()))?;
    let list = by_number(&rules, &told.rules, sids);
    if list.is_empty() {
        bail!("there is no such rule in {}", trial.rules.display());
    }
    if as_json {
        print!("{}", test_json(&list));
    } else {
        print!("{}", test_text(&list));
    }
    let all = list.iter().all(|(_, told)| told.alerts > 0);
    Ok(ExitCode::from(u8::from(!all)))
}

fn test_text(list: &[(&Sig, &Testimony)]) -> String {
    let mut out = String::new();
    for (rule, told) in list {
        let _ = writeln!(out, "{}:{} {}", rule.meta.gid, rule.meta.sid, rule.meta.msg);
        for hit in &told.hits {
            let _ = writeln!(out, "  alert  {}", place(&hit.at));
            if hit.held.is_empty() && told.nearest.is_some() {
                let _ = writeln!(out, "         the last of its conditions; the others had held before");
            }
            for held in &hit.held {
                let end = held.end.map_or_else(String::new, |end| format!(", ending at byte {end}"));
                let _ = writeln!(out, "         {}: {}{end}", held.buffer, held.condition);
            }
        }
        if told.alerts > HITS_MAX as u64 {
            let _ = writeln!(out, "  and {} more alerts", told.alerts - HITS_MAX as u64);
        }
        if told.alerts > 0 {
            continue;
        }
        if told.matches > 0 {
            let _ = writeln!(
                out,
                "  matched {} times, and says nothing: a threshold, `noalert`, or a rule before it",
                told.matches
            );
        } else if let Some(near) = &told.nearest {
            out.push_str(&near_text(near));
        } else {
            let _ = writeln!(out, "  no packet was held against it");
        }
    }
    out
}

fn near_text(near: &Near) -> String {
    let mut out = String::new();
    let buffer = if near.buffer.is_empty() { String::new() } else { format!("{}: ", near.buffer) };
    let _ = writeln!(out, "  no alert; came nearest at {}", place(&near.at));
    let _ = writeln!(
        out,
        "         {} of {} conditions held; then failed: {buffer}{}",
        near.held, near.of, near.failed
    );
    if !near.seen.is_empty() {
        let _ = writeln!(out, "         there was {}", near.seen);
    }
    out
}

fn place(at: &Scenery) -> String {
    let mut out = match at.packet.0 {
        0 => "the end of a flow".to_owned(),
        packet => format!("packet {packet}"),
    };
    out.push_str(match at.direction {
        Direction::ToServer => ", to the server",
        Direction::ToClient => ", to the client",
    });
    if at.flow.0 != 0 {
        let _ = write!(out, ", flow {}", at.flow.0);
    }
    if let Some(tx) = at.tx {
        let _ = write!(out, ", transaction {tx}");
    }
    out
}

fn test_json(list: &[(&Sig, &Testimony)]) -> String {
    let mut json = Json::new();
    json.object_item().array("rules");
    for (rule, told) in list {
        json.object_item().number("gid", rule.meta.gid).number("sid", rule.meta.sid);
        json.number("alerts", told.alerts).number("matches", told.matches).array("hits");
        for hit in &told.hits {
            json.object_item();
            place_json(&hit.at, &mut json);
            json.array("held");
            for held in &hit.held {
                json.object_item().text("buffer", &held.buffer).text("condition", &held.condition);
                if let Some(end) = held.end {
                    json.number("end", end);
                }
                json.end();
            }
            json.end().end();
        }
        json.end();
        if let (0, Some(near)) = (told.alerts, &told.nearest) {
            json.object("nearest");
            place_json(&near.at, &mut json);
            json.number("held", near.held).number("of", near.of).text("failed", &near.failed);
            json.text("buffer", &near.buffer).text("seen", &near.seen).end();
        }
        json.end();
    }
    json.end().end();
    format!("{}\n", String::from_utf8_lossy(json.bytes()))
}

fn place_json(at: &Scenery, json: &mut Json) {
    json.number("packet", at.packet.0);
    json.text("direction", if at.direction == Direction::ToServer { "to_server" } else { "to_client" });
    if at.flow.0 != 0 {
        json.number("flow_id", at.flow.0);
    }
    if let Some(tx) = at.tx {
        json.number("tx_id", tx);
    }
}

/// Carries out `targe rules profile`: rules by what they cost, dearest first.
///
/// # Errors
/// Rules or captures that cannot be read.
pub(super) fn profile(trial: &Trial, top: usize) -> Result<ExitCode> {
    let (rules, told) = watched(trial, Watch::Costs)?;
    let mut list = by_number(&rules, &told.rules, &[]);
    let (mut checks, mut steps, mut bytes) = (0, 0, 0);
    for (_, told) in &list {
        checks += told.checks;
        steps += told.steps;
        bytes += told.bytes;
    }
    let asked = list.iter().filter(|(_, told)| told.checks > 0).count();
    println!(
        "{} rules, {asked} of them asked: {checks} checks, {steps} steps, {bytes} bytes of buffers",
        list.len()
    );
    println!(
        "{:>10} {:>9} {:>9} {:>12} {:>14} {:>7}  rule",
        "checks", "matches", "alerts", "steps", "bytes", "bytes %"
    );
    list.sort_by_key(|(rule, told)| {
        (std::cmp::Reverse((told.bytes, told.steps, told.checks)), rule.meta.gid, rule.meta.sid)
    });
    for (rule, told) in list.iter().take(top).filter(|(_, told)| told.checks > 0) {
        let share = if bytes == 0 { 0.0 } else { told.bytes as f64 * 100.0 / bytes as f64 };
        println!(
            "{:>10} {:>9} {:>9} {:>12} {:>14} {share:>6.1}%  {}:{} {}",
            told.checks,
            told.matches,
            told.alerts,
            told.steps,
            told.bytes,
            rule.meta.gid,
            rule.meta.sid,
            rule.meta.msg
        );
    }
    print!("{}", searches(&rules, &told, top));
    Ok(ExitCode::SUCCESS)
}

/// What looking for strings came to, group by group, those with most bytes first. Groups with the same strings are one; its name
/// is the first one's.
fn searches(rules: &RuleSet, told: &Witness, top: usize) -> String {
    let mut list: Vec<(String, [usize; 4], Search)> = Vec::new();
    let groups = rules.groups();
    for (position, search) in (0u32..).zip(&told.searches).filter(|(_, search)| search.buffers > 0) {
        let mut named = groups.iter().filter(|group| group.search == Some(position));
        let Some(group) = named.next() else { continue };
        let more = named.count();
        let also = if more > 0 { format!(", and {more} more") } else { String::new() };
        list.push((format!("{}{also}", group.name), group.strings, *search));
    }
    list.sort_by(|one, other| (other.2.bytes, &one.0).cmp(&(one.2.bytes, &other.0)));
    let sum = list.iter().fold(Search::default(), |sum, (_, _, search)| Search {
        buffers: sum.buffers + search.buffers,
        bytes: sum.bytes + search.bytes,
        candidates: sum.candidates + search.candidates,
    });
    let mut out = format!(
        "{} packets: {} buffers searched, {} bytes, {} candidates\n{:>10} {:>12} {:>10} {:>7}  strings, group\n",
        told.packets, sum.buffers, sum.bytes, sum.candidates, "buffers", "bytes", "candidates", "per kB"
    );
    for (name, strings, search) in list.iter().take(top) {
        let per_kb = search.candidates as f64 * 1000.0 / search.bytes.max(1) as f64;
        let strings: usize = strings.iter().sum();
        let Search { buffers, bytes, candidates } = search;
        let _ =
            writeln!(out, "{buffers:>10} {bytes:>12} {candidates:>10} {per_kb:>7.3}  {strings:>6} {name}");
    }
    out
}
