use super::*;
use crate::Behaviour;
use crate::samples::transaction;
use ::model::Value;

/// Names from a linear congruential generator, as one family makes them.
fn generated(count: u32) -> Vec<String> {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (state >> 16) & 0x7fff
    };
    (0..count)
        .map(|_| {
            let size = 10 + next() % 6;
            let label: String = (0..size).map(|_| char::from(b'a' + (next() % 26) as u8)).collect();
            label + ".com"
        })
        .collect()
}

fn judge(names: &[String], missing: bool) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for (number, name) in (1..).zip(names) {
        let mut event =
            transaction(number, "dns", ("10.0.0.23", "10.0.0.1", 53), &[("dns.queries.rrname", name)]);
        if let EventKind::Transaction(fact) = &mut event.kind {
            fact.only = Some(Direction::ToClient);
            fact.fields.push(("dns.rcode", Value::Number(if missing { 3 } else { 0 })));
        }
        behaviour.event(&event);
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "dga").collect()
}

#[test]
fn many_generated_names_that_do_not_exist_are_a_finding() {
    let findings = judge(&generated(20), true);
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.techniques[0], "T1568.002");
}

#[test]
fn ordinary_names_are_none_even_when_they_do_not_exist() {
    let names = [
        "weather",
        "bookshop",
        "citylibrary",
        "greenhouse",
        "mail",
        "update",
        "forum",
        "recipes",
        "trains",
        "cinema",
    ];
    let names: Vec<String> = names.iter().map(|name| format!("{name}.com")).collect();
    assert_eq!(judge(&names, true).len(), 0);
}

#[test]
fn few_generated_names_are_no_habit() {
    assert_eq!(judge(&generated(2), true).len(), 0);
}

#[test]
fn the_model_computes_what_the_training_computed() {
    // Scores that train.py gives for the shipped weights.
    let expected = [
        ("google", -2.849_305),
        ("wikipedia", -0.643_97),
        ("kfhznwqtyplxv", 10.446_261),
        ("8f14e45fceea167a", 14.199_645),
        ("online-banking24", -2.170_442),
        ("qtxgknbyuhbd", 8.134_447),
    ];
    for (name, score) in expected {
        let ours = shipped().score(name).0;
        assert!((ours - score).abs() < 1e-5, "{name}: {ours} is not {score}");
    }
}
