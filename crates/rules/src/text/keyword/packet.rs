//! Conditions on the headers of a packet.

use super::{Argument, Given, Keyword};
use crate::NumberTest;
use crate::ir::{Checksummed, CountryTest, Items, PacketTest, ReputationSide, TcpFlags, TcpFlagsMode};
use crate::text::draft::{Draft, Latest, integer};
use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::number_text::{self, Kind};

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn keyword(
    name: &'static str,
    aliases: &'static [&'static str],
    help: &'static str,
    set: Set,
) -> Keyword {
    Keyword { name, aliases, help, set, ..Keyword::EMPTY }
}

/// An integer of so many bits.
macro_rules! integer {
    ($bits:literal, $test:ident) => {
        |draft: &mut Draft<'_>, given: &Given<'_>| {
            let test = number_text::test(given.text, Kind::bits($bits))?;
            add(draft, PacketTest::$test(test))
        }
    };
}

macro_rules! checksum {
    ($which:ident) => {
        |draft: &mut Draft<'_>, given: &Given<'_>| {
            let valid = valid(given.text)?;
            add(draft, PacketTest::Checksum(Checksummed::$which, valid))
        }
    };
}

pub(super) const KEYWORDS: &[Keyword] = &[
    keyword("ttl", &[], "Time to live.", integer!(8, Ttl)),
    keyword("tos", &[], "Type of service.", tos),
    keyword("id", &[], "Identification of the IPv4 header.", |draft, given| {
        let number = unquoted(given.text).trim().parse::<u16>();
        let number =
            number.map_err(|_| Fault::new(Code::Value, "an identification is a number up to 65535"))?;
        add(draft, PacketTest::Id(NumberTest::Equal(number.into())))
    }),
    keyword("ipopts", &[], "An IPv4 option is there: rr, ts, lsrr, ssrr, rtralt, any, …", ipopts),
    keyword("ip_proto", &[], "IP protocol, by number or name.", ip_proto),
    keyword("fragbits", &[], "Bits of the fragment field: M, D, R.", fragbits),
    keyword("fragoffset", &[], "Offset of the fragment, in units of 8 bytes.", integer!(16, FragmentOffset)),
    Keyword {
        name: "sameip",
        argument: Argument::None,
        help: "Source and destination address are the same.",
        set: |draft, _| add(draft, PacketTest::SameIp),
        ..Keyword::EMPTY
    },
    keyword("geoip", &[], "Country of an address: `src,RU,BY`, `dst,!US`.", geoip),
    keyword(
        "tcp.flags",
        &["flags"],
        "Flags of TCP: S, SA, F+, *SF, !A, and after a comma those that do not matter.",
        flags,
    ),
    keyword("tcp.seq", &["seq"], "Sequence number.", integer!(32, Seq)),
    keyword("tcp.ack", &["ack"], "Acknowledgement number.", integer!(32, Ack)),
    keyword("tcp.window", &["window"], "Window as sent.", integer!(16, Window)),
    keyword("tcp.mss", &[], "Maximum segment size option.", integer!(16, Mss)),
    keyword("tcp.wscale", &[], "Window scale option.", integer!(8, WindowScale)),
    keyword("itype", &[], "Type of ICMP or ICMPv6.", integer!(8, IcmpType)),
    keyword("icode", &[], "Code of ICMP or ICMPv6.", integer!(8, IcmpCode)),
    keyword("icmp_id", &["icmp.id"], "Identifier of an ICMP echo.", |draft, given| {
        let test = number_text::test(unquoted(given.text), Kind::bits(16))?;
        add(draft, PacketTest::IcmpId(test))
    }),
    keyword("icmp_seq", &["icmp.seq"], "Sequence number of an ICMP echo.", |draft, given| {
        let test = number_text::test(unquoted(given.text), Kind::bits(16))?;
        add(draft, PacketTest::IcmpSeq(test))
    }),
    keyword("icmpv6.mtu", &[], "MTU of an ICMPv6 \"packet too big\".", integer!(32, IcmpMtu)),
    keyword("igmp.type", &[], "Type of IGMP.", integer!(8, IgmpType)),
    keyword(
        "vlan.id",
        &[],
        "VLAN id; which tag may follow, as for every list of integers.",
        |draft, given| {
            let (test, items): (NumberTest, Items) = number_text::list_test(given.text, Kind::bits(16))?;
            add(draft, PacketTest::VlanId(test, items))
        },
    ),
    keyword("vlan.layers", &[], "How many VLAN tags.", |draft, given| {
        let test = number_text::test(given.text, Kind::bits(8))?;
        let impossible = matches!(test, NumberTest::Equal(count) | NumberTest::GreaterEqual(count) if count > 3)
            || matches!(test, NumberTest::Greater(count) if count >= 3);
        if impossible {
            return Err(Fault::new(Code::Never, "a packet has at most 3 VLAN tags"));
        }
        add(draft, PacketTest::VlanLayers(test))
    }),
    keyword("vxlan_vni", &[], "Network identifier of VXLAN.", integer!(32, Vni)),
    keyword("ipv4-csum", &[], "The checksum of the IPv4 header is `valid` or `invalid`.", checksum!(Ipv4)),
    keyword("tcpv4-csum", &[], "The checksum of TCP over IPv4.", checksum!(TcpV4)),
    keyword("tcpv6-csum", &[], "The checksum of TCP over IPv6.", checksum!(TcpV6)),
    keyword("udpv4-csum", &[], "The checksum of UDP over IPv4.", checksum!(UdpV4)),
    keyword("udpv6-csum", &[], "The checksum of UDP over IPv6.", checksum!(UdpV6)),
    keyword("icmpv4-csum", &[], "The checksum of ICMP.", checksum!(Icmp)),
    keyword("icmpv6-csum", &[], "The checksum of ICMPv6.", checksum!(Icmp6)),
    keyword("igmp-csum", &[], "The checksum of IGMP.", checksum!(Igmp)),
    keyword("rpc", &[], "Program, version and procedure of a Sun RPC call: `100000,*,3`.", rpc),
    keyword(
        "decode-event",
        &["engine-event", "decoder-event"],
        "The packet is odd in this way.",
        decode_event,
    ),
];

/// Adds a condition on the packet.
pub(super) fn add(draft: &mut Draft<'_>, test: PacketTest) -> Parsed<()> {
    draft.latest = Latest::Packet(draft.rule.packet.len());
    draft.rule.packet.push(test);
    Ok(())
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

fn tos(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (negated, text) = match given.text.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, given.text),
    };
    let number = match text.strip_prefix(['x', 'X']) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => integer(text).ok(),
    };
    match number {
        Some(tos @ 0..=255) if negated => add(draft, PacketTest::Tos(NumberTest::NotEqual(tos as u64))),
        Some(tos @ 0..=255) => add(draft, PacketTest::Tos(NumberTest::Equal(tos as u64))),
        _ => Err(Fault::new(Code::Value, format!("`{text}` is not a number up to 255"))),
    }
}

fn ipopts(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let bits = decode::ipv4_option::from_name(&given.text.to_ascii_lowercase());
    let bits = bits.ok_or_else(|| {
        Fault::new(Code::Value, format!("`{}` is not an IPv4 option", given.text))
            .help("known: rr, lsrr, ssrr, eol, nop, ts, sec, esec, satid, rtralt, qs, cipso, any")
    })?;
    add(draft, PacketTest::IpOptions(bits))
}

const PROTOCOLS: &[(&str, u8)] = &[
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipip", 4),
    ("ipencap", 4),
    ("ipv4", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("rdp", 27),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
    ("mpls-in-ip", 137),
];

fn ip_proto(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (sign, rest) = match given.text.chars().next() {
        Some(sign @ ('!' | '<' | '>')) => (Some(sign), given.text[1..].trim()),
        _ => (None, given.text.strip_prefix('=').unwrap_or(given.text).trim()),
    };
    let named = PROTOCOLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest)).map(|(_, number)| *number);
    let Some(number) = rest.parse::<u8>().ok().or(named) else {
        let mut fault = Fault::new(Code::Value, format!("`{rest}` is not an IP protocol"));
        fault.help = meant(rest, PROTOCOLS.iter().map(|(name, _)| *name));
        return Err(fault);
    };
    let mut bits = [0u64; 4];
    for candidate in 0..=255u8 {
        let within = match sign {
            None => candidate == number,
            Some('!') => candidate != number,
            Some('<') => candidate < number,
            Some(_) => candidate > number,
        };
        if within {
            bits[usize::from(candidate / 64)] |= 1 << (candidate % 64);
        }
    }
    add(draft, PacketTest::IpProto(bits))
}

fn fragbits(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (mode, letters) = modifier(given.text);
    let mut bits = 0;
    for letter in letters.chars().filter(|letter| !letter.is_whitespace()) {
        bits |= match letter.to_ascii_uppercase() {
            'M' => 1,
            'D' => 2,
            'R' => 4,
            _ => return Err(Fault::new(Code::Value, format!("`{letter}` is not one of M, D, R"))),
        };
    }
    if bits == 0 {
        return Err(Fault::new(Code::Value, "no bits are named").help("write M, D or R"));
    }
    add(draft, PacketTest::FragmentBits { bits, mode })
}

/// The modifier, before or behind the letters.
fn modifier(text: &str) -> (TcpFlagsMode, &str) {
    let mode = |sign: char| match sign {
        '+' => Some(TcpFlagsMode::AtLeast),
        '*' => Some(TcpFlagsMode::Any),
        '!' => Some(TcpFlagsMode::None),
        _ => None,
    };
    let text = text.trim();
    if let Some(mode) = text.chars().next().and_then(mode) {
        return (mode, &text[1..]);
    }
    if let Some(mode) = text.chars().next_back().and_then(mode) {
        return (mode, &text[..text.len() - 1]);
    }
    (TcpFlagsMode::Exactly, text)
}

fn flags(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (test, ignored) = given.text.split_once(',').unwrap_or((given.text, ""));
    let (mode, letters) = modifier(test);
    let flags = flag_bits(letters)?;
    let ignored = flag_bits(ignored)?;
    add(draft, PacketTest::Flags(TcpFlags { mode, flags, ignored }))
}

fn flag_bits(letters: &str) -> Parsed<u8> {
    let mut bits = 0;
    for letter in letters.chars().filter(|letter| !letter.is_whitespace()) {
        bits |= match letter.to_ascii_uppercase() {
            'F' => decode::Tcp::FIN,
            'S' => decode::Tcp::SYN,
            'R' => decode::Tcp::RST,
            'P' => decode::Tcp::PSH,
            'A' => decode::Tcp::ACK,
            'U' => decode::Tcp::URG,
            'E' | '2' => decode::Tcp::ECE,
            'C' | '1' => decode::Tcp::CWR,
            '0' => 0,
            _ => {
                return Err(Fault::new(Code::Value, format!("`{letter}` is not a flag"))
                    .help("flags are F S R P A U E C, or 0 for none"));
            }
        };
    }
    Ok(bits)
}

fn valid(text: &str) -> Parsed<bool> {
    match unquoted(text).to_ascii_lowercase().as_str() {
        "valid" => Ok(true),
        "invalid" => Ok(false),
        other => Err(Fault::new(Code::Value, format!("`{other}` is neither `valid` nor `invalid`"))),
    }
}

fn rpc(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let number = |text: &str| match text.trim() {
        "*" => Ok(None),
        text => text
            .parse::<u32>()
            .map(Some)
            .map_err(|_| Fault::new(Code::Value, format!("`{text}` is neither a number nor `*`"))),
    };
    let mut parts = given.text.split(',');
    let program = number(parts.next().unwrap_or_default())?;
    let version = parts.next().map_or(Ok(None), number)?;
    let procedure = parts.next().map_or(Ok(None), number)?;
    let Some(program) = program else {
        return Err(Fault::new(Code::Value, "the program of `rpc` is a number"));
    };
    add(draft, PacketTest::Rpc { program, version, procedure })
}

fn decode_event(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let name = given.text.strip_prefix("decoder.").unwrap_or(given.text);
    match decode::DecodeEvent::from_name(name) {
        Some(event) => add(draft, PacketTest::DecodeEvent(event)),
        None => {
            let mut fault = Fault::new(Code::Name, format!("`{name}` is not a decode event"));
            fault.help = meant(name, decode::DecodeEvent::ALL.iter().map(|event| event.name()));
            Err(fault)
        }
    }
}

/// `geoip:[src|dst|any|both,][!]CODE,…`.
fn geoip(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.split(',').map(str::trim).peekable();
    let side = match parts.peek().copied() {
        Some("src") => Some(ReputationSide::Source),
        Some("dst") => Some(ReputationSide::Destination),
        Some("both") => Some(ReputationSide::Both),
        Some("any") => Some(ReputationSide::Any),
        _ => None,
    };
    if side.is_some() {
        parts.next();
    }
    let (mut codes, mut negated) = (Vec::new(), false);
    for part in parts {
        let code = part.strip_prefix('!').unwrap_or(part);
        negated |= code.len() < part.len();
        match code.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                codes.push([first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
            }
            _ => {
                return Err(Fault::new(Code::Value, format!("`{part}` is not the code of a country"))
                    .help("write two letters, as in geoip:src,RU,BY"));
            }
        }
    }
    if codes.is_empty() {
        return Err(Fault::new(Code::Value, "`geoip` needs a country").help("write geoip:src,RU"));
    }
    let Some(countries) = draft.environment.countries.clone() else {
        return Err(Fault::new(Code::Unsupported, "there is no data base of countries")
            .help("give one with `files.geoip` (a MaxMind DB file, like GeoLite2-Country.mmdb)"));
    };
    let side = side.unwrap_or(ReputationSide::Any);
    add(draft, PacketTest::Country(CountryTest { side, codes, negated, countries }))
}
