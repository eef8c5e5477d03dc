//! The server's side: replies, each to the oldest command that waits.

use super::{COMPLETE, Command, DATA, Event, Mode, Smtp, Waiting, push_frame};
use crate::line::take_line;
use crate::{Fed, Input};
use model::Direction;

impl Smtp {
    pub(super) fn replies(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let mut rest = bytes;
        while !rest.is_empty() {
            let before = rest.len();
            let offset = bytes.len() - before;
            let Some(line) = take_line(&mut rest, &mut self.skipping[1]) else { break };
            push_frame(input, "response_line", offset, Some(before - rest.len()), None);
            if line.cut {
                self.raise(Event::TruncatedLine);
            }
            if !self.reply(input, line.text) {
                return Fed::Broken;
            }
            if input.asks.change.is_some() {
                break;
            }
        }
        Fed::Used(bytes.len() - rest.len())
    }

    /// Takes one line of a reply; says whether it was one.
    fn reply(&mut self, input: &mut Input<'_>, line: &[u8]) -> bool {
        let Some(code) = code(line) else {
            self.raise(Event::InvalidReply);
            return line.len() < 3;
        };
        self.multiline = line.get(3) == Some(&b'-');
        let Some(waiting) = self.waiting.front().copied() else {
            if !self.greeted {
                self.greeted = !self.multiline;
                if code != 220 {
                    self.raise(Event::InvalidReply);
                }
            }
            return true;
        };
        if let Some(mail) = self.by_id(waiting.tx) {
            mail.core.updated[1] = true;
        }
        if self.multiline {
            if code == 250 && line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case(b"pipelining")) {
                self.pipelining = true;
            }
            return true;
        }
        self.waiting.pop_front();
        self.answer(input, waiting, code);
        true
    }

    fn answer(&mut self, input: &mut Input<'_>, waiting: Waiting, code: u16) {
        match waiting.command {
            Command::StartTls if code == 220 => {
                self.mode = Mode::Other;
                input.asks.change = Some(Some("tls"));
                self.complete(waiting.tx, true);
            }
            Command::StartTls => self.raise(Event::TlsRejected),
            Command::Data if code == 354 => {
                self.accept_data(input, waiting.tx);
                if let Some(mail) = self.by_id(waiting.tx) {
                    mail.core.advance(Direction::ToClient, DATA);
                }
            }
            Command::Data => {
                self.raise(Event::DataRejected);
                self.refuse_data(waiting.tx);
            }
            Command::Message | Command::Reset => self.complete(waiting.tx, false),
            Command::Other => self.login(waiting.tx, code),
        }
    }

    /// Only AUTH and what is said in its course is answered with these codes (RFC 4954 §6).
    fn login(&mut self, tx: u64, code: u16) {
        let Some(mail) = self.by_id(tx) else { return };
        match code {
            235 => mail.body.authenticated = true,
            535 => mail.body.refused = mail.body.refused.saturating_add(1),
            _ => {}
        }
    }

    fn complete(&mut self, tx: u64, both: bool) {
        if let Some(mail) = self.by_id(tx) {
            mail.core.advance(Direction::ToClient, COMPLETE);
            if both {
                mail.core.advance(Direction::ToServer, COMPLETE);
            }
        }
    }
}

/// The code of a reply line: three digits, the first two of which are bounded (RFC 5321 §4.2.1).
fn code(line: &[u8]) -> Option<u16> {
    let &[first @ b'2'..=b'5', second @ b'0'..=b'5', third @ b'0'..=b'9'] = line.first_chunk()? else {
        return None;
    };
    Some([first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
}
