//! `targe investigate`: captures in, events, findings, incidents and a report out.

use std::fs::File;
use std::io::{IoSlice, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use model::{LossMark, PacketId};
use report::{Manifest, Report};
use sha2::{Digest, Sha256};

use crate::arguments::Investigate;
use crate::config::Settings;
use crate::reload::Reload;
use crate::scanner::Scanner;

/// Inputs from this size on show a progress bar.
const LONG_INPUT_BYTES: u64 = 64 << 20;
/// Inputs up to this size, all together, are always named by their digest.
const DIGEST_BYTES: u64 = 256 << 20;
/// Pieces that are written to disk together.
const WRITTEN_TOGETHER: usize = 64;

/// What the report says where checksums were not held against segments.
const OFFLOADED: &str = "wrong TCP checksums were not held against segments: more than a tenth of the first ones are wrong, as \
                         where the sender's hardware fills them in after they were recorded";

/// Runs the command.
pub(crate) fn run(arguments: &Investigate) -> Result<ExitCode> {
    let mut settings = settings(arguments)?;
    // A key that cannot be used is told before the work, not after it.
    let key = arguments.key.as_deref().map(crate::proof::read_private).transpose()?;
    let rules = crate::rules::load(&mut settings, &arguments.rules, arguments.quiet)?;
    // As they were read now: they may be others when the run ends.
    let rule_files = rule_files(&arguments.rules)?;
    settings.engine.places = places(&settings)?;
    if !arguments.intel.is_empty() {
        let indicators = crate::intelligence::read(&arguments.intel, arguments.quiet)?;
        settings.engine.protocol.files.sha256 |= indicators.needs_sha256();
        settings.engine.intel = Some(Arc::new(indicators));
    }
    let scanner = Scanner::new(&arguments.yara)?;
    let kept = settings.engine.protocol.files.store;
    if scanner.is_some() {
        // The content of every file that can be seen as a whole is needed, but only what was asked for is written.
        let files = &mut settings.engine.protocol.files;
        (files.store, files.store_all, files.sha256) = (true, true, true);
    }
    let folder = &arguments.output;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let inputs = Inputs::new(arguments, folder)?;
    let offloaded = settings.engine.checksum_auto && are_offloaded(&inputs.paths, &settings)?;
    if offloaded {
        // Said in the settings, so that a re-run from the bundle reads the same.
        settings.merge("stream.checksum_validation: false")?;
    }
    let mut source = capture::Source::open(&inputs.paths)?;
    let with_digests = wants_digests(arguments, source.total_bytes());
    if with_digests {
        source.digest_inputs();
    }
    let path = folder.join("eve.json");
    let eve = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let progress = progress_bar(arguments, source.total_bytes());
    let mut sink = Files { eve, store: kept.then(|| folder.join("filestore")), scanner, progress };
    // What is to be run again must not depend on when a signal came.
    let listens = rules.is_some() && arguments.bundle.is_none();
    let mut reload =
        listens.then(|| Reload::on_hangup(&settings, &arguments.rules, arguments.quiet)).transpose()?;
    let orders: &mut dyn engine::Orders = match &mut reload {
        Some(reload) => reload,
        None => &mut engine::NoOrders,
    };
    let outcome = engine::run_with_orders(&mut source, &settings.engine, &mut sink, orders)
        .context("cannot write eve.json")?;
    sink.progress.finish_and_clear();
    for (path, content) in &outcome.data_sets {
        save(Path::new(path), folder, content)?;
    }
    let mut outcome = outcome;
    if offloaded {
        outcome.losses.push(LossMark { after: PacketId(0), reason: OFFLOADED.into() });
    }
    let mut report = Report {
        manifest: manifest(
            arguments,
            &inputs,
            &settings,
            &mut source,
            with_digests,
            rule_files
                .into_iter()
                .map(|(name, digest)| (name, digest, rules.as_ref().map_or(0, |rules| rules.count))),
        )?,
        overview: outcome.overview,
        findings: outcome.findings,
        incidents: outcome.incidents,
        losses: outcome.losses,
    };
    if let Some(store) = &arguments.store {
        crate::campaign::link(store, &mut report)?;
    }
    let report = report;
    let saved = report.to_json();
    let page = report::page::render(&report, arguments.output_as.edition());
    debug_assert!(
        Report::from_json(&saved)
            .is_ok_and(|again| report::page::render(&again, arguments.output_as.edition()) == page),
        "the page is the same when it is made again from what is saved"
    );
    let files = [
        ("findings.json", report.findings_json()),
        ("incidents.json", report.incidents_json()),
        ("claims.json", report::claim::claims_json(&report::claim::claims(&report))),
        ("overview.json", report.overview_json()),
        ("report.json", saved),
        ("report.html", page.clone()),
    ];
    let listing = rules.map(|rules| ("rules.json", rules.listing));
    let changed = reload.and_then(|reload| reload.listing()).map(|listing| ("reloads.json", listing));
    for (name, bytes) in files.into_iter().chain(listing).chain(changed) {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let more = crate::publish::investigated(arguments, &report)?;
    say(arguments, &report, &more);
    if let Some(path) = &arguments.bundle {
        let making = crate::proof::Making {
            report: &report,
            page: &page,
            settings: &settings,
            rules: &arguments.rules,
            intel: &arguments.intel,
            yara: &arguments.yara,
            captures: &inputs.paths,
            key,
        };
        let said = crate::proof::write(&making, path)?;
        if !arguments.quiet {
            eprintln!("{said}");
        }
    }
    let found = arguments.exit_code && !report.incidents.is_empty();
    Ok(ExitCode::from(u8::from(found)))
}

/// Writes a data set that rules changed: where its rule says, below the output folder unless that is absolute.
fn save(path: &Path, folder: &Path, content: &[u8]) -> Result<()> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// The databases that say where addresses are; `None` when none is given.
fn places(settings: &Settings) -> Result<Option<Arc<incident::Places>>> {
    let read = |path: &Option<PathBuf>| {
        path.as_ref()
            .map(|path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display())))
            .transpose()
    };
    let (asn, country) = (read(&settings.places.0)?, read(&settings.places.1)?);
    if asn.is_none() && country.is_none() {
        return Ok(None);
    }
    let places = incident::Places::read(asn, country).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Some(Arc::new(places)))
}

/// Whether the inputs were recorded where hardware fills in checksums. Only files can be looked at twice.
fn are_offloaded(captures: &[PathBuf], settings: &Settings) -> Result<bool> {
    if captures.iter().any(|path| !path.is_file()) {
        return Ok(false);
    }
    let mut front = capture::Source::open(captures)?;
    Ok(engine::checksums_are_offloaded(&mut front, &settings.engine.decode))
}

/// The summary, as text or JSON.
fn say(arguments: &Investigate, report: &Report, more: &[String]) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is no reason to fail: the files are written.
    let _ = if arguments.json {
        out.write_all(&report.incidents_json())
    } else if arguments.quiet {
        Ok(())
    } else {
        let width = console_width();
        let colour = std::io::stdout().is_terminal();
        let folder = arguments.output.display();
        let more: String = more.iter().map(|name| format!(", {name}")).collect();
        writeln!(
            out,
            "{}Written: {folder}/report.html, incidents.json, findings.json, claims.json, eve.json{more}",
            report::summary(report, colour, width)
        )
    };
}

/// Columns of the terminal; lines of a file are not cut.
fn console_width() -> usize {
    if std::io::stdout().is_terminal() { usize::from(console::Term::stdout().size().1) } else { 4096 }
}

/// The inputs as they are read: standard input is kept in a file while a bundle needs a second reading.
struct Inputs {
    paths: Vec<PathBuf>,
    spool: Option<PathBuf>,
}

impl Inputs {
    fn new(arguments: &Investigate, folder: &std::path::Path) -> Result<Self> {
        let mut inputs = Self { paths: arguments.captures.clone(), spool: None };
        if arguments.bundle.is_some()
            && let Some(place) = inputs.paths.iter_mut().find(|path| path.as_os_str() == "-")
        {
            let spool = crate::proof::spool(folder)?;
            place.clone_from(&spool);
            inputs.spool = Some(spool);
        }
        Ok(inputs)
    }
}

impl Inputs {
    /// What an input is called: a file by its name, one of a folder by its place below the folder.
    fn name_of(&self, path: &Path) -> String {
        if self.spool.as_deref() == Some(path) {
            return "-".to_owned();
        }
        let below = self
            .paths
            .iter()
            .filter(|folder| folder.is_dir())
            .find_map(|folder| path.strip_prefix(folder).ok());
        let name = below.unwrap_or_else(|| path.file_name().map_or(path, Path::new));
        name.to_string_lossy().into_owned()
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        if let Some(path) = &self.spool {
            // What cannot be removed stays: the run itself is done.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether inputs are named by their digest: always where something rests on it, and where it costs next to nothing.
fn wants_digests(arguments: &Investigate, total: Option<u64>) -> bool {
    let rested_on =
        arguments.bundle.is_some() || arguments.store.is_some() || !arguments.output_as.format.is_empty();
    arguments.digest || rested_on || total.is_none_or(|bytes| bytes <= DIGEST_BYTES)
}

/// What the report was made from; inputs are named by their digests where that is wanted.
fn manifest(
    arguments: &Investigate,
    inputs: &Inputs,
    settings: &Settings,
    source: &mut capture::Source,
    with_digests: bool,
    rules: impl Iterator<Item = (String, String, usize)>,
) -> Result<Manifest> {
    let digests = with_digests.then(|| source.digests());
    let mut manifest = Manifest {
        program: format!("targe {}", env!("CARGO_PKG_VERSION")),
        configuration: digest(&mut settings.show().as_bytes())?.1,
        shards: engine::SHARDS,
        ..Manifest::default()
    };
    let read: Vec<PathBuf> = source.inputs().map(|facts| facts.path.clone()).collect();
    for path in &read {
        let open = || File::open(path).with_context(|| format!("cannot read {}", path.display()));
        let known = digests.iter().flatten().find(|(read, _, _)| read == path);
        let (bytes, sha256) = match known {
            Some((_, bytes, digest)) => (*bytes, hex(digest)),
            // A stream that broke off: what it would have been is not known.
            None if !path.is_file() => continue,
            None if digests.is_some() => digest(&mut open()?)?,
            None => (open()?.metadata()?.len(), String::new()),
        };
        manifest.inputs.push((inputs.name_of(path), bytes, sha256));
    }
    for path in arguments.intel.iter().chain(&arguments.yara) {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        manifest.intel.push((name, digest(&mut file)?.1));
    }
    manifest.rules.extend(rules);
    Ok(manifest)
}

/// Names and digests of rule files.
fn rule_files(paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let one = |path: &PathBuf| {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok((name, digest(&mut file)?.1))
    };
    paths.iter().map(one).collect()
}

/// Bytes and SHA-256 of what a reader gives.
fn digest(reader: &mut dyn Read) -> Result<(u64, String)> {
    let mut hash = Sha256::new();
    let bytes = std::io::copy(reader, &mut hash)?;
    Ok((bytes, hex(&hash.finalize())))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bar with rate and time left on standard error, for long inputs and only on a terminal.
fn progress_bar(arguments: &Investigate, total: Option<u64>) -> ProgressBar {
    if arguments.quiet
        || !std::io::stderr().is_terminal()
        || total.is_some_and(|bytes| bytes < LONG_INPUT_BYTES)
    {
        return ProgressBar::hidden();
    }
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left, {msg}");
    bar.with_style(style.expect("the template is a constant that parses"))
}

/// The settings that the arguments ask for.
pub(crate) fn settings(arguments: &Investigate) -> Result<Settings> {
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
    // Stored files are named by their digest.
    let files = &mut settings.engine.protocol.files;
    files.sha256 |= files.store;
    Ok(settings)
}

/// Writes all that slices hold, without bringing it together first.
fn write_slices(file: &mut File, mut slices: &mut [IoSlice<'_>]) -> std::io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match file.write_vectored(slices) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Output files, and the progress bar.
struct Files {
    eve: File,
    /// Where stored files go: below it a folder per first byte of the digest, as Suricata's `filestore`.
    store: Option<PathBuf>,
    scanner: Option<Scanner>,
    progress: ProgressBar,
}

impl engine::Sink for Files {
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        loop {
            let mut slices = [IoSlice::new(&[]); WRITTEN_TOGETHER];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&mut *pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            if count == 0 {
                return Ok(());
            }
            write_slices(&mut self.eve, &mut slices[..count])?;
        }
    }

    fn file(&mut self, sha256: &str, content: &[u8]) -> std::io::Result<()> {
        if let Some(scanner) = &mut self.scanner {
            scanner.file(sha256, content);
        }
        let Some(store) = &self.store else { return Ok(()) };
        let folder = store.join(sha256.get(..2).unwrap_or(sha256));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(sha256), content)
    }

    fn verdicts(&mut self) -> Vec<engine::FileVerdict> {
        self.scanner.as_mut().map_or_else(Vec::new, Scanner::verdicts)
    }

    fn progress(&mut self, packets: u64, bytes: u64) {
        if !self.progress.is_hidden() {
            self.progress.set_position(bytes);
            self.progress.set_message(format!("{} packets", report::words::count(packets)));
        }
    }
}
