//! Taking things out of a bundle so that the rest stays proven.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::archive::{Archive, Member};
use crate::bundle::{ADDRESSES, Bundle, CLAIMS, Group, PACKETS, SALTS, SECRET, Salts, WITHHELD, claims_file};
use crate::check::withheld_claim;
use crate::pieces::pieces;
use crate::{Kind, hex, write_slice};

/// A copy of a bundle without the pieces of these kinds. The signature stays as it is, and stays valid.
///
/// Of addresses, also every file and claim that names one of them is taken out, since no piece smaller than that is proven.
///
/// # Errors
/// When the bundle's salts hide nothing, since no key took part in them.
pub fn redact(archive: &Archive, bundle: &Bundle, signed: bool, kinds: &[Kind]) -> Result<Archive, String> {
    if !signed {
        return Err("a bundle that is not signed has salts that anybody can compute: what is taken out could be guessed".into());
    }
    let mut copy = bundle.clone();
    let names = chosen(bundle, kinds);
    let (salter, mut salts, mut missing) = (bundle.salts.ready(), BTreeMap::new(), None);
    bundle.each_leaf(|leaf| {
        if names.contains(leaf.name) {
            match bundle.hash(leaf, &salter) {
                Some(hash) => drop(copy.withheld.insert(leaf.name.to_owned(), hash)),
                None => missing = Some(format!("the salt of leaf `{}` is missing", leaf.name)),
            }
        } else if !copy.withheld.contains_key(leaf.name) {
            salts.extend(salter.of(leaf.name).map(|salt| (leaf.name.to_owned(), salt)));
        }
    });
    if let Some(missing) = missing {
        return Err(missing);
    }
    blank(&mut copy);
    let list = |pairs: Vec<(&String, &[u8])>| -> Vec<u8> {
        pairs.iter().map(|(name, value)| format!("{name} {}\n", hex(value))).collect::<String>().into_bytes()
    };
    let mut out = Archive::default();
    for member in &archive.members {
        let name = member.name.as_str();
        match name {
            SECRET | SALTS | WITHHELD => {}
            CLAIMS => out.members.push(Member::stored(CLAIMS, claims_file(&copy.claims))),
            PACKETS => out.members.push(Member::stored(PACKETS, write_slice(&copy.packets))),
            _ if copy.withheld.contains_key(&format!("file/{name}")) => {}
            _ => out.members.push(member.clone()),
        }
    }
    let withheld = copy.withheld.iter().map(|(name, hash)| (name, &hash[..])).collect();
    out.members.push(Member::stored(WITHHELD, list(withheld)));
    let kept = salts.iter().map(|(name, salt)| (name, &salt[..])).collect();
    out.members.push(Member::stored(SALTS, list(kept)));
    Ok(out)
}

/// Names of the leaves to take out.
fn chosen(bundle: &Bundle, kinds: &[Kind]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for packet in &bundle.packets {
        for range in bundle.sensitive.get(&packet.id).into_iter().flatten() {
            let (from, to) = (range.from as usize, (range.to as usize).min(packet.bytes.len()));
            if !kinds.contains(&range.kind) || from >= to {
                continue;
            }
            if range.kind == Kind::Address {
                names.insert(format!("packet/{}/{ADDRESSES}", packet.id));
                addresses.extend(addresses_in(packet.bytes.get(from..to).unwrap_or_default()));
            } else {
                names.insert(format!("packet/{}/{from}-{to}", packet.id));
            }
        }
    }
    bundle.each_leaf(|leaf| {
        let is_text = matches!(leaf.of, Group::Claim(_) | Group::File);
        if is_text && !leaf.name.ends_with("/pieces.txt") && names_one(leaf.content, &addresses) {
            names.insert(leaf.name.to_owned());
        }
    });
    names
}

/// The addresses that a range of an IP header holds: 4 or 8 bytes of IPv4, maybe behind the checksum, or 16 or 32 of IPv6.
fn addresses_in(bytes: &[u8]) -> Vec<IpAddr> {
    let v4 = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let v6 = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    match bytes.len() {
        4 | 8 => bytes.chunks(4).filter_map(v4).collect(),
        6 | 10 => bytes.get(2..).into_iter().flat_map(|bytes| bytes.chunks(4)).filter_map(v4).collect(),
        16 | 32 => bytes.chunks(16).filter_map(v6).collect(),
        _ => Vec::new(),
    }
}

/// Whether a text names one of the addresses.
fn names_one(text: &[u8], addresses: &BTreeSet<IpAddr>) -> bool {
    let is = |word: &str| word.parse().is_ok_and(|address| addresses.contains(&address));
    text.split(|byte| !(byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')))
        .filter_map(|word| std::str::from_utf8(word).ok())
        .map(|word| word.trim_matches(['.', ':']))
        .any(|word| is(word) || word.split(':').any(is))
}

/// Puts zeros, or a line that says so, where something was taken out.
fn blank(bundle: &mut Bundle) {
    let withheld: BTreeSet<String> = bundle.withheld.keys().cloned().collect();
    for (id, line) in &mut bundle.claims {
        if withheld.contains(&format!("claim/{id}")) {
            *line = withheld_claim(id);
        }
    }
    for (name, content) in &mut bundle.files {
        if withheld.contains(&format!("file/{name}")) {
            content.clear();
        }
    }
    for packet in &mut bundle.packets {
        let sensitive = bundle.sensitive.get(&packet.id).map_or(&[][..], Vec::as_slice);
        for (from, to, kind) in pieces(packet.bytes.len(), sensitive) {
            let name = match kind {
                None => continue,
                Some(Kind::Address) => format!("packet/{}/{ADDRESSES}", packet.id),
                Some(Kind::Card | Kind::Mail) => format!("packet/{}/{from}-{to}", packet.id),
            };
            if let Some(piece) = packet.bytes.get_mut(from..to).filter(|_| withheld.contains(&name)) {
                piece.fill(0);
            }
        }
    }
    bundle.salts = Salts::Each(BTreeMap::new());
}
