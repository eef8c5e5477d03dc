//! A rule set comes back from its bytes as it was.

use std::path::Path;

use proptest::prelude::*;

use super::{Shot, TCP, UDP, desk_of};
use crate::{Environment, Loader, RuleSet, Settings};

/// One rule of each kind that is packed in its own way; `dns.opcode` and `ssl_version` may have a syntax of their own.
const RULES: &str = r#"
alert udp any any -> any 80 (msg:"one"; content:"needle"; depth:6; metadata:a b, c d; reference:url,x.test; sid:1;)
alert tcp any any -> any any (content:"abc"; content:"def"; distance:1; within:9; pcre:"/d.f/R"; flowbits:set,seen; sid:2;)
alert tcp any any -> any any (flowbits:isset,seen; byte_test:1,>,64,0; threshold:type limit,track by_src,count 9,seconds 9; sid:3;)
alert http any any -> any any (http.uri; content:"/x"; to_lowercase; content:"/x"; http.method; content:"GET"; sid:4;)
alert dns any any -> any any (dns.opcode:4; sid:5;)
alert tls any any -> any any (ssl_version:tls1.2; sid:6;)
alert ip [10.0.0.0/8,!10.1.0.0/16] any -> any any (decode-event:ipv4.pkt_too_small; sid:7;)
alert udp any any -> any any (content:"x"; xbits:set,bit,track ip_src,expire 9; app-layer-protocol:!dns; sid:8;)
alert http any any -> any any (app-layer-event:http.unknown_error; sid:9;)
alert http any any -> any any (filesize:>9; http.method; content:"PUT"; sid:10;)
alert http any any -> any any (http.uri; content:"/stored"; filestore; sid:11;)
alert http1:response_line any any -> any any (sid:12;)
alert tcp any any -> any any (flags:S; dsize:<9; window:!7; sid:13;)
"#;

fn compiled() -> RuleSet {
    let environment = Environment::default();
    let mut loader = Loader::new(&environment);
    loader.rules(Path::new("test.rules"), RULES.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    RuleSet::compile(loaded.rules, Settings::default())
}

fn restored(bytes: &[u8]) -> Option<RuleSet> {
    // Whatever lies before them.
    let bytes = [b"before", bytes].concat();
    RuleSet::from_shelf(Box::new(bytes), 6, Settings::default(), &Environment::default())
}

#[test]
fn every_rule_comes_back_as_it_was() {
    let before = compiled();
    let after = restored(&before.to_bytes().unwrap()).unwrap();
    let shown = |rules: &RuleSet| rules.rules().map(|rule| format!("{rule:?}")).collect::<Vec<_>>();
    assert_eq!(shown(&before), shown(&after));
    assert_eq!(before.groups(), after.groups());
    assert_eq!(before.needs_order(), after.needs_order());
    assert_eq!(before.needs_turns(), after.needs_turns());
    assert_eq!(after.to_bytes(), before.to_bytes());
}

#[test]
fn what_comes_back_matches_the_same() {
    let before = compiled();
    let bytes = before.to_bytes().unwrap();
    let (mut one, mut other) = (desk_of(before), desk_of(restored(&bytes).unwrap()));
    for payload in [&b"needle x"[..], b"a needle", b"abc-def", b"Abc abc  def"] {
        assert_eq!(one.shoot(Shot { payload, ..UDP }), other.shoot(Shot { payload, ..UDP }));
        let shot = Shot { payload, stream: &[payload], added: true, ..TCP };
        assert_eq!(one.shoot(shot), other.shoot(shot));
    }
}

#[test]
fn rules_that_depend_on_other_files_are_not_kept() {
    let environment = Environment { read_file: |_| Ok(b"YWJj\n".to_vec()), ..Environment::default() };
    let mut loader = Loader::new(&environment);
    let rule =
        "alert dns any any -> any any (dns.query; dataset:isset,names,type string,load names.lst; sid:1;)";
    loader.rules(Path::new("test.rules"), rule.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    assert!(RuleSet::compile(loaded.rules, Settings::default()).to_bytes().is_none());
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = compiled().to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        if cut {
            bytes.truncate(at);
        }
        if let Some(rules) = restored(&bytes) {
            let _ = rules.rules().count();
        }
    }
}
