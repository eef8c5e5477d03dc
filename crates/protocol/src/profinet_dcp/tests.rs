use proptest::prelude::*;

use super::*;
use crate::testing::hex;

fn tell(bytes: &[u8]) -> Option<String> {
    let mut json = Json::new();
    json.object_item();
    let told = write(bytes, &mut json);
    json.end();
    told.then(|| String::from_utf8_lossy(json.bytes()).into_owned())
}

#[test]
fn a_new_name_and_address_are_told() {
    let set =
        "fefd 04 00 00000102 0000 001c 0202 0006 0000 706c6331 0102 000e 0001 c0a80105 ffffff00 c0a80101";
    let identify = "fefe 05 00 00000103 0001 0004 ffff 0000";
    let answer = "feff 05 01 00000103 0000 000a 0202 0005 0000 706c63 00";
    let told: Vec<String> = [set, identify, answer].iter().filter_map(|text| tell(&hex(text))).collect();
    expect_test::expect![[r#"
        {"profinet_dcp":{"frame_id":"0xfefd","service":"set","type":"request","xid":"0x00000102","blocks":[{"option":"name_of_station","value":"plc1"},{"option":"ip_parameter","ip":"192.168.1.5","netmask":"255.255.255.0","gateway":"192.168.1.1"}]}}
        {"profinet_dcp":{"frame_id":"0xfefe","service":"identify","type":"request","xid":"0x00000103","blocks":[{"option":"all"}]}}
        {"profinet_dcp":{"frame_id":"0xfeff","service":"identify","type":"response","xid":"0x00000103","blocks":[{"option":"name_of_station","value":"plc"}]}}"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn what_is_asked_for_has_no_value() {
    let told = tell(&hex("fefd 03 00 00000001 0000 0004 0202 0103")).expect("a request is told");
    assert!(
        told.ends_with(r#""blocks":[{"option":"name_of_station"},{"option":"full_ip_suite"}]}}"#),
        "{told}"
    );
}

#[test]
fn cyclic_data_is_not_told() {
    assert!(tell(&hex("8000 0000000000000000000000")).is_none());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(service in 0u8..8, kind in 0u8..6, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut frame = vec![0xfe, 0xfd, service, kind, 0, 0, 0, 1, 0, 0, 0, bytes.len() as u8];
        frame.extend(bytes);
        tell(&frame);
    }
}
