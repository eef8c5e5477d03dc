use serde_json::Value;

use crate::sample::{self, EVIL};
use crate::{Edition, Format, Report, Tlp};

fn read(format: Format) -> Value {
    let files = format.render(&sample::report(), Edition::default()).unwrap();
    serde_json::from_slice(&files[0].1).unwrap()
}

fn of_type<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    bundle["objects"].as_array().unwrap().iter().filter(|object| object["type"] == kind).collect()
}

#[test]
fn a_report_comes_back_from_its_file_unchanged() {
    let report = sample::report();
    let bytes = report.to_json();
    let again = Report::from_json(&bytes).unwrap();
    assert_eq!(again.to_json(), bytes);
    for format in Format::ALL {
        assert_eq!(
            format.render(&again, Edition::default()),
            format.render(&report, Edition::default()),
            "{}",
            format.word()
        );
    }
}

#[test]
fn a_file_that_is_no_report_is_refused_with_the_reason() {
    let refused = |bytes: &[u8]| Report::from_json(bytes).unwrap_err().to_string();
    assert!(refused(b"{}").contains("`format` is missing"));
    assert!(refused(b"{\"format\":99}").contains("format 99"));
    let text = String::from_utf8(sample::report().to_json()).unwrap();
    assert!(refused(text.replace("2025-03-03T", "2025-99-03T").as_bytes()).contains("is no time"));
    assert!(
        refused(text.replace("\"203.0.113.9\"", "\"203.0.113.999\"").as_bytes()).contains("is no address")
    );
}

#[test]
fn every_reference_of_a_bundle_leads_to_an_object_in_it() {
    let bundle = read(Format::Stix);
    let ids: Vec<&str> =
        bundle["objects"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "ids are unique");
    for object in bundle["objects"].as_array().unwrap() {
        for (key, value) in object.as_object().unwrap() {
            let refs: Vec<&str> = match value {
                Value::String(text) if key.ends_with("_ref") => vec![text],
                Value::Array(list) if key.ends_with("_refs") => {
                    list.iter().filter_map(Value::as_str).collect()
                }
                _ => continue,
            };
            assert!(refs.iter().all(|id| ids.contains(id)), "{key} of {}: {refs:?}", object["id"]);
        }
    }
}

#[test]
fn indicators_are_what_is_outside_and_never_a_victim() {
    let bundle = read(Format::Stix);
    let mut patterns: Vec<&str> =
        of_type(&bundle, "indicator").iter().map(|each| each["pattern"].as_str().unwrap()).collect();
    patterns.sort_unstable();
    let file = format!("[file:hashes.'SHA-256' = '{}']", "ab".repeat(32));
    assert_eq!(
        patterns,
        [
            "[domain-name:value = 'cdn-sync.example']",
            "[domain-name:value = 'updates.example']",
            file.as_str(),
            "[ipv4-addr:value = '203.0.113.9']",
            "[ipv6-addr:value = '2001:db8::66']",
        ]
    );
}

#[test]
fn doubts_are_opinions_about_what_was_observed() {
    let bundle = read(Format::Stix);
    let opinions = of_type(&bundle, "opinion");
    assert_eq!(opinions.len(), 3);
    assert!(opinions[0]["explanation"].as_str().unwrap().contains("keep timers, too"));
    assert!(opinions[0]["object_refs"][0].as_str().unwrap().starts_with("observed-data--"));
}

#[test]
fn a_bundle_carries_the_marking_that_was_asked_for() {
    let edition = Edition { tlp: Tlp::AmberStrict, ..Edition::default() };
    let bundle: Value =
        serde_json::from_slice(&Format::Stix.render(&sample::report(), edition).unwrap()[0].1).unwrap();
    let marking = of_type(&bundle, "marking-definition")[0];
    assert_eq!(marking["name"], "TLP:AMBER+STRICT");
    assert!(of_type(&bundle, "report").iter().all(|each| each["object_marking_refs"][0] == marking["id"]));
}

#[test]
fn an_internal_address_is_in_nobodys_block_list() {
    let event = read(Format::Misp);
    let attributes = event["Event"]["Attribute"].as_array().unwrap();
    let internal = attributes.iter().find(|each| each["value"] == "10.0.0.66").unwrap();
    assert_eq!(internal["to_ids"], false);
    assert_eq!(attributes.iter().find(|each| each["value"] == "203.0.113.9").unwrap()["to_ids"], true);
}

#[test]
fn techniques_of_the_two_matrices_are_two_layers() {
    let layers = Format::Navigator.render(&sample::report(), Edition::default()).unwrap();
    let names: Vec<&str> = layers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["navigator.json", "navigator-ics.json"]);
    let ics: Value = serde_json::from_slice(&layers[1].1).unwrap();
    assert_eq!(
        (&ics["domain"], &ics["techniques"][0]["techniqueID"]),
        (&"ics-attack".into(), &"T0855".into())
    );
}

#[test]
fn no_format_passes_on_what_reorders_text() {
    for format in Format::ALL {
        for (name, bytes) in format.render(&sample::report(), Edition::default()).unwrap_or_default() {
            if name.ends_with(".pdf") {
                continue;
            }
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains('\u{202e}') && !text.contains("\\u202e"), "{name}");
            assert!(EVIL.contains('\u{202e}'));
        }
    }
}

#[test]
fn forms_say_what_is_blank() {
    let files = Format::Dora.render(&sample::report(), Edition::default()).unwrap();
    let (_, bytes) = files.iter().find(|(name, _)| name == "dora-intermediate-report.json").unwrap();
    let form: Value = serde_json::from_slice(bytes).unwrap();
    let field = |number: &str| {
        form["fields"].as_array().unwrap().iter().find(|field| field["number"] == number).unwrap().clone()
    };
    assert_eq!(field("3.4")["state"], "blank");
    assert!(field("3.25")["value"].as_str().unwrap().contains("T1048.003"));
    assert!(field("3.35")["value"].as_str().unwrap().contains("`203.0.113.9`"));
    assert!(form["blanks"].as_array().unwrap().contains(&"1.6".into()));
    let (_, markdown) = files.iter().find(|(name, _)| name == "dora-initial-notification.md").unwrap();
    let markdown = String::from_utf8(markdown.clone()).unwrap();
    assert!(markdown.contains("- [ ] 1.6 LEI code") && !markdown.contains("<script>"));
}
