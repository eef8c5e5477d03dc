//! What keeps a capture from being opened, and who is at fault.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why no packet can be read at all.
#[derive(Debug)]
pub enum CaptureError {
    /// No path was given.
    NoInput,
    /// The file is missing, forbidden, or the disk failed.
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no bytes.
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file is neither pcap nor pcapng.
    NotACapture {
        /// Which file.
        path: PathBuf,
        /// Its first bytes, at most eight.
        first_bytes: Vec<u8>,
    },
    /// The folder holds no capture.
    NoCaptureInFolder {
        /// Which folder.
        path: PathBuf,
        /// How many files in it were looked at.
        files: usize,
    },
    /// More inputs than can be merged at once.
    TooManyInputs {
        /// How many there are.
        inputs: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever gave the command: another file, another folder.
    Operator,
    /// The machine: a disk, a permission, a missing file. Trying again may help once that is settled.
    Machine,
}

impl CaptureError {
    /// Who has to act.
    pub fn fault(&self) -> Fault {
        match self {
            CaptureError::Unreadable { .. } => Fault::Machine,
            CaptureError::NoInput
            | CaptureError::Empty { .. }
            | CaptureError::NotACapture { .. }
            | CaptureError::NoCaptureInFolder { .. }
            | CaptureError::TooManyInputs { .. } => Fault::Operator,
        }
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaptureError::NoInput => {
                write!(out, "no capture given; name a file, a folder, or - for standard input")
            }
            CaptureError::Unreadable { path, source } => {
                write!(out, "cannot read {}: {source}", path.display())
            }
            CaptureError::Empty { path } => write!(out, "{} is empty: not one byte to read", path.display()),
            CaptureError::NotACapture { path, first_bytes } => not_a_capture(out, path, first_bytes),
            CaptureError::NoCaptureInFolder { path, files } => write!(
                out,
                "no capture in folder {}: {files} files looked at, none is pcap or pcapng",
                path.display()
            ),
            CaptureError::TooManyInputs { inputs, limit } => {
                write!(out, "{inputs} captures at once; at most {limit} can be merged")
            }
        }
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CaptureError::Unreadable { source, .. } => Some(source),
            CaptureError::NoInput
            | CaptureError::Empty { .. }
            | CaptureError::NotACapture { .. }
            | CaptureError::NoCaptureInFolder { .. }
            | CaptureError::TooManyInputs { .. } => None,
        }
    }
}

fn not_a_capture(out: &mut fmt::Formatter<'_>, path: &std::path::Path, first: &[u8]) -> fmt::Result {
    write!(out, "{} is not a capture (pcap or pcapng): it begins with", path.display())?;
    for byte in first {
        write!(out, " {byte:02x}")?;
    }
    match known_as(first) {
        Some(hint) => write!(out, "; {hint}"),
        None => Ok(()),
    }
}

/// What a file that is no capture most likely is, and what to do about it.
fn known_as(first: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 7] = [
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"\xfd7zXZ", "packed with xz; unpack it first"),
        (b"BZh", "packed with bzip2; unpack it first"),
        (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
        (b"\x04\x22\x4d\x18", "packed with lz4; unpack it first"),
        (b"snoop", "a snoop capture; convert it with editcap"),
        (b"\x7fELF", "a program"),
    ];
    KNOWN.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, hint)| *hint)
}
