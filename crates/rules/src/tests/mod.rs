//! Specification of inspection: rules and packets in, signature ids out. One file per subject.

mod action;
mod bytes;
mod count;
mod packet;
mod plain;
mod state;
mod store;
mod tag;
mod transaction;
mod transform;
mod watch;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use decode::{Layers, Network, Tcp, Transport};
use model::{Direction, FlowId, PacketId, Time};
use protocol::{App, Asks, Data, Endpoints, Feed};

use crate::{
    Environment, FlowScene, FlowState, Inspector, Late, Loader, Outcome, RuleSet, Scene, Settings,
    StreamScene, Testimony, Watch, Window,
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// No alert.
pub(super) const NONE: [u32; 0] = [];

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// One flow between [`CLIENT`] and [`SERVER`], and everything that rules need.
pub(super) struct Desk {
    rules: RuleSet,
    inspector: Inspector,
    late: Late,
    outcome: Outcome,
    pub(super) state: FlowState,
    app: App,
    config: protocol::Config,
    asks: Asks,
    /// Bytes that the application layer has not used, per direction.
    kept: [Vec<u8>; 2],
    packet: u64,
    /// Seconds.
    pub(super) now: u64,
    pub(super) port: u16,
    pub(super) src: IpAddr,
    plainly: bool,
}

/// A desk with these rules, one per line.
pub(super) fn desk(rules: &str) -> Desk {
    desk_with(rules, Settings::default())
}

/// The same with settings.
pub(super) fn desk_with(rules: &str, settings: Settings) -> Desk {
    let environment = Environment::default();
    let mut loader = Loader::new(&environment);
    loader.rules(Path::new("test.rules"), rules.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    desk_of(RuleSet::compile(loaded.rules, settings))
}

/// A desk with compiled rules.
pub(super) fn desk_of(rules: RuleSet) -> Desk {
    Desk {
        inspector: Inspector::new(&rules),
        late: Late::new(&rules),
        rules,
        outcome: Outcome::default(),
        state: FlowState::default(),
        app: App::new(),
        config: protocol::Config::default(),
        asks: Asks::default(),
        kept: [Vec::new(), Vec::new()],
        packet: 0,
        now: 1_000,
        port: 40_000,
        src: CLIENT,
        plainly: false,
    }
}

/// What one packet looks like.
#[derive(Clone, Copy)]
pub(super) struct Shot<'a> {
    pub(super) direction: Direction,
    pub(super) protocol: u8,
    pub(super) payload: &'a [u8],
    pub(super) stream: &'a [&'a [u8]],
    pub(super) added: bool,
    pub(super) ended: bool,
}

pub(super) const UDP: Shot<'static> = Shot {
    direction: Direction::ToServer,
    protocol: 17,
    payload: b"",
    stream: &[],
    added: false,
    ended: false,
};
pub(super) const TCP: Shot<'static> = Shot { protocol: 6, ..UDP };

impl Desk {
    /// Rules are held against everything without looking for candidates first.
    pub(super) fn plainly(mut self) -> Self {
        self.plainly = true;
        self
    }

    /// A datagram from the client.
    pub(super) fn udp(&mut self, payload: &[u8]) -> Vec<u32> {
        self.shoot(Shot { payload, ..UDP })
    }

    /// Sids that alert on a packet.
    pub(super) fn shoot(&mut self, shot: Shot<'_>) -> Vec<u32> {
        self.packet += 1;
        let layers = self.layers(shot);
        let windows: Vec<Window<'_>> = shot.stream.iter().map(|data| Window { offset: 0, data }).collect();
        let mut scene = Scene {
            packet: PacketId(self.packet),
            time: Time::from_secs(self.now),
            bytes: shot.payload,
            layers: &layers,
            payload: shot.payload,
            pseudo: false,
            inspect_payload: true,
            flow: Some(FlowScene {
                id: FlowId(1),
                direction: shot.direction,
                established: true,
                closed: false,
                opened: self.packet == 1,
                age_secs: 0,
                packets: [self.packet, 0],
                bytes: [0; 2],
                detected: [false; 2],
                app_events: &[],
                state: &mut self.state,
                app: &mut self.app,
                ended: [shot.ended; 2],
                beyond: [false; 2],
                stream: (shot.protocol == 6).then_some(StreamScene {
                    established: true,
                    added: shot.added,
                    app_off: false,
                    windows: &windows,
                    wide: &windows,
                    sizes: [0; 2],
                    events: 0,
                }),
                frames: Vec::new(),
            }),
        };
        let (rules, late, outcome) = (&self.rules, Some(&mut self.late), &mut self.outcome);
        if self.plainly {
            self.inspector.inspect_plainly(rules, &mut scene, late, outcome);
        } else {
            self.inspector.inspect(rules, &mut scene, late, outcome);
        }
        outcome.alerts.iter().map(|alert| rules.rule(alert.rule).meta.sid).collect()
    }

    fn layers(&self, shot: Shot<'_>) -> Layers {
        let (src, dst, src_port, dst_port) = match shot.direction {
            Direction::ToServer => (self.src, SERVER, self.port, 80),
            Direction::ToClient => (SERVER, self.src, 80, self.port),
        };
        let transport = match shot.protocol {
            6 => Transport::Tcp(Tcp {
                at: 0,
                header_len: 20,
                seq: 0,
                ack: 0,
                flags: Tcp::PSH | Tcp::ACK,
                window: 512,
                urgent: 0,
                mss: None,
                scale: None,
                sack_permitted: false,
                timestamp: None,
                sack: None,
                fast_open: false,
                authentication: false,
                md5: false,
                multipath: false,
            }),
            _ => Transport::Udp { at: 0, len: 8 },
        };
        Layers {
            network: Network::Ipv4 { at: 0, id: 7, tos: 0, flags: 2, options: Default::default() },
            src,
            dst,
            protocol: shot.protocol,
            ttl: 64,
            transport,
            src_port,
            dst_port,
            ..Layers::default()
        }
    }

    /// Bytes of an HTTP exchange, and the packet that makes them visible.
    pub(super) fn http(&mut self, direction: Direction, bytes: &[u8]) -> Vec<u32> {
        self.feed(direction, bytes, false);
        self.shoot(Shot { direction, stream: &[bytes], added: true, ..TCP })
    }

    /// The same at the end of the direction.
    pub(super) fn http_end(&mut self, direction: Direction, bytes: &[u8]) -> Vec<u32> {
        self.feed(direction, bytes, true);
        self.shoot(Shot { direction, stream: &[bytes], added: true, ended: true, ..TCP })
    }

    fn feed(&mut self, direction: Direction, bytes: &[u8], end: bool) {
        let kept = &mut self.kept[direction.index()];
        kept.extend_from_slice(bytes);
        let feed = Feed {
            direction,
            data: Data::Bytes(kept),
            end,
            time: Time::from_secs(self.now),
            packet: PacketId(self.packet + 1),
            endpoints: Endpoints {
                client: CLIENT,
                server: SERVER,
                client_port: self.port,
                server_port: 80,
                transport: 6,
            },
            midstream: false,
            established: true,
        };
        self.state.unsettle();
        let taken = self.app.feed_stream(&feed, &self.config, &mut self.asks);
        kept.drain(..taken.used.min(kept.len()));
    }

    /// Why the last packet is dropped.
    pub(super) fn dropped(&self) -> Option<&'static str> {
        self.outcome.drop
    }

    /// What inspecting the last packet came to.
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Takes down what becomes of the rules from now on.
    pub(super) fn watch(&mut self, watch: &Watch) {
        self.inspector.watch(&self.rules, watch);
    }

    /// What became of them.
    pub(super) fn testimony(&mut self) -> Vec<Testimony> {
        self.inspector.testimony().expect("somebody watched").rules
    }

    /// The rules.
    pub(super) fn rules(&self) -> &RuleSet {
        &self.rules
    }
}

/// Whether one `alert udp` rule with these options matches a payload.
pub(super) fn holds(options: &str, payload: &[u8]) -> bool {
    let rule = format!("alert udp any any -> any any ({options} sid:1;)");
    !desk(&rule).udp(payload).is_empty()
}
