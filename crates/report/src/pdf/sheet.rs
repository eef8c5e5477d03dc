//! Sheets of paper filled from top to bottom: headings, paragraphs, tables that go on, drawings.

use std::collections::BTreeMap;

use super::setting::{Fonts, Line, Look, Span, span};
use crate::catalogue::Phrase;
use crate::drawing::{Anchor, Drawing, Ink, Shape, WIDTH};

/// A4 in points.
pub(super) const PAPER: (f32, f32) = (595.0, 842.0);
/// Left and right.
pub(super) const MARGIN: f32 = 48.0;
/// Where text begins and ends on a page.
const TOP: f32 = 76.0;
const BOTTOM: f32 = 782.0;
/// Text size of paragraphs, and of tables.
pub(super) const SIZE: f32 = 10.0;
const TABLE_SIZE: f32 = 8.5;
const LEADING: f32 = 1.5;
const CELL_PAD: f32 = 4.0;
/// Letters of Persian reach lower than Latin ones; a line's baseline is this share below its top.
const ASCENT: f32 = 1.05;

/// Something on a sheet. Coordinates are points from the top left.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        line: Line,
    },
    Fill {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
        opacity: f32,
    },
    Frame {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    Rule {
        x: [f32; 2],
        y: [f32; 2],
        ink: Ink,
    },
    Tie {
        x: [f32; 2],
        y: [f32; 2],
        bulge: [f32; 2],
        thick: f32,
        ink: Ink,
    },
    /// A place that leads to another.
    Link {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        to: String,
    },
}

/// A heading, for the contents and the outline.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) text: Phrase,
    pub(super) sheet: usize,
    pub(super) y: f32,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its share of the width.
    pub(super) share: f32,
    /// Numbers stand at the end of their column.
    pub(super) is_number: bool,
}

/// Fills sheets.
pub(super) struct Press<'a> {
    pub(super) fonts: &'a Fonts,
    pub(super) is_rtl: bool,
    pub(super) sheets: Vec<Vec<Mark>>,
    pub(super) headings: Vec<Heading>,
    /// Names of places: sheet and height.
    pub(super) places: BTreeMap<String, (usize, f32)>,
    y: f32,
}

impl<'a> Press<'a> {
    pub(super) fn new(fonts: &'a Fonts, is_rtl: bool) -> Self {
        Self {
            fonts,
            is_rtl,
            sheets: vec![Vec::new()],
            headings: Vec::new(),
            places: BTreeMap::new(),
            y: TOP,
        }
    }

    fn width(&self) -> f32 {
        PAPER.0 - 2.0 * MARGIN
    }

    fn sheet(&self) -> usize {
        self.sheets.len() - 1
    }

    pub(super) fn put(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(mark);
        }
    }

    /// Begins a new sheet.
    pub(super) fn turn(&mut self) {
        self.sheets.push(Vec::new());
        self.y = TOP;
    }

    /// Begins a new sheet unless `height` still fits.
    pub(super) fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.turn();
        }
    }

    pub(super) fn space(&mut self, height: f32) {
        self.y = (self.y + height).min(BOTTOM);
    }

    /// A place that links lead to.
    pub(super) fn place(&mut self, name: String) {
        self.places.insert(name, (self.sheet(), self.y));
    }

    /// Left end of something `width` wide that stands at `start` from the side where reading begins.
    fn left(&self, start: f32, width: f32) -> f32 {
        if self.is_rtl { PAPER.0 - start - width } else { start }
    }

    pub(super) fn heading(&mut self, level: u8, text: &Phrase) {
        let size = if level == 1 { 17.0 } else { 12.0 };
        self.space(if level == 1 { 14.0 } else { 10.0 });
        self.need(size * 2.0 + 60.0);
        let y = self.y;
        self.headings.push(Heading { level, text: text.clone(), sheet: self.sheet(), y });
        self.text(&super::setting::spans(text, Look::BOLD), size, 0.0);
        if level == 1 {
            let (left, right) = (MARGIN, PAPER.0 - MARGIN);
            self.put(Mark::Rule { x: [left, right], y: [self.y + 2.0; 2], ink: Ink::Frame });
            self.space(8.0);
        } else {
            self.space(2.0);
        }
    }

    /// A paragraph, indented from the side where reading begins.
    pub(super) fn text(&mut self, spans: &[Span], size: f32, indent: f32) {
        let lines = self.fonts.lines(spans, size, self.width() - indent, self.is_rtl);
        for line in lines {
            self.need(size * LEADING);
            let x = self.left(MARGIN + indent, line.width);
            self.put(Mark::Text { x, y: self.y + size * ASCENT, size, line });
            self.y += size * LEADING;
        }
    }

    pub(super) fn paragraph(&mut self, spans: &[Span]) {
        self.text(spans, SIZE, 0.0);
        self.space(4.0);
    }

    /// A line of a list.
    pub(super) fn bullet(&mut self, spans: &[Span]) {
        self.need(SIZE * LEADING);
        let x = self.left(MARGIN + 4.0, 3.0);
        self.put(Mark::Fill {
            x,
            y: self.y + SIZE * 0.7,
            width: 3.0,
            height: 3.0,
            ink: Ink::Soft,
            opacity: 1.0,
        });
        self.text(spans, SIZE, 14.0);
        self.space(2.0);
    }

    /// Text on a ground, left to right: commands.
    pub(super) fn command(&mut self, text: &str) {
        let lines = self.fonts.lines(&span(text, Look::PLAIN), TABLE_SIZE, self.width() - 16.0, false);
        let height = lines.len() as f32 * TABLE_SIZE * LEADING + 8.0;
        if height < BOTTOM - TOP {
            self.need(height);
            self.put(Mark::Frame { x: MARGIN, y: self.y, width: self.width(), height, ink: Ink::Frame });
        }
        self.space(4.0);
        for line in lines {
            self.need(TABLE_SIZE * LEADING);
            self.put(Mark::Text { x: MARGIN + 8.0, y: self.y + TABLE_SIZE * ASCENT, size: TABLE_SIZE, line });
            self.y += TABLE_SIZE * LEADING;
        }
        self.space(8.0);
    }

    /// A table whose head is repeated on each sheet; a row that is higher than what is left goes on overleaf.
    pub(super) fn table(&mut self, columns: &[Column], head: &[String], rows: &[Vec<Vec<Span>>]) {
        let total: f32 = columns.iter().map(|column| column.share).sum();
        let widths: Vec<f32> = columns.iter().map(|column| self.width() * column.share / total).collect();
        let head: Vec<Vec<Span>> = head.iter().map(|text| span(text.as_str(), Look::BOLD)).collect();
        self.need(TABLE_SIZE * LEADING * 3.0 + CELL_PAD * 4.0);
        if !head.is_empty() {
            self.row(columns, &widths, &self.cells(&widths, &head), true);
        }
        for row in rows {
            let cells = self.cells(&widths, row);
            let height = height(&cells);
            if self.y + height > BOTTOM && self.y > TOP && height < (BOTTOM - TOP) / 3.0 {
                self.turn();
                if !head.is_empty() {
                    self.row(columns, &widths, &self.cells(&widths, &head), true);
                }
            }
            self.row(columns, &widths, &cells, false);
        }
        self.space(8.0);
    }

    fn cells(&self, widths: &[f32], row: &[Vec<Span>]) -> Vec<Vec<Line>> {
        row.iter()
            .zip(widths)
            .map(|(cell, width)| self.fonts.lines(cell, TABLE_SIZE, width - 2.0 * CELL_PAD, self.is_rtl))
            .collect()
    }

    fn row(&mut self, columns: &[Column], widths: &[f32], cells: &[Vec<Line>], is_head: bool) {
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let leading = TABLE_SIZE * LEADING;
        if is_head {
            let (width, height) = (self.width(), height(cells));
            self.put(Mark::Fill { x: MARGIN, y: self.y, width, height, ink: Ink::Frame, opacity: 0.45 });
        }
        self.y += CELL_PAD;
        for position in 0..count {
            if self.y + leading > BOTTOM {
                self.turn();
            }
            let mut start = MARGIN;
            for ((lines, column), width) in cells.iter().zip(columns).zip(widths) {
                if let Some(line) = lines.get(position) {
                    let from = if column.is_number {
                        start + width - CELL_PAD - line.width
                    } else {
                        start + CELL_PAD
                    };
                    let x = self.left(from, line.width);
                    let y = self.y + TABLE_SIZE * ASCENT;
                    self.put(Mark::Text { x, y, size: TABLE_SIZE, line: line.clone() });
                }
                start += width;
            }
            self.y += leading;
        }
        self.y += CELL_PAD;
        self.put(Mark::Rule { x: [MARGIN, PAPER.0 - MARGIN], y: [self.y; 2], ink: Ink::Frame });
    }

    /// A drawing as wide as the text. One that is higher than a sheet is made smaller.
    pub(super) fn drawing(&mut self, drawing: &Drawing) {
        let scale = (self.width() / WIDTH as f32).min((BOTTOM - TOP - 40.0) / drawing.height as f32);
        self.need(drawing.height as f32 * scale + 10.0);
        let (x0, y0) = (MARGIN, self.y);
        let (at_x, at_y) = (|x: f64| x0 + x as f32 * scale, |y: f64| y0 + y as f32 * scale);
        for shape in &drawing.shapes {
            match shape {
                Shape::Line { x, y, ink } => {
                    self.put(Mark::Rule { x: x.map(at_x), y: y.map(at_y), ink: *ink })
                }
                Shape::Box { x, y, width, height, edge } => {
                    let (x, y, width, height) =
                        (at_x(*x), at_y(*y), *width as f32 * scale, *height as f32 * scale);
                    self.put(Mark::Frame { x, y, width, height, ink: Ink::Frame });
                    let edge_x = if x < PAPER.0 / 2.0 { x + width - 3.0 } else { x };
                    self.put(Mark::Fill { x: edge_x, y, width: 3.0, height, ink: *edge, opacity: 1.0 });
                }
                Shape::Bar { x, y, width, height, ink, finding, .. } => {
                    let (x, y, width, height) =
                        (at_x(*x), at_y(*y), *width as f32 * scale, *height as f32 * scale);
                    self.put(Mark::Fill { x, y, width, height, ink: *ink, opacity: 1.0 });
                    self.put(Mark::Link { x, y, width, height, to: format!("finding-{finding}") });
                }
                Shape::Tie { x, y, bulge, thick, ink, .. } => self.put(Mark::Tie {
                    x: x.map(at_x),
                    y: y.map(at_y),
                    bulge: bulge.map(at_x),
                    thick: *thick as f32 * scale,
                    ink: *ink,
                }),
                Shape::Text { x, y, anchor, ink, is_bold, text } => {
                    let look = Look { is_bold: *is_bold, ink: *ink };
                    let size = 14.0 * scale;
                    let spans = super::setting::spans(text, look);
                    if let Some(line) =
                        self.fonts.lines(&spans, size, PAPER.0, self.is_rtl).into_iter().next()
                    {
                        let shift = match anchor {
                            Anchor::Start => 0.0,
                            Anchor::Middle => line.width / 2.0,
                            Anchor::End => line.width,
                        };
                        self.put(Mark::Text { x: at_x(*x) - shift, y: at_y(*y), size, line });
                    }
                }
            }
        }
        self.space(drawing.height as f32 * scale + 10.0);
    }
}

/// Height of a row.
fn height(cells: &[Vec<Line>]) -> f32 {
    cells.iter().map(Vec::len).max().unwrap_or(0) as f32 * TABLE_SIZE * LEADING + 2.0 * CELL_PAD
}
