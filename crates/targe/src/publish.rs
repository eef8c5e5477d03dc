//! Reports in other formats: beside an investigation, or again from its `report.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use report::learned::{self, Candidate, Trial};
use report::{Format, Report};

use crate::arguments::{Investigate, OutputAs, ReportCommand};

/// Writes the further formats that an investigation was asked for, and says which files those are.
///
/// # Errors
/// A format that this program was built without, or a file that cannot be written.
pub(crate) fn investigated(arguments: &Investigate, report: &Report) -> Result<Vec<String>> {
    let output = &arguments.output_as;
    let mut written = write(report, output, &arguments.output)?;
    if output.format.contains(&Format::Rules) {
        let candidates = learned::candidates(report);
        let trials = try_out(arguments, report, &candidates)?;
        if !arguments.quiet {
            let offered = learned::offered(&candidates, &trials);
            println!(
                "learned.rules: {offered} of {} rules stood their trial on the capture",
                candidates.len()
            );
        }
        save(
            &arguments.output,
            "learned.rules",
            &learned::render(report, output.edition(), &candidates, &trials),
        )?;
        written.push("learned.rules".to_owned());
    }
    Ok(written)
}

/// `targe report`: formats again, from the saved value.
///
/// # Errors
/// A folder without a report, a format that needs the capture, a file that cannot be written.
pub(crate) fn again(command: &ReportCommand) -> Result<ExitCode> {
    let file = if command.from.is_dir() { command.from.join("report.json") } else { command.from.clone() };
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let report = Report::from_json(&bytes).with_context(|| format!("cannot use {}", file.display()))?;
    if command.output_as.format.contains(&Format::Rules) {
        bail!("{}", report::Unavailable::NeedsCapture);
    }
    let folder = command.output.as_deref().or(file.parent()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if command.output_as.format.is_empty() {
        save(folder, "report.html", &report::page::render(&report, command.output_as.edition()))?;
    }
    write(&report, &command.output_as, folder)?;
    Ok(ExitCode::SUCCESS)
}

fn write(report: &Report, output: &OutputAs, folder: &Path) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for format in output.format.iter().filter(|format| **format != Format::Rules) {
        for (name, bytes) in format.render(report, output.edition())? {
            save(folder, &name, &bytes)?;
            written.push(name);
        }
    }
    Ok(written)
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Runs the candidates on the capture they were learned from, and counts where they fire.
fn try_out(
    arguments: &Investigate,
    report: &Report,
    candidates: &[Candidate],
) -> Result<BTreeMap<u32, Trial>> {
    if candidates.is_empty() {
        return Ok(BTreeMap::new());
    }
    if arguments.captures.iter().any(|path| path.as_os_str() == "-") {
        bail!(
            "rules are tried on the capture a second time, and standard input can be read only once: give a file"
        );
    }
    let mut settings = crate::investigate::settings(arguments)?;
    let text: Vec<String> = candidates.iter().map(Candidate::trial_text).collect();
    crate::rules::load_text(&mut settings, "learned.rules", &text.join("\n"))?;
    settings.engine.detectors = false;
    let mut source = capture::Source::open(&arguments.captures)?;
    let mut alerts = Alerts { parties: learned::parties(report), trials: BTreeMap::new() };
    engine::run(&mut source, &settings.engine, &mut alerts).context("the trial of learned rules failed")?;
    Ok(alerts.trials)
}

/// Counts alerts by rule, inside the incidents and outside.
struct Alerts {
    parties: BTreeSet<IpAddr>,
    trials: BTreeMap<u32, Trial>,
}

impl Alerts {
    fn count(&mut self, record: &serde_json::Value) -> Option<()> {
        let address = |key: &str| record.get(key)?.as_str()?.parse::<IpAddr>().ok();
        let sid = u32::try_from(record.get("alert")?.get("signature_id")?.as_u64()?).ok()?;
        let (source, destination) = (address("src_ip")?, address("dest_ip")?);
        let packet = record.get("pcap_cnt").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let trial = self.trials.entry(sid).or_default();
        if self.parties.contains(&source) && self.parties.contains(&destination) {
            trial.inside += 1;
        } else {
            trial.outside += 1;
            trial.example = trial.example.or(Some((source, destination, packet)));
        }
        Some(())
    }
}

impl engine::Sink for Alerts {
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        let lines = pieces.flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
        for line in lines.filter(|line| is_alert(line)) {
            if let Ok(record) = serde_json::from_slice(line) {
                self.count(&record);
            }
        }
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// Whether a line may be an alert; most are not, and need not be parsed.
fn is_alert(line: &[u8]) -> bool {
    const KIND: &[u8] = b"\"event_type\":\"alert\"";
    line.windows(KIND.len()).any(|window| window == KIND)
}
