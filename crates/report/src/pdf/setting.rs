//! Type setting: text in two weights and two directions, broken into lines, shaped into glyphs.
//!
//! Lines break at spaces, and inside words that are wider than the column. Directions follow UAX #9; what comes from traffic
//! is isolated (FSI … PDI). A letter that the fonts lack is written as its number, so no text is lost.

use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use crate::catalogue::Piece;
use crate::drawing::Ink;
use crate::visible;

const REGULAR: &[u8] = include_bytes!("../../fonts/Vazirmatn-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/Vazirmatn-Bold.ttf");
const OPEN: char = '\u{2068}';
const CLOSE: char = '\u{2069}';

/// How a stretch looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) is_bold: bool,
    pub(super) ink: Ink,
}

impl Look {
    pub(super) const PLAIN: Look = Look { is_bold: false, ink: Ink::Text };
    pub(super) const BOLD: Look = Look { is_bold: true, ink: Ink::Text };
    pub(super) const SOFT: Look = Look { is_bold: false, ink: Ink::Soft };
}

/// A stretch of text with its look.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) piece: Piece,
    pub(super) look: Look,
}

/// Pieces in one look.
pub(super) fn spans(phrase: &[Piece], look: Look) -> Vec<Span> {
    phrase.iter().map(|piece| Span { piece: piece.clone(), look }).collect()
}

/// Words in one look.
pub(super) fn span(text: impl Into<String>, look: Look) -> Vec<Span> {
    vec![Span { piece: Piece::words(text), look }]
}

/// A line, ready to be drawn from its left end.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Width at the size it was set in.
    pub(super) width: f32,
    pub(super) runs: Vec<Run>,
}

/// Glyphs of one look and direction.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) look: Look,
    pub(super) width: f32,
}

/// The two fonts.
pub(super) struct Fonts {
    faces: [Face<'static>; 2],
    fonts: [Font; 2],
}

/// Text of a paragraph with the looks of its stretches.
struct Paragraph {
    text: String,
    looks: Vec<(Range<usize>, Look)>,
}

impl Fonts {
    /// Reads the embedded fonts; `None` only when the program was built with broken ones.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            faces: [Face::from_slice(REGULAR, 0)?, Face::from_slice(BOLD, 0)?],
            fonts: [Font::new(REGULAR.into(), 0)?, Font::new(BOLD.into(), 0)?],
        })
    }

    /// The font of a look.
    pub(super) fn font(&self, look: Look) -> Font {
        self.fonts[usize::from(look.is_bold)].clone()
    }

    /// Breaks spans into lines no wider than `width`.
    pub(super) fn lines(&self, spans: &[Span], size: f32, width: f32, is_rtl: bool) -> Vec<Line> {
        let paragraph = self.paragraph(spans);
        if paragraph.text.is_empty() {
            return Vec::new();
        }
        let level = if is_rtl { Level::rtl() } else { Level::ltr() };
        let bidi = BidiInfo::new(&paragraph.text, Some(level));
        let Some(whole) = bidi.paragraphs.first() else { return Vec::new() };
        self.breaks(&paragraph, size, width)
            .into_iter()
            .map(|range| {
                let (levels, runs) = bidi.visual_runs(whole, range);
                let mut line = Line { width: 0.0, runs: Vec::new() };
                for run in runs {
                    let is_rtl = levels.get(run.start).is_some_and(|level| level.is_rtl());
                    self.set(&paragraph, run, is_rtl, size, &mut line);
                }
                line
            })
            .collect()
    }

    /// The spans as one text, without what the fonts cannot show.
    fn paragraph(&self, spans: &[Span]) -> Paragraph {
        let mut paragraph = Paragraph { text: String::new(), looks: Vec::new() };
        for span in spans {
            let start = paragraph.text.len();
            let face = &self.faces[usize::from(span.look.is_bold)];
            if span.piece.is_data {
                paragraph.text.push(OPEN);
            }
            let shown = if span.piece.is_data { visible(&span.piece.text) } else { span.piece.text.clone() };
            for letter in shown.chars() {
                match letter {
                    '⟨' => paragraph.text.push('<'),
                    '⟩' => paragraph.text.push('>'),
                    '\n' => paragraph.text.push(' '),
                    '\u{200c}' => paragraph.text.push(letter),
                    letter if face.glyph_index(letter).is_some() => paragraph.text.push(letter),
                    letter => paragraph.text.push_str(&format!("<U+{:04X}>", letter as u32)),
                }
            }
            if span.piece.is_data {
                paragraph.text.push(CLOSE);
            }
            paragraph.looks.push((start..paragraph.text.len(), span.look));
        }
        paragraph
    }

    /// Byte ranges of the lines.
    fn breaks(&self, paragraph: &Paragraph, size: f32, width: f32) -> Vec<Range<usize>> {
        let text = &paragraph.text;
        let mut lines = Vec::new();
        let (mut start, mut end, mut used) = (0, 0, 0.0);
        let mut at = 0;
        for word in text.split_inclusive(' ') {
            let next = at + word.len();
            let solid = at + word.trim_end_matches(' ').len();
            let word_width = self.measure(paragraph, at..solid, size);
            if used + word_width > width && end > start {
                lines.push(start..end);
                (start, used) = (at, 0.0);
            }
            if word_width > width {
                for piece in self.pieces(paragraph, at..solid, size, width) {
                    if piece.end < solid {
                        lines.push(piece);
                    } else {
                        start = piece.start;
                        used = self.measure(paragraph, piece, size);
                    }
                }
            } else {
                used += word_width;
            }
            used += self.measure(paragraph, solid..next, size);
            (end, at) = (solid, next);
        }
        if end > start {
            lines.push(start..end);
        }
        lines
    }

    /// A word that is wider than the line, cut where it fits.
    fn pieces(&self, paragraph: &Paragraph, word: Range<usize>, size: f32, width: f32) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let (mut start, mut used) = (word.start, 0.0);
        for (offset, letter) in paragraph.text[word.clone()].char_indices() {
            let at = word.start + offset;
            let letter_width = self.measure(paragraph, at..at + letter.len_utf8(), size);
            if used + letter_width > width && at > start {
                pieces.push(start..at);
                (start, used) = (at, 0.0);
            }
            used += letter_width;
        }
        pieces.push(start..word.end);
        pieces
    }

    fn measure(&self, paragraph: &Paragraph, range: Range<usize>, size: f32) -> f32 {
        paragraph
            .stretches(&range)
            .map(|(part, look)| {
                let run = self.shape(&paragraph.text[part], look, false);
                run.width * size
            })
            .sum()
    }

    /// Appends a run of one direction, look by look.
    fn set(&self, paragraph: &Paragraph, run: Range<usize>, is_rtl: bool, size: f32, line: &mut Line) {
        let mut parts: Vec<_> = paragraph.stretches(&run).collect();
        if is_rtl {
            parts.reverse();
        }
        for (part, look) in parts {
            let mut run = self.shape(&paragraph.text[part], look, is_rtl);
            run.width *= size;
            line.width += run.width;
            if !run.glyphs.is_empty() {
                line.runs.push(run);
            }
        }
    }

    /// Shapes text of one look and direction; widths are in units of the size.
    fn shape(&self, text: &str, look: Look, is_rtl: bool) -> Run {
        let text: String = text.chars().filter(|letter| !matches!(*letter, OPEN | CLOSE)).collect();
        let face = &self.faces[usize::from(look.is_bold)];
        let em = face.units_per_em() as f32;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(face, &[], buffer);
        let mut starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut width = 0.0;
        let glyphs = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, position)| {
                let start = info.cluster as usize;
                let end = starts.iter().copied().find(|next| *next > start).unwrap_or(text.len());
                let advance = position.x_advance as f32 / em;
                width += advance;
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    advance,
                    position.x_offset as f32 / em,
                    position.y_offset as f32 / em,
                    position.y_advance as f32 / em,
                    start..end,
                    None,
                )
            })
            .collect();
        Run { text, glyphs, look, width }
    }
}

impl Paragraph {
    /// The parts of a range that have one look.
    fn stretches<'a>(&'a self, range: &'a Range<usize>) -> impl Iterator<Item = (Range<usize>, Look)> + 'a {
        self.looks.iter().filter_map(|(own, look)| {
            let part = own.start.max(range.start)..own.end.min(range.end);
            (part.start < part.end).then_some((part, *look))
        })
    }
}
