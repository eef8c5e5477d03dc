use super::*;
use crate::Behaviour;
use crate::samples::transaction;

/// Answers for one name, the address by number.
fn judge(name: &str, answers: u32, clients: u32, address: impl Fn(u32) -> String) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for number in 0..answers {
        let client = format!("10.0.0.{}", 20 + number % clients);
        let fields = [("dns.queries.rrname", name), ("dns.answers.address", &address(number))];
        let mut event = transaction(1 + u64::from(number) * 180, "dns", (&client, "10.0.0.1", 53), &fields);
        if let EventKind::Transaction(fact) = &mut event.kind {
            fact.only = Some(Direction::ToClient);
        }
        behaviour.event(&event);
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "flux").collect()
}

#[test]
fn ever_new_addresses_in_unrelated_networks_are_flux() {
    let findings = judge("shop.example", 40, 1, |number| format!("{}.{}.7.7", 31 + number, number * 5));
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert!(
        finding.title.starts_with("shop.example led to 40 addresses in 40 networks"),
        "{}",
        finding.title
    );
}

#[test]
fn a_content_network_rotates_inside_few_networks() {
    assert_eq!(judge("cdn.example", 40, 1, |number| format!("31.{}.7.{number}", number % 4)).len(), 0);
}

#[test]
fn a_pool_of_time_servers_is_none() {
    assert_eq!(
        judge("0.pool.ntp.example", 40, 1, |number| format!("{}.{}.7.7", 31 + number, number * 5)).len(),
        0
    );
}
