//! A bundle in memory: its parts, the leaves they make, and the file they become.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

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

/// Name of the leaf that leads a packet.
const HEAD: &str = "head";
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
    pub(crate) fingerprints: Fingerprints,
}

/// The first bytes of hashes, and whose they are.
pub(crate) type Fingerprints = Vec<(Named, [u8; FINGERPRINT_BYTES])>;

/// What a fingerprint is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// A packet, by its number.
    Packet(u64),
    /// A claim, by its id; or whatever else a line says.
    Other(String),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::Packet(number) => write!(f, "packet {number}"),
            Named::Other(name) => f.write_str(name),
        }
    }
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

/// A leaf: its name, its content, and the group whose fingerprint it belongs to. Lent: a bundle has tens of thousands.
pub(crate) struct Leaf<'a> {
    pub(crate) of: Group<'a>,
    pub(crate) name: &'a str,
    pub(crate) content: &'a [u8],
}

/// What a leaf belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group<'a> {
    File,
    Claim(&'a str),
    Packet(u64),
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
        self.each_leaf(|leaf| {
            hash.update((leaf.name.len() as u64).to_be_bytes());
            hash.update(leaf.name);
            hash.update((leaf.content.len() as u64).to_be_bytes());
            hash.update(leaf.content);
        });
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

    /// Shows all leaves, in the order of the tree: files, pieces, claims, packets.
    pub(crate) fn each_leaf(&self, mut see: impl FnMut(&Leaf<'_>)) {
        let mut name = String::new();
        for (file, content) in &self.files {
            see(&Leaf { of: Group::File, name: named(&mut name, format_args!("file/{file}")), content });
        }
        let pieces = pieces::write(&self.sensitive).into_bytes();
        let leaf = named(&mut name, format_args!("file/{PIECES}"));
        see(&Leaf { of: Group::File, name: leaf, content: &pieces });
        for (id, line) in &self.claims {
            let leaf = named(&mut name, format_args!("claim/{id}"));
            see(&Leaf { of: Group::Claim(id), name: leaf, content: line });
        }
        let mut buffers = Default::default();
        for packet in &self.packets {
            self.packet_leaves(packet, &mut name, &mut buffers, &mut see);
        }
    }

    /// Shows the leaves of a packet. What nobody takes out is one leaf with the head: a leaf costs its hash, its salt and its place
    /// in the tree. Addresses of ours are another, since they are taken out together or not at all.
    fn packet_leaves(
        &self,
        packet: &SlicePacket,
        name: &mut String,
        (plain, addresses): &mut (Vec<u8>, Vec<u8>),
        see: &mut impl FnMut(&Leaf<'_>),
    ) {
        let (id, of) = (packet.id, Group::Packet(packet.id));
        let sensitive = self.sensitive.get(&id).map_or(&[][..], Vec::as_slice);
        let pieces = || {
            pieces::pieces(packet.bytes.len(), sensitive)
                .map(|(from, to, kind)| (from, to, kind, packet.bytes.get(from..to).unwrap_or_default()))
        };
        plain.clear();
        addresses.clear();
        packet.write_head(plain);
        let mut others = false;
        for (_, _, kind, bytes) in pieces() {
            match kind {
                None => plain.extend_from_slice(bytes),
                Some(Kind::Address) => addresses.extend_from_slice(bytes),
                Some(Kind::Card | Kind::Mail) => others = true,
            }
        }
        see(&Leaf { of, name: named(name, format_args!("packet/{id}/{HEAD}")), content: plain });
        if !addresses.is_empty() {
            let leaf = named(name, format_args!("packet/{id}/{ADDRESSES}"));
            see(&Leaf { of, name: leaf, content: addresses });
        }
        for (from, to, kind, content) in pieces().filter(|_| others) {
            if matches!(kind, Some(Kind::Card | Kind::Mail)) {
                see(&Leaf { of, name: named(name, format_args!("packet/{id}/{from}-{to}")), content });
            }
        }
    }

    /// Hash of a leaf: from its salt and content, or as it was left when the leaf was taken out. `None`: its salt is missing.
    pub(crate) fn hash(&self, leaf: &Leaf<'_>, salts: &Salter<'_>) -> Option<Hash> {
        if let Some(hash) = self.withheld.get(leaf.name) {
            return Some(*hash);
        }
        Some(leaf_hash(&salts.of(leaf.name)?, leaf.name, leaf.content))
    }

    /// Hashes and fingerprints of all leaves, in one pass.
    ///
    /// # Errors
    /// The name of a leaf whose salt is missing.
    pub(crate) fn digest(&self) -> Result<Digest, String> {
        let salts = self.salts.ready();
        let (mut hashes, mut fingerprints) = (Vec::new(), Fingerprints::new());
        let (mut packet, mut of_packet) = (None, Vec::new());
        let mut missing = None;
        self.each_leaf(|leaf| {
            let Some(hash) = self.hash(leaf, &salts) else {
                missing.get_or_insert_with(|| leaf.name.to_owned());
                return;
            };
            hashes.push(hash);
            match leaf.of {
                Group::File => {}
                Group::Claim(id) => fingerprints.push((Named::Other(format!("claim {id}")), first_of(&hash))),
                Group::Packet(id) => {
                    // The head of a packet is its first leaf.
                    if leaf.name.ends_with(HEAD) {
                        fingerprints.extend(packet.replace(id).map(|id| fingerprint(id, &of_packet)));
                        of_packet.clear();
                    }
                    of_packet.extend_from_slice(&hash);
                }
            }
        });
        fingerprints.extend(packet.map(|id| fingerprint(id, &of_packet)));
        missing.map_or(Ok(Digest { hashes, fingerprints }), Err)
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

/// A name, written into a buffer.
fn named<'a>(buffer: &'a mut String, name: fmt::Arguments<'_>) -> &'a str {
    buffer.clear();
    buffer.write_fmt(name).expect("a String takes every write");
    buffer
}

/// Of a packet: the beginning of the hash over the hashes of its leaves.
fn fingerprint(id: u64, hashes: &[u8]) -> (Named, [u8; FINGERPRINT_BYTES]) {
    (Named::Packet(id), first_of(&Sha256::digest(hashes).into()))
}

fn first_of(hash: &Hash) -> [u8; FINGERPRINT_BYTES] {
    [hash[0], hash[1]]
}

/// `fingerprints.txt`: a line per claim, and a line per run of packets with consecutive numbers.
pub(crate) fn write_fingerprints(list: &Fingerprints) -> String {
    let mut text = String::new();
    let mut rest = list.iter().peekable();
    let mut prints = Vec::with_capacity(RUN_BYTES_MAX);
    while let Some((name, print)) = rest.next() {
        prints.clear();
        prints.extend_from_slice(print);
        if let Named::Packet(first) = name {
            let mut next = first.checked_add(1);
            while prints.len() < RUN_BYTES_MAX
                && let Some(number) = next
                && let Some((_, print)) = rest.next_if(|(name, _)| *name == Named::Packet(number))
            {
                prints.extend_from_slice(print);
                next = number.checked_add(1);
            }
        }
        write!(text, "{name} ").expect("a String takes every write");
        STANDARD.encode_string(&prints, &mut text);
        text.push('\n');
    }
    text
}

/// Reads what [`write_fingerprints`] wrote, or as much of it as is in its form.
pub(crate) fn read_fingerprints(text: &str) -> Fingerprints {
    let print = |bytes: &[u8]| [0, 1].map(|place| bytes.get(place).copied().unwrap_or_default());
    let mut list = Fingerprints::new();
    for line in text.lines() {
        let Some((name, prints)) = line.rsplit_once(' ') else { continue };
        let Ok(prints) = STANDARD.decode(prints) else { continue };
        match name.strip_prefix("packet ").and_then(|number| number.parse::<u64>().ok()) {
            Some(first) => {
                let each = (first..).zip(prints.chunks(FINGERPRINT_BYTES));
                list.extend(each.map(|(number, bytes)| (Named::Packet(number), print(bytes))));
            }
            None => list.push((Named::Other(name.to_owned()), print(&prints))),
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
