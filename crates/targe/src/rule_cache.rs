//! Compiled rules on disk, so that the next start need not read and compile them again.
//!
//! A file is found by the digest of everything that rules depend on: their text, the files beside them, the whole
//! configuration, and the program. What is damaged or belongs to something else is not used, and replaced.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rules::{RuleSet, Shelf};
use sha2::{Digest, Sha256};

use crate::config::Settings;

/// First bytes of a file.
const MAGIC: &[u8; 8] = b"TARGERS2";
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
        unpack: impl FnOnce(Box<dyn Shelf>, u64) -> Option<RuleSet>,
    ) -> Option<(RuleSet, Told)> {
        let file = File::open(self.path()).ok()?;
        let kept = Kept { len: file.metadata().ok()?.len(), file };
        let mut head = [0; HEAD_BYTES];
        if !kept.read(0, &mut head) || !kept.is_sound(&self.key) {
            return None;
        }
        let mut at = HEAD_BYTES as u64;
        let mut take = || {
            let length = kept.word(at)?;
            let end = at.checked_add(8)?.checked_add(length).filter(|end| *end <= kept.len)?;
            let mut part = vec![0; usize::try_from(length).ok()?];
            let read = kept.read(at + 8, &mut part);
            at = end;
            read.then_some(part)
        };
        let told = Told {
            listing: take()?,
            errors: String::from_utf8(take()?).ok()?,
            summary: String::from_utf8(take()?).ok()?,
            count: number(&take()?)?,
            refused: number(&take()?)?,
        };
        Some((unpack(Box::new(kept), at)?, told))
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
        let mut sum = Checksum::default();
        sum.add(&body);
        let head = [&MAGIC[..], &self.key, &sum.end().to_le_bytes()].concat();
        // Whoever reads sees the old file or the new one, never half of one.
        let path = self.path();
        let draft = path.with_extension(format!("{}.part", std::process::id()));
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| write(&draft, [&head, &body]))
            .and_then(|()| std::fs::rename(&draft, &path));
        if written.is_err() {
            // Nothing more can be done about a draft that cannot be removed either.
            let _ = std::fs::remove_file(&draft);
            return;
        }
        clear(&self.folder);
    }
}

fn write(path: &Path, parts: [&[u8]; 2]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    parts.into_iter().try_for_each(|part| file.write_all(part))
}

/// A file that rules are read from as they are needed. It is never written to: a new one takes its name.
#[derive(Debug)]
struct Kept {
    file: File,
    len: u64,
}

/// Magic, key, checksum.
const HEAD_BYTES: usize = 8 + 32 + 8;
/// Bytes read at a time for the checksum.
const PIECE_BYTES: usize = 1 << 16;

impl Kept {
    fn word(&self, at: u64) -> Option<u64> {
        let mut word = [0; 8];
        self.read(at, &mut word).then(|| u64::from_le_bytes(word))
    }

    /// Whether the file is ours, for this key, and whole.
    fn is_sound(&self, key: &[u8; 32]) -> bool {
        let mut head = [0; HEAD_BYTES];
        if !self.read(0, &mut head) {
            return false;
        }
        let Some(rest) = head.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(key)) else {
            return false;
        };
        let mut sum = Checksum::default();
        let mut piece = vec![0; PIECE_BYTES];
        let mut at = HEAD_BYTES as u64;
        while at < self.len {
            let len = usize::try_from(self.len - at).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
            let Some(piece) = piece.get_mut(..len).filter(|piece| !piece.is_empty()) else { return false };
            if !self.read(at, piece) {
                return false;
            }
            sum.add(piece);
            at += len as u64;
        }
        rest == sum.end().to_le_bytes()
    }
}

impl Shelf for Kept {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, at: u64, space: &mut [u8]) -> bool {
        self.file.read_exact_at(space, at).is_ok()
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()
}

/// Tells damage; it is no defence against somebody who may write into the operator's cache.
struct Checksum {
    sums: [u64; 4],
    len: u64,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { sums: [0x9e37_79b9_7f4a_7c15, 1, 2, 3], len: 0 }
    }
}

impl Checksum {
    /// Takes in a piece; all but the last have a multiple of 32 bytes.
    fn add(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (sum, word) in self.sums.iter_mut().zip(words) {
                mix(sum, *word);
            }
        }
        for byte in rest {
            mix(&mut self.sums[0], [*byte, 1, 0, 0, 0, 0, 0, 0]);
        }
        self.len += bytes.len() as u64;
    }

    fn end(&self) -> u64 {
        self.sums.iter().fold(self.len, |mut all, sum| {
            mix(&mut all, sum.to_le_bytes());
            all
        })
    }
}

fn mix(sum: &mut u64, word: [u8; 8]) {
    *sum = (*sum ^ u64::from_le_bytes(word)).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
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

    fn unpack(shelf: Box<dyn Shelf>, from: u64) -> Option<RuleSet> {
        RuleSet::from_shelf(shelf, from, Inspection::default(), &Environment::default())
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
