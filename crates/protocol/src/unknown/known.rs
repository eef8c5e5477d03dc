//! How protocols begin that are not parsed, and what lives on which port.

use crate::magic::begins;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Transport (0 = any), where the bytes stand, the bytes, the protocol.
const BEGINNINGS: &[(u8, usize, &[u8], &str)] = &[
    (0, 4, &[0x21, 0x12, 0xa4, 0x42], "stun"),
    (UDP, 0, b"M-SEARCH * HTTP", "ssdp"),
    (UDP, 0, b"NOTIFY * HTTP", "ssdp"),
    (TCP, 0, b"\x13BitTorrent protocol", "bittorrent"),
    (TCP, 0, b"NICK ", "irc"),
    (TCP, 0, b"USER ", "irc"),
    (TCP, 0, b"CAP LS", "irc"),
    (TCP, 0, b"AMQP", "amqp"),
    (TCP, 0, b"@RSYNCD:", "rsync"),
    (TCP, 0, b"CNXN\0\0\0\x01", "adb"),
    (TCP, 0, b"ZBXD", "zabbix"),
    (TCP, 0, b"DRDA", "drda"),
    (TCP, 0, b"GIOP", "corba"),
    (TCP, 0, b"JRMI", "java-rmi"),
    (TCP, 0, b"\xac\xed\0\x05", "java-serialization"),
    (TCP, 0, b"git-upload-pack", "git"),
    (TCP, 0, b"PROXY TCP", "proxy-protocol"),
    (TCP, 0, b"\r\n\r\n\0\r\nQUIT\n", "proxy-protocol"),
    (TCP, 0, b"RTSP/1.0", "rtsp"),
    (TCP, 0, b"OPTIONS rtsp:", "rtsp"),
    (TCP, 0, b"DESCRIBE rtsp:", "rtsp"),
    (TCP, 0, &[0x12, 1, 0], "tds"),
    (UDP, 0, &[1, 0, 0, 0], "wireguard"),
    (UDP, 0, &[0x16, 0xfe, 0xfd], "dtls"),
    (UDP, 0, &[0x16, 0xfe, 0xff], "dtls"),
    (UDP, 0, &[0x32, 0xff], "gtp"),
    (UDP, 0, &[0x30, 0xff], "gtp"),
];

/// What lives on a port: transport (0 = any), port, name.
const PORTS: &[(u8, u16, &str)] = &[
    (0, 7, "echo"),
    (0, 19, "chargen"),
    (TCP, 79, "finger"),
    (0, 111, "portmap"),
    (TCP, 113, "ident"),
    (UDP, 137, "netbios-ns"),
    (UDP, 138, "netbios-dgm"),
    (TCP, 139, "netbios-ssn"),
    (TCP, 179, "bgp"),
    (TCP, 512, "rexec"),
    (TCP, 513, "rlogin"),
    (TCP, 514, "rsh"),
    (UDP, 514, "syslog"),
    (UDP, 520, "rip"),
    (UDP, 546, "dhcpv6"),
    (UDP, 547, "dhcpv6"),
    (TCP, 554, "rtsp"),
    (TCP, 631, "ipp"),
    (TCP, 873, "rsync"),
    (0, 1194, "openvpn"),
    (TCP, 1433, "tds"),
    (UDP, 1434, "mssql-browser"),
    (TCP, 1521, "oracle"),
    (UDP, 1701, "l2tp"),
    (TCP, 1723, "pptp"),
    (UDP, 1900, "ssdp"),
    (TCP, 1911, "niagara-fox"),
    (UDP, 2123, "gtp"),
    (UDP, 2152, "gtp"),
    (TCP, 2181, "zookeeper"),
    (TCP, 2375, "docker"),
    (TCP, 3128, "http-proxy"),
    (0, 3478, "stun"),
    (TCP, 4444, "metasploit-default"),
    (UDP, 4500, "ipsec-nat"),
    (TCP, 4713, "pulseaudio"),
    (TCP, 5000, "upnp"),
    (UDP, 5007, "melsec"),
    (TCP, 5007, "melsec"),
    (TCP, 5094, "hart-ip"),
    (UDP, 5094, "hart-ip"),
    (TCP, 5555, "adb"),
    (TCP, 5672, "amqp"),
    (UDP, 5683, "coap"),
    (TCP, 5938, "teamviewer"),
    (TCP, 6000, "x11"),
    (TCP, 6667, "irc"),
    (TCP, 8291, "winbox"),
    (TCP, 9042, "cassandra"),
    (TCP, 9092, "kafka"),
    (TCP, 9100, "jetdirect"),
    (TCP, 9160, "cassandra"),
    (UDP, 9600, "omron-fins"),
    (TCP, 9600, "omron-fins"),
    (TCP, 10001, "atg"),
    (TCP, 11211, "memcached"),
    (UDP, 11211, "memcached"),
    (TCP, 18245, "ge-srtp"),
    (TCP, 20547, "proconos"),
    (TCP, 27017, "mongodb"),
    (UDP, 34964, "profinet-cm"),
    (TCP, 48898, "beckhoff-ads"),
    (UDP, 51820, "wireguard"),
];

/// The protocol that begins like this.
pub(super) fn beginning(transport: u8, head: &[u8]) -> Option<&'static str> {
    let fits = |(of, at, bytes, _): &&(u8, usize, &[u8], &str)| {
        (*of == 0 || *of == transport) && head.get(*at..).is_some_and(|rest| begins(rest, bytes))
    };
    BEGINNINGS.iter().find(fits).map(|(.., name)| *name)
}

/// What usually lives on a port.
pub(super) fn port(transport: u8, port: u16) -> &'static str {
    let fits = |(of, known, _): &&(u8, u16, &str)| (*of == 0 || *of == transport) && *known == port;
    PORTS.iter().find(fits).map_or("", |(.., name)| name)
}
