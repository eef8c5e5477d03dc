//! The registry's names for record types and response codes (IANA DNS parameters).

use json::Json;

use crate::Enumeration;

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const NULL: u16 = 10;
pub(super) const PTR: u16 = 12;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const SRV: u16 = 33;
pub(super) const OPT: u16 = 41;
pub(super) const SSHFP: u16 = 44;

/// Record types.
pub(crate) const TYPES: Enumeration = &[
    ("a", 1),
    ("ns", 2),
    ("md", 3),
    ("mf", 4),
    ("cname", 5),
    ("soa", 6),
    ("mb", 7),
    ("mg", 8),
    ("mr", 9),
    ("null", 10),
    ("wks", 11),
    ("ptr", 12),
    ("hinfo", 13),
    ("minfo", 14),
    ("mx", 15),
    ("txt", 16),
    ("rp", 17),
    ("afsdb", 18),
    ("x25", 19),
    ("isdn", 20),
    ("rt", 21),
    ("nsap", 22),
    ("nsapptr", 23),
    ("sig", 24),
    ("key", 25),
    ("px", 26),
    ("gpos", 27),
    ("aaaa", 28),
    ("loc", 29),
    ("nxt", 30),
    ("eid", 31),
    ("nimloc", 32),
    ("srv", 33),
    ("atma", 34),
    ("naptr", 35),
    ("kx", 36),
    ("cert", 37),
    ("a6", 38),
    ("dname", 39),
    ("sink", 40),
    ("opt", 41),
    ("apl", 42),
    ("ds", 43),
    ("sshfp", 44),
    ("ipseckey", 45),
    ("rrsig", 46),
    ("nsec", 47),
    ("dnskey", 48),
    ("dhcid", 49),
    ("nsec3", 50),
    ("nsec3param", 51),
    ("tlsa", 52),
    ("smimea", 53),
    ("hip", 55),
    ("ninfo", 56),
    ("rkey", 57),
    ("talink", 58),
    ("cds", 59),
    ("cdnskey", 60),
    ("openpgpkey", 61),
    ("csync", 62),
    ("zonemd", 63),
    ("svcb", 64),
    ("https", 65),
    ("spf", 99),
    ("uinfo", 100),
    ("uid", 101),
    ("gid", 102),
    ("unspec", 103),
    ("nid", 104),
    ("l32", 105),
    ("l64", 106),
    ("lp", 107),
    ("eui48", 108),
    ("eui64", 109),
    ("tkey", 249),
    ("tsig", 250),
    ("ixfr", 251),
    ("axfr", 252),
    ("mailb", 253),
    ("maila", 254),
    ("any", 255),
    ("uri", 256),
    ("caa", 257),
    ("avc", 258),
    ("doa", 259),
    ("amtrelay", 260),
    ("ta", 32768),
    ("dlv", 32769),
];

/// Response codes.
pub(crate) const CODES: Enumeration = &[
    ("noerror", 0),
    ("formerr", 1),
    ("servfail", 2),
    ("nxdomain", 3),
    ("notimp", 4),
    ("refused", 5),
    ("yxdomain", 6),
    ("yxrrset", 7),
    ("nxrrset", 8),
    ("notauth", 9),
    ("notzone", 10),
    ("badvers", 16),
    ("badkey", 17),
    ("badtime", 18),
    ("badmode", 19),
    ("badname", 20),
    ("badalg", 21),
    ("badtrunc", 22),
];

/// The name of a record type in lower case; `None` for one without a name.
pub(crate) fn type_name(rrtype: u16) -> Option<&'static str> {
    // The table is sorted, so its position is found by halving.
    let position = TYPES.binary_search_by_key(&u64::from(rrtype), |&(_, value)| value).ok()?;
    TYPES.get(position).map(|&(name, _)| name)
}

/// Writes a record type in EVE's upper case; the bare number when it has no name.
pub(crate) fn write_type(json: &mut Json, key: &str, rrtype: u16) {
    write_name(json, key, type_name(rrtype), rrtype);
}

/// Writes a response code likewise.
pub(crate) fn write_code(json: &mut Json, key: &str, code: u16) {
    let known = CODES.iter().find(|&&(_, value)| value == u64::from(code));
    write_name(json, key, known.map(|&(name, _)| name), code);
}

fn write_name(json: &mut Json, key: &str, name: Option<&str>, number: u16) {
    match name {
        Some(name) => json.capitals(key, name),
        None => json.plain_by(key, |out| json::decimal_into(out, number.into())),
    };
}
