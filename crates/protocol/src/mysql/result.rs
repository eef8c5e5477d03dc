//! What a server answers: success, failure, or a table of rows.

use super::command;
use super::handshake::{capability, number};
use crate::wire::Wire;

/// Bytes of an error's text that are kept.
const TEXT_MAX: usize = 512;
/// More results follow (a flag of the server's state).
const MORE_RESULTS: u16 = 8;

/// What came of a command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: Status,
    pub(super) affected: u64,
    pub(super) rows: u64,
    pub(super) columns: u64,
    /// Number and text of an error.
    pub(super) error: Option<(u16, Vec<u8>)>,
    /// The server asked for a file of the client.
    pub(super) local_file: Option<Vec<u8>>,
    awaited: Awaited,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    None,
    Ok,
    Error,
    Rows,
}

/// What the next packet is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    #[default]
    First,
    /// So many descriptions of columns, the end behind them included; then rows, unless it is a statement's.
    Columns {
        left: u64,
        rows: bool,
    },
    Rows,
}

impl Outcome {
    pub(super) fn is_success(&self) -> bool {
        matches!(self.status, Status::Ok | Status::Rows)
    }

    /// A packet of the server while a user proves himself; true: that is over.
    pub(super) fn login(&mut self, body: &[u8]) -> bool {
        match body.first() {
            Some(0) => self.status = Status::Ok,
            Some(0xff) => self.error(body),
            // More is asked for: another method, another round.
            _ => return false,
        }
        true
    }

    /// A packet of the server after a command; true: it was the last.
    pub(super) fn packet(&mut self, body: &[u8], command: u8, capabilities: u32) -> bool {
        let ends = capabilities & capability::DEPRECATE_EOF == 0;
        match self.awaited {
            Awaited::First => self.first(body, command, capabilities),
            Awaited::Columns { left, rows } => {
                let left = left.saturating_sub(1);
                self.awaited = match (left, rows) {
                    (0, false) => return true,
                    (0, true) => Awaited::Rows,
                    _ => Awaited::Columns { left, rows },
                };
                false
            }
            Awaited::Rows => match body.first() {
                Some(0xff) => {
                    self.error(body);
                    true
                }
                Some(0xfe) if body.len() < 9 || !ends => self.last(body, ends),
                _ => {
                    self.rows += 1;
                    false
                }
            },
        }
    }

    /// The end of rows; more results may follow it.
    fn last(&mut self, body: &[u8], old: bool) -> bool {
        let wire = &mut Wire::new(body.get(1..).unwrap_or_default());
        let state = if old {
            wire.le16();
            wire.le16()
        } else {
            number(wire);
            number(wire);
            wire.le16()
        };
        self.awaited = Awaited::First;
        state.is_none_or(|state| state & MORE_RESULTS == 0)
    }

    /// The first packet of an answer.
    pub(super) fn first(&mut self, body: &[u8], command: u8, capabilities: u32) -> bool {
        let end = u64::from(capabilities & capability::DEPRECATE_EOF == 0);
        match body.split_first() {
            Some((0, rest)) if command == command::PREPARE => {
                self.status = Status::Ok;
                let wire = &mut Wire::new(rest);
                wire.le32();
                let (columns, parameters) = (wire.le16().unwrap_or(0), wire.le16().unwrap_or(0));
                let some = [columns, parameters].into_iter().filter(|count| *count > 0);
                let left = some.map(|count| u64::from(count) + end).sum();
                self.awaited = Awaited::Columns { left, rows: false };
                left == 0
            }
            Some((0, rest)) => {
                self.status = Status::Ok;
                let wire = &mut Wire::new(rest);
                self.affected = self.affected.saturating_add(number(wire).unwrap_or(0));
                number(wire);
                wire.le16().is_none_or(|state| state & MORE_RESULTS == 0)
            }
            Some((0xff, _)) => {
                self.error(body);
                true
            }
            Some((0xfb, name)) => {
                self.local_file = Some(name.get(..TEXT_MAX).unwrap_or(name).to_vec());
                false
            }
            Some((0xfe, _)) => {
                self.status = Status::Ok;
                true
            }
            Some(_) => match number(&mut Wire::new(body)) {
                // Statistics come as plain text.
                Some(columns) if body.len() <= 9 && columns > 0 => {
                    self.status = Status::Rows;
                    self.columns = columns;
                    self.awaited = Awaited::Columns { left: columns.saturating_add(end), rows: true };
                    false
                }
                _ => {
                    self.status = Status::Ok;
                    true
                }
            },
            None => true,
        }
    }

    fn error(&mut self, body: &[u8]) {
        self.status = Status::Error;
        let wire = &mut Wire::new(body.get(1..).unwrap_or_default());
        let code = wire.le16().unwrap_or(0);
        let text = wire.rest();
        // The state stands before the text, behind a mark.
        let text = match text {
            [b'#', rest @ ..] => rest.get(5..).unwrap_or_default(),
            text => text,
        };
        self.error = Some((code, text.get(..TEXT_MAX).unwrap_or(text).to_vec()));
    }
}
