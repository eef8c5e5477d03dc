//! Text to HTML, and drawings to inline SVG.

use std::fmt::Write;

use crate::catalogue::{Piece, Said};
use crate::drawing::{Anchor, Drawing, Ink, Shape, WIDTH};
use crate::visible::visible;

/// Text from traffic: hidden letters are spelled out, and the five characters escaped that HTML gives a meaning.
pub(crate) fn escape(text: &str) -> String {
    markup(&visible(text))
}

/// Escapes what HTML gives a meaning; for words of the catalogue.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// Words of the catalogue.
pub(super) fn words(text: &str) -> String {
    markup(text)
}

/// A phrase; what comes from traffic is isolated from the direction of the language.
pub(super) fn phrase(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| if piece.is_data { data(&piece.text) } else { markup(&piece.text) }).collect()
}

/// Something from traffic inside a sentence.
pub(super) fn data(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// Something from traffic that is copied rather than read: an address, a hash, a command.
pub(super) fn code(text: &str) -> String {
    format!("<code dir=\"ltr\">{}</code>", escape(text))
}

/// A sentence of another stage; marked where it stays English.
pub(super) fn said(said: &Said) -> String {
    if said.is_translated {
        return phrase(&said.phrase);
    }
    format!("<span class=\"as-is\" lang=\"en\" dir=\"ltr\">{}</span>", phrase(&said.phrase))
}

/// A phrase without markup, for attributes and `<title>`.
pub(super) fn flat(pieces: &[Piece]) -> String {
    pieces
        .iter()
        // Attributes know no elements: marks of isolation take the place of `bdi` there.
        .map(|piece| {
            if piece.is_data {
                format!("\u{2068}{}\u{2069}", escape(&piece.text))
            } else {
                markup(&piece.text)
            }
        })
        .collect()
}

/// A drawing with what a screen reader says instead of it. One with links is a group of them, not an image.
pub(super) fn svg(drawing: &Drawing, alt: &str) -> String {
    let has_links = drawing.shapes.iter().any(|shape| matches!(shape, Shape::Bar { .. }));
    let role = if has_links { "group" } else { "img" };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"{role}\" aria-label=\"{alt}\" direction=\"ltr\">",
        drawing.height
    );
    for shape in &drawing.shapes {
        draw(&mut svg, shape).expect("a String takes every write");
    }
    svg.push_str("</svg>");
    svg
}

fn draw(svg: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Line { x, y, ink } => write!(
            svg,
            "<line class=\"{}\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            class(*ink),
            x[0],
            x[1],
            y[0],
            y[1]
        ),
        Shape::Box { x, y, width, height, edge } => {
            write!(
                svg,
                "<rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\"/>"
            )?;
            // The edge on the side of the ties tells how bad, at a glance.
            let edge_x = if *x < WIDTH / 2.0 { x + width - 5.0 } else { *x };
            write!(
                svg,
                "<rect class=\"{}\" x=\"{edge_x:.1}\" y=\"{y:.1}\" width=\"5\" height=\"{height:.1}\" rx=\"2\"/>",
                class(*edge)
            )
        }
        Shape::Bar { x, y, width, height, ink, finding, title } => write!(
            svg,
            "<a href=\"#finding-{finding}\" aria-label=\"{0}\"><rect class=\"bar {1}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"3\"><title>{0}</title></rect></a>",
            flat(title),
            class(*ink)
        ),
        Shape::Tie { x, y, bulge, thick, ink, title } => write!(
            svg,
            "<path class=\"tie {}\" d=\"M{:.1} {:.1} C {:.1} {:.1} {:.1} {:.1} {:.1} {:.1}\" \
             stroke-width=\"{thick:.1}\"><title>{}</title></path>",
            class(*ink),
            x[0],
            y[0],
            bulge[0],
            y[0],
            bulge[1],
            y[1],
            x[1],
            y[1],
            flat(title)
        ),
        Shape::Text { x, y, anchor, ink, is_bold, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let weight = if *is_bold { " strong" } else { "" };
            write!(
                svg,
                "<text class=\"{}{weight}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
                class(*ink),
                flat(text)
            )
        }
    }
}

fn class(ink: Ink) -> String {
    match ink {
        Ink::Text => "ink".into(),
        Ink::Soft => "soft".into(),
        Ink::Frame => "frame".into(),
        Ink::Marking([red, green, blue]) => format!("rgb-{red:02x}{green:02x}{blue:02x}"),
        Ink::Severity(severity) => format!("s-{}", severity.word()),
    }
}
