//! "The attack was stopped at T", held against what a sensor saw: when that is supported, when it is refuted, and when nobody
//! can tell from here. Each case is a capture of the lab in which somebody guesses passwords of the records server, 10.0.0.5.

use lab::acts::Guessing;
use lab::{Host, Office, START, Scene, Talk};

use super::{Folder, targe};

/// Exit codes of `targe claim check`.
const SUPPORTED: i32 = 0;
const REFUTED: i32 = 3;
const NOT_OBSERVABLE: i32 = 1;

/// What happens, in seconds from 08:00:00 on.
struct Story {
    /// The attack begins.
    begins: u64,
    /// It lasts so long.
    attack: u64,
    /// Who attacks goes on knocking so long, and the firewall answers with resets.
    knocks: u64,
    /// The sensor records so long.
    sensor: u64,
}

impl Story {
    /// Records it, and says what of a statement is true: the exit code, and the reasons.
    fn check(&self, name: &str, statement: &str) -> (i32, String) {
        let folder = Folder::new(name);
        let mut scene = Scene::new(name, 3);
        let office = Office::new(&scene.random("office"), START);
        let guesser = Host::outside("guesser", std::net::Ipv4Addr::new(198, 51, 100, 99), 17);
        let guessing = Guessing { conversations: self.attack / 4, interval_ms: 4_000, ..Guessing::default() };
        guessing.play(&mut scene, &office, START.plus_secs(self.begins), &guesser);
        let over = self.begins + self.attack;
        for second in (over + 8..over + self.knocks).step_by(8) {
            Talk::refused(&mut scene, START.plus_secs(second), &guesser, &office.records, 22);
        }
        office.work(&mut scene, START, 1_800, 12);
        office.routine(&mut scene, START, 1_800);
        let mut capture = scene.finish();
        capture.frames.retain(|frame| frame.time < START.plus_secs(self.sensor));
        let (path, out, bundle) = (folder.path("s.pcap"), folder.path("out"), folder.path("case.targe"));
        let file = std::fs::File::create(&path).expect("the folder takes files");
        capture.write_pcap(std::io::BufWriter::new(file)).expect("the disk has room");
        let made = targe(&["investigate", &path, "-q", "-o", &out, "--bundle", &bundle]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // The folder of a run and the bundle of it say the same.
        let of_folder = targe(&["claim", "check", statement, "-o", &out]);
        let of_bundle = targe(&["claim", "check", statement, "--bundle", &bundle]);
        assert_eq!(of_folder.stdout, of_bundle.stdout);
        assert_eq!(of_folder.status.code(), of_bundle.status.code());
        let code = of_bundle.status.code().expect("it ends by itself");
        (code, String::from_utf8_lossy(&of_bundle.stdout).into_owned())
    }
}

#[test]
fn an_attack_that_ends_in_resets_was_stopped_as_far_as_packets_show() {
    let story = Story { begins: 0, attack: 300, knocks: 300, sensor: 1_800 };
    let (code, reasons) = story
        .check("stopped", "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T08:05:30Z");
    assert_eq!(code, SUPPORTED, "{reasons}");
    assert!(reasons.contains("Nothing of it was seen in the"), "{reasons}");
    assert!(reasons.contains("Packets show that it ceased, not who made it cease."), "{reasons}");
}

#[test]
fn an_attack_that_goes_on_was_not_stopped() {
    let story = Story { begins: 0, attack: 600, knocks: 0, sensor: 1_800 };
    let (code, reasons) = story
        .check("goes-on", "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T08:05:30Z");
    assert_eq!(code, REFUTED, "{reasons}");
    assert!(reasons.contains("after the time that is stated"), "{reasons}");
}

#[test]
fn an_attack_that_began_later_was_not_stopped_before() {
    let story = Story { begins: 600, attack: 300, knocks: 0, sensor: 1_800 };
    let (code, reasons) =
        story.check("later", "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T08:05:30Z");
    assert_eq!(code, REFUTED, "{reasons}");
    assert!(reasons.contains("It only began after the time that is stated."), "{reasons}");
}

#[test]
fn what_was_before_the_sensor_began_cannot_be_told() {
    let story = Story { begins: 0, attack: 300, knocks: 0, sensor: 1_800 };
    let (code, reasons) = story.check(
        "sensor-begins",
        "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T07:30:00Z",
    );
    assert_eq!(code, NOT_OBSERVABLE, "{reasons}");
    assert!(reasons.contains("The capture begins"), "{reasons}");
}

#[test]
fn whether_it_was_stopped_cannot_be_told_when_the_sensor_ends_first() {
    let story = Story { begins: 0, attack: 600, knocks: 0, sensor: 300 };
    let (code, reasons) = story.check(
        "sensor-ends",
        "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T08:05:30Z",
    );
    assert_eq!(code, NOT_OBSERVABLE, "{reasons}");
    assert!(reasons.contains("s before the time that is stated"), "{reasons}");
}

#[test]
fn a_pause_is_no_end_when_the_sensor_ends_soon_after() {
    let story = Story { begins: 0, attack: 300, knocks: 0, sensor: 335 };
    let (code, reasons) = story
        .check("soon-after", "An attack of kind brute force on 10.0.0.5 was stopped at 2025-03-04T08:05:33Z");
    assert_eq!(code, NOT_OBSERVABLE, "{reasons}");
    assert!(reasons.contains("to tell an end from a pause"), "{reasons}");
}

#[test]
fn what_was_never_seen_cannot_be_told_to_have_stopped() {
    let story = Story { begins: 0, attack: 300, knocks: 0, sensor: 1_800 };
    let (code, reasons) = story.check(
        "another-host",
        "An attack of kind brute force on 10.0.0.77 was stopped at 2025-03-04T08:05:30Z",
    );
    assert_eq!(code, NOT_OBSERVABLE, "{reasons}");
    assert!(reasons.contains("10.0.0.77 does not appear in this capture."), "{reasons}");
    let (code, reasons) = story.check(
        "another-kind",
        "An attack of kind ransomware on 10.0.0.5 was stopped at 2025-03-04T08:05:30Z",
    );
    assert_eq!(code, NOT_OBSERVABLE, "{reasons}");
    assert!(reasons.contains("Nothing of kind `ransomware` was found on 10.0.0.5."), "{reasons}");
}
