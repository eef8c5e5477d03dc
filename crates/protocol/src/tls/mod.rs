//! TLS: the handshake of SSL 2 to TLS 1.3, up to encryption; then only the sizes of records.
//!
//! One transaction per flow. A handshake message may be cut over records and a record over segments (RFC 8446 §5.1);
//! records of other kinds are read over as they come. Limits: records of 17,408 bytes, handshake messages of 128 KiB,
//! 64 certificates per side, 32 ALPN names.

mod certificate;
mod fields;
pub(crate) mod fingerprint;
mod handshake;
pub(crate) mod hello;
mod keywords;
mod log;
#[cfg(test)]
mod tests;

use model::{Direction, Time};

use crate::session::bookkeeping;
use crate::{
    Config, Data, Fed, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session,
    Side, Transaction, Transactions,
};
use certificate::Certificate;
use fingerprint::Ja3;
pub(crate) use handshake::leaf_serials;

/// Bytes of a record's header.
const HEADER_BYTES: usize = 5;
/// Longest record content: 2^14 and room for compression or encryption (RFC 5246 §6.2.2).
const RECORD_MAX: usize = (1 << 14) + 1024;
/// Longest handshake message that is put together.
const MESSAGE_MAX: usize = 128 * 1024;
/// Records that one call may hold before it counts as odd.
const RECORDS_MAX: usize = 4096;
const TCP: u8 = 6;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "tls",
    rule_names: &["ssl"],
    help: "Transport Layer Security, and SSL before it.",
    patterns: PATTERNS,
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[443]),
        side: Side::Server,
        depth_min: 3,
        depth_max: 3,
        look: |bytes, _, _| match *bytes {
            // An SSL 2 ClientHello behind a header of two bytes.
            [first, _, 1, ..] if first & 0x80 != 0 => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Tls::default())),
    complete: [state::CLIENT_FINISHED, state::SERVER_FINISHED],
    states: [
        &[
            ("client_in_progress", 0),
            ("client_hello_done", state::CLIENT_HELLO_DONE),
            ("client_cert_done", state::CLIENT_CERT_DONE),
            ("client_handshake_done", state::CLIENT_HANDSHAKE_DONE),
            ("client_finished", state::CLIENT_FINISHED),
        ],
        &[
            ("server_in_progress", 0),
            ("server_hello", state::SERVER_HELLO),
            ("server_cert_done", state::SERVER_CERT_DONE),
            ("server_hello_done", state::SERVER_HELLO_DONE),
            ("server_handshake_done", state::SERVER_HANDSHAKE_DONE),
            ("server_finished", state::SERVER_FINISHED),
        ],
    ],
    fields: fields::FIELDS,
    events: event::NAMES,
    logs: &[
        Log {
            event_type: "tls",
            when: LogWhen::Progress(state::CLIENT_HANDSHAKE_DONE, state::SERVER_HANDSHAKE_DONE),
            write: log::write,
            with_alert: false,
        },
        Log { event_type: "tls", when: LogWhen::Never, write: log::write_object, with_alert: true },
    ],
    first_data: Some(Direction::ToServer),
    ..Protocol::EMPTY
};

const PATTERNS: &[Pattern] = &[
    // SSL 2 and the hello that offers more than SSL 2, behind a header of two bytes.
    at(Direction::ToServer, 2, &[1, 0, 2]),
    at(Direction::ToServer, 0, &[1, 3, 0]),
    at(Direction::ToServer, 0, &[1, 3, 1]),
    at(Direction::ToServer, 0, &[1, 3, 2]),
    at(Direction::ToServer, 0, &[1, 3, 3]),
    at(Direction::ToServer, 0, &[0x16, 3, 0]),
    at(Direction::ToServer, 0, &[0x16, 3, 1]),
    at(Direction::ToServer, 0, &[0x16, 3, 2]),
    at(Direction::ToServer, 0, &[0x16, 3, 3]),
    at(Direction::ToClient, 0, &[0x15, 3, 0]),
    at(Direction::ToClient, 0, &[0x15, 3, 1]),
    at(Direction::ToClient, 0, &[0x15, 3, 2]),
    at(Direction::ToClient, 0, &[0x15, 3, 3]),
    at(Direction::ToClient, 0, &[0x16, 3, 0]),
    at(Direction::ToClient, 0, &[0x16, 3, 1]),
    at(Direction::ToClient, 0, &[0x16, 3, 2]),
    at(Direction::ToClient, 0, &[0x16, 3, 3]),
    at(Direction::ToClient, 0, &[0x17, 3, 0]),
    at(Direction::ToClient, 0, &[0x17, 3, 1]),
    at(Direction::ToClient, 0, &[0x17, 3, 2]),
    at(Direction::ToClient, 0, &[0x17, 3, 3]),
    // SSL 2 ServerHello: header of two bytes, type 4; the version alone says too little.
    Pattern {
        confirm: Some(|bytes| match bytes {
            [first, _, 4, ..] if first & 0x80 != 0 => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        }),
        ..at(Direction::ToClient, 5, &[0, 2])
    },
];

const fn at(direction: Direction, offset: usize, bytes: &'static [u8]) -> Pattern {
    let depth = offset + bytes.len();
    Pattern { transport: TCP, direction, bytes, nocase: false, offset, depth, confirm: None }
}

/// How far each direction has come.
mod state {
    pub(super) const CLIENT_HELLO_DONE: u8 = 1;
    pub(super) const CLIENT_CERT_DONE: u8 = 2;
    pub(super) const CLIENT_HANDSHAKE_DONE: u8 = 3;
    pub(super) const CLIENT_FINISHED: u8 = 4;
    pub(super) const SERVER_HELLO: u8 = 1;
    pub(super) const SERVER_CERT_DONE: u8 = 2;
    pub(super) const SERVER_HELLO_DONE: u8 = 3;
    pub(super) const SERVER_HANDSHAKE_DONE: u8 = 4;
    pub(super) const SERVER_FINISHED: u8 = 5;
    pub(super) const HANDSHAKE_DONE: [u8; 2] = [CLIENT_HANDSHAKE_DONE, SERVER_HANDSHAKE_DONE];
    pub(super) const FINISHED: [u8; 2] = [CLIENT_FINISHED, SERVER_FINISHED];
    pub(super) const CERT_DONE: [u8; 2] = [CLIENT_CERT_DONE, SERVER_CERT_DONE];
}

/// Codes of the events.
mod event {
    pub(super) const NAMES: &[&str] = &[
        "INVALID_SSLV2_HEADER",
        "INVALID_TLS_HEADER",
        "INVALID_RECORD_VERSION",
        "INVALID_RECORD_TYPE",
        "INVALID_RECORD_LENGTH",
        "INVALID_HANDSHAKE_MESSAGE",
        "HEARTBEAT_MESSAGE",
        "INVALID_HEARTBEAT_MESSAGE",
        "OVERFLOW_HEARTBEAT_MESSAGE",
        "DATALEAK_HEARTBEAT_MISMATCH",
        "HANDSHAKE_INVALID_LENGTH",
        "MULTIPLE_SNI_EXTENSIONS",
        "INVALID_SNI_TYPE",
        "INVALID_SNI_LENGTH",
        "TOO_MANY_RECORDS_IN_PACKET",
        "INVALID_ALERT_MESSAGE",
        "INVALID_CERTIFICATE",
        "CERTIFICATE_INVALID_LENGTH",
        "CERTIFICATE_INVALID_DER",
        "CERTIFICATE_INVALID_SERIAL",
        "CERTIFICATE_INVALID_SUBJECT",
        "CERTIFICATE_INVALID_ISSUER",
        "CERTIFICATE_INVALID_VALIDITY",
        "CERTIFICATE_INVALID_STRING",
        "CERTIFICATE_MISSING_ELEMENT",
        "CERTIFICATE_UNKNOWN_ELEMENT",
        "CERTIFICATE_INVALID_VERSION",
        "CERTIFICATE_INVALID_ALGORITHMIDENTIFIER",
        "CERTIFICATE_INVALID_X509NAME",
        "CERTIFICATE_INVALID_DATE",
        "CERTIFICATE_INVALID_EXTENSIONS",
        "ERROR_MESSAGE_ENCOUNTERED",
        "INVALID_SSL_RECORD",
        "CERTIFICATE_LABEL_TOO_LONG",
    ];
    pub(super) const INVALID_SSLV2_HEADER: u8 = 0;
    pub(super) const INVALID_RECORD_VERSION: u8 = 2;
    pub(super) const INVALID_RECORD_TYPE: u8 = 3;
    pub(super) const INVALID_RECORD_LENGTH: u8 = 4;
    pub(super) const INVALID_HANDSHAKE_MESSAGE: u8 = 5;
    pub(super) const HEARTBEAT_MESSAGE: u8 = 6;
    pub(super) const INVALID_HEARTBEAT_MESSAGE: u8 = 7;
    pub(super) const OVERFLOW_HEARTBEAT_MESSAGE: u8 = 8;
    pub(super) const DATALEAK_HEARTBEAT_MISMATCH: u8 = 9;
    pub(super) const HANDSHAKE_INVALID_LENGTH: u8 = 10;
    pub(super) const MULTIPLE_SNI_EXTENSIONS: u8 = 11;
    pub(super) const INVALID_SNI_TYPE: u8 = 12;
    pub(super) const INVALID_SNI_LENGTH: u8 = 13;
    pub(super) const TOO_MANY_RECORDS_IN_PACKET: u8 = 14;
    pub(super) const INVALID_ALERT_MESSAGE: u8 = 15;
    pub(super) const INVALID_CERTIFICATE: u8 = 16;
    pub(super) const CERTIFICATE_INVALID_LENGTH: u8 = 17;
    pub(super) const CERTIFICATE_INVALID_DER: u8 = 18;
    pub(super) const CERTIFICATE_INVALID_SERIAL: u8 = 19;
    pub(super) const CERTIFICATE_INVALID_SUBJECT: u8 = 20;
    pub(super) const CERTIFICATE_INVALID_ISSUER: u8 = 21;
    pub(super) const CERTIFICATE_INVALID_VALIDITY: u8 = 22;
    pub(super) const INVALID_SSL_RECORD: u8 = 32;
    pub(super) const CERTIFICATE_LABEL_TOO_LONG: u8 = 33;
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Tls {
    transactions: Transactions<Box<Talk>>,
    readers: [Reader; 2],
    /// A ChangeCipherSpec went by: what looks like a handshake after it is encrypted (RFC 5246 §7.1).
    encrypted: bool,
    heartbeat: Heartbeat,
    /// What the flow spoke before.
    from: &'static str,
    /// What is done about application data; looked up once.
    handling: Option<Handling>,
}

/// What is done once application data shows that everything else is encrypted (`tls.encryption_handling`).
#[derive(Debug, Clone, Copy)]
enum Handling {
    /// Rules look on.
    Full,
    /// Nobody looks on.
    Bypass,
    /// Content rules look no more, records are still counted.
    Track,
}

/// Where reading of one direction stands.
#[derive(Debug, Default)]
struct Reader {
    /// The start of a handshake message whose rest is still to come in further records.
    pending: Vec<u8>,
    /// Bytes of a record that are read over as they come.
    skip: usize,
    /// Frames of the record at hand have been announced.
    announced: bool,
}

/// A heartbeat request that waits for its response (RFC 6520).
#[derive(Debug, Default, Clone, Copy)]
struct Heartbeat {
    from: Option<Direction>,
    record_bytes: usize,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(1),
            readers: Default::default(),
            encrypted: false,
            heartbeat: Heartbeat::default(),
            from: "",
            handling: None,
        }
    }
}

/// What is known of the conversation.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// The client's and the server's.
    sides: [Party; 2],
    /// The last message that counts for `ssl_state`.
    state: u8,
    /// The server took up an earlier session, or the client asked for it with a ticket.
    resumed: bool,
    /// There will be no certificate to see (TLS 1.3): the record is written without.
    without_certificate: bool,
    server_hello: bool,
    client_hello: bool,
    /// The server asked for the client's certificate.
    certificate_wanted: bool,
    early_data: bool,
    /// The client sent (or hinted at) an encrypted ClientHello.
    hidden_hello: bool,
    /// Time of the last packet that changed something.
    now: Time,
    shown: log::Shown,
    /// What the flow spoke before TLS.
    from: &'static str,
}

/// One party of the conversation.
#[derive(Debug, Default)]
struct Party {
    /// 0 = not seen.
    version: u16,
    random: Option<[u8; 32]>,
    session: Vec<u8>,
    sni: Option<Vec<u8>>,
    alpns: Vec<Vec<u8>>,
    /// Certificates as they came, the party's own first, as far as somebody looks at them.
    chain: Vec<Vec<u8>>,
    /// How many there were.
    chain_len: usize,
    leaf: Option<Certificate>,
    fingerprint: String,
    ja3: Option<Ja3>,
    ja4: Option<String>,
}

/// What a record turned out to be.
enum Step {
    /// So many bytes were used.
    Used(usize),
    /// So many bytes are needed from the record's start.
    Need(usize),
    Broken,
}

impl Session for Tls {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        if self.transactions.is_empty() {
            if self.transactions.opened() > 0 || bytes.is_empty() {
                return Fed::Used(bytes.len());
            }
            let talk =
                Talk { shown: log::Shown::from_config(input.config), from: self.from, ..Talk::default() };
            let open = self.transactions.open(input.time, input.packet, Box::new(talk));
            // The other side has said nothing yet.
            open.core.updated[input.direction.other().index()] = false;
        }
        let fed = self.records(input, bytes);
        let Some(open) = self.transactions.last_mut() else { return fed };
        if matches!(fed, Fed::Broken) {
            open.core.raise(event::INVALID_SSL_RECORD);
        }
        note_handshake(open);
        if input.end {
            open.core.advance(input.direction, state::FINISHED[input.direction.index()]);
            return Fed::Used(bytes.len());
        }
        fed
    }

    fn follows(&mut self, before: &'static str, _: &[(&'static str, Vec<u8>)]) {
        self.from = before;
    }

    bookkeeping!(transactions);
}

/// The handshake counts as done for both sides once the certificates that were asked for have been seen.
fn note_handshake(open: &mut Transaction<Box<Talk>>) {
    let party = if open.body.certificate_wanted { Direction::ToServer } else { Direction::ToClient };
    if open.body.sides[party.index()].leaf.is_some() {
        for direction in Direction::BOTH {
            let done = state::HANDSHAKE_DONE[direction.index()];
            if open.core.progress[direction.index()] < done {
                open.core.advance(direction, done);
            }
        }
    }
}

impl Tls {
    fn records(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let place = input.direction.index();
        let mut used = 0;
        let mut records = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let skip = self.readers[place].skip.min(rest.len());
            if skip > 0 {
                self.readers[place].skip -= skip;
                used += skip;
                continue;
            }
            records += 1;
            if records > RECORDS_MAX {
                self.raise(event::TOO_MANY_RECORDS_IN_PACKET);
                return Fed::Broken;
            }
            // Content types are below 0x40, so the upper bits tell the lengths of SSL 2 apart.
            let old = rest.first().is_some_and(|first| first & 0xc0 != 0);
            let step = if old { self.old_record(input, rest, used) } else { self.record(input, rest, used) };
            match step {
                Step::Used(count) => {
                    used += count;
                    self.readers[place].announced = false;
                }
                Step::Need(needed) => return Fed::Need { used, needed },
                Step::Broken => return Fed::Broken,
            }
        }
        Fed::Used(used)
    }

    fn raise(&mut self, code: u8) {
        if let Some(open) = self.transactions.last_mut() {
            open.core.raise(code);
        }
    }

    fn party(&self, direction: Direction) -> Option<&Party> {
        self.transactions.get(0).map(|open| &open.body.sides[direction.index()])
    }

    fn record(&mut self, input: &mut Input<'_>, rest: &[u8], offset: usize) -> Step {
        let Some(&[kind, major, minor, high, low]) = rest.first_chunk::<HEADER_BYTES>() else {
            return Step::Need(HEADER_BYTES);
        };
        let (length, version) =
            (usize::from(high) << 8 | usize::from(low), u16::from_be_bytes([major, minor]));
        let spoken = self.party(input.direction).map_or(0, |party| party.version);
        if !(content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind) {
            // Old versions let unknown records pass (RFC 4346 §6).
            if matches!(spoken, 0x0301 | 0x0302) {
                return Step::Used(rest.len());
            }
            self.raise(event::INVALID_RECORD_TYPE);
            return Step::Broken;
        }
        if !hello::is_version(version) {
            self.raise(event::INVALID_RECORD_VERSION);
            return Step::Broken;
        }
        if length == 0 || length > RECORD_MAX {
            self.raise(event::INVALID_RECORD_LENGTH);
            return Step::Broken;
        }
        self.announce(input, offset, HEADER_BYTES, length, kind);
        if let Some(open) = self.transactions.last_mut()
            && spoken == 0
        {
            open.body.sides[input.direction.index()].version = version;
        }
        let whole = HEADER_BYTES + length;
        let body = rest.get(HEADER_BYTES..whole);
        match (kind, body) {
            (content::APPLICATION_DATA, _) => {
                self.application_data(input);
                self.read_over(input.direction, rest, whole)
            }
            (content::CHANGE_CIPHER_SPEC, _) => {
                self.change_cipher_spec(input.direction);
                self.read_over(input.direction, rest, whole)
            }
            (content::HANDSHAKE, _) if self.is_hidden() => self.read_over(input.direction, rest, whole),
            (_, None) => Step::Need(whole),
            (content::HANDSHAKE, Some(body)) => match self.handshake_record(input, body) {
                Ok(()) => Step::Used(whole),
                Err(()) => Step::Broken,
            },
            (content::ALERT, Some(body)) => {
                self.alert(input.direction, body);
                Step::Used(whole)
            }
            (_, Some(body)) => {
                self.heartbeat(input.direction, body);
                Step::Used(whole)
            }
        }
    }

    /// Frames are announced when the header has been read, once per record.
    fn announce(&mut self, input: &mut Input<'_>, offset: usize, header: usize, length: usize, kind: u8) {
        let reader = &mut self.readers[input.direction.index()];
        if std::mem::replace(&mut reader.announced, true) {
            return;
        }
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let behind = offset.saturating_add(header as i64);
        let direction = input.direction;
        let mut push = |kind, offset, len: usize| {
            input.asks.frames.push(Frame { kind, direction, offset, len: Some(len as u64), tx: Some(0) });
        };
        push("pdu", offset, header + length);
        push("hdr", offset, header);
        push("data", behind, length);
        match kind {
            content::ALERT => push("alert", behind, length),
            content::HEARTBEAT => push("heartbeat", behind, length),
            _ => {}
        }
    }

    fn read_over(&mut self, direction: Direction, rest: &[u8], whole: usize) -> Step {
        self.readers[direction.index()].skip = whole.saturating_sub(rest.len());
        Step::Used(whole.min(rest.len()))
    }

    /// Whether handshake records are encrypted. TLS 1.3 sends ChangeCipherSpec for show, and its hellos may come after it
    /// (RFC 8446 §D.4).
    fn is_hidden(&self) -> bool {
        let Some(open) = self.transactions.get(0) else { return false };
        let for_show =
            open.body.client_hello && open.body.sides[0].version > 0x0303 && !open.body.server_hello;
        self.encrypted && !for_show
    }

    fn change_cipher_spec(&mut self, direction: Direction) {
        self.encrypted = true;
        if let Some(open) = self.transactions.last_mut()
            && direction == Direction::ToServer
        {
            open.core.advance(direction, state::CLIENT_HANDSHAKE_DONE);
        }
    }

    /// Application data means that the handshake is over, early data (RFC 8446 §2.3) aside.
    fn application_data(&mut self, input: &mut Input<'_>) {
        let Some(open) = self.transactions.last_mut() else { return };
        if open.body.early_data && !open.body.server_hello {
            return;
        }
        let done = state::HANDSHAKE_DONE[input.direction.index()];
        if open.core.progress[input.direction.index()] < done {
            open.core.advance(input.direction, done);
        }
        let handling =
            self.handling.get_or_insert_with(|| match input.config.setting("tls.encryption_handling") {
                Some("full") => Handling::Full,
                Some("bypass") => Handling::Bypass,
                _ => Handling::Track,
            });
        match handling {
            Handling::Full => {}
            Handling::Bypass => {
                input.asks.stop_inspection = true;
                input.asks.stop = true;
                input.asks.bypass = true;
            }
            Handling::Track => input.asks.stop_inspection = true,
        }
    }

    fn alert(&mut self, direction: Direction, body: &[u8]) {
        // Two bytes are readable; more is encrypted (RFC 5246 §7.2).
        let &[level, _] = body else { return };
        let Some(open) = self.transactions.last_mut() else { return };
        match level {
            1 => {}
            2 => open.core.advance(direction, state::FINISHED[direction.index()]),
            _ => open.core.raise(event::INVALID_ALERT_MESSAGE),
        }
    }

    /// Checks a heartbeat for what CVE-2014-0160 abuses: a length that goes beyond the message, an answer larger than its
    /// request.
    fn heartbeat(&mut self, direction: Direction, body: &[u8]) {
        self.raise(event::HEARTBEAT_MESSAGE);
        match self.heartbeat.from {
            None => {
                self.heartbeat.from = Some(direction);
                if self.encrypted {
                    self.heartbeat.record_bytes = body.len();
                    return;
                }
                let Some(&[kind, high, low]) = body.first_chunk::<3>() else {
                    self.raise(event::INVALID_HEARTBEAT_MESSAGE);
                    return;
                };
                let claimed = usize::from(high) << 8 | usize::from(low);
                if claimed + 3 > body.len() {
                    self.raise(event::OVERFLOW_HEARTBEAT_MESSAGE);
                } else if !matches!(kind, 1 | 2) || body.len() - claimed - 3 < HEARTBEAT_PADDING {
                    self.raise(event::INVALID_HEARTBEAT_MESSAGE);
                }
            }
            Some(from) if from != direction => {
                let asked = std::mem::take(&mut self.heartbeat).record_bytes;
                if asked > 0 && body.len() > asked {
                    self.raise(event::DATALEAK_HEARTBEAT_MISMATCH);
                }
            }
            Some(_) => {}
        }
    }

    /// SSL 2 (draft-hickman-netscape-ssl-00): a header of two or three bytes, then the message.
    fn old_record(&mut self, input: &mut Input<'_>, rest: &[u8], offset: usize) -> Step {
        let Some(&[high, low]) = rest.first_chunk::<2>() else { return Step::Need(3) };
        let (header, length) = if high & 0x80 != 0 {
            (2, usize::from(high & 0x7f) << 8 | usize::from(low))
        } else {
            (3, usize::from(high & 0x3f) << 8 | usize::from(low))
        };
        if length == 0 {
            self.raise(event::INVALID_SSLV2_HEADER);
            return Step::Broken;
        }
        let whole = header + length;
        self.announce_old(input, offset, header, length);
        let started =
            self.party(input.direction).is_some_and(|party| party.random.is_some() || party.version == 2);
        if started || self.encrypted {
            return self.read_over(input.direction, rest, whole);
        }
        match rest.get(header..whole) {
            None => Step::Need(whole),
            Some(body) => {
                self.old_message(input, body);
                Step::Used(whole)
            }
        }
    }

    fn announce_old(&mut self, input: &mut Input<'_>, offset: usize, header: usize, length: usize) {
        let reader = &mut self.readers[input.direction.index()];
        if std::mem::replace(&mut reader.announced, true) {
            return;
        }
        let (direction, offset) = (input.direction, i64::try_from(offset).unwrap_or(i64::MAX));
        for (kind, len) in [("ssl2.pdu", header + length), ("ssl2.hdr", header)] {
            input.asks.frames.push(Frame { kind, direction, offset, len: Some(len as u64), tx: Some(0) });
        }
    }
}

/// Padding that a heartbeat carries at least (RFC 6520 §4).
const HEARTBEAT_PADDING: usize = 16;

/// Content types of records.
mod content {
    pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
    pub(super) const APPLICATION_DATA: u8 = 23;
    pub(super) const HEARTBEAT: u8 = 24;
}

/// Whether fingerprints are wanted.
fn fingerprints(config: &Config) -> (bool, bool) {
    (config.ja3, config.ja4)
}
