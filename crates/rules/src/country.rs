//! Countries of addresses, from a data base in the MaxMind DB format that the operator gives.

use std::fmt;
use std::net::IpAddr;

use maxminddb::{PathElement, Reader};

/// A data base of countries.
pub struct Countries {
    reader: Reader<Vec<u8>>,
}

impl fmt::Debug for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Countries")
    }
}

impl Countries {
    /// Reads a data base: GeoLite2, GeoIP2, DB-IP and IPinfo have this form.
    ///
    /// # Errors
    /// What is wrong with the file, in one sentence.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let reader = Reader::from_source(bytes).map_err(|error| error.to_string())?;
        Ok(Self { reader })
    }

    /// The country of an address as two letters (ISO 3166-1); where none is known, the one that it is registered in.
    pub fn of(&self, address: IpAddr) -> Option<[u8; 2]> {
        let found = self.reader.lookup(address).ok()?;
        PATHS.iter().find_map(|path| {
            let code: &str = found.decode_path(path).ok()??;
            let code = code.as_bytes().first_chunk::<2>()?;
            (code.len() == 2).then(|| code.to_ascii_uppercase().try_into().ok()).flatten()
        })
    }
}

/// Where data bases keep the code.
const PATHS: [&[PathElement<'static>]; 4] = [
    &[PathElement::Key("country"), PathElement::Key("iso_code")],
    &[PathElement::Key("registered_country"), PathElement::Key("iso_code")],
    &[PathElement::Key("country_code")],
    &[PathElement::Key("country")],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A data base that knows 128.0.0.0/1 as RU and nothing else: one node, and one record.
    pub(crate) fn small() -> Vec<u8> {
        let mut bytes = Vec::new();
        // Two records of 24 bits: the left one leads nowhere (the number of nodes), the right one to the first byte of the
        // data (number of nodes + 16).
        bytes.extend_from_slice(&[0, 0, 1, 0, 0, 17]);
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend_from_slice(b"\xe1\x47country\xe1\x48iso_code\x42RU");
        bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
        bytes.extend_from_slice(b"\xe9");
        bytes.extend_from_slice(b"\x4anode_count\xc1\x01");
        bytes.extend_from_slice(b"\x4brecord_size\xa1\x18");
        bytes.extend_from_slice(b"\x4aip_version\xa1\x04");
        bytes.extend_from_slice(b"\x4ddatabase_type\x44Test");
        bytes.extend_from_slice(b"\x49languages\x01\x04\x42en");
        bytes.extend_from_slice(b"\x5bbinary_format_major_version\xa1\x02");
        bytes.extend_from_slice(b"\x5bbinary_format_minor_version\xa0");
        bytes.extend_from_slice(b"\x4bbuild_epoch\x01\x02\x01");
        bytes.extend_from_slice(b"\x4bdescription\xe0");
        bytes
    }

    #[test]
    fn a_country_is_found_by_address() {
        let countries = Countries::read(small()).expect("it is a data base");
        let of = |text: &str| countries.of(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.7"), Some(*b"RU"));
        assert_eq!(of("10.0.0.1"), None);
        assert_eq!(of("2001:db8::1"), None);
    }

    #[test]
    fn what_is_no_data_base_is_told() {
        assert!(Countries::read(b"nothing".to_vec()).is_err());
    }
}
