//! Literals, and the mails in them.

use model::Direction;

use super::command::{Command, is_append, literal, put_literal, range_asked};
use super::{Exchange, Imap, Next};
use crate::exchange::finish;
use crate::file::FileSource;
use crate::line::{LINE_BYTES_MAX, split_end};
use crate::mime::{Message, MimeConfig};
use crate::{FileState, Input, Transaction};

/// Literals up to this are taken for arguments.
const ARGUMENT_MAX: u64 = 1024;

/// A line that goes on in the next range or piece.
#[derive(Debug, Default)]
pub(super) struct Lines {
    carry: Vec<u8>,
}

/// A mail that is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fetching {
    /// Its transaction.
    id: u64,
    /// Where its next range begins.
    next: u64,
    /// A range as long as it was asked for came last, so that another may follow.
    pub(super) goes_on: bool,
}

impl Imap {
    /// Takes bytes of a literal; false: more are needed first.
    pub(super) fn literal(&mut self, input: &Input<'_>, rest: &mut &[u8], left: u64, mail: bool) -> bool {
        let place = input.direction.index();
        let there = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        // A short literal is an argument and waited for as a whole.
        if !mail && left <= ARGUMENT_MAX {
            if (there as u64) < left {
                return false;
            }
            let (text, after) = rest.split_at(there);
            put_literal(&mut self.gathered[place], text);
            *rest = after;
            self.next[place] = Next::Line;
            return true;
        }
        let (bytes, after) = rest.split_at(there);
        *rest = after;
        let left = left - there as u64;
        if mail {
            self.text(input, bytes);
        }
        self.next[place] = if left == 0 { Next::Line } else { Next::Literal { left, mail } };
        if left == 0 && mail && input.direction == Direction::ToServer {
            self.close_append(input);
        }
        true
    }

    /// Text of the mail of a direction, in any pieces.
    fn text(&mut self, input: &Input<'_>, bytes: &[u8]) {
        let place = input.direction.index();
        let mut carry = std::mem::take(&mut self.lines[place].carry);
        self.with_mail(input, |mail, files| {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                let whole = line.ends_with(b"\n");
                if whole && carry.is_empty() {
                    let (text, end) = split_end(line);
                    mail.line(text, 0, end, files, &mut |_| {});
                    continue;
                }
                carry.extend_from_slice(line);
                // A line without an end is taken in pieces.
                if whole || carry.len() >= LINE_BYTES_MAX {
                    let taken = std::mem::take(&mut carry);
                    let (text, end) = split_end(&taken);
                    mail.line(text, 0, end, files, &mut |_| {});
                }
            }
        });
        self.lines[place].carry = carry;
    }

    fn with_mail(&mut self, input: &Input<'_>, act: impl FnOnce(&mut Message, &mut FileSource<'_>)) {
        let mut last_file = self.last_file;
        let direction = input.direction;
        let Some(open) = self.mail_of(direction) else { return };
        open.core.updated[direction.index()] = true;
        let Transaction { files, body, .. } = open;
        let Some(mail) = &mut body.mail else { return };
        let mut source = FileSource {
            files,
            config: &input.config.files,
            direction,
            began: (input.time, input.packet),
            last_id: &mut last_file,
        };
        act(mail, &mut source);
        self.last_file = last_file;
    }

    /// The transaction whose mail goes in this direction now.
    fn mail_of(&mut self, direction: Direction) -> Option<&mut Transaction<Exchange>> {
        match direction {
            Direction::ToServer => self.waiting_append(),
            Direction::ToClient => {
                let id = self.fetching?.id;
                self.transactions.by_id_mut(id)
            }
        }
    }

    /// A client begins to append a mail.
    pub(super) fn append(&mut self, input: &Input<'_>) {
        self.lines[0].carry.clear();
        debug_assert!(is_append(&self.gathered[0]), "only APPEND carries a mail to the server");
        let mut command = Command::read(&self.gathered[0]);
        // The literal's length is no argument.
        command.arguments.pop();
        let mail = Some(Box::new(Message::new(MimeConfig::default())));
        // Several mails may be appended by one command: each has a transaction of its own.
        self.open(input, Exchange { command, mail, ..Exchange::default() });
    }

    /// The command whose mail is on its way.
    pub(super) fn waiting_append(&mut self) -> Option<&mut Transaction<Exchange>> {
        let open = self.transactions.iter_mut().rev().find(|open| open.body.number.is_none())?;
        (open.core.progress[0] == 0 && open.body.mail.is_some()).then_some(open)
    }

    fn close_append(&mut self, input: &Input<'_>) {
        self.end_text(input, FileState::Closed);
    }

    /// The line that ends the command has come.
    pub(super) fn end_append(&mut self) {
        if let Some(open) = self.waiting_append() {
            open.core.advance(Direction::ToServer, 1);
        }
    }

    /// Bytes are missing: the mail has no end.
    pub(super) fn cut_append(&mut self) {
        self.lines[0].carry.clear();
        if let Some(open) = self.waiting_append() {
            for file in &mut open.files {
                file.close(FileState::Truncated);
            }
            open.core.advance(Direction::ToServer, 1);
        }
    }

    /// The mail's last line, and its end.
    fn end_text(&mut self, input: &Input<'_>, state: FileState) {
        let carry = std::mem::take(&mut self.lines[input.direction.index()].carry);
        self.with_mail(input, |mail, files| {
            if !carry.is_empty() {
                mail.line(&carry, 0, b"", files, &mut |_| {});
            }
            mail.finish(files, state);
        });
    }

    /// A server begins to send a mail, or a further range of it.
    pub(super) fn fetch(&mut self, input: &Input<'_>, number: u64, offset: u64) {
        let length = literal(&self.gathered[1]).unwrap_or(0);
        let asked = self.waiting().and_then(|open| range_asked(&open.body.command));
        let next = offset.saturating_add(length);
        let goes_on = asked.is_some_and(|asked| length >= asked);
        if let Some(Fetching { id, next: expected, .. }) = self.fetching {
            let open = self.transactions.by_id_mut(id);
            let same = open.is_some_and(|open| open.body.number == Some(number));
            if offset != 0 && offset == expected && same {
                self.fetching = Some(Fetching { id, next, goes_on });
                return;
            }
            self.end_fetch(FileState::Closed);
        }
        if offset != 0 {
            // The start of this mail was not seen.
            return;
        }
        let mail = Some(Box::new(Message::new(MimeConfig::default())));
        let exchange = Exchange { mail, number: Some(number), ..Exchange::default() };
        let open = self.open(input, exchange);
        open.core.only = Some(Direction::ToClient);
        self.fetching = Some(Fetching { id: open.core.id, next, goes_on });
    }

    /// Nothing more comes of the mail that was being fetched.
    pub(super) fn end_fetch(&mut self, state: FileState) {
        let carry = std::mem::take(&mut self.lines[1].carry);
        let Some(Fetching { id, .. }) = self.fetching.take() else { return };
        let mut last_file = self.last_file;
        let Some(open) = self.transactions.by_id_mut(id) else { return };
        let config = crate::FileConfig::default();
        let Transaction { core, files, body } = open;
        if let Some(mail) = &mut body.mail {
            let began = (core.began, core.first_packet);
            let mut source = FileSource {
                files,
                config: &config,
                direction: Direction::ToClient,
                began,
                last_id: &mut last_file,
            };
            if !carry.is_empty() {
                mail.line(&carry, 0, b"", &mut source, &mut |_| {});
            }
            mail.finish(&mut source, state);
        }
        finish(open);
        self.last_file = last_file;
    }

    /// A hole in the text of a mail.
    pub(super) fn hole(&mut self, direction: Direction, missing: u64) {
        if let Some(open) = self.mail_of(direction) {
            for file in open.files.iter_mut().rev().take(1) {
                file.gap(missing);
            }
        }
    }
}
