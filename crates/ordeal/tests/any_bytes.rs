//! Every target takes its seeds and a fixed number of changed copies of them.

use ordeal::target::{TARGETS, mutations};

/// Changed copies of each seed. The fuzzer in `fuzz/` goes on from here.
fn copies(name: &str) -> usize {
    match name {
        "replay" => 4,
        "capture" => 40,
        _ => 60,
    }
}

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has seeds");
    for (seed, salt) in seeds.iter().zip(1..) {
        (target.run)(seed);
        mutations(seed, salt, copies(name)).for_each(|bytes| (target.run)(&bytes));
    }
}

#[test]
fn any_packet_is_decoded() {
    check("decode");
}

#[test]
fn any_segments_are_a_stream() {
    check("stream");
}

#[test]
fn any_bytes_are_fed_to_every_protocol() {
    check("protocol");
}

#[test]
fn any_file_is_read_as_far_as_it_goes() {
    check("capture");
}

#[test]
fn any_packets_replay_the_same_with_one_worker_and_two() {
    check("replay");
}

#[test]
fn any_file_is_held_for_a_bundle_and_nothing_is_believed() {
    check("evidence");
}
