//! Sticky buffers, old modifiers, and fields of protocols.

use expect_test::expect;

use super::check_options;

#[test]
fn a_sticky_buffer_holds_until_the_next() {
    check_options(
        "http",
        &[
            "http.uri; content:\"a\"; content:\"b\"; distance:0; http.method; content:\"GET\";",
            "http.uri; content:\"a\"; http.method; content:\"GET\"; http.uri; content:\"b\";",
            "http.uri; content:\"a\"; pkt_data; content:\"b\";",
            "http.uri; bsize:3; isdataat:2;",
            "http_uri;",
            "HTTP.URI; content:\"a\";",
        ],
        expect![[r###"
            ## http.uri; content:"a"; content:"b"; distance:0; http.method; content:"GET";
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: Some(Is(0)), within: None, startswith: false, endswith: false, fast: None, replace: None })
              in http.method Fails
                Content(Content { bytes: [71, 69, 84], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## http.uri; content:"a"; http.method; content:"GET"; http.uri; content:"b";
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in http.method Fails
                Content(Content { bytes: [71, 69, 84], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## http.uri; content:"a"; pkt_data; content:"b";
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in Payload Fails
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## http.uri; bsize:3; isdataat:2;
              in http.uri Fails
                Size(Equal(3))
                IsDataAt { at: Is(2), relative: false, negated: false }
            ## http_uri;
            error[R014]: there is no `content` before `http_uri` (sid 1)
            1 | alert http any any -> any any (http_uri; sid:1;)
              |                                ^^^^^^^^
              = help: a modifier follows the content that it changes
            ## HTTP.URI; content:"a";
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        "###]],
    );
}

#[test]
fn an_old_modifier_moves_the_content_before_it() {
    check_options(
        "http",
        &[
            "content:\"a\"; http_uri; content:\"b\"; http_uri; distance:1; content:\"c\";",
            "content:\"POST\"; http_method; nocase; content:\"x\"; http_client_body; isdataat:!1,relative;",
            "uricontent:\"a\"; urilen:>5; urilen:10,raw;",
            "http.method; content:\"GET\"; http_uri;",
            "content:\"a\"; rawbytes; http_uri; http_header;",
            "http_host:yes;",
        ],
        expect![[r###"
            ## content:"a"; http_uri; content:"b"; http_uri; distance:1; content:"c";
              in Payload Fails
                Content(Content { bytes: [99], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: Some(Is(1)), within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## content:"POST"; http_method; nocase; content:"x"; http_client_body; isdataat:!1,relative;
              in http.method Fails
                Content(Content { bytes: [112, 111, 115, 116], nocase: true, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in http.request_body Fails
                Content(Content { bytes: [120], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                IsDataAt { at: Is(1), relative: true, negated: true }
            ## uricontent:"a"; urilen:>5; urilen:10,raw;
              in http.uri Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                Size(Greater(5))
              in http.uri.raw Fails
                Size(Equal(10))
            ## http.method; content:"GET"; http_uri;
            error[R014]: `http_uri` stands behind a sticky buffer (sid 1)
            1 | alert http any any -> any any (http.method; content:"GET"; http_uri; sid:1;)
              |                                                            ^^^^^^^^
              = help: write `pkt_data;` before the content, or use the sticky buffer throughout
            ## content:"a"; rawbytes; http_uri; http_header;
            error[R014]: the content before this is in another buffer already (sid 1)
            1 | …t http any any -> any any (content:"a"; rawbytes; http_uri; http_header; sid:1;)
              |                                                              ^^^^^^^^^^^
            ## http_host:yes;
            error[R011]: `http_host` takes no argument (sid 1)
            1 | alert http any any -> any any (http_host:yes; sid:1;)
              |                                          ^^^
              = help: write `http_host;`
        "###]],
    );
}

#[test]
fn a_list_begins_anew_each_time() {
    check_options(
        "dns",
        &["dns.query; content:\"a\"; dns.query; content:\"b\";", "dns_query; content:\"a\";"],
        expect![[r###"
            ## dns.query; content:"a"; dns.query; content:"b";
              in dns.query Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in dns.query Fails
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## dns_query; content:"a";
              in dns.query Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        "###]],
    );
}

#[test]
fn a_buffer_without_conditions_is_refused() {
    check_options(
        "http",
        &["http.uri;", "http.uri; http.method; content:\"GET\";", "http.uri; to_md5;"],
        expect![[r###"
        ## http.uri;
        error[R014]: this buffer has no conditions (sid 1)
        1 | alert http any any -> any any (http.uri; sid:1;)
          |                                ^^^^^^^^
          = help: write `content`, `pcre`, `bsize` or the like behind it
        ## http.uri; http.method; content:"GET";
        error[R014]: this buffer has no conditions (sid 1)
        1 | alert http any any -> any any (http.uri; http.method; content:"GET"; sid:1;)
          |                                ^^^^^^^^
          = help: write `content`, `pcre`, `bsize` or the like behind it
        ## http.uri; to_md5;
        error[R014]: this buffer has no conditions (sid 1)
        1 | alert http any any -> any any (http.uri; to_md5; sid:1;)
          |                                ^^^^^^^^
          = help: write `content`, `pcre`, `bsize` or the like behind it
    "###]],
    );
}

#[test]
fn protocols_and_directions_do_not_mix() {
    check_options(
        "dns",
        &["http.start; content:\"a\";"],
        expect![[r###"
            ## http.start; content:"a";
            error[R016]: `http.start` belongs to http, but the header asks for dns, doh2 (sid 1)
            1 | alert dns any any -> any any (http.start; content:"a"; sid:1;)
              |                               ^^^^^^^^^^
        "###]],
    );
    check_options(
        "http",
        &[
            "flow:to_client; http.uri; content:\"a\";",
            "http.uri; content:\"a\"; http.stat_code; content:\"200\";",
            "dsize:3; http.uri; content:\"a\";",
        ],
        expect![[r###"
            ## flow:to_client; http.uri; content:"a";
            error[R017]: `http.uri` is about the request, `flow` about the response (sid 1)
            1 | alert http any any -> any any (flow:to_client; http.uri; content:"a"; sid:1;)
              |                                ^^^^^^^^^^^^^^
              = help: make two rules with a flowbit, or write `=>`
            ## http.uri; content:"a"; http.stat_code; content:"200";
            error[R017]: `http.uri` is about the request, `http.stat_code` about the response (sid 1)
            1 | alert http any any -> any any (http.uri; content:"a"; http.stat_code; content:"200"; sid:1;)
              |                                                       ^^^^^^^^^^^^^^
              = help: make two rules with a flowbit, or write `=>`
            ## dsize:3; http.uri; content:"a";
            error[R014]: conditions on single packets do not go with fields of transactions (sid 1)
            1 | alert http any any -> any any (dsize:3; http.uri; content:"a
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: leave out `dsize` or `tcp-pkt`
        "###]],
    );
}

#[test]
fn headers_of_the_packet_are_buffers() {
    check_options(
        "tcp",
        &[
            "ipv4.hdr; content:\"|06|\"; offset:9; depth:1;",
            "tcp.hdr; content:\"|02 04|\"; offset:20; byte_test:2,<,536,0,big,relative;",
            "ip.src; content:\"|0a|\"; startswith;",
        ],
        expect![[r###"
            ## ipv4.hdr; content:"|06|"; offset:9; depth:1;
              in Packet(Ipv4) Fails
                Content(Content { bytes: [6], nocase: false, negated: false, offset: Some(Is(9)), depth: Some(Is(1)), distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## tcp.hdr; content:"|02 04|"; offset:20; byte_test:2,<,536,0,big,relative;
              in Packet(Tcp) Fails
                Content(Content { bytes: [2, 4], nocase: false, negated: false, offset: Some(Is(20)), depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
                ByteTest(ByteTest { bytes: Is(2), operator: Less, negated: false, value: Is(536), offset: Is(0), relative: true, format: Binary(Big), mask: None })
            ## ip.src; content:"|0a|"; startswith;
              in Packet(IpSource) Fails
                Content(Content { bytes: [10], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: true, endswith: false, fast: None, replace: None })
        "###]],
    );
}

#[test]
fn integers_and_frames_come_from_the_protocols_tables() {
    check_options(
        "dns",
        &[
            "dns.opcode:!0;",
            "dns.rrtype:1,-1;",
            "dns.rrtype:1,all;",
            "dns.opcode:ten;",
            "frame:pdu; content:\"a\";",
        ],
        expect![[r###"
            ## dns.opcode:!0;
              transaction Number { name: "dns.opcode", test: NotEqual(0), items: Items { quantity: Any, part: None } }
            ## dns.rrtype:1,-1;
              transaction Number { name: "dns.rrtype", test: Equal(1), items: Items { quantity: At(-1), part: None } }
            ## dns.rrtype:1,all;
              transaction Number { name: "dns.rrtype", test: Equal(1), items: Items { quantity: All, part: None } }
            ## dns.opcode:ten;
            error[R013]: `ten` is neither a number nor a known name (sid 1)
            1 | alert dns any any -> any any (dns.opcode:ten; sid:1;)
              |                               ^^^^^^^^^^^^^^
            ## frame:pdu; content:"a";
              in frame pdu Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        "###]],
    );
    check_options(
        "tcp",
        &["frame:dns.pdu; content:\"a\";", "frame:pdu; content:\"a\";"],
        expect![[r###"
        ## frame:dns.pdu; content:"a";
          in frame pdu Fails
            Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
        ## frame:pdu; content:"a";
        error[R014]: it is not clear to which protocol the frame `pdu` belongs (sid 1)
        1 | alert tcp any any -> any any (frame:pdu; content:"a"; sid:1;)
          |                               ^^^^^^^^^
          = help: name it in the header, or write `frame:PROTOCOL.KIND`
    "###]],
    );
}
