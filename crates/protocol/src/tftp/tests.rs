use super::*;

#[test]
fn a_request_has_file_and_mode() {
    let request = read(b"\0\x01rfc1350.txt\0OCTET\0").unwrap();
    assert_eq!(
        (request.write, request.file.as_slice(), request.mode.as_slice()),
        (false, b"rfc1350.txt".as_slice(), b"octet".as_slice())
    );
    assert_eq!(read(b"\0\x01a\0bogus\0"), None);
    assert_eq!(read(b"\0\x03\0\x01data"), None);
    assert_eq!(read(b"\0\x02"), None);
}
