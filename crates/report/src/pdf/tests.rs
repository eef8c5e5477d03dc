use super::*;
use setting::Span;

fn line_text(line: &setting::Line) -> String {
    line.runs.iter().map(|run| run.text.as_str()).collect::<Vec<_>>().join("|")
}

#[test]
fn no_line_is_wider_than_its_column() {
    let fonts = Fonts::new().unwrap();
    let text = "a word and anotherwordthatisfarwiderthanthecolumncouldeverbe and 203.0.113.9 end";
    let lines = fonts.lines(&span(text, Look::PLAIN), 10.0, 80.0, false);
    assert!(
        lines.iter().all(|line| line.width <= 80.5),
        "{:?}",
        lines.iter().map(|line| line.width).collect::<Vec<_>>()
    );
    let kept: String = lines.iter().map(line_text).collect();
    assert_eq!(kept.replace([' ', '|'], ""), text.replace(' ', ""));
}

#[test]
fn an_address_in_persian_text_stays_in_one_piece_and_order() {
    let fonts = Fonts::new().unwrap();
    let spans = vec![
        Span { piece: Piece::words("میزبان "), look: Look::PLAIN },
        Span { piece: Piece::data("10.0.0.21"), look: Look::BOLD },
        Span { piece: Piece::words(" وصل شد"), look: Look::PLAIN },
    ];
    let lines = fonts.lines(&spans, 10.0, 400.0, true);
    let texts: Vec<&str> =
        lines[0].runs.iter().map(|run| run.text.trim()).filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, ["وصل شد", "10.0.0.21", "میزبان"], "from left to right on the paper");
}

#[test]
fn letters_that_the_font_lacks_are_written_as_numbers() {
    let fonts = Fonts::new().unwrap();
    let spans = vec![Span { piece: Piece::data("例.test \u{202e}x"), look: Look::PLAIN }];
    let text: String = fonts.lines(&spans, 10.0, 400.0, false).iter().map(line_text).collect();
    assert!(text.contains("<U+4F8B>.test") && text.contains("<U+202E>"), "{text}");
}

#[test]
fn the_same_report_is_the_same_pdf() {
    let report = crate::sample::report();
    for language in crate::catalogue::Language::ALL {
        let edition = Edition { language, ..Edition::default() };
        let pdf = render(&report, edition).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, render(&report, edition).unwrap(), "{}", language.tag());
    }
}

#[test]
fn a_row_that_is_higher_than_a_sheet_goes_on_overleaf() {
    let fonts = Fonts::new().unwrap();
    let mut press = Press::new(&fonts, false);
    let long: String = (0..4_000).map(|number| format!("{number} ")).collect();
    let column = sheet::Column { share: 1.0, is_number: false };
    press.table(&[column], &["Packets".into()], &[vec![span(long.as_str(), Look::PLAIN)]]);
    assert!(press.sheets.len() > 1);
    let mut words = Vec::new();
    for mark in press.sheets.iter().flatten() {
        if let Mark::Text { y, line, .. } = mark {
            assert!(*y < PAPER.1 - 40.0, "text runs into the foot");
            words.extend(
                line_text(line).replace('|', "").split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            );
        }
    }
    assert_eq!(words.len(), 4_001, "every number is there, and the head once");
}
