use super::*;
use crate::Behaviour;
use crate::samples::{called, transaction};
use model::Finding;

const ENDS: (&str, &str, u16) = ("10.0.0.23", "10.0.0.1", 445);

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

#[test]
fn a_server_that_is_called_and_comes_back_was_made_to() {
    let back = |number| {
        let command = [("smb.command_name", "SMB2_COMMAND_SESSION_SETUP")];
        transaction(number, "smb", ("10.0.0.1", "10.0.0.23", 445), &command)
    };
    let [finding] = &judge(&[called(1, ENDS, "spoolss", 65), back(2)])[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::High, "T1187"));
    assert!(finding.title.ends_with("10.0.0.1, which then logs in at it"), "{}", finding.title);
    let [late] = &judge(&[called(1, ENDS, "spoolss", 65), back(500)])[..] else { panic!("one finding") };
    assert_eq!(late.severity, Severity::Medium);
}

#[test]
fn printing_is_nothing() {
    assert_eq!(
        judge(&[1, 29, 17, 19, 23].map(|operation| called(operation, ENDS, "spoolss", operation))).len(),
        0
    );
}

#[test]
fn a_driver_from_elsewhere_is_worth_a_look() {
    let [finding] = &judge(&[called(1, ENDS, "spoolss", 89)])[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1210"));
}
