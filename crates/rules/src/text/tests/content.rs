//! `content` and its modifiers.

use expect_test::expect;

use super::{check, check_options};

#[test]
fn patterns_are_bytes() {
    check_options(
        "tcp-pkt",
        &[
            "content:\"abc\";",
            "content:\"a|0d 0a|b|0D0a 3|a\";",
            "content:\"|0d 0a3 c|\";",
            "content:!\"abc\"; nocase;",
            "content:\"a\\;b\\:c\\\"d\\\\e\";",
            "content:\"é\";",
        ],
        expect![[r###"
            ## content:"abc";
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"a|0d 0a|b|0D0a 3|a";
            error[R013]: a byte in hexadecimal has two digits (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"a|0d 0a|b|0D0a 3|a"; sid:1;)
              |                                                            ^
            ## content:"|0d 0a3 c|";
              in Payload Fails
                Content(Content { bytes: [13, 10, 60], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:!"abc"; nocase;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: true, negated: true, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"a\;b\:c\"d\\e";
              in Payload Fails
                Content(Content { bytes: [97, 59, 98, 58, 99, 34, 100, 92, 101], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"é";
              in Payload Fails
                Content(Content { bytes: [195, 169], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        "###]],
    );
}

#[test]
fn broken_patterns_are_refused_with_their_place() {
    check(
        "alert tcp any any -> any any (content:\"|22 2 22|\"; sid:1;)\n\
         alert tcp any any -> any any (content:\"|2x|\"; sid:2;)\n\
         alert tcp any any -> any any (content:\"abc|22\"; sid:3;)\n\
         alert tcp any any -> any any (content:\"a\\b\"; sid:4;)\n\
         alert tcp any any -> any any (content:\"\"; sid:5;)\n\
         alert tcp any any -> any any (content:abc; sid:6;)\n\
         alert tcp any any -> any any (content:\"abc; nocase; sid:7;)\n\
         alert tcp any any -> any any (content; sid:8;)\n\
         alert tcp any any -> any any (contnet:\"abc\"; sid:9;)\n",
        expect![[r#"
            error[R013]: a byte in hexadecimal has two digits (sid 1)
              --> rules/test.rules:1:48
              |
            1 | alert tcp any any -> any any (content:"|22 2 22|"; sid:1;)
              |                                                ^
            error[R013]: `x` is not a hexadecimal digit (sid 2)
              --> rules/test.rules:2:42
              |
            2 | alert tcp any any -> any any (content:"|2x|"; sid:2;)
              |                                          ^
              = help: between bars stand bytes in hexadecimal, as in |0d 0a|
            error[R013]: the bar is not closed (sid 3)
              --> rules/test.rules:3:43
              |
            3 | alert tcp any any -> any any (content:"abc|22"; sid:3;)
              |                                           ^^^
              = help: a bar itself is |7c|
            error[R013]: only `;`, `:`, `"` and `\` are escaped by `\` (sid 4)
              --> rules/test.rules:4:41
              |
            4 | alert tcp any any -> any any (content:"a\b"; sid:4;)
              |                                         ^
              = help: write the backslash itself as |5c|
            error[R011]: the argument of `content` is empty (sid 5)
              --> rules/test.rules:5:40
              |
            5 | alert tcp any any -> any any (content:""; sid:5;)
              |                                        ^
            error[R008]: the argument of `content` stands in quotes (sid 6)
              --> rules/test.rules:6:39
              |
            6 | alert tcp any any -> any any (content:abc; sid:6;)
              |                                       ^^^
              = help: write content:"…";
            error[R008]: the quote is not closed before the `;` (sid 7)
              --> rules/test.rules:7:39
              |
            7 | alert tcp any any -> any any (content:"abc; nocase; sid:7;)
              |                                       ^^^^
              = help: close it, or escape a `;` inside it as `\;`
            error[R011]: `content` needs an argument (sid 8)
              --> rules/test.rules:8:31
              |
            8 | alert tcp any any -> any any (content; sid:8;)
              |                               ^^^^^^^
            error[R012]: unknown keyword `contnet` (sid 9)
              --> rules/test.rules:9:31
              |
            9 | alert tcp any any -> any any (contnet:"abc"; sid:9;)
              |                               ^^^^^^^
              = help: did you mean `content`?
        "#]],
    );
}

#[test]
fn modifiers_change_the_content_before_them() {
    check_options(
        "tcp-pkt",
        &[
            "content:\"abc\"; offset:4; depth:10;",
            "content:\"abc\"; content:\"def\"; distance:-2; within:5;",
            "content:\"abc\"; startswith; fast_pattern;",
            "content:\"abcdef\"; endswith; fast_pattern:1,3;",
            "content:\"abc\"; fast_pattern:only; content:\"d\";",
            "content:\"abc\"; rawbytes; replace:\"xyz\";",
            "byte_extract:1,0,size; content:\"abc\"; offset:size; depth:size;",
        ],
        expect![[r###"
            ## content:"abc"; offset:4; depth:10;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: Some(Is(4)), depth: Some(Is(10)), distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"abc"; content:"def"; distance:-2; within:5;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Content(Content { bytes: [100, 101, 102], nocase: false, negated: false, offset: None, depth: None, distance: Some(Is(-2)), within: Some(Is(5)), startswith: false, endswith: false, fast: None, replace: None })
            ## content:"abc"; startswith; fast_pattern;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: true, endswith: false, fast: Some(Whole), replace: None })
            ## content:"abcdef"; endswith; fast_pattern:1,3;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99, 100, 101, 102], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: true, fast: Some(Chop(1, 3)), replace: None })
            ## content:"abc"; fast_pattern:only; content:"d";
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: Some(Only), replace: None })
                Content(Content { bytes: [100], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"abc"; rawbytes; replace:"xyz";
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: Some([120, 121, 122]) })
            ## byte_extract:1,0,size; content:"abc"; offset:size; depth:size;
              in Payload Fails
                ByteExtract(ByteExtract { bytes: Is(1), offset: Is(0), relative: false, format: Binary(Big), multiplier: 1, align: 0, mask: None, var: 0 })
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: Some(Var(0)), depth: Some(Var(0)), distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              variables ["size"]
        "###]],
    );
}

#[test]
fn modifiers_that_contradict_are_refused() {
    check_options(
        "tcp-pkt",
        &[
            "nocase;",
            "content:\"abc\"; nocase; nocase;",
            "content:\"abc\"; depth:2;",
            "content:\"abc\"; within:2;",
            "content:\"abc\"; offset:1; distance:1;",
            "content:\"abc\"; distance:1; depth:5;",
            "content:\"abc\"; distance:1048577;",
            "content:\"abc\"; offset:-1;",
            "content:\"abc\"; offset:size;",
            "content:\"abc\"; startswith; offset:1;",
            "content:\"abc\"; depth:3; startswith;",
            "content:\"abc\"; fast_pattern:2,2;",
            "content:\"abc\"; fast_pattern:often;",
            "content:!\"abc\"; fast_pattern:only;",
            "content:!\"abc\"; offset:3; fast_pattern;",
            "content:\"abc\"; fast_pattern; content:\"def\"; fast_pattern;",
            "content:\"abc\"; fast_pattern:only; content:\"def\"; distance:0;",
            "content:\"abc\"; replace:\"xy\";",
            "nocase:yes;",
        ],
        expect![[r###"
            ## nocase;
            error[R014]: there is no `content` before `nocase` (sid 1)
            1 | alert tcp-pkt any any -> any any (nocase; sid:1;)
              |                                   ^^^^^^
              = help: a modifier follows the content that it changes
            ## content:"abc"; nocase; nocase;
            error[R014]: the content has `nocase` already (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; nocase; nocase; sid:1;)
              |                                                          ^^^^^^
            ## content:"abc"; depth:2;
            error[R015]: depth 2 has no room for the 3 bytes of the content (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; depth:2; sid:1;)
              |                                                  ^^^^^^^
              = help: write depth:3 or more
            ## content:"abc"; within:2;
            error[R015]: within 2 has no room for the 3 bytes of the content (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; within:2; sid:1;)
              |                                                  ^^^^^^^^
              = help: write within:3 or more
            ## content:"abc"; offset:1; distance:1;
            error[R014]: `offset` and `depth` do not go with `distance` and `within` (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; offset:1; distance:1; sid:1;)
              |                                                            ^^^^^^^^^^
              = help: the first two count from the start of the buffer, the others from the last match
            ## content:"abc"; distance:1; depth:5;
            error[R014]: `offset` and `depth` do not go with `distance` and `within` (sid 1)
            1 | …lert tcp-pkt any any -> any any (content:"abc"; distance:1; depth:5; sid:1;)
              |                                                              ^^^^^^^
              = help: the first two count from the start of the buffer, the others from the last match
            ## content:"abc"; distance:1048577;
            error[R013]: 1048577 is not between -1048576 and 1048576 (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; distance:1048577; sid:1;)
              |                                                  ^^^^^^^^^^^^^^^^
            ## content:"abc"; offset:-1;
            error[R013]: -1 is not between 0 and 1048576 (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; offset:-1; sid:1;)
              |                                                  ^^^^^^^^^
            ## content:"abc"; offset:size;
            error[R018]: no `byte_extract` or `byte_math` before this fills `size` (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; offset:size; sid:1;)
              |                                                  ^^^^^^^^^^^
            ## content:"abc"; startswith; offset:1;
            error[R014]: `offset` and `startswith` exclude each other (sid 1)
            1 | …lert tcp-pkt any any -> any any (content:"abc"; startswith; offset:1; sid:1;)
              |                                                              ^^^^^^^^
            ## content:"abc"; depth:3; startswith;
            error[R014]: `startswith` does not go with `offset`, `depth`, `distance` and `within` (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; depth:3; startswith; sid:1;)
              |                                                           ^^^^^^^^^^
            ## content:"abc"; fast_pattern:2,2;
            error[R013]: this part is not inside the 3 bytes of the content (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; fast_pattern:2,2; sid:1;)
              |                                                  ^^^^^^^^^^^^^^^^
            ## content:"abc"; fast_pattern:often;
            error[R013]: `often` is not a part of the content (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; fast_pattern:often; sid:1;)
              |                                                  ^^^^^^^^^^^^^^^^^^
              = help: write `only`, or offset and length as in `fast_pattern:2,8`
            ## content:!"abc"; fast_pattern:only;
            error[R014]: `fast_pattern:only` needs a plain content (sid 1)
            1 | alert tcp-pkt any any -> any any (content:!"abc"; fast_pattern:only; sid:1;)
              |                                                   ^^^^^^^^^^^^^^^^^
              = help: write `fast_pattern;` or leave out the negation and the position
            ## content:!"abc"; offset:3; fast_pattern;
            error[R014]: a negated content with a position cannot find candidates (sid 1)
            1 | alert tcp-pkt any any -> any any (content:!"abc"; offset:3; fast_pattern; sid:1;)
              |                                                             ^^^^^^^^^^^^
            ## content:"abc"; fast_pattern; content:"def"; fast_pattern;
            error[R014]: the rule has another `fast_pattern` already (sid 1)
            1 | …rt tcp-pkt any any -> any any (content:"abc"; fast_pattern; content:"def"; fast_pattern; sid:1;)
              |                                                              ^^^^^^^^^^^^^
            ## content:"abc"; fast_pattern:only; content:"def"; distance:0;
            error[R014]: the content before has `fast_pattern:only`, so its position is not known (sid 1)
            1 | …> any any (content:"abc"; fast_pattern:only; content:"def"; distance:0; sid:1;)
              |                                                              ^^^^^^^^^^
            ## content:"abc"; replace:"xy";
            error[R013]: 2 bytes cannot replace 3 (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"abc"; replace:"xy"; sid:1;)
              |                                                  ^^^^^^^^^^^^
              = help: both must have the same length
            ## nocase:yes;
            error[R011]: `nocase` takes no argument (sid 1)
            1 | alert tcp-pkt any any -> any any (nocase:yes; sid:1;)
              |                                          ^^^
              = help: write `nocase;`
        "###]],
    );
}

#[test]
fn sizes_and_positions() {
    check_options(
        "tcp-pkt",
        &[
            "isdataat:10;",
            "content:\"a\"; isdataat:!1,relative;",
            "isdataat:65536;",
            "isdataat:1,backwards;",
            "dsize:10<>20;",
            "dsize:>1; dsize:<5;",
            "dsize:3; content:\"abcd\";",
            "dsize:<10; content:\"abc\"; content:\"def\"; distance:4;",
            "bsize:3;",
            "tcp.hdr; bsize:<=40; content:\"|02 04|\"; offset:20;",
            "tcp.hdr; content:\"abc\"; offset:38; bsize:40;",
            "tcp.hdr; entropy:offset 2, bytes 10, value >= 7.5;",
            "tcp.hdr; entropy:value 9;",
        ],
        expect![[r###"
            ## isdataat:10;
              in Payload Fails
                IsDataAt { at: Is(10), relative: false, negated: false }
            ## content:"a"; isdataat:!1,relative;
              in Payload Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                IsDataAt { at: Is(1), relative: true, negated: true }
            ## isdataat:65536;
            error[R013]: 65536 is not between 0 and 65535 (sid 1)
            1 | alert tcp-pkt any any -> any any (isdataat:65536; sid:1;)
              |                                   ^^^^^^^^^^^^^^
            ## isdataat:1,backwards;
            error[R013]: `backwards` is not an option of `isdataat` (sid 1)
            1 | alert tcp-pkt any any -> any any (isdataat:1,backwards; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^
            ## dsize:10<>20;
              packet Dsize(Between(10, 20))
            ## dsize:>1; dsize:<5;
            error[R014]: a rule can have one `dsize` (sid 1)
            1 | alert tcp-pkt any any -> any any (dsize:>1; dsize:<5; sid:1;)
              |                                             ^^^^^^^^
              = help: write a range: `dsize:10<>20`
            ## dsize:3; content:"abcd";
            error[R015]: the contents need 4 bytes, but there are at most 3 (sid 1)
            1 | alert tcp-pkt any any -> any any (dsize:3; content:"abcd"; sid:1;)
              |                                            ^^^^^^^^^^^^^^
            ## dsize:<10; content:"abc"; content:"def"; distance:4;
            error[R015]: the contents need 10 bytes, but there are at most 9 (sid 1)
            1 | alert tcp-pkt any any -> any any (dsize:<10; content:"abc"; content:"def"; distance:4; sid:1;)
              |                                                             ^^^^^^^^^^^^^
            ## bsize:3;
            error[R014]: `bsize` needs a sticky buffer before it (sid 1)
            1 | alert tcp-pkt any any -> any any (bsize:3; sid:1;)
              |                                   ^^^^^^^
              = help: for the packet's payload write `dsize`
            ## tcp.hdr; bsize:<=40; content:"|02 04|"; offset:20;
              in Packet(Tcp) Fails
                Size(LessEqual(40))
                Content(Content { bytes: [2, 4], nocase: false, negated: false, offset: Some(Is(20)), depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## tcp.hdr; content:"abc"; offset:38; bsize:40;
            error[R015]: the contents need 41 bytes, but there are at most 40 (sid 1)
            1 | alert tcp-pkt any any -> any any (tcp.hdr; content:"abc"; offset:38; bsize:40; sid:1;)
              |                                            ^^^^^^^^^^^^^
            ## tcp.hdr; entropy:offset 2, bytes 10, value >= 7.5;
              in Packet(Tcp) Fails
                Entropy { offset: 2, bytes: Some(10), operator: GreaterEqual, negated: false, value: 7.5 }
            ## tcp.hdr; entropy:value 9;
            error[R013]: `9` is not an entropy (sid 1)
            1 | alert tcp-pkt any any -> any any (tcp.hdr; entropy:value 9; sid:1;)
              |                                            ^^^^^^^^^^^^^^^
              = help: bits per byte, from 0 to 8
        "###]],
    );
}

#[test]
fn base64_is_decoded_where_the_last_match_was() {
    check_options(
        "tcp-pkt",
        &[
            "content:\"x=\"; base64_decode:bytes 12, offset 2, relative; base64_data; content:\"abc\"; within:4;",
            "base64_decode; base64_data; content:\"abc\"; pkt_data; content:\"def\";",
            "base64_data; content:\"abc\";",
            "base64_decode; base64_data; content:\"abc\"; fast_pattern;",
            "base64_decode:bytes many;",
        ],
        expect![[r###"
            ## content:"x="; base64_decode:bytes 12, offset 2, relative; base64_data; content:"abc"; within:4;
              in Payload Fails
                Content(Content { bytes: [120, 61], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Base64(Base64Decode { bytes: Some(12), offset: 2, relative: true, then: [Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: Some(Is(4)), startswith: false, endswith: false, fast: None, replace: None })] })
            ## base64_decode; base64_data; content:"abc"; pkt_data; content:"def";
              in Payload Fails
                Base64(Base64Decode { bytes: None, offset: 0, relative: false, then: [Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })] })
                Content(Content { bytes: [100, 101, 102], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## base64_data; content:"abc";
            error[R014]: there is no `base64_decode` before `base64_data` (sid 1)
            1 | alert tcp-pkt any any -> any any (base64_data; content:"abc"; sid:1;)
              |                                   ^^^^^^^^^^^
            ## base64_decode; base64_data; content:"abc"; fast_pattern;
            error[R014]: `fast_pattern` cannot be used on `base64_data` (sid 1)
            1 | … any -> any any (base64_decode; base64_data; content:"abc"; fast_pattern; sid:1;)
              |                                                              ^^^^^^^^^^^^
              = help: what is encoded cannot be searched for before it is decoded
            ## base64_decode:bytes many;
            error[R013]: `many` is not a number of bytes (sid 1)
            1 | alert tcp-pkt any any -> any any (base64_decode:bytes many; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^
        "###]],
    );
}

#[test]
fn a_buffer_may_be_absent() {
    check_options(
        "dns",
        &[
            "dns.query; absent;",
            "dns.query; absent:or_else; content:!\"abc\";",
            "dns.query; absent:or_else;",
            "dns.query; absent; content:\"abc\";",
            "dns.query; content:\"abc\"; absent;",
            "absent;",
            "dns.query; absent:maybe;",
        ],
        expect![[r###"
            ## dns.query; absent;
              in dns.query Required
            ## dns.query; absent:or_else; content:!"abc";
              in dns.query Holds
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: true, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; absent:or_else;
            error[R014]: `absent: or_else` needs another condition on the buffer (sid 1)
            1 | alert dns any any -> any any (dns.query; absent:or_else; sid
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write `absent;`
            ## dns.query; absent; content:"abc";
            error[R015]: a buffer that is absent has no content (sid 1)
            1 | alert dns any any -> any any (dns.query; absent; content:"ab
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write `absent: or_else`
            ## dns.query; content:"abc"; absent;
            error[R014]: `absent` directly follows a sticky buffer (sid 1)
            1 | alert dns any any -> any any (dns.query; content:"abc"; absent; sid:1;)
              |                                                         ^^^^^^
            ## absent;
            error[R014]: `absent` directly follows a sticky buffer (sid 1)
            1 | alert dns any any -> any any (absent; sid:1;)
              |                               ^^^^^^
            ## dns.query; absent:maybe;
            error[R013]: `maybe` is not `or_else` (sid 1)
            1 | alert dns any any -> any any (dns.query; absent:maybe; sid:1;)
              |                                          ^^^^^^^^^^^^
        "###]],
    );
}
