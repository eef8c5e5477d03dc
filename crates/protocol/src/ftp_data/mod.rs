//! FTP data connections that the control connection announced: one flow, one transaction, one file.

#[cfg(test)]
mod tests;

use json::Json;
use model::Direction;

use crate::file::FileSource;
use crate::ftp::Command;
use crate::session::bookkeeping;
use crate::{
    Condition, Data, Expectation, Fed, Field, FieldKind, FileState, Input, Log, LogWhen, Protocol, Scope,
    Session, Transactions,
};

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ftp-data",
    help: "File Transfer Protocol, data connection.",
    session: Some(|| Box::new(FtpData::default())),
    states: [
        &[("request_started", 0), ("request_complete", 1)],
        &[("response_started", 0), ("response_complete", 1)],
    ],
    fields: FIELDS,
    logs: &[Log { event_type: "ftp_data", when: LogWhen::Complete, write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const FIELDS: &[Field] = &[
    Field {
        name: "ftpdata_command",
        help: "Command that the connection serves: `retr`, `stor`, `stou`, `appe`, `list`, `nlst`, `mlsd`.",
        kind: FieldKind::Custom(|argument| {
            let argument = argument.trim();
            let known =
                Command::TRANSFERS.into_iter().find(|known| known.name().eq_ignore_ascii_case(argument));
            let known = known.ok_or_else(|| format!("`{argument}` uses no data connection"))?;
            Ok(Box::new(Is(known)))
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ftpdata.filename",
        help: "Name of the file, as the command gave it.",
        kind: FieldKind::Bytes(|scope, _| {
            Some(scope.tx::<Transfer>().name.as_slice()).filter(|name| !name.is_empty())
        }),
        fact: true,
        ..Field::EMPTY
    },
];

#[derive(Debug)]
struct Is(Command);

impl Condition for Is {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        scope.tx::<Transfer>().command == Some(self.0)
    }
}

/// The transfer.
#[derive(Debug, Default, Clone)]
pub(crate) struct Transfer {
    command: Option<Command>,
    /// Empty for a listing.
    name: Vec<u8>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct FtpData {
    transactions: Transactions<Transfer>,
    announced: Transfer,
    direction: Direction,
    last_file: u32,
}

impl Default for FtpData {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(1),
            announced: Transfer::default(),
            direction: Direction::ToClient,
            last_file: 0,
        }
    }
}

impl Session for FtpData {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if input.direction != self.direction {
            return Fed::Used(bytes.len());
        }
        if self.transactions.is_empty() {
            let nothing = input.data == Data::Bytes(&[]);
            if nothing || self.transactions.opened() > 0 {
                return Fed::Used(bytes.len());
            }
            self.transactions.open(input.time, input.packet, self.announced.clone());
        }
        let Some(transfer) = self.transactions.last_mut() else { return Fed::Used(bytes.len()) };
        transfer.core.updated = [true; 2];
        transfer.core.advance(self.direction.other(), 1);
        let mut source = FileSource {
            files: &mut transfer.files,
            config: &input.config.files,
            direction: self.direction,
            began: (input.time, input.packet),
            last_id: &mut self.last_file,
        };
        if source.files.is_empty() && transfer.body.command.is_some_and(Command::moves_file) {
            source.open(&transfer.body.name);
        }
        match input.data {
            Data::Bytes(bytes) => source.append(bytes),
            Data::Gap(bytes) => {
                if let Some(file) = source.files.last_mut() {
                    file.gap(u64::from(bytes));
                }
            }
        }
        if input.end {
            let gaps = source.files.last().is_some_and(|file| file.gaps);
            source.close(if gaps { FileState::Truncated } else { FileState::Closed });
            transfer.core.advance(self.direction, 1);
        }
        Fed::Used(bytes.len())
    }

    fn announced(&mut self, expectation: &Expectation) {
        self.direction = expectation.direction;
        if let Some((number, name)) = expectation.note.split_first() {
            self.announced = Transfer { command: Command::numbered(*number), name: name.to_vec() };
        }
    }

    bookkeeping!(transactions);
}

fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let transfer = scope.tx::<Transfer>();
    json.object("ftp_data");
    if !transfer.name.is_empty() {
        json.bytes_text("filename", &transfer.name);
    }
    if let Some(command) = transfer.command {
        json.text("command", command.name());
    }
    json.end();
    true
}
