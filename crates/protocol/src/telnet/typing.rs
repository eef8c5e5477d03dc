//! What is typed at which prompt.

use model::Direction;

const LINE_MAX: usize = 1024;
const PROMPT_MAX: usize = 128;
const ANSWER_MAX: usize = 512;

/// What a line is for, by the prompt that it was typed at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Username,
    Password,
    #[default]
    Command,
}

/// How a login went, by what came back after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
}

/// A line that was typed.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub(super) kind: Kind,
    pub(super) prompt: Vec<u8>,
    /// Masked when it is a password.
    pub(super) text: Vec<u8>,
    /// Name that was given before it.
    pub(super) user: Vec<u8>,
    /// Start of what came back.
    pub(super) answer: Vec<u8>,
}

impl Typed {
    pub(super) fn answer(&mut self, text: &[u8]) {
        let room = ANSWER_MAX.saturating_sub(self.answer.len()).min(text.len());
        self.answer.extend_from_slice(&text[..room]);
    }

    /// How the login went; `None`: it is no password, or nothing came back.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        const REFUSALS: [&[u8]; 7] =
            [b"incorrect", b"fail", b"denied", b"invalid", b"refused", b"bad password", b"not correct"];
        if self.kind != Kind::Password || !self.answer.iter().any(u8::is_ascii_graphic) {
            return None;
        }
        let text = self.answer.to_ascii_lowercase();
        let refused = REFUSALS.iter().any(|word| memchr::memmem::find(&text, word).is_some());
        // Who is asked again was not let in.
        let again = text.split(|byte| *byte == b'\n').any(|line| kind_of(line) != Kind::Command);
        Some(if refused || again { Outcome::Failure } else { Outcome::Success })
    }
}

/// What a prompt asks for.
pub(super) fn kind_of(prompt: &[u8]) -> Kind {
    let text = prompt.get(prompt.len().saturating_sub(PROMPT_MAX)..).unwrap_or_default().to_ascii_lowercase();
    let text = text.trim_ascii();
    const SECRETS: [&[u8]; 6] = [b"pass", b"kennwort", b"senha", b"contrase", b"secret", b"pin"];
    const NAMES: [&[u8]; 5] = [b"login", b"username", b"user name", b"user", b"benutzer"];
    let Some(text) = text.strip_suffix(b":").or_else(|| text.strip_suffix(b"?")) else {
        return Kind::Command;
    };
    let text = text.trim_ascii();
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if SECRETS.iter().any(|word| memchr::memmem::find(last, word).is_some()) {
        Kind::Password
    } else if NAMES.iter().any(|word| last.ends_with(word)) {
        Kind::Username
    } else {
        Kind::Command
    }
}

/// Where the typing stands.
#[derive(Debug, Default)]
pub(super) struct Typing {
    /// The last line of the server, as far as it was shown.
    shown: Vec<u8>,
    /// The prompt at which the line at hand was begun.
    prompt: Option<Vec<u8>>,
    line: Vec<u8>,
    user: Vec<u8>,
    /// A carriage return ended the line; what belongs to it may follow.
    returned: bool,
}

impl Typing {
    /// Whether a key begins a line.
    pub(super) fn begins(&self, byte: u8) -> bool {
        self.prompt.is_none() && !(self.returned && matches!(byte, b'\n' | 0))
    }

    /// Text of the server.
    pub(super) fn shown(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'\n' => self.shown.clear(),
                b'\r' | 0 | 7 => {}
                byte => {
                    if self.shown.len() >= PROMPT_MAX {
                        self.shown.remove(0);
                    }
                    self.shown.push(*byte);
                }
            }
        }
    }

    /// Bytes are missing in a direction: what was begun there has no end.
    pub(super) fn lose(&mut self, direction: Direction) {
        match direction {
            Direction::ToServer => {
                self.line.clear();
                self.prompt = None;
            }
            Direction::ToClient => self.shown.clear(),
        }
    }

    /// A key; the line when that ends it.
    pub(super) fn key(&mut self, byte: u8) -> Option<Typed> {
        let after_return = std::mem::replace(&mut self.returned, byte == b'\r');
        if after_return && matches!(byte, b'\n' | 0) {
            return None;
        }
        if self.prompt.is_none() {
            self.prompt = Some(self.shown.clone());
        }
        match byte {
            b'\r' | b'\n' => return self.end(),
            8 | 0x7f => {
                self.line.pop();
            }
            // Ctrl-U takes the line back.
            0x15 => self.line.clear(),
            byte if self.line.len() < LINE_MAX => self.line.push(byte),
            _ => {}
        }
        None
    }

    fn end(&mut self) -> Option<Typed> {
        let prompt = self.prompt.take().unwrap_or_default();
        let mut text = std::mem::take(&mut self.line);
        // The server shows an answer in a line of its own, whether it echoes the line's end or not.
        self.shown.clear();
        let kind = kind_of(&prompt);
        match kind {
            Kind::Username => self.user.clone_from(&text),
            Kind::Password => text = b"***".to_vec(),
            Kind::Command => {}
        }
        let user = self.user.clone();
        Some(Typed { kind, prompt, text, user, answer: Vec::new() })
    }
}
