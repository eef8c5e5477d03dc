//! Exception policies: what becomes of traffic that the stream engine cannot follow.
//!
//! The policy is configured per kind of trouble; in detection nothing is dropped. Reasons are worded as EVE's `drop.reason`.

use flow::{Entry, Exception, FlowState, StreamTrouble, Turn};

use crate::config::{Config, Mode};
use crate::conversation::Conversation;

/// What is left to do with the packet at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Hold rules against it as usual.
    Inspect,
    /// Hold rules against it; it is dropped in any case.
    InspectAndDrop(&'static str),
    /// It passes without being looked at.
    Pass,
    /// It is dropped without being looked at.
    Drop(&'static str),
}

/// Applies the policy for the trouble that a packet caused to its flow.
pub(crate) fn apply(entry: &mut Entry<'_, Conversation>, turn: &Turn, config: &Config) -> Verdict {
    let Some(trouble) = turn.trouble else { return Verdict::Inspect };
    let stream = &config.flow.stream;
    let (policy, reason) = match trouble {
        StreamTrouble::Invalid | StreamTrouble::Urgent if config.mode != Mode::Prevent => {
            return Verdict::Inspect;
        }
        StreamTrouble::Invalid => return Verdict::InspectAndDrop("stream error"),
        StreamTrouble::Urgent => return Verdict::InspectAndDrop("stream urgent"),
        StreamTrouble::Midstream => (stream.midstream_policy, "stream midstream"),
        StreamTrouble::SessionMemcap => (stream.memcap_policy, "stream memcap"),
        StreamTrouble::ReassemblyMemcap => (stream.memcap_policy, "stream reassembly"),
    };
    match policy {
        Exception::Ignore => Verdict::Inspect,
        Exception::PassPacket => Verdict::Pass,
        Exception::PassFlow => {
            entry.app.rules.passed = true;
            Verdict::Pass
        }
        Exception::Bypass => {
            entry.app.rules.passed = true;
            bypass(entry);
            Verdict::Pass
        }
        Exception::DropPacket => Verdict::Drop(reason),
        Exception::DropFlow | Exception::Reject | Exception::RejectBoth => {
            entry.app.rules.dropped = true;
            if let Some(stream) = &mut entry.stream {
                stream.disable_app();
            }
            Verdict::Drop(reason)
        }
    }
}

/// Nobody looks at the flow any more; it is only counted.
pub(crate) fn bypass(entry: &mut Entry<'_, Conversation>) {
    entry.flow.state = FlowState::LocalBypassed;
    if let Some(stream) = &mut entry.stream {
        stream.set_bypass();
        stream.forget();
    }
}

/// Whether the flow is bypassed.
pub(crate) fn is_bypassed(entry: &Entry<'_, Conversation>) -> bool {
    matches!(entry.flow.state, FlowState::LocalBypassed | FlowState::CaptureBypassed)
}
