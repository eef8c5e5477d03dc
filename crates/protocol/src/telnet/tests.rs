use super::*;

#[test]
fn negotiation_and_data_are_told_apart() {
    assert_eq!(unit(b"\xff\xfd\x18login", false), Some(("ctl", 3)));
    assert_eq!(unit(b"login: \xff\xfb\x01", false), Some(("data", 7)));
    assert_eq!(unit(b"\xff\xfa\x18\x00vt\xff\xf0x", false), Some(("ctl", 8)));
    assert_eq!(unit(b"\xff\xfa\x18\x00vt", false), None);
    assert_eq!(unit(b"\xff\xffa", false), Some(("data", 2)));
    assert_eq!(unit(b"\xff", false), None);
    assert_eq!(unit(b"\xff", true), Some(("data", 1)));
}
