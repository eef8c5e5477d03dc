//! Numbers inside the bytes.

use expect_test::expect;

use super::check_options;

#[test]
fn byte_test_compares() {
    check_options(
        "tcp-pkt",
        &[
            "byte_test:2,>,1000,0;",
            "content:\"a\"; byte_test:4,!=,0x10,-4,relative,little;",
            "byte_test:10,<=,17,0,string,dec;",
            "byte_test:0,=,66,0,string,dec;",
            "byte_test:1,!&,128,2,bitmask 0xf0;",
            "byte_extract:1,0,n; byte_test:n,=,n,n;",
            "byte_test:1,!,5,0;",
        ],
        expect![[r###"
            ## byte_test:2,>,1000,0;
              in Payload Fails
                ByteTest(ByteTest { bytes: Is(2), operator: Greater, negated: false, value: Is(1000), offset: Is(0), relative: false, format: Binary(Big), mask: None })
            ## content:"a"; byte_test:4,!=,0x10,-4,relative,little;
              in Payload Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                ByteTest(ByteTest { bytes: Is(4), operator: Equal, negated: true, value: Is(16), offset: Is(-4), relative: true, format: Binary(Little), mask: None })
            ## byte_test:10,<=,17,0,string,dec;
              in Payload Fails
                ByteTest(ByteTest { bytes: Is(10), operator: LessEqual, negated: false, value: Is(17), offset: Is(0), relative: false, format: Text(10), mask: None })
            ## byte_test:0,=,66,0,string,dec;
              in Payload Fails
                ByteTest(ByteTest { bytes: Is(0), operator: Equal, negated: false, value: Is(66), offset: Is(0), relative: false, format: Text(10), mask: None })
            ## byte_test:1,!&,128,2,bitmask 0xf0;
              in Payload Fails
                ByteTest(ByteTest { bytes: Is(1), operator: And, negated: true, value: Is(128), offset: Is(2), relative: false, format: Binary(Big), mask: Some(240) })
            ## byte_extract:1,0,n; byte_test:n,=,n,n;
              in Payload Fails
                ByteExtract(ByteExtract { bytes: Is(1), offset: Is(0), relative: false, format: Binary(Big), multiplier: 1, align: 0, mask: None, var: 0 })
                ByteTest(ByteTest { bytes: Var(0), operator: Equal, negated: false, value: Var(0), offset: Var(0), relative: false, format: Binary(Big), mask: None })
              variables ["n"]
            ## byte_test:1,!,5,0;
              in Payload Fails
                ByteTest(ByteTest { bytes: Is(1), operator: Equal, negated: true, value: Is(5), offset: Is(0), relative: false, format: Binary(Big), mask: None })
        "###]],
    );
}

#[test]
fn byte_test_refuses_what_cannot_be() {
    check_options(
        "tcp-pkt",
        &[
            "byte_test:9,>,1,0;",
            "byte_test:24,>,1,0,string,dec;",
            "byte_test:0,>,1,0;",
            "byte_test:2,~,1,0;",
            "byte_test:2,>,length,0;",
            "byte_test:2,>,1;",
            "byte_test:2,>,1,0,dec;",
            "byte_test:2,>,1,0,sideways;",
            "byte_test:2,>,1,0,big,little;",
            "byte_test:1,=,1,0,bitmask 0;",
        ],
        expect![[r#"
            ## byte_test:9,>,1,0;
            error[R013]: a binary number has at most 8 bytes, not 9 (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:9,>,1,0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^
            ## byte_test:24,>,1,0,string,dec;
            error[R013]: 24 is not between 0 and 23 (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:24,>,1,0,string,dec; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_test:0,>,1,0;
            error[R013]: a binary number has at least one byte (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:0,>,1,0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^
            ## byte_test:2,~,1,0;
            error[R013]: `~` is not a comparison (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,~,1,0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^
              = help: write one of < > = <= >= & ^, perhaps with ! before it
            ## byte_test:2,>,length,0;
            error[R018]: no `byte_extract` or `byte_math` before this fills `length` (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,>,length,0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^
            ## byte_test:2,>,1;
            error[R013]: the offset is missing (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,>,1; sid:1;)
              |                                   ^^^^^^^^^^^^^^^
            ## byte_test:2,>,1,0,dec;
            error[R013]: hex, dec and oct are for numbers in text (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,>,1,0,dec; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^
              = help: write `string` before it
            ## byte_test:2,>,1,0,sideways;
            error[R013]: `sideways` is not an option of `byte_test` (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,>,1,0,sideways; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_test:2,>,1,0,big,little;
            error[R013]: the byte order stands here twice (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:2,>,1,0,big,little; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_test:1,=,1,0,bitmask 0;
            error[R013]: `0` is not a bit mask (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_test:1,=,1,0,bitmask 0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write it in hexadecimal: `bitmask 0xf8`
        "#]],
    );
}

#[test]
fn byte_jump_moves() {
    check_options(
        "tcp-pkt",
        &[
            "byte_jump:4,0,relative,little,from_beginning,post_offset -1;",
            "byte_jump:2,1,multiplier 4,align;",
            "byte_jump:2,0,string,hex,from_end,bitmask 0x0f;",
            "byte_jump:0,0,post_offset 12;",
            "byte_jump:2,0,multiplier 0;",
            "byte_jump:no_var,0,relative;",
        ],
        expect![[r#"
            ## byte_jump:4,0,relative,little,from_beginning,post_offset -1;
              in Payload Fails
                ByteJump(ByteJump { bytes: Is(4), offset: Is(0), relative: true, format: Binary(Little), multiplier: 1, align: false, from: Beginning, post_offset: Is(-1), mask: None })
            ## byte_jump:2,1,multiplier 4,align;
              in Payload Fails
                ByteJump(ByteJump { bytes: Is(2), offset: Is(1), relative: false, format: Binary(Big), multiplier: 4, align: true, from: Here, post_offset: Is(0), mask: None })
            ## byte_jump:2,0,string,hex,from_end,bitmask 0x0f;
              in Payload Fails
                ByteJump(ByteJump { bytes: Is(2), offset: Is(0), relative: false, format: Text(16), multiplier: 1, align: false, from: End, post_offset: Is(0), mask: Some(15) })
            ## byte_jump:0,0,post_offset 12;
              in Payload Fails
                ByteJump(ByteJump { bytes: Is(0), offset: Is(0), relative: false, format: Binary(Big), multiplier: 1, align: false, from: Here, post_offset: Is(12), mask: None })
            ## byte_jump:2,0,multiplier 0;
            error[R013]: `0` is not a factor from 1 to 65535 (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_jump:2,0,multiplier 0; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_jump:no_var,0,relative;
            error[R018]: no `byte_extract` or `byte_math` before this fills `no_var` (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_jump:no_var,0,relative; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn byte_extract_and_byte_math_fill_variables() {
    check_options(
        "tcp-pkt",
        &[
            "byte_extract:2,0,length,relative,little,align 4,multiplier 2; isdataat:length,relative;",
            "byte_extract:2,0,SSL.Client_Hello.length; byte_test:1,>,SSL.Client_Hello.length,0;",
            "byte_extract:2,0,length; byte_extract:2,2,length;",
            "byte_extract:2,0,2nd;",
            "byte_math:bytes 1, offset 0, oper <<, rvalue 2, result end; byte_test:1,=,end,1;",
            "byte_math:bytes 1, offset 0, oper +, rvalue 2, result end, relative;",
            "byte_math:bytes 1, offset 0, oper /, rvalue 0, result end;",
            "byte_math:bytes 1, offset 0, oper %, rvalue 1, result end;",
            "byte_math:bytes 1, offset 0, oper +, result end;",
            "content:\"a\"; content:\"b\"; distance:lenght;",
            "byte_extract:2,0,length; content:\"b\"; distance:lenght;",
        ],
        expect![[r###"
            ## byte_extract:2,0,length,relative,little,align 4,multiplier 2; isdataat:length,relative;
              in Payload Fails
                ByteExtract(ByteExtract { bytes: Is(2), offset: Is(0), relative: true, format: Binary(Little), multiplier: 2, align: 4, mask: None, var: 0 })
                IsDataAt { at: Var(0), relative: true, negated: false }
              variables ["length"]
            ## byte_extract:2,0,SSL.Client_Hello.length; byte_test:1,>,SSL.Client_Hello.length,0;
              in Payload Fails
                ByteExtract(ByteExtract { bytes: Is(2), offset: Is(0), relative: false, format: Binary(Big), multiplier: 1, align: 0, mask: None, var: 0 })
                ByteTest(ByteTest { bytes: Is(1), operator: Greater, negated: false, value: Var(0), offset: Is(0), relative: false, format: Binary(Big), mask: None })
              variables ["SSL.Client_Hello.length"]
            ## byte_extract:2,0,length; byte_extract:2,2,length;
            error[R018]: `length` is filled by an option before this already (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_extract:2,0,length; byte_extract:2,2,length; sid:1;)
              |                                                            ^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_extract:2,0,2nd;
            error[R013]: `2nd` is not a name for a variable (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_extract:2,0,2nd; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^
              = help: it starts with a letter
            ## byte_math:bytes 1, offset 0, oper <<, rvalue 2, result end; byte_test:1,=,end,1;
              in Payload Fails
                ByteMath(ByteMath { bytes: Is(1), offset: Is(0), relative: false, format: Binary(Big), operator: ShiftLeft, operand: Is(2), mask: None, var: 0 })
                ByteTest(ByteTest { bytes: Is(1), operator: Equal, negated: false, value: Var(0), offset: Is(1), relative: false, format: Binary(Big), mask: None })
              variables ["end"]
            ## byte_math:bytes 1, offset 0, oper +, rvalue 2, result end, relative;
            error[R014]: `relative` has no content or pcre in this buffer to be relative to (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_math:bytes 1, offset 0, oper +, rvalue 2, result end, r; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_math:bytes 1, offset 0, oper /, rvalue 0, result end;
            error[R013]: nothing can be divided by 0 (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_math:bytes 1, offset 0, oper /, rvalue 0, result end; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## byte_math:bytes 1, offset 0, oper %, rvalue 1, result end;
            error[R013]: `%` is not an operator (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_math:bytes 1, offset 0, oper %, rvalue 1, result end; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write one of + - * / << >>
            ## byte_math:bytes 1, offset 0, oper +, result end;
            error[R013]: `byte_math` needs `rvalue` (sid 1)
            1 | alert tcp-pkt any any -> any any (byte_math:bytes 1, offset 0, oper +, result end; sid:1;)
              |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## content:"a"; content:"b"; distance:lenght;
            error[R018]: no `byte_extract` or `byte_math` before this fills `lenght` (sid 1)
            1 | alert tcp-pkt any any -> any any (content:"a"; content:"b"; distance:lenght; sid:1;)
              |                                                             ^^^^^^^^^^^^^^^
            ## byte_extract:2,0,length; content:"b"; distance:lenght;
            error[R018]: no `byte_extract` or `byte_math` before this fills `lenght` (sid 1)
            1 | …t any any -> any any (byte_extract:2,0,length; content:"b"; distance:lenght; sid:1;)
              |                                                              ^^^^^^^^^^^^^^^
              = help: did you mean `length`?
        "###]],
    );
}

#[test]
fn asn1_names_oddities() {
    check_options(
        "udp",
        &[
            "content:\"a\"; asn1:double_overflow, bitstring_overflow, relative_offset 27, oversize_length 2048;",
            "asn1:oversize_length,100;",
            "asn1:odd;",
            "asn1:oversize_length many;",
        ],
        expect![[r###"
            ## content:"a"; asn1:double_overflow, bitstring_overflow, relative_offset 27, oversize_length 2048;
              in Payload Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Asn1(Asn1 { bitstring_overflow: true, double_overflow: true, oversize_length: Some(2048), offset: 27, relative: true })
            ## asn1:oversize_length,100;
              in Payload Fails
                Asn1(Asn1 { bitstring_overflow: false, double_overflow: false, oversize_length: Some(100), offset: 0, relative: false })
            ## asn1:odd;
            error[R013]: `odd` is not an option of `asn1` (sid 1)
            1 | alert udp any any -> any any (asn1:odd; sid:1;)
              |                               ^^^^^^^^
            ## asn1:oversize_length many;
            error[R013]: `many` is not a number (sid 1)
            1 | alert udp any any -> any any (asn1:oversize_length many; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^
        "###]],
    );
}
