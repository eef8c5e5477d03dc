//! Flow and stream.

use expect_test::expect;

use super::{check_options, environment, shown_with};

#[test]
fn flow_says_direction_and_state() {
    check_options(
        "tcp",
        &[
            "flow:established,to_server;",
            "flow:from_server,not_established,no_stream,only_frag;",
            "flow:stateless;",
            "flow:to_server,to_client;",
            "flow:established,not_established;",
            "flow:only_stream,no_stream;",
            "flow:to_srever;",
            "flow:to_server; flow:established;",
        ],
        expect![[r#"
            ## flow:established,to_server;
              packet Flow(FlowCondition { direction: Some(ToServer), state: Established, stream: None, fragment: None })
            ## flow:from_server,not_established,no_stream,only_frag;
              packet Flow(FlowCondition { direction: Some(ToClient), state: NotEstablished, stream: Some(false), fragment: Some(true) })
            ## flow:stateless;
              packet Flow(FlowCondition { direction: None, state: Any, stream: None, fragment: None })
            ## flow:to_server,to_client;
            error[R015]: a packet goes either to the server or to the client (sid 1)
            1 | alert tcp any any -> any any (flow:to_server,to_client; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^
            ## flow:established,not_established;
            error[R015]: only one of established, not_established and stateless can hold (sid 1)
            1 | alert tcp any any -> any any (flow:established,not_established; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## flow:only_stream,no_stream;
            error[R015]: `only_…` and `no_…` of the same thing exclude each other (sid 1)
            1 | alert tcp any any -> any any (flow:only_stream,no_stream; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## flow:to_srever;
            error[R013]: `to_srever` is not a word of `flow` (sid 1)
            1 | alert tcp any any -> any any (flow:to_srever; sid:1;)
              |                               ^^^^^^^^^^^^^^
              = help: did you mean `to_server`?
            ## flow:to_server; flow:established;
            error[R014]: a rule can have one `flow` (sid 1)
            1 | alert tcp any any -> any any (flow:to_server; flow:established; sid:1;)
              |                                               ^^^^^^^^^^^^^^^^
              = help: put the words into one, with commas
        "#]],
    );
}

#[test]
fn counters_and_events() {
    check_options(
        "tcp",
        &[
            "flow.age:>3600;",
            "flow.pkts:toserver,=10;",
            "flow.bytes:either,>1mb;",
            "flow.pkts_toclient:<5;",
            "flow.pkts:up,1;",
            "flow.elephant:both;",
            "stream_size:client,>,424;",
            "stream_size:client,~,424;",
            "stream-event:reassembly_seq_gap;",
            "stream-event:reassembly_sequence_gap;",
            "tcp.session:setup,established;",
            "bypass;",
        ],
        expect![[r#"
            ## flow.age:>3600;
              packet FlowAge(Greater(3600))
            ## flow.pkts:toserver,=10;
              packet FlowCount(Packets, ToServer, Equal(10))
            ## flow.bytes:either,>1mb;
              packet FlowCount(Bytes, Either, Greater(1048576))
            ## flow.pkts_toclient:<5;
              packet FlowCount(Packets, ToClient, Less(5))
            ## flow.pkts:up,1;
            error[R013]: `up` is not a side (sid 1)
            1 | alert tcp any any -> any any (flow.pkts:up,1; sid:1;)
              |                               ^^^^^^^^^^^^^^
              = help: write toserver, toclient, either or both
            ## flow.elephant:both;
              packet Elephant(Both)
            ## stream_size:client,>,424;
              packet StreamSize(Client, Greater(424))
            ## stream_size:client,~,424;
            error[R013]: `~424` is neither a number nor a known name (sid 1)
            1 | alert tcp any any -> any any (stream_size:client,~,424; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^
            ## stream-event:reassembly_seq_gap;
              packet StreamEvent(1)
            ## stream-event:reassembly_sequence_gap;
            error[R018]: `reassembly_sequence_gap` is not a stream event (sid 1)
            1 | alert tcp any any -> any any (stream-event:reassembly_sequence_gap; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## tcp.session:setup,established;
              packet TcpSession(3)
            ## bypass;
              then Bypass
        "#]],
    );
}

#[test]
fn bypass_is_refused_in_firewall_mode() {
    let environment = crate::Environment { firewall: true, ..environment() };
    expect![[r#"
        error[R014]: `bypass` is not allowed in firewall mode (sid 1)
          --> rules/test.rules:1:31
          |
        1 | alert tcp any any -> any any (bypass; sid:1;)
          |                               ^^^^^^
    "#]]
    .assert_eq(&shown_with(&environment, "alert tcp any any -> any any (bypass; sid:1;)"));
}
