//! `targe investigate`: captures in, events, findings, incidents and a report out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use report::{Manifest, Report};

use crate::arguments::Investigate;
use crate::config::Settings;

/// Bytes gathered before they are written to disk.
const WRITE_BYTES: usize = 1 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &Investigate) -> Result<ExitCode> {
    let settings = settings(arguments)?;
    let mut source = capture::Source::open(&arguments.captures)?;
    let folder = &arguments.output;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let path = folder.join("eve.json");
    let eve = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut sink = Files { eve: BufWriter::with_capacity(WRITE_BYTES, eve) };
    let outcome = engine::run(&mut source, &settings.engine, &mut sink).context("cannot write eve.json")?;
    sink.eve.flush().context("cannot write eve.json")?;
    let report = Report {
        manifest: Manifest {
            program: format!("targe {}", env!("CARGO_PKG_VERSION")),
            shards: engine::SHARDS,
            ..Manifest::default()
        },
        overview: outcome.overview,
        findings: outcome.findings,
        incidents: outcome.incidents,
        losses: outcome.losses,
    };
    for (name, bytes) in
        [("findings.json", report.findings_json()), ("incidents.json", report.incidents_json())]
    {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !arguments.quiet {
        println!(
            "{} packets, {} records, {} incidents",
            outcome.summary.packets,
            outcome.summary.records,
            report.incidents.len()
        );
    }
    let found = arguments.exit_code && !report.incidents.is_empty();
    Ok(ExitCode::from(u8::from(found)))
}

fn settings(arguments: &Investigate) -> Result<Settings> {
    let mut settings = arguments.config.as_deref().map_or_else(|| Ok(Settings::new()), Settings::read)?;
    if let Some(networks) = &arguments.home_net {
        settings.merge(&format!("vars.address.HOME_NET: \"[{networks}]\""))?;
    }
    for pair in &arguments.set {
        let (key, value) =
            pair.split_once('=').with_context(|| format!("--set wants KEY=VALUE, not `{pair}`"))?;
        settings.merge(&format!("{key}: {value}"))?;
    }
    if let Some(workers) = arguments.workers {
        settings.engine.workers = workers;
    }
    Ok(settings)
}

/// Output files.
struct Files {
    eve: BufWriter<File>,
}

impl engine::Sink for Files {
    fn records(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.eve.write_all(bytes)
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}
