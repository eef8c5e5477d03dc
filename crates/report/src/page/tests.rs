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
    let page = String::from_utf8(render(&report, Edition::default())).unwrap();
    assert!(page.contains(">No incident of medium severity or above</h1>"));
    assert!(page.contains("Nothing is known to be missing from this capture."));
    assert!(!page.contains("http://") && !page.contains("https://"), "the page loads nothing");
}

#[test]
fn text_from_traffic_cannot_become_markup() {
    assert_eq!(html::escape("<script>\"&'\u{7}"), "&lt;script&gt;&quot;&amp;&#39;⟨U+0007⟩");
}

fn page(language: crate::catalogue::Language) -> String {
    let edition = Edition { language, ..Edition::default() };
    String::from_utf8(render(&crate::sample::report(), edition)).unwrap()
}

#[test]
fn a_hostile_name_is_shown_and_does_nothing() {
    let page = page(crate::catalogue::Language::English);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;|⟨U+202E⟩moc.live&#39;&quot;&amp;"));
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    assert!(page.contains("default-src 'none'"), "the page forbids itself to load anything");
}

#[test]
fn every_link_leads_somewhere_and_every_id_is_one() {
    let page = page(crate::catalogue::Language::English);
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for id in &ids {
        assert_eq!(ids.iter().filter(|each| *each == id).count(), 1, "{id}");
    }
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "#{target}");
    }
}

#[test]
fn a_finding_shows_its_packets_and_how_to_look_at_them() {
    let page = page(crate::catalogue::Language::English);
    assert!(page.contains("12 340</p>"));
    assert!(page.contains(
        "tshark -r &#39;it&#39;\\&#39;&#39;s a capture.pcap&#39; -Y &#39;frame.number in {12, 340}&#39;"
    ));
}

#[test]
fn persian_is_laid_out_from_right_to_left_with_addresses_isolated() {
    let page = page(crate::catalogue::Language::Persian);
    assert!(page.starts_with("<!doctype html><html lang=\"fa\" dir=\"rtl\">"));
    assert!(page.contains("<bdi>10.0.0.21</bdi>") && page.contains("خروج داده"));
    assert!(page.contains("<span class=\"as-is\" lang=\"en\" dir=\"ltr\"><bdi>a server called itself"));
    assert!(page.contains("۱۴۰۳/۱۲/"), "days are in the Solar Hijri calendar");
}

#[test]
fn of_a_thousand_findings_the_gravest_are_told_and_every_link_still_leads_somewhere() {
    let mut report = crate::sample::report();
    let first = report.findings[0].clone();
    for id in 4..1_004 {
        let severity = if id == 1_003 { Severity::Critical } else { Severity::Low };
        report.findings.push(model::Finding { id, severity, ..first.clone() });
        report.incidents[0].findings.push(id);
    }
    let page = String::from_utf8(render(&report, Edition::default())).unwrap();
    assert!(
        page.contains("id=\"finding-1003\"") && page.contains("942 further findings are in findings.json")
    );
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(
        page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).all(|id| ids.contains(&id))
    );
}
