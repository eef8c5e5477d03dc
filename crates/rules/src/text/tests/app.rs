//! Application protocols in general.

use expect_test::expect;

use super::check_options;

#[test]
fn the_protocol_of_a_flow() {
    check_options(
        "tcp",
        &[
            "app-layer-protocol:mdns;",
            "app-layer-protocol:!mdns|ntp;",
            "app-layer-protocol:http1,exact;",
            "app-layer-protocol:mdns,final;",
            "app-layer-protocol:failed;",
            "app-layer-protocol:unknown,to_server;",
            "app-layer-protocol:!mdns; app-layer-protocol:!ntp;",
            "app-layer-protocol:!mdns; app-layer-protocol:!mdns;",
            "app-layer-protocol:mdns; app-layer-protocol:ntp;",
            "app-layer-protocol:mdns; app-layer-protocol:!ntp;",
            "app-layer-protocol:http,exact;",
            "app-layer-protocol:dsn;",
            "app-layer-protocol:dns,sometimes;",
        ],
        expect![[r#"
            ## app-layer-protocol:mdns;
              packet AppProtocol { protocols: [mdns], failed: false, unknown: false, side: Direction, negated: false, exact: false }
            ## app-layer-protocol:!mdns|ntp;
              packet AppProtocol { protocols: [ntp, mdns], failed: false, unknown: false, side: Direction, negated: true, exact: false }
            ## app-layer-protocol:http1,exact;
              packet AppProtocol { protocols: [http], failed: false, unknown: false, side: Direction, negated: false, exact: true }
            ## app-layer-protocol:mdns,final;
              packet AppProtocol { protocols: [mdns], failed: false, unknown: false, side: Final, negated: false, exact: false }
            ## app-layer-protocol:failed;
              packet AppProtocol { protocols: [], failed: true, unknown: false, side: Direction, negated: false, exact: false }
            ## app-layer-protocol:unknown,to_server;
              packet AppProtocol { protocols: [], failed: false, unknown: true, side: ToServer, negated: false, exact: false }
            ## app-layer-protocol:!mdns; app-layer-protocol:!ntp;
              packet AppProtocol { protocols: [mdns], failed: false, unknown: false, side: Direction, negated: true, exact: false }
              packet AppProtocol { protocols: [ntp], failed: false, unknown: false, side: Direction, negated: true, exact: false }
            ## app-layer-protocol:!mdns; app-layer-protocol:!mdns;
            error[R014]: the same protocol is excluded twice (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:!mdns; app-layer-protocol:!mdns; sid:1;)
              |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^
            ## app-layer-protocol:mdns; app-layer-protocol:ntp;
            error[R015]: a flow has one application protocol (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:mdns; app-layer-protocol:ntp; sid:1;)
              |                                                        ^^^^^^^^^^^^^^^^^^^^^^
              = help: write `a|b` for either
            ## app-layer-protocol:mdns; app-layer-protocol:!ntp;
            error[R014]: `app-layer-protocol` stands here plain and negated (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:mdns; app-layer-protocol:!ntp; sid:1;)
              |                                                        ^^^^^^^^^^^^^^^^^^^^^^^
              = help: a plain one says it all
            ## app-layer-protocol:http,exact;
            error[R013]: `http` stands for HTTP/1 and HTTP/2, which is not exact (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:http,exact; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write http1,exact or http2,exact
            ## app-layer-protocol:dsn;
            error[R003]: unknown protocol `dsn` (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:dsn; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^
              = help: did you mean `dns`?
            ## app-layer-protocol:dns,sometimes;
            error[R013]: `sometimes` is not a mode of `app-layer-protocol` (sid 1)
            1 | alert tcp any any -> any any (app-layer-protocol:dns,sometimes; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: modes: final, original, either, to_server, to_client, direction, exact
        "#]],
    );
    check_options(
        "dns",
        &["app-layer-protocol:ntp;"],
        expect![[r#"
        ## app-layer-protocol:ntp;
        error[R016]: the header names an application protocol already (sid 1)
        1 | alert dns any any -> any any (app-layer-protocol:ntp; sid:1;)
          |                               ^^^^^^^^^^^^^^^^^^^^^^
          = help: write `tcp` or `ip` in the header
    "#]],
    );
}

#[test]
fn events_and_states() {
    check_options(
        "tcp",
        &[
            "app-layer-event:applayer_mismatch_protocol_both_directions;",
            "app-layer-event:dns.malformed_data;",
            "app-layer-event:dns.malformed_date;",
            "app-layer-event:dsn.malformed_data;",
            "app-layer-event:odd;",
            "app-layer-state:request_started;",
        ],
        expect![[r###"
            ## app-layer-event:applayer_mismatch_protocol_both_directions;
              packet AppEvent("applayer_mismatch_protocol_both_directions")
            ## app-layer-event:dns.malformed_data;
              transaction Event { protocol: dns, code: 0 }
            ## app-layer-event:dns.malformed_date;
            error[R018]: `dns` has no event `malformed_date` (sid 1)
            1 | alert tcp any any -> any any (app-layer-event:dns.malformed_date; sid:1;)
              |                                                   ^^^^^^^^^^^^^^
              = help: did you mean `malformed_data`?
            ## app-layer-event:dsn.malformed_data;
            error[R003]: unknown protocol `dsn` (sid 1)
            1 | alert tcp any any -> any any (app-layer-event:dsn.malformed_data; sid:1;)
              |                                               ^^^
              = help: did you mean `dns`?
            ## app-layer-event:odd;
            error[R018]: `odd` is not an event (sid 1)
            1 | alert tcp any any -> any any (app-layer-event:odd; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^
              = help: write PROTOCOL.EVENT
            ## app-layer-state:request_started;
            error[R014]: `app-layer-state` needs an application protocol in the header (sid 1)
            1 | alert tcp any any -> any any (app-layer-state:request_started; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "###]],
    );
    check_options(
        "dns",
        &["app-layer-state:<request_complete;", "app-layer-state:halfway;"],
        expect![[r#"
        ## app-layer-state:<request_complete;
          transaction State { direction: ToServer, test: Less(1) }
        ## app-layer-state:halfway;
        error[R018]: `dns` has no state `halfway` (sid 1)
        1 | alert dns any any -> any any (app-layer-state:halfway; sid:1;)
          |                               ^^^^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
}
