//! `report.pdf`: the report on paper. A4, contents with page numbers, the marking on each page, pictures, every finding.
//!
//! Drawn with krilla, with an embedded font (Vazirmatn, OFL 1.1) that knows Latin and Persian; text can be copied and searched.

mod parts;
mod setting;
mod sheet;
#[cfg(test)]
mod tests;
mod write;

use crate::catalogue::{Piece, Words, plain};
use crate::drawing::Ink;
use crate::edition::Edition;
use crate::{Report, story, visible};
use parts::Parts;
use setting::{Fonts, Look, span, spans};
use sheet::{MARGIN, Mark, PAPER, Press};
use write::About;

/// Lines of the contents.
const CONTENTS_MAX: usize = 40;

/// Why there is no PDF: a fault of the program.
#[derive(Debug)]
pub(crate) struct Failed;

/// The PDF's bytes.
pub(crate) fn render(report: &Report, edition: Edition) -> Result<Vec<u8>, Failed> {
    let fonts = Fonts::new().ok_or(Failed)?;
    let words = Words::new(edition.language);
    let is_rtl = edition.language.is_rtl();
    let mut press = Press::new(&fonts, is_rtl);
    Parts { report, words: &words, press: &mut press, shown: story::shown(report) }.all();
    contents(&mut press, &words);
    let pages = press.sheets.len();
    for sheet in 0..pages {
        frame(&mut press, report, &words, edition, sheet, pages);
    }
    let about = About {
        title: visible(&plain(&story::headline(report, &words))),
        program: report.manifest.program.clone(),
        language: edition.language.tag(),
        is_rtl,
    };
    write::write(&fonts, &press.sheets, &press.headings, &press.places, &about).map_err(|_| Failed)
}

/// Fills the sheet that was kept for the contents: the second.
fn contents(press: &mut Press<'_>, words: &Words) {
    const SIZE: f32 = 10.5;
    const LEADING: f32 = 16.5;
    let is_rtl = press.is_rtl;
    let mut marks = Vec::new();
    let mut y = 100.0;
    let put =
        |spans: &[setting::Span], size: f32, start: f32, at_end: bool, y: f32, marks: &mut Vec<Mark>| {
            let room = PAPER.0 - 2.0 * MARGIN - 40.0 - start;
            if let Some(line) = press.fonts.lines(spans, size, room, is_rtl).into_iter().next() {
                let from_left =
                    if at_end == is_rtl { MARGIN + start } else { PAPER.0 - MARGIN - start - line.width };
                marks.push(Mark::Text { x: from_left, y, size, line });
            }
        };
    put(&span(words.text("contents"), Look::BOLD), 17.0, 0.0, false, y, &mut marks);
    y += 30.0;
    for (position, heading) in press.headings.iter().take(CONTENTS_MAX).enumerate() {
        let (look, indent) = if heading.level == 1 { (Look::BOLD, 0.0) } else { (Look::PLAIN, 16.0) };
        put(&spans(&heading.text, look), SIZE, indent, false, y, &mut marks);
        let page = words.digits(&(heading.sheet + 1).to_string());
        put(&span(page, Look::PLAIN), SIZE, 0.0, true, y, &mut marks);
        let (x, width) = (MARGIN, PAPER.0 - 2.0 * MARGIN);
        marks.push(Mark::Link { x, y: y - 11.0, width, height: LEADING, to: format!("heading-{position}") });
        marks.push(Mark::Rule { x: [x, x + width], y: [y + 4.5; 2], ink: Ink::Frame });
        y += LEADING;
    }
    for (position, heading) in press.headings.iter().enumerate() {
        press.places.insert(format!("heading-{position}"), (heading.sheet, heading.y));
    }
    if let Some(sheet) = press.sheets.get_mut(1) {
        sheet.extend(marks);
    }
}

/// Head and foot of a sheet: brand, marking, page number.
fn frame(
    press: &mut Press<'_>,
    report: &Report,
    words: &Words,
    edition: Edition,
    sheet: usize,
    pages: usize,
) {
    const SIZE: f32 = 8.5;
    let label = format!("TLP:{}", edition.tlp.label());
    let number = |value: usize| Piece::words(words.digits(&value.to_string()));
    let page = words.fill("page.of", &[("page", number(sheet + 1)), ("pages", number(pages))]);
    let is_rtl = press.is_rtl;
    let mut marks = Vec::new();
    let mut put = |text: &[setting::Span], y: f32| {
        if let Some(line) = press.fonts.lines(text, SIZE, PAPER.0, is_rtl).into_iter().next() {
            let x = if is_rtl { PAPER.0 - MARGIN - line.width } else { MARGIN };
            marks.push(Mark::Text { x, y, size: SIZE, line });
        }
    };
    put(&span(words.text("brand"), Look::SOFT), 42.0);
    put(&span(report.manifest.program.as_str(), Look::SOFT), PAPER.1 - 30.0);
    if let Some(line) = press.fonts.lines(&spans(&page, Look::SOFT), SIZE, PAPER.0, is_rtl).into_iter().next()
    {
        marks.push(Mark::Text { x: (PAPER.0 - line.width) / 2.0, y: PAPER.1 - 30.0, size: SIZE, line });
    }
    // The standard wants the label at the end of head and foot, in its colour on black.
    let look = Look { is_bold: true, ink: Ink::Marking(edition.tlp.colour()) };
    for y in [42.0, PAPER.1 - 30.0] {
        if let Some(line) =
            press.fonts.lines(&span(label.as_str(), look), 10.0, PAPER.0, false).into_iter().next()
        {
            let x = if is_rtl { MARGIN } else { PAPER.0 - MARGIN - line.width - 12.0 };
            let width = line.width + 12.0;
            marks.push(Mark::Fill {
                x,
                y: y - 12.0,
                width,
                height: 17.0,
                ink: Ink::Marking([0; 3]),
                opacity: 1.0,
            });
            marks.push(Mark::Text { x: x + 6.0, y, size: 10.0, line });
        }
    }
    if let Some(sheet) = press.sheets.get_mut(sheet) {
        sheet.extend(marks);
    }
}
