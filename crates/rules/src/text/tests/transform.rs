//! Transforms.

use expect_test::expect;

use super::check_options;

#[test]
fn transforms_are_chained() {
    check_options(
        "dns",
        &[
            "dns.query; to_lowercase; dotprefix; content:\".example.com\"; endswith;",
            "dns.query; content:\"A\"; to_md5; content:\"|00|\";",
            "dns.query; xor:\"0d0A\"; content:\"a\";",
            "dns.query; xor:offset 2,extract 1 0; content:\"a\";",
            "dns.query; from_base64:bytes 8, offset 2, mode rfc2045; content:\"a\";",
            "dns.query; from_base64; gunzip:max-size 20; zlib_deflate; content:\"a\";",
            "dns.query; subslice:2; content:\"a\";",
            "dns.query; subslice:-20, 5, truncate; content:\"a\";",
            "dns.query; pcrexform:\"^([a-z]+)\\.\"; content:\"a\";",
            "dns.query; url_decode; strip_whitespace; compress_whitespace; header_lowercase; bsize:3;",
        ],
        expect![[r###"
            ## dns.query; to_lowercase; dotprefix; content:".example.com"; endswith;
              in dns.query [Lowercase, Dotprefix] Fails
                Content(Content { bytes: [46, 101, 120, 97, 109, 112, 108, 101, 46, 99, 111, 109], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: true, fast: None, replace: None })
            ## dns.query; content:"A"; to_md5; content:"|00|";
              in dns.query Fails
                Content(Content { bytes: [65], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in dns.query [Md5] Fails
                Content(Content { bytes: [0], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; xor:"0d0A"; content:"a";
              in dns.query [Xor { key: Bytes([13, 10]), offset: 0 }] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; xor:offset 2,extract 1 0; content:"a";
              in dns.query [Xor { key: Extract { bytes: 1, at: 0 }, offset: 2 }] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; from_base64:bytes 8, offset 2, mode rfc2045; content:"a";
              in dns.query [FromBase64 { bytes: Some(8), offset: 2, strict: false }] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; from_base64; gunzip:max-size 20; zlib_deflate; content:"a";
              in dns.query [FromBase64 { bytes: None, offset: 0, strict: true }, Gunzip(20), Inflate(1024)] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; subslice:2; content:"a";
              in dns.query [Subslice { offset: 2, bytes: None, truncate: false }] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; subslice:-20, 5, truncate; content:"a";
              in dns.query [Subslice { offset: -20, bytes: Some(5), truncate: true }] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; pcrexform:"^([a-z]+)\."; content:"a";
              in dns.query [Pcre("^([a-z]+)\\.")] Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns.query; url_decode; strip_whitespace; compress_whitespace; header_lowercase; bsize:3;
              in dns.query [UrlDecode, StripWhitespace, CompressWhitespace, HeaderLowercase] Fails
                Size(Equal(3))
        "###]],
    );
}

#[test]
fn transforms_that_cannot_work_are_refused() {
    check_options(
        "dns",
        &[
            "to_md5; content:\"a\";",
            "dns.query; to_md5; dns.opcode:1; dns.query; content:\"a\";",
            "dns.query; xor:\"0\"; content:\"a\";",
            "dns.query; xor:\"\"; content:\"a\";",
            "dns.query; xor:offset 1; content:\"a\";",
            "dns.query; xor:extract 0 0; content:\"a\";",
            "dns.query; pcrexform:\"abc\"; content:\"a\";",
            "dns.query; pcrexform:(abc); content:\"a\";",
            "dns.query; subslice:0,0,foobar; bsize:0;",
            "dns.query; from_base64:bytes 0; content:\"a\";",
            "dns.query; gunzip:10; content:\"a\";",
            "dns.query; luaxform:x.lua; content:\"a\";",
            "dns.query; to_lowercase; content:\"Abc\";",
            "dns.query; to_uppercase; content:\"Abc\";",
            "dns.query; strip_whitespace; content:\"a b\";",
            "dns.query; compress_whitespace; content:\"a  b\";",
            "dns.query; to_lowercase; to_uppercase; content:\"ABC\";",
        ],
        expect![[r###"
            ## to_md5; content:"a";
            error[R014]: `to_md5` needs a sticky buffer before it (sid 1)
            1 | alert dns any any -> any any (to_md5; content:"a"; sid:1;)
              |                               ^^^^^^
              = help: name the buffer first, as in `http.uri; to_lowercase; content:"…";`
            ## dns.query; to_md5; dns.opcode:1; dns.query; content:"a";
            error[R014]: this buffer has no conditions (sid 1)
            1 | alert dns any any -> any any (dns.query; to_md5; dns.opcode:1; dns.query; content:"a"; sid:1;)
              |                               ^^^^^^^^^
              = help: write `content`, `pcre`, `bsize` or the like behind it
            ## dns.query; xor:"0"; content:"a";
            error[R013]: `0` is not a key (sid 1)
            1 | alert dns any any -> any any (dns.query; xor:"0"; content:"a"; sid:1;)
              |                                          ^^^^^^^
              = help: two hexadecimal digits for each byte
            ## dns.query; xor:""; content:"a";
            error[R011]: the argument of `xor` is empty (sid 1)
            1 | alert dns any any -> any any (dns.query; xor:""; content:"a"; sid:1;)
              |                                               ^
            ## dns.query; xor:offset 1; content:"a";
            error[R013]: `xor` has no key (sid 1)
            1 | alert dns any any -> any any (dns.query; xor:offset 1; content:"a"; sid:1;)
              |                                          ^^^^^^^^^^^^
              = help: write xor:"0d0a"
            ## dns.query; xor:extract 0 0; content:"a";
            error[R013]: a key has 1 to 255 bytes (sid 1)
            1 | alert dns any any -> any any (dns.query; xor:extract 0 0; content:"a"; sid:1;)
              |                                          ^^^^^^^^^^^^^^^
            ## dns.query; pcrexform:"abc"; content:"a";
            error[R013]: `pcrexform` needs exactly one group, this expression has 0 (sid 1)
            1 | alert dns any any -> any any (dns.query; pcrexform:"abc"; content:"a"; sid:1;)
              |                                          ^^^^^^^^^^^^^^^
              = help: write (?:…) for groups that only hold together
            ## dns.query; pcrexform:(abc); content:"a";
            error[R008]: the argument of `pcrexform` stands in quotes (sid 1)
            1 | alert dns any any -> any any (dns.query; pcrexform:(abc); content:"a"; sid:1;)
              |                                                    ^^^^^
              = help: write pcrexform:"…";
            ## dns.query; subslice:0,0,foobar; bsize:0;
            error[R013]: `foobar` is not an option of `subslice` (sid 1)
            1 | alert dns any any -> any any (dns.query; subslice:0,0,foobar; bsize:0; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^
              = help: write subslice:offset,bytes,truncate
            ## dns.query; from_base64:bytes 0; content:"a";
            error[R013]: 0 bytes cannot be decoded (sid 1)
            1 | alert dns any any -> any any (dns.query; from_base64:bytes 0; content:"a"; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^
            ## dns.query; gunzip:10; content:"a";
            error[R013]: `10` is not a limit (sid 1)
            1 | alert dns any any -> any any (dns.query; gunzip:10; content:"a"; sid:1;)
              |                                          ^^^^^^^^^
              = help: write `max-size N`, up to 1048576
            ## dns.query; luaxform:x.lua; content:"a";
            error[R019]: Targe does not run Lua (sid 1)
            1 | alert dns any any -> any any (dns.query; luaxform:x.lua; content:"a"; sid:1;)
              |                                          ^^^^^^^^^^^^^^
              = help: use another transform, or leave the rule out
            ## dns.query; to_lowercase; content:"Abc";
            error[R015]: the content has upper case, which `to_lowercase` leaves none of (sid 1)
            1 | alert dns any any -> any any (dns.query; to_lowercase; content:"Abc"; sid:1;)
              |                                                        ^^^^^^^^^^^^^
            ## dns.query; to_uppercase; content:"Abc";
            error[R015]: the content has lower case, which `to_uppercase` leaves none of (sid 1)
            1 | alert dns any any -> any any (dns.query; to_uppercase; content:"Abc"; sid:1;)
              |                                                        ^^^^^^^^^^^^^
            ## dns.query; strip_whitespace; content:"a b";
            error[R015]: the content has a blank, which `strip_whitespace` takes out (sid 1)
            1 | alert dns any any -> any any (dns.query; strip_whitespace; content:"a b"; sid:1;)
              |                                                            ^^^^^^^^^^^^^
            ## dns.query; compress_whitespace; content:"a  b";
            error[R015]: the content has blanks in a row, which `compress_whitespace` makes one (sid 1)
            1 | …ert dns any any -> any any (dns.query; compress_whitespace; content:"a  b"; sid:1;)
              |                                                              ^^^^^^^^^^^^^^
            ## dns.query; to_lowercase; to_uppercase; content:"ABC";
              in dns.query [Lowercase, Uppercase] Fails
                Content(Content { bytes: [65, 66, 67], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        "###]],
    );
}
