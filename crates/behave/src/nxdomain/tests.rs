use super::*;
use crate::Behaviour;
use crate::samples::transaction;
use model::Value;

fn judge(count: u64, seconds_apart: u64, name: impl Fn(u64) -> String) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for number in 0..count {
        let ends = ("10.0.0.23", "10.0.0.1", 53);
        let mut event =
            transaction(1 + number * seconds_apart, "dns", ends, &[("dns.queries.rrname", &name(number))]);
        if let EventKind::Transaction(fact) = &mut event.kind {
            fact.only = Some(Direction::ToClient);
            fact.fields.push(("dns.rcode", Value::Number(NXDOMAIN)));
        }
        behaviour.event(&event);
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "nxdomain").collect()
}

#[test]
fn forty_dead_domains_in_minutes_are_a_burst() {
    let findings = judge(40, 2, |number| format!("house{number}.com"));
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.severity, Severity::Medium);
    assert_eq!(finding.victims, ["10.0.0.23".parse::<IpAddr>().unwrap()]);
}

#[test]
fn dead_names_below_one_domain_are_a_block_list_at_work() {
    assert_eq!(judge(200, 1, |number| format!("{number}.2.0.192.zen.example.org")).len(), 0);
}

#[test]
fn dead_domains_over_a_day_are_no_burst() {
    assert_eq!(judge(40, 1_800, |number| format!("house{number}.com")).len(), 0);
}
