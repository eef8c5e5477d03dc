use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER};

fn talk(lines: &[(Direction, &[u8])]) -> Drive<Dht> {
    let mut drive = Drive::datagrams(Dht::default());
    for (direction, bytes) in lines {
        drive.datagram(*direction, bytes);
    }
    drive
}

#[test]
fn each_datagram_is_a_transaction() {
    let drive = talk(&[
        (CLIENT, b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti6881ee1:q9:get_peers1:t2:aa1:v4:UT021:y1:qe"),
        (SERVER, b"d1:rd2:id20:abcdefghij01234567895:nodes26:mnopqrstuvwxyz123456\x7f\x00\x00\x01\x1a\xe15:token2:xy6:valuesl6:axje.uee1:t2:aa1:y1:re"),
        (SERVER, b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"),
        (CLIENT, b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe"),
    ]);
    expect_test::expect![[r#"
        [1, 1] [] {"bittorrent_dht":{"transaction_id":"6161","client_version":"55543032","request_type":"get_peers","request":{"id":"6162636465666768696a30313233343536373839","info_hash":"6d6e6f707172737475767778797a313233343536","port":6881}}}
        [1, 1] [] {"bittorrent_dht":{"transaction_id":"6161","response":{"id":"6162636465666768696a30313233343536373839","nodes":[{"id":"6d6e6f707172737475767778797a313233343536","ip":"127.0.0.1","port":6881}],"values":[{"ip":"97.120.106.101","port":11893}],"token":"7879"}}}
        [1, 1] [] {"bittorrent_dht":{"transaction_id":"6161","error":{"num":201,"msg":"A Generic Error Ocurred"}}}
        [1, 1] [0] {"bittorrent_dht":{"transaction_id":"","request_type":"ping","request":{"id":"6162636465666768696a30313233343536373839"}}}"#]]
    .assert_eq(&drive.all(write).join("\n"));
}

#[test]
fn containers_inside_each_other_have_a_limit() {
    assert!(bencode::read(b"llllllleeeeeee").is_some());
    assert!(bencode::read(&[b'l'; 5000]).is_none());
    assert_eq!(bencode::read(b"i-7e"), Some(Value::Number(-7)));
    assert!(bencode::read(b"9999999999999:x").is_none());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in "d1:[aer][a-z0-9:el]{0,60}") {
        talk(&[(CLIENT, bytes.as_bytes())]).all(write);
    }
}
