use proptest::prelude::*;

use super::message::{Message, read};

fn message(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[4..8].copy_from_slice(&7_u32.to_be_bytes());
    bytes[28..34].copy_from_slice(&[1, 2, 3, 4, 5, 6]);
    bytes[236..].copy_from_slice(b"\x63\x82\x53\x63");
    bytes.extend_from_slice(options);
    bytes
}

#[test]
fn header_and_options_are_read() {
    let message = read(&message(&[53, 1, 3, 0, 51, 4, 0, 0, 1, 0, 255])).unwrap();
    assert_eq!((message.opcode, message.id, message.mac.as_slice()), (1, 7, [1, 2, 3, 4, 5, 6].as_slice()));
    assert_eq!((message.option(53), message.seconds(51)), (Some([3].as_slice()), Some(256)));
    assert!(!message.truncated && !message.malformed);
}

#[test]
fn options_without_an_end_or_beyond_it_are_told() {
    assert!(read(&message(&[53, 1, 3])).unwrap().truncated);
    let message = read(&message(&[53, 9, 3])).unwrap();
    assert!(message.malformed && message.truncated);
}

#[test]
fn the_fields_for_names_may_hold_options() {
    let mut bytes = message(&[52, 1, 3, 255]);
    bytes[108..115].copy_from_slice(&[51, 4, 0, 0, 0, 9, 255]);
    bytes[44..48].copy_from_slice(&[12, 1, b'a', 255]);
    let message = read(&bytes).unwrap();
    assert_eq!((message.seconds(51), message.option(12)), (Some(9), Some(b"a".as_slice())));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _: Option<Message> = read(&bytes);
        let _: Option<Message> = read(&message(&bytes));
    }
}
