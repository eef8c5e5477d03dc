use proptest::prelude::*;

use super::*;
use crate::testing::hex;

const MAC: [u8; 6] = [0, 1, 2, 3, 4, 5];

/// A frame with a state, a sequence and one boolean.
fn frame(state: u8, sequence: u8, value: u8) -> Vec<u8> {
    let content = hex("80 05 4c44302f47 81 02 07d0 82 03 445331 84 08 0000000000000000");
    let mut pdu = content;
    pdu.extend([0x85, 1, state, 0x86, 1, sequence, 0x87, 1, 0, 0x88, 1, 1, 0x89, 1, 0, 0x8a, 1, 2]);
    pdu.extend([0xab, 8, 0x83, 1, value, 0x84, 3, 3, 0x40, 0]);
    let mut bytes = vec![0x10, 0x01, 0, pdu.len() as u8 + 10, 0, 0, 0, 0, 0x61, pdu.len() as u8];
    bytes.extend(pdu);
    // Behind the PDU may stand padding.
    bytes.extend([0; 6]);
    bytes
}

fn tell(seen: &mut Seen, bytes: &[u8]) -> Option<String> {
    let mut json = Json::new();
    json.object_item();
    let told = seen.write(MAC, bytes, &mut json);
    json.end();
    told.then(|| String::from_utf8_lossy(json.bytes()).into_owned())
}

#[test]
fn a_new_state_is_told_and_repetitions_are_counted() {
    let mut seen = Seen::default();
    let told: Vec<String> = [frame(7, 0, 0), frame(7, 1, 0), frame(7, 2, 0), frame(8, 0, 1)]
        .iter()
        .filter_map(|bytes| tell(&mut seen, bytes))
        .collect();
    expect_test::expect![[r#"
        {"goose":{"appid":"0x1001","gocb_ref":"LD0/G","dat_set":"DS1","st_num":7,"sq_num":0,"time_allowed_to_live":2000,"conf_rev":1,"simulation":false,"nds_com":false,"values":["false","0x4000"]}}
        {"goose":{"appid":"0x1001","gocb_ref":"LD0/G","dat_set":"DS1","st_num":8,"sq_num":0,"time_allowed_to_live":2000,"conf_rev":1,"simulation":false,"nds_com":false,"values":["true","0x4000"],"previous":{"st_num":7,"sq_num":2,"repeated":2}}}"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_sequence_out_of_step_is_told() {
    let mut seen = Seen::default();
    tell(&mut seen, &frame(7, 5, 0));
    assert!(tell(&mut seen, &frame(7, 6, 0)).is_none());
    assert!(tell(&mut seen, &frame(7, 40, 0)).is_some(), "frames were lost, or somebody else publishes");
    assert!(tell(&mut seen, &frame(6, 0, 0)).is_some(), "an older state");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..60, byte in any::<u8>()) {
        let mut seen = Seen::default();
        tell(&mut seen, &bytes);
        let mut bent = frame(1, 1, 1);
        bent[at] = byte;
        tell(&mut seen, &bent);
    }
}
