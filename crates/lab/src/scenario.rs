//! Whole stories.
//!
//! *The second attack within a week*: an office is scanned from outside; a mail from a look-alike domain brings a
//! program; the infected desk reports to `updates.example` every five minutes, in TLS; it guesses the password of the
//! records server, fetches the records, opens a tunnel through DNS, and sends everything to a server outside. *The first
//! attack*, five days before, came from the same hands and got no further than its beacon.

use std::net::Ipv4Addr;

use model::Time;

use crate::START;
use crate::acts::{Beacon, DnsTunnel, Guessing, Phishing, Scan, Upload};
use crate::frame::{End, Host};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::speech::ssh;
use crate::talk::MS;
use crate::truth::ActKind;

/// Seed of the stories unless another is given.
pub const SEED: u64 = 20_250_304;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The second attack within a week: five hours of an office, about 6 MB.
pub fn second_attack(seed: u64) -> Capture {
    let mut scene = Scene::new("the second attack within a week", seed);
    let office = Office::new(&scene.random("office"), START);
    let after = |seconds: u64| START.plus_secs(seconds);
    let victim = &office.desks[0];
    look_around(&mut scene, &office, after(20 * MINUTE));
    let infected = Phishing::default().play(&mut scene, &office, after(45 * MINUTE), 0);
    let beacon = Beacon {
        lifetime_secs: 5 * HOUR - (infected.secs() - START.secs()) - 10 * MINUTE,
        ..Beacon::default()
    };
    beacon.play(&mut scene, &office, infected.plus_secs(40), victim);
    let guessing = Guessing { conversations: 36, succeeds: true, ..Guessing::default() };
    let inside = guessing.play(&mut scene, &office, after(2 * HOUR + 30 * MINUTE), victim);
    collect(&mut scene, &office, inside.plus_secs(90), victim);
    let tunnel = DnsTunnel { queries: 500, ..DnsTunnel::default() };
    tunnel.play(&mut scene, &office, after(3 * HOUR + 20 * MINUTE), victim);
    Upload { bytes: 700_000, ..Upload::default() }.play(
        &mut scene,
        &office,
        after(4 * HOUR + 10 * MINUTE),
        victim,
    );
    office.work(&mut scene, START, 5 * HOUR, 3);
    office.routine(&mut scene, START, 5 * HOUR);
    scene.finish()
}

/// The first attack, five days before: two hours of the same office, about 2 MB.
pub fn first_attack(seed: u64) -> Capture {
    let start = Time::from_secs(START.secs() - 5 * 24 * HOUR);
    let mut scene = Scene::new("the first attack", seed ^ 1);
    let office = Office::new(&scene.random("office"), start);
    let after = |seconds: u64| start.plus_secs(seconds);
    look_around(&mut scene, &office, after(10 * MINUTE));
    let infected = Phishing::default().play(&mut scene, &office, after(20 * MINUTE), 4);
    let beacon = Beacon { lifetime_secs: 50 * MINUTE, ..Beacon::default() };
    beacon.play(&mut scene, &office, infected.plus_secs(40), &office.desks[4]);
    office.work(&mut scene, start, 2 * HOUR, 3);
    office.routine(&mut scene, start, 2 * HOUR);
    scene.finish()
}

/// The same office on a day without an attack, about 2 MB.
pub fn quiet_day(seed: u64) -> Capture {
    let mut scene = Scene::new("a quiet day", seed ^ 2);
    let office = Office::new(&scene.random("office"), START);
    office.work(&mut scene, START, 5 * HOUR, 3);
    office.routine(&mut scene, START, 5 * HOUR);
    scene.finish()
}

/// Ports of the servers first, then one port of the whole network.
fn look_around(scene: &mut Scene, office: &Office, at: Time) {
    let scanner = Host::outside("scanner", Ipv4Addr::new(203, 0, 113, 45), 18);
    let deep = Scan { addresses: 6, ports: 90, interval_ms: 60, ..Scan::default() };
    let over = deep.play(scene, office, at, &scanner);
    let wide = Scan { addresses: 254, ports: 1, interval_ms: 40, ..Scan::default() };
    wide.play(scene, office, over.plus_secs(30), &scanner);
}

/// The records are fetched with the password that fitted.
fn collect(scene: &mut Scene, office: &Office, at: Time, victim: &Host) {
    scene
        .begin_act(ActKind::Collection)
        .attacker(victim)
        .victim(&office.records)
        .server(End { host: &office.records, port: 22 }, "tcp", "", "target")
        .fact("bytes", 500_000);
    ssh::Session {
        banner: ssh::BANNER_CLIENT,
        refused: 0,
        accepted: true,
        exchanges: &[(180, 600, 900 * MS), (120, 2_400, 3_000 * MS), (150, 500_000, 2_000 * MS)],
    }
    .play(scene, at, victim, &office.records);
    scene.end_act();
}
