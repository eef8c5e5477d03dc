use super::*;

#[test]
fn a_client_request_is_read() {
    let mut bytes = [0; 48];
    bytes[0] = 0x23;
    assert_eq!(read(&bytes), Some(Message { version: 4, mode: 3, stratum: 0, reference_id: [0; 4] }));
    assert_eq!(read(&bytes[..47]), None);
}
