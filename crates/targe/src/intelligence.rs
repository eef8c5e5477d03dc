//! Indicator files: read for a run, and matched against the events of an earlier one.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use intel::{Indicators, Past};
use json::Json;

use crate::arguments::IntelCommand;

/// Something was met.
const EXIT_MET: u8 = 1;
/// Lines that cannot be used are printed up to here, and counted beyond.
const FAULTS_PRINTED: usize = 20;

/// What a file is called in findings and bundles: its name without its folder, in letters that every system takes.
pub(crate) fn label(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let plain: String = name.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
    plain.chars().take(LABEL_LETTERS_MAX).collect()
}

/// Letters of a label.
const LABEL_LETTERS_MAX: usize = 120;

/// Reads indicator files that a bundle carries, each under the label it had.
pub(crate) fn read_carried<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Indicators {
    let mut indicators = Indicators::default();
    for (label, content) in files {
        // Lines that cannot be used were told when the bundle was made.
        let _ = indicators.read(label, content);
    }
    indicators
}

/// Reads indicator files; lines that cannot be used are told on standard error.
///
/// # Errors
/// A file that cannot be read, or that holds no indicator at all.
pub(crate) fn read(files: &[PathBuf], quiet: bool) -> Result<Indicators> {
    let mut indicators = Indicators::default();
    for path in files {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let before = indicators.list().len();
        let faults = indicators.read(&label(path), &bytes);
        for fault in faults.iter().take(FAULTS_PRINTED) {
            eprintln!("targe: {fault}");
        }
        if faults.len() > FAULTS_PRINTED {
            eprintln!(
                "targe: {}: and {} more lines that cannot be used",
                path.display(),
                faults.len() - FAULTS_PRINTED
            );
        }
        let added = indicators.list().len() - before;
        if added == 0 && !faults.is_empty() && before == 0 && files.len() == 1 {
            bail!("{} holds no indicator that can be used", path.display());
        }
        if !quiet {
            eprintln!(
                "intel: {added} indicators of {}, {} lines cannot be used",
                path.display(),
                faults.len()
            );
        }
    }
    Ok(indicators)
}

/// Carries out `targe intel …`.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn command(command: &IntelCommand) -> Result<ExitCode> {
    let IntelCommand::Match { events, files, json } = command;
    let indicators = read(files, *json)?;
    let past = matched(events, &indicators)?;
    if *json {
        print!("{}", String::from_utf8_lossy(&listing(&past, &indicators)));
    } else {
        tell(&past, &indicators);
    }
    Ok(if past.hits(&indicators).is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_MET) })
}

fn matched(events: &Path, indicators: &Indicators) -> Result<Past> {
    let path = if events.is_dir() { events.join("eve.json") } else { events.to_owned() };
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut past = Past::default();
    for line in BufReader::with_capacity(1 << 20, file).lines() {
        past.line(&line.with_context(|| format!("cannot read {}", path.display()))?, indicators);
    }
    Ok(past)
}

fn tell(past: &Past, indicators: &Indicators) {
    let hits = past.hits(indicators);
    println!("{} records, {} sightings of indicators", past.lines, hits.len());
    for hit in hits {
        let indicator = &indicators.list()[hit.indicator as usize];
        let note = if indicator.note.is_empty() { String::new() } else { format!(" ({})", indicator.note) };
        println!(
            "{:3} of 100  {} {}{note}, by {}\n            {} and {}: {} {}, {} times from {} to {}",
            indicator.confidence,
            indicator.kind.word(),
            indicator.value,
            indicator.source,
            hit.ends.0,
            hit.ends.1,
            hit.field,
            hit.value,
            hit.count,
            hit.first,
            hit.last
        );
    }
    for (count, what) in [(past.broken, "lines are no records"), (past.left_out, "sightings found no room")] {
        if count > 0 {
            println!("{count} {what}");
        }
    }
}

fn listing(past: &Past, indicators: &Indicators) -> Vec<u8> {
    let mut json = Json::new();
    json.object_item()
        .number("records", past.lines)
        .number("broken", past.broken)
        .number("left_out", past.left_out);
    json.array("sightings");
    for hit in past.hits(indicators) {
        let indicator = &indicators.list()[hit.indicator as usize];
        json.object_item().text("kind", indicator.kind.word()).text("indicator", &indicator.value);
        json.number("confidence", indicator.confidence)
            .text("source", &indicator.source)
            .text("note", &indicator.note);
        json.array("ends").text_item(&hit.ends.0).text_item(&hit.ends.1).end();
        json.text("field", hit.field).text("value", &hit.value);
        json.text("first", &hit.first).text("last", &hit.last).number("count", hit.count).end();
    }
    json.end().end();
    json.bytes_mut().push(b'\n');
    std::mem::take(json.bytes_mut())
}
