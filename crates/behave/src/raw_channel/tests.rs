use super::*;
use crate::Behaviour;
use crate::samples::flow;

fn judge(edit: impl Fn(&mut FlowFact)) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    let mut event = flow(1, "10.0.0.7", "203.0.113.9", 4_444, [9_000, 400]);
    if let EventKind::Flow(fact) = &mut event.kind {
        fact.shape = Some(Box::default());
        edit(fact);
    }
    behaviour.event(&event);
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "raw_channel").collect()
}

fn shape(head: &[u8], prompts: u16) -> PayloadShape {
    let mut shape = PayloadShape {
        head_len: head.len() as u8,
        prompts,
        payloads: 9,
        seen: 400,
        text: 400,
        ..Default::default()
    };
    shape.head[..head.len()].copy_from_slice(head);
    shape
}

#[test]
fn prompts_from_the_client_are_a_reverse_shell() {
    let found = judge(|fact| {
        fact.shape = Some(Box::new([shape(b"Microsoft Windows [Version 10.0", 6), shape(b"dir\n", 0)]));
    });
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(
        finding.title,
        "10.0.0.7 serves a shell to 203.0.113.9 port 4444: 9000 bytes out, 400 bytes in"
    );
    assert_eq!((finding.severity, finding.techniques.contains(&"T1059")), (Severity::High, true));
}

#[test]
fn a_length_and_as_many_bytes_are_a_loader() {
    let stage = |length: u32, bytes: u32| {
        judge(|fact| {
            fact.opening = Opening {
                first: Some(Direction::ToClient),
                answer: Some(4),
                after: Some((Direction::ToClient, bytes)),
            };
            fact.payload = [100, 40_000];
            fact.shape = Some(Box::new([PayloadShape::default(), shape(&length.to_le_bytes(), 0)]));
        })
    };
    assert_eq!(stage(267, 267).len(), 1);
    assert_eq!(stage(267, 300).len(), 0);
}

#[test]
fn an_unknown_protocol_alone_is_none() {
    assert_eq!(judge(|fact| fact.shape = Some(Box::new([shape(b"\x01\x02\x03hello", 0); 2]))).len(), 0);
}
