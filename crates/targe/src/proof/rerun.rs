//! The re-run: the engine, set up from a bundle alone, on packets that keep their numbers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use capture::Source;
use engine::Outcome;

use crate::config::Settings;
use crate::scanner::Scanner;

/// Where a bundle keeps the configuration and what belongs to it.
pub(crate) const CONFIGURATION: &str = "configuration.yaml";
pub(crate) const RULES: &str = "rules/needed.rules";
pub(crate) const CLASSIFICATION: &str = "configuration/classification.config";
pub(crate) const REFERENCE: &str = "configuration/reference.config";
pub(crate) const THRESHOLD: &str = "configuration/threshold.config";
pub(crate) const REPUTATION_CATEGORIES: &str = "configuration/reputation-categories.txt";
pub(crate) const REPUTATION: &str = "configuration/reputation-";
pub(crate) const INTEL: &str = "intel/";
pub(crate) const YARA: &str = "yara/";

/// The engine, set up as a bundle's files say.
pub(crate) struct Rerun {
    settings: Settings,
    scanner: Option<Scanner>,
}

impl Rerun {
    /// Sets it up, for as many runs as are wanted.
    ///
    /// # Errors
    /// A configuration that cannot be used, or no room for the rules on disk.
    pub(crate) fn new(files: &[(String, Vec<u8>)]) -> Result<Self> {
        let (mut settings, scratch) = settings(files)?;
        let mut lists =
            files.iter().filter_map(|(name, content)| Some((label(name)?, &**content))).peekable();
        if lists.peek().is_some() {
            let indicators = crate::intelligence::read_carried(lists);
            settings.engine.protocol.files.sha256 |= indicators.needs_sha256();
            settings.engine.intel = Some(std::sync::Arc::new(indicators));
        }
        let mut yara = Vec::new();
        for (name, content) in files.iter().filter(|(name, _)| HAS_YARA && name.starts_with(YARA)) {
            yara.push(scratch.file(&name.replace('/', "-"), content)?);
        }
        if files.iter().any(|(name, content)| name.starts_with(YARA) && reads_others(content)) {
            bail!("a YARA rule of the bundle includes another file");
        }
        let scanner = Scanner::new(&yara)?;
        if scanner.is_some() {
            let files = &mut settings.engine.protocol.files;
            (files.store, files.store_all, files.sha256) = (true, true, true);
        }
        Ok(Self { settings, scanner })
    }

    /// Runs it; `packets`: how many there are, where that is known. Their number never changes a result.
    ///
    /// # Errors
    /// None that is known of: records go nowhere.
    pub(crate) fn run(&mut self, source: &mut Source, packets: Option<usize>) -> Result<Outcome> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A thread that has little to do costs more than it saves.
        let useful = packets.map_or(WORKERS_MAX, |packets| 1 + packets / WORKER_PACKETS);
        self.settings.engine.workers = cores.min(useful).min(WORKERS_MAX);
        let mut sink = Nowhere { scanner: self.scanner.as_mut() };
        engine::run(source, &self.settings.engine, &mut sink).context("the re-run failed")
    }
}

/// The label of an indicator file, from the name of its member: `intel/000-bad.csv`.
fn label(member: &str) -> Option<&str> {
    Some(member.strip_prefix(INTEL)?.split_once('-')?.1)
}

/// Whether this program can match YARA rules.
pub(crate) const HAS_YARA: bool = cfg!(feature = "yara");

/// Whether YARA rules ask for other files: those would be read from whatever machine they are compiled on.
pub(crate) fn reads_others(rules: &[u8]) -> bool {
    rules.windows(INCLUDE.len()).any(|window| window == INCLUDE)
}

const INCLUDE: &[u8] = b"include";

/// The settings of a bundle, and the folder that its rules lie in meanwhile.
fn settings(files: &[(String, Vec<u8>)]) -> Result<(Settings, Scratch)> {
    let get =
        |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, content)| content.as_slice());
    let Some(configuration) = get(CONFIGURATION) else {
        bail!("the bundle holds no {CONFIGURATION}: it was taken out");
    };
    let mut settings = Settings::new();
    let text = std::str::from_utf8(configuration).context("the configuration is no UTF-8")?;
    // Most runs change no setting, and to write all of them is quicker than to read them.
    if settings.show() != text {
        settings.merge(text)?;
    }
    settings.confined = true;
    settings.set("firewall.rules", &serde_json::Value::from(""))?;
    let scratch = Scratch::new()?;
    let place = |name: &str| -> Result<Option<PathBuf>> {
        get(name).map(|content| scratch.file(&name.replace('/', "-"), content)).transpose()
    };
    settings.files.classification = place(CLASSIFICATION)?;
    settings.files.reference = place(REFERENCE)?;
    settings.files.threshold = place(THRESHOLD)?;
    settings.files.reputation_categories = place(REPUTATION_CATEGORIES)?;
    settings.files.reputation.clear();
    for (name, _) in
        files.iter().filter(|(name, _)| name.starts_with(REPUTATION) && name != REPUTATION_CATEGORIES)
    {
        settings.files.reputation.extend(place(name)?);
    }
    let rules: Vec<PathBuf> = place(RULES)?.into_iter().collect();
    crate::rules::load(&mut settings, &rules, true)?;
    // Nobody reads the records of a re-run: none is written.
    settings.engine.eve.types = vec![NO_RECORDS.to_owned()];
    let stored = &mut settings.engine.protocol.files;
    stored.sha256 |= stored.store;
    Ok((settings, scratch))
}

/// A type that no record has.
const NO_RECORDS: &str = "none";

/// Threads of a re-run at most; their number never changes a result.
const WORKERS_MAX: usize = 4;
/// Packets that keep a thread busy.
const WORKER_PACKETS: usize = 100_000;

/// A folder for the time of a run.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let base = std::env::temp_dir();
        for number in 0..ATTEMPTS_MAX {
            let path = base.join(format!("targe-rerun-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make the folder {}", path.display()));
                }
            }
        }
        bail!("cannot make a folder below {}", base.display())
    }

    fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.0.join(Path::new(name).file_name().context("a file of a bundle has a name")?);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Folders that are tried.
const ATTEMPTS_MAX: u32 = 1_000;

/// Records go nowhere: only the judgement counts.
struct Nowhere<'a> {
    scanner: Option<&'a mut Scanner>,
}

impl engine::Sink for Nowhere<'_> {
    fn records(&mut self, _pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        Ok(())
    }

    fn file(&mut self, sha256: &str, content: &[u8]) -> std::io::Result<()> {
        if let Some(scanner) = &mut self.scanner {
            scanner.file(sha256, content);
        }
        Ok(())
    }

    fn verdicts(&mut self) -> Vec<engine::FileVerdict> {
        self.scanner.as_mut().map_or_else(Vec::new, |scanner| scanner.verdicts())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}
