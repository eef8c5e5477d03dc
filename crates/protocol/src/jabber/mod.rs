//! Jabber (XMPP, RFC 6120): a name that rules may use, nothing more.
//!
//! It is not recognised, as in Suricata: its namespace stands up to 74 bytes deep, and waiting for so many bytes would delay
//! the decision on every other protocol.

use crate::Protocol;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "jabber",
    help: "Jabber, the Extensible Messaging and Presence Protocol: a name only.",
    ..Protocol::EMPTY
};
