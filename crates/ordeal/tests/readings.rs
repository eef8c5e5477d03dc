//! What the hostile cases are read as. Each names the records that an analyst must find.

use ordeal::case::find;
use ordeal::{Heard, hear, hear_with};
use serde_json::Value;

/// The records of a case of this size.
fn records(name: &str, size: usize) -> Vec<Value> {
    let case = find(name).expect("a case of this name");
    read(hear(&(case.build)(size)))
}

fn read(heard: Heard) -> Vec<Value> {
    let text = String::from_utf8(heard.records).expect("records are UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}

fn of<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["event_type"] == kind).collect()
}

/// Names of the oddities that were told.
fn anomalies(records: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = of(records, "anomaly")
        .iter()
        .map(|record| record["anomaly"]["event"].as_str().unwrap_or_default().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn tells(records: &[Value], event: &str) {
    let names = anomalies(records);
    assert!(names.iter().any(|name| name.contains(event)), "{event} is among {names:?}");
}

#[test]
fn a_body_of_single_bytes_is_one_body() {
    let records = records("single-bytes", 500);
    let files = of(&records, "fileinfo");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["fileinfo"]["size"], 500);
}

#[test]
fn segments_in_any_order_are_the_same_body() {
    let digest = |name| {
        let records = records(name, 300);
        let http = of(&records, "http").len();
        assert_eq!(http, 1, "{name}");
        of(&records, "fileinfo")[0]["fileinfo"]["size"].clone()
    };
    assert_eq!(digest("segments-backwards"), 4_800);
    assert_eq!(digest("segments-shuffled"), 4_800);
}

#[test]
fn overlaps_that_disagree_are_told() {
    let records = records("segments-overlapping", 50);
    tells(&records, "reassembly_overlap_different_data");
}

#[test]
fn holes_are_gaps_and_reading_goes_on() {
    let records = records("holes", 50);
    tells(&records, "reassembly_seq_gap");
}

#[test]
fn requests_before_the_first_answer_are_transactions_up_to_a_limit_that_is_told() {
    assert_eq!(of(&records("http-pipelined", 500), "http").len(), 500);
    let many = records("http-pipelined", 1_000);
    assert_eq!(of(&many, "http").len(), 512);
    tells(&many, "TOO_MANY_OPEN_REQUESTS");
}

#[test]
fn a_compression_bomb_is_stopped_and_told() {
    let records = records("http-compression-bomb", 1);
    tells(&records, "COMPRESSION_BOMB");
}

#[test]
fn headers_without_end_are_told() {
    tells(&records("http-many-headers", 2_000), "REQUEST_TOO_MANY_HEADERS");
    let long = anomalies(&records("http-long-header", 200_000));
    assert!(!long.is_empty(), "a header of 200,000 bytes is odd");
}

#[test]
fn a_hello_in_a_hundred_records_names_its_server() {
    let records = records("tls-hello-in-pieces", 100);
    let named = of(&records, "tls").iter().any(|record| record["tls"]["sni"] == "pieces.example");
    assert!(named, "the name is read across records: {:?}", of(&records, "tls"));
}

#[test]
fn header_blocks_that_never_end_are_told() {
    tells(&records("http2-continuation-flood", 30_000), "reassembly_limit_reached");
}

#[test]
fn every_stream_that_is_reset_at_once_is_a_transaction() {
    assert_eq!(of(&records("http2-rapid-reset", 1_000), "http").len(), 1_000);
}

#[test]
fn requests_that_nobody_answers_are_a_flood() {
    tells(&records("modbus-pipelined", 2_000), "flooded");
}

#[test]
fn pointer_loops_are_told_and_end() {
    let records = records("dns-pointer-loops", 10);
    assert!(!anomalies(&records).is_empty(), "a name that points at itself is odd");
}

#[test]
fn a_question_per_name_is_an_answer_per_name() {
    assert_eq!(of(&records("dns-unique-names", 300), "dns").len(), 300);
}

#[test]
fn every_opened_file_is_told() {
    let records = records("smb-open-files", 200);
    let created =
        of(&records, "smb").iter().filter(|record| record["smb"]["command"] == "SMB2_COMMAND_CREATE").count();
    assert_eq!(created, 200);
}

#[test]
fn every_request_of_a_compound_is_told() {
    let records = records("smb-long-compound", 50);
    assert_eq!(of(&records, "smb").len(), 50);
}

#[test]
fn parts_nested_beyond_reason_end_the_nesting_not_the_mail() {
    let records = records("mime-nested", 1_000);
    assert_eq!(of(&records, "smtp").len(), 1);
}

#[test]
fn tunnels_are_followed_to_a_bounded_depth() {
    tells(&records("tunnels-in-tunnels", 1), "too_many_layers");
}

#[test]
fn fragments_in_any_order_are_one_datagram() {
    let records = records("fragments-backwards", 1);
    let flows = of(&records, "flow");
    assert!(
        flows.iter().any(|record| record["src_port"] == 9_000 && record["dest_port"] == 9_001),
        "the datagram has a flow: {flows:?}"
    );
}

#[test]
fn sessions_on_the_same_ports_are_flows_of_their_own() {
    assert_eq!(of(&records("port-reuse", 20), "flow").len(), 20);
}

#[test]
fn unknown_bytes_are_a_flow_without_a_protocol() {
    let records = records("unknown-bytes", 5_000);
    let flows = of(&records, "flow");
    assert_eq!(flows.len(), 1);
    assert!(matches!(flows[0]["app_proto"].as_str(), None | Some("failed" | "unknown")), "{:?}", flows[0]);
}

#[test]
fn what_is_sealed_is_bypassed_when_that_is_asked_for() {
    let frames = (find("tls-application-data").expect("a case of this name").build)(40);
    let state = |handling: Option<&str>| {
        let mut config = engine::Config::default();
        let setting = handling.map(|word| ("tls.encryption_handling".to_owned(), word.to_owned()));
        config.protocol.settings.extend(setting);
        let records = read(hear_with(&frames, &config));
        let [tls] = of(&records, "tls")[..] else { panic!("one handshake") };
        assert_eq!(tls["tls"]["sni"], "sealed.example");
        let [flow] = of(&records, "flow")[..] else { panic!("one flow") };
        let packets: Vec<u64> = ["pkts_toserver", "pkts_toclient"]
            .iter()
            .map(|way| flow["flow"][way].as_u64().expect("a count"))
            .collect();
        assert_eq!(packets.iter().sum::<u64>(), frames.len() as u64, "all packets are counted");
        flow["flow"]["state"].clone()
    };
    assert_eq!([None, Some("full"), Some("bypass")].map(state), ["closed", "closed", "bypassed"]);
}
