use super::*;
use crate::Behaviour;
use crate::samples::{file, transaction};

fn judge(script: ScriptSeen) -> Vec<Finding> {
    let ends = ("10.0.0.23", "203.0.113.9", 80);
    let mut page = file(1, ends, Direction::ToClient, b"<html>");
    if let EventKind::File(fact) = &mut page.kind {
        fact.script = Some(Box::new(script));
    }
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    behaviour.event(&page);
    behaviour.event(&transaction(1, "http", ends, &[("http.host", "news.example"), ("http.uri", "/a.html")]));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

#[test]
fn a_page_that_fills_the_memory_with_code_attacks() {
    let spray =
        ScriptSeen { escapes: 90, sled: 2, unescapes: 2, growth: 1, objects: 1, ..ScriptSeen::default() };
    let [finding] = &judge(spray)[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::High, "T1203"));
    assert!(finding.title.contains("203.0.113.9 (news.example) port 80"), "{}", finding.title);
    assert_eq!(finding.victims, ["10.0.0.23".parse::<IpAddr>().unwrap()]);
}

#[test]
fn an_object_with_a_value_that_is_far_too_long_attacks() {
    let padded = ScriptSeen { objects: 1, longest_word: 1_044, words: 1, ..ScriptSeen::default() };
    assert_eq!(judge(padded).len(), 1);
}

#[test]
fn a_page_that_fetches_and_saves_a_program_attacks() {
    let reaches = ScriptSeen::RUNS | ScriptSeen::STORES | ScriptSeen::FETCHES;
    assert_eq!(judge(ScriptSeen { objects: 3, reaches, ..ScriptSeen::default() }).len(), 1);
}

#[test]
fn what_ordinary_pages_do_is_nothing() {
    // Text in another script, spelled as escapes; a player as an object; a library that pads numbers.
    assert_eq!(judge(ScriptSeen { escapes: 4_000, unescapes: 3, ..ScriptSeen::default() }).len(), 0);
    assert_eq!(judge(ScriptSeen { objects: 2, ..ScriptSeen::default() }).len(), 0);
    assert_eq!(judge(ScriptSeen { growth: 2, unescapes: 1, escapes: 40, ..ScriptSeen::default() }).len(), 0);
    let old = ScriptSeen { objects: 4, reaches: ScriptSeen::FETCHES, ..ScriptSeen::default() };
    assert_eq!(judge(old).len(), 0, "how pages asked servers in 2005");
}

#[test]
fn an_object_that_is_given_a_file_of_the_visitor_attacks() {
    assert_eq!(judge(ScriptSeen { objects: 1, paths: 1, ..ScriptSeen::default() }).len(), 1);
    assert_eq!(judge(ScriptSeen { paths: 9, ..ScriptSeen::default() }).len(), 0, "a page about Windows");
}

#[test]
fn code_without_a_place_to_land_on_attacks_too() {
    let packed =
        ScriptSeen { escapes: 400, unwritable: 40, unescapes: 1, growth: 1, ..ScriptSeen::default() };
    assert_eq!(judge(packed).len(), 1);
}
