use model::{Finding, Severity};

use super::*;
use crate::samples::oddity;
use crate::{Behaviour, Home};

fn judge(kind: &'static str, count: u64) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    (1..=count).for_each(|number| behaviour.event(&oddity(number, "203.0.113.9", "10.0.0.5", kind)));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

#[test]
fn fragments_that_overlap_are_worth_a_look() {
    let [finding] = &judge("decoder.ipv6.frag_overlap", 1)[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1599"));
    assert_eq!(finding.title, "203.0.113.9 sends 10.0.0.5 fragments that overlap");
}

#[test]
fn one_segment_with_other_bytes_is_nothing_and_several_are() {
    assert_eq!(judge("stream.reassembly_overlap_different_data", 1).len(), 0);
    assert_eq!(judge("stream.reassembly_overlap_different_data", 5).len(), 1);
}

#[test]
fn options_that_nobody_knows_are_a_channel_when_there_are_many() {
    assert_eq!(judge("decoder.ipv6.dstopts_unknown_opt", 2).len(), 0);
    assert_eq!(judge("decoder.ipv6.dstopts_unknown_opt", 40)[0].techniques, ["T1001"]);
}

#[test]
fn other_oddities_are_nothing() {
    assert_eq!(judge("decoder.ipv4.opt_pad_required", 500).len(), 0);
}
