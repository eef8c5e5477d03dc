//! Loads rules as the settings say, and tells what became of each.

mod pairs;
mod watch;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use json::Json;
use rules::ir::Verb;
use rules::{BodyWindow, Countries, Environment, Loaded, Loader, Policies, Reputation, RuleSet};

use crate::arguments::{RulesCommand, Trial};
use crate::config::{Settings, plain};
use crate::rule_cache::{Place, Told};

/// Some rules cannot be honoured.
const EXIT_REFUSED: u8 = 1;
/// Refused rules printed in full.
const PRINTED_MAX: usize = 10;

/// Loads and compiles rule files into the settings; `None` when there are none.
///
/// # Errors
/// A file that cannot be read; with `rules.errors_fatal`, also any rule that cannot be honoured.
pub(crate) fn load(settings: &mut Settings, files: &[PathBuf], quiet: bool) -> Result<Option<Rules>> {
    let firewall = settings.text("firewall.rules");
    if files.is_empty() && firewall.is_empty() && settings.policies.is_none() {
        return Ok(None);
    }
    let contents = contents(settings, files)?;
    let environment = environment(settings)?;
    let reputation = Arc::new(reputation(settings)?);
    let inspection = rules::Settings { reputation, ..inspection(settings) };
    let place = Place::of(settings, &contents);
    let unpack = |shelf, from| RuleSet::from_shelf(shelf, from, inspection.clone(), &environment);
    // What is found needs no text: not to have both in memory at a time is worth reading it once more when it is of no use.
    let kept = place.as_ref().filter(|place| place.is_taken());
    let contents = Some(contents).filter(|_| kept.is_none());
    let found = kept.and_then(|place| place.find(unpack));
    let (compiled, told) = match found {
        Some(found) => found,
        None => {
            let contents = contents.map_or_else(|| self::contents(settings, files), Ok)?;
            let loaded = read_into(Loader::new(&environment), settings, files, contents)?;
            let told = told(&loaded);
            let compiled = RuleSet::compile(loaded.rules, inspection.clone());
            // What was kept need not be in memory.
            let kept = place.as_ref().and_then(|place| {
                place.keep(&compiled, &told);
                place.find(unpack)
            });
            kept.unwrap_or((compiled, told))
        }
    };
    eprint!("{}", told.errors);
    if !quiet {
        eprint!("{}", told.summary);
    }
    if told.refused > 0 && settings.is_on("rules.errors_fatal") {
        bail!("{} rules cannot be honoured, and rules.errors_fatal is set", told.refused);
    }
    if !quiet && settings.engine.workers > 1 && compiled.needs_order() {
        eprint!("{}", one_worker(&compiled));
    }
    let [md5, sha1, sha256] = compiled.needs_hashes();
    let hashes = &mut settings.engine.protocol.files;
    hashes.md5 |= md5;
    hashes.sha1 |= sha1;
    hashes.sha256 |= sha256;
    settings.engine.rules = Some(Arc::new(compiled));
    Ok(Some(Rules { listing: told.listing, count: told.count }))
}

/// Says which rules keep a run from using more than one worker.
fn one_worker(rules: &RuleSet) -> String {
    let mut named = Vec::new();
    let mut count = 0;
    for (rule, why) in rules.ordering() {
        count += 1;
        if named.len() < PRINTED_MAX {
            named.push(format!("{}:{} ({why})", rule.meta.gid, rule.meta.sid));
        }
    }
    let more =
        if count > named.len() { format!(", and {} more", count - named.len()) } else { String::new() };
    match count {
        0 => "rules: prevention takes one packet after the other, on one worker\n".to_owned(),
        _ => format!(
            "rules: one worker, since the order of packets across flows matters to {}{more}\n",
            named.join(", ")
        ),
    }
}

fn read(settings: &Settings, files: &[PathBuf]) -> Result<Loaded> {
    let contents = contents(settings, files)?;
    read_into(Loader::new(&environment(settings)?), settings, files, contents)
}

/// Every file that says what rules there are and what they mean, as it is; rule files first.
fn contents(settings: &Settings, files: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let firewall = settings.text("firewall.rules");
    let firewall = (!firewall.is_empty()).then(|| PathBuf::from(firewall));
    let beside = &settings.files;
    let others = [&firewall, &beside.threshold, &beside.classification, &beside.reference];
    files
        .iter()
        .chain(others.into_iter().flatten())
        .chain(&beside.reputation_categories)
        .map(|path| Ok((path.clone(), bytes_of(path)?)))
        .collect()
}

fn read_into(
    mut loader: Loader<'_>,
    settings: &Settings,
    files: &[PathBuf],
    contents: Vec<(PathBuf, Vec<u8>)>,
) -> Result<Loaded> {
    let firewall = settings.text("firewall.rules");
    let mut contents = contents.into_iter();
    for (path, bytes) in contents.by_ref().take(files.len()) {
        loader.rules(&path, &unpack(&path, bytes)?);
    }
    if !firewall.is_empty()
        && let Some((path, bytes)) = contents.next()
    {
        loader.firewall_rules(&path, &unpack(&path, bytes)?);
    }
    if settings.files.threshold.is_some()
        && let Some((path, bytes)) = contents.next()
    {
        loader.thresholds(&path, &unpack(&path, bytes)?);
    }
    Ok(loader.finish())
}

/// Compiles rules that the program wrote itself into the settings.
///
/// # Errors
/// A rule that the settings cannot carry; the reason is in its text.
pub(crate) fn load_text(settings: &mut Settings, name: &str, text: &str) -> Result<()> {
    let environment = environment(settings)?;
    let mut loader = Loader::new(&environment);
    loader.rules(Path::new(name), text.as_bytes());
    let loaded = loader.finish();
    if let Some(error) = loaded.errors.first() {
        bail!("{}", error.render());
    }
    let reputation = Arc::new(reputation(settings)?);
    let inspection = rules::Settings { reputation, ..inspection(settings) };
    settings.engine.rules = Some(Arc::new(RuleSet::compile(loaded.rules, inspection)));
    Ok(())
}

/// Carries out `targe rules …`.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn command(command: &RulesCommand) -> Result<ExitCode> {
    let settings = |path: Option<&Path>| path.map_or_else(|| Ok(Settings::new()), Settings::read);
    match command {
        RulesCommand::Check { files, config, choices, verbose } => {
            let settings = settings(config.as_deref())?;
            let loaded = read(&settings, files)?;
            for error in &loaded.errors {
                println!("{}", error.render());
            }
            for skipped in loaded.skipped.iter().filter(|_| *verbose) {
                println!("{}:{}: left out: {}", skipped.file, skipped.line, skipped.reason);
            }
            let (rules, errors) = (loaded.rules.len(), loaded.errors.len());
            let skipped = loaded.skipped.len();
            let files = loaded.files.clone();
            advise(&RuleSet::compile(loaded.rules, inspection(&settings)), &files, *choices, *verbose);
            println!("{rules} rules are understood, {errors} cannot be honoured, {skipped} left out");
            Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_REFUSED) })
        }
        RulesCommand::Explain { sid, files, config } => {
            let loaded = read(&settings(config.as_deref())?, files)?;
            let rules = loaded.rules.iter().filter(|rule| rule.meta.sid == *sid).map(rules::explain);
            let errors =
                loaded.errors.iter().filter(|error| error.sid == Some(*sid)).map(rules::Error::render);
            let told: Vec<String> = rules.chain(errors).collect();
            if told.is_empty() {
                bail!("there is no rule {sid} in these files");
            }
            print!("{}", told.join("\n"));
            Ok(ExitCode::SUCCESS)
        }
        RulesCommand::Test { trial, sid, json } => watch::test(trial, sid, *json),
        RulesCommand::Profile { trial, top } => watch::profile(trial, *top),
        RulesCommand::Pairs { trial, eve, output } => {
            pairs::command(trial.as_ref(), eve.as_deref(), output.as_deref())
        }
        RulesCommand::Keywords => {
            for (name, help) in rules::keywords() {
                println!("{name:32} {help}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints how rules are found (`choices`), and which are slow and why.
fn advise(rules: &RuleSet, files: &[Arc<str>], choices: bool, verbose: bool) {
    let mut slow = 0;
    let mut advice = rules.advice();
    advice.sort_by_key(|advice| rules.rule(advice.rule).meta.origin);
    for advice in &advice {
        let meta = &rules.rule(advice.rule).meta;
        let file = files.get(usize::from(meta.origin.0)).map_or("", |file| &**file);
        if choices {
            let pattern = advice.pattern.as_deref().unwrap_or("no pattern");
            println!("{file}:{}: rule {} is found by {pattern} in {}", meta.origin.1, meta.sid, advice.group);
        }
        for reason in &advice.slow {
            slow += 1;
            if verbose || slow <= PRINTED_MAX {
                println!("{file}:{}: rule {} is slow: {reason}", meta.origin.1, meta.sid);
            }
        }
    }
    if slow > PRINTED_MAX && !verbose {
        println!("and {} more remarks about slow rules; -v prints all", slow - PRINTED_MAX);
    }
}

impl Trial {
    /// The configuration of a trial run.
    fn settings(&self) -> Result<Settings> {
        let mut settings = self.config.as_deref().map_or_else(|| Ok(Settings::new()), Settings::read)?;
        for pair in &self.set {
            let (key, value) =
                pair.split_once('=').with_context(|| format!("--set wants KEY=VALUE, not `{pair}`"))?;
            settings.merge(&format!("{key}: {value}"))?;
        }
        Ok(settings)
    }
}

/// What became of the rules.
pub(crate) struct Rules {
    /// `rules.json`: how many are matched, which are not and why.
    pub(crate) listing: Vec<u8>,
    /// Rules that are matched.
    pub(crate) count: usize,
}

fn environment(settings: &Settings) -> Result<Environment> {
    let mut environment = Environment::default();
    for (name, value) in &settings.addresses {
        environment.variables.set_address(name, value);
    }
    for (name, value) in &settings.ports {
        environment.variables.set_port(name, value);
    }
    environment.stream_events = flow::StreamEvent::ALL.iter().map(|event| event.name()).collect();
    environment.disabled = settings.engine.protocol.disabled.clone();
    for (feature, knob) in [("ja3", "app.tls.ja3_fingerprints"), ("ja4", "app.tls.ja4_fingerprints")] {
        if matches!(settings.text(knob).as_str(), "false" | "no") {
            environment.features.retain(|known| *known != feature);
        }
    }
    environment.read_file = if settings.confined {
        |_| Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "rules of a bundle read no files"))
    } else {
        |path| std::fs::read(path)
    };
    environment.firewall = !settings.text("firewall.rules").is_empty();
    let mut told = Vec::new();
    if let Some(path) = &settings.files.classification {
        told.extend(
            environment.classes.read(&text(path)?).into_iter().map(|(line, fault)| (path, line, fault)),
        );
    }
    if let Some(path) = &settings.files.reference {
        told.extend(
            environment.references.read(&text(path)?).into_iter().map(|(line, fault)| (path, line, fault)),
        );
    }
    for (path, line, fault) in told {
        eprintln!("targe: {}:{line}: {}", path.display(), fault.cause);
    }
    if let Some(path) = &settings.files.geoip {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let countries = Countries::read(bytes)
            .map_err(|error| anyhow::anyhow!("{} is no data base of countries: {error}", path.display()))?;
        environment.countries = Some(Arc::new(countries));
    }
    if let Some(path) = &settings.files.reputation_categories {
        for line in text(path)?.lines() {
            let mut parts = line.split(',').map(str::trim);
            if let (Some(Ok(number)), Some(name)) = (parts.next().map(str::parse), parts.next()) {
                environment.reputation_categories.push((name.to_owned(), number));
            }
        }
    }
    Ok(environment)
}

fn reputation(settings: &Settings) -> Result<Reputation> {
    let mut reputation = Reputation::default();
    for path in &settings.files.reputation {
        for (line, cause) in reputation.read(&text(path)?) {
            eprintln!("targe: {}:{line}: {cause}", path.display());
        }
    }
    Ok(reputation)
}

fn inspection(settings: &Settings) -> rules::Settings {
    let number = |name: &str, default: u32| settings.text(name).parse().unwrap_or(default);
    let body = |prefix: &str| BodyWindow {
        least: number(&format!("app.http.{prefix}_body_minimal_inspect_size"), 32_768),
        window: number(&format!("app.http.{prefix}_body_inspect_window"), 4_096),
        limit: number(&format!("app.http.{prefix}_body_limit"), 102_400),
    };
    let mail = |name: &str, default| number(&format!("app.smtp.inspected_tracker.content_{name}"), default);
    let prevent = settings.engine.mode == engine::Mode::Prevent;
    let inline = settings.text("app.http.http_body_inline");
    rules::Settings {
        prevent,
        alerts_max: u16::try_from(number("detect.packet_alert_max", 15)).unwrap_or(u16::MAX),
        action_order: action_order(&settings.text("detect.action_order")),
        prefilter: !matches!(settings.text("rules.prefilter").as_str(), "false" | "no"),
        guess_transaction: settings.is_on("detect.guess_applayer_tx"),
        request_body: body("request"),
        response_body: body("response"),
        mail: BodyWindow {
            least: mail("inspect_min_size", 32_768),
            window: mail("inspect_window", 4_096),
            limit: mail("limit", 100_000),
        },
        body_inline: if inline == "auto" { prevent } else { inline == "true" || inline == "yes" },
        firewall: match &settings.policies {
            Some(policies) => Some(policies.clone()),
            None => (!settings.text("firewall.rules").is_empty()).then(Policies::default),
        },
        ..rules::Settings::default()
    }
}

/// The order that the configuration gives; actions it does not name come last, in the usual order.
fn action_order(text: &str) -> [Verb; 4] {
    let verb = |name: &str| match name.trim() {
        "pass" => Some(Verb::Pass),
        "drop" => Some(Verb::Drop),
        "reject" => Some(Verb::Reject),
        "alert" => Some(Verb::Alert),
        _ => None,
    };
    let mut order: Vec<Verb> = text.split(',').filter_map(verb).collect();
    for usual in [Verb::Pass, Verb::Drop, Verb::Reject, Verb::Alert] {
        if !order.contains(&usual) {
            order.push(usual);
        }
    }
    [order[0], order[1], order[2], order[3]]
}

fn text(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&unpacked(path)?).into_owned())
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file's bytes, unpacked.
pub(crate) fn unpacked(path: &Path) -> Result<Vec<u8>> {
    unpack(path, bytes_of(path)?)
}

/// Unpacks a file's bytes when they are gzip (RFC 1952 §2.3.1: it starts with 1f 8b).
fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..])
        .read_to_end(&mut out)
        .with_context(|| format!("{} is damaged", path.display()))?;
    Ok(out)
}

/// What a start tells of its rules.
fn told(loaded: &Loaded) -> Told {
    let (rules, refused, skipped) = (loaded.rules.len(), loaded.errors.len(), loaded.skipped.len());
    let mut errors = String::new();
    for error in loaded.errors.iter().take(PRINTED_MAX) {
        errors.push_str(&error.render());
        errors.push('\n');
    }
    if refused > PRINTED_MAX {
        let more = refused - PRINTED_MAX;
        errors.push_str(&format!("and {more} more rules that cannot be honoured; rules.json lists all\n"));
    }
    let summary = format!("rules: {rules} matched, {refused} cannot be honoured, {skipped} left out\n");
    Told { listing: listing(loaded), errors, summary, count: rules, refused }
}

fn listing(loaded: &Loaded) -> Vec<u8> {
    let mut json = Json::new();
    json.object_item().number("matched", loaded.rules.len()).array("refused");
    for error in &loaded.errors {
        json.object_item()
            .text("file", &error.file)
            .number("line", error.line)
            .number("column", error.column);
        if let Some(sid) = error.sid {
            json.number("sid", sid);
        }
        json.text("code", error.code.name()).text("reason", &error.cause);
        if let Some(help) = &error.help {
            json.text("help", help);
        }
        json.end();
    }
    json.end().array("left_out");
    for skipped in &loaded.skipped {
        json.object_item().text("file", &skipped.file).number("line", skipped.line);
        json.text("reason", &skipped.reason).end();
    }
    json.end().end();
    json.bytes_mut().push(b'\n');
    std::mem::take(json.bytes_mut())
}

impl Settings {
    /// The value of a knob as text; empty when it has none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.values
            .iter()
            .find(|(known, _)| known == name)
            .map_or_else(String::new, |(_, value)| plain(value))
    }

    /// Whether a knob is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.text(name).as_str(), "true" | "yes")
    }
}
