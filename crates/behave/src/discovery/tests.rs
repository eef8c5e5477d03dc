use super::*;
use crate::Behaviour;
use crate::samples::{called, transaction};

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

const CONTROLLER: (&str, &str, u16) = ("10.0.0.23", "10.0.0.1", 445);

#[test]
fn many_kinds_of_questions_about_accounts_are_a_tool() {
    let events: Vec<_> =
        [13, 11, 15, 25, 33, 40, 17].into_iter().map(|op| called(op, CONTROLLER, "samr", op)).collect();
    let [finding] = &judge(&events)[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1087.002"));
    assert_eq!(judge(&events[..2]).len(), 0);
}

#[test]
fn sessions_of_many_hosts_are_asked_by_collectors() {
    let ask = |hosts: u64| {
        let servers: Vec<String> = (1..=hosts).map(|n| format!("10.0.1.{n}")).collect();
        (1..)
            .zip(&servers)
            .map(|(n, server)| called(n, ("10.0.0.23", server, 445), "srvsvc", 12))
            .collect::<Vec<_>>()
    };
    assert_eq!(judge(&ask(12))[0].techniques, ["T1049"]);
    assert_eq!(judge(&ask(1)).len(), 0);
}

#[test]
fn a_person_who_opens_a_few_servers_is_nobody() {
    let events: Vec<_> = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
        .iter()
        .map(|server| called(1, ("10.0.0.23", server, 445), "srvsvc", 15))
        .collect();
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn a_search_for_every_service_account_is_worth_a_look() {
    let search =
        |filter| transaction(1, "ldap", ("10.0.0.23", "10.0.0.1", 389), &[("ldap.request.filter", filter)]);
    let all = search("(&(samAccountType=805306368)(servicePrincipalName=*)(!(samAccountName=krbtgt)))");
    let [finding] = &judge(&[all])[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1558.003"));
    assert_eq!(
        judge(&[search("(servicePrincipalName=HTTP/www.example)"), search("(mail=anna@example)")]).len(),
        0
    );
}
