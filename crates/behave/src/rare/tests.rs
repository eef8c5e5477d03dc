use super::*;
use crate::Behaviour;
use crate::samples::{flow, transaction};

fn judge(name: &str, clients: u8) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for number in 0..10 {
        behaviour.event(&flow(number, &format!("10.0.0.{}", 20 + number), "198.51.100.1", 443, [10, 10]));
    }
    for client in 0..clients {
        let ends = (&*format!("10.0.0.{}", 20 + client), "203.0.113.9", 443);
        behaviour.event(&transaction(9_000 + u64::from(client), "tls", ends, &[("tls.sni", name)]));
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "rare").collect()
}

#[test]
fn a_dynamic_name_that_one_host_uses_is_a_faint_sign() {
    let findings = judge("updates.duckdns.org", 1);
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.severity, Severity::Low);
    assert_eq!(finding.server, Some(("203.0.113.9".parse().unwrap(), "updates.duckdns.org".to_owned())));
}

#[test]
fn an_ordinary_name_is_none_however_rare() {
    assert_eq!(judge("www.gardening.example", 1).len(), 0);
}

#[test]
fn what_many_use_is_not_rare() {
    assert_eq!(judge("camera.duckdns.org", 6).len(), 0);
}

#[test]
fn below_a_provider_each_customer_is_somebody_else() {
    assert_eq!(owner("a.b.duckdns.org").as_deref(), Some("b.duckdns.org"));
    assert_eq!(owner("www.example.co.uk").as_deref(), Some("example.co.uk"));
    assert_eq!(owner("duckdns.org"), None, "the provider itself is a public suffix");
}
