//! What the two sides negotiate (RFC 855), and what the client tells of itself (RFC 1091, RFC 1572).

use model::Direction;

/// Options that are kept.
const OPTIONS_MAX: usize = 64;
const TEXT_MAX: usize = 256;
const TERMINAL_TYPE: u8 = 24;
const ENVIRONMENT: u8 = 39;
const IS: u8 = 0;

const NAMES: &[(u8, &str)] = &[
    (0, "binary"),
    (1, "echo"),
    (3, "suppress_go_ahead"),
    (5, "status"),
    (6, "timing_mark"),
    (24, "terminal_type"),
    (25, "end_of_record"),
    (31, "window_size"),
    (32, "terminal_speed"),
    (33, "remote_flow_control"),
    (34, "linemode"),
    (35, "x_display_location"),
    (36, "old_environment"),
    (37, "authentication"),
    (38, "encryption"),
    (39, "environment"),
    (44, "com_port"),
    (46, "start_tls"),
];

/// What was negotiated.
#[derive(Debug, Default)]
pub(crate) struct Negotiation {
    /// Verb and option, per direction.
    pub(super) options: [Vec<(u8, u8)>; 2],
    pub(super) terminal: Option<Vec<u8>>,
    /// Name and value of each variable that the client sends.
    pub(super) environment: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Negotiation {
    /// Takes a command, from its first byte on.
    pub(super) fn take(&mut self, direction: Direction, content: &[u8]) {
        match content {
            [_, verb @ 0xfb..=0xfe, option] => {
                let options = &mut self.options[direction.index()];
                if options.len() < OPTIONS_MAX && !options.contains(&(*verb, *option)) {
                    options.push((*verb, *option));
                }
            }
            [_, 0xfa, option, IS, value @ .., _, _] if direction == Direction::ToServer => match *option {
                TERMINAL_TYPE => {
                    self.terminal.get_or_insert_with(|| value.get(..TEXT_MAX).unwrap_or(value).to_vec());
                }
                ENVIRONMENT => self.variables(value),
                _ => {}
            },
            _ => {}
        }
    }

    /// Variables: 0 or 3 before a name, 1 before a value, 2 before a byte that stands for itself.
    fn variables(&mut self, bytes: &[u8]) {
        let mut in_value = false;
        let mut bytes = bytes.iter();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                0 | 3 => {
                    if self.environment.len() >= OPTIONS_MAX {
                        return;
                    }
                    self.environment.push(Default::default());
                    in_value = false;
                    continue;
                }
                1 => {
                    in_value = true;
                    continue;
                }
                2 => bytes.next().copied().unwrap_or(0),
                byte => *byte,
            };
            if let Some((name, value)) = self.environment.last_mut() {
                let text = if in_value { value } else { name };
                if text.len() < TEXT_MAX {
                    text.push(byte);
                }
            }
        }
    }

    /// A variable's value.
    pub(super) fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

/// `do echo`, `will terminal_type`.
pub(super) fn describe(verb: u8, option: u8) -> String {
    let verb = match verb {
        0xfb => "will",
        0xfc => "wont",
        0xfd => "do",
        _ => "dont",
    };
    match NAMES.iter().find(|(known, _)| *known == option) {
        Some((_, name)) => format!("{verb} {name}"),
        None => format!("{verb} {option}"),
    }
}
