//! What reading rules is told by the configuration.

use std::io;
use std::path::{Path, PathBuf};

use protocol::ProtocolId;

use super::error::{Code, Fault, Parsed};
use super::{Classification, References, Variables};

/// Everything outside a rule that its meaning depends on.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `$HOME_NET` and friends.
    pub variables: Variables,
    /// Class types.
    pub classes: Classification,
    /// Reference systems.
    pub references: References,
    /// Names of the stream events; the position is the number in [`crate::ir::PacketTest::StreamEvent`].
    pub stream_events: Vec<&'static str>,
    /// Protocols that are switched off: rules about them are refused.
    pub disabled: Vec<ProtocolId>,
    /// Countries of addresses; `geoip` rules are refused without.
    pub countries: Option<std::sync::Arc<crate::Countries>>,
    /// What `requires: feature NAME` finds.
    pub features: Vec<&'static str>,
    /// Categories of the address reputation, by short name.
    pub reputation_categories: Vec<(String, u8)>,
    /// Sets that the configuration defines; rules may use them by name.
    pub datasets: Vec<crate::ir::DatasetSpec>,
    /// Where files lie that rules write, and those that they read and that are not beside the rule file.
    pub data_folder: Option<PathBuf>,
    /// Rules may name files to write with absolute paths or `..`. Reading is always allowed.
    pub write_anywhere: bool,
    /// Firewall rules are in force: `bypass` is refused.
    pub firewall: bool,
    /// Reads a file that a rule names.
    pub read_file: fn(&Path) -> io::Result<Vec<u8>>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            variables: Variables::default(),
            classes: Classification::default(),
            references: References::default(),
            stream_events: Vec::new(),
            disabled: Vec::new(),
            countries: None,
            features: vec!["ja3", "ja4", "output::file-store"],
            reputation_categories: Vec::new(),
            datasets: Vec::new(),
            data_folder: None,
            write_anywhere: false,
            firewall: false,
            read_file: |_| Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    }
}

impl Environment {
    /// The file that a rule in `folder` means by `name`, and its text.
    pub(crate) fn read_beside(&self, folder: Option<&Path>, name: &str) -> Parsed<(PathBuf, String)> {
        let first = folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        let other = self.data_folder.as_ref().map(|folder| folder.join(name));
        let error = match self.read(&first) {
            Ok(text) => return Ok((first, text)),
            Err(error) => error,
        };
        if let Some(path) = other
            && let Ok(text) = self.read(&path)
        {
            return Ok((path, text));
        }
        Err(Fault::new(Code::File, format!("`{}` cannot be read: {error}", first.display()))
            .help("files are looked for beside the rule file"))
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<String> {
        let bytes = (self.read_file)(path)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}
