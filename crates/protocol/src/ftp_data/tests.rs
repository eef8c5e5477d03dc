use std::net::{IpAddr, Ipv4Addr};

use model::{PacketId, Time};

use super::*;
use crate::{Asks, Config, Endpoints};

fn feed(session: &mut FtpData, direction: Direction, data: Data<'_>, end: bool) {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    session.feed(&mut Input {
        direction,
        data,
        end,
        time: Time::default(),
        packet: PacketId(1),
        endpoints: Endpoints { client: at, server: at, client_port: 40000, server_port: 4000, transport: 6 },
        config: &Config::default(),
        asks: &mut Asks::default(),
    });
}

fn announced() -> FtpData {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut session = FtpData::default();
    session.announced(&Expectation {
        client: at,
        server: at,
        server_port: 4000,
        protocol: "ftp-data",
        direction: Direction::ToServer,
        note: b"\x06a.txt".to_vec(),
    });
    session
}

#[test]
fn the_flow_is_one_file() {
    let mut session = announced();
    feed(&mut session, Direction::ToClient, Data::Bytes(b"noise"), false);
    feed(&mut session, Direction::ToServer, Data::Bytes(b"one "), false);
    feed(&mut session, Direction::ToServer, Data::Bytes(b"two"), true);
    let file = &session.files(0)[0];
    assert_eq!((file.name.as_slice(), file.body.window().0), (b"a.txt".as_slice(), b"one two".as_slice()));
    assert_eq!((file.state, session.core(0).progress), (FileState::Closed, [1, 1]));
}

#[test]
fn a_gap_truncates_the_file() {
    let mut session = announced();
    feed(&mut session, Direction::ToServer, Data::Bytes(b"one"), false);
    feed(&mut session, Direction::ToServer, Data::Gap(4), false);
    feed(&mut session, Direction::ToServer, Data::Bytes(&[]), true);
    let file = &session.files(0)[0];
    assert_eq!((file.state, file.size, file.gaps), (FileState::Truncated, 7, true));
}
