//! SMTP (RFC 5321) with pipelining (RFC 2920), STARTTLS (RFC 3207) and BDAT (RFC 3030): one mail is one transaction.
//!
//! Commands wait for their replies in a queue, so that a reply finds the mail it belongs to. Limits: lines of 4 KiB outside
//! bodies, 100 recipients, 1,024 commands without a reply, 256 open transactions; what goes beyond is read over.

mod fields;
mod log;
mod reply;
mod request;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub(crate) use log::write_mail;

use model::Direction;

use crate::mime::{self, MimeConfig, Oddity};
use crate::session::bookkeeping;
use crate::{
    Config, Data, Fed, FileState, Frame, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol,
    Session, Side, Transaction, Transactions,
};

const RECIPIENTS_MAX: usize = 100;
const WAITING_MAX: usize = 1024;
const TRANSACTIONS_MAX: usize = 256;

/// Progress of a transaction, in both directions.
const DATA: u8 = 1;
const COMPLETE: u8 = 2;

const fn greeting(bytes: &'static [u8]) -> Pattern {
    Pattern {
        transport: 6,
        direction: Direction::ToServer,
        bytes,
        nocase: true,
        offset: 0,
        depth: bytes.len(),
        confirm: None,
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "smtp",
    help: "Simple Mail Transfer Protocol.",
    patterns: &[greeting(b"EHLO"), greeting(b"HELO"), greeting(b"QUIT")],
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[25, 465, 587]),
        side: Side::Server,
        depth_min: 5,
        depth_max: 5,
        look: |bytes, direction, _| match bytes {
            [b'2', b'2', b'0', b' ' | b'-', ..] if direction == Direction::ToClient => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Smtp::default())),
    complete: [COMPLETE, COMPLETE],
    states: [
        &[("request_started", 0), ("request_data", DATA), ("request_complete", COMPLETE)],
        &[("response_started", 0), ("response_data", DATA), ("response_complete", COMPLETE)],
    ],
    fields: fields::FIELDS,
    events: &[
        "INVALID_REPLY",
        "UNABLE_TO_MATCH_REPLY_WITH_REQUEST",
        "MAX_COMMAND_LINE_LEN_EXCEEDED",
        "MAX_REPLY_LINE_LEN_EXCEEDED",
        "INVALID_PIPELINED_SEQUENCE",
        "BDAT_CHUNK_LEN_EXCEEDED",
        "NO_SERVER_WELCOME_MESSAGE",
        "TLS_REJECTED",
        "DATA_COMMAND_REJECTED",
        "FAILED_PROTOCOL_CHANGE",
        "MIME_PARSE_FAILED",
        "MIME_MALFORMED_MSG",
        "MIME_INVALID_BASE64",
        "MIME_INVALID_QP",
        "MIME_LONG_LINE",
        "MIME_LONG_ENC_LINE",
        "MIME_LONG_HEADER_NAME",
        "MIME_LONG_HEADER_VALUE",
        "MIME_LONG_BOUNDARY",
        "MIME_LONG_FILENAME",
        "DUPLICATE_FIELDS",
        "UNPARSABLE_CONTENT",
        "TRUNCATED_LINE",
        "INVALID_BDAT",
    ],
    logs: &[Log { event_type: "smtp", when: LogWhen::Complete, write: log::write, with_alert: true }],
    ..Protocol::EMPTY
};

/// App-layer events; the number is the position in the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    InvalidReply = 0,
    InvalidPipelinedSequence = 4,
    NoServerWelcome = 6,
    TlsRejected = 7,
    DataRejected = 8,
    MimeMalformed = 11,
    MimeBase64 = 12,
    MimeQuotedPrintable = 13,
    MimeLongLine = 14,
    MimeLongEncodedLine = 15,
    MimeLongHeaderName = 16,
    MimeLongHeaderValue = 17,
    MimeLongBoundary = 18,
    MimeLongFilename = 19,
    DuplicateFields = 20,
    UnparsableContent = 21,
    TruncatedLine = 22,
    InvalidBdat = 23,
}

impl From<Oddity> for Event {
    fn from(oddity: Oddity) -> Self {
        match oddity {
            Oddity::MalformedMessage => Event::MimeMalformed,
            Oddity::InvalidBase64 => Event::MimeBase64,
            Oddity::InvalidQuotedPrintable => Event::MimeQuotedPrintable,
            Oddity::LongLine => Event::MimeLongLine,
            Oddity::LongEncodedLine => Event::MimeLongEncodedLine,
            Oddity::LongHeaderName => Event::MimeLongHeaderName,
            Oddity::LongHeaderValue => Event::MimeLongHeaderValue,
            Oddity::LongBoundary => Event::MimeLongBoundary,
            Oddity::LongFilename => Event::MimeLongFilename,
        }
    }
}

/// A command that waits for its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    command: Command,
    /// The mail it belongs to.
    tx: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    StartTls,
    Data,
    /// Not a command: the mail itself, which the server answers like one.
    Message,
    /// A command that ended its mail (RSET, a repeated HELO).
    Reset,
    Other,
}

/// What the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Commands,
    /// A mail, up to a line with a dot.
    Mail,
    /// So many bytes of a mail.
    Chunk {
        left: u64,
        last: bool,
    },
    /// Something else after STARTTLS.
    Other,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Smtp {
    transactions: Transactions<Mail>,
    helo: Vec<u8>,
    mode: Mode,
    waiting: VecDeque<Waiting>,
    /// The server has greeted.
    greeted: bool,
    multiline: bool,
    /// The server takes commands without waiting for each reply.
    pipelining: bool,
    /// The rest of a line that was too long is read over, per direction.
    skipping: [bool; 2],
    /// In the middle of a body line that came in pieces.
    midline: bool,
    /// Beginning of a header line whose rest comes with the next chunk.
    carry: Vec<u8>,
    last_file: u32,
    /// Bytes that the client has sent and that were used.
    sent: u64,
    /// Where in them the mail under way begins, and its transaction.
    mail_frame: Option<(u64, u64)>,
    settings: Option<Box<Settings>>,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            helo: Vec::new(),
            mode: Mode::Commands,
            waiting: VecDeque::new(),
            greeted: false,
            multiline: false,
            pipelining: false,
            skipping: [false; 2],
            midline: false,
            carry: Vec::new(),
            last_file: 0,
            sent: 0,
            mail_frame: None,
            settings: None,
        }
    }
}

/// Configuration, read once per flow.
#[derive(Debug)]
struct Settings {
    decode_mime: bool,
    mime: MimeConfig,
    log: log::Wanted,
}

impl Settings {
    fn read(config: &Config) -> Self {
        let on = |name: &str| config.setting(name).is_none_or(|value| value != "false" && value != "no");
        let schemes = config.setting("smtp.mime.extract_urls_schemes").unwrap_or("http");
        let schemes = schemes.split(',').map(|scheme| scheme.trim().to_ascii_lowercase());
        let schemes = schemes.filter(|scheme| !scheme.is_empty()).map(|scheme| match scheme.as_str() {
            "mailto" => b"mailto:".to_vec(),
            _ => format!("{scheme}://").into_bytes(),
        });
        Self {
            decode_mime: on("smtp.mime.decode_mime"),
            mime: MimeConfig {
                header_value_max: config
                    .setting("smtp.mime.header_value_depth")
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(2000),
                base64: on("smtp.mime.decode_base64"),
                quoted_printable: on("smtp.mime.decode_quoted_printable"),
                urls: on("smtp.mime.extract_urls"),
                schemes: schemes.collect(),
                keep_scheme: matches!(config.setting("smtp.mime.log_url_scheme"), Some("true" | "yes")),
                body_md5: on("smtp.mime.body_md5"),
            },
            log: log::Wanted::read(config),
        }
    }
}

/// One mail, from the first command to the reply to its text.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    mail_from: Option<Vec<u8>>,
    rcpt_to: Vec<Vec<u8>>,
    mime: Option<Box<mime::Message>>,
    /// DATA was sent and not rejected.
    data: bool,
    /// Logins that were refused (RFC 4954 §6, code 535).
    refused: u32,
    /// A login was accepted (code 235).
    authenticated: bool,
}

impl Session for Smtp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        if self.settings.is_none() {
            self.settings = Some(Box::new(Settings::read(input.config)));
        }
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let fed = match input.direction {
            Direction::ToServer => self.requests(input, bytes),
            Direction::ToClient => self.replies(input, bytes),
        };
        if input.end && input.direction == Direction::ToServer {
            for file in self.transactions.iter_mut().flat_map(|mail| &mut mail.files) {
                file.close(FileState::Truncated);
            }
        }
        fed
    }

    bookkeeping!(transactions);
}

impl Smtp {
    /// The newest transaction, if the client has not completed it.
    fn current(&mut self) -> Option<&mut Transaction<Mail>> {
        self.transactions.last_mut().filter(|mail| mail.core.progress[0] < COMPLETE)
    }

    fn by_id(&mut self, id: u64) -> Option<&mut Transaction<Mail>> {
        self.transactions.iter_mut().rev().find(|mail| mail.core.id == id)
    }

    fn raise(&mut self, event: Event) {
        if let Some(mail) = self.transactions.last_mut() {
            mail.core.raise(event as u8);
        }
    }

    fn wait(&mut self, command: Command, tx: u64) {
        // RFC 2920 §3.1: these must be the last of a group, their answer decides what comes next.
        let last = self.waiting.back().map(|waiting| waiting.command);
        if matches!(last, Some(Command::StartTls | Command::Data)) {
            self.raise(Event::InvalidPipelinedSequence);
        }
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(Waiting { command, tx });
        }
    }
}

fn push_frame(input: &mut Input<'_>, kind: &'static str, offset: usize, len: Option<usize>, tx: Option<u64>) {
    input.asks.frames.push(Frame {
        kind,
        direction: input.direction,
        offset: offset as i64,
        len: len.map(|len| len as u64),
        tx,
    });
}
