//! The commands that are known (RFC 959 §4.1, RFC 2228, RFC 2428, and what servers commonly add).

/// A known command: a position in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Command(u8);

/// Names, sorted so that a longer one comes before its beginning.
const NAMES: &[&str] = &[
    "PORT", "EPRT", "AUTH TLS", "PASV", "RETR", "EPSV", "STOR", "ABOR", "ACCT", "ALLO", "APPE", "CDUP",
    "CHMOD", "CWD", "DELE", "HELP", "IDLE", "LIST", "MAIL", "MDTM", "MKD", "MLFL", "MODE", "MRCP", "MRSQ",
    "MSAM", "MSND", "MSOM", "NLST", "NOOP", "PASS", "PWD", "QUIT", "REIN", "REST", "RMD", "RNFR", "RNTO",
    "SITE", "SIZE", "SMNT", "STAT", "STOU", "STRU", "SYST", "TYPE", "UMASK", "USER",
];

impl Command {
    pub(super) const PORT: Command = Command(0);
    pub(super) const EPRT: Command = Command(1);
    pub(super) const AUTH_TLS: Command = Command(2);
    pub(super) const PASV: Command = Command(3);
    pub(super) const RETR: Command = Command(4);
    pub(super) const EPSV: Command = Command(5);
    pub(super) const STOR: Command = Command(6);

    /// The command at the start of a line.
    pub(super) fn read(line: &[u8]) -> Option<Command> {
        let position = NAMES.iter().position(|name| crate::line::begins(line, name.as_bytes()))?;
        u8::try_from(position).ok().map(Command)
    }

    /// Its name, in upper case.
    pub(super) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}
