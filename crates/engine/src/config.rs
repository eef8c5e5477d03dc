//! Configuration of the engine: what every stage is told.

use std::sync::Arc;

/// Configuration of a run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Decoding.
    pub decode: decode::Config,
    /// Defragmentation.
    pub defrag: flow::DefragConfig,
    /// Flows and streams.
    pub flow: flow::Config,
    /// Application protocols.
    pub protocol: protocol::Config,
    /// EVE records.
    pub eve: report::eve::EveConfig,
    /// Rules, compiled.
    pub rules: Option<Arc<rules::RuleSet>>,
    /// Networks that are ours.
    pub home: behave::Home,
    /// Where addresses are and whose they are, when database files are given.
    pub places: Option<Arc<incident::Places>>,
    /// Settings of detectors by their dotted name (`scan.ports_min`).
    pub behave: Vec<(String, f64)>,
    /// What is known to be bad.
    pub intel: Option<Arc<intel::Indicators>>,
    /// Lists of detectors by their dotted name (`lookalike.protected`).
    pub lists: Vec<(String, Vec<String>)>,
    /// Watch, or prevent (simulated on a capture).
    pub mode: Mode,
    /// Threads that carry shards. Never changes a result.
    pub workers: usize,
    /// Gather facts for the detectors.
    pub detectors: bool,
    /// Take down what becomes of every rule; runs on one worker, and slowly.
    pub watch: Option<rules::Watch>,
    /// Packets handed out at a time. Never changes a result.
    pub batch_packets: usize,
    /// Whoever opens the input may switch off `flow.stream.checksum_validation` when [`crate::checksums_are_offloaded`].
    pub checksum_auto: bool,
}

/// Watch or prevent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Intrusion detection: traffic is only looked at.
    Detect,
    /// Intrusion prevention: packets get verdicts. Runs on one worker, since a verdict may depend on every earlier packet.
    Prevent,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            decode: decode::Config::default(),
            defrag: flow::DefragConfig::default(),
            flow: flow::Config::default(),
            protocol: protocol::Config::default(),
            eve: report::eve::EveConfig::default(),
            rules: None,
            home: behave::Home::default(),
            places: None,
            behave: Vec::new(),
            intel: None,
            lists: Vec::new(),
            mode: Mode::Detect,
            workers: 1,
            detectors: true,
            watch: None,
            batch_packets: 2048,
            checksum_auto: true,
        }
    }
}
