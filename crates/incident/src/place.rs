//! Where an address is and whose it is, from database files in the MaxMind format that the operator gives.

use std::net::IpAddr;

use maxminddb::Reader;
use serde::Deserialize;

/// Databases, read into memory.
#[derive(Default)]
pub struct Places {
    asn: Option<Reader<Vec<u8>>>,
    country: Option<Reader<Vec<u8>>>,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("asn", &self.asn.is_some())
            .field("country", &self.country.is_some())
            .finish()
    }
}

/// A record of an ASN database, in the words of GeoLite2 and of the others that follow it.
#[derive(Deserialize)]
struct AsnRecord<'a> {
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
}

/// A record of a country or city database.
#[derive(Deserialize)]
struct CountryRecord<'a> {
    #[serde(borrow)]
    country: Option<Country<'a>>,
}

#[derive(Deserialize)]
struct Country<'a> {
    #[serde(borrow)]
    iso_code: Option<&'a str>,
}

impl Places {
    /// From the bytes of database files.
    ///
    /// # Errors
    /// Which of the files is not a database, in a sentence.
    pub fn read(asn: Option<Vec<u8>>, country: Option<Vec<u8>>) -> Result<Self, String> {
        let open = |bytes: Option<Vec<u8>>, what: &str| {
            bytes
                .map(|bytes| {
                    Reader::from_source(bytes).map_err(|error| format!("the {what} database: {error}"))
                })
                .transpose()
        };
        Ok(Self { asn: open(asn, "ASN")?, country: open(country, "country")? })
    }

    /// Number and holder of the autonomous system.
    pub fn asn(&self, address: IpAddr) -> Option<(u32, String)> {
        let record: AsnRecord<'_> = self.asn.as_ref()?.lookup(address).ok()?.decode().ok()??;
        let holder = record.autonomous_system_organization.unwrap_or_default().to_owned();
        Some((record.autonomous_system_number?, holder))
    }

    /// Country as ISO 3166-1 alpha-2.
    pub fn country(&self, address: IpAddr) -> Option<String> {
        let record: CountryRecord<'_> = self.country.as_ref()?.lookup(address).ok()?.decode().ok()??;
        record.country?.iso_code.map(str::to_owned)
    }
}
