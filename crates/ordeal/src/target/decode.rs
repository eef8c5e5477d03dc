//! One packet of any link type.

use ::decode::{Config, Decoder};
use model::{LinkType, Time};

use crate::case::CASES;

/// Link types that are decoded, and one that nobody knows.
const LINKS: [u16; 15] = [0, 1, 9, 12, 14, 101, 104, 105, 108, 113, 127, 228, 229, 276, 65_535];

/// The first byte chooses the link type, the rest is the packet.
pub(super) fn run(bytes: &[u8]) {
    let Some((link, packet)) = bytes.split_first() else { return };
    let link = LinkType(LINKS[usize::from(*link) % LINKS.len()]);
    let mut decoder = Decoder::new(Config::default());
    let size = packet.len() as u32;
    for level in decoder.decode(link, packet, Time::default()) {
        for range in [&level.frame, &level.datagram, &level.payload] {
            assert!(
                range.start <= range.end && range.end <= size,
                "a range lies outside the packet: {level:?}"
            );
        }
        if let Some(fragment) = level.fragment {
            assert!(fragment.data.0 <= fragment.data.1 && fragment.data.1 <= size, "{fragment:?}");
        }
    }
}

/// The first packets of each hostile case.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let ethernet = LINKS.iter().position(|link| *link == 1).expect("Ethernet is among them") as u8;
    let first = CASES.iter().filter_map(|case| (case.build)(2).into_iter().nth(3));
    first.map(|(_, frame)| [&[ethernet], &frame[..frame.len().min(512)]].concat()).collect()
}
