//! Thresholds.

use std::net::{IpAddr, Ipv4Addr};

use super::{Desk, desk};

/// How many of `packets` packets, one per second, alert.
fn count(desk: &mut Desk, packets: usize) -> Vec<usize> {
    (0..packets)
        .filter(|_| {
            desk.now += 1;
            !desk.udp(b"x").is_empty()
        })
        .collect()
}

fn with(options: &str) -> Desk {
    desk(&format!("alert udp any any -> any any (content:\"x\"; {options} sid:1;)"))
}

#[test]
fn limit_speaks_so_often_per_period() {
    assert_eq!(
        count(&mut with("threshold:type limit,track by_src,count 2,seconds 5;"), 12),
        [0, 1, 5, 6, 10, 11]
    );
}

#[test]
fn threshold_speaks_at_each_so_manieth() {
    assert_eq!(count(&mut with("threshold:type threshold,track by_src,count 3,seconds 60;"), 9), [2, 5, 8]);
}

#[test]
fn both_speaks_once_per_period() {
    assert_eq!(count(&mut with("threshold:type both,track by_dst,count 3,seconds 60;"), 9), [2]);
}

#[test]
fn backoff_speaks_ever_more_rarely() {
    let rule = "threshold:type backoff,track by_flow,count 1,multiplier 10;";
    assert_eq!(count(&mut with(rule), 120), [0, 9, 99]);
}

#[test]
fn a_detection_filter_waits_for_more() {
    assert_eq!(count(&mut with("detection_filter:track by_src,count 3,seconds 60;"), 6), [3, 4, 5]);
}

#[test]
fn distinct_ports_are_counted_once_each() {
    let mut desk = with("detection_filter:track by_src,count 2,seconds 60,unique_on src_port;");
    assert!(count(&mut desk, 5).is_empty());
    desk.port = 40_001;
    assert!(count(&mut desk, 2).is_empty());
    desk.port = 40_002;
    assert_eq!(count(&mut desk, 1), [0]);
}

#[test]
fn each_host_has_its_own_count() {
    let mut desk = with("threshold:type limit,track by_src,count 1,seconds 60;");
    assert_eq!(count(&mut desk, 3), [0]);
    desk.src = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));
    assert_eq!(count(&mut desk, 3), [0]);
}
