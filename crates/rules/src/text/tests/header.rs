//! Action, protocol, addresses, ports, arrows.

use expect_test::expect;

use super::{check, environment};
use crate::Loader;

fn header(text: &str) -> String {
    let environment = environment();
    let mut loader = Loader::new(&environment);
    loader.rules(std::path::Path::new("test.rules"), format!("{text} (sid:1;)").as_bytes());
    let loaded = loader.finish();
    match (loaded.rules.first(), loaded.errors.first()) {
        (Some(rule), _) => {
            let header = &rule.header;
            let arrow = match (header.either_way, header.both_sides) {
                (true, _) => "<>",
                (_, true) => "=>",
                _ => "->",
            };
            let action = rule.action;
            format!(
                "{:?} {} {} {arrow} {} {}\n",
                action.verb, header.src, header.src_ports, header.dst, header.dst_ports
            )
        }
        (None, Some(error)) => error.render(),
        (None, None) => "nothing".to_owned(),
    }
}

fn headers(lines: &[&str], expect: expect_test::Expect) {
    let out: String = lines.iter().map(|line| format!("## {line}\n{}", header(line))).collect();
    expect.assert_eq(&out);
}

#[test]
fn addresses_are_sets() {
    headers(
        &[
            "alert ip 10.0.0.0/8 any -> 1.2.3.4 any",
            "alert ip 10.1.2.3/255.255.0.0 any -> 1.2.3.4-1.2.3.9 any",
            "alert ip [1.1.1.1,1.1.1.2, 1.1.1.0/30] any -> [2001:db8::/32,!2001:db8::1] any",
            "alert ip [10.0.0.0/8,![10.1.0.0/16,!10.1.2.0/24]] any -> any any",
            "alert ip $HOME_NET any -> $EXTERNAL_NET any",
            "alert ip !$EXTERNAL_NET any -> [$HOME_NET,!10.0.0.1] any",
            "alert ip !1.1.1.1,!1.1.1.2 any -> any any",
        ],
        expect![[r#"
            ## alert ip 10.0.0.0/8 any -> 1.2.3.4 any
            Alert 10.0.0.0-10.255.255.255 any -> 1.2.3.4 any
            ## alert ip 10.1.2.3/255.255.0.0 any -> 1.2.3.4-1.2.3.9 any
            Alert 10.1.0.0-10.1.255.255 any -> 1.2.3.4-1.2.3.9 any
            ## alert ip [1.1.1.1,1.1.1.2, 1.1.1.0/30] any -> [2001:db8::/32,!2001:db8::1] any
            Alert 1.1.1.0-1.1.1.3 any -> 2001:db8::,2001:db8::2-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff any
            ## alert ip [10.0.0.0/8,![10.1.0.0/16,!10.1.2.0/24]] any -> any any
            Alert 10.0.0.0-10.0.255.255,10.1.2.0-10.1.2.255,10.2.0.0-10.255.255.255 any -> any any
            ## alert ip $HOME_NET any -> $EXTERNAL_NET any
            Alert 10.0.0.0-10.255.255.255,192.168.0.0-192.168.255.255 any -> 0.0.0.0-9.255.255.255,11.0.0.0-192.167.255.255,192.169.0.0-255.255.255.255,::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff any
            ## alert ip !$EXTERNAL_NET any -> [$HOME_NET,!10.0.0.1] any
            Alert 10.0.0.0-10.255.255.255,192.168.0.0-192.168.255.255 any -> 10.0.0.0,10.0.0.2-10.255.255.255,192.168.0.0-192.168.255.255 any
            ## alert ip !1.1.1.1,!1.1.1.2 any -> any any
            Alert 0.0.0.0-1.1.1.0,1.1.1.3-255.255.255.255,::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff any -> any any
        "#]],
    );
}

#[test]
fn addresses_that_mean_nothing_are_refused() {
    headers(
        &[
            "alert ip !any any -> any any",
            "alert ip [10.0.0.0/8,!any] any -> any any",
            "alert ip [10.0.0.1,!10.0.0.0/8] any -> any any",
            "alert ip 10.0.0.300 any -> any any",
            "alert ip 10.0.0.0/33 any -> any any",
            "alert ip 10.0.0.0/255.0.255.0 any -> any any",
            "alert ip 10.0.0.9-10.0.0.1 any -> any any",
            "alert ip [10.0.0.1,] any -> any any",
            "alert ip [10.0.0.1 any -> any any",
            "alert ip $HOM_NET any -> any any",
            "alert ip $LOOP any -> any any",
        ],
        expect![[r#"
            ## alert ip !any any -> any any
            error[R004]: `!any` leaves no address (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip !any any -> any any (sid:1;)
              |          ^^^^
            ## alert ip [10.0.0.0/8,!any] any -> any any
            error[R004]: `!any` leaves no address (sid 1)
              --> test.rules:1:11
              |
            1 | alert ip [10.0.0.0/8,!any] any -> any any (sid:1;)
              |           ^^^^^^^^^^^^^^^
            ## alert ip [10.0.0.1,!10.0.0.0/8] any -> any any
            error[R004]: no address is left in this group (sid 1)
              --> test.rules:1:11
              |
            1 | alert ip [10.0.0.1,!10.0.0.0/8] any -> any any (sid:1;)
              |           ^^^^^^^^^^^^^^^^^^^^
            ## alert ip 10.0.0.300 any -> any any
            error[R004]: `10.0.0.300` is not an address (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip 10.0.0.300 any -> any any (sid:1;)
              |          ^^^^^^^^^^
              = help: write an address, a block like 10.0.0.0/8, a range like 10.0.0.1-10.0.0.9, a group in brackets, or a $VARIABLE
            ## alert ip 10.0.0.0/33 any -> any any
            error[R004]: `/33` is not a prefix length from 0 to 32 (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip 10.0.0.0/33 any -> any any (sid:1;)
              |          ^^^^^^^^^^^
            ## alert ip 10.0.0.0/255.0.255.0 any -> any any
            error[R004]: the mask has holes (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip 10.0.0.0/255.0.255.0 any -> any any (sid:1;)
              |          ^^^^^^^^^^^^^^^^^^^^
            ## alert ip 10.0.0.9-10.0.0.1 any -> any any
            error[R004]: the range 10.0.0.9-10.0.0.1 is empty (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip 10.0.0.9-10.0.0.1 any -> any any (sid:1;)
              |          ^^^^^^^^^^^^^^^^^
              = help: write 10.0.0.1-10.0.0.9
            ## alert ip [10.0.0.1,] any -> any any
            error[R004]: an address is missing here (sid 1)
              --> test.rules:1:20
              |
            1 | alert ip [10.0.0.1,] any -> any any (sid:1;)
              |                    ^
            ## alert ip [10.0.0.1 any -> any any
            error[R001]: the source port is missing (sid 1)
              --> test.rules:1:43
              |
            1 | alert ip [10.0.0.1 any -> any any (sid:1;)
              |                                           ^
              = help: a rule reads: action protocol address port -> address port (options)
            ## alert ip $HOM_NET any -> any any
            error[R007]: the address variable `$HOM_NET` is not configured (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip $HOM_NET any -> any any (sid:1;)
              |          ^^^^^^^^
              = help: did you mean `HOME_NET`?
            ## alert ip $LOOP any -> any any
            error[R007]: the address variable `$LOOP` refers to itself (sid 1)
              --> test.rules:1:10
              |
            1 | alert ip $LOOP any -> any any (sid:1;)
              |          ^^^^^
        "#]],
    );
}

#[test]
fn ports_are_sets() {
    headers(
        &[
            "alert tcp any 80 -> any 1024:",
            "alert tcp any :1023 -> any [80,443,8000:8100]",
            "alert tcp any !80 -> any [1:80,![2,4]]",
            "alert tcp any $HTTP_PORTS -> any !$HTTP_PORTS",
            "alert tcp any !80,!443 -> any any",
            "alert tcp any 65536 -> any any",
            "alert tcp any 90:80 -> any any",
            "alert tcp any !any -> any any",
            "alert tcp any http -> any any",
        ],
        expect![[r#"
            ## alert tcp any 80 -> any 1024:
            Alert any 80 -> any 1024:65535
            ## alert tcp any :1023 -> any [80,443,8000:8100]
            Alert any 0:1023 -> any 80,443,8000:8100
            ## alert tcp any !80 -> any [1:80,![2,4]]
            Alert any 0:79,81:65535 -> any 1,3,5:80
            ## alert tcp any $HTTP_PORTS -> any !$HTTP_PORTS
            Alert any 80,8080 -> any 0:79,81:8079,8081:65535
            ## alert tcp any !80,!443 -> any any
            Alert any 0:79,81:442,444:65535 -> any any
            ## alert tcp any 65536 -> any any
            error[R005]: `65536` is not a port (sid 1)
              --> test.rules:1:15
              |
            1 | alert tcp any 65536 -> any any (sid:1;)
              |               ^^^^^
              = help: write a number up to 65535, a range like 1024:, a group in brackets, or a $VARIABLE
            ## alert tcp any 90:80 -> any any
            error[R005]: the range 90:80 is empty (sid 1)
              --> test.rules:1:15
              |
            1 | alert tcp any 90:80 -> any any (sid:1;)
              |               ^^^^^
              = help: write 80:90
            ## alert tcp any !any -> any any
            error[R005]: `!any` leaves no port (sid 1)
              --> test.rules:1:15
              |
            1 | alert tcp any !any -> any any (sid:1;)
              |               ^^^^
            ## alert tcp any http -> any any
            error[R005]: `http` is not a port (sid 1)
              --> test.rules:1:15
              |
            1 | alert tcp any http -> any any (sid:1;)
              |               ^^^^
              = help: write a number up to 65535, a range like 1024:, a group in brackets, or a $VARIABLE
        "#]],
    );
}

#[test]
fn actions_and_arrows() {
    headers(
        &[
            "drop tcp any any <> any any",
            "reject tcp any any -> any any",
            "rejectboth tcp any any -> any any",
            "pass IP any any -> any any",
            "pass:flow tcp any any -> any any",
            "allert tcp any any -> any any",
            "accept:hook tcp:all any any -> any any",
            "alert:flow tcp any any -> any any",
            "alert tcp any any <- any any",
            "alert tcp any any - any any",
            "alert tcp any any => any any",
            "alert tpc any any -> any any",
            "alert tcp:flow_start any any -> any any",
            "alert tcp:flow_end any any -> any any",
            "alert dns:request_complete any any -> any any",
            "alert dns:request_don any any -> any any",
        ],
        expect![[r#"
            ## drop tcp any any <> any any
            Drop any any <> any any
            ## reject tcp any any -> any any
            Reject any any -> any any
            ## rejectboth tcp any any -> any any
            RejectBoth any any -> any any
            ## pass IP any any -> any any
            Pass any any -> any any
            ## pass:flow tcp any any -> any any
            Pass any any -> any any
            ## allert tcp any any -> any any
            error[R002]: unknown action `allert` (sid 1)
              --> test.rules:1:1
              |
            1 | allert tcp any any -> any any (sid:1;)
              | ^^^^^^
              = help: did you mean `alert`?
            ## accept:hook tcp:all any any -> any any
            error[R002]: `accept` cannot be limited to `hook` (sid 1)
              --> test.rules:1:1
              |
            1 | accept:hook tcp:all any any -> any any (sid:1;)
              | ^^^^^^^^^^^
              = help: write :packet or :flow
            ## alert:flow tcp any any -> any any
            error[R002]: `alert` has no scope (sid 1)
              --> test.rules:1:1
              |
            1 | alert:flow tcp any any -> any any (sid:1;)
              | ^^^^^^^^^^
            ## alert tcp any any <- any any
            error[R006]: `<-` is not an arrow (sid 1)
              --> test.rules:1:19
              |
            1 | alert tcp any any <- any any (sid:1;)
              |                   ^^
              = help: swap the sides and write `->`
            ## alert tcp any any - any any
            error[R006]: `-` is not an arrow (sid 1)
              --> test.rules:1:19
              |
            1 | alert tcp any any - any any (sid:1;)
              |                   ^
              = help: write `->`, `<>` for either way, or `=>` for request and response together
            ## alert tcp any any => any any
            error[R017]: a rule with `=>` needs conditions on the request and on the response (sid 1)
              --> test.rules:1:1
              |
            1 | alert tcp any any => any any (sid:1;)
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write `->` for a rule about one of them
            ## alert tpc any any -> any any
            error[R003]: unknown protocol `tpc` (sid 1)
              --> test.rules:1:7
              |
            1 | alert tpc any any -> any any (sid:1;)
              |       ^^^
              = help: did you mean `tcp`?
            ## alert tcp:flow_start any any -> any any
            Alert any any -> any any
            ## alert tcp:flow_end any any -> any any
            error[R003]: unknown hook `flow_end` (sid 1)
              --> test.rules:1:11
              |
            1 | alert tcp:flow_end any any -> any any (sid:1;)
              |           ^^^^^^^^
              = help: known hooks: all, flow_start, pre_flow, pre_stream
            ## alert dns:request_complete any any -> any any
            Alert any any -> any any
            ## alert dns:request_don any any -> any any
            error[R003]: `dns` has no state `request_don` (sid 1)
              --> test.rules:1:11
              |
            1 | alert dns:request_don any any -> any any (sid:1;)
              |           ^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn a_rule_that_lacks_a_part_says_which() {
    check(
        "alert\nalert tcp any any -> any\nalert tcp any any -> any any\nalert tcp any any -> any any (sid:1;\n\
         alert tcp any any -> any any (sid:1)\nalert tcp any any -> any any (;sid:1;)\n\
         alert tcp any any -> any any (msg:\"x\";)\n",
        expect![[r#"
            error[R001]: the protocol is missing
              --> rules/test.rules:1:6
              |
            1 | alert
              |      ^
              = help: a rule reads: action protocol address port -> address port (options)
            error[R001]: the destination port is missing
              --> rules/test.rules:2:25
              |
            2 | alert tcp any any -> any
              |                         ^
              = help: a rule reads: action protocol address port -> address port (options)
            error[R001]: `(` with the options is missing
              --> rules/test.rules:3:29
              |
            3 | alert tcp any any -> any any
              |                             ^
              = help: a rule reads: action protocol address port -> address port (options)
            error[R001]: the options are not closed by `)` (sid 1)
              --> rules/test.rules:4:30
              |
            4 | alert tcp any any -> any any (sid:1;
              |                              ^
              = help: end the rule with `)`; a rule over several lines needs `\` at the end of each but the last
            error[R008]: the last option is not closed by `;` (sid 1)
              --> rules/test.rules:5:31
              |
            5 | alert tcp any any -> any any (sid:1)
              |                               ^^^^^
              = help: write `;` before `)`
            error[R008]: an option has no name (sid 1)
              --> rules/test.rules:6:31
              |
            6 | alert tcp any any -> any any (;sid:1;)
              |                               ^
            error[R009]: the rule has no `sid`
              --> rules/test.rules:7:1
              |
            7 | alert tcp any any -> any any (msg:"x";)
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: add `sid:NUMBER;`
        "#]],
    );
}
