//! Application protocols: in-order bytes become [`Transactions`], whose named [`Field`]s feed the rule keywords, the EVE
//! log, the facts for the detectors and the manual.
//!
//! One folder per protocol, one line in [`REGISTRY`]. A protocol has never heard of flows or rules: bytes, gaps and the end
//! come in, transactions stay inside its session until the engine has inspected and logged them.

mod app;
mod ber;
mod body;
mod card;
mod der;
mod detect;
mod exchange;
mod field;
mod file;
mod frame_log;
mod framing;
mod magic;
mod range;
mod registry;
mod script;
mod session;
mod table;
#[cfg(test)]
mod testing;
mod transaction;

pub use app::{App, AppStatus, Feed, Taken, Turnaround};
pub use body::Body;
pub use card::Cards;
pub use detect::{Detection, Index, Pattern, Ports, Probe, ProbeAnswer, Side};
pub use field::{Condition, Enumeration, Field, FieldKind, HOLE, Scope, Sides};
pub use file::{File, FileConfig, FileState, write_fileinfo};
pub use frame_log::FrameLog;
pub use range::Ranges;
pub use registry::{Protocol, ProtocolId, REGISTRY, facts, find, get};
pub use session::{Asks, Config, Data, Endpoints, Expectation, Fed, Frame, Input, Log, LogWhen, Session};
pub use transaction::{Core, Inspected, InspectedRule, Looked, Transaction, Transactions};
pub use unknown::{Guess, Halves, Look, guess};

mod bacnet;
mod bittorrent_dht;
mod cotp;
mod dcerpc;
mod dhcp;
mod dnp3;
mod dns;
mod enip;
mod ftp;
mod ftp_data;
mod goose;
mod http;
mod http2;
mod iec104;
mod ike;
mod imap;
mod jabber;
mod krb5;
mod ldap;
mod line;
mod llmnr;
mod mdns;
mod mime;
mod modbus;
mod mqtt;
mod mysql;
mod nfs;
mod ntlmssp;
mod ntp;
mod opcua;
mod pgsql;
mod pop3;
mod profinet_dcp;
mod quic;
mod radius;
mod rdp;
mod redis;
mod rfb;
mod sdp;
mod sip;
mod smb;
mod smtp;
mod snmp;
mod socks;
mod ssh;
mod telnet;
mod tftp;
mod tls;
mod unknown;
mod websocket;
mod wire;
