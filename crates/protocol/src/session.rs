//! What a protocol implements, and what it is told and may ask.

use std::any::Any;
use std::fmt::Debug;
use std::net::IpAddr;

use json::Json;
use model::{Direction, PacketId, Time};

use crate::{Core, File, FileConfig, Index, ProtocolId, Ranges, Scope};

/// The state of one protocol on one flow. It keeps open transactions until the engine removes them.
///
/// Bytes of a stream come in order; what [`Fed::Used`] does not cover comes again, with more behind it, so a session owns
/// no buffers of its own for incomplete messages. A datagram protocol gets one whole datagram per call and must use it.
pub trait Session: Debug + Send {
    /// Takes bytes, a gap, or the end of one direction.
    fn feed(&mut self, input: &mut Input<'_>) -> Fed;

    /// How many transactions are open.
    fn count(&self) -> usize;
    /// The common part of transaction `index`, oldest first.
    ///
    /// # Panics
    /// Like all four below, when `index` is not below [`Session::count`].
    fn core(&self, index: usize) -> &Core;
    /// The same, to change.
    fn core_mut(&mut self, index: usize) -> &mut Core;
    /// The protocol's own part.
    fn body(&self, index: usize) -> &dyn Any;
    /// Files of the transaction.
    fn files(&self, index: usize) -> &[File];
    /// The same, to change.
    fn files_mut(&mut self, index: usize) -> &mut Vec<File>;
    /// Forgets a transaction that everybody is done with.
    fn remove(&mut self, index: usize);
    /// How many transactions were ever opened.
    fn opened(&self) -> u64;

    /// The first transaction from `index` on of which something may have changed since it was last looked at and found
    /// incomplete; [`Session::count`] when there is none. A flow may have thousands open, none of which came any further.
    fn next_restless(&self, index: usize) -> usize;

    /// Nothing came for a while: gives back room that only waits for more.
    fn rest(&mut self);

    /// Nobody is going to inspect `direction`: what changed there was seen, files up to where they are kept.
    fn look_away(&mut self, direction: Direction);

    /// The flow was announced by another one: what for. Called once, before any data.
    fn announced(&mut self, _expectation: &Expectation) {}

    /// Told to a fresh session when the flow spoke another protocol before: its name, and values of the last transaction's
    /// fields that [`crate::App`] hands over (`HANDED_OVER`).
    fn follows(&mut self, _before: &'static str, _told: &[(&'static str, Vec<u8>)]) {}

    /// For typed access from field getters.
    fn as_any(&self) -> &dyn Any;
    /// For typed access from tests and the engine's expectations.
    fn as_any_mut(&mut self) -> &mut dyn Any;

    /// The view that getters and logs take.
    fn scope(&self, index: usize, direction: Direction) -> Scope<'_>
    where
        Self: Sized,
    {
        Scope {
            session: self,
            body: self.body(index),
            core: self.core(index),
            direction,
            files: self.files(index),
        }
    }
}

impl dyn Session {
    /// The view that getters and logs take.
    pub fn scope_of(&self, index: usize, direction: Direction) -> Scope<'_> {
        Scope {
            session: self,
            body: self.body(index),
            core: self.core(index),
            direction,
            files: self.files(index),
        }
    }
}

/// Implements the bookkeeping part of [`Session`] over a field that is a `Transactions<T>`.
///
/// A second name is that of a method to call with a transaction's index before it is forgotten.
macro_rules! bookkeeping {
    ($field:ident $(, $farewell:ident)?) => {
        fn count(&self) -> usize {
            self.$field.len()
        }
        fn core(&self, index: usize) -> &$crate::Core {
            &self.$field.get(index).expect("index is below count").core
        }
        fn core_mut(&mut self, index: usize) -> &mut $crate::Core {
            &mut self.$field.get_mut(index).expect("index is below count").core
        }
        fn body(&self, index: usize) -> &dyn std::any::Any {
            &self.$field.get(index).expect("index is below count").body
        }
        fn files(&self, index: usize) -> &[$crate::File] {
            &self.$field.get(index).expect("index is below count").files
        }
        fn files_mut(&mut self, index: usize) -> &mut Vec<$crate::File> {
            &mut self.$field.get_mut(index).expect("index is below count").files
        }
        fn remove(&mut self, index: usize) {
            $(self.$farewell(index);)?
            self.$field.remove(index);
        }
        fn opened(&self) -> u64 {
            self.$field.opened()
        }
        fn next_restless(&self, index: usize) -> usize {
            self.$field.next_restless(index)
        }
        fn rest(&mut self) {
            self.$field.rest();
        }
        fn look_away(&mut self, direction: model::Direction) {
            self.$field.look_away(direction);
        }
        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
        fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
            self
        }
    };
}
pub(crate) use bookkeeping;

/// What arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data<'a> {
    /// Bytes in order.
    Bytes(&'a [u8]),
    /// So many bytes are missing.
    Gap(u32),
}

impl<'a> Data<'a> {
    /// The bytes; empty for a gap.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Data::Bytes(bytes) => bytes,
            Data::Gap(_) => &[],
        }
    }
}

/// One call to a session.
#[derive(Debug)]
pub struct Input<'a> {
    /// Which way the data goes.
    pub direction: Direction,
    /// The data. Empty bytes with `end` set: the direction has ended.
    pub data: Data<'a>,
    /// Nothing comes behind this data in this direction.
    pub end: bool,
    /// Time of the packet that made the data available.
    pub time: Time,
    /// The packet that made the data available; 0 when a timer did.
    pub packet: PacketId,
    /// Addresses and ports of the flow.
    pub endpoints: Endpoints,
    /// Configuration.
    pub config: &'a Config,
    /// What the session wants from the engine.
    pub asks: &'a mut Asks,
}

/// The flow's ends, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// Who opened the flow.
    pub client: IpAddr,
    /// Whom it went to.
    pub server: IpAddr,
    /// Client port.
    pub client_port: u16,
    /// Server port.
    pub server_port: u16,
    /// IP protocol number.
    pub transport: u8,
}

impl Endpoints {
    /// The same flow, seen the other way round.
    pub fn swapped(self) -> Self {
        Self {
            client: self.server,
            server: self.client,
            client_port: self.server_port,
            server_port: self.client_port,
            transport: self.transport,
        }
    }
}

/// What a session did with its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// So many bytes were used; the rest comes again when there is more.
    Used(usize),
    /// So many bytes were used, and nothing useful can be done before `needed` bytes (counted after the used ones) are there.
    Need {
        /// Bytes used.
        used: usize,
        /// Bytes needed after them.
        needed: usize,
    },
    /// The traffic is not this protocol, or is broken beyond repair: parsing ends on this flow, in both directions.
    Broken,
}

/// What a session wants from the engine. Filled during `feed`, read and cleared after it.
#[derive(Debug, Default)]
pub struct Asks {
    /// Another flow is about to be opened for this one (FTP data).
    pub expect: Vec<Expectation>,
    /// The flow changes its protocol after the bytes used so far (STARTTLS, CONNECT, upgrade): it is detected anew. The
    /// name inside is what is expected; something else then is an event.
    pub change: Option<Option<&'static str>>,
    /// With `change`: the port by which probes are chosen from now on (a CONNECT's target); 0 = the flow's own.
    pub change_port: u16,
    /// The flow is called so from now on; the session stays (HTTP/2 that carries DNS becomes `doh2`).
    pub rename: Option<&'static str>,
    /// Nothing more can be read on this flow (encrypted): stop parsing; stop reassembly as well when `bypass` is set.
    pub stop: bool,
    /// Content rules need not see the rest of this flow's payload (it is encrypted); parsing goes on unless `stop` is set.
    pub stop_inspection: bool,
    /// The flow may be bypassed altogether (Suricata's encryption handling `bypass`).
    pub bypass: bool,
    /// Rules should look at the raw stream now (a message ended), per direction.
    pub inspect_stream: [bool; 2],
    /// Frames seen (parts of the stream with a name), for `frame:` rules and frame records.
    pub frames: Vec<Frame>,
    /// Files that arrive in byte ranges. Unlike the rest this is a store, which stays from call to call.
    pub ranges: Ranges,
}

/// A part of the stream with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its kind (`smtp.command_line`: protocol's name is added by the reader).
    pub kind: &'static str,
    /// Direction.
    pub direction: Direction,
    /// Where it starts, counted from the start of the data given to this `feed`; may lie before it (negative) for a frame
    /// found late.
    pub offset: i64,
    /// Its length; `None` while it is not known.
    pub len: Option<u64>,
    /// Transaction it belongs to, when known.
    pub tx: Option<u64>,
}

/// A flow that is about to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Who will open it; `None` = anybody of the two.
    pub client: IpAddr,
    /// Whom to.
    pub server: IpAddr,
    /// Server port.
    pub server_port: u16,
    /// EVE name of its protocol.
    pub protocol: &'static str,
    /// Direction of the data in the expected flow.
    pub direction: Direction,
    /// For the new session ([`Session::announced`]), such as the file name.
    pub note: Vec<u8>,
}

/// Configuration of the protocols. Names follow Suricata's `app-layer.protocols.*`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Files.
    pub files: FileConfig,
    /// Protocols that are switched off.
    pub disabled: Vec<ProtocolId>,
    /// Protocols that are switched off on one transport only (IP protocol number).
    pub disabled_on: Vec<(ProtocolId, u8)>,
    /// Ports that replace those of a protocol's probes; on one transport, or on all.
    pub ports: Vec<(ProtocolId, Option<u8>, Vec<u16>)>,
    /// Everything else by its dotted name (`http.request_body_limit`), for the protocol that knows the name.
    pub settings: Vec<(String, String)>,
    /// HTTP request body bytes kept (`http.request_body_limit`), 0 = all.
    pub request_body_limit: u64,
    /// HTTP response body bytes kept, 0 = all.
    pub response_body_limit: u64,
    /// Layers of compression undone.
    pub decompress_layers: u8,
    /// Sessions may begin in the middle (`stream.midstream`): detection then also tries the opposite direction.
    pub midstream: bool,
    /// Patterns and probes, made ready when first needed. Cleared by replacing it, should `settings` change afterwards.
    pub index: Index,
    /// Compute JA3 and JA3S.
    pub ja3: bool,
    /// Compute JA4.
    pub ja4: bool,
    /// Keep certificates as they came, for rules that look at them; records that show them keep them anyway.
    pub certificates: bool,
}

impl Config {
    /// Ports that replace those of a protocol's probes.
    pub fn ports_of(&self, protocol: ProtocolId, transport: u8) -> Option<&[u16]> {
        let chosen =
            self.ports.iter().find(|(id, on, _)| *id == protocol && on.is_none_or(|on| on == transport));
        chosen.map(|(_, _, ports)| ports.as_slice())
    }

    /// A setting by its dotted name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            files: FileConfig::default(),
            disabled: Vec::new(),
            disabled_on: Vec::new(),
            ports: Vec::new(),
            settings: Vec::new(),
            request_body_limit: 102_400,
            response_body_limit: 102_400,
            decompress_layers: 2,
            midstream: false,
            index: Index::default(),
            ja3: true,
            ja4: true,
            certificates: true,
        }
    }
}

/// When a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogWhen {
    /// When both directions are complete, or the flow ends.
    Complete,
    /// When the directions have reached these progress values, or the flow ends.
    Progress(u8, u8),
    /// Never: it is only for alerts and file records.
    Never,
}

/// How a protocol's transactions become EVE records.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// `event_type`.
    pub event_type: &'static str,
    /// When.
    pub when: LogWhen,
    /// Writes the record's own object (`"dns": {…}`) into the open top-level object; `false` = nothing to log for this
    /// transaction, and then nothing must have been written.
    pub write: fn(&Scope<'_>, &mut Json) -> bool,
    /// Whether alerts on the transaction carry the object, too.
    pub with_alert: bool,
}
