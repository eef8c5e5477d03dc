//! Operations on bytes.

use super::holds;

#[test]
fn a_content_is_found_anywhere() {
    assert!(holds("content:\"bc\";", b"abcd"));
    assert!(!holds("content:\"cb\";", b"abcd"));
    assert!(holds("content:\"|00 ff|x\";", b"a\x00\xffx"));
}

#[test]
fn nocase_forgets_case_and_nothing_else_does() {
    assert!(holds("content:\"UsEr\"; nocase;", b"xx uSeR xx"));
    assert!(!holds("content:\"UsEr\";", b"xx uSeR xx"));
}

#[test]
fn a_negated_content_must_be_missing() {
    assert!(holds("content:!\"x\";", b"abc"));
    assert!(!holds("content:!\"b\";", b"abc"));
    assert!(holds("content:\"a\"; content:!\"b\"; within:1;", b"acb"));
    assert!(!holds("content:\"a\"; content:!\"b\"; within:1;", b"ab"));
}

#[test]
fn a_depth_counts_from_the_offset() {
    assert!(holds("content:\"cd\"; offset:2; depth:2;", b"abcd"));
    assert!(!holds("content:\"cd\"; offset:1; depth:2;", b"abcd"));
    assert!(!holds("content:\"cd\"; offset:3;", b"abcd"));
    assert!(holds("content:\"ab\"; depth:2;", b"abcd"));
    assert!(!holds("content:\"bc\"; depth:2;", b"abcd"));
}

#[test]
fn distance_and_within_count_from_the_last_match() {
    assert!(holds("content:\"a\"; content:\"d\"; distance:2; within:1;", b"abcd"));
    assert!(!holds("content:\"a\"; content:\"d\"; distance:3;", b"abcd"));
    assert!(!holds("content:\"a\"; content:\"d\"; within:2;", b"abcd"));
    assert!(holds("content:\"d\"; content:\"a\"; distance:-4;", b"abcd"));
}

#[test]
fn an_earlier_content_moves_on_until_what_follows_holds() {
    assert!(holds("content:\"a\"; content:\"b\"; distance:0; within:1;", b"a a a ab"));
    assert!(holds("content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", b"ab abc"));
    assert!(!holds("content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", b"ab ab c"));
}

#[test]
fn startswith_and_endswith_are_the_ends() {
    assert!(holds("content:\"ab\"; startswith;", b"abab"));
    assert!(!holds("content:\"ba\"; startswith;", b"abab"));
    assert!(holds("content:\"ab\"; endswith;", b"abxab"));
    assert!(!holds("content:\"bx\"; endswith;", b"abxab"));
    assert!(holds("content:\"abc\"; startswith; endswith;", b"abc"));
}

#[test]
fn isdataat_tells_whether_there_is_more() {
    assert!(holds("content:\"a\"; isdataat:2;", b"abc"));
    assert!(!holds("content:\"a\"; isdataat:3;", b"abc"));
    assert!(holds("content:\"b\"; isdataat:1,relative;", b"abc"));
    assert!(holds("content:\"c\"; isdataat:!1,relative;", b"abc"));
}

#[test]
fn byte_test_reads_numbers_in_both_byte_orders_and_text() {
    assert!(holds("byte_test:2,=,258,0;", b"\x01\x02"));
    assert!(holds("byte_test:2,=,513,0,little;", b"\x01\x02"));
    assert!(holds("content:\"len=\"; byte_test:3,>,99,0,relative,string,dec;", b"len=123"));
    assert!(!holds("content:\"len=\"; byte_test:3,>,123,0,relative,string,dec;", b"len=123"));
    assert!(holds("byte_test:1,&,0x80,0;", b"\x81"));
    assert!(holds("byte_test:1,!&,0x40,0;", b"\x81"));
    assert!(!holds("byte_test:4,>,0,0;", b"\x01\x02"), "there are not four bytes");
}

#[test]
fn byte_jump_moves_to_where_the_number_says() {
    assert!(holds("byte_jump:1,0; content:\"x\"; within:1;", b"\x03abcx"));
    assert!(!holds("byte_jump:1,0; content:\"x\"; within:1;", b"\x02abcx"));
    assert!(holds("byte_jump:1,0,from_beginning; content:\"c\"; within:1;", b"\x03abcx"));
    assert!(holds("byte_jump:1,0,multiplier 2; content:\"x\"; within:1;", b"\x01abx"));
    assert!(holds("byte_jump:1,0,post_offset -1; content:\"c\"; within:1;", b"\x03abcx"));
    assert!(!holds("byte_jump:1,0;", b"\x09abc"), "it would leave the buffer");
}

#[test]
fn byte_extract_feeds_later_options() {
    assert!(holds("byte_extract:1,0,n; content:\"x\"; offset:n; depth:1;", b"\x03abx"));
    assert!(!holds("byte_extract:1,0,n; content:\"x\"; offset:n; depth:1;", b"\x02abx"));
    assert!(holds("byte_extract:1,0,n; byte_test:1,=,n,1;", b"\x05\x05"));
}

#[test]
fn byte_math_computes() {
    let rule = "byte_math:bytes 1, offset 0, oper +, rvalue 2, result n; content:\"x\"; offset:n; depth:1;";
    assert!(holds(rule, b"\x01abx"));
    assert!(!holds(rule, b"\x02abx"));
    assert!(!holds(
        "byte_extract:1,1,z; byte_math:bytes 1, offset 0, oper /, rvalue z, result n;",
        b"\x09\x00"
    ));
}

#[test]
fn pcre_finds_and_counts_on() {
    assert!(holds("pcre:\"/^a.c$/\";", b"abc"));
    assert!(holds("pcre:\"/B/i\";", b"abc"));
    assert!(!holds("pcre:\"/b$/\";", b"abc"));
    assert!(holds("content:\"a\"; pcre:\"/^b/R\";", b"xab"));
    assert!(holds("pcre:\"/a/\"; content:\"b\"; within:1;", b"a ab"), "it tries its next match, too");
    assert!(holds("pcre:!\"/z/\";", b"abc"));
}

#[test]
fn an_expression_cannot_run_away() {
    // Without a limit this takes time exponential in the length.
    assert!(!holds("pcre:\"/^(a+)+$/\";", &[b'a'; 2000].iter().copied().chain([b'!']).collect::<Vec<u8>>()));
}

#[test]
fn base64_data_is_what_was_decoded() {
    let rule = "content:\"x:\"; base64_decode:bytes 8, offset 0, relative; base64_data; content:\"hello\";";
    assert!(holds(rule, b"x:aGVsbG8="));
    assert!(!holds(rule, b"x:aGVsbGE="));
    assert!(holds("base64_decode; base64_data; content:\"hel\";", b"aG\r\nVs"), "line ends are left out");
}

#[test]
fn work_per_buffer_is_limited() {
    let payload = b"ab".repeat(20_000);
    let rule =
        "content:\"a\"; content:\"b\"; distance:0; content:\"a\"; distance:0; content:\"z\"; distance:0;";
    assert!(!holds(rule, &payload));
}
