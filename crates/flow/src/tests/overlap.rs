use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::talk::{OPEN, Talk};
use crate::{Config, Policy};

const POLICIES: [Policy; 14] = [
    Policy::First,
    Policy::Last,
    Policy::Bsd,
    Policy::OldLinux,
    Policy::Linux,
    Policy::OldSolaris,
    Policy::Solaris,
    Policy::Hpux10,
    Policy::Hpux11,
    Policy::Irix,
    Policy::MacOs,
    Policy::Windows,
    Policy::Vista,
    Policy::Windows2k3,
];

fn read(policy: Policy, inline: bool, text: &str) -> (String, String) {
    let mut config = Config::default();
    config.stream.policies = vec![("10.0.0.0".parse().expect("address"), 8, policy)];
    config.stream.inline = inline;
    let mut talk = Talk::new(config);
    talk.run(OPEN);
    talk.run(text);
    talk.over();
    (String::from_utf8_lossy(&talk.read[0]).into_owned(), talk.said)
}

/// Shows which systems read what.
fn check(text: &str, expected: Expect) {
    let mut said = String::new();
    let mut readings: Vec<(String, Vec<Policy>)> = Vec::new();
    for policy in POLICIES {
        let (bytes, _) = read(policy, false, text);
        match readings.iter_mut().find(|(known, _)| *known == bytes) {
            Some((_, policies)) => policies.push(policy),
            None => readings.push((bytes, vec![policy])),
        }
    }
    for (bytes, policies) in readings {
        let _ = writeln!(said, "{bytes}: {policies:?}");
    }
    let (bytes, _) = read(Policy::Last, true, text);
    let _ = writeln!(said, "{bytes}: inline");
    expected.assert_eq(&said);
}

#[test]
fn exactly_the_same_place() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLD
         client: ACK seq=1001 ack=5001 data=new
         server: ACK seq=5001 ack=1004",
        expect![[r#"
            OLD: [First, Bsd, Linux, Hpux10, Irix, MacOs, Windows, Vista, Windows2k3]
            new: [Last, OldLinux, OldSolaris, Solaris, Hpux11]
            OLD: inline
        "#]],
    );
}

#[test]
fn the_same_start_and_longer() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLD
         client: ACK seq=1001 ack=5001 data=newer
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            OLDer: [First, Bsd, Hpux10, Irix, MacOs, Windows, Vista, Windows2k3]
            newer: [Last, OldLinux, Linux, OldSolaris, Solaris, Hpux11]
            OLDer: inline
        "#]],
    );
}

#[test]
fn the_same_start_and_shorter() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLDER
         client: ACK seq=1001 ack=5001 data=new
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            OLDER: [First, Bsd, OldLinux, Linux, OldSolaris, Solaris, Hpux10, Hpux11, Irix, MacOs, Windows, Vista, Windows2k3]
            newER: [Last]
            OLDER: inline
        "#]],
    );
}

#[test]
fn starting_before_a_waiting_segment() {
    check(
        "client: ACK seq=1004 ack=5001 data=OLD
         client: ACK seq=1001 ack=5001 data=newer
         server: ACK seq=5001 ack=1007",
        expect![[r#"
            newOLD: [First, OldSolaris, Solaris, Hpux11, Vista]
            newerD: [Last, Bsd, OldLinux, Linux, Hpux10, Irix, MacOs, Windows, Windows2k3]
            newOLD: inline
        "#]],
    );
}

#[test]
fn around_a_waiting_segment() {
    check(
        "client: ACK seq=1003 ack=5001 data=OLD
         client: ACK seq=1001 ack=5001 data=newernew
         server: ACK seq=5001 ack=1009",
        expect![[r#"
            neOLDnew: [First, Vista]
            newernew: [Last, Bsd, OldLinux, Linux, OldSolaris, Solaris, Hpux10, Hpux11, Irix, MacOs, Windows, Windows2k3]
            neOLDnew: inline
        "#]],
    );
}

#[test]
fn starting_inside_and_ending_beyond() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLDER
         client: ACK seq=1003 ack=5001 data=newer
         server: ACK seq=5001 ack=1008",
        expect![[r#"
            OLDERer: [First, Bsd, OldLinux, Linux, Hpux10, Irix, MacOs, Windows, Vista, Windows2k3]
            OLnewer: [Last, OldSolaris, Solaris, Hpux11]
            OLDERer: inline
        "#]],
    );
}

#[test]
fn starting_inside_and_ending_together() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLDER
         client: ACK seq=1003 ack=5001 data=new
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            OLDER: [First, Bsd, OldLinux, Linux, OldSolaris, Solaris, Hpux10, Hpux11, Irix, MacOs, Windows, Vista, Windows2k3]
            OLnew: [Last]
            OLDER: inline
        "#]],
    );
}

#[test]
fn wholly_inside() {
    check(
        "client: ACK seq=1001 ack=5001 data=OLDER
         client: ACK seq=1002 ack=5001 data=new
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            OLDER: [First, Bsd, OldLinux, Linux, OldSolaris, Solaris, Hpux10, Hpux11, Irix, MacOs, Windows, Vista, Windows2k3]
            OnewR: [Last]
            OLDER: inline
        "#]],
    );
}

#[test]
fn across_several_segments() {
    check(
        "client: ACK seq=1001 ack=5001 data=AA
         client: ACK seq=1005 ack=5001 data=BB
         client: ACK seq=1009 ack=5001 data=CC
         client: ACK seq=1001 ack=5001 data=newnewnewn
         server: ACK seq=5001 ack=1011",
        expect![[r#"
            AAwnBBneCC: [First, Vista]
            newnewnewn: [Last, OldLinux, Linux, OldSolaris, Solaris, Hpux11]
            AAwnewnewn: [Bsd, Hpux10, Irix, MacOs, Windows, Windows2k3]
            AAwnBBneCC: inline
        "#]],
    );
}

#[test]
fn a_difference_is_told_and_both_readings_are_kept() {
    let text = "client: ACK seq=1001 ack=5001 data=GOOD
         client: ACK seq=1001 ack=5001 data=EVIL
         server: ACK seq=5001 ack=1005";
    let (_, said) = read(Policy::Windows, false, text);
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established !reassembly_overlap_different_data
        6 established > to_server "GOOD"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_repetition_without_difference_is_not_told() {
    let text = "client: ACK seq=1001 ack=5001 data=GOOD
         client: ACK seq=1001 ack=5001 data=GOOD
         server: ACK seq=5001 ack=1005";
    let (_, said) = read(Policy::Windows, false, text);
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established
        6 established > to_server "GOOD"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]]
    .assert_eq(&said);
}
