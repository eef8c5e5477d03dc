//! Compiled rules on disk, so that the next start need not read and compile them again.
//!
//! A file is found by the digest of everything that rules depend on: their text, the files beside them, the whole
//! configuration, and the program. What is damaged or belongs to something else is not used, and replaced.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rules::RuleSet;
use sha2::{Digest, Sha256};

use crate::config::Settings;

/// First bytes of a file.
const MAGIC: &[u8; 8] = b"TARGERS1";
/// Rule sets with fewer rules are read as fast as they would be found.
const RULES_MIN: usize = 1_000;
/// Files kept; the oldest give way.
const FILES_MAX: usize = 8;

/// Where a rule set is kept.
#[derive(Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    key: [u8; 32],
}

/// What else a start tells of rules.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// `rules.json`.
    pub(crate) listing: Vec<u8>,
    /// What is printed, a line each.
    pub(crate) errors: String,
    /// What is printed of how many were read, unless quiet.
    pub(crate) summary: String,
    /// Rules that are matched.
    pub(crate) count: usize,
    /// Rules that cannot be honoured.
    pub(crate) refused: usize,
}

impl Place {
    /// Where the rules of `contents` are kept under these settings; `None` when the cache is off or has no place.
    ///
    /// `contents` are all files that matter, each by its name.
    pub(crate) fn of(settings: &Settings, contents: &[(PathBuf, Vec<u8>)]) -> Option<Self> {
        let folder = folder(&settings.text("rules.cache"))?;
        let mut digest = Sha256::new();
        let mut add = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        add(&program()?);
        add(format!("{settings:?}").as_bytes());
        for (path, bytes) in contents {
            add(path.as_os_str().as_encoded_bytes());
            add(bytes);
        }
        Some(Self { folder, key: digest.finalize().into() })
    }

    fn path(&self) -> PathBuf {
        let name: String = self.key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.rules"))
    }

    /// Whether there is a file.
    pub(crate) fn is_taken(&self) -> bool {
        self.path().exists()
    }

    /// The rule set kept here, by what `unpack` makes of a file and of where its bytes begin in it.
    pub(crate) fn find(
        &self,
        unpack: impl FnOnce(Vec<u8>, usize) -> Option<RuleSet>,
    ) -> Option<(RuleSet, Told)> {
        let bytes = std::fs::read(self.path()).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&self.key)?;
        let (sum, rest) = rest.split_first_chunk::<8>()?;
        if u64::from_le_bytes(*sum) != checksum(rest) {
            return None;
        }
        let mut rest = rest;
        let told = Told {
            listing: take(&mut rest)?.to_vec(),
            errors: String::from_utf8(take(&mut rest)?.to_vec()).ok()?,
            summary: String::from_utf8(take(&mut rest)?.to_vec()).ok()?,
            count: number(take(&mut rest)?)?,
            refused: number(take(&mut rest)?)?,
        };
        let from = bytes.len() - rest.len();
        Some((unpack(bytes, from)?, told))
    }

    /// Keeps a rule set. A cache that cannot be written is none: nobody waits for it.
    pub(crate) fn keep(&self, rules: &RuleSet, told: &Told) {
        if rules.len() < RULES_MIN {
            return;
        }
        let Some(packed) = rules.to_bytes() else { return };
        let mut body = Vec::with_capacity(packed.len() + told.listing.len() + 1024);
        let (count, refused) = ((told.count as u64).to_le_bytes(), (told.refused as u64).to_le_bytes());
        let (errors, summary) = (told.errors.as_bytes(), told.summary.as_bytes());
        for part in [&told.listing[..], errors, summary, &count, &refused] {
            body.extend_from_slice(&(part.len() as u64).to_le_bytes());
            body.extend_from_slice(part);
        }
        body.extend_from_slice(&packed);
        let sum = checksum(&body).to_le_bytes();
        let file = [&MAGIC[..], &self.key, &sum, &body].concat();
        // Whoever reads sees the old file or the new one, never half of one.
        let path = self.path();
        let draft = path.with_extension(format!("{}.part", std::process::id()));
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| std::fs::write(&draft, &file))
            .and_then(|()| std::fs::rename(&draft, &path));
        if written.is_err() {
            // Nothing more can be done about a draft that cannot be removed either.
            let _ = std::fs::remove_file(&draft);
            return;
        }
        clear(&self.folder);
    }
}

/// Takes a length and so many bytes from the front.
fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, behind) = rest.split_first_chunk::<8>()?;
    let (part, behind) = behind.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = behind;
    Some(part)
}

fn number(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()
}

/// Tells damage; it is no defence against somebody who may write into the operator's cache.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sums = [0x9e37_79b9_7f4a_7c15u64, 1, 2, 3];
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mix = |sum: &mut u64, word: [u8; 8]| {
        *sum = (*sum ^ u64::from_le_bytes(word)).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
    };
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (sum, word) in sums.iter_mut().zip(words) {
            mix(sum, *word);
        }
    }
    for byte in rest {
        mix(&mut sums[0], [*byte, 1, 0, 0, 0, 0, 0, 0]);
    }
    sums.iter().fold(bytes.len() as u64, |mut all, sum| {
        mix(&mut all, sum.to_le_bytes());
        all
    })
}

/// The folder that the knob `rules.cache` means; `None` = off.
fn folder(knob: &str) -> Option<PathBuf> {
    match knob {
        "off" | "false" | "no" => None,
        "auto" | "" => {
            let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
            let cache = match given("XDG_CACHE_HOME") {
                Some(cache) => PathBuf::from(cache),
                None => Path::new(&given("HOME")?).join(".cache"),
            };
            Some(cache.join("targe").join("rules"))
        }
        path => Some(PathBuf::from(path)),
    }
}

/// What tells this program from every other: version, size and time of its file.
fn program() -> Option<Vec<u8>> {
    let meta = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let time = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let text = format!("{} {} {}", env!("CARGO_PKG_VERSION"), meta.len(), time.as_nanos());
    Some(text.into_bytes())
}

/// Removes the oldest files beyond the limit.
fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rules"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let beyond = files.len().saturating_sub(FILES_MAX);
    for (_, path) in files.into_iter().take(beyond) {
        // Another start may have been faster.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use rules::{Environment, Loader, Settings as Inspection};

    use super::*;

    /// More rules than are worth keeping.
    fn rules() -> RuleSet {
        let environment = Environment::default();
        let mut loader = Loader::new(&environment);
        let text: String = (1..=RULES_MIN)
            .map(|sid| format!("alert udp any any -> any any (content:\"needle {sid}\"; sid:{sid};)\n"))
            .collect();
        loader.rules(Path::new("test.rules"), text.as_bytes());
        RuleSet::compile(loader.finish().rules, Inspection::default())
    }

    fn unpack(bytes: Vec<u8>, from: usize) -> Option<RuleSet> {
        RuleSet::from_bytes(bytes, from, Inspection::default(), &Environment::default())
    }

    fn place(folder: &str, text: &[u8]) -> Place {
        let folder = std::env::temp_dir().join(format!("targe-{folder}-{}", std::process::id()));
        let mut settings = Settings::new();
        settings.merge(&format!("rules.cache: {}", folder.display())).unwrap();
        Place::of(&settings, &[(PathBuf::from("a.rules"), text.to_vec())]).unwrap()
    }

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let place_of = |text: &[u8]| place("kept", text);
        let (kept, told) =
            (place_of(b"one"), Told { summary: "two".to_owned(), count: 3, ..Told::default() });
        assert!(kept.find(unpack).is_none());
        kept.keep(&rules(), &told);
        let (found, said) = kept.find(unpack).unwrap();
        assert_eq!((found.len(), said), (RULES_MIN, told));
        assert!(place_of(b"another").find(unpack).is_none(), "other rules are another file");
        std::fs::remove_dir_all(&kept.folder).unwrap();
    }

    #[test]
    fn what_is_damaged_or_foreign_is_not_used() {
        let kept = place("damaged", b"one");
        kept.keep(&rules(), &Told::default());
        let whole = std::fs::read(kept.path()).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 97) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            std::fs::write(kept.path(), &bytes).unwrap();
            assert!(kept.find(unpack).is_none(), "byte {at} was changed");
            std::fs::write(kept.path(), &whole[..at]).unwrap();
            assert!(kept.find(unpack).is_none(), "the file ends at {at}");
        }
        std::fs::remove_dir_all(&kept.folder).unwrap();
    }

    #[test]
    fn the_cache_can_be_off() {
        let mut settings = Settings::new();
        settings.merge("rules.cache: off").unwrap();
        assert!(Place::of(&settings, &[]).is_none());
    }
}
