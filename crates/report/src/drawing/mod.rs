//! Drawings as shapes, so that the page (SVG) and the PDF show the same picture.

mod talk;
mod timeline;

use model::Severity;

use crate::catalogue::Phrase;

pub(crate) use talk::talk;
pub(crate) use timeline::timeline;

/// Width of every drawing, in its own units.
pub(crate) const WIDTH: f64 = 960.0;

/// Shapes, later ones above earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    /// Height, in the units of [`WIDTH`].
    pub(crate) height: f64,
    /// The shapes.
    pub(crate) shapes: Vec<Shape>,
}

/// A colour by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Text.
    Text,
    /// Text of less weight.
    Soft,
    /// Rules and frames.
    Frame,
    /// How bad.
    Severity(Severity),
    /// A colour of its own, red, green and blue: that of a marking.
    #[cfg_attr(not(feature = "pdf"), expect(dead_code, reason = "only paper draws its markings"))]
    Marking([u8; 3]),
}

/// Where a text hangs on its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape. Coordinates are mirrored by [`Drawing::mirror`] for languages from right to left.
#[derive(Debug)]
pub(crate) enum Shape {
    Line {
        x: [f64; 2],
        y: [f64; 2],
        ink: Ink,
    },
    Box {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        edge: Ink,
    },
    /// A stretch of time, or a moment when it is narrow; leads to a finding.
    Bar {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        ink: Ink,
        finding: u64,
        title: Phrase,
    },
    /// A tie between two boxes.
    Tie {
        x: [f64; 2],
        y: [f64; 2],
        bulge: [f64; 2],
        thick: f64,
        ink: Ink,
        title: Phrase,
    },
    Text {
        x: f64,
        y: f64,
        anchor: Anchor,
        ink: Ink,
        is_bold: bool,
        text: Phrase,
    },
}

impl Drawing {
    /// Turns left into right.
    pub(crate) fn mirror(&mut self) {
        for shape in &mut self.shapes {
            match shape {
                Shape::Line { x, .. } => *x = x.map(|x| WIDTH - x),
                Shape::Box { x, width, .. } | Shape::Bar { x, width, .. } => *x = WIDTH - *x - *width,
                Shape::Tie { x, bulge, .. } => {
                    *x = x.map(|x| WIDTH - x);
                    *bulge = bulge.map(|x| WIDTH - x);
                }
                Shape::Text { x, anchor, .. } => {
                    *x = WIDTH - *x;
                    *anchor = match anchor {
                        Anchor::Start => Anchor::End,
                        Anchor::Middle => Anchor::Middle,
                        Anchor::End => Anchor::Start,
                    };
                }
            }
        }
    }
}

/// The first letters of a text, with an ellipsis where it was longer.
pub(crate) fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(letters.saturating_sub(1)).collect();
    short.push('…');
    short
}
