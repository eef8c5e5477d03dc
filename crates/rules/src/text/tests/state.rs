//! What rules remember and do.

use expect_test::expect;

use super::check_options;

#[test]
fn bits_and_numbers_of_the_flow() {
    check_options(
        "tcp",
        &[
            "flowbits:set,a;",
            "flowbits:isset,a|b; flowbits:isnotset, c | d ;",
            "flowbits:noalert;",
            "flowbits:isset,a; flowbits:isnotset,a;",
            "flowbits:set,a|b;",
            "flowbits:set,a b;",
            "flowbits:set;",
            "flowbits:sett,a;",
            "flowint:n,+,1;",
            "flowint:n,>=,other;",
            "flowint:n,isnotset; flowint:m,isset;",
            "flowint:n,~,1;",
            "flowint:n,+;",
        ],
        expect![[r###"
            ## flowbits:set,a;
              then FlowbitSet("a")
            ## flowbits:isset,a|b; flowbits:isnotset, c | d ;
              packet FlowbitsSet(["a", "b"])
              packet FlowbitsNotSet(["c", "d"])
            ## flowbits:noalert;
              noalert
            ## flowbits:isset,a; flowbits:isnotset,a;
            error[R015]: the flowbit `a` cannot be set and not set (sid 1)
            1 | alert tcp any any -> any any (flowbits:isset,a; flowbits:isn
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## flowbits:set,a|b;
            error[R013]: `set` takes one name (sid 1)
            1 | alert tcp any any -> any any (flowbits:set,a|b; sid:1;)
              |                               ^^^^^^^^^^^^^^^^
              = help: `|` is for isset and isnotset
            ## flowbits:set,a b;
            error[R013]: `a b` has a blank, which names cannot have (sid 1)
            1 | alert tcp any any -> any any (flowbits:set,a b; sid:1;)
              |                               ^^^^^^^^^^^^^^^^
            ## flowbits:set;
            error[R013]: the name is missing (sid 1)
            1 | alert tcp any any -> any any (flowbits:set; sid:1;)
              |                               ^^^^^^^^^^^^
            ## flowbits:sett,a;
            error[R013]: `sett` is not a command (sid 1)
            1 | alert tcp any any -> any any (flowbits:sett,a; sid:1;)
              |                               ^^^^^^^^^^^^^^^
              = help: did you mean `set`?
            ## flowint:n,+,1;
              then Flowint { name: "n", operator: '+', value: 1, other: None }
            ## flowint:n,>=,other;
              packet FlowintIs { name: "n", test: GreaterEqual(0), other: Some("other") }
            ## flowint:n,isnotset; flowint:m,isset;
              packet FlowintNotSet("n")
              packet FlowintSet("m")
            ## flowint:n,~,1;
            error[R013]: `~` is not an operator of `flowint` (sid 1)
            1 | alert tcp any any -> any any (flowint:n,~,1; sid:1;)
              |                               ^^^^^^^^^^^^^
              = help: write one of + - = == != < <= > >= isset notset
            ## flowint:n,+;
            error[R013]: a number or the name of another variable is missing (sid 1)
            1 | alert tcp any any -> any any (flowint:n,+; sid:1;)
              |                               ^^^^^^^^^^^
        "###]],
    );
}

#[test]
fn bits_of_addresses() {
    check_options(
        "ip",
        &[
            "xbits:set,bad,track ip_src,expire 60;",
            "xbits:isset,bad,track ip_pair;",
            "xbits:isnotset,bad,track tx;",
            "xbits:set,bad;",
            "xbits:set,bad,track ip_both;",
            "xbits:set,bad,track ip_src,expire 0;",
            "hostbits:toggle,bad,dst;",
            "hostbits:isset,bad;",
            "hostbits:set,bad,up;",
            "iprep:dst,CnC,>,30;",
            "iprep:src,CnC,isset;",
            "iprep:src,CnCC,>,1;",
            "iprep:src,CnC,>,128;",
        ],
        expect![[r###"
            ## xbits:set,bad,track ip_src,expire 60;
              then XbitSet { name: "bad", track: Src, expire: 60 }
            ## xbits:isset,bad,track ip_pair;
              packet Xbits { name: "bad", track: Pair, set: true }
            ## xbits:isnotset,bad,track tx;
              packet Xbits { name: "bad", track: Tx, set: false }
            ## xbits:set,bad;
            error[R013]: `xbits` needs to know whose bit it is (sid 1)
            1 | alert ip any any -> any any (xbits:set,bad; sid:1;)
              |                              ^^^^^^^^^^^^^
              = help: add `track ip_src`
            ## xbits:set,bad,track ip_both;
            error[R013]: `track ip_both` is not an option of `xbits` (sid 1)
            1 | alert ip any any -> any any (xbits:set,bad,track ip_both; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write track ip_src, ip_dst, ip_pair or tx, and expire SECONDS
            ## xbits:set,bad,track ip_src,expire 0;
            error[R013]: `0` is not a number of seconds (sid 1)
            1 | alert ip any any -> any any (xbits:set,bad,track ip_src,expire 0; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## hostbits:toggle,bad,dst;
              then XbitToggle { name: "bad", track: Dst, expire: 300 }
            ## hostbits:isset,bad;
              packet Xbits { name: "bad", track: Src, set: true }
            ## hostbits:set,bad,up;
            error[R013]: `up` is not an end (sid 1)
            1 | alert ip any any -> any any (hostbits:set,bad,up; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^
              = help: write src, dst or both
            ## iprep:dst,CnC,>,30;
              packet Reputation(IpReputation { side: Destination, category: 7, test: Greater(30), unset: false })
            ## iprep:src,CnC,isset;
              packet Reputation(IpReputation { side: Source, category: 7, test: GreaterEqual(1), unset: false })
            ## iprep:src,CnCC,>,1;
            error[R018]: there is no category of reputation `CnCC` (sid 1)
            1 | alert ip any any -> any any (iprep:src,CnCC,>,1; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^
              = help: did you mean `CnC`?
            ## iprep:src,CnC,>,128;
            error[R013]: a reputation is at most 127 (sid 1)
            1 | alert ip any any -> any any (iprep:src,CnC,>,128; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^
        "###]],
    );
}

#[test]
fn what_happens_afterwards() {
    check_options(
        "ip",
        &[
            "tag:session;",
            "tag:host,100,packets,src;",
            "tag:host,60,seconds;",
            "tag:flow;",
            "config:logging disable, type tx, scope tx;",
            "config:logging enable;",
            "lua:x.lua;",
            "flowvar:name,\"abc\";",
            "pktvar:name,!\"a|00|\";",
            "prefilter;",
            "ttl:1; prefilter;",
            "content:\"abc\"; prefilter;",
        ],
        expect![[r###"
            ## tag:session;
              then Tag(Tag { of: Session, count: 256, metric: Packets })
            ## tag:host,100,packets,src;
              then Tag(Tag { of: HostSource, count: 100, metric: Packets })
            ## tag:host,60,seconds;
              then Tag(Tag { of: HostDestination, count: 60, metric: Seconds })
            ## tag:flow;
            error[R013]: `flow` is not an option of `tag` (sid 1)
            1 | alert ip any any -> any any (tag:flow; sid:1;)
              |                              ^^^^^^^^
              = help: write tag:session,20,packets or tag:host,60,seconds,src
            ## config:logging disable, type tx, scope tx;
              then ConfigLoggingOff { scope: Tx }
            ## config:logging enable;
            error[R013]: `logging enable` is not an option of `config` (sid 1)
            1 | alert ip any any -> any any (config:logging enable; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^^^
            ## lua:x.lua;
            error[R019]: Targe does not run Lua (sid 1)
            1 | alert ip any any -> any any (lua:x.lua; sid:1;)
              |                              ^^^^^^^^^
              = help: leave the rule out
            ## flowvar:name,"abc";
              packet Flowvar { name: "name", bytes: [97, 98, 99], negated: false }
            ## pktvar:name,!"a|00|";
              packet Pktvar { name: "name", bytes: [97, 0], negated: true }
            ## prefilter;
            error[R014]: there is no condition before `prefilter` (sid 1)
            1 | alert ip any any -> any any (prefilter; sid:1;)
              |                              ^^^^^^^^^
            ## ttl:1; prefilter;
              packet Ttl(Equal(1))
              prefilter 0
            ## content:"abc"; prefilter;
              in Payload Fails
                Content(Content { bytes: [97, 98, 99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: Some(Whole), replace: None })
        "###]],
    );
}
