//! Rules in words.

use std::path::Path;

use expect_test::expect;

use super::environment;
use crate::{Loader, explain, keywords};

#[test]
fn a_rule_is_told_in_words() {
    let environment = environment();
    let mut loader = Loader::new(&environment);
    loader.rules(
        Path::new("rules/test.rules"),
        br#"alert mdns $HOME_NET any -> any 5353 (msg:"A"; flow:established,to_server; flowbits:isset,a|b; dsize:>3; threshold:type limit,track by_src,count 1,seconds 60; flowbits:set,c; target:src_ip; reference:url,example.com; classtype:bad-unknown; sid:7;)
alert tcp any any <> any [80,443] (msg:"B"; content:!"a|00 01|b"; nocase; offset:2; depth:9; content:"c"; distance:1; within:4; fast_pattern; byte_extract:2,0,size,relative,little; byte_test:1,!=,size,4; isdataat:!size,relative; pcre:"/a/R"; base64_decode:relative; base64_data; content:"x"; endswith; tcp.hdr; bsize:20; detection_filter:track by_dst,count 3,seconds 9; sid:8;)
"#,
    );
    let loaded = loader.finish();
    let told: Vec<String> =
        loaded.rules.iter().map(explain).chain(loaded.errors.iter().map(|error| error.render())).collect();
    expect![[r#"
        rule 1:7 revision 0: A
        does: Alert; priority 2, Potentially Bad Traffic (bad-unknown)
        when: mdns over UDP from 10.0.0.0-10.255.255.255,192.168.0.0-192.168.255.255 to anyone port 5353
        and:  the packet goes to the server and belongs to an established flow
        and:  the flowbit a or b is set
        and:  the length of the payload is more than 3
        but:  alerts at most 1 times per source address in 60 seconds
        then: sets the flowbit c
        the source is the target
        see:  https://example.com

        rule 1:8 revision 0: B
        does: Alert; priority 3, without class
        when: TCP from anyone to anyone port 80,443, either way
        in:   the payload of the packet or the stream
              "a|00 01|b" is not found, in any case, not before byte 2, within 9 bytes from there
              "c" is found, 1 bytes or more behind the last match, ending within 4 bytes, which finds candidates
              the number in 2 bytes at 0 behind the last match, little-endian is kept as size
              the number in 1 bytes at 4 from the start is not = size
              there is no byte size behind the last match
              /a/ matches behind the last match
              base64 is decoded, and in that: "x" is found, at the very end
        in:   the packet's Tcp
              its length is 20
        but:  only after 3 matches per destination address in 9 seconds
    "#]].assert_eq(&told.join("\n"));
}

#[test]
fn every_keyword_has_a_name_and_one_sentence() {
    for (name, help) in keywords() {
        assert!(!name.is_empty() && !help.is_empty(), "`{name}`: `{help}`");
    }
}
