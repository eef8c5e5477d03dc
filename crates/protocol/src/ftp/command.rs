//! The commands that are known (RFC 959 §4.1, RFC 2228, RFC 2428, and what servers commonly add).

/// A known command: a position in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Command(u8);

/// Names; those that this code knows by number come first.
const NAMES: &[&str] = &[
    "PORT", "EPRT", "AUTH TLS", "PASV", "RETR", "EPSV", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD",
    "ABOR", "ACCT", "ALLO", "CDUP", "CHMOD", "CWD", "DELE", "HELP", "IDLE", "MAIL", "MDTM", "MKD", "MLFL",
    "MODE", "MRCP", "MRSQ", "MSAM", "MSND", "MSOM", "NOOP", "PASS", "PWD", "QUIT", "REIN", "REST", "RMD",
    "RNFR", "RNTO", "SITE", "SIZE", "SMNT", "STAT", "STRU", "SYST", "TYPE", "UMASK", "USER",
];

impl Command {
    pub(super) const PORT: Command = Command(0);
    pub(super) const EPRT: Command = Command(1);
    pub(super) const AUTH_TLS: Command = Command(2);
    pub(super) const PASV: Command = Command(3);
    pub(super) const RETR: Command = Command(4);
    pub(super) const EPSV: Command = Command(5);
    pub(super) const STOR: Command = Command(6);
    pub(super) const APPE: Command = Command(7);
    pub(super) const STOU: Command = Command(8);
    pub(super) const LIST: Command = Command(9);
    pub(super) const NLST: Command = Command(10);
    pub(super) const MLSD: Command = Command(11);

    /// Commands that use a data connection.
    pub(crate) const TRANSFERS: [Command; 7] = [
        Command::RETR,
        Command::STOR,
        Command::APPE,
        Command::STOU,
        Command::LIST,
        Command::NLST,
        Command::MLSD,
    ];

    /// Whether the client sends the data.
    pub(crate) fn uploads(self) -> bool {
        [Command::STOR, Command::APPE, Command::STOU].contains(&self)
    }

    /// Whether the data are a file, not a listing.
    pub(crate) fn moves_file(self) -> bool {
        self == Command::RETR || self.uploads()
    }

    /// The number that stands for it in an announcement.
    pub(super) fn number(self) -> u8 {
        self.0
    }

    /// The command that a number stands for.
    pub(crate) fn numbered(number: u8) -> Option<Command> {
        (usize::from(number) < NAMES.len()).then_some(Command(number))
    }

    /// The command at the start of a line.
    pub(super) fn read(line: &[u8]) -> Option<Command> {
        let position = NAMES.iter().position(|name| crate::line::begins(line, name.as_bytes()))?;
        u8::try_from(position).ok().map(Command)
    }

    /// Its name, in upper case.
    pub(crate) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}
