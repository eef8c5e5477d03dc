//! Files of rules: lines, comments, duplicates, and how errors are shown.

use expect_test::expect;

use super::{check, shown};

#[test]
fn a_rule_may_span_lines() {
    check(
        "# a comment\n\n; another\nalert tcp any any -> any any (msg:\"a\"; \\\n    content:\"abc\"; \\  \n    sid:1;)\n\
         # alert tcp any any -> any any (sid:2;)\nalert tcp any any -> any any (sid:3;)",
        expect![[r#"
            sid 1 rev 0
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            sid 3 rev 0
        "#]],
    );
}

#[test]
fn the_place_of_an_error_is_in_its_own_line() {
    check(
        "alert tcp any any -> any any (msg:\"a\"; \\\n    content:\"abc\"; \\\n    contnet:\"def\"; sid:1;)\n\
         alert tcp any any -> any any (msg:\"ü\"; dept:3; sid:2;)\r\n",
        expect![[r#"
            error[R012]: unknown keyword `contnet` (sid 1)
              --> rules/test.rules:3:5
              |
            3 |     contnet:"def"; sid:1;)
              |     ^^^^^^^
              = help: did you mean `content`?
            error[R012]: unknown keyword `dept` (sid 2)
              --> rules/test.rules:4:40
              |
            4 | alert tcp any any -> any any (msg:"ü"; dept:3; sid:2;)
              |                                        ^^^^
              = help: did you mean `depth`?
        "#]],
    );
}

#[test]
fn a_line_that_starts_with_a_blank_is_left_out() {
    check(
        " alert tcp any any -> any any (sid:1;)\n",
        expect![[r#"
        left out, line 1: the line starts with a blank; such lines are not read
    "#]],
    );
}

#[test]
fn a_higher_revision_replaces_a_lower() {
    check(
        "alert tcp any any -> any any (sid:1; rev:2;)\nalert tcp any any -> any any (sid:1; rev:3;)\n\
         alert tcp any any -> any any (sid:1; rev:3;)\nalert tcp any any -> any any (gid:2; sid:1; rev:1;)\n",
        expect![[r#"
            sid 1 rev 3
            sid 1 rev 1
            left out, line 1: replaced by revision 3
            error[R010]: there is a rule 1 of revision 3 already (sid 1)
              --> rules/test.rules:3:1
              |
            3 | alert tcp any any -> any any (sid:1; rev:3;)
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: give it another sid, or a higher rev to replace the other
        "#]],
    );
}

#[test]
fn long_lines_are_shown_around_the_place() {
    let filler = "x".repeat(200);
    let text = shown(&format!(
        "alert tcp any any -> any any (msg:\"{filler}\"; contnet:\"def\"; msg:\"{filler}\"; sid:1;)\n"
    ));
    expect![[r#"
        error[R012]: unknown keyword `contnet` (sid 1)
          --> rules/test.rules:1:239
          |
        1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; contnet:"def"; msg:"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |                                                              ^^^^^^^
          = help: did you mean `content`?
    "#]].assert_eq(&text);
}

#[test]
fn any_text_is_read_without_panic() {
    use proptest::prelude::*;
    proptest!(|(text in "[a-z:;,!\"()\\[\\]$ |/\\\\0-9.<>-]{0,200}")| {
        shown(&format!("alert tcp any any -> any any ({text})"));
        shown(&text);
    });
}
