//! `flow` and `netflow` records.

use flow::Flow;
use json::Json;
use model::{Direction, PacketId, Time};

use super::{Clock, Ends, EveConfig, Head, write_head};

/// A flow that ended, with what other stages know of it.
#[derive(Debug)]
pub struct EndedFlow<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// Its TCP session.
    pub tcp: Option<TcpEnd>,
    /// `app_proto` and its companions.
    pub app: AppNames,
    /// A signature matched on it.
    pub alerted: bool,
    /// `flow.action`: `drop`, `pass` or `accept`; empty = left out.
    pub action: &'static str,
    /// `flow.exception_policy`-like extras and `metadata`, already JSON objects; empty = left out.
    pub metadata: &'a [u8],
    /// `traffic`, already a JSON object; empty = left out.
    pub traffic: &'a [u8],
    /// `unknown`: what a flow without a known protocol is taken for, already a JSON object; empty = left out.
    pub unknown: &'a [u8],
    /// Transactions seen (`flow.tx_cnt`); 0 = left out.
    pub transactions: u64,
    /// Hardware addresses of client and server; empty = left out.
    pub macs: [&'a [[u8; 6]]; 2],
}

/// What a TCP session says at its end.
#[derive(Debug, Clone, Copy)]
pub struct TcpEnd {
    /// `tcp.state`; `None` when no session was tracked, of which there is nothing else to say.
    pub state: Option<&'static str>,
    /// `ts_max_regions`, `tc_max_regions`.
    pub regions: [u32; 2],
    /// `ts_gap`, `tc_gap`.
    pub gaps: [bool; 2],
    /// The flags seen per direction.
    pub flags: [u8; 2],
}

/// Names of the application protocol; empty = left out.
#[derive(Debug, Default, Clone, Copy)]
pub struct AppNames {
    /// `app_proto`.
    pub name: &'static str,
    /// `app_proto_ts`.
    pub to_server: &'static str,
    /// `app_proto_tc`.
    pub to_client: &'static str,
    /// `app_proto_orig`.
    pub original: &'static str,
    /// `app_proto_expected`.
    pub expected: &'static str,
}

impl AppNames {
    /// Writes `app_proto` alone.
    pub fn write_name_only(&self, json: &mut Json) {
        if !self.name.is_empty() {
            json.text("app_proto", self.name);
        }
    }

    /// Writes what there is, in Suricata's order.
    pub fn write(&self, json: &mut Json) {
        let pairs = [
            ("app_proto", self.name),
            ("app_proto_ts", self.to_server),
            ("app_proto_tc", self.to_client),
            ("app_proto_orig", self.original),
            ("app_proto_expected", self.expected),
        ];
        for (key, name) in pairs {
            if !name.is_empty() {
                json.plain(key, name.as_bytes());
            }
        }
    }
}

/// The flow's ends as its client sees them.
pub fn flow_ends(flow: &Flow, direction: Direction) -> Ends {
    let answer = match flow.transport {
        flow::Transport::Icmp { answer_kind, answer_code, .. } => answer_kind.map(|kind| (kind, answer_code)),
        _ => None,
    };
    let (client_port, server_port) = match flow.transport {
        flow::Transport::Icmp { kind, code, .. } => (u16::from(kind), u16::from(code)),
        _ => (flow.client_port, flow.server_port),
    };
    let icmp = matches!(flow.transport, flow::Transport::Icmp { .. });
    match direction {
        Direction::ToServer => Ends {
            src: flow.client,
            dst: flow.server,
            src_port: client_port,
            dst_port: server_port,
            protocol: flow.protocol,
            answer,
        },
        Direction::ToClient => Ends {
            src: flow.server,
            dst: flow.client,
            src_port: if icmp { client_port } else { server_port },
            dst_port: if icmp { server_port } else { client_port },
            protocol: flow.protocol,
            answer,
        },
    }
}

fn head<'a>(ended: &EndedFlow<'a>, time: Time, kind: &'a str, direction: Direction) -> Head<'a> {
    let flow = ended.flow;
    Head {
        time,
        flow: flow.id.0,
        parent: flow.parent.0,
        packet: PacketId(0),
        kind,
        vlans: &flow.vlans[..usize::from(flow.vlan_count)],
        ends: Some(flow_ends(flow, direction)),
        source: "",
    }
}

/// Writes the `flow` record.
pub fn write_flow(json: &mut Json, clock: &mut Clock, config: &EveConfig, ended: &EndedFlow<'_>, time: Time) {
    let flow = ended.flow;
    write_head(json, clock, config, &head(ended, time, "flow", Direction::ToServer));
    write_macs(json, config, ended.macs);
    ended.app.write(json);
    write_counts(json.object("flow"), flow);
    json.plain("start", clock.ascii(flow.first_time));
    json.plain("end", clock.ascii(flow.last_time));
    json.number("age", flow.age_secs());
    if flow.emergency {
        json.boolean("emergency", true);
    }
    json.plain("state", flow.state.word().as_bytes());
    if flow.state.word() == "bypassed" {
        json.text("bypass", if flow.state == flow::FlowState::LocalBypassed { "local" } else { "capture" });
    }
    json.plain("reason", flow.reason.word().as_bytes());
    json.boolean("alerted", ended.alerted);
    if !ended.action.is_empty() {
        json.text("action", ended.action);
    }
    if ended.transactions > 0 {
        json.number("tx_cnt", ended.transactions);
    }
    json.end();
    if !ended.metadata.is_empty() {
        json.raw("metadata", ended.metadata);
    }
    if !ended.traffic.is_empty() {
        json.raw("traffic", ended.traffic);
    }
    if !ended.unknown.is_empty() {
        json.raw("unknown", ended.unknown);
    }
    if let Some(tcp) = &ended.tcp {
        json.object("tcp");
        let [to_server, to_client] = tcp.flags;
        json.hex("tcp_flags", &[to_server | to_client], None);
        json.hex("tcp_flags_ts", &[to_server], None);
        json.hex("tcp_flags_tc", &[to_client], None);
        write_flags(json, to_server | to_client);
        if let Some(state) = tcp.state {
            json.plain("state", state.as_bytes());
            if tcp.gaps[0] {
                json.boolean("ts_gap", true);
            }
            if tcp.gaps[1] {
                json.boolean("tc_gap", true);
            }
            json.number("ts_max_regions", tcp.regions[0]).number("tc_max_regions", tcp.regions[1]);
        }
        json.end();
    }
    json.end();
}

/// Writes one `netflow` record: the packets of one direction.
pub fn write_netflow(
    json: &mut Json,
    clock: &mut Clock,
    config: &EveConfig,
    ended: &EndedFlow<'_>,
    time: Time,
    direction: Direction,
) {
    let (flow, side) = (ended.flow, direction.index());
    write_head(json, clock, config, &head(ended, time, "netflow", direction));
    write_macs(json, config, [ended.macs[side], ended.macs[1 - side]]);
    if !ended.app.name.is_empty() {
        json.text("app_proto", ended.app.name);
    }
    json.object("netflow").number("pkts", flow.packets[side]).number("bytes", flow.bytes[side]);
    json.plain("start", clock.ascii(flow.first_time));
    json.plain("end", clock.ascii(flow.last_time));
    json.number("age", flow.age_secs());
    json.number("min_ttl", flow.ttl_min[side]).number("max_ttl", flow.ttl_max[side]);
    json.end();
    if !ended.metadata.is_empty() {
        json.raw("metadata", ended.metadata);
    }
    if !ended.traffic.is_empty() {
        json.raw("traffic", ended.traffic);
    }
    if let Some(tcp) = &ended.tcp {
        json.object("tcp").hex("tcp_flags", &[tcp.flags[side]], None);
        write_flags(json, tcp.flags[side]);
        json.end();
    }
    json.end();
}

fn write_macs(json: &mut Json, config: &EveConfig, [src, dst]: [&[[u8; 6]]; 2]) {
    if !config.ethernet || (src.is_empty() && dst.is_empty()) {
        return;
    }
    json.object("ether");
    for (key, macs) in [("src_macs", src), ("dest_macs", dst)] {
        json.array(key);
        for [a, b, c, d, e, f] in macs {
            json.display_item(format_args!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"));
        }
        json.end();
    }
    json.end();
}

/// The four counters that `flow` objects carry.
pub fn write_counts(json: &mut Json, flow: &Flow) {
    json.number("pkts_toserver", flow.packets[0])
        .number("pkts_toclient", flow.packets[1])
        .number("bytes_toserver", flow.bytes[0])
        .number("bytes_toclient", flow.bytes[1]);
}

fn write_flags(json: &mut Json, flags: u8) {
    const NAMES: [(u8, &str); 8] = [
        (0x02, "syn"),
        (0x01, "fin"),
        (0x04, "rst"),
        (0x08, "psh"),
        (0x10, "ack"),
        (0x20, "urg"),
        (0x40, "ecn"),
        (0x80, "cwr"),
    ];
    for (bit, name) in NAMES {
        if flags & bit != 0 {
            json.boolean(name, true);
        }
    }
}
