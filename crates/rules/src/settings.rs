//! What inspection is told by the configuration.

use std::sync::Arc;

use model::Direction;
use protocol::ProtocolId;

use crate::ir::Verb;
use crate::{Policies, Reputation};

/// Configuration of compiling and inspecting; names follow Suricata's `detect.*`, `libhtp.*` and friends.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Packets get verdicts (IPS).
    pub prevent: bool,
    /// Alerts per packet at most (`packet-alert-max`).
    pub alerts_max: u16,
    /// Order of actions, first wins (`action-order`).
    pub action_order: [Verb; 4],
    /// Patterns find candidates; otherwise every rule is held against everything, which is slow and comes to the same.
    pub prefilter: bool,
    /// Alerts of rules on streams and packets get a transaction when there is just one (`detect.guess-applayer-tx`).
    pub guess_transaction: bool,
    /// HTTP request bodies.
    pub request_body: BodyWindow,
    /// HTTP response bodies.
    pub response_body: BodyWindow,
    /// Files inside mail.
    pub mail: BodyWindow,
    /// Other files.
    pub file: BodyWindow,
    /// Bodies are inspected as they come, from the first byte (`http-body-inline`; so in IPS mode).
    pub body_inline: bool,
    /// Firewall rules are in force: what they do not accept goes by these policies.
    pub firewall: Option<Policies>,
    /// What is known of addresses, for `iprep`.
    pub reputation: Arc<Reputation>,
}

/// In which pieces a body is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyWindow {
    /// Bytes that must be there before the first inspection.
    pub least: u32,
    /// Bytes looked at at a time, at least.
    pub window: u32,
    /// Bytes after which a body is inspected whatever it has; 0 = no limit.
    pub limit: u32,
}

impl Settings {
    /// How bodies of a protocol are inspected.
    pub(crate) fn body(&self, _protocol: ProtocolId, direction: Direction) -> BodyWindow {
        let window = match direction {
            Direction::ToServer => self.request_body,
            Direction::ToClient => self.response_body,
        };
        if self.body_inline { BodyWindow { least: 0, ..window } } else { window }
    }

    /// How files of a protocol are inspected.
    pub(crate) fn files(&self, protocol: ProtocolId, direction: Direction) -> BodyWindow {
        match protocol::get(protocol).name {
            "http" => self.body(protocol, direction),
            "smtp" => self.mail,
            _ => self.file,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prevent: false,
            alerts_max: 15,
            action_order: [Verb::Pass, Verb::Drop, Verb::Reject, Verb::Alert],
            prefilter: true,
            guess_transaction: false,
            request_body: BodyWindow { least: 32_768, window: 4_096, limit: 102_400 },
            response_body: BodyWindow { least: 40_960, window: 16_384, limit: 102_400 },
            mail: BodyWindow { least: 32_768, window: 4_096, limit: 100_000 },
            file: BodyWindow { least: 0, window: 0, limit: 0 },
            body_inline: false,
            firewall: None,
            reputation: Arc::default(),
        }
    }
}
