use super::*;
use crate::sample;

#[test]
fn every_field_has_a_name_and_every_blank_says_who_knows() {
    for language in Language::ALL {
        let words = Words::new(language);
        for stage in table::NIS2.iter().chain(table::DORA) {
            assert!(words.has(stage.title) && words.has(stage.due), "{}", stage.file);
            for row in stage.parts.iter().copied().flatten() {
                assert!(words.has(row.name), "{}", row.name);
                if let Fill::Blank(key) | Fill::Says(key) = row.fill {
                    assert!(words.has(key), "{key}");
                }
            }
        }
    }
}

#[test]
fn the_template_of_dora_is_whole() {
    // Implementing Regulation (EU) 2025/302, Annex I: 15 general fields, 10, 35 and 16.
    let numbers = |stage: &Stage| -> Vec<&str> {
        let rows = stage.parts.iter().copied().flatten().map(|row| row.number);
        std::iter::once(table::KIND.number).chain(rows).collect()
    };
    for (stage, (own, count)) in table::DORA.iter().zip([(2, 10), (3, 35), (4, 16)]) {
        let general = (1..=15).map(|number| format!("1.{number}"));
        let wanted: Vec<String> =
            general.chain((1..=count).map(|number| format!("{own}.{number}"))).collect();
        assert_eq!(numbers(stage), wanted, "{}", stage.file);
    }
}

#[test]
fn persian_forms_are_persian_and_programs_read_english() {
    let edition = Edition { language: Language::Persian, ..Edition::default() };
    let files = nis2(&sample::report(), edition);
    let text = |name: &str| {
        let (_, bytes) = files.iter().find(|(known, _)| known == name).expect("it is written");
        String::from_utf8(bytes.clone()).expect("forms are UTF-8")
    };
    assert!(text("nis2-early-warning.md").starts_with("# هشدار زودهنگام NIS2"));
    let value: Value = serde_json::from_str(&text("nis2-early-warning.json")).expect("it is JSON");
    assert_eq!(value["title"], "NIS2 early warning");
}
