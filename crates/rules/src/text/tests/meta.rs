//! What a rule says of itself.

use std::path::Path;

use expect_test::expect;

use super::{check, environment};
use crate::Loader;

#[test]
fn a_rule_describes_itself() {
    let environment = environment();
    let mut loader = Loader::new(&environment);
    loader.rules(
        Path::new("test.rules"),
        br#"alert tcp any any -> any any (msg:"a \"b\"\; c\d"; reference:cve,2014-0160; reference:url,example.com/x; reference:url,ftp://example.com; classtype:trojan-activity; metadata:created_at 2024_01_01, tag x y, alone; target:src_ip; gid:2; sid:7; rev:3;)
"#,
    );
    let loaded = loader.finish();
    expect![[r#"
        Meta {
            sid: 7,
            gid: 2,
            rev: 3,
            msg: "a \"b\"; c\\d",
            priority: 1,
            class: "trojan-activity",
            category: "A Network Trojan was detected",
            references: [
                "https://cve.mitre.org/cgi-bin/cvename.cgi?name=2014-0160",
                "https://example.com/x",
                "ftp://example.com",
            ],
            metadata: [
                (
                    "created_at",
                    "2024_01_01",
                ),
                (
                    "tag",
                    "x y",
                ),
            ],
            target: Some(
                Source,
            ),
            noalert: false,
            origin: (
                0,
                1,
            ),
            text: "alert tcp any any -> any any (msg:\"a \\\"b\\\"\\; c\\d\"; reference:cve,2014-0160; reference:url,example.com/x; reference:url,ftp://example.com; classtype:trojan-activity; metadata:created_at 2024_01_01, tag x y, alone; target:src_ip; gid:2; sid:7; rev:3;)",
        }
    "#]].assert_debug_eq(&loaded.rules[0].meta);
}

#[test]
fn the_priority_of_the_rule_goes_before_that_of_its_class() {
    let environment = environment();
    let mut loader = Loader::new(&environment);
    loader.rules(
        Path::new("test.rules"),
        b"alert tcp any any -> any any (priority:4; classtype:trojan-activity; sid:1;)\n\
          alert tcp any any -> any any (classtype:trojan-activity; priority:4; sid:2;)\n\
          alert tcp any any -> any any (classtype:trojan-activity; sid:3;)\n\
          alert tcp any any -> any any (classtype:brand-new; sid:4;)\n\
          alert tcp any any -> any any (sid:5;)\n",
    );
    let loaded = loader.finish();
    let shown: Vec<_> =
        loaded.rules.iter().map(|rule| (rule.meta.priority, rule.meta.category.as_str())).collect();
    expect![[r#"
        [
            (
                4,
                "A Network Trojan was detected",
            ),
            (
                4,
                "A Network Trojan was detected",
            ),
            (
                1,
                "A Network Trojan was detected",
            ),
            (
                3,
                "Unknown Classtype",
            ),
            (
                3,
                "",
            ),
        ]
    "#]]
    .assert_debug_eq(&shown);
}

#[test]
fn wrong_descriptions_are_refused() {
    check(
        "alert tcp any any -> any any (sid:0;)\n\
         alert tcp any any -> any any (sid:1; sid:2;)\n\
         alert tcp any any -> any any (sid:99999999999;)\n\
         alert tcp any any -> any any (msg:x; sid:3;)\n\
         alert tcp any any -> any any (priority:0; sid:4;)\n\
         alert tcp any any -> any any (reference:cve; sid:5;)\n\
         alert tcp any any -> any any (target:both; sid:6;)\n",
        expect![[r#"
            error[R013]: 0 is not a number for a rule (sid 0)
              --> rules/test.rules:1:31
              |
            1 | alert tcp any any -> any any (sid:0;)
              |                               ^^^^^
            error[R014]: a rule can have one `sid` (sid 1)
              --> rules/test.rules:2:38
              |
            2 | alert tcp any any -> any any (sid:1; sid:2;)
              |                                      ^^^^^
            error[R013]: `99999999999` is not a number up to 4294967295
              --> rules/test.rules:3:31
              |
            3 | alert tcp any any -> any any (sid:99999999999;)
              |                               ^^^^^^^^^^^^^^^
            error[R008]: the argument of `msg` stands in quotes (sid 3)
              --> rules/test.rules:4:35
              |
            4 | alert tcp any any -> any any (msg:x; sid:3;)
              |                                   ^
              = help: write msg:"…";
            error[R013]: 0 is not a priority from 1 to 255 (sid 4)
              --> rules/test.rules:5:31
              |
            5 | alert tcp any any -> any any (priority:0; sid:4;)
              |                               ^^^^^^^^^^
            error[R013]: a reference is a system and what to look for there (sid 5)
              --> rules/test.rules:6:31
              |
            6 | alert tcp any any -> any any (reference:cve; sid:5;)
              |                               ^^^^^^^^^^^^^
              = help: write for example `reference:cve,2014-0160`
            error[R013]: `both` is not an end (sid 6)
              --> rules/test.rules:7:31
              |
            7 | alert tcp any any -> any any (target:both; sid:6;)
              |                               ^^^^^^^^^^^
              = help: write src_ip or dest_ip
        "#]],
    );
}

#[test]
fn demands_are_evaluated_first() {
    check(
        "alert tcp any any -> any any (requires:version >= 7 < 8; sid:1;)\n\
         alert tcp any any -> any any (requires:version >= 7.0.3 < 8 | >= 8.0.1; sid:2;)\n\
         alert vxlan any any -> any any (requires:version >= 10; nonsense; sid:3;)\n\
         alert tcp any any -> any any (requires:version >= 9, keyword foobar; sid:4;)\n\
         alert tcp any any -> any any (requires:feature ja4, keyword sid; sid:5;)\n\
         alert tcp any any -> any any (requires:feature time_travel; sid:6;)\n\
         alert tcp any any -> any any (requires:version 9; sid:7;)\n\
         alert tcp any any -> any any (requires:keyword; sid:8;)\n",
        expect![[r#"
            sid 2 rev 0
            sid 5 rev 0
            left out, line 1: needs version >= 7 < 8
            left out, line 3: needs version >= 10
            left out, line 4: needs the keyword foobar
            left out, line 6: needs the feature time_travel
            error[R013]: `9` is not a demand for a version (sid 7)
              --> rules/test.rules:7:40
              |
            7 | alert tcp any any -> any any (requires:version 9; sid:7;)
              |                                        ^^^^^^^^^
              = help: write `version >= 8.0.0`, or `version >= 7.0.3 < 8 | >= 8.0.1`
            error[R013]: `keyword` needs a name (sid 8)
              --> rules/test.rules:8:40
              |
            8 | alert tcp any any -> any any (requires:keyword; sid:8;)
              |                                        ^^^^^^^
        "#]],
    );
}
