//! Evidence bundles from strangers: opened, never trusted.
//!
//! Promise: what holds and is whole gives, put together again, the same members.

use evidence::{Bundle, Kind, Selected, SlicePacket, open, read_slice, redact, response};
use model::{LinkType, Time};

/// Opens any bytes as a bundle, as its packets, and as a time stamp.
pub(super) fn run(bytes: &[u8]) {
    let opened = open(bytes, None);
    if let Some(bundle) = opened.bundle.as_ref().filter(|bundle| opened.holds() && !bundle.is_redacted()) {
        let again = bundle.seal(None);
        let read = evidence::Archive::read(bytes).expect("it was opened");
        let members = |archive: &evidence::Archive| -> Vec<evidence::Member> {
            let not_signed = |name: &str| name != "signature.dsse.json" && !name.starts_with("stamps/");
            archive.members.iter().filter(|member| not_signed(&member.name)).cloned().collect()
        };
        let (again, read) = (members(&again), members(&read));
        let content = |list: &[evidence::Member]| -> Vec<(String, Vec<u8>)> {
            list.iter().map(|member| (member.name.clone(), member.content.clone())).collect()
        };
        assert!(content(&again) == content(&read), "a bundle that holds is made again from its parts");
    }
    let _ = read_slice(bytes);
    let _ = response(bytes, b"an envelope");
}

/// A bundle that nobody signed, and what is left of one after redaction.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let packet = |id: u64| SlicePacket {
        id,
        own_time: Time::from_secs(id),
        time: Time::from_secs(id),
        link: LinkType::ETHERNET,
        bytes: vec![id as u8; 60],
        wire_len: 60,
        cut: false,
        evidence_of: vec![1],
    };
    let selected = Selected { packets: vec![packet(3), packet(4), packet(9)], ..Selected::default() };
    let claim = |id: &str| (id.to_owned(), format!("{{\"id\":\"{id}\",\"sentence\":\"x\"}}").into_bytes());
    let files = vec![("manifest.json".to_owned(), b"{}\n".to_vec())];
    let bundle = Bundle::new(Vec::new(), files, vec![claim("F1.1"), claim("I1.1")], selected, None);
    let whole = bundle.seal(None);
    let redacted = redact(&whole, &bundle, true, &[Kind::Address]).expect("every salt is there");
    vec![
        whole.write(),
        redacted.write(),
        evidence::write_slice(&bundle.packets),
        evidence::request(b"an envelope"),
    ]
}
