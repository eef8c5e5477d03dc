//! Opening a bundle that a stranger sent: every check that needs no engine, each in a sentence that names what was touched.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::Archive;
use crate::bundle::{
    Bundle, CLAIMS, FINGERPRINTS, Fingerprints, Group, PACKETS, PIECES, SALTS, SECRET, SIGNATURE, STAMPS,
    Salts, WITHHELD, read_claims, read_fingerprints, write_fingerprints,
};
use crate::envelope::{Signed, Statement};
use crate::tree::{SALT_BYTES, root};
use crate::{Hash, PublicKey, hex, pieces, read_slice, sha256, stamp, unhex};

/// One check and how it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked: `archive`, `signature`, `members`, `tree`, `stamp`.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, naming what was touched when it does not hold.
    pub message: String,
}

/// What became of a bundle that was opened.
#[derive(Debug, Default)]
pub struct Opened {
    /// All checks, in order.
    pub checks: Vec<Check>,
    /// Its parts, as far as they can be read.
    pub bundle: Option<Bundle>,
    /// The statement and who signed it.
    pub signed: Option<Signed>,
}

impl Opened {
    /// Whether every check holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    fn say(&mut self, name: &'static str, holds: bool, message: impl Into<String>) {
        self.checks.push(Check { name, holds, message: message.into() });
    }
}

/// Most touched packets or claims that are named one by one.
const NAMED_MAX: usize = 8;

/// Opens a bundle; `key`: whose signature it must bear.
pub fn open(bytes: &[u8], key: Option<&PublicKey>) -> Opened {
    let mut opened = Opened::default();
    let archive = match Archive::read(bytes) {
        Ok(archive) => archive,
        Err(error) => {
            opened.say("archive", false, error.0);
            return opened;
        }
    };
    opened.say("archive", true, format!("{} members, every byte accounted for", archive.members.len()));
    signature(&archive, key, &mut opened);
    let redacted = archive.get(WITHHELD).is_some();
    if let Some(signed) = opened.signed.clone() {
        members(&archive, &signed.statement, redacted, &mut opened);
    }
    match parts(&archive, opened.signed.as_ref()) {
        Ok(bundle) => {
            tree(&archive, &bundle, &mut opened);
            opened.bundle = Some(bundle);
        }
        Err(what) => opened.say("members", false, what),
    }
    stamps(&archive, &mut opened);
    opened
}

fn signature(archive: &Archive, key: Option<&PublicKey>, opened: &mut Opened) {
    let Some(envelope) = archive.get(SIGNATURE) else {
        return opened.say("signature", false, format!("{SIGNATURE} was removed"));
    };
    let signed = match Signed::read(envelope) {
        Ok(signed) => signed,
        Err(what) => return opened.say("signature", false, what),
    };
    let (holds, message) = match (signed.by.as_ref().map(|(by, _)| by), signed.holds(), key) {
        (Some(by), Some(true), Some(key)) if by == key => {
            (true, format!("signed by the key given, {}", key.id()))
        }
        (Some(by), Some(true), Some(key)) => {
            let (by, key) = (by.id(), key.id());
            (
                false,
                format!(
                    "a foreign key: signed by {by}, not by the key given, {key}; somebody else made it or signed it again"
                ),
            )
        }
        (Some(by), Some(true), None) => {
            let id = by.id();
            (
                true,
                format!(
                    "signed by {id}; whose key that is, the bundle cannot prove: give the key you know with --key"
                ),
            )
        }
        (Some(by), _, _) => {
            let id = by.id();
            (
                false,
                format!(
                    "the signature does not fit: the statement, the signature or the public key ({id}) was altered"
                ),
            )
        }
        (None, _, Some(key)) => {
            (false, format!("the bundle is not signed; a signature of {} was asked for", key.id()))
        }
        (None, _, None) => (
            true,
            "the bundle is not signed: nobody vouches for it, and whoever changes all of it goes unnoticed"
                .into(),
        ),
    };
    opened.say("signature", holds, message);
    opened.signed = Some(signed);
}

/// Compares the members with what the statement says of them.
fn members(archive: &Archive, statement: &Statement, redacted: bool, opened: &mut Opened) {
    let stated: BTreeMap<&str, &Hash> =
        statement.members.iter().map(|(name, hash)| (name.as_str(), hash)).collect();
    let may_go = |name: &str| redacted && (name == SECRET || name_is_withheld(archive, name));
    let may_change = |name: &str| redacted && matches!(name, PACKETS | CLAIMS);
    let before = opened.checks.len();
    for (name, hash) in &stated {
        match archive.members.iter().find(|member| member.name == *name) {
            None if may_go(name) => {}
            None => opened.say("members", false, format!("member `{name}` was removed")),
            Some(member) if sha256(&member.packed) == **hash || may_change(name) => {}
            Some(_) => opened.say(
                "members",
                false,
                format!("member `{name}` was altered: its SHA-256 is not the one in the signed statement"),
            ),
        }
    }
    for member in &archive.members {
        let name = member.name.as_str();
        let of_redaction = redacted && matches!(name, SALTS | WITHHELD);
        let known =
            stated.contains_key(name) || name == SIGNATURE || name.starts_with(STAMPS) || of_redaction;
        if !known {
            opened.say(
                "members",
                false,
                format!("member `{name}` was added: the signed statement does not know it"),
            );
        }
    }
    let order: Vec<&str> = archive
        .members
        .iter()
        .map(|member| member.name.as_str())
        .filter(|name| stated.contains_key(name))
        .collect();
    let wanted: Vec<&str> =
        statement.members.iter().map(|(name, _)| name.as_str()).filter(|name| order.contains(name)).collect();
    if let Some((found, wanted)) = order.iter().zip(&wanted).find(|(a, b)| a != b) {
        opened.say(
            "members",
            false,
            format!("members were reordered: `{found}` stands where `{wanted}` belongs"),
        );
    }
    let place = archive.members.iter().position(|member| member.name == SIGNATURE);
    if place != Some(0) {
        opened.say("members", false, format!("members were reordered: {SIGNATURE} is not the first"));
    }
    if opened.checks.len() == before {
        opened.say("members", true, format!("{} members are those of the statement", order.len()));
    }
}

fn name_is_withheld(archive: &Archive, name: &str) -> bool {
    let leaf = format!("file/{name} ");
    archive
        .get(WITHHELD)
        .is_some_and(|text| String::from_utf8_lossy(text).lines().any(|line| line.starts_with(&leaf)))
}

/// Packets that may be missing from a bundle whose other members are still read, so that each can be named.
const TAKEN_OUT_MAX: usize = 65_536;

/// The parts of the bundle.
fn parts(archive: &Archive, signed: Option<&Signed>) -> Result<Bundle, String> {
    let text = |name: &str| -> Result<Option<&str>, String> {
        let bytes = archive.get(name);
        bytes
            .map(|bytes| {
                std::str::from_utf8(bytes).map_err(|_| format!("member `{name}` was altered: it is no UTF-8"))
            })
            .transpose()
    };
    let missing = |name: &str| format!("member `{name}` is missing");
    let claims = read_claims(archive.get(CLAIMS).ok_or_else(|| missing(CLAIMS))?)?;
    let packets = read_slice(archive.get(PACKETS).ok_or_else(|| missing(PACKETS))?)?;
    // Packets may have been taken out; which ones is told where their fingerprints are compared.
    let packets_max = packets.len() + TAKEN_OUT_MAX;
    let sensitive = pieces::read(text(PIECES)?.ok_or_else(|| missing(PIECES))?, packets_max)
        .ok_or_else(|| format!("member `{PIECES}` was altered: it is not in its form"))?;
    let withheld: BTreeMap<String, Hash> = match text(WITHHELD)? {
        Some(list) => {
            pairs(list).ok_or_else(|| format!("member `{WITHHELD}` was altered: it is not in its form"))?
        }
        None => BTreeMap::new(),
    };
    let salts = match (text(SECRET)?, text(SALTS)?) {
        (Some(secret), None) => {
            let secret = secret.strip_suffix('\n').and_then(unhex).and_then(|secret| secret.try_into().ok());
            Salts::Secret(secret.ok_or_else(|| format!("member `{SECRET}` was altered: it is no secret"))?)
        }
        (None, Some(list)) => Salts::Each(
            pairs::<SALT_BYTES>(list)
                .ok_or_else(|| format!("member `{SALTS}` was altered: it is not in its form"))?,
        ),
        (None, None) => return Err(missing(SECRET)),
        (Some(_), Some(_)) => {
            return Err(format!("`{SECRET}` and `{SALTS}` cannot both be there: one was added"));
        }
    };
    let special = [SIGNATURE, CLAIMS, PACKETS, PIECES, FINGERPRINTS, SECRET, SALTS, WITHHELD];
    let is_file = |name: &str| !special.contains(&name) && !name.starts_with(STAMPS);
    // Files that were taken out keep their place in the tree.
    let stated = signed
        .map(|signed| signed.statement.members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let names = stated.unwrap_or_else(|| archive.members.iter().map(|member| member.name.as_str()).collect());
    let files = names
        .into_iter()
        .filter(|name| is_file(name))
        .filter_map(|name| match archive.get(name) {
            Some(content) => Some((name.to_owned(), content.to_vec())),
            None => withheld.contains_key(&format!("file/{name}")).then(|| (name.to_owned(), Vec::new())),
        })
        .collect();
    let inputs = signed.map(|signed| signed.statement.inputs.clone()).unwrap_or_default();
    Ok(Bundle { inputs, files, claims, packets, sensitive, withheld, salts })
}

/// Lines of name and hexadecimal value, in order and without a repeat.
fn pairs<const N: usize>(text: &str) -> Option<BTreeMap<String, [u8; N]>> {
    let mut map = BTreeMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once(' ')?;
        map.insert(name.to_owned(), unhex(value)?.try_into().ok()?);
    }
    let again: String =
        map.iter().map(|(name, value): (&String, &[u8; N])| format!("{name} {}\n", hex(value))).collect();
    (again == text).then_some(map)
}

/// Fingerprints name what was touched; the root proves that nothing else was.
fn tree(archive: &Archive, bundle: &Bundle, opened: &mut Opened) {
    let before = opened.checks.len();
    let digest = match bundle.digest() {
        Ok(digest) => digest,
        Err(leaf) => return opened.say("tree", false, format!("the salt of leaf `{leaf}` was removed")),
    };
    let hashes = digest.hashes;
    for name in stray(bundle) {
        opened.say("tree", false, name);
    }
    let found = digest.fingerprints;
    let stated = archive.get(FINGERPRINTS).map(String::from_utf8_lossy).unwrap_or_default();
    if write_fingerprints(&found) != stated {
        for message in touched(&read_fingerprints(&stated), &found) {
            opened.say("tree", false, message);
        }
    }
    if let Some(signed) = opened.signed.clone() {
        let statement = &signed.statement;
        let computed = root(&hashes);
        if computed != statement.root {
            opened.say(
                "tree",
                false,
                format!(
                    "the content gives the root {}, the statement says {}: a file, claim, packet or salt was altered",
                    hex(&computed),
                    hex(&statement.root)
                ),
            );
        }
        let counts = [
            ("leaves", hashes.len(), statement.leaves),
            ("claims", bundle.claims.len(), statement.claims),
            ("packets", bundle.packets.len(), statement.packets),
        ];
        for (what, found, stated) in counts {
            if found as u64 != stated {
                opened.say("tree", false, format!("the statement counts {stated} {what}, there are {found}"));
            }
        }
        if opened.checks.len() == before {
            let withheld = match bundle.withheld.len() {
                0 => String::new(),
                count => format!("; {count} leaves were taken out, what is left is proven"),
            };
            opened.say(
                "tree",
                true,
                format!("{} leaves give the stated root {}{withheld}", hashes.len(), hex(&computed)),
            );
        }
    }
}

/// Things a redacted bundle may not hold: content where a piece was taken out, salts and hashes of leaves that do not exist.
fn stray(bundle: &Bundle) -> Vec<String> {
    let mut wrong = Vec::new();
    if bundle.withheld.is_empty() && !bundle.is_redacted() {
        return wrong;
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut filled = Vec::new();
    bundle.each_leaf(|leaf| {
        names.insert(leaf.name.to_owned());
        let fits = match leaf.of {
            Group::Claim(id) => *leaf.content == *withheld_claim(id),
            Group::Packet(_) => leaf.content.iter().all(|byte| *byte == 0),
            Group::File => leaf.content.is_empty(),
        };
        if !fits && bundle.withheld.contains_key(leaf.name) {
            filled.push(format!("`{}` was taken out, and yet there is something in its place", leaf.name));
        }
    });
    for name in bundle.withheld.keys().filter(|name| !names.contains(name.as_str())) {
        wrong.push(format!("`{WITHHELD}` was altered: there is no leaf `{name}`"));
    }
    if let Salts::Each(salts) = &bundle.salts {
        let needless = |name: &&String| !names.contains(name.as_str()) || bundle.withheld.contains_key(*name);
        for name in salts.keys().filter(needless) {
            wrong.push(format!("`{SALTS}` was altered: no salt belongs to `{name}`"));
        }
    }
    wrong.append(&mut filled);
    wrong.truncate(NAMED_MAX);
    wrong
}

/// What stands in the place of a claim that was taken out.
pub(crate) fn withheld_claim(id: &str) -> Vec<u8> {
    format!("{{\"id\":\"{id}\",\"withheld\":true}}").into_bytes()
}

/// Names what differs between two lists of fingerprints.
fn touched(stated: &Fingerprints, found: &Fingerprints) -> Vec<String> {
    let of = |list: &Fingerprints| list.iter().cloned().collect::<BTreeMap<_, _>>();
    let (stated_by, found_by) = (of(stated), of(found));
    let mut messages = Vec::new();
    for (what, print) in stated {
        match found_by.get(what) {
            None => messages.push(format!("{what} was removed")),
            Some(other) if other != print => messages.push(format!("{what} was altered")),
            Some(_) => {}
        }
    }
    for (what, _) in found.iter().filter(|(what, _)| !stated_by.contains_key(what)) {
        messages.push(format!("{what} was added"));
    }
    if messages.is_empty() {
        let moved = stated.iter().zip(found).find(|(a, b)| a.0 != b.0);
        messages.push(match moved {
            Some((wanted, found)) => {
                format!("{} was reordered: it stands where {} belongs", found.0, wanted.0)
            }
            None => format!("member `{FINGERPRINTS}` was altered: a line is there twice or not in its form"),
        });
    }
    let more = messages.len().saturating_sub(NAMED_MAX);
    messages.truncate(NAMED_MAX);
    if more > 0 {
        messages.push(format!(
            "and {more} more claims or packets were touched; a secret or salt that was altered touches all"
        ));
    }
    messages
}

fn stamps(archive: &Archive, opened: &mut Opened) {
    let Some(envelope) = archive.get(SIGNATURE) else { return };
    for member in archive.members.iter().filter(|member| member.name.starts_with(STAMPS)) {
        let name = &member.name;
        match stamp::response(&member.content, envelope) {
            Ok(stamp) => opened.say(
                "stamp",
                true,
                format!(
                    "{name}: existed at {} (serial {}); the authority itself is checked with: openssl ts -verify -data {SIGNATURE} -in {name} -CAfile AUTHORITY.pem",
                    stamp.time, stamp.serial
                ),
            ),
            Err(error) => opened.say("stamp", false, format!("{name}: {error}")),
        }
    }
}
