use super::*;
use crate::Behaviour;
use crate::samples::{flow, transaction};

fn judge(events: impl IntoIterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.into_iter().for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "theft").collect()
}

fn office() -> impl Iterator<Item = Event> {
    (0..8).flat_map(|host| {
        (1..20).map(move |n| flow(n, &format!("10.0.0.{host}"), "198.51.100.80", 443, [4_000, 200_000]))
    })
}

#[test]
fn a_host_that_gives_what_its_neighbours_do_not_is_found() {
    let staged = flow(30, "10.0.0.7", "10.0.1.5", 445, [9_000, 80_000_000]);
    let sent = flow(40, "10.0.0.7", "203.0.113.9", 443, [80_000_000, 90_000]);
    let found = judge(office().chain([staged, sent]));
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(finding.title, "10.0.0.7 sent 80000000 bytes to 203.0.113.9 port 443 and got 90000 back");
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_service_that_everybody_sends_to_is_none() {
    let sent =
        (1..8).map(|host| flow(40, &format!("10.0.0.{host}"), "203.0.113.9", 443, [8_000_000, 900_000]));
    assert_eq!(judge(office().chain(sent)).len(), 0);
}

#[test]
fn dated_files_left_by_ftp_are_found_and_a_person_at_work_is_not() {
    let command = |number: u64, command: &str, data: &str| {
        let fields = [("ftp.command", command), ("ftp.command_data", data)];
        transaction(number, "ftp", ("10.0.0.7", "203.0.113.9", 21), &fields)
    };
    let program = judge([command(1, "USER", "x"), command(2, "STOR", "PW_anna-PC_2024_03_01_10_22_31.html")]);
    assert_eq!(program.len(), 1, "{program:?}");
    let person = judge([
        command(1, "USER", "x"),
        command(20, "LIST", ""),
        command(60, "STOR", "index.html"),
        command(90, "RETR", "a"),
    ]);
    assert_eq!(person.len(), 0);
}
