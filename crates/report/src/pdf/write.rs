//! Sheets to PDF bytes.

use std::collections::BTreeMap;

use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::destination::{Destination, XyzDestination};
use krilla::error::KrillaError;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};
use model::Severity;

use super::setting::Fonts;
use super::sheet::{Heading, Mark, PAPER};
use crate::catalogue::plain;
use crate::drawing::Ink;

/// What a document says of itself.
pub(super) struct About {
    pub(super) title: String,
    pub(super) program: String,
    pub(super) language: &'static str,
    pub(super) is_rtl: bool,
}

/// Writes the document.
pub(super) fn write(
    fonts: &Fonts,
    sheets: &[Vec<Mark>],
    headings: &[Heading],
    places: &BTreeMap<String, (usize, f32)>,
    about: &About,
) -> Result<Vec<u8>, KrillaError> {
    let mut document = Document::new_with(SerializeSettings::default());
    let direction = if about.is_rtl { TextDirection::RightToLeft } else { TextDirection::LeftToRight };
    document.set_metadata(
        Metadata::new()
            .title(about.title.clone())
            .creator(about.program.clone())
            .language(about.language.to_owned())
            .text_direction(direction),
    );
    for sheet in sheets {
        let Some(settings) = PageSettings::from_wh(PAPER.0, PAPER.1) else { continue };
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in sheet {
            draw(&mut surface, fonts, mark);
        }
        surface.finish();
        for mark in sheet {
            if let Mark::Link { x, y, width, height, to } = mark
                && let Some(rect) = Rect::from_xywh(*x, *y, *width, *height)
                && let Some((sheet, y)) = places.get(to)
            {
                let target = XyzDestination::new(*sheet, Point::from_xy(0.0, *y - 8.0));
                let link = LinkAnnotation::new(rect, Target::Destination(Destination::Xyz(target)));
                page.add_annotation(Annotation::new_link(link, None));
            }
        }
        page.finish();
    }
    document.set_outline(outline(headings));
    document.finish()
}

/// Bookmarks: headings of the second level below those of the first.
fn outline(headings: &[Heading]) -> Outline {
    let mut outline = Outline::new();
    let mut open: Option<OutlineNode> = None;
    for heading in headings {
        let target = XyzDestination::new(heading.sheet, Point::from_xy(0.0, heading.y - 8.0));
        let node = OutlineNode::new(crate::visible(&plain(&heading.text)), target);
        match &mut open {
            Some(parent) if heading.level > 1 => parent.push_child(node),
            _ => {
                if let Some(done) = open.replace(node) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(done) = open {
        outline.push_child(done);
    }
    outline
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match mark {
        Mark::Text { x, y, size, line } => {
            surface.set_stroke(None);
            let mut at = *x;
            for run in &line.runs {
                surface.set_fill(Some(fill(run.look.ink, 1.0)));
                surface.draw_glyphs(
                    Point::from_xy(at, *y),
                    &run.glyphs,
                    fonts.font(run.look),
                    &run.text,
                    *size,
                    false,
                );
                at += run.width;
            }
        }
        Mark::Fill { x, y, width, height, ink, opacity } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink, *opacity)));
            paint(surface, rectangle(*x, *y, *width, *height));
        }
        Mark::Frame { x, y, width, height, ink } => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(*ink, 0.6, 1.0)));
            paint(surface, rectangle(*x, *y, *width, *height));
        }
        Mark::Rule { x, y, ink } => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(*ink, 0.5, 1.0)));
            let mut path = PathBuilder::new();
            path.move_to(x[0], y[0]);
            path.line_to(x[1], y[1]);
            paint(surface, path.finish());
        }
        Mark::Tie { x, y, bulge, thick, ink } => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(*ink, *thick, 0.6)));
            let mut path = PathBuilder::new();
            path.move_to(x[0], y[0]);
            path.cubic_to(bulge[0], y[0], bulge[1], y[1], x[1], y[1]);
            paint(surface, path.finish());
        }
        Mark::Link { .. } => {}
    }
}

fn paint(surface: &mut Surface<'_>, path: Option<Path>) {
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, width, height)?);
    path.finish()
}

fn fill(ink: Ink, opacity: f32) -> Fill {
    let opacity = NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE);
    Fill { paint: colour(ink).into(), opacity, ..Fill::default() }
}

fn stroke(ink: Ink, width: f32, opacity: f32) -> Stroke {
    let opacity = NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE);
    Stroke { paint: colour(ink).into(), width, opacity, ..Stroke::default() }
}

/// The page's colours on paper.
fn colour(ink: Ink) -> rgb::Color {
    let [red, green, blue] = match ink {
        Ink::Text => [0x15, 0x20, 0x2b],
        Ink::Soft => [0x52, 0x60, 0x6d],
        Ink::Frame => [0xc4, 0xce, 0xd8],
        Ink::Marking(colour) => colour,
        Ink::Severity(Severity::Critical) => [0x8a, 0x10, 0x20],
        Ink::Severity(Severity::High) => [0xb9, 0x38, 0x15],
        Ink::Severity(Severity::Medium) => [0x8a, 0x61, 0x00],
        Ink::Severity(Severity::Low) => [0x2b, 0x6a, 0x4d],
        Ink::Severity(Severity::Info) => [0x3a, 0x5a, 0x87],
    };
    rgb::Color::new(red, green, blue)
}
