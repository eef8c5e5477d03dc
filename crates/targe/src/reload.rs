//! Other rules while a run goes on: on SIGHUP the rule files are read again, beside the reading of packets, and hold from the
//! next batch of packets on. Rules that cannot be honoured are left out and named; when a file cannot be read, the rules so far
//! stay.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, unbounded};
use engine::{Order, Orders};
use json::Json;
use model::PacketId;
use rules::RuleSet;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use crate::config::Settings;

/// Brings rules that were read again.
pub(crate) struct Reload {
    coming: Receiver<Arc<RuleSet>>,
    /// Packets that rules were changed before, with the count of rules from there on.
    done: Vec<(PacketId, usize)>,
}

impl Reload {
    /// Listens to SIGHUP, from now until the program ends.
    ///
    /// # Errors
    /// When the system does not let signals be handled.
    pub(crate) fn on_hangup(settings: &Settings, files: &[PathBuf], quiet: bool) -> Result<Self> {
        let mut signals = Signals::new([SIGHUP]).context("cannot listen to signals")?;
        let (mut settings, files) = (settings.clone(), files.to_vec());
        // Rules that are gone take no memory.
        settings.engine.rules = None;
        let (ready, coming) = unbounded();
        let listen = move || {
            for _ in signals.forever() {
                match again(settings.clone(), &files, quiet) {
                    Ok(rules) => {
                        // The run may be over: then nobody is told anything.
                        if ready.send(rules).is_err() {
                            return;
                        }
                        eprintln!("rules: read again; they hold from the next packets on");
                    }
                    Err(error) => eprintln!("rules: those so far stay: {error:#}"),
                }
            }
        };
        std::thread::Builder::new()
            .name("reload".to_owned())
            .spawn(listen)
            .context("cannot listen to signals")?;
        Ok(Self { coming, done: Vec::new() })
    }

    /// What was changed, for whoever wants to repeat the run; `None` when nothing was.
    pub(crate) fn listing(&self) -> Option<Vec<u8>> {
        if self.done.is_empty() {
            return None;
        }
        let mut json = Json::new();
        json.object_item().array("rules_changed");
        for (packet, count) in &self.done {
            json.object_item().number("before_packet", packet.0).number("matched", *count as u64).end();
        }
        json.end().end();
        json.bytes_mut().push(b'\n');
        Some(std::mem::take(json.bytes_mut()))
    }
}

fn again(mut settings: Settings, files: &[PathBuf], quiet: bool) -> Result<Arc<RuleSet>> {
    crate::rules::load(&mut settings, files, quiet)?;
    settings.engine.rules.take().context("there are no rules any more")
}

impl Orders for Reload {
    fn order(&mut self, next: PacketId) -> Option<Order> {
        // Of several the last one counts.
        let rules = self.coming.try_iter().last()?;
        self.done.push((next, rules.len()));
        Some(Order::Rules(rules))
    }
}
