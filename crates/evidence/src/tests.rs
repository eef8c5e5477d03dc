//! A bundle as a stranger meets it: whole, redacted, touched, cut, signed again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{LinkType, PacketId, Time};

use super::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A capture of the lab, cut down to one scope.
fn selected() -> Selected {
    let made = lab::acts::Leak { seed: 7, ..lab::acts::Leak::default() }.make();
    let packets: Vec<_> = made
        .frames
        .iter()
        .zip(1..)
        .map(|(frame, id)| capture::PickedPacket {
            id: PacketId(id),
            time: frame.time,
            own_time: frame.time,
            link: LinkType::ETHERNET,
            bytes: frame.bytes.clone(),
            wire_len: frame.bytes.len() as u32,
        })
        .collect();
    let scope = Scope {
        everything: Some(Keep::WHOLE),
        evidence: BTreeMap::from([(2, vec![1, 2])]),
        ..Scope::default()
    };
    let mut source = capture::Source::from_picked(packets);
    let ours = |address: IpAddr| matches!(address, IpAddr::V4(address) if address.is_private());
    select(&mut source, &scope, &decode::Config::default(), &ours, 1 << 20).expect("it is small")
}

/// The host of ours that sends the first packet.
fn leaker() -> String {
    let bytes = &selected().packets[0].bytes;
    format!("{}.{}.{}.{}", bytes[26], bytes[27], bytes[28], bytes[29])
}

fn bundle(key: Option<&SigningKey>) -> Bundle {
    let host = leaker();
    let claim = |id: &str, text: &str| {
        (id.to_owned(), format!("{{\"id\":\"{id}\",\"sentence\":\"{text}\"}}").into_bytes())
    };
    Bundle::new(
        vec![("office.pcap".into(), "ab".repeat(32))],
        vec![
            ("manifest.json".into(), b"{\"program\":\"targe\"}\n".to_vec()),
            ("report.html".into(), format!("<p>{host} lost 12 cards</p>").repeat(40).into_bytes()),
        ],
        vec![
            claim("F1.1", "12 cards left"),
            claim("F1.2", &format!("{host} lost them")),
            claim("I1.1", "a leak"),
        ],
        selected(),
        key,
    )
}

fn failures(bytes: &[u8], key: Option<&PublicKey>) -> Vec<String> {
    open(bytes, key).checks.into_iter().filter(|check| !check.holds).map(|check| check.message).collect()
}

/// The one archive, with a member's content replaced and everything packed anew.
fn with_member(archive: &Archive, name: &str, content: Vec<u8>) -> Vec<u8> {
    let mut archive = archive.clone();
    for member in archive.members.iter_mut().filter(|member| member.name == name) {
        *member = Member::new(name, content.clone());
    }
    archive.write()
}

fn assert_names(messages: &[String], what: &str) {
    assert!(messages.iter().any(|message| message.contains(what)), "nothing names `{what}`: {messages:#?}");
}

#[test]
fn a_bundle_opens_and_gives_back_what_was_put_in() {
    let (bundle, signer) = (bundle(Some(&key(1))), key(1));
    let bytes = bundle.seal(Some(&signer)).write();
    let opened = open(&bytes, Some(&signer.public()));
    assert!(opened.holds(), "{:#?}", opened.checks);
    assert_eq!(opened.bundle.as_ref(), Some(&bundle));
    assert_eq!(bytes, bundle.seal(Some(&signer)).write(), "the same parts give the same bytes");
}

#[test]
fn unsigned_is_possible_and_says_so() {
    let bytes = bundle(None).seal(None).write();
    let opened = open(&bytes, None);
    assert!(opened.holds());
    assert!(opened.checks[1].message.contains("not signed"), "{:?}", opened.checks);
    assert_names(&failures(&bytes, Some(&key(1).public())), "is not signed; a signature of SHA256:");
}

#[test]
fn a_foreign_key_and_a_second_signature_are_named() {
    let bytes = bundle(Some(&key(2))).seal(Some(&key(2))).write();
    assert_names(&failures(&bytes, Some(&key(1).public())), "a foreign key: signed by SHA256:");
    assert!(failures(&bytes, None).is_empty(), "without a key, anybody's signature is somebody's");
}

#[test]
fn a_claim_edited_by_hand_is_named() {
    let archive = bundle(Some(&key(1))).seal(Some(&key(1)));
    let text = String::from_utf8(archive.get("claims.json").unwrap().to_vec()).unwrap();
    let bytes = with_member(&archive, "claims.json", text.replace("12 cards", "2 cards").into_bytes());
    let messages = failures(&bytes, None);
    assert_names(&messages, "claim F1.1 was altered");
    assert_names(&messages, "member `claims.json` was altered");
}

#[test]
fn removed_added_reordered_and_altered_packets_are_named() {
    let archive = bundle(Some(&key(1))).seal(Some(&key(1)));
    let packets = read_slice(archive.get("packets.pcapng").unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<SlicePacket>)| {
        let mut packets = packets.clone();
        change(&mut packets);
        failures(&with_member(&archive, "packets.pcapng", write_slice(&packets)), None)
    };
    assert_names(&changed(&|packets| drop(packets.remove(4))), "packet 5 was removed");
    assert_names(
        &changed(&|packets| packets.push(SlicePacket { id: 9_999, ..packets[0].clone() })),
        "packet 9999 was added",
    );
    assert_names(
        &changed(&|packets| packets.swap(2, 3)),
        "packet 4 was reordered: it stands where packet 3 belongs",
    );
    assert_names(&changed(&|packets| packets[6].bytes[40] ^= 1), "packet 7 was altered");
    assert_names(&changed(&|packets| packets[6].own_time = Time::from_secs(1)), "packet 7 was altered");
}

#[test]
fn truncated_and_extended_files_are_named() {
    let bytes = bundle(Some(&key(1))).seal(Some(&key(1))).write();
    assert_names(&failures(&bytes[..bytes.len() - 5], None), "truncated");
    assert_names(&failures(&bytes[..bytes.len() / 2], None), "truncated");
    assert_names(&failures(&[&bytes[..], b"more"].concat(), None), "4 bytes were added behind the end");
    assert_names(&failures(&[], None), "no bundle");
}

#[test]
fn members_that_come_and_go_are_named() {
    let archive = bundle(Some(&key(1))).seal(Some(&key(1)));
    let mut less = archive.clone();
    less.members.retain(|member| member.name != "report.html");
    assert_names(&failures(&less.write(), None), "member `report.html` was removed");
    let mut more = archive.clone();
    more.members.push(Member::new("notes.txt", b"trust me".to_vec()));
    assert_names(&failures(&more.write(), None), "member `notes.txt` was added");
    let mut moved = archive.clone();
    moved.members.swap(2, 3);
    assert_names(&failures(&moved.write(), None), "members were reordered");
}

/// Mutations by a fixed sequence: bits, bytes, ends, swaps. Each is found, and each message names something.
fn mutations_are_found(bytes: &[u8], count: usize, seed: u64) {
    let public = key(1).public();
    let mut state = seed;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let named = [
        "member",
        "header",
        "directory",
        "end record",
        "truncated",
        "statement",
        "envelope",
        "packet",
        "claim",
        "bytes were",
        "bundle",
        "signature",
        "salt",
        "leaf",
        "taken out",
    ];
    for number in 0..count {
        let mut touched = bytes.to_vec();
        let at = draw(touched.len());
        match number % 6 {
            0 | 1 => touched[at] ^= 1 << draw(8),
            2 => drop(touched.remove(at)),
            3 => touched.insert(at, draw(256) as u8),
            4 => touched.truncate(at),
            _ => {
                let other = draw(touched.len());
                touched.swap(at, other);
            }
        }
        if touched == bytes {
            continue;
        }
        let messages = failures(&touched, Some(&public));
        assert!(!messages.is_empty(), "mutation {number} at byte {at} went unnoticed");
        let names = |message: &String| named.iter().any(|word| message.contains(word));
        assert!(messages.iter().all(names), "mutation {number} at byte {at}: {messages:?}");
    }
}

#[test]
fn two_hundred_random_mutations_are_found() {
    mutations_are_found(&bundle(Some(&key(1))).seal(Some(&key(1))).write(), 200, 0x5eed);
}

#[test]
fn mutations_of_a_redacted_bundle_are_found_too() {
    let archive = bundle(Some(&key(1))).seal(Some(&key(1)));
    let whole = open(&archive.write(), None).bundle.unwrap();
    let redacted = redact(&archive, &whole, true, &[Kind::Card, Kind::Address]).unwrap();
    mutations_are_found(&redacted.write(), 200, 0xfeed);
}

#[test]
fn what_is_taken_out_is_gone_and_the_rest_stays_proven() {
    let signer = key(1);
    let archive = bundle(Some(&signer)).seal(Some(&signer));
    let opened = open(&archive.write(), None);
    let whole = opened.bundle.unwrap();
    let redacted = redact(&archive, &whole, true, &[Kind::Card, Kind::Address]).unwrap();
    let bytes = redacted.write();
    let again = open(&bytes, Some(&signer.public()));
    assert!(again.holds(), "{:#?}", again.checks);
    let left = again.bundle.unwrap();
    assert!(left.is_redacted() && left.withheld().count() > 0);
    assert!(redacted.get("secret.txt").is_none() && redacted.get("report.html").is_none());
    let claims = String::from_utf8(redacted.get("claims.json").unwrap().to_vec()).unwrap();
    assert!(claims.contains("12 cards left") && !claims.contains(&leaker()), "{claims}");
    let has = |bundle: &Bundle, needle: &[u8]| {
        bundle.packets.iter().any(|packet| packet.bytes.windows(needle.len()).any(|window| window == needle))
    };
    let (_, card) = whole
        .packets
        .iter()
        .find_map(|packet| {
            let range = whole.sensitive.get(&packet.id)?.iter().find(|range| range.kind == Kind::Card)?;
            Some((packet.id, packet.bytes[range.from as usize..range.to as usize].to_vec()))
        })
        .expect("the leak has card numbers");
    assert!(has(&whole, &card) && !has(&left, &card));
    assert_eq!(whole.packets.len(), left.packets.len());
    // Touching what is left of a redacted bundle is found, too.
    let mut forged = left.packets.clone();
    *forged[3].bytes.last_mut().expect("a packet has bytes") ^= 1;
    let mut touched = redacted.clone();
    for member in touched.members.iter_mut().filter(|member| member.name == "packets.pcapng") {
        *member = Member::stored("packets.pcapng", write_slice(&forged));
    }
    assert_names(&failures(&touched.write(), None), "packet 4 was altered");
    // It can be redacted further, and not be undone.
    let further = redact(&redacted, &left, true, &[Kind::Mail]).unwrap();
    assert!(open(&further.write(), None).holds());
}

#[test]
fn unsigned_bundles_are_not_redacted_since_their_salts_hide_nothing() {
    let archive = bundle(None).seal(None);
    let whole = open(&archive.write(), None).bundle.unwrap();
    assert!(redact(&archive, &whole, false, &[Kind::Card]).unwrap_err().contains("could be guessed"));
}

#[test]
fn keys_are_in_the_form_that_openssl_reads() {
    let signer = key(3);
    let again = SigningKey::from_pem(&signer.to_pem()).unwrap();
    assert_eq!(again.public(), signer.public());
    assert_eq!(PublicKey::from_pem(&signer.public().to_pem()).unwrap(), signer.public());
    assert!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").is_err());
    assert!(!format!("{signer:?}").contains(&hex(&[3; 32])), "the key itself is never printed");
}

#[test]
fn the_tree_is_that_of_rfc_6962() {
    use sha2::{Digest, Sha256};
    let leaves: Vec<Hash> = (0..7_u8).map(|number| leaf_hash(&[number; 16], "x", b"y")).collect();
    let node = |a: Hash, b: Hash| -> Hash { Sha256::digest([&[1][..], &a, &b].concat()).into() };
    let (ab, cd, ef) = (node(leaves[0], leaves[1]), node(leaves[2], leaves[3]), node(leaves[4], leaves[5]));
    assert_eq!(root(&leaves), node(node(ab, cd), node(ef, leaves[6])));
    assert_eq!(hex(&root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn cut_payload_comes_back_as_long_as_it_was_with_a_checksum_that_holds() {
    let made = lab::acts::Upload { seed: 5, ..lab::acts::Upload::default() }.make();
    let packets: Vec<_> = made
        .frames
        .iter()
        .zip(1..)
        .map(|(frame, id)| capture::PickedPacket {
            id: PacketId(id),
            time: frame.time,
            own_time: frame.time,
            link: LinkType::ETHERNET,
            bytes: frame.bytes.clone(),
            wire_len: frame.bytes.len() as u32,
        })
        .collect();
    let scope = Scope { everything: Some(Keep { start: 512, message: 0 }), ..Scope::default() };
    let mut source = capture::Source::from_picked(packets.clone());
    let selected = select(&mut source, &scope, &decode::Config::default(), &|_| false, 1 << 30).unwrap();
    assert_eq!(read_slice(&write_slice(&selected.packets)).unwrap(), selected.packets);
    let cut: Vec<_> = selected.packets.iter().filter(|packet| packet.cut).collect();
    assert!(cut.len() > 20, "an upload has payload to leave out: {}", cut.len());
    let mut decoder = decode::Decoder::new(decode::Config::default());
    let mut inflater = crate::cut::Inflater::default();
    for packet in cut {
        let back = inflater.packet(packet);
        let levels = decoder.decode(back.link, &back.bytes, back.time);
        assert_eq!(levels[0].checksum, decode::Checksum::Good, "packet {}", packet.id);
        assert_eq!(back.bytes.len(), packets[packet.id as usize - 1].bytes.len());
    }
}

#[test]
fn a_time_stamp_request_names_the_envelope() {
    let wanted = stamp::request(b"envelope");
    assert!(wanted.windows(32).any(|window| window == sha256(b"envelope")));
    assert_eq!(wanted[0], 0x30);
    assert_eq!(usize::from(wanted[1]) + 2, wanted.len());
    let error = stamp::response(b"\x30\x05\x30\x03\x02\x01\x02", b"envelope").unwrap_err();
    assert!(error.0.contains("did not grant"), "{error}");
    assert!(stamp::response(b"junk", b"envelope").is_err());
}
