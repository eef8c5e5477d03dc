use super::*;
use crate::Behaviour;
use crate::samples::flow;

fn judge(seconds: impl Iterator<Item = f64>, sizes: [u64; 3]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    for (number, at) in (1..).zip(seconds) {
        let mut event = flow(number, "10.0.0.23", "203.0.113.9", 443, [sizes[number as usize % 3], 900]);
        if let EventKind::Flow(fact) = &mut event.kind {
            fact.who.began = Time::from_nanos((at * 1e9) as u64);
            fact.protocol = "tls";
        }
        behaviour.event(&event);
    }
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "beacon").collect()
}

#[test]
fn a_timer_with_some_jitter_is_a_beacon() {
    let findings = judge((0..20).map(|n| f64::from(n) * 300.0 + f64::from(n * 7 % 12)), [300, 310, 305]);
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert!(
        finding.title.starts_with("10.0.0.23 calls 203.0.113.9 port 443 every 295.0 s"),
        "{}",
        finding.title
    );
    assert!(finding.confidence.0 > 800, "{:?}", finding.confidence);
}

#[test]
fn a_person_reading_pages_is_not() {
    // Pauses between 2 s and 20 min, sizes that vary.
    let pauses = [2.0, 3.0, 2.5, 900.0, 4.0, 61.0, 2.2, 1200.0, 7.0, 33.0, 2.1, 410.0, 5.0];
    let times = pauses.iter().scan(0.0, |at, pause| {
        *at += pause;
        Some(*at)
    });
    assert_eq!(judge(times, [300, 2_000, 9_000]).len(), 0);
}
