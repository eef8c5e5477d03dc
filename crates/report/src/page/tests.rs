use super::*;
use crate::{Manifest, Overview};

#[test]
fn a_report_without_incidents_says_so() {
    let report = Report {
        manifest: Manifest::default(),
        overview: Overview::default(),
        findings: Vec::new(),
        incidents: Vec::new(),
        losses: Vec::new(),
    };
    let page = String::from_utf8(render(&report)).unwrap();
    assert!(page.contains("<h1>No incident of medium severity or above</h1>"));
    assert!(page.contains("Nothing is known to be missing from this capture."));
    assert!(!page.contains("http://") && !page.contains("https://"), "the page loads nothing");
}

#[test]
fn text_from_traffic_cannot_become_markup() {
    assert_eq!(escape("<script>\"&'\u{7}"), "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
}
