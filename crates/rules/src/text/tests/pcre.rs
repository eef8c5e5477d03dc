//! Regular expressions.

use expect_test::expect;

use super::check_options;

#[test]
fn expressions_and_flags() {
    check_options(
        "tcp-pkt",
        &[
            "pcre:\"/abc/i\";",
            "pcre:!\"/a\\/b/smxAEG\";",
            "content:\"a\"; pcre:\"/^b/R\";",
            "pcre:/abc/;",
            "pcre:\"/(a)(b)/,pkt:first,flow:second\";",
            "pcre:\"/(?P<flow_user>a)/\";",
        ],
        expect![[r###"
            ## pcre:"/abc/i";
              in Payload Fails
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: true, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [] })
            ## pcre:!"/a\/b/smxAEG";
              in Payload Fails
                Pcre(Pcre { pattern: Pattern { source: "a\\/b", flags: Flags { caseless: false, multi_line: true, dot_all: true, extended: true, anchored: true, ungreedy: true, dollar_end_only: true }, .. }, negated: true, relative: false, captures: [] })
            ## content:"a"; pcre:"/^b/R";
              in Payload Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Pcre(Pcre { pattern: Pattern { source: "^b", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: true, captures: [] })
            ## pcre:/abc/;
              in Payload Fails
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [] })
            ## pcre:"/(a)(b)/,pkt:first,flow:second";
              in Payload Fails
                Pcre(Pcre { pattern: Pattern { source: "(a)(b)", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [Capture { kind: Packet, name: "first" }, Capture { kind: Flow, name: "second" }] })
            ## pcre:"/(?P<flow_user>a)/";
              in Payload Fails
                Pcre(Pcre { pattern: Pattern { source: "(?P<flow_user>a)", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [Capture { kind: Flow, name: "user" }] })
        "###]],
    );
}

#[test]
fn broken_expressions_are_refused() {
    check_options(
        "tcp-pkt",
        &[
            "pcre:\"abc\";",
            "pcre:\"/abc\";",
            "pcre:\"/a(bc/\";",
            "pcre:\"/abc/q\";",
            "pcre:\"/abc/R\";",
            "pcre:\"/abc/UP\";",
        ],
        expect![[r###"
            ## pcre:"abc";
            error[R013]: the expression does not start with `/` (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"abc"; sid:1;)
              |                                   ^^^^^^^^^^
              = help: write "/expression/flags"
            ## pcre:"/abc";
            error[R013]: the expression is not closed by `/` (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"/abc"; sid:1;)
              |                                   ^^^^^^^^^^^
            ## pcre:"/a(bc/";
            error[R021]: the expression cannot be compiled: missing closing parenthesis at byte 4 (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"/a(bc/"; sid:1;)
              |                                   ^^^^^^^^^^^^^
            ## pcre:"/abc/q";
            error[R013]: `q` is not a flag of `pcre` (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"/abc/q"; sid:1;)
              |                                   ^^^^^^^^^^^^^
            ## pcre:"/abc/R";
            error[R014]: the flag `R` has no match to be relative to (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"/abc/R"; sid:1;)
              |                                   ^^^^^^^^^^^^^
            ## pcre:"/abc/UP";
            error[R013]: two flags stand for different buffers (sid 1)
            1 | alert tcp-pkt any any -> any any (pcre:"/abc/UP"; sid:1;)
              |                                   ^^^^^^^^^^^^^^
        "###]],
    );
}

#[test]
fn flags_for_buffers_move_the_expression() {
    check_options(
        "http",
        &[
            "pcre:\"/abc/U\";",
            "content:\"a\"; http_uri; pcre:\"/abc/URi\";",
            "http.request_body; pcre:\"/abc/P\";",
            "http.header; pcre:\"/abc/P\";",
            "flow:to_client; file_data; pcre:\"/abc/Q\";",
        ],
        expect![[r###"
            ## pcre:"/abc/U";
              in http.uri Fails
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [] })
            ## content:"a"; http_uri; pcre:"/abc/URi";
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: true, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: true, captures: [] })
            ## http.request_body; pcre:"/abc/P";
              in http.request_body Fails
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [] })
            ## http.header; pcre:"/abc/P";
            error[R014]: a flag of `pcre` names another buffer than the sticky one (sid 1)
            1 | alert http any any -> any any (http.header; pcre:"/abc/P"; sid:1;)
              |                                             ^^^^^^^^^^^^^
              = help: leave the flag out, or write `pkt_data;` before
            ## flow:to_client; file_data; pcre:"/abc/Q";
              packet Flow(FlowCondition { direction: Some(ToClient), state: Any, stream: None, fragment: None })
              in file.data Fails
                Pcre(Pcre { pattern: Pattern { source: "abc", flags: Flags { caseless: false, multi_line: false, dot_all: false, extended: false, anchored: false, ungreedy: false, dollar_end_only: false }, .. }, negated: false, relative: false, captures: [] })
        "###]],
    );
}
