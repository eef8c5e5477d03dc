//! Mutations without a fuzzer: always the same ones.

use lab::Random;

/// `count` changed copies of `seed`: bits flipped, bytes replaced, pieces doubled, cut out and joined from other places.
pub fn mutations(seed: &[u8], salt: u64, count: usize) -> impl Iterator<Item = Vec<u8>> + use<'_> {
    let mut random = Random::new(salt);
    (0..count).map(move |_| {
        let mut bytes = seed.to_vec();
        for _ in 0..random.between(1, 6) {
            mutate(&mut bytes, &mut random);
        }
        bytes
    })
}

/// Values at which lengths and counters break.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff, b'\r', b'\n'];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        bytes.push(random.word() as u8);
        return;
    }
    let at = random.below(bytes.len() as u64) as usize;
    let length = random.between(1, 32).min((bytes.len() - at) as u64) as usize;
    match random.below(6) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = *random.pick(&EDGES),
        2 => bytes[at] = random.word() as u8,
        3 => {
            bytes.drain(at..at + length);
        }
        4 => {
            let piece = bytes[at..at + length].to_vec();
            let to = random.below(bytes.len() as u64 + 1) as usize;
            bytes.splice(to..to, piece);
        }
        _ => bytes.truncate(at),
    }
}
