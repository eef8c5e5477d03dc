use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, content.len() as u8], content.as_slice()].concat()
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&[2, 1, id], operation])
}

fn search() -> Vec<u8> {
    let equal = element(0xa3, &[&element(4, &[b"cn"]), &element(4, &[b"x"])]);
    let both = element(0xa0, &[&equal, &element(0x87, &[b"mail"])]);
    let attributes = element(0x30, &[&element(4, &[b"cn"]), &element(4, &[b"memberOf"])]);
    let body = [element(4, &[b"dc=a"]), hex("0a0102 0a0100 020105 020100 010100"), both, attributes].concat();
    message(7, &element(0x63, &[&body]))
}

fn entry() -> Vec<u8> {
    let attribute = element(0x30, &[&element(4, &[b"cn"]), &element(0x31, &[&element(4, &[b"x"])])]);
    message(7, &element(0x64, &[&element(4, &[b"cn=x,dc=a"]), &element(0x30, &[&attribute])]))
}

fn done() -> Vec<u8> {
    message(7, &element(0x65, &[&hex("0a0104 0400"), &element(4, &[b"too many"])]))
}

fn searched(chunk: usize) -> Vec<String> {
    let mut drive = Drive::stream(Ldap::default());
    drive.send(CLIENT, &search(), chunk).send(SERVER, &[entry(), done()].concat(), chunk);
    drive.all(log::write)
}

#[test]
fn a_search_has_all_its_answers() {
    let all = searched(usize::MAX);
    assert_eq!(all.len(), 1);
    for part in [
        r#""search_request":{"base_object":"dc=a","scope":2,"deref_alias":0,"size_limit":5,"#,
        r#""attributes":["cn","memberOf"]"#,
        r#""search_result_entry":{"base_object":"cn=x,dc=a","attributes":[{"type":"cn","values":["x"]}]}"#,
        r#""search_result_done":{"result_code":"size_limit_exceeded","matched_dn":"","message":"too many"}"#,
    ] {
        assert!(all[0].contains(part), "{part} in {}", all[0]);
    }
    assert_eq!(searched(1), all);
    let mut drive = Drive::stream(Ldap::default());
    drive.send(CLIENT, &search(), 999);
    let Some(Content::Search(search)) = drive
        .session
        .transactions
        .get(0)
        .and_then(|tx| tx.body.request.as_ref())
        .map(|request| &request.content)
    else {
        panic!("a search is there")
    };
    assert_eq!(search.filter, "(&(cn=x)(mail=*))");
}

#[test]
fn an_answer_without_request_is_an_event() {
    let mut drive = Drive::stream(Ldap::default());
    drive.send(SERVER, &done(), 999);
    assert_eq!(drive.session.core(0).events.as_slice(), [REQUEST_NOT_FOUND]);
    assert_eq!(drive.session.core(0).progress, [1, 1]);
}

#[test]
fn start_tls_changes_the_protocol() {
    let mut drive = Drive::stream(Ldap::default());
    drive.send(CLIENT, &message(1, &element(0x77, &[&element(0x80, &[START_TLS])])), 999);
    drive.send(SERVER, &message(1, &element(0x78, &[&hex("0a0100 0400 0400")])), 999);
    assert_eq!(drive.asks.change, Some(Some("tls")));
}

#[test]
fn something_else_is_invalid() {
    let mut drive = Drive::stream(Ldap::default());
    drive.send(CLIENT, b"GET / HTTP/1.0\r\n\r\n", 999);
    assert!(drive.broken);
    assert_eq!(drive.session.core(0).events.as_slice(), [INVALID_DATA]);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120), operation in 0u8..26, chunk in 1usize..50) {
        let mut drive = Drive::stream(Ldap::default());
        drive.send(CLIENT, &message(1, &element(0x60 | operation, &[&bytes])), chunk).send(SERVER, &bytes, chunk);
        let _ = drive.all(log::write);
    }
}
