use std::net::{IpAddr, Ipv4Addr};

use decode::{Embedded, Icmp, Layers, Transport};
use model::{Direction, FlowId, PacketId, Time};

use crate::{Config, EndReason, FlowState, Flows, Pool, Seen, Table, Touch};

/// A table with a pool of its own.
struct Alone {
    table: Table,
    pool: Pool<()>,
}

impl Alone {
    fn new(config: Config) -> Self {
        Self { table: Table::new(config), pool: Pool::default() }
    }

    fn flows(&mut self) -> Flows<'_, ()> {
        self.table.with(&mut self.pool)
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn udp(from: (u8, u16), to: (u8, u16)) -> Layers {
    Layers {
        src: address(from.0),
        dst: address(to.0),
        src_port: from.1,
        dst_port: to.1,
        protocol: 17,
        ttl: 64,
        transport: Transport::Udp { at: 0, len: 8 },
        ..Layers::default()
    }
}

fn icmp(from: u8, to: u8, kind: u8, code: u8, embedded: Option<Embedded>) -> Layers {
    let icmp = Icmp { at: 0, header_len: 8, kind, code, id: None, seq: None, embedded };
    Layers {
        src: address(from),
        dst: address(to),
        src_port: kind.into(),
        dst_port: code.into(),
        protocol: 1,
        ttl: 64,
        transport: Transport::Icmp(icmp),
        ..Layers::default()
    }
}

fn touch(table: &mut Alone, id: u64, secs: u64, layers: &Layers) -> Touch {
    let seen =
        Seen { id: PacketId(id), time: Time::from_secs(secs), bytes: &[], layers, len: 60 + id as u32 };
    table.flows().touch(&seen)
}

fn ended(table: &mut Alone, now: u64) -> Vec<(FlowId, EndReason)> {
    let mut all = Vec::new();
    while let Some(slot) = table.flows().next_due(Time::from_secs(now)) {
        let flow = table.flows().entry(slot).flow.clone();
        all.push((flow.id, flow.reason));
        table.flows().release(slot);
    }
    all
}

#[test]
fn both_directions_are_one_flow_and_count_apart() {
    let mut table = Alone::new(Config::default());
    let first = touch(&mut table, 1, 10, &udp((1, 1000), (2, 53)));
    let second = touch(&mut table, 2, 11, &udp((2, 53), (1, 1000)));
    assert_eq!(first.slot, second.slot);
    assert!(first.opened && first.first && !first.established);
    assert!(!second.opened && second.first && second.established);
    let slot = first.slot.expect("a flow");
    let flow = table.flows().entry(slot).flow;
    assert_eq!((flow.packets, flow.bytes), ([1, 1], [61, 62]));
    assert_eq!(flow.state, FlowState::Established);
    assert_eq!(flow.age_secs(), 1);
}

#[test]
fn equal_ports_are_told_apart_by_address() {
    let mut table = Alone::new(Config::default());
    assert_eq!(touch(&mut table, 1, 1, &udp((1, 123), (2, 123))).direction, Direction::ToServer);
    assert_eq!(touch(&mut table, 2, 1, &udp((2, 123), (1, 123))).direction, Direction::ToClient);
}

#[test]
fn vlan_level_and_tenant_keep_flows_apart() {
    let mut table = Alone::new(Config { tenant_tracking: true, ..Config::default() });
    let plain = udp((1, 1000), (2, 53));
    let tagged = Layers { vlans: [5, 0, 0], vlan_count: 1, ..plain.clone() };
    let deeper = Layers { level: 1, ..plain.clone() };
    let tenant = Layers { tenant: 7, ..plain.clone() };
    let opened: Vec<bool> = [&plain, &tagged, &deeper, &tenant]
        .iter()
        .map(|layers| touch(&mut table, 1, 1, layers).opened)
        .collect();
    assert_eq!(opened, [true; 4]);
    let loose = Config { vlan_tracking: false, level_tracking: false, ..Config::default() };
    let mut table = Alone::new(loose);
    assert!(touch(&mut table, 1, 1, &plain).opened);
    assert!(!touch(&mut table, 2, 1, &tagged).opened);
    assert!(!touch(&mut table, 3, 1, &deeper).opened);
}

#[test]
fn an_echo_and_its_reply_are_one_flow() {
    let mut table = Alone::new(Config::default());
    assert!(touch(&mut table, 1, 1, &icmp(1, 2, 8, 0, None)).opened);
    let reply = touch(&mut table, 2, 1, &icmp(2, 1, 0, 0, None));
    assert!(!reply.opened);
    assert_eq!(reply.direction, Direction::ToClient);
    assert!(
        touch(&mut table, 3, 1, &icmp(2, 1, 8, 0, None)).opened,
        "the other side's own echo is another flow"
    );
}

#[test]
fn an_icmp_error_belongs_to_the_flow_it_quotes() {
    let mut table = Alone::new(Config::default());
    let opened = touch(&mut table, 1, 1, &udp((1, 1000), (2, 53)));
    let quoted = Embedded { src: address(1), dst: address(2), protocol: 17, src_port: 1000, dst_port: 53 };
    let error = touch(&mut table, 2, 1, &icmp(9, 1, 3, 3, Some(quoted)));
    assert_eq!(error.slot, opened.slot);
    assert_eq!(error.direction, Direction::ToClient);
    assert!(!error.first && !error.established, "an error is no answer");
    let stranger = Embedded { src_port: 1, ..quoted };
    assert_eq!(touch(&mut table, 3, 1, &icmp(9, 1, 3, 3, Some(stranger))).slot, None);
    assert_eq!(touch(&mut table, 4, 1, &icmp(9, 1, 11, 0, Some(quoted))).slot, None);
}

#[test]
fn flows_end_at_their_deadline_in_its_order() {
    let mut table = Alone::new(Config::default());
    touch(&mut table, 1, 100, &udp((1, 1), (2, 53)));
    touch(&mut table, 2, 100, &udp((1, 2), (2, 53)));
    touch(&mut table, 3, 101, &udp((2, 53), (1, 2)));
    touch(&mut table, 4, 101, &udp((1, 3), (2, 53)));
    assert_eq!(ended(&mut table, 129), []);
    assert_eq!(ended(&mut table, 130), [(FlowId(1 << 4), EndReason::Timeout)]);
    assert_eq!(
        ended(&mut table, 1000),
        [(FlowId(4 << 4), EndReason::Timeout), (FlowId(2 << 4), EndReason::Timeout)]
    );
    assert!(table.table.is_empty());
}

#[test]
fn a_change_of_state_changes_the_deadline() {
    let mut table = Alone::new(Config::default());
    let slot = touch(&mut table, 1, 100, &udp((1, 1), (2, 53))).slot.expect("a flow");
    table.flows().entry(slot).flow.state = FlowState::LocalBypassed;
    assert_eq!(ended(&mut table, 199), []);
    assert_eq!(ended(&mut table, 200).len(), 1);
}

#[test]
fn a_full_table_gives_up_the_longest_idle() {
    let mut table = Alone::new(Config { flows_max: 2, ..Config::default() });
    touch(&mut table, 1, 1, &udp((1, 1), (2, 53)));
    touch(&mut table, 2, 2, &udp((1, 2), (2, 53)));
    touch(&mut table, 3, 3, &udp((2, 53), (1, 1)));
    touch(&mut table, 4, 4, &udp((1, 3), (2, 53)));
    let slot = table.flows().next_ended().expect("one had to go");
    let flow = table.flows().entry(slot).flow.clone();
    assert_eq!((flow.id, flow.reason, flow.emergency), (FlowId(2 << 4), EndReason::Forced, true));
    table.flows().release(slot);
    assert_eq!(table.table.len(), 2);
    assert_eq!(table.table.counters().evicted, 1);
}

#[test]
fn the_end_of_input_ends_everything() {
    let mut table = Alone::new(Config::default());
    touch(&mut table, 1, 1, &udp((1, 1), (2, 53)));
    touch(&mut table, 3, 50, &udp((1, 3), (2, 53)));
    touch(&mut table, 2, 60, &udp((1, 2), (2, 53)));
    let mut all = Vec::new();
    while let Some(slot) = table.flows().next_at_end(Time::from_secs(60)) {
        let flow = table.flows().entry(slot).flow.clone();
        all.push((flow.id.0 >> 4, flow.reason));
        table.flows().release(slot);
    }
    assert_eq!(all, [(1, EndReason::Timeout), (2, EndReason::Shutdown), (3, EndReason::Shutdown)]);
    assert!(table.table.is_empty());
}
