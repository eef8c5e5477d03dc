use super::*;
use crate::Behaviour;
use crate::samples::{called, transaction};
use model::Finding;

const ENDS: (&str, &str, u16) = ("10.0.0.23", "10.0.0.1", 49_667);

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

#[test]
fn replication_for_a_host_that_is_no_controller_is_theft() {
    let events = [called(1, ENDS, "drsuapi", 0), called(2, ENDS, "drsuapi", 3)];
    let [finding] = &judge(&events)[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Critical, "T1003.006"));
}

#[test]
fn replication_between_controllers_is_their_work() {
    let serves = transaction(1, "krb5", ("10.0.0.99", "10.0.0.23", 88), &[("krb5.client", "anna")]);
    assert_eq!(judge(&[serves, called(2, ENDS, "drsuapi", 3)]).len(), 0);
}

#[test]
fn a_credential_is_guessed_by_many_challenges_only() {
    let tries = |count: u64| {
        (0..count)
            .flat_map(|n| [called(2 * n + 1, ENDS, "netlogon", 4), called(2 * n + 2, ENDS, "netlogon", 26)])
            .collect::<Vec<_>>()
    };
    assert_eq!(judge(&tries(3)).len(), 0);
    let [finding] = &judge(&tries(200))[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Critical, "T1210"));
}

#[test]
fn names_looked_up_are_nothing() {
    assert_eq!(judge(&[called(1, ENDS, "drsuapi", 12), called(2, ENDS, "lsarpc", 76)]).len(), 0);
}
