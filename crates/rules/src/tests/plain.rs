//! The fast way and the plain way come to the same.

use model::Direction::{ToClient, ToServer};
use proptest::prelude::*;

use super::{Shot, TCP, desk};

/// Words that rules look for and traffic is made of; short, so that they meet often.
const WORDS: [&str; 8] = ["alpha", "AL", "beta", "be", "a", "gamma!", "al pha", "zz"];

fn content() -> impl Strategy<Value = String> {
    let modifiers = prop::sample::select(vec![
        "",
        "nocase;",
        "depth:9;",
        "offset:2;",
        "distance:1;",
        "within:12;",
        "endswith;",
    ]);
    (0..WORDS.len(), any::<bool>(), modifiers).prop_map(|(word, negated, modifier)| {
        format!("content:{}\"{}\"; {modifier}", if negated { "!" } else { "" }, WORDS[word])
    })
}

fn rule(sid: usize) -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "alert udp any any -> any any (",
        "alert tcp any any -> any any (",
        "alert tcp-pkt any any -> any any (",
        "alert ip any any -> any 80 (",
        "alert ip any any -> any any (ip_proto:17; ",
        "alert tcp any any -> any 80 (flags:S+; ",
        "alert tcp any 80 -> any any (flags:!S; ",
        "alert http any any -> any any (http.uri; ",
        "alert http any any -> any any (flow:to_server; http.header; ",
        "alert http any any -> any any (flow:to_client; file.data; ",
        "alert http any any -> any any (http.method; content:\"GET\"; http.uri; ",
        "alert udp any any -> any any (flowbits:isset,a; ",
        "alert tcp 10.0.0.0/8 any -> !10.0.0.0/8 any (",
        "alert ip !10.0.0.0/8 any -> 10.0.0.0/8 any (",
        "alert tcp-stream 10.0.0.0/8 any -> 10.0.0.0/8 80 (",
        "alert udp [192.0.2.0/24,10.0.0.9] any <> 10.0.0.0/8 any (",
        "alert http 10.0.0.0/8 any -> any any (http.uri; ",
        "alert http !10.0.0.0/8 any -> 10.0.0.0/8 any (flow:to_client; file.data; ",
        "alert http 10.0.0.0/8 any => !10.0.0.0/8 any (http.uri; ",
    ]);
    let tail = prop::sample::select(vec![
        "",
        "flowbits:set,a; ",
        "noalert; ",
        "flowbits:set,b; flowbits:isnotset,c; ",
    ]);
    (head, prop::collection::vec(content(), 1..4), tail)
        .prop_map(move |(head, contents, tail)| format!("{head}{}{tail}sid:{sid};)\n", contents.concat()))
}

fn rules() -> impl Strategy<Value = String> {
    (1..12_usize)
        .prop_flat_map(|count| (1..=count).map(rule).collect::<Vec<_>>())
        .prop_map(|rules| rules.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(0..WORDS.len(), 0..6)
        .prop_map(|words| words.into_iter().map(|word| WORDS[word]).collect::<Vec<_>>().join("-"))
}

/// Rules that cannot be loaded are left out: a relative content needs one before it, and so on.
fn loadable(rules: &str) -> String {
    let environment = crate::Environment::default();
    rules
        .lines()
        .filter(|line| {
            let mut loader = crate::Loader::new(&environment);
            loader.rules(std::path::Path::new("test.rules"), line.as_bytes());
            loader.finish().errors.is_empty()
        })
        .map(|line| format!("{line}\n"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn candidates_are_all_that_can_match(rules in rules(), texts in prop::collection::vec(text(), 1..5)) {
        let rules = loadable(&rules);
        let (mut fast, mut plain) = (desk(&rules), desk(&rules).plainly());
        for text in &texts {
            prop_assert_eq!(fast.udp(text.as_bytes()), plain.udp(text.as_bytes()));
            let shot = Shot { payload: text.as_bytes(), stream: &[text.as_bytes()], added: true, ..TCP };
            prop_assert_eq!(fast.shoot(shot), plain.shoot(shot));
            let alone = Shot { added: false, stream: &[], ..shot };
            prop_assert_eq!(fast.shoot(alone), plain.shoot(alone));
            let back = Shot { direction: ToClient, ..shot };
            prop_assert_eq!(fast.shoot(back), plain.shoot(back));
        }
    }

    #[test]
    fn the_same_holds_for_transactions(rules in rules(), path in text(), header in text(), body in text(), cut in 0..200_usize) {
        let rules = loadable(&rules);
        let path = path.replace([' ', '!'], "");
        let request = format!("GET /{path} HTTP/1.1\r\nHost: a\r\nX-Y: {header}\r\n\r\n");
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let (head, tail) = request.as_bytes().split_at(cut.min(request.len()));
        let (mut fast, mut plain) = (desk(&rules), desk(&rules).plainly());
        for (direction, bytes) in [(ToServer, head), (ToServer, tail), (ToClient, response.as_bytes()), (ToServer, b"")] {
            prop_assert_eq!(fast.http(direction, bytes), plain.http(direction, bytes));
        }
    }
}
