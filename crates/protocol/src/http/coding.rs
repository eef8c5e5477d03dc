//! Content codings undone, as forgivingly as browsers do it: a coding that turns out wrong is tried as its relatives, then the
//! bytes are passed on as they are. Checksums and lengths in gzip trailers are not looked at.
//!
//! Limits: layers by configuration, output by [`Bomb`], LZMA memory by [`LZMA_BYTES_MAX`]. References: RFC 1950, 1951, 1952, 7932.

use std::io::Write;

use brotli_decompressor::DecompressorWriter;
use flate2::{Decompress, FlushDecompress, Status};

/// Dictionary memory of an LZMA stream.
const LZMA_BYTES_MAX: usize = 1_048_576;
/// Output is handed on in pieces of this size.
const PIECE_BYTES: usize = 8_192;
/// How often another coding is tried on the same layer.
const RESTARTS_MAX: u8 = 3;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 1952.
    Gzip,
    /// Without a header (RFC 1951), as many servers send it.
    Deflate,
    /// RFC 1950.
    Zlib,
    /// LZMA alone.
    Lzma,
    /// RFC 7932.
    Brotli,
}

/// What became of bytes that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// They do not fit the coding.
    Corrupt,
    /// The taker of the output wants no more.
    Refused,
}

/// Takes decoded pieces; `false` = no more, please.
type Sink<'a> = dyn FnMut(&[u8]) -> bool + 'a;

/// Layers of codings, the one applied last first.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    coding: Coding,
    engine: Engine,
    restarts: u8,
    passes: bool,
    dead: bool,
}

enum Engine {
    Inflate { gzip: Option<GzipHeader>, state: Box<Decompress>, ended: bool },
    Lzma(Option<Box<lzma_rs::decompress::Stream<Vec<u8>>>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Engine::Inflate { .. } => "Inflate",
            Engine::Lzma(_) => "Lzma",
            Engine::Brotli(_) => "Brotli",
        })
    }
}

impl Chain {
    /// Adds the coding that was applied after all that are there.
    pub(crate) fn prepend(&mut self, coding: Coding, lzma: bool) {
        self.layers.insert(0, Layer::new(coding, lzma));
    }

    /// Whether there is nothing to undo.
    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Decodes bytes into `sink`.
    pub(crate) fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        let _ = push(&mut self.layers, bytes, sink);
    }

    /// Nothing more comes: hands on what a coding still holds.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) {
        let mut layers = self.layers.as_mut_slice();
        while let Some((first, rest)) = layers.split_first_mut() {
            if let Engine::Lzma(stream) = &mut first.engine
                && let Some(stream) = stream.take()
                && !first.dead
                && !first.passes
                && let Ok(held) = stream.finish()
                && push(rest, &held, sink).is_err()
            {
                return;
            }
            layers = rest;
        }
    }
}

fn push(layers: &mut [Layer], bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Fault> {
    let Some((first, rest)) = layers.split_first_mut() else {
        return if sink(bytes) { Ok(()) } else { Err(Fault::Refused) };
    };
    if first.dead {
        return Err(Fault::Refused);
    }
    while !first.passes {
        let mut produced = false;
        let outcome = first.engine.decode(bytes, &mut |piece| {
            produced = true;
            push(rest, piece, sink).is_ok()
        });
        match outcome {
            Ok(()) => return Ok(()),
            Err(Fault::Corrupt) if !(produced && first.restarts == 0) => {
                if !first.restart() {
                    first.passes = true;
                    rest.iter_mut().for_each(|layer| layer.passes = true);
                }
            }
            Err(fault) => {
                first.dead = true;
                return Err(fault);
            }
        }
    }
    push(rest, bytes, sink)
}

impl Layer {
    fn new(coding: Coding, lzma: bool) -> Self {
        let passes = coding == Coding::Lzma && !lzma;
        Self { coding, engine: Engine::new(coding), restarts: 0, passes, dead: false }
    }

    /// Takes the next likely coding; `false` when all were tried.
    fn restart(&mut self) -> bool {
        if self.restarts >= RESTARTS_MAX {
            return false;
        }
        self.restarts += 1;
        self.coding = match self.coding {
            Coding::Deflate => Coding::Zlib,
            Coding::Zlib => Coding::Gzip,
            Coding::Gzip | Coding::Lzma | Coding::Brotli => Coding::Deflate,
        };
        self.engine = Engine::new(self.coding);
        true
    }
}

impl Engine {
    fn new(coding: Coding) -> Self {
        let inflate =
            |gzip, zlib| Engine::Inflate { gzip, state: Box::new(Decompress::new(zlib)), ended: false };
        match coding {
            Coding::Gzip => inflate(Some(GzipHeader::default()), false),
            Coding::Deflate => inflate(None, false),
            Coding::Zlib => inflate(None, true),
            Coding::Brotli => Engine::Brotli(Box::new(DecompressorWriter::new(Vec::new(), PIECE_BYTES))),
            Coding::Lzma => {
                let options = lzma_rs::decompress::Options {
                    memlimit: Some(LZMA_BYTES_MAX),
                    ..lzma_rs::decompress::Options::default()
                };
                Engine::Lzma(Some(Box::new(lzma_rs::decompress::Stream::new_with_options(
                    &options,
                    Vec::new(),
                ))))
            }
        }
    }

    fn decode(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Fault> {
        match self {
            Engine::Inflate { ended: true, .. } => Ok(()),
            Engine::Inflate { gzip, state, ended } => {
                let bytes = match gzip {
                    Some(header) => header.skip(bytes)?,
                    None => bytes,
                };
                *ended = inflate(state, bytes, sink)?;
                Ok(())
            }
            Engine::Lzma(stream) => {
                let Some(stream) = stream else { return Ok(()) };
                stream.write_all(bytes).map_err(|_| Fault::Corrupt)?;
                stream.get_output_mut().map_or(Ok(()), |out| hand_on(out, sink))
            }
            Engine::Brotli(writer) => {
                // What follows the end of the stream is not used, and means nothing.
                let outcome = writer.write(bytes);
                hand_on(writer.get_mut(), sink)?;
                outcome.map(|_| ()).map_err(|_| Fault::Corrupt)
            }
        }
    }
}

fn hand_on(out: &mut Vec<u8>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let taken = out.is_empty() || sink(out);
    out.clear();
    if taken { Ok(()) } else { Err(Fault::Refused) }
}

/// Inflates; says whether the stream has ended. What follows its end means nothing.
fn inflate(state: &mut Decompress, mut bytes: &[u8], sink: &mut Sink<'_>) -> Result<bool, Fault> {
    let mut piece = [0; PIECE_BYTES];
    loop {
        let (in_before, out_before) = (state.total_in(), state.total_out());
        let outcome = state.decompress(bytes, &mut piece, FlushDecompress::None);
        let used = usize::try_from(state.total_in() - in_before).unwrap_or(usize::MAX);
        let made = usize::try_from(state.total_out() - out_before).unwrap_or(usize::MAX);
        bytes = bytes.get(used..).unwrap_or_default();
        if made > 0 && !sink(piece.get(..made).unwrap_or_default()) {
            return Err(Fault::Refused);
        }
        match outcome {
            Err(_) => return Err(Fault::Corrupt),
            Ok(Status::StreamEnd) => return Ok(true),
            Ok(_) if used == 0 && made == 0 => return Ok(false),
            Ok(_) if bytes.is_empty() && made < PIECE_BYTES => return Ok(false),
            Ok(_) => {}
        }
    }
}

/// The header of a gzip member, skipped byte by byte (RFC 1952 §2.3).
#[derive(Debug, Default)]
struct GzipHeader {
    /// Fixed bytes seen.
    seen: u8,
    flags: u8,
    /// Bytes of the extra field left, once known.
    extra_left: u16,
    part: GzipPart,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum GzipPart {
    #[default]
    Fixed,
    ExtraLow,
    ExtraHigh,
    Extra,
    Name,
    Comment,
    CheckLow,
    CheckHigh,
    Data,
}

impl GzipHeader {
    const CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    fn skip<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let mut rest = bytes;
        while self.part != GzipPart::Data {
            let Some((&byte, tail)) = rest.split_first() else { break };
            rest = tail;
            self.take(byte)?;
        }
        Ok(rest)
    }

    fn take(&mut self, byte: u8) -> Result<(), Fault> {
        match self.part {
            GzipPart::Fixed => {
                let expected = [0x1f, 0x8b, 0x08].get(usize::from(self.seen));
                if expected.is_some_and(|&expected| expected != byte) {
                    return Err(Fault::Corrupt);
                }
                if self.seen == 3 {
                    self.flags = byte;
                }
                self.seen += 1;
                if self.seen == 10 {
                    self.enter(GzipPart::ExtraLow);
                }
            }
            GzipPart::ExtraLow => {
                self.extra_left = byte.into();
                self.part = GzipPart::ExtraHigh;
            }
            GzipPart::ExtraHigh => {
                self.extra_left |= u16::from(byte) << 8;
                self.enter(GzipPart::Extra);
            }
            GzipPart::Extra => {
                self.extra_left -= 1;
                self.enter(GzipPart::Extra);
            }
            GzipPart::Name if byte == 0 => self.enter(GzipPart::Comment),
            GzipPart::Comment if byte == 0 => self.enter(GzipPart::CheckLow),
            GzipPart::CheckLow => self.part = GzipPart::CheckHigh,
            GzipPart::CheckHigh => self.part = GzipPart::Data,
            GzipPart::Name | GzipPart::Comment | GzipPart::Data => {}
        }
        Ok(())
    }

    /// Goes to `part`, or on to the next that is there.
    fn enter(&mut self, part: GzipPart) {
        let has = |flag: u8| self.flags & flag != 0;
        self.part = match part {
            GzipPart::ExtraLow if has(Self::EXTRA) => GzipPart::ExtraLow,
            GzipPart::Extra if self.extra_left > 0 => GzipPart::Extra,
            GzipPart::ExtraLow | GzipPart::Extra | GzipPart::Name if has(Self::NAME) => GzipPart::Name,
            GzipPart::ExtraLow | GzipPart::Extra | GzipPart::Name | GzipPart::Comment
                if has(Self::COMMENT) =>
            {
                GzipPart::Comment
            }
            GzipPart::Data => GzipPart::Data,
            _ if has(Self::CHECK) => GzipPart::CheckLow,
            _ => GzipPart::Data,
        };
    }
}

/// When decompressed output is too much for its input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bomb {
    /// Output that is never suspicious.
    pub(super) bytes_max: u64,
    /// Output bytes per input byte.
    pub(super) ratio_max: u64,
}

impl Default for Bomb {
    fn default() -> Self {
        Self { bytes_max: 1_048_576, ratio_max: 2048 }
    }
}

impl Bomb {
    /// Whether so much output for so much input is an attack.
    pub(super) fn is(&self, output: u64, input: u64) -> bool {
        output > self.bytes_max && output > input.saturating_mul(self.ratio_max)
    }
}
