//! `targe investigate`: captures in, events, findings, incidents and a report out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::arguments::Investigate;
use crate::config::Settings;

/// Bytes gathered before they are written to disk.
const WRITE_BYTES: usize = 1 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &Investigate) -> Result<ExitCode> {
    let settings = settings(arguments)?;
    let mut source = capture::Source::open(&arguments.captures)?;
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot make the folder {}", arguments.output.display()))?;
    let path = arguments.output.join("eve.json");
    let eve = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut sink = Files { eve: BufWriter::with_capacity(WRITE_BYTES, eve) };
    let summary = engine::run(&mut source, &settings.engine, &mut sink).context("cannot write eve.json")?;
    sink.eve.flush().context("cannot write eve.json")?;
    if !arguments.quiet {
        println!("{} packets, {} records", summary.packets, summary.records);
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(arguments: &Investigate) -> Result<Settings> {
    let mut settings = arguments.config.as_deref().map_or_else(|| Ok(Settings::new()), Settings::read)?;
    if let Some(networks) = &arguments.home_net {
        settings.set("vars.address.HOME_NET", &format!("[{networks}]").into())?;
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

    fn event(&mut self, _event: &model::Event) {}

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}
