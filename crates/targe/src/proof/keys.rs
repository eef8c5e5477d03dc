//! `targe key`: makes and shows the keys that sign bundles.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use evidence::{PublicKey, SigningKey};

use crate::arguments::KeyCommand;

/// Carries out `targe key …`.
///
/// # Errors
/// A file that cannot be read or written, or is no key.
pub(crate) fn command(command: &KeyCommand) -> Result<ExitCode> {
    match command {
        KeyCommand::New { file } => {
            let mut seed = [0; 32];
            std::fs::File::open("/dev/urandom")
                .and_then(|mut random| random.read_exact(&mut seed))
                .context("cannot draw random bytes from /dev/urandom")?;
            let key = SigningKey::from_seed(&seed);
            // Readable by its owner alone from the first moment on; never over another key.
            let mut out =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).with_context(
                    || format!("cannot make {} (an existing key is never replaced)", file.display()),
                )?;
            out.write_all(key.to_pem().as_bytes())?;
            let public = public_path(file);
            std::fs::write(&public, key.public().to_pem())
                .with_context(|| format!("cannot write {}", public.display()))?;
            println!("{}", key.public().id());
            println!("Private: {} (keep it; whoever has it signs in your name)", file.display());
            println!("Public:  {} (hand it to those who check)", public.display());
        }
        KeyCommand::Show { file } => {
            let key = read_public(file)?;
            println!("{}", key.id());
            print!("{}", key.to_pem());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn public_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Reads a key that signs.
///
/// # Errors
/// No key, or one that others than its owner may read.
pub(crate) fn read_private(path: &Path) -> Result<SigningKey> {
    let facts = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{}: others than its owner may read or write this key (mode {mode:o}); `chmod 600 {}` first",
            path.display(),
            path.display()
        );
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    SigningKey::from_pem(&text).with_context(|| format!("{} is no key", path.display()))
}

/// Reads a key that checks: a public key, or the public half of a private one.
///
/// # Errors
/// No key.
pub(crate) fn read_public(path: &Path) -> Result<PublicKey> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    PublicKey::from_pem(&text).with_context(|| format!("{} is no key", path.display()))
}
