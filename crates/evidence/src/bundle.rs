//! A bundle in memory: its parts, the leaves they make, and the file they become.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};

use crate::archive::{Archive, Member};
use crate::envelope::{Signed, Statement};
use crate::pieces::{self, Kind, Ranges};
use crate::tree::{SALT_BYTES, leaf_hash, root};
use crate::{Hash, SigningKey, SlicePacket, hex, write_slice};

/// Names of the members that lead the file, in order; others follow in the order they are given.
pub const MEMBERS_LEADING: [&str; 2] = [SIGNATURE, CLAIMS];

pub(crate) const SIGNATURE: &str = "signature.dsse.json";
pub(crate) const CLAIMS: &str = "claims.json";
pub(crate) const PACKETS: &str = "packets.pcapng";
pub(crate) const PIECES: &str = "pieces.txt";
pub(crate) const FINGERPRINTS: &str = "fingerprints.txt";
pub(crate) const SECRET: &str = "secret.txt";
pub(crate) const SALTS: &str = "salts.txt";
pub(crate) const WITHHELD: &str = "withheld.txt";
pub(crate) const STAMPS: &str = "stamps/";

/// Name of the leaf that holds a packet's addresses of ours.
pub(crate) const ADDRESSES: &str = "addresses";

/// Bytes of a leaf's hash in a fingerprint: they name what was touched, the root proves it.
const FINGERPRINT_BYTES: usize = 2;

/// Where salts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Salts {
    /// A whole bundle: all follow from its secret.
    Secret([u8; 32]),
    /// A redacted one: those of the leaves that were kept.
    Each(BTreeMap<String, [u8; SALT_BYTES]>),
}

impl Salts {
    /// Ready to give salts: what all of them share is done once.
    pub(crate) fn ready(&self) -> Salter<'_> {
        match self {
            Salts::Secret(secret) => Salter::Derived(
                Hkdf::from_prk(secret).expect("32 bytes are long enough for a key of HKDF-SHA-256"),
            ),
            Salts::Each(salts) => Salter::Each(salts),
        }
    }
}

/// Gives the salts of leaves.
pub(crate) enum Salter<'a> {
    Derived(Hkdf<Sha256>),
    Each(&'a BTreeMap<String, [u8; SALT_BYTES]>),
}

impl Salter<'_> {
    pub(crate) fn of(&self, leaf: &str) -> Option<[u8; SALT_BYTES]> {
        match self {
            Salter::Derived(secret) => {
                let mut salt = [0; SALT_BYTES];
                secret.expand(leaf.as_bytes(), &mut salt).ok().map(|()| salt)
            }
            Salter::Each(salts) => salts.get(leaf).copied(),
        }
    }
}

/// Hashes of all leaves, and what names a touched claim or packet: the first bytes of each one's hash, in order.
pub(crate) struct Digest {
    pub(crate) hashes: Vec<Hash>,
    pub(crate) fingerprints: Vec<(String, Vec<u8>)>,
}

/// Everything a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Inputs: name and SHA-256 in hexadecimal.
    pub inputs: Vec<(String, String)>,
    /// Members that are nothing but files: name and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// Claims: id, and the line of JSON; a withheld claim has a line that says so.
    pub claims: Vec<(String, Vec<u8>)>,
    /// Packets, in order.
    pub packets: Vec<SlicePacket>,
    /// Ranges that are pieces of their own, by packet.
    pub(crate) sensitive: Ranges,
    /// Hashes of leaves that were taken out.
    pub(crate) withheld: BTreeMap<String, Hash>,
    pub(crate) salts: Salts,
}

/// A leaf: its name, its content, and the group whose fingerprint it belongs to.
pub(crate) struct Leaf<'a> {
    pub(crate) name: String,
    pub(crate) content: std::borrow::Cow<'a, [u8]>,
}

impl Bundle {
    /// A whole bundle. `key` is what its secret is derived from; without one the salts hide nothing from whoever guesses right.
    pub fn new(
        inputs: Vec<(String, String)>,
        files: Vec<(String, Vec<u8>)>,
        claims: Vec<(String, Vec<u8>)>,
        selected: crate::Selected,
        key: Option<&SigningKey>,
    ) -> Self {
        let crate::Selected { packets, sensitive, .. } = selected;
        let withheld = BTreeMap::new();
        let salts = Salts::Secret([0; 32]);
        let mut bundle = Self { inputs, files, claims, packets, sensitive, withheld, salts };
        bundle.salts = Salts::Secret(bundle.secret(key));
        bundle
    }

    /// The secret follows from the key and the content: no randomness, and no way back without the key.
    fn secret(&self, key: Option<&SigningKey>) -> [u8; 32] {
        let mut hash = Sha256::new();
        for leaf in self.leaves() {
            hash.update((leaf.name.len() as u64).to_be_bytes());
            hash.update(&leaf.name);
            hash.update((leaf.content.len() as u64).to_be_bytes());
            hash.update(&leaf.content);
        }
        let content: Hash = hash.finalize().into();
        let seed = key.map_or([0; 32], SigningKey::seed);
        let mut secret = [0; 32];
        Hkdf::<Sha256>::new(Some(&content), &seed)
            .expand(b"targe evidence secret v1", &mut secret)
            .expect("32 bytes are less than HKDF gives at most");
        secret
    }

    /// A file of the bundle.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, content)| &**content)
    }

    /// Whether something was taken out.
    pub fn is_redacted(&self) -> bool {
        matches!(self.salts, Salts::Each(_))
    }

    /// Names of the leaves that were taken out.
    pub fn withheld(&self) -> impl Iterator<Item = &str> {
        self.withheld.keys().map(String::as_str)
    }

    /// Whether a piece of a packet was taken out.
    pub fn is_withheld(&self, packet: u64) -> bool {
        let prefix = format!("packet/{packet}/");
        self.withheld.range(prefix.clone()..).next().is_some_and(|(name, _)| name.starts_with(&prefix))
    }

    /// All leaves, in the order of the tree: files, pieces, claims, packets.
    pub(crate) fn leaves(&self) -> Vec<Leaf<'_>> {
        use std::borrow::Cow;
        let mut leaves = Vec::new();
        for (name, content) in &self.files {
            leaves.push(Leaf { name: format!("file/{name}"), content: Cow::Borrowed(content) });
        }
        leaves.push(Leaf {
            name: format!("file/{PIECES}"),
            content: Cow::Owned(pieces::write(&self.sensitive).into_bytes()),
        });
        for (id, line) in &self.claims {
            leaves.push(Leaf { name: format!("claim/{id}"), content: Cow::Borrowed(line) });
        }
        for packet in &self.packets {
            leaves.extend(self.packet_leaves(packet));
        }
        leaves
    }

    pub(crate) fn packet_leaves<'a>(&self, packet: &'a SlicePacket) -> Vec<Leaf<'a>> {
        use std::borrow::Cow;
        let id = packet.id;
        let sensitive = self.sensitive.get(&id).map_or(&[][..], Vec::as_slice);
        // What nobody takes out is one leaf with the head: a leaf costs its hash, its salt and its place in the tree.
        let mut plain = packet.head().into_bytes();
        plain.push(b'\n');
        let (mut addresses, mut pieces) = (Vec::new(), Vec::new());
        for (from, to, kind) in pieces::pieces(packet.bytes.len(), sensitive) {
            let bytes = packet.bytes.get(from..to).unwrap_or_default();
            match kind {
                None => plain.extend_from_slice(bytes),
                // Addresses of ours are taken out together or not at all.
                Some(Kind::Address) => addresses.extend_from_slice(bytes),
                Some(Kind::Card | Kind::Mail) => {
                    let name = format!("packet/{id}/{from}-{to}");
                    pieces.push(Leaf { name, content: Cow::Borrowed(bytes) });
                }
            }
        }
        let addresses = (!addresses.is_empty())
            .then(|| Leaf { name: format!("packet/{id}/{ADDRESSES}"), content: Cow::Owned(addresses) });
        let head = Leaf { name: format!("packet/{id}/head"), content: Cow::Owned(plain) };
        std::iter::once(head).chain(addresses).chain(pieces).collect()
    }

    /// Hash of a leaf: from its salt and content, or as it was left when the leaf was taken out. `None`: its salt is missing.
    pub(crate) fn hash(&self, leaf: &Leaf<'_>, salts: &Salter<'_>) -> Option<Hash> {
        if let Some(hash) = self.withheld.get(&leaf.name) {
            return Some(*hash);
        }
        Some(leaf_hash(&salts.of(&leaf.name)?, &leaf.name, &leaf.content))
    }

    /// Hashes and fingerprints of all leaves, in one pass.
    ///
    /// # Errors
    /// The name of a leaf whose salt is missing.
    pub(crate) fn digest(&self) -> Result<Digest, String> {
        let salts = self.salts.ready();
        let mut digest = Digest { hashes: Vec::new(), fingerprints: Vec::new() };
        let mut packets: Vec<Sha256> = Vec::with_capacity(self.packets.len());
        for leaf in self.leaves() {
            let hash = self.hash(&leaf, &salts).ok_or_else(|| leaf.name.clone())?;
            digest.hashes.push(hash);
            if let Some(id) = leaf.name.strip_prefix("claim/") {
                digest.fingerprints.push((format!("claim {id}"), hash[..FINGERPRINT_BYTES].to_vec()));
            } else if leaf.name.starts_with("packet/") {
                // The head of a packet is its first leaf.
                if leaf.name.ends_with("/head") {
                    packets.push(Sha256::new());
                }
                if let Some(packet) = packets.last_mut() {
                    packet.update(hash);
                }
            }
        }
        digest.fingerprints.extend(self.packets.iter().zip(packets).map(|(packet, hash)| {
            let hash: Hash = hash.finalize().into();
            (format!("packet {}", packet.id), hash[..FINGERPRINT_BYTES].to_vec())
        }));
        Ok(digest)
    }

    /// The file, signed by `key` or by nobody.
    ///
    /// # Panics
    /// On a bundle from which something was taken out: it keeps the signature it has.
    pub fn seal(&self, key: Option<&SigningKey>) -> Archive {
        let Salts::Secret(secret) = &self.salts else { panic!("a redacted bundle keeps its signature") };
        let digest = self.digest().expect("a whole bundle has every salt");
        let mut members = vec![Member::new(CLAIMS, claims_file(&self.claims))];
        members.extend(self.files.iter().map(|(name, content)| Member::new(name.as_str(), content.clone())));
        members.push(Member::new(PACKETS, write_slice(&self.packets)));
        members.push(Member::new(PIECES, pieces::write(&self.sensitive).into_bytes()));
        members.push(Member::new(FINGERPRINTS, write_fingerprints(&digest.fingerprints).into_bytes()));
        members.push(Member::stored(SECRET, format!("{}\n", hex(secret)).into_bytes()));
        let hashes = digest.hashes;
        let statement = Statement {
            root: root(&hashes),
            leaves: hashes.len() as u64,
            claims: self.claims.len() as u64,
            packets: self.packets.len() as u64,
            inputs: self.inputs.clone(),
            members: members
                .iter()
                .map(|member| (member.name.clone(), crate::sha256(&member.packed)))
                .collect(),
        };
        members.insert(0, Member::new(SIGNATURE, Signed::new(statement, key).envelope()));
        Archive { members }
    }
}

/// `fingerprints.txt`: a line per claim, and a line per run of packets with consecutive numbers.
pub(crate) fn write_fingerprints(list: &[(String, Vec<u8>)]) -> String {
    let mut lines: Vec<(String, Option<u64>, Vec<u8>)> = Vec::new();
    for (name, print) in list {
        let number = name.strip_prefix("packet ").and_then(|number| number.parse::<u64>().ok());
        match lines.last_mut() {
            Some((_, Some(next), prints)) if number == Some(*next) && prints.len() < RUN_BYTES_MAX => {
                *next += 1;
                prints.extend_from_slice(print);
            }
            _ => lines.push((name.clone(), number.map(|number| number + 1), print.clone())),
        }
    }
    lines.iter().map(|(name, _, prints)| format!("{name} {}\n", STANDARD.encode(prints))).collect()
}

/// Reads what [`write_fingerprints`] wrote, or as much of it as is in its form.
pub(crate) fn read_fingerprints(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut list = Vec::new();
    for line in text.lines() {
        let Some((name, prints)) = line.rsplit_once(' ') else { continue };
        let Ok(prints) = STANDARD.decode(prints) else { continue };
        match name.strip_prefix("packet ").and_then(|number| number.parse::<u64>().ok()) {
            Some(first) => {
                let each = (first..).zip(prints.chunks(FINGERPRINT_BYTES));
                list.extend(each.map(|(number, print)| (format!("packet {number}"), print.to_vec())));
            }
            None => list.push((name.to_owned(), prints)),
        }
    }
    list
}

/// Bytes of fingerprints on one line.
const RUN_BYTES_MAX: usize = 60;

/// `claims.json`: one claim per line.
pub(crate) fn claims_file(claims: &[(String, Vec<u8>)]) -> Vec<u8> {
    let lines: Vec<&[u8]> = claims.iter().map(|(_, line)| &**line).collect();
    [b"{\"claims\":[\n".as_slice(), &lines.join(&b",\n"[..]), b"\n]}\n"].concat()
}

/// The claims of a file that [`claims_file`] wrote.
pub(crate) fn read_claims(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let wrong = |what: String| format!("claims.json was altered: {what}");
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8".into()))?;
    let body = text.strip_prefix("{\"claims\":[\n").and_then(|text| text.strip_suffix("\n]}\n"));
    let body = body.ok_or_else(|| wrong("its first or last line".into()))?;
    let mut claims: Vec<(String, Vec<u8>)> = Vec::new();
    for (number, line) in body.split('\n').filter(|line| !line.is_empty()).enumerate() {
        let line = line.strip_suffix(',').unwrap_or(line);
        let id = line.strip_prefix("{\"id\":\"").and_then(|rest| rest.split('"').next());
        let id = id.ok_or_else(|| {
            let before = claims.last().map_or("the beginning".to_owned(), |(id, _)| format!("claim {id}"));
            wrong(format!("line {} (behind {before}) is no claim", number + 2))
        })?;
        claims.push((id.to_owned(), line.as_bytes().to_vec()));
    }
    if claims_file(&claims) != bytes {
        return Err(wrong("it is not one claim per line".into()));
    }
    Ok(claims)
}
