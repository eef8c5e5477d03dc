//! MySQL and MariaDB: the handshake, the login, and each command with its result as a transaction.
//!
//! Limits: 64 KiB of a packet are looked at, 8 KiB of a query kept; 64 open transactions. After a switch to TLS the flow is
//! recognised anew; compressed connections are not read. What proves a user is never kept, and masked inside queries.

mod fields;
mod handshake;
mod names;
mod query;
mod result;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::exchange::finish;
use crate::framing::{Framing, Next, Unit};
use crate::session::bookkeeping;
use crate::{
    Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side, Transaction,
    Transactions,
};
use handshake::{Greeting, Login, capability};
use result::Outcome;

const TCP: u8 = 6;
const TRANSACTIONS_MAX: usize = 64;
/// Length in three bytes, and a number that counts the packets of an exchange.
const HEAD_BYTES: usize = 4;
const LOOKED_AT_MAX: usize = 64 << 10;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mysql",
    help: "MySQL and MariaDB.",
    patterns: &[Pattern {
        transport: TCP,
        direction: Direction::ToClient,
        bytes: &[0, handshake::VERSION],
        nocase: false,
        offset: 3,
        depth: 5,
        confirm: Some(|bytes| match bytes.get(HEAD_BYTES..).and_then(Greeting::read) {
            Some(greeting) if greeting.is_plausible(bytes) => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        }),
    }],
    probes: &[Probe {
        transport: TCP,
        ports: Ports::These(&[3306]),
        side: Side::Server,
        depth_min: 7,
        depth_max: 512,
        look: |bytes, direction, _| match bytes {
            // The server refuses before the handshake.
            [length, 0, 0, 0, 0xff, code, 4, ..]
                if direction == Direction::ToClient
                    && usize::from(*length) + HEAD_BYTES == bytes.len()
                    && *code >= 1 =>
            {
                ProbeAnswer::Yes
            }
            [_, 0, 0, 1, login @ ..] if direction == Direction::ToServer => match Login::read(login) {
                Some(login) if login.capabilities & capability::PROTOCOL_41 != 0 => ProbeAnswer::Yes,
                _ => ProbeAnswer::No,
            },
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(MySql::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "too_many_transactions", "unsolicited_response"],
    logs: &[Log { event_type: "mysql", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const TOO_MANY_TRANSACTIONS: u8 = 1;

/// Commands that matter here.
mod command {
    pub(crate) const QUIT: u8 = 1;
    pub(crate) const INIT_DB: u8 = 2;
    pub(crate) const QUERY: u8 = 3;
    pub(crate) const CREATE_DB: u8 = 5;
    pub(crate) const DROP_DB: u8 = 6;
    pub(crate) const CHANGE_USER: u8 = 17;
    pub(crate) const PREPARE: u8 = 22;
    pub(crate) const LONG_DATA: u8 = 24;
    pub(crate) const CLOSE: u8 = 25;
}

/// A login, or a command; what came of it.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    greeting: Option<Greeting>,
    login: Option<Login>,
    command: Option<u8>,
    /// Query, name of a database.
    text: Vec<u8>,
    outcome: Outcome,
}

/// What the connection is doing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Greeting,
    Login,
    Commands,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct MySql {
    transactions: Transactions<Exchange>,
    framing: Framing,
    stage: Stage,
    capabilities: u32,
    user: Vec<u8>,
}

impl Default for MySql {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            framing: Framing::default(),
            stage: Stage::Greeting,
            capabilities: 0,
            user: Vec::new(),
        }
    }
}

fn unit(bytes: &[u8]) -> Unit {
    match bytes {
        [low, middle, high, _, ..] => {
            let length = u32::from_le_bytes([*low, *middle, *high, 0]) as usize + HEAD_BYTES;
            Unit::Start(LOOKED_AT_MAX, length)
        }
        _ => Unit::More(HEAD_BYTES),
    }
}

/// After lost bytes only the start of a command is believed: the counter is 0, the command known, the length small.
fn unit_again(bytes: &[u8]) -> Unit {
    match *bytes {
        [_, _, 0, 0, 1..=0x1f, ..] => unit(bytes),
        [_, _, high, count, ..] if high != 0 || count != 0 || bytes.len() > HEAD_BYTES => Unit::Not,
        _ => Unit::More(HEAD_BYTES + 1),
    }
}

impl Session for MySql {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let mut used = 0;
        loop {
            let lost = self.framing.is_lost(input.direction);
            // Results are not told apart from one another; the next command's are read again.
            if lost && input.direction == Direction::ToClient {
                return Fed::Used(input.data.bytes().len());
            }
            let unit = if lost { unit_again } else { unit };
            match self.framing.next(input, &mut used, unit) {
                Next::Record(record, _) => {
                    input.asks.inspect_stream[input.direction.index()] = true;
                    let (head, body) = record.split_at(HEAD_BYTES.min(record.len()));
                    let sequence = head.get(3).copied().unwrap_or(0);
                    match input.direction {
                        Direction::ToServer => self.client(input, sequence, body),
                        Direction::ToClient => self.server(input, sequence, body),
                    }
                    if input.asks.change.is_some() {
                        return Fed::Used(used);
                    }
                }
                Next::Garbage => self.raise(input, MALFORMED_DATA),
                Next::Stop(fed) => return fed,
            }
        }
    }

    bookkeeping!(transactions);
}

impl MySql {
    fn server(&mut self, input: &Input<'_>, sequence: u8, body: &[u8]) {
        if self.stage == Stage::Greeting {
            let greeting = Greeting::read(body);
            let mut exchange = Exchange::default();
            if greeting.is_none() {
                exchange.outcome.first(body, 0, 0);
            }
            self.stage = Stage::Login;
            exchange.greeting = greeting;
            let refused = exchange.greeting.is_none();
            let open = self.open(input, exchange);
            if refused {
                finish(open);
            }
            return;
        }
        let (login, capabilities) = (self.stage == Stage::Login, self.capabilities);
        let Some(open) = self.transactions.unfinished().next() else {
            return;
        };
        open.core.updated[1] = true;
        let command = open.body.command.unwrap_or(0);
        let done = match login {
            true => open.body.outcome.login(body),
            false => open.body.outcome.packet(body, command, capabilities),
        };
        if done {
            if login && open.body.outcome.is_success() {
                self.stage = Stage::Commands;
            }
            let _ = sequence;
            finish(open);
        }
    }

    fn client(&mut self, input: &mut Input<'_>, sequence: u8, body: &[u8]) {
        if self.stage != Stage::Commands {
            // A session that was picked up later begins with a command.
            if self.stage == Stage::Greeting && sequence == 0 {
                self.stage = Stage::Commands;
            } else {
                return self.login(input, body);
            }
        }
        // Further packets of a command: data of a file, answers to a challenge.
        if sequence != 0 {
            return;
        }
        // A new command: whatever the one before it still waited for will not come.
        for open in self.transactions.unfinished() {
            finish(open);
        }
        let Some((&command, rest)) = body.split_first() else { return };
        let mut exchange = Exchange { command: Some(command), ..Exchange::default() };
        match command {
            command::QUERY => exchange.text = query::text(rest, self.capabilities),
            command::PREPARE => exchange.text = query::kept(rest),
            command::INIT_DB | command::CREATE_DB | command::DROP_DB => exchange.text = query::kept(rest),
            command::CHANGE_USER => {
                let login = Login::change(rest);
                self.user = login.as_ref().map(|login| login.user.clone()).unwrap_or_default();
                exchange.login = login;
                self.stage = Stage::Login;
            }
            _ => {}
        }
        let unanswered = matches!(command, command::QUIT | command::LONG_DATA | command::CLOSE);
        let open = self.open(input, exchange);
        open.core.advance(Direction::ToServer, 1);
        if unanswered {
            finish(open);
        }
    }

    fn login(&mut self, input: &mut Input<'_>, body: &[u8]) {
        let Some(open) = self.transactions.unfinished().next() else { return };
        // Answers to a challenge follow the login.
        if open.body.login.is_some() || open.body.command.is_some() {
            return;
        }
        match Login::read(body) {
            Some(login) => {
                self.capabilities = login.capabilities;
                let tls = login.tls;
                self.user.clone_from(&login.user);
                open.body.login = Some(login);
                open.core.advance(Direction::ToServer, 1);
                if tls {
                    finish(open);
                    input.asks.change = Some(Some("tls"));
                } else if self.capabilities & capability::COMPRESS != 0 {
                    // What follows the answer is compressed.
                    input.asks.stop = true;
                    finish(open);
                }
            }
            None => open.core.raise(MALFORMED_DATA),
        }
    }

    fn open(&mut self, input: &Input<'_>, exchange: Exchange) -> &mut Transaction<Exchange> {
        crate::exchange::make_room(&mut self.transactions, TOO_MANY_TRANSACTIONS);
        self.transactions.open(input.time, input.packet, exchange)
    }

    fn raise(&mut self, input: &Input<'_>, code: u8) {
        let open = self.open(input, Exchange::default());
        open.core.raise(code);
        finish(open);
    }
}
