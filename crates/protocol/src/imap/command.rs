//! Commands of a client (RFC 9051 §6, §9).

use crate::ProbeAnswer;

/// Bytes of a command that are gathered.
const COMMAND_MAX: usize = 8192;
/// Arguments that are kept, and bytes of each.
const ARGUMENTS_MAX: usize = 16;
const ARGUMENT_MAX: usize = 512;

/// A command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) tag: Vec<u8>,
    /// In upper case; `UID FETCH` is one name.
    pub(super) name: Vec<u8>,
    pub(super) arguments: Vec<Vec<u8>>,
}

impl Command {
    /// Reads a command, with what proves somebody's identity masked.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut rest = bytes;
        let tag = word(&mut rest).unwrap_or_default();
        let mut name = word(&mut rest).unwrap_or_default().to_ascii_uppercase();
        if name == b"UID" {
            name.push(b' ');
            name.extend(word(&mut rest).unwrap_or_default().to_ascii_uppercase());
        }
        let mut arguments = Vec::new();
        while arguments.len() < ARGUMENTS_MAX {
            let Some(mut argument) = word(&mut rest) else { break };
            argument.truncate(ARGUMENT_MAX);
            arguments.push(argument);
        }
        if matches!(name.as_slice(), b"LOGIN" | b"AUTHENTICATE") {
            // The user or the method stays.
            for secret in arguments.iter_mut().skip(1) {
                *secret = b"***".to_vec();
            }
        }
        Self { tag, name, arguments }
    }

    /// Whether what the client sends next belongs to this command rather than being another.
    pub(super) fn takes_lines(&self) -> bool {
        matches!(self.name.as_slice(), b"AUTHENTICATE" | b"IDLE")
    }

    /// The mailbox that it names.
    pub(super) fn mailbox(&self) -> Option<&[u8]> {
        let names = [
            &b"SELECT"[..],
            b"EXAMINE",
            b"CREATE",
            b"DELETE",
            b"RENAME",
            b"SUBSCRIBE",
            b"UNSUBSCRIBE",
            b"STATUS",
            b"APPEND",
        ];
        match self.name.as_slice() {
            b"COPY" | b"MOVE" | b"UID COPY" | b"UID MOVE" => self.arguments.get(1),
            name if names.contains(&name) => self.arguments.first(),
            _ => None,
        }
        .map(Vec::as_slice)
    }
}

/// Commands with which a client begins.
const FIRST: &[&[u8]] = &[
    b"AUTHENTICATE",
    b"CAPABILITY",
    b"COMPRESS",
    b"ENABLE",
    b"EXAMINE",
    b"ID",
    b"LIST",
    b"LOGIN",
    b"LOGOUT",
    b"NAMESPACE",
    b"NOOP",
    b"SELECT",
    b"STARTTLS",
];

/// Whether a stream begins with a tag and a command.
pub(super) fn looks_like_one(bytes: &[u8]) -> ProbeAnswer {
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return ProbeAnswer::More;
    };
    let mut words = bytes[..end].split(|byte| *byte == b' ');
    let tagged = words.next().is_some_and(|tag| !tag.is_empty() && tag.iter().all(u8::is_ascii_graphic));
    let named = words.next().is_some_and(|name| FIRST.iter().any(|first| name.eq_ignore_ascii_case(first)));
    if tagged && named { ProbeAnswer::Yes } else { ProbeAnswer::No }
}

/// Appends a line to what was gathered, as long as there is room.
pub(super) fn gather(gathered: &mut Vec<u8>, text: &[u8]) {
    let room = COMMAND_MAX.saturating_sub(gathered.len()).min(text.len());
    gathered.extend_from_slice(&text[..room]);
}

/// Length of the literal that a line announces at its end: `{12}`, `{12+}`, `~{12}`.
pub(super) fn literal(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let at = memchr::memrchr(b'{', inside)?;
    let digits = inside.get(at + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// How many bytes of a mail a command asks for: `BODY[]<0.4096>`.
pub(super) fn range_asked(command: &Command) -> Option<u64> {
    let inside = command.arguments.iter().find_map(|argument| {
        let from = memchr::memchr(b'<', argument)?;
        let to = memchr::memchr(b'>', argument)?;
        argument.get(from + 1..to)
    })?;
    let at = memchr::memchr(b'.', inside)?;
    std::str::from_utf8(inside.get(at + 1..)?).ok()?.parse().ok()
}

/// Whether what was gathered is a command that appends a mail and has come to the mail.
pub(super) fn is_append(gathered: &[u8]) -> bool {
    let mut rest = gathered;
    word(&mut rest);
    let append = word(&mut rest).is_some_and(|name| name.eq_ignore_ascii_case(b"APPEND"));
    // The name of the mailbox may be a literal itself; the mail stands behind it.
    append && word(&mut rest).is_some_and(|mailbox| literal(&mailbox).is_none())
}

/// Takes a word off: an atom, a quoted string, a literal that was gathered as one, or a list in brackets.
pub(super) fn word(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let text = rest.trim_ascii_start();
    let (first, _) = text.split_first()?;
    let end;
    let word = match first {
        b'"' => {
            let mut word = Vec::new();
            let mut at = 1;
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => break,
                    b'\\' => {
                        at += 1;
                        word.extend(text.get(at));
                    }
                    byte => word.push(*byte),
                }
                at += 1;
            }
            end = at + 1;
            word
        }
        b'(' | b'[' => {
            let close = if *first == b'(' { b')' } else { b']' };
            let mut depth = 0usize;
            let at = text.iter().position(|byte| {
                depth += usize::from(byte == first);
                depth -= usize::from(*byte == close && depth > 0);
                depth == 0
            });
            end = at.map_or(text.len(), |at| at + 1);
            text.get(..end).unwrap_or(text).to_vec()
        }
        _ => {
            end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
            text.get(..end).unwrap_or(text).to_vec()
        }
    };
    *rest = text.get(end..).unwrap_or_default();
    Some(word)
}

/// Puts a short literal in the place where it was announced, as a quoted string.
pub(super) fn put_literal(gathered: &mut Vec<u8>, text: &[u8]) {
    if let Some(at) = memchr::memrchr(b'{', gathered)
        && literal(gathered).is_some()
    {
        gathered.truncate(at);
    }
    if gathered.len() + text.len() < COMMAND_MAX {
        gathered.push(b'"');
        for byte in text {
            if matches!(byte, b'"' | b'\\') {
                gathered.push(b'\\');
            }
            gathered.push(*byte);
        }
        gathered.push(b'"');
    }
}
