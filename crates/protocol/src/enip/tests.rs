use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

const ASK: &str = "6300 0000 00000000 00000000 0000c1debed10000 00000000";
const IDENTITY: &str = "6300 2900 00000000 00000000 0000c1debed10000 00000000 0100 0c00 2300 0100 \
    0002af120a0101a40000000000000000 0100 0c00 3a00 0403 3000 008e4d52 01 41 03";

/// `service` with `path` and `data`, unconnected.
fn unconnected(service: u8, path: &[u8], data: &[u8]) -> Vec<u8> {
    let cip = [&[service, (path.len() / 2) as u8], path, data].concat();
    let body =
        [&hex("00000000 0000 0200 0000 0000 b200"), &(cip.len() as u16).to_le_bytes()[..], &cip].concat();
    let head = [&[0x6f, 0][..], &(body.len() as u16).to_le_bytes(), &[0; 20]].concat();
    [head, body].concat()
}

fn talk(chunk: usize) -> Drive<Enip> {
    let mut drive = Drive::stream(Enip::default());
    drive.send(CLIENT, &hex(ASK), chunk).send(SERVER, &hex(IDENTITY), chunk);
    drive.send(CLIENT, &unconnected(0x10, &hex("2001 2401 3007"), &[1]), chunk);
    drive
}

#[test]
fn a_response_joins_its_request() {
    expect_test::expect![[r#"
        [1, 1] [] {"enip":{"request":{"command":"list_identity","status":"success"},"response":{"command":"list_identity","status":"success","identity":{"protocol_version":1,"revision":"4.3","vendor_id":"Rockwell Automation/Allen-Bradley","device_type":"Communications Adapter","product_code":58,"status":48,"serial":1380814336,"product_name":"A","state":3}}}}
        [1, 0] [] {"enip":{"request":{"command":"send_rr_data","status":"success","cip":{"service":"set_attr_single","class_name":"Identity","path":[{"segment_type":"class_id","value":1},{"segment_type":"instance_id","value":1},{"segment_type":"attribute_id","value":7}]}}}}"#]]
    .assert_eq(&talk(1000).all(log::write).join("\n"));
}

#[test]
fn names_are_looked_up_in_the_order_of_their_values() {
    use names::{CIP_STATUS, CLASSES, COMMANDS, DEVICES, SERVICES, STATUS, VENDORS};
    for table in [CIP_STATUS, CLASSES, COMMANDS, DEVICES, SERVICES, STATUS, VENDORS] {
        assert!(table.is_sorted_by(|(_, one), (_, next)| one < next), "{table:?}");
    }
}

#[test]
fn rechunking_changes_nothing() {
    let whole = talk(1000).all(log::write);
    for chunk in [1, 5, 24] {
        assert_eq!(talk(chunk).all(log::write), whole);
    }
}

/// Class 3 data with `sequence`: the requests of a client that counts its contexts, and responses without one.
fn connected(sequence: u16, context: u8, service: u8) -> Vec<u8> {
    let data = [&sequence.to_le_bytes()[..], &[service, 0, 0, 0]].concat();
    let body = [&hex("00000000 0000 0200 a100 0400 01020304 b100 0600")[..], &data].concat();
    let head = [&[0x70, 0][..], &(body.len() as u16).to_le_bytes(), &[0; 8], &[context], &[0; 11]].concat();
    [head, body].concat()
}

#[test]
fn connected_data_are_answered_by_their_sequence_number() {
    let mut drive = Drive::stream(Enip::default());
    for (sequence, context) in [(700, 1), (90, 2), (701, 3)] {
        drive.send(CLIENT, &connected(sequence, context, 0x0e), 1000);
    }
    for sequence in [90, 700] {
        drive.send(SERVER, &connected(sequence, 0, 0x8e), 1000);
    }
    let answered: Vec<(u8, Option<u16>)> = drive
        .session
        .transactions
        .iter()
        .map(|exchange| {
            let sequence = exchange.body.response.as_ref().and_then(|response| response.sequence);
            (exchange.body.request.as_ref().unwrap().context[0], sequence)
        })
        .collect();
    assert_eq!(answered, [(1, Some(700)), (2, Some(90)), (3, None)]);
}

#[test]
fn several_services_in_one_message_are_all_seen() {
    let mut drive = Drive::stream(Enip::default());
    let inner = hex("0200 0600 0a00 0e01 2001 10 01 2002");
    drive.send(CLIENT, &unconnected(0x0a, &hex("2002 2401"), &inner), 1000);
    let exchange = drive.session.transactions.get(0).unwrap();
    let services: Vec<u8> =
        exchange.body.request.as_ref().unwrap().cip.iter().map(|cip| cip.service).collect();
    assert_eq!(services, [0x0a, 0x0e, 0x10]);
    let scope = drive.session.scope(0, CLIENT);
    let field = fields::FIELDS.iter().find(|field| field.name == "cip_service").unwrap();
    let crate::FieldKind::Custom(parse) = field.kind else { panic!("a keyword of its own") };
    for (text, holds) in [("16", true), ("16,2", true), ("14,2", false), ("14,1,!5", true), ("14,1,5", false)]
    {
        assert_eq!(parse(text).unwrap().holds(&scope), holds, "{text}");
    }
    assert!(parse("300").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        talk in proptest::collection::vec(
            (any::<bool>(), 0u8..0x60, proptest::collection::vec(any::<u8>(), 0..40)), 0..6)
    ) {
        let mut drive = Drive::stream(Enip::default());
        for (server, service, rest) in &talk {
            drive.send(if *server { SERVER } else { CLIENT }, &unconnected(*service, &[], rest), 64);
            drive.send(if *server { SERVER } else { CLIENT }, &unconnected(service | 0x80, &[], rest), 64);
        }
        drive.all(log::write);
    }
}
