//! Thresholds, in rules and in `threshold.config`.

use std::path::Path;

use expect_test::expect;

use super::{check_options, environment, show};
use crate::Loader;

#[test]
fn thresholds_of_rules() {
    check_options(
        "tcp",
        &[
            "threshold:type limit, track by_src, seconds 60, count 1;",
            "threshold:type backoff, track by_flow, count 1, multiplier 10;",
            "threshold:type threshold,track by_src,count 1,seconds 60; threshold:type limit,track by_src,count 1,seconds 60;",
            "threshold:type limit,track by_src,count 1,seconds 60; threshold:type limit,track by_src,count 1,seconds 60;",
            "detection_filter:track by_dst, count 10, seconds 60, unique_on dst_port;",
            "detection_filter:track by_dst, count 10, seconds 60; threshold:type limit,track by_src,count 1,seconds 60;",
            "threshold:type lmit, track by_src, seconds 60, count 1;",
            "threshold:type limit, track by_source, seconds 60, count 1;",
            "threshold:type limit, track by_src, count 1;",
            "threshold:type limit, track by_src, count 0, seconds 60;",
            "threshold:type limit, track by_src, count 1, seconds 60, seconds 60;",
            "threshold:type backoff, track by_src, count 1, multiplier 10;",
        ],
        expect![[r#"
            ## threshold:type limit, track by_src, seconds 60, count 1;
              late Threshold { kind: Limit, track: Src, count: 1, seconds: 60 }
            ## threshold:type backoff, track by_flow, count 1, multiplier 10;
              late Threshold { kind: Backoff { multiplier: 10 }, track: Flow, count: 1, seconds: 0 }
            ## threshold:type threshold,track by_src,count 1,seconds 60; threshold:type limit,track by_src,count 1,seconds 60;
              late Threshold { kind: Threshold, track: Src, count: 1, seconds: 60 }
              late Threshold { kind: Limit, track: Src, count: 1, seconds: 60 }
            ## threshold:type limit,track by_src,count 1,seconds 60; threshold:type limit,track by_src,count 1,seconds 60;
            error[R014]: a rule can have one `threshold` of a type (sid 1)
            1 | … any (threshold:type limit,track by_src,count 1,seconds 60; threshold:type limit,track by_src,count 1,seconds 60; sid:1;)
              |                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## detection_filter:track by_dst, count 10, seconds 60, unique_on dst_port;
              late DetectionFilter { track: Dst, count: 10, seconds: 60, unique_on: Some(DstPort) }
            ## detection_filter:track by_dst, count 10, seconds 60; threshold:type limit,track by_src,count 1,seconds 60;
            error[R014]: `threshold` does not go with the other one of `threshold` and `detection_filter` (sid 1)
            1 | …y any (detection_filter:track by_dst, count 10, seconds 60; threshold:type limit,track by_src,count 1,seconds 60; sid:1;)
              |                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: leave one of them out
            ## threshold:type lmit, track by_src, seconds 60, count 1;
            error[R013]: `lmit` is not a type of threshold (sid 1)
            1 | alert tcp any any -> any any (threshold:type lmit, track by_src, seconds 60, count 1; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: did you mean `limit`?
            ## threshold:type limit, track by_source, seconds 60, count 1;
            error[R013]: nothing is counted `by_source` (sid 1)
            1 | alert tcp any any -> any any (threshold:type limit, track by_source, seconds 60, count 1; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: did you mean `by_src`?
            ## threshold:type limit, track by_src, count 1;
            error[R013]: `seconds` is missing (sid 1)
            1 | alert tcp any any -> any any (threshold:type limit, track by_src, count 1; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## threshold:type limit, track by_src, count 0, seconds 60;
            error[R013]: a count of 0 means nothing (sid 1)
            1 | alert tcp any any -> any any (threshold:type limit, track by_src, count 0, seconds 60; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## threshold:type limit, track by_src, count 1, seconds 60, seconds 60;
            error[R013]: `seconds` stands here twice (sid 1)
            1 | alert tcp any any -> any any (threshold:type limit, track by_src, count 1, seconds 60, sec; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## threshold:type backoff, track by_src, count 1, multiplier 10;
            error[R013]: `backoff` counts `by_flow` only (sid 1)
            1 | alert tcp any any -> any any (threshold:type backoff, track by_src, count 1, multiplier 10; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

fn with_file(file: &str) -> String {
    let environment = environment();
    let mut loader = Loader::new(&environment);
    let rules = "alert tcp any any -> any any (sid:1;)\n\
                 alert tcp any any -> any any (threshold:type limit,track by_src,count 1,seconds 60; sid:2;)\n";
    loader.rules(Path::new("test.rules"), rules.as_bytes());
    loader.thresholds(Path::new("threshold.config"), file.as_bytes());
    let loaded = loader.finish();
    let mut out = String::new();
    for rule in &loaded.rules {
        show(rule, &mut out);
    }
    for skipped in &loaded.skipped {
        out.push_str(&format!("{}:{}: {}\n", skipped.file, skipped.line, skipped.reason));
    }
    for error in &loaded.errors {
        out.push_str(&error.render());
    }
    out
}

#[test]
fn thresholds_from_the_file() {
    expect![[r#"
        sid 1 rev 0
          late Threshold { kind: Both, track: Flow, count: 5, seconds: 60 }
          late RateFilter { track: Rule, count: 3, seconds: 60, action: Drop, timeout: 1000 }
          late Suppress { track: Either, addresses: AddressSet { v4: [(167772160, 184549375), (3232235520, 3232301055)], v6: [], any: false, negated: false } }
        sid 2 rev 0
          late Threshold { kind: Limit, track: Src, count: 1, seconds: 60 }
          late Suppress { track: Either, addresses: AddressSet { v4: [(167772160, 184549375), (3232235520, 3232301055)], v6: [], any: false, negated: false } }
          late Suppress { track: Rule, addresses: AddressSet { v4: [(0, 4294967295)], v6: [(0, 340282366920938463463374607431768211455)], any: true, negated: false } }
    "#]].assert_eq(&with_file(
        "# comment\n\nthreshold gen_id 1, sig_id 1, type both, track by_flow, count 5, seconds 60\n\
         rate_filter gen_id 1, sig_id 1, track by_rule, count 3, seconds 60, new_action drop, timeout 1000\n\
         suppress gen_id 1, sig_id 0, track by_either, ip [10.0.0.1,$HOME_NET]\n\
         suppress gen_id 1, sig_id 2\n",
    ));
}

#[test]
fn lines_that_cannot_be_read_are_shown() {
    expect![[r#"
        sid 1 rev 0
        sid 2 rev 0
          late Threshold { kind: Limit, track: Src, count: 1, seconds: 60 }
        threshold.config:1: the rule 2 keeps its own threshold
        threshold.config:2: there is no rule 1:9
        error[R022]: `supress` is not known here
          --> threshold.config:3:1
          |
        3 | supress gen_id 1, sig_id 1
          | ^^^^^^^
          = help: did you mean `suppress`?
        error[R013]: `track` needs `ip`
          --> threshold.config:4:1
          |
        4 | suppress gen_id 1, sig_id 1, track by_src
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        error[R004]: `10.0.0.300` is not an address
          --> threshold.config:5:1
          |
        5 | suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.300
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: write an address, a block like 10.0.0.0/8, a range like 10.0.0.1-10.0.0.9, a group in brackets, or a $VARIABLE
        error[R013]: `block` is not an action
          --> threshold.config:6:1
          |
        6 | rate_filter gen_id 1, sig_id 1, track by_src, count 1, secon
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: write alert, drop, pass or reject
        error[R013]: `sig_id` is missing
          --> threshold.config:7:1
          |
        7 | threshold gen_id 1, type limit, track by_src, count 1, secon
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#]].assert_eq(&with_file(
        "threshold gen_id 1, sig_id 2, type limit, track by_src, count 1, seconds 60\n\
         suppress gen_id 1, sig_id 9\n\
         supress gen_id 1, sig_id 1\n\
         suppress gen_id 1, sig_id 1, track by_src\n\
         suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.300\n\
         rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 1, new_action block, timeout 1\n\
         threshold gen_id 1, type limit, track by_src, count 1, seconds 60\n",
    ));
}
