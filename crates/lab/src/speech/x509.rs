//! Certificates, built value by value. The key and the signature are random: nobody here checks them.
//!
//! References: RFC 5280, X.690 (DER).

use model::Time;

use crate::calendar::Date;
use crate::random::Random;

const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// A certificate for a name. Without an issuer it is signed by itself.
pub(super) fn certificate(
    random: &mut Random,
    name: &str,
    issuer: Option<&str>,
    from: Time,
    days: u64,
) -> Vec<u8> {
    let subject = distinguished(&[(COMMON_NAME, name)]);
    let issuer = match issuer {
        Some(issuer) => distinguished(&[(ORGANISATION, issuer), (COMMON_NAME, &format!("{issuer} R3"))]),
        None => subject.clone(),
    };
    let algorithm = sequence(&[object(SHA256_RSA), tagged(0x05, &[])]);
    let until = from.plus_secs(days * 86_400);
    let validity = sequence(&[time(from), time(until)]);
    let names = sequence(&[tagged(0x82, name.as_bytes())]);
    let extensions = sequence(&[
        sequence(&[object(ALTERNATIVE_NAMES), tagged(0x04, &names)]),
        sequence(&[object(BASIC_CONSTRAINTS), tagged(0x01, &[0xff]), tagged(0x04, &sequence(&[]))]),
    ]);
    let mut serial = random.bytes(16);
    serial[0] = serial[0] & 0x3f | 0x40;
    let body = sequence(&[
        tagged(0xa0, &tagged(0x02, &[2])),
        tagged(0x02, &serial),
        algorithm.clone(),
        issuer,
        validity,
        subject,
        public_key(random),
        tagged(0xa3, &extensions),
    ]);
    sequence(&[body, algorithm, bits(&random.bytes(256))])
}

fn public_key(random: &mut Random) -> Vec<u8> {
    let mut modulus = random.bytes(257);
    modulus[0] = 0;
    modulus[1] |= 0x80;
    modulus[256] |= 1;
    let key = sequence(&[tagged(0x02, &modulus), tagged(0x02, &[1, 0, 1])]);
    sequence(&[sequence(&[object(RSA), tagged(0x05, &[])]), bits(&key)])
}

fn distinguished(parts: &[(&[u8], &str)]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts
        .iter()
        .map(|(kind, value)| tagged(0x31, &sequence(&[object(kind), tagged(0x0c, value.as_bytes())])))
        .collect();
    sequence(&parts)
}

fn time(at: Time) -> Vec<u8> {
    tagged(0x17, Date::utc_time(at).as_bytes())
}

fn object(id: &[u8]) -> Vec<u8> {
    tagged(0x06, id)
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match value.len() {
        length @ 0..128 => out.push(length as u8),
        length @ 128..256 => out.extend_from_slice(&[0x81, length as u8]),
        length => {
            out.push(0x82);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(value);
    out
}
