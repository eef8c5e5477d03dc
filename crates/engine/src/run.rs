//! A whole run: batches out to the workers, their output back in order.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use behave::Behaviour;
use capture::{Batch, Source};
use crossbeam_channel::{Receiver, Sender, bounded};
use foldhash::fast::FixedState;
use incident::{Desk, Network};
use model::{Event, EventKind, Finding, FlowId, Incident, LossMark, Moment, PacketId};
use report::Overview;
use rules::{Late, RuleSet, Settled};

use crate::carried::{Carried, FileVerdict};
use crate::config::{Config, Mode};
use crate::orders::{Change, NoOrders, Order, Orders, upto};
use crate::output::Output;
use crate::turns::{Board, Seat};
use crate::worker::{SHARDS, Worker};

/// Why rules that read what others wrote about other flows cannot take over with several workers at work.
const REFUSED_ORDER: &str =
    "new rules were not taken over: they need packets one after the other; start with one worker";

/// Stands for [`Mind::rewritten`] in place of a worker's output.
const REWRITTEN: usize = usize::MAX;

/// Batches under way per worker.
const BATCHES_UNDER_WAY: usize = 6;

/// Where a run's output goes. Called on one thread, in order.
pub trait Sink {
    /// Rendered EVE records of an epoch, in pieces of one or more; each record ends in a newline.
    ///
    /// # Errors
    /// What the disk says; ends the run.
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> io::Result<()>;
    /// A file that rules asked for: its SHA-256 in hexadecimal, and its content. The same file may come several times.
    ///
    /// # Errors
    /// What the disk says; ends the run.
    fn file(&mut self, _sha256: &str, _content: &[u8]) -> io::Result<()> {
        Ok(())
    }
    /// What the content of the files said that were given to [`Sink::file`]; asked for once, when the input is over.
    fn verdicts(&mut self) -> Vec<FileVerdict> {
        Vec::new()
    }
    /// Called after each batch: packets so far, and bytes of input so far.
    fn progress(&mut self, packets: u64, bytes: u64);
}

/// What a run counted.
#[derive(Debug, Default, Clone, Copy)]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Records written.
    pub records: u64,
    /// What the flow tables counted.
    pub flows: flow::Counters,
    /// Alerts whose late conditions did not hold.
    pub settled_away: u64,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was counted.
    pub summary: Summary,
    /// Judgements, numbered from 1.
    pub findings: Vec<Finding>,
    /// Stories, most important first.
    pub incidents: Vec<Incident>,
    /// What is missing or doubtful, in words.
    pub losses: Vec<LossMark>,
    /// What was seen, in numbers.
    pub overview: Overview,
    /// Data sets that rules changed and want kept: path and content.
    pub data_sets: Vec<(String, Vec<u8>)>,
    /// What became of every rule, when somebody watched.
    pub witness: Option<rules::Witness>,
}

/// Reads the source to its end.
///
/// # Errors
/// Only what the sink's disk says: traffic is never an error.
pub fn run(source: &mut Source, config: &Config, sink: &mut dyn Sink) -> io::Result<Outcome> {
    run_with_orders(source, config, sink, &mut NoOrders)
}

/// Reads the source to its end, and does what it is told on the way.
///
/// # Errors
/// Only what the sink's disk says: traffic is never an error.
pub fn run_with_orders(
    source: &mut Source,
    config: &Config,
    sink: &mut dyn Sink,
    orders: &mut dyn Orders,
) -> io::Result<Outcome> {
    let mut config = config.clone();
    // Without rules nobody looks at certificates or content as they came, but those who keep files.
    config.protocol.certificates &= config.rules.is_some();
    config.protocol.files.content &= config.rules.is_some() || config.protocol.files.store;
    let config = &config;
    // A verdict may depend on every earlier packet, so prevention runs on one worker whatever was asked for; and so do rules
    // that read what others wrote about other flows.
    let ordered = config.mode == Mode::Prevent
        || config.watch.is_some()
        || config.rules.as_deref().is_some_and(RuleSet::needs_order);
    let workers = if ordered { 1 } else { config.workers.max(1) };
    let late = config.rules.as_deref().map(Late::new);
    let rules = config.rules.clone();
    let settings =
        |name: &str| config.behave.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let mut behaviour = Behaviour::new(config.home.clone(), &settings);
    for (name, items) in &config.lists {
        behaviour.set_list(name, items);
    }
    let home = config.home.clone();
    let desk = Desk::new(Network::new(move |address| home.has(address), config.places.clone()));
    let overview = Overview::default();
    let mut mind = Mind {
        sink,
        summary: Summary::default(),
        last: None,
        rules,
        late,
        behaviour,
        carried: config.protocol.files.store.then(Carried::default),
        watch: config.intel.clone().map(intel::Watch::new),
        desk,
        overview,
        cursor: Vec::new(),
        pieces: Vec::new(),
        rewritten: Vec::new(),
        settled: Vec::new(),
        alerted: HashSet::with_hasher(FixedState::with_seed(0)),
        tells_of_flows: config.eve.wants("flow"),
        refused: Vec::new(),
        data_sets: Vec::new(),
        witness: None,
    };
    if workers == 1 {
        run_alone(source, config, &mut mind, orders)
    } else {
        run_together(source, config, workers, &mut mind, orders)
    }?;
    Ok(mind.finish(source))
}

fn run_alone(
    source: &mut Source,
    config: &Config,
    mind: &mut Mind<'_>,
    orders: &mut dyn Orders,
) -> io::Result<()> {
    let mut config = Arc::new(config.clone());
    let mut worker = Worker::new(0, 1, &config, None);
    let mut batch = Batch::new();
    loop {
        let next = PacketId(source.packets() + 1);
        while let Some(order) = orders.order(next) {
            if let Some(Change { new, succession }) = mind.obey(order, &config, true, None) {
                if let (Some(was), Some(is)) = (&config.rules, &new.rules) {
                    worker.follow(was, is, &succession);
                }
                config = new;
            }
        }
        if !source.next_batch(&mut batch, upto(orders.next_at(), next, config.batch_packets)) {
            break;
        }
        worker.batch(&batch, &config);
        alone(&mut worker, mind)?;
        mind.progress(source);
    }
    let config = &*config;
    for shard in 0..SHARDS {
        worker.finish(shard, config);
        alone(&mut worker, mind)?;
    }
    mind.summary.flows = worker.counters();
    mind.data_sets = worker.saved_sets(config);
    mind.witness = worker.testimony();
    mind.progress(source);
    Ok(())
}

/// One epoch of the only worker.
fn alone(worker: &mut Worker, mind: &mut Mind<'_>) -> io::Result<()> {
    worker.out.settle();
    mind.epoch(std::slice::from_ref(&worker.out))?;
    worker.out.clear();
    Ok(())
}

fn run_together(
    source: &mut Source,
    config: &Config,
    workers: usize,
    mind: &mut Mind<'_>,
    orders: &mut dyn Orders,
) -> io::Result<()> {
    let shares = config.rules.as_deref().is_some_and(RuleSet::needs_turns);
    let board = shares.then(|| Board::new(workers));
    std::thread::scope(|scope| {
        let (lanes, threads): (Vec<Lane>, Vec<_>) = (0..workers)
            .map(|index| {
                let (to, batches) = bounded::<Work>(BATCHES_UNDER_WAY + 1);
                let (outputs, from) = bounded::<Output>(BATCHES_UNDER_WAY);
                let (recycle, recycled) = bounded::<Output>(BATCHES_UNDER_WAY);
                let (tally, counted) = bounded(1);
                let seat = board.clone().map(|board| Seat::new(board, index));
                let thread = std::thread::Builder::new()
                    .name(format!("worker-{index}"))
                    .spawn_scoped(scope, move || {
                        let worker = Worker::new(index, workers, config, seat);
                        carry(worker, config, &batches, &outputs, &recycled, &tally)
                    })
                    .expect("the system has room for a few threads");
                (Lane { to: Some(to), from, recycle, counted }, thread)
            })
            .unzip();
        let result = feed(source, config, lanes, mind, orders, board.as_deref());
        // The scope waits for what threads do, not for what they lay down as they end.
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        mind.progress(source);
        result
    })
}

/// What a worker is given to do.
enum Work {
    Batch(Arc<Batch>),
    /// Goes before the next batch, and is not answered.
    Change(Arc<Change>),
}

/// The main thread's end of a worker.
struct Lane {
    to: Option<Sender<Work>>,
    from: Receiver<Output>,
    recycle: Sender<Output>,
    counted: Receiver<flow::Counters>,
}

/// The life of a worker's thread: one output per batch, and one per shard when the batches end.
fn carry(
    mut worker: Worker,
    config: &Config,
    batches: &Receiver<Work>,
    outputs: &Sender<Output>,
    recycled: &Receiver<Output>,
    tally: &Sender<flow::Counters>,
) {
    let deliver = |worker: &mut Worker| {
        let mut fresh = recycled.try_recv().unwrap_or_else(|_| Output::new(config.detectors));
        // Facts are freed by the thread that made them, which is cheaper, and not by the busiest one.
        fresh.clear();
        let mut full = std::mem::replace(&mut worker.out, fresh);
        full.settle();
        outputs.send(full).is_ok()
    };
    let mut current = Arc::new(config.clone());
    while let Ok(work) = batches.recv() {
        match work {
            Work::Batch(batch) => worker.batch(&batch, &current),
            Work::Change(change) => {
                if let (Some(was), Some(is)) = (&current.rules, &change.new.rules) {
                    worker.follow(was, is, &change.succession);
                }
                current = Arc::clone(&change.new);
                continue;
            }
        }
        if !deliver(&mut worker) {
            return;
        }
    }
    for shard in 0..SHARDS {
        worker.finish(shard, &current);
        if !deliver(&mut worker) {
            return;
        }
    }
    // The main thread may have given up already: then nobody counts.
    let _ = tally.send(worker.counters());
}

fn feed(
    source: &mut Source,
    config: &Config,
    mut lanes: Vec<Lane>,
    mind: &mut Mind<'_>,
    orders: &mut dyn Orders,
    board: Option<&Board>,
) -> io::Result<()> {
    let mut config = Arc::new(config.clone());
    let mut under_way = 0;
    let mut more = true;
    while more || under_way > 0 {
        while more && under_way < BATCHES_UNDER_WAY {
            let next = PacketId(source.packets() + 1);
            while let Some(order) = orders.order(next) {
                // The mind must have heard everything that was said under the old rules.
                while under_way > 0 {
                    collect(&lanes, mind)?;
                    under_way -= 1;
                }
                if let Some(change) = mind.obey(order, &config, false, board) {
                    config = Arc::clone(&change.new);
                    let change = Arc::new(change);
                    lanes.iter().for_each(|lane| lane.give(Work::Change(Arc::clone(&change))));
                }
            }
            let mut batch = Batch::new();
            more = source.next_batch(&mut batch, upto(orders.next_at(), next, config.batch_packets));
            if more {
                let batch = Arc::new(batch);
                lanes.iter().for_each(|lane| lane.give(Work::Batch(Arc::clone(&batch))));
                under_way += 1;
            }
        }
        if under_way > 0 {
            collect(&lanes, mind)?;
            under_way -= 1;
            mind.progress(source);
        }
    }
    for lane in &mut lanes {
        lane.to = None;
    }
    for _ in 0..SHARDS {
        collect(&lanes, mind)?;
    }
    for lane in &lanes {
        let counters = lane.counted.recv().expect("workers count before they end");
        mind.summary.flows = mind.summary.flows.plus(counters);
    }
    Ok(())
}

impl Lane {
    fn give(&self, work: Work) {
        let to = self.to.as_ref().expect("open until the input ends");
        to.send(work).expect("workers outlive their batches");
    }
}

/// Takes one epoch from every worker.
fn collect(lanes: &[Lane], mind: &mut Mind<'_>) -> io::Result<()> {
    let outputs: Vec<Output> =
        lanes.iter().map(|lane| lane.from.recv().expect("a worker answers each batch")).collect();
    mind.epoch(&outputs)?;
    for (lane, output) in lanes.iter().zip(outputs) {
        // A full recycling lane means that the worker has enough.
        let _ = lane.recycle.try_send(output);
    }
    Ok(())
}

/// The ordered mind: sees everything once, in the order of its moments.
struct Mind<'a> {
    sink: &'a mut dyn Sink,
    summary: Summary,
    last: Option<Moment>,
    rules: Option<Arc<RuleSet>>,
    late: Option<Late>,
    behaviour: Behaviour,
    watch: Option<intel::Watch>,
    /// Who carried which file, where files are kept at all.
    carried: Option<Carried>,
    desk: Desk,
    overview: Overview,
    /// Position in each worker's output while merging; kept for its memory.
    cursor: Vec<usize>,
    /// What an epoch's records are made of: whose output, or [`REWRITTEN`], and which bytes of it; kept for its memory.
    pieces: Vec<(usize, Range<usize>)>,
    /// Records that say something else than when they were rendered.
    rewritten: Vec<u8>,
    /// Facts about alerts that waited for their late conditions, and held.
    settled: Vec<Event>,
    /// Flows of which an alert that waited held; until their records are written.
    alerted: HashSet<FlowId, FixedState>,
    /// Records of flows are written.
    tells_of_flows: bool,
    /// Orders that could not be followed, and why.
    refused: Vec<&'static str>,
    data_sets: Vec<(String, Vec<u8>)>,
    witness: Option<rules::Witness>,
}

impl Mind<'_> {
    /// Judges what was gathered.
    fn finish(self, source: &Source) -> Outcome {
        let Mind {
            sink,
            summary,
            behaviour,
            watch,
            carried,
            desk,
            mut overview,
            data_sets,
            witness,
            refused,
            ..
        } = self;
        let (mut findings, mut losses, home) = behaviour.finish();
        if let Some((sightings, missed)) = watch.map(intel::Watch::finish) {
            findings.extend(sightings);
            losses.extend(missed);
        }
        if let Some((told, missed)) = carried.map(|carried| carried.findings(&sink.verdicts())) {
            findings.extend(told);
            losses.extend(missed);
        }
        overview.hosts = home.hosts_seen();
        overview.close();
        let incident::Verdict { findings, incidents, losses: forgotten } =
            desk.finish(findings, overview.hosts);
        losses.extend(forgotten);
        overview.packets = summary.packets;
        losses.extend(
            source.losses().iter().map(|loss| LossMark { after: loss.after, reason: loss.to_string() }),
        );
        if source.clamped() > 0 {
            let reason = format!(
                "{} packets bear a time before that of the packet ahead of them: clocks are in doubt",
                source.clamped()
            );
            losses.push(LossMark { after: PacketId(0), reason });
        }
        losses.extend(summary.flows.losses());
        losses.extend(refused.iter().map(|why| LossMark { after: PacketId(0), reason: (*why).to_owned() }));
        Outcome { summary, findings, incidents, losses, overview, data_sets, witness }
    }

    /// Follows an order; `None`: it cannot be followed, and nothing has changed.
    fn obey(
        &mut self,
        order: Order,
        config: &Config,
        in_order: bool,
        board: Option<&Board>,
    ) -> Option<Change> {
        let Order::Rules(new) = order;
        let old = self.rules.clone()?;
        if !in_order && (new.needs_order() || new.needs_turns() && board.is_none()) {
            self.refused.push(REFUSED_ORDER);
            return None;
        }
        let succession = old.succession(&new);
        if let Some(board) = board {
            board.succeed(&succession);
        }
        self.late = self.late.take().map(|late| late.succeed(&old, &new, &succession));
        self.rules = Some(Arc::clone(&new));
        let mut changed = Config { rules: Some(Arc::clone(&new)), ..config.clone() };
        let [md5, sha1, sha256] = new.needs_hashes();
        let hashes = &mut changed.protocol.files;
        (hashes.md5, hashes.sha1, hashes.sha256) =
            (hashes.md5 | md5, hashes.sha1 | sha1, hashes.sha256 | sha256);
        Some(Change { new: Arc::new(changed), succession })
    }

    fn progress(&mut self, source: &Source) {
        self.summary.packets = source.packets();
        self.sink.progress(source.packets(), source.bytes_read());
    }

    /// Merges what the workers said during one epoch, each in order, and passes it on.
    fn epoch(&mut self, outputs: &[Output]) -> io::Result<()> {
        self.records(outputs)?;
        self.events(outputs);
        for (sha256, content) in outputs.iter().flat_map(|output| &output.stored) {
            self.sink.file(sha256, content)?;
        }
        Ok(())
    }

    fn records(&mut self, outputs: &[Output]) -> io::Result<()> {
        let mut next = std::mem::take(&mut self.cursor);
        next.clear();
        next.resize(outputs.len(), 0);
        self.pieces.clear();
        self.rewritten.clear();
        loop {
            let first = outputs
                .iter()
                .enumerate()
                .filter_map(|(lane, output)| Some((output.records.get(next[lane])?.moment, lane)))
                .min();
            let Some((moment, lane)) = first else {
                self.cursor = next;
                return self.pass_on(outputs);
            };
            assert!(self.last < Some(moment), "moments are unique and only grow");
            self.last = Some(moment);
            let record = outputs[lane].records[next[lane]];
            next[lane] += 1;
            if let (Some(rules), Some(late), Some(position)) = (&self.rules, &mut self.late, record.candidate)
            {
                let candidate = &outputs[lane].candidates[position as usize];
                if late.settle(rules, candidate) == Settled::Hold {
                    self.summary.settled_away += 1;
                    continue;
                }
                self.settled.extend(outputs[lane].fact_of(position).cloned());
                if self.tells_of_flows && candidate.flow != FlowId(0) {
                    self.alerted.insert(candidate.flow);
                }
            }
            if record.start == record.end {
                continue;
            }
            self.summary.records += 1;
            if let Some(perhaps) = record.perhaps
                && self.alerted.remove(&perhaps.flow)
                && let Some(at) = perhaps.at
            {
                let output = &outputs[lane];
                let (before, after) = (output.bytes(record.start..at), output.bytes(at..record.end));
                let after = after.strip_prefix(b"false").unwrap_or(after);
                let start = self.rewritten.len();
                self.rewritten.extend([before, b"true", after].into_iter().flatten());
                self.pieces.push((REWRITTEN, start..self.rewritten.len()));
                continue;
            }
            // Records that follow each other in memory are passed on as one piece.
            match self.pieces.last_mut() {
                Some((last, piece)) if (*last, piece.end) == (lane, record.start) => piece.end = record.end,
                _ => self.pieces.push((lane, record.start..record.end)),
            }
        }
    }

    fn pass_on(&mut self, outputs: &[Output]) -> io::Result<()> {
        if self.pieces.is_empty() {
            return Ok(());
        }
        let rewritten = &self.rewritten;
        let mut pieces = self.pieces.iter().map(|(lane, range)| match outputs.get(*lane) {
            Some(output) => output.bytes(range.clone()),
            None => &rewritten[range.clone()],
        });
        self.sink.records(&mut pieces)
    }

    fn event(&mut self, event: &Event) {
        self.overview.count(event);
        self.behaviour.event(event);
        if let Some(watch) = &mut self.watch {
            watch.event(event);
        }
        if let (Some(carried), EventKind::File(file)) = (&mut self.carried, &event.kind) {
            carried.file(file);
        }
        self.desk.event(event);
    }

    fn events(&mut self, outputs: &[Output]) {
        let mut next = std::mem::take(&mut self.cursor);
        next.clear();
        next.resize(outputs.len(), 0);
        let settled = std::mem::take(&mut self.settled);
        let mut waiting = settled.iter().peekable();
        while let Some((moment, lane)) = outputs
            .iter()
            .enumerate()
            .filter_map(|(lane, output)| Some((output.events.get(next[lane])?.moment, lane)))
            .min()
        {
            while let Some(event) = waiting.next_if(|event| event.moment < moment) {
                self.event(event);
            }
            let at = next[lane];
            let events = &outputs[lane].events;
            // Two steps ahead what an event says comes near, one step ahead what that leads to.
            events.get(at + 2).into_iter().for_each(|event| event.kind.fetch());
            events.get(at + 1).into_iter().for_each(|event| event.kind.fetch_within());
            self.event(&events[at]);
            next[lane] += 1;
        }
        for event in waiting {
            self.event(event);
        }
        self.settled = settled;
        self.settled.clear();
        self.cursor = next;
    }
}

/// What the flow tables lost, in words.
trait Losses {
    fn losses(&self) -> Vec<LossMark>;
}

impl Losses for flow::Counters {
    fn losses(&self) -> Vec<LossMark> {
        let lines = [
            (self.evicted, "flows were ended early because a flow table was full"),
            (self.sessions_refused, "TCP sessions found no room"),
            (self.segments_refused, "TCP segments found the reassembly memory full"),
        ];
        let said = lines.iter().filter(|(count, _)| *count > 0);
        said.map(|(count, what)| LossMark { after: PacketId(0), reason: format!("{count} {what}") }).collect()
    }
}
