use super::*;

fn look(bytes: &[u8]) -> Look<'_> {
    let mut counts = [0; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let halves = Halves::of(&counts);
    let text = bytes.iter().filter(|byte| matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n')).count();
    let head = bytes.get(..32).unwrap_or(bytes);
    Look { head, seen: bytes.len() as u16, text: text as u16, entropy: halves.entropy() }
}

/// Bytes that look random: a linear congruence, its upper bits.
fn random(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(step).take(count).collect()
}

fn label(transport: u8, to_server: &[u8], to_client: &[u8]) -> &'static str {
    guess(transport, 40_000, [look(to_server), look(to_client)]).label
}

#[test]
fn entropy_goes_from_none_to_all() {
    assert_eq!(look(&[7; 100]).entropy, 0);
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(look(&all).entropy, 800);
    assert_eq!(look(&[]).entropy, 0);
}

#[test]
fn bytes_are_labelled_by_how_they_are_spread() {
    assert_eq!(label(6, &random(512), &random(512)), "random");
    assert_eq!(label(6, &random(48), b""), "random");
    assert_eq!(label(6, b"hello there\r\n", b"who are you?\r\n"), "text");
    assert_eq!(label(6, b"{\"jsonrpc\": 2, \"id\": 1}", b"{\"result\": null}"), "json");
    assert_eq!(label(6, &random(512), b"+ok\r\n"), "mixed");
    assert_eq!(label(17, &[0, 0, 0, 1, 0, 2].repeat(20), &[]), "binary");
    assert_eq!(label(17, &[1, 2, 3], &[]), "little");
}

#[test]
fn a_known_beginning_decides() {
    let stun = [&[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42][..], &random(20)].concat();
    assert_eq!(label(17, &stun, &[]), "stun");
    assert_eq!(label(6, b"NICK bot\r\n", b":srv NOTICE"), "irc");
    assert_eq!(label(6, b"get", &[&b"\x1f\x8b\x08\0"[..], &random(100)].concat()), "gzip compressed data");
}

#[test]
fn the_port_is_a_hint_of_its_own() {
    let guessed = guess(6, 1433, [look(&random(100)), look(&random(100))]);
    assert_eq!((guessed.label, guessed.by, guessed.port_hint), ("random", "bytes", "tds"));
    assert_eq!(guess(17, 1433, [Look::default(); 2]).port_hint, "");
}
