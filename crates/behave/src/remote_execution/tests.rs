use super::*;
use crate::Behaviour;
use crate::samples::{called, file_of, transaction};
use model::{Event, Finding};

const ENDS: (&str, &str, u16) = ("10.0.0.23", "10.0.0.5", 445);

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

#[test]
fn a_service_made_and_started_is_worth_a_look() {
    let events =
        [called(1, ENDS, "svcctl", 15), called(2, ENDS, "svcctl", 12), called(3, ENDS, "svcctl", 19)];
    let [finding] = &judge(&events)[..] else { panic!("one finding") };
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.techniques, ["T1569.002", "T1021"]);
    assert!(finding.title.starts_with("10.0.0.23 makes a service on 10.0.0.5"), "{}", finding.title);
}

#[test]
fn a_program_in_an_administrative_share_makes_it_graver() {
    let share = transaction(1, "smb", ENDS, &[("smb.share", r"\\10.0.0.5\ADMIN$")]);
    let program = file_of(2, ENDS, "smb", "kzrqwd.exe", b"MZ\x90\0");
    let [finding] = &judge(&[share, program, called(3, ENDS, "svcctl", 12)])[..] else {
        panic!("one finding")
    };
    assert_eq!((finding.severity, &*finding.evidence[0].excerpt), (Severity::High, "kzrqwd.exe"));
    assert_eq!(finding.techniques, ["T1569.002", "T1570", "T1021"]);
}

#[test]
fn a_program_in_a_share_of_files_is_nothing() {
    let share = transaction(1, "smb", ENDS, &[("smb.share", r"\\10.0.0.5\tools")]);
    assert_eq!(judge(&[share, file_of(2, ENDS, "smb", "setup.exe", b"MZ\x90\0")]).len(), 0);
}

#[test]
fn asking_for_the_state_of_services_is_nothing() {
    let events = [15, 16, 6, 14, 0].map(|operation| called(operation + 1, ENDS, "svcctl", operation));
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn monitoring_that_queries_wmi_is_nothing() {
    let events = [called(1, ENDS, "IWbemLevel1Login", 6), called(2, ENDS, "IWbemServices", 20)];
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn powershell_on_another_host_is_worth_a_look() {
    let ends = ("10.0.0.23", "10.0.0.5", 5985);
    let request =
        |number| transaction(number, "http", ends, &[("http.uri", "/wsman?PSVersion=5.1.18362.752")]);
    let [finding] = &judge(&[request(1), request(2)])[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1021.006"));
    let subscription = transaction(3, "http", ends, &[("http.uri", "/wsman/SubscriptionManager/WEC")]);
    assert_eq!(judge(&[subscription]).len(), 0);
}
