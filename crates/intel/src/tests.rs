use std::net::IpAddr;
use std::sync::Arc;

use model::{Event, EventKind, Fact, FlowId, Moment, PacketId, Severity, Time, TransactionFact, Value};

use super::*;

fn read(text: &str) -> (Indicators, Vec<Fault>) {
    let mut indicators = Indicators::default();
    let faults = indicators.read("list", text.as_bytes());
    (indicators, faults)
}

/// Kind and value of each indicator.
fn shape(indicators: &Indicators) -> Vec<(Kind, &str)> {
    indicators.list().iter().map(|indicator| (indicator.kind, indicator.value.as_str())).collect()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_plain_list_tells_kinds_by_their_form() {
    let text = "# remark\n203.0.113.9\n198.51.100.0/24 # net\n0.0.0.0 bad.example\nhxxp://bad[.]example/a?b\n\
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nt13d1516h2_8daaf6152771_02713d6af862\nnonsense\n";
    let (indicators, faults) = read(text);
    assert_eq!(
        shape(&indicators),
        [
            (Kind::Address, "203.0.113.9"),
            (Kind::Network, "198.51.100.0/24"),
            (Kind::Domain, "bad.example"),
            (Kind::Url, "bad.example/a?b"),
            (Kind::Hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (Kind::Fingerprint, "t13d1516h2_8daaf6152771_02713d6af862"),
        ]
    );
    assert_eq!(faults.len(), 1);
    assert_eq!(
        faults[0].to_string(),
        "list:8: `nonsense` is neither address, network, domain, URL, hash nor fingerprint"
    );
}

#[test]
fn a_table_states_confidence_expiry_and_source() {
    let text = "indicator,type,confidence,expires,source,description\n\
                \"bad.example\",domain,90,2026-12-01,Feed A,\"loader, stage 2\"\n203.0.113.9,ip,low,,Feed B,\n\
                x,ip,50,,,\n203.0.113.7,ip,50,soon,,\n203.0.113.8,email,50,,,\n";
    let (indicators, faults) = read(text);
    let first = &indicators.list()[0];
    assert_eq!(
        (first.confidence, first.expires, &*first.source, &*first.note),
        (90, Some(1_796_083_200), "Feed A", "loader, stage 2")
    );
    assert_eq!(indicators.list()[1].confidence, 30);
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [4, 5, 6], "{faults:?}");
}

#[test]
fn zeek_intel_files_are_read_by_their_columns() {
    let text = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n203.0.113.9\tIntel::ADDR\tFeed\tserver\n\
                bad.example\tIntel::DOMAIN\tFeed\t-\na@b.example\tIntel::EMAIL\tFeed\t-\n";
    let (indicators, faults) = read(text);
    assert_eq!(shape(&indicators), [(Kind::Address, "203.0.113.9"), (Kind::Domain, "bad.example")]);
    assert_eq!(faults[0].to_string(), "list:4: indicators of type `Intel::EMAIL` cannot be matched");
}

#[test]
fn stix_patterns_of_one_observation_are_read() {
    let text = r#"{"type":"bundle","objects":[
 {"type":"identity","id":"identity--1","name":"Team"},
 {"type":"indicator","id":"indicator--1","pattern_type":"stix","confidence":80,"valid_until":"2026-12-01T00:00:00.5Z","created_by_ref":"identity--1",
  "pattern":"[ipv4-addr:value = '203.0.113.9' OR domain-name:value IN ('bad.example', 'worse.example')]"},
 {"type":"indicator","id":"indicator--2","pattern_type":"stix","pattern":"[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']"},
 {"type":"indicator","id":"indicator--3","pattern_type":"stix","pattern":"[ipv4-addr:value = '1.2.3.4' AND url:value = 'http://a.example/']"},
 {"type":"indicator","id":"indicator--4","pattern_type":"yara","pattern":"rule x {}"}]}"#;
    let (indicators, faults) = read(text);
    let kinds: Vec<Kind> = indicators.list().iter().map(|indicator| indicator.kind).collect();
    assert_eq!(kinds, [Kind::Address, Kind::Domain, Kind::Domain, Kind::Hash]);
    let first = &indicators.list()[0];
    assert_eq!((&*first.source, first.confidence, first.expires), ("Team", 80, Some(1_796_083_200)));
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [6, 7]);
}

#[test]
fn misp_attributes_for_detection_are_read() {
    let text = r#"{"Event":{"info":"Case 7","Attribute":[
 {"type":"ip-dst","value":"203.0.113.9","to_ids":true},
 {"type":"domain|ip","value":"bad.example|203.0.113.10","to_ids":true},
 {"type":"domain","value":"context.example","to_ids":false}],
 "Object":[{"Attribute":[{"type":"sha256","value":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","to_ids":true},
 {"type":"mutex","value":"m","to_ids":true}]}]}}"#;
    let (indicators, faults) = read(text);
    let kinds: Vec<Kind> = indicators.list().iter().map(|indicator| indicator.kind).collect();
    assert_eq!(kinds, [Kind::Address, Kind::Domain, Kind::Address, Kind::Hash]);
    assert_eq!(indicators.list()[0].source, "Case 7");
    assert!(faults[0].cause.contains("`mutex`"), "{faults:?}");
}

#[test]
fn what_has_expired_does_not_match_and_what_is_below_a_domain_does() {
    let (indicators, _) = read("indicator,expires\nbad.example,2026-12-01\n198.51.100.0/24,\n");
    let before = Time::from_secs(1_796_083_000);
    assert!(indicators.name("www.Bad.example.", before).is_some());
    assert!(indicators.name("notbad.example", before).is_none());
    assert!(indicators.name("bad.example", Time::from_secs(1_796_083_201)).is_none());
    assert!(indicators.address(address("198.51.100.77"), before).is_some());
    assert!(indicators.address(address("198.51.101.77"), before).is_none());
    assert!(indicators.address(address("2001:db8::1"), before).is_none());
}

#[test]
fn of_two_sources_the_surer_speaks_and_both_are_named() {
    let mut indicators = Indicators::default();
    assert!(indicators.read("a", b"indicator,confidence\nbad.example,40\n").is_empty());
    assert!(indicators.read("b", b"indicator,confidence\nbad.example,90\n").is_empty());
    let [indicator] = indicators.list() else { panic!("one indicator, not {:?}", indicators.list()) };
    assert_eq!((indicator.confidence, &*indicator.source), (90, "a, b"));
}

#[test]
fn not_json_is_told_with_its_line() {
    let (_, faults) = read("{\"Event\":\n{,}}");
    assert_eq!(faults[0].line, 2);
}

#[test]
fn a_name_in_passing_is_a_finding_about_who_asked() {
    let (indicators, _) = read("indicator,confidence,source\nbad.example,90,Feed\n");
    let mut watch = Watch::new(Arc::new(indicators));
    for number in 1..4 {
        let who = Fact {
            flow: FlowId(number),
            client: address("10.0.0.23"),
            server: address("203.0.113.9"),
            client_port: 40_000,
            server_port: 443,
            transport: 6,
            began: Time::from_secs(number),
            first_packet: PacketId(number),
        };
        let fact = TransactionFact {
            who,
            protocol: "tls",
            tx_id: 0,
            time: Time::from_secs(number),
            only: None,
            fields: vec![("tls.sni", Value::Text("www.bad.example".into()))],
        };
        let moment = Moment { time: Time::from_secs(number), cause: number, step: 0 };
        watch.event(&Event {
            moment,
            packet: PacketId(number),
            kind: EventKind::Transaction(Box::new(fact)),
        });
    }
    let (findings, losses) = watch.finish();
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!((finding.severity, finding.count, losses.len()), (Severity::High, 3, 0));
    assert_eq!(finding.server, Some((address("203.0.113.9"), "www.bad.example".to_owned())));
    assert_eq!(finding.title, "10.0.0.23 talked to bad.example, known bad by Feed");
}

#[test]
fn past_events_are_matched_line_by_line() {
    let (indicators, _) = read("203.0.113.9\nbad.example\n");
    let mut past = Past::default();
    let flow = r#"{"timestamp":"2026-11-26T09:12:00.000000+0000","event_type":"flow","src_ip":"10.0.0.23","dest_ip":"203.0.113.9"}"#;
    let name = r#"{"timestamp":"2026-11-26T09:13:00.000000+0000","event_type":"dns","src_ip":"10.0.0.23","dest_ip":"10.0.0.1","dns":{"queries":[{"rrname":"a.bad.example"}]}}"#;
    for line in [flow, name, flow, "no record"] {
        past.line(line, &indicators);
    }
    let hits: Vec<_> = past.hits(&indicators).into_iter().map(|hit| (hit.field, hit.count)).collect();
    assert_eq!(hits, [("dest_ip", 2), ("dns.queries.rrname", 1)]);
    assert_eq!((past.lines, past.broken), (4, 1));
}
