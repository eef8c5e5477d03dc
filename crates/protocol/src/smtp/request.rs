//! The client's side: commands, and the mail itself.

use super::{COMPLETE, Command, DATA, Event, Mail, Mode, RECIPIENTS_MAX, Smtp, push_frame};
use crate::file::FileSource;
use crate::line::{LINE_BYTES_MAX, Line, begins, split_end, take_line};
use crate::mime::{self, Stage};
use crate::{Fed, FileState, Input, Transaction};
use model::Direction;

impl Smtp {
    pub(super) fn requests(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let mut rest = bytes;
        while !rest.is_empty() {
            let before = rest.len();
            match self.mode {
                Mode::Commands => {
                    let offset = bytes.len() - rest.len();
                    let Some(line) = take_line(&mut rest, &mut self.skipping[0]) else { break };
                    self.command(input, &line, offset, before - rest.len());
                }
                Mode::Mail => {
                    if !self.mail_line(input, &mut rest) {
                        break;
                    }
                    if self.mode == Mode::Commands {
                        self.close_frame(input, bytes.len() - rest.len());
                    }
                }
                Mode::Chunk { left, last } => self.chunk(input, &mut rest, left, last),
                Mode::Other => rest = &[],
            }
        }
        let used = bytes.len() - rest.len();
        self.sent += used as u64;
        Fed::Used(used)
    }

    /// The mail that began with a frame of unknown length ends at `offset` of the data at hand.
    fn close_frame(&mut self, input: &mut Input<'_>, offset: usize) {
        let Some((start, tx)) = self.mail_frame.take() else { return };
        // Counted from the data at hand, in which it may have begun as well as before.
        let place = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        input.asks.frames.push(crate::Frame {
            kind: "data",
            direction: Direction::ToServer,
            offset: place(start) - place(self.sent),
            len: Some((self.sent + offset as u64).saturating_sub(start)),
            tx: Some(tx),
        });
    }

    fn command(&mut self, input: &mut Input<'_>, line: &Line<'_>, offset: usize, used: usize) {
        let text = line.text;
        if self.current().is_none() {
            // QUIT and RSET after a mail say nothing about another one.
            let idle = begins(text, b"quit") || begins(text, b"rset");
            if idle && self.transactions.opened() > 0 {
                let tx = self.transactions.opened() - 1;
                push_frame(input, "command_line", offset, Some(used), Some(tx));
                return self.wait(Command::Other, tx);
            }
            if self.transactions.is_full() {
                return;
            }
            self.transactions.open(input.time, input.packet, Mail::default());
        }
        if !self.greeted {
            self.raise(Event::NoServerWelcome);
        }
        if line.cut {
            self.raise(Event::TruncatedLine);
        }
        let Some(mail) = self.current() else { return };
        let tx = mail.core.id;
        mail.core.updated[0] = true;
        push_frame(input, "command_line", offset, Some(used), Some(tx));
        if let Some(command) = self.dispatch(input, text, tx, offset + used) {
            self.wait(command, tx);
        }
    }

    fn dispatch(&mut self, input: &mut Input<'_>, text: &[u8], tx: u64, after: usize) -> Option<Command> {
        let command = if begins(text, b"starttls") {
            Command::StartTls
        } else if begins(text, b"data") {
            return self.data(input, tx, after);
        } else if begins(text, b"bdat") {
            self.bdat(input, text)
        } else if begins(text, b"helo") || begins(text, b"ehlo") {
            self.hello(text)
        } else if begins(text, b"mail from") {
            self.mail_from(text)
        } else if begins(text, b"rcpt to") {
            if let Some(mail) = self.current()
                && mail.body.rcpt_to.len() < RECIPIENTS_MAX
            {
                mail.body.rcpt_to.push(argument(text, 7).to_vec());
            }
            Command::Other
        } else if begins(text, b"rset") {
            self.complete_request();
            Command::Reset
        } else {
            Command::Other
        };
        Some(command)
    }

    fn hello(&mut self, text: &[u8]) -> Command {
        if self.helo.is_empty() {
            self.helo = argument(text, 4).to_vec();
            return Command::Other;
        }
        self.raise(Event::DuplicateFields);
        // RFC 5321 §4.1.4: it resets the state as RSET does. A mail of which nothing was said goes on.
        let begun = self.current().is_some_and(|mail| mail.body.mail_from.is_some() || mail.body.data);
        if !begun {
            return Command::Other;
        }
        self.complete_request();
        Command::Reset
    }

    fn mail_from(&mut self, text: &[u8]) -> Command {
        let sender = argument(text, 9).to_vec();
        match self.current() {
            Some(mail) if mail.body.mail_from.is_none() => mail.body.mail_from = Some(sender),
            _ => self.raise(Event::DuplicateFields),
        }
        Command::Other
    }

    fn data(&mut self, input: &mut Input<'_>, tx: u64, after: usize) -> Option<Command> {
        if self.current()?.body.data {
            // No reply has come to the last DATA, and here is another.
            self.raise(Event::UnparsableContent);
            return None;
        }
        self.begin_mail();
        if self.pipelining {
            // Such a server may be sent the mail at once.
            self.enter_mail(input, tx, after);
        }
        Some(Command::Data)
    }

    /// The mail's text is expected from here on.
    fn begin_mail(&mut self) {
        let Some(settings) = &self.settings else { return };
        let mime = settings.decode_mime.then(|| Box::new(mime::Message::new(settings.mime.clone())));
        if let Some(mail) = self.current() {
            mail.body.data = true;
            if mail.body.mime.is_none() {
                mail.body.mime = mime;
            }
        }
    }

    fn enter_mail(&mut self, input: &mut Input<'_>, tx: u64, after: usize) {
        self.mode = Mode::Mail;
        self.midline = false;
        push_frame(input, "data", after, None, Some(tx));
        self.mail_frame = Some((self.sent + after as u64, tx));
        if let Some(mail) = self.current() {
            mail.core.advance(Direction::ToServer, DATA);
        }
    }

    fn bdat(&mut self, input: &Input<'_>, text: &[u8]) -> Command {
        let mut words = text.split(|&byte| byte == b' ').skip(1).filter(|word| !word.is_empty());
        let size = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse::<u64>().ok());
        let last = match (words.next(), words.next()) {
            (None, _) => Some(false),
            (Some(word), None) if word.eq_ignore_ascii_case(b"last") => Some(true),
            _ => None,
        };
        let (Some(left), Some(last)) = (size, last) else {
            self.raise(Event::InvalidBdat);
            return Command::Other;
        };
        self.begin_mail();
        if let Some(mail) = self.current() {
            mail.core.advance(Direction::ToServer, DATA);
        }
        if left == 0 && last {
            self.end_mail_text(input);
        } else if left > 0 {
            self.mode = Mode::Chunk { left, last };
        }
        if last { Command::Message } else { Command::Other }
    }

    /// One line of the mail; says whether one was there.
    fn mail_line(&mut self, input: &mut Input<'_>, rest: &mut &[u8]) -> bool {
        let body = self
            .current()
            .and_then(|mail| mail.body.mime.as_ref())
            .is_none_or(|mime| matches!(mime.stage(), Stage::Body | Stage::Done));
        if body {
            return self.body_line(input, rest);
        }
        let Some(line) = take_line(rest, &mut self.skipping[0]) else { return false };
        if line.cut {
            self.raise(Event::TruncatedLine);
        }
        if line.text == b"." {
            self.end_mail(input);
        } else {
            self.mime_line(input, line.text, stuffing(line.text), line.end);
        }
        true
    }

    /// A line of a body may have any length and is then taken in pieces.
    fn body_line(&mut self, input: &mut Input<'_>, rest: &mut &[u8]) -> bool {
        let (line, end, used) = match memchr::memchr(b'\n', rest) {
            Some(at) => {
                let Some(whole) = rest.get(..=at) else { return false };
                let (line, end) = split_end(whole);
                (line, end, at + 1)
            }
            None if rest.len() >= LINE_BYTES_MAX => {
                let used = piece_len(rest);
                (rest.get(..used).unwrap_or_default(), b"".as_slice(), used)
            }
            None => return false,
        };
        let midline = std::mem::replace(&mut self.midline, end.is_empty());
        if !midline && line == b"." && !end.is_empty() {
            self.end_mail(input);
        } else {
            self.mime_line(input, line, if midline { 0 } else { stuffing(line) }, end);
        }
        *rest = rest.get(used..).unwrap_or_default();
        true
    }

    fn end_mail(&mut self, input: &Input<'_>) {
        self.mode = Mode::Commands;
        let tx = self.current().map(|mail| mail.core.id);
        self.end_mail_text(input);
        if let Some(tx) = tx {
            self.wait(Command::Message, tx);
        }
    }

    /// The mail's text is over, and with it the client's part of the transaction.
    fn end_mail_text(&mut self, input: &Input<'_>) {
        self.flush_carry(input);
        self.with_mime(input, |mime, files, _| mime.finish(files, FileState::Closed));
        self.complete_request();
    }

    fn complete_request(&mut self) {
        if let Some(mail) = self.current() {
            mail.core.advance(Direction::ToServer, COMPLETE);
        }
    }

    fn chunk(&mut self, input: &mut Input<'_>, rest: &mut &[u8], left: u64, last: bool) {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let (chunk, after) = rest.split_at(take);
        *rest = after;
        for line in chunk.split_inclusive(|&byte| byte == b'\n') {
            let (text, end) = split_end(line);
            if end.is_empty() || !self.carry.is_empty() {
                // A line that goes on in the next chunk, or one that began in the last.
                let room = LINE_BYTES_MAX.saturating_sub(self.carry.len()).min(line.len());
                self.carry.extend_from_slice(line.get(..room).unwrap_or_default());
                if !end.is_empty() || self.carry.len() >= LINE_BYTES_MAX {
                    self.flush_carry(input);
                }
            } else {
                self.mime_line(input, text, 0, end);
            }
        }
        let left = left - take as u64;
        self.mode = if left > 0 { Mode::Chunk { left, last } } else { Mode::Commands };
        if left == 0 && last {
            self.end_mail_text(input);
        }
    }

    fn flush_carry(&mut self, input: &Input<'_>) {
        if self.carry.is_empty() {
            return;
        }
        let carry = std::mem::take(&mut self.carry);
        let (text, end) = split_end(&carry);
        self.with_mime(input, |mime, files, odd| {
            mime.line(text, 0, end, files, &mut |oddity| odd.push(oddity))
        });
    }

    fn mime_line(&mut self, input: &Input<'_>, text: &[u8], stuffing: usize, end: &'static [u8]) {
        self.with_mime(input, |mime, files, odd| {
            mime.line(text, stuffing, end, files, &mut |oddity| odd.push(oddity));
        });
    }

    /// Runs `act` on the mail's text and its files, and raises what it found odd.
    fn with_mime(
        &mut self,
        input: &Input<'_>,
        act: impl FnOnce(&mut mime::Message, &mut FileSource<'_>, &mut Vec<mime::Oddity>),
    ) {
        let mut last_file = self.last_file;
        let Some(Transaction { core, files, body }) = self.current() else { return };
        core.updated[0] = true;
        let Some(mime) = &mut body.mime else { return };
        let mut source = FileSource {
            files,
            config: &input.config.files,
            direction: Direction::ToServer,
            began: (input.time, input.packet),
            last_id: &mut last_file,
        };
        let mut odd = Vec::new();
        act(mime, &mut source, &mut odd);
        for oddity in odd {
            core.raise(Event::from(oddity) as u8);
        }
        self.last_file = last_file;
    }

    /// The server has agreed to DATA.
    pub(super) fn accept_data(&mut self, input: &mut Input<'_>, tx: u64) {
        let current = self.current().is_some_and(|mail| mail.core.id == tx && mail.body.data);
        if current && self.mode == Mode::Commands {
            self.mode = Mode::Mail;
            self.midline = false;
            if let Some(mail) = self.current() {
                mail.core.advance(Direction::ToServer, DATA);
            }
            self.mail_frame = Some((self.sent, tx));
            input.asks.frames.push(crate::Frame {
                kind: "data",
                direction: Direction::ToServer,
                offset: 0,
                len: None,
                tx: Some(tx),
            });
        }
    }

    /// The server has refused DATA: what the client sends next are commands.
    pub(super) fn refuse_data(&mut self, tx: u64) {
        if let Some(mail) = self.current().filter(|mail| mail.core.id == tx) {
            mail.body.mime = None;
            self.mode = Mode::Commands;
        }
    }
}

/// Where a long line without an end is cut: not inside an escape of three characters.
fn piece_len(rest: &[u8]) -> usize {
    let mut len = rest.len() - 3;
    while len > 0 && rest.get(len.saturating_sub(2)..len).is_some_and(|tail| tail.contains(&b'=')) {
        len -= 1;
    }
    if len == 0 { rest.len() } else { len }
}

/// RFC 5321 §4.5.2: a leading dot is doubled on the way.
fn stuffing(line: &[u8]) -> usize {
    usize::from(line.starts_with(b".."))
}

/// The word after a command of `len` bytes and one separator.
fn argument(text: &[u8], len: usize) -> &[u8] {
    let rest = text.get(len + 1..).unwrap_or_default();
    let start = rest.iter().position(|&byte| byte != b' ').unwrap_or(rest.len());
    let rest = rest.get(start..).unwrap_or_default();
    rest.split(|&byte| byte == b' ').next().unwrap_or_default()
}
