use super::*;

fn authenticate() -> Vec<u8> {
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    message.resize(72, 0);
    for (at, text) in [(28, b"D\0".as_slice()), (36, b"u\0s\0"), (44, b"H\0")] {
        let offset = message.len() as u32;
        message[at] = text.len() as u8;
        message[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
        message.extend_from_slice(text);
    }
    message[60..64].copy_from_slice(&NEGOTIATE_VERSION.to_le_bytes());
    message[64..72].copy_from_slice(&[10, 0, 0x5a, 0x29, 0, 0, 0, 15]);
    message
}

#[test]
fn a_logon_names_domain_user_host_and_version() {
    let expected = Logon {
        domain: b"D".to_vec(),
        user: b"us".to_vec(),
        host: b"H".to_vec(),
        version: Some((10, 0, 10586, 15)),
    };
    assert_eq!(read(&authenticate()), Token::Logon(expected.clone()));
    let message = authenticate();
    let octets = [&[4, message.len() as u8], message.as_slice()].concat();
    let field = [&[0xa2, octets.len() as u8], octets.as_slice()].concat();
    let sequence = [&[0x30, field.len() as u8], field.as_slice()].concat();
    let response = [&[0xa1, sequence.len() as u8], sequence.as_slice()].concat();
    assert_eq!(read(&response), Token::Logon(expected));
}

#[test]
fn a_message_cut_short_is_malformed() {
    assert_eq!(read(&authenticate()[..70]), Token::Malformed);
    assert_eq!(read(b"NTLMSSP\0"), Token::Malformed);
    assert_eq!(read(b"NTLMSSP\0\x01\0\0\0"), Token::Other);
    assert_eq!(read(b"whatever"), Token::Other);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        read(&bytes);
        read(&[b"NTLMSSP\0\x03\0\0\0".as_slice(), &bytes].concat());
    }
}
