//! A worker carries some of the shards: it looks at every packet and keeps those whose shard it owns.
//!
//! Of most packets the addresses alone tell that they are another worker's. The others are decoded by each worker for itself:
//! nothing is handed from thread to thread per packet, and defragmentation comes out the same in every worker.

use std::net::IpAddr;

use capture::Batch;
use decode::{Decoder, Layers};
use flow::{Defrag, Fetch, Seen, Trail};
use model::{Packet, PacketId, Time};
use rules::{Inspector, Late, Outcome, RuleSet, Succession};

use crate::ahead::{Ahead, Whose};
use crate::config::Config;
use crate::output::Output;
use crate::shard::{Pool, Shard, Tools, View};
use crate::turns::{Seat, Step};

/// Logical shards: the unit of state. A constant of the format, not of the machine.
pub const SHARDS: usize = 64;
/// How often a rebuilt datagram may be fragments again.
const DEFRAG_DEPTH: usize = 3;

/// Shards of which what is over is brought near together.
const ADVANCED_TOGETHER: usize = 8;

/// Some of the shards, and what is needed to feed them.
pub(crate) struct Worker {
    decoders: Vec<Decoder>,
    defrags: Vec<Defrag>,
    shards: Shards,
    inspector: Option<Inspector>,
    late: Option<Late>,
    outcome: Outcome,
    pub(crate) out: Output,
    now: Time,
    /// Where this worker says how far it has come, when others wait for that.
    seat: Option<Seat>,
    /// The last packet of the input so far.
    last: PacketId,
}

/// A worker's shards, and the flows of them all.
#[derive(Debug)]
pub(crate) struct Shards {
    /// `None`: owned by another worker.
    pub(crate) each: Vec<Option<Box<Shard>>>,
    pub(crate) pool: Pool,
}

impl Worker {
    /// Worker `index` of `count`: owns the shards whose number leaves that remainder.
    pub(crate) fn new(index: usize, count: usize, config: &Config, seat: Option<Seat>) -> Self {
        let own = |shard: usize| (shard % count == index).then(|| Box::new(Shard::new(config)));
        let mut inspector = config.rules.as_deref().map(Inspector::new);
        if let (Some(inspector), Some(rules), Some(watch)) = (&mut inspector, &config.rules, &config.watch) {
            inspector.watch(rules, watch);
        }
        if let (Some(inspector), Some(seat)) = (&mut inspector, &seat) {
            inspector.take_turns(seat.turns());
        }
        let mut decode = config.decode.clone();
        // Nobody else asks whether they are right: rules that do compute them for themselves.
        decode.checksums &= config.flow.stream.checksum_validation;
        Self {
            decoders: (0..=DEFRAG_DEPTH).map(|_| Decoder::new(decode.clone())).collect(),
            defrags: (0..DEFRAG_DEPTH).map(|_| Defrag::new(config.defrag.clone())).collect(),
            shards: Shards { each: (0..SHARDS).map(own).collect(), pool: Pool::default() },
            inspector,
            late: config.rules.as_deref().filter(|_| count == 1).map(Late::new),
            outcome: Outcome::default(),
            out: Output::new(config.detectors),
            now: Time::default(),
            seat,
            last: PacketId(0),
        }
    }

    /// Lives through a batch. Afterwards every shard stands at the batch's last packet time.
    pub(crate) fn batch(&mut self, batch: &Batch, config: &Config) {
        let mut ahead = Ahead::default();
        let mut packets = batch.iter();
        while ahead.look(&self.shards, packets.by_ref(), config) {
            for (packet, whose) in ahead.packets() {
                (self.now, self.last) = (packet.time, packet.id);
                if let Some(seat) = &self.seat {
                    seat.come_to(Step::level(packet.id, 0));
                }
                match whose {
                    Whose::Others => {}
                    Whose::Ours(number, trail) => self.packet(packet, Some((*number, trail)), config),
                    Whose::Unknown => self.packet(packet, None, config),
                }
            }
        }
        let (now, last, seat) = (self.now, self.last, self.seat.take());
        let (shards, mut tools) = self.lend(config);
        let mut number = 0;
        for together in shards.each.chunks_mut(ADVANCED_TOGETHER) {
            for step in Fetch::STEPS {
                together.iter().flatten().for_each(|shard| shard.fetch_due(&shards.pool, now, step));
            }
            for shard in together {
                if let Some(seat) = &seat {
                    seat.come_to(Step::advance(last, number));
                }
                if let Some(shard) = shard {
                    shard.advance(now, &mut shards.pool, &mut tools);
                }
                number += 1;
            }
        }
        self.seat = seat;
    }

    /// The input is over: ends one shard, when it is this worker's. Shard by shard, so that what is said at the end is never
    /// all in memory.
    pub(crate) fn finish(&mut self, number: usize, config: &Config) {
        let now = self.now;
        if let Some(seat) = &self.seat {
            seat.come_to(Step::finish(self.last, number));
        }
        let (shards, mut tools) = self.lend(config);
        if let Some(Some(shard)) = shards.each.get_mut(number) {
            shard.finish(number, now, &mut shards.pool, &mut tools);
        }
    }

    /// Other rules take the place of those so far; flows go on.
    pub(crate) fn follow(&mut self, old: &RuleSet, new: &RuleSet, succession: &Succession) {
        let mut inspector = Inspector::new(new);
        if let Some(seat) = &self.seat {
            inspector.take_turns(seat.turns());
        }
        self.inspector = Some(inspector);
        self.late = self.late.take().map(|late| late.succeed(old, new, succession));
        self.shards.pool.each_app(|conversation| conversation.follow(succession));
    }

    /// What became of every rule, when somebody watched.
    pub(crate) fn testimony(&mut self) -> Option<rules::Witness> {
        self.inspector.as_mut().and_then(Inspector::testimony)
    }

    /// Data sets that rules changed and want kept: path and content.
    pub(crate) fn saved_sets(&self, config: &Config) -> Vec<(String, Vec<u8>)> {
        match (&self.late, &config.rules) {
            (Some(late), Some(rules)) => late.save(rules),
            _ => Vec::new(),
        }
    }

    /// What the shards counted.
    pub(crate) fn counters(&self) -> flow::Counters {
        let shards = self.shards.each.iter().flatten();
        shards.fold(flow::Counters::default(), |sum, shard| sum.plus(shard.counters()))
    }

    fn lend<'a>(&'a mut self, config: &'a Config) -> (&'a mut Shards, Tools<'a>) {
        let tools = Tools {
            config,
            rules: config.rules.as_deref(),
            inspector: self.inspector.as_mut(),
            late: self.late.as_mut(),
            outcome: &mut self.outcome,
            out: &mut self.out,
        };
        (&mut self.shards, tools)
    }

    fn packet(&mut self, packet: &Packet<'_>, trail: Option<(usize, &Trail)>, config: &Config) {
        let Some((decoder, deeper)) = self.decoders.split_first_mut() else { return };
        let levels = decoder.decode(packet.link, packet.bytes, packet.time);
        let mut tools = Tools {
            config,
            rules: config.rules.as_deref(),
            inspector: self.inspector.as_mut(),
            late: self.late.as_mut(),
            outcome: &mut self.outcome,
            out: &mut self.out,
        };
        let (turn, seat) = (&mut 0, self.seat.as_ref());
        if let (Some((number, trail)), [layers]) = (trail, levels)
            && layers.fragment.is_none()
        {
            // An ordinary packet: nothing is inside it, and whose it is has been looked up.
            if let Some(shard) = &mut self.shards.each[number] {
                let len = layers.frame.end - layers.frame.start;
                let seen = Seen { id: packet.id, time: packet.time, bytes: packet.bytes, layers, len };
                let view = View { seen, turn: 0, root: Some(layers), trail: Some(trail) };
                shard.packet(&view, &mut self.shards.pool, &mut tools);
            }
            return;
        }
        let mut below =
            Below { decoders: deeper, defrags: &mut self.defrags, shards: &mut self.shards, turn, seat };
        below.levels(packet, levels, packet.bytes, None, &mut tools);
    }
}

/// What a level of decoding passes down: the decoders for datagrams rebuilt from its fragments, and where levels go.
struct Below<'a> {
    decoders: &'a mut [Decoder],
    defrags: &'a mut [Defrag],
    shards: &'a mut Shards,
    /// Levels met so far in this captured packet, owned here or not: at most 17 per decoding, so it cannot overflow.
    turn: &'a mut u8,
    seat: Option<&'a Seat>,
}

impl Below<'_> {
    fn levels(
        &mut self,
        packet: &Packet<'_>,
        levels: &[Layers],
        bytes: &[u8],
        root: Option<&Layers>,
        tools: &mut Tools<'_>,
    ) {
        let root = root.or(levels.first());
        for layers in levels {
            if layers.fragment.is_some() {
                self.fragment(packet, layers, bytes, root, tools);
            } else {
                self.level(packet, layers, bytes, root, tools);
            }
        }
    }

    fn level(
        &mut self,
        packet: &Packet<'_>,
        layers: &Layers,
        bytes: &[u8],
        root: Option<&Layers>,
        tools: &mut Tools<'_>,
    ) {
        let turn = *self.turn;
        *self.turn = turn.saturating_add(1);
        if let Some(shard) = &mut self.shards.each[shard_of_packet(layers)] {
            if let (Some(seat), 1..) = (self.seat, turn) {
                seat.come_to(Step::level(packet.id, turn));
            }
            let len = layers.frame.end - layers.frame.start;
            let seen = Seen { id: packet.id, time: packet.time, bytes, layers, len };
            shard.packet(&View { seen, turn, root, trail: None }, &mut self.shards.pool, tools);
        }
    }

    /// A fragment is a packet of its own; what defragmentation finds odd is said of it. The datagram that it completes
    /// comes after it.
    fn fragment(
        &mut self,
        packet: &Packet<'_>,
        layers: &Layers,
        bytes: &[u8],
        root: Option<&Layers>,
        tools: &mut Tools<'_>,
    ) {
        let Some((defrag, defrags)) = self.defrags.split_first_mut() else {
            return self.level(packet, layers, bytes, root, tools);
        };
        let accepted = defrag.accept(packet.time, layers, bytes);
        let mut layers = layers.clone();
        if let Some(event) = accepted.event {
            layers.events.insert(event);
        }
        let (shards, seat) = (&mut *self.shards, self.seat);
        let mut below = Below { decoders: self.decoders, defrags, shards, turn: self.turn, seat };
        below.level(packet, &layers, bytes, root, tools);
        let (Some(datagram), Some((decoder, decoders))) =
            (accepted.rebuilt, below.decoders.split_first_mut())
        else {
            return;
        };
        let levels = decoder.decode_datagram(&layers, datagram);
        let (defrags, shards, turn) = (below.defrags, below.shards, below.turn);
        let mut below = Below { decoders, defrags, shards, turn, seat };
        below.levels(packet, levels, datagram, root.or(Some(&layers)), tools);
    }
}

/// The shard of a packet. An error report belongs to the flow whose datagram it quotes, and so goes where that lives.
fn shard_of_packet(layers: &Layers) -> usize {
    match layers.transport {
        decode::Transport::Icmp(decode::Icmp { embedded: Some(quoted), .. }) => {
            shard_of(quoted.src, quoted.dst)
        }
        _ => shard_of(layers.src, layers.dst),
    }
}

/// The shard of an unordered pair of addresses. Part of the format: it must never depend on the machine.
pub(crate) fn shard_of(src: IpAddr, dst: IpAddr) -> usize {
    fn mix(address: IpAddr) -> u64 {
        let bits = match address {
            IpAddr::V4(address) => u64::from(u32::from(address)),
            IpAddr::V6(address) => {
                let bits = u128::from(address);
                (bits >> 64) as u64 ^ (bits as u64).rotate_left(23)
            }
        };
        // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
        let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
    (mix(src).wrapping_add(mix(dst)) >> 32) as usize % SHARDS
}
