//! Bodies: decoded, kept up to the limit, and made into files.
//!
//! A body that becomes a file is kept once, in the file. Form data is kept as sent, its files beside it.

use model::{Direction, PacketId, Time};

use super::coding::{Bomb, Chain, Coding};
use super::event;
use super::exchange::{Exchange, Kept, Method};
use super::line::{contains, parameter, same_without_nul};
use super::multipart::{Multipart, Part};
use super::uri::Rules;
use crate::{Asks, Body, Config, File, FileState, Transaction};

/// Longer file names are cut.
const NAME_BYTES_MAX: usize = 4_096;

/// What the configuration says, read once per flow.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Limits {
    pub(super) uri: Rules,
    pub(super) bomb: Bomb,
    pub(super) lzma: bool,
    /// Write all headers of requests and responses to EVE.
    pub(super) dump: [bool; 2],
}

/// What a step needs besides its bytes.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) limits: Limits,
    pub(super) asks: &'a mut Asks,
    pub(super) time: Time,
    pub(super) packet: PacketId,
    /// Files of the session so far.
    pub(super) files: &'a mut u32,
}

/// Depth of stored files when the configuration names none.
const STORED_BYTES_MAX: u32 = 1_048_576;

impl Context<'_> {
    /// Bytes of a body that are kept; `tx` may carry a file that is to be stored, for which other limits hold.
    fn body_max(&self, tx: &Exchanging, direction: Direction) -> u64 {
        let files = &self.config.files;
        let file = tx.body.bodies[direction.index()].file.and_then(|place| tx.files.get(place));
        if files.store && file.is_some_and(|file| file.store) {
            return files.store_depth.unwrap_or(STORED_BYTES_MAX).into();
        }
        match direction {
            Direction::ToServer => self.config.request_body_limit,
            Direction::ToClient => self.config.response_body_limit,
        }
    }
}

/// Parsing cannot go on.
#[derive(Debug)]
pub(super) struct Broken;

type Exchanging = Transaction<Exchange>;

/// Sets up the decoding that the headers ask for.
pub(super) fn prepare(tx: &mut Exchanging, direction: Direction, context: &Context<'_>) {
    let Some(value) = tx.body.head(direction).find(b"content-encoding") else { return };
    let mut chain = Chain::default();
    let mut raised = None;
    match named(value) {
        Some(Some(coding)) => chain.prepend(coding, context.limits.lzma),
        Some(None) => {}
        None => raised = prepare_list(value, &mut chain, context),
    }
    if !chain.is_empty() {
        let carried = tx.body.carried(direction);
        carried.coded = true;
        carried.chain = Some(Box::new(chain));
    }
    for code in raised.into_iter().flatten() {
        tx.core.raise(code);
    }
}

/// The coding of a name; the inner `None` is "nothing to do", the outer one "not a plain name".
fn named(value: &[u8]) -> Option<Option<Coding>> {
    const NAMES: &[(&[u8], Option<Coding>)] = &[
        (b"gzip", Some(Coding::Gzip)),
        (b"x-gzip", Some(Coding::Gzip)),
        (b"deflate", Some(Coding::Deflate)),
        (b"x-deflate", Some(Coding::Deflate)),
        (b"lzma", Some(Coding::Lzma)),
        (b"br", Some(Coding::Brotli)),
        (b"inflate", None),
        (b"identity", None),
        (b"none", None),
    ];
    NAMES.iter().find(|(name, _)| same_without_nul(value, name)).map(|(_, coding)| *coding)
}

fn prepare_list(value: &[u8], chain: &mut Chain, context: &Context<'_>) -> Option<[u8; 2]> {
    let mut layers = 0u8;
    let mut raised = None;
    for name in value.split(|&byte| byte == b',' || byte == b' ').filter(|name| !name.is_empty()) {
        layers = layers.saturating_add(1);
        if layers > context.config.decompress_layers {
            let before = raised.map_or(event::TOO_MANY_ENCODING_LAYERS, |[first, _]: [u8; 2]| first);
            return Some([before, event::TOO_MANY_ENCODING_LAYERS]);
        }
        let coding = match name {
            b"lzma" => Some(Coding::Lzma),
            b"br" => Some(Coding::Brotli),
            b"inflate" | b"identity" | b"none" => None,
            _ => {
                let plain = matches!(name, b"gzip" | b"x-gzip" | b"deflate" | b"x-deflate");
                if !plain {
                    raised = Some([event::ABNORMAL_CE_HEADER; 2]);
                }
                if contains(name, b"gzip") {
                    Some(Coding::Gzip)
                } else {
                    contains(name, b"deflate").then_some(Coding::Deflate)
                }
            }
        };
        if let Some(coding) = coding {
            chain.prepend(coding, context.limits.lzma);
        }
    }
    raised
}

/// Takes bytes of a body as they are on the wire, chunk framing taken off; `None` = the body has ended.
pub(super) fn data(
    tx: &mut Exchanging,
    direction: Direction,
    bytes: Option<&[u8]>,
    context: &mut Context<'_>,
) -> Result<(), Broken> {
    let carried = tx.body.carried(direction);
    let len = bytes.map_or(0, <[u8]>::len) as u64;
    carried.wire = carried.wire.saturating_add(len);
    if !carried.coded {
        carried.decoded = carried.decoded.saturating_add(len);
        if let Some(bytes) = bytes {
            deliver(tx, direction, bytes, context);
        }
        return Ok(());
    }
    let Some(mut chain) = carried.chain.take() else {
        // The coding has ended, so these bytes cannot belong to it.
        return if bytes.is_none() { Ok(()) } else { Err(Broken) };
    };
    let mut sink = |piece: &[u8]| decoded(tx, direction, piece, context);
    match bytes {
        Some(bytes) => {
            chain.push(bytes, &mut sink);
            tx.body.carried(direction).chain = Some(chain);
        }
        None => chain.finish(&mut sink),
    }
    Ok(())
}

/// Takes a decoded piece; says whether more is wanted.
fn decoded(tx: &mut Exchanging, direction: Direction, piece: &[u8], context: &mut Context<'_>) -> bool {
    let carried = tx.body.carried(direction);
    if carried.bomb {
        return false;
    }
    carried.decoded = carried.decoded.saturating_add(piece.len() as u64);
    let bomb = context.limits.bomb.is(carried.decoded, carried.wire);
    carried.bomb = bomb;
    deliver(tx, direction, piece, context);
    if bomb {
        tx.core.raise(event::COMPRESSION_BOMB);
    }
    !bomb
}

/// So many bytes of the body are missing.
pub(super) fn gap(tx: &mut Exchanging, direction: Direction, bytes: u64, context: &mut Context<'_>) {
    let max = context.body_max(tx, direction);
    let carried = tx.body.carried(direction);
    carried.wire = carried.wire.saturating_add(bytes);
    if max != 0 && carried.taken >= max {
        return cut_off(tx, direction);
    }
    begin(tx, direction);
    if tx.body.bodies[direction.index()].multipart.is_none() {
        open(tx, direction, context);
    }
    if let Some(file) = open_file(tx, direction) {
        file.gap(bytes);
    }
    tx.body.carried(direction).part_of = None;
    tx.core.updated[direction.index()] = true;
}

fn deliver(tx: &mut Exchanging, direction: Direction, bytes: &[u8], context: &mut Context<'_>) {
    if bytes.is_empty() {
        return;
    }
    begin(tx, direction);
    tx.core.updated[direction.index()] = true;
    let max = context.body_max(tx, direction);
    let carried = tx.body.carried(direction);
    if max != 0 && carried.taken >= max {
        return cut_off(tx, direction);
    }
    let room = if max == 0 { usize::MAX } else { usize::try_from(max - carried.taken).unwrap_or(usize::MAX) };
    let bytes = bytes.get(..bytes.len().min(room)).unwrap_or_default();
    carried.taken += bytes.len() as u64;
    if let Some(mut parser) = carried.multipart.take() {
        keep(tx, direction, bytes, context.config.files.content);
        parser.push(bytes, &mut |part| take_part(tx, part, context));
        tx.body.carried(direction).multipart = Some(parser);
        return;
    }
    open(tx, direction, context);
    match open_file(tx, direction) {
        Some(file) => {
            file.append(bytes);
            add_to_whole(tx, direction, bytes, context);
        }
        None => keep(tx, direction, bytes, context.config.files.content),
    }
}

/// Adds bytes to the file that this one is a part of; a whole one becomes a file of this exchange.
fn add_to_whole(tx: &mut Exchanging, direction: Direction, bytes: &[u8], context: &mut Context<'_>) {
    let carried = tx.body.carried(direction);
    let Some((id, at)) = carried.part_of else { return };
    carried.part_of = Some((id, at.saturating_add(bytes.len() as u64)));
    if let Some(mut whole) = context.asks.ranges.write(id, at, bytes, context.time) {
        *context.files = context.files.wrapping_add(1);
        whole.id = *context.files;
        tx.files.push(whole);
    }
}

/// Looks at the method when the first bytes of a body come: only POST and PUT carry files to a server.
fn begin(tx: &mut Exchanging, direction: Direction) {
    let carried = tx.body.carried(direction);
    if std::mem::replace(&mut carried.begun, true) || direction == Direction::ToClient {
        return;
    }
    match tx.body.method {
        Method::Put => {}
        Method::Post => {
            let parser = tx.body.request.find(b"content-type").and_then(Multipart::new);
            tx.body.bodies[0].multipart = parser.map(Box::new);
        }
        _ => tx.body.bodies[0].no_file = true,
    }
}

fn keep(tx: &mut Exchanging, direction: Direction, bytes: &[u8], content: bool) {
    match &mut tx.body.carried(direction).kept {
        Kept::Here(body) => body.append(bytes),
        kept @ Kept::Nothing => {
            let mut body = if content { Body::new(0) } else { Body::counting() };
            body.append(bytes);
            *kept = Kept::Here(body);
        }
        Kept::InFile(_) => {}
    }
}

fn open_file(tx: &mut Exchanging, direction: Direction) -> Option<&mut File> {
    let place = tx.body.bodies[direction.index()].file?;
    tx.files.get_mut(place)
}

/// Opens the file that a whole body is, unless it is open or not wanted.
fn open(tx: &mut Exchanging, direction: Direction, context: &mut Context<'_>) {
    let carried = &tx.body.bodies[direction.index()];
    if carried.file.is_some() || carried.no_file || matches!(carried.kept, Kept::Here(_)) {
        return;
    }
    let disposition = match direction {
        Direction::ToClient => tx.body.response.find(b"content-disposition"),
        Direction::ToServer => None,
    };
    let name = disposition.and_then(|value| parameter(value, b"filename"));
    let Some(name) = name.or_else(|| tx.body.path.map(|path| tx.body.request.get(path).to_vec())) else {
        tx.body.carried(direction).no_file = true;
        return;
    };
    let range = match direction {
        Direction::ToClient => tx.body.response.find(b"content-range").map(content_range),
        Direction::ToServer => None,
    };
    let place = new_file(tx, direction, &name, context);
    tx.body.carried(direction).kept = Kept::InFile(place);
    match range {
        Some(None) => tx.core.raise(event::RANGE_INVALID),
        Some(Some(range)) => {
            if let Some(file) = tx.files.get_mut(place) {
                file.range = Some(range);
            }
            begin_part(tx, direction, &name, range, context);
        }
        None => {}
    }
}

/// Finds the file of which a partial response is a part, by host and path.
fn begin_part(
    tx: &mut Exchanging,
    direction: Direction,
    name: &[u8],
    (first, last, size): (u64, u64, u64),
    context: &mut Context<'_>,
) {
    if size == 0 || (first == 0 && last + 1 == size) || tx.body.bodies[direction.index()].coded {
        return;
    }
    let request = &tx.body.request;
    let mut key = tx.body.host.map_or(Vec::new(), |host| request.get(host).to_vec());
    key.extend_from_slice(tx.body.path.map_or(&[], |path| request.get(path)));
    let began = (context.time, context.packet);
    let new = || File::new(0, direction, name, &context.config.files, began);
    let id = context.asks.ranges.open(&key, size, context.time, new);
    tx.body.carried(direction).part_of = Some((id, first));
}

fn new_file(tx: &mut Exchanging, direction: Direction, name: &[u8], context: &mut Context<'_>) -> usize {
    if name.len() > NAME_BYTES_MAX {
        tx.core.raise(event::FILE_NAME_TOO_LONG);
    }
    let name = name.get(..name.len().min(NAME_BYTES_MAX)).unwrap_or_default();
    *context.files = context.files.wrapping_add(1);
    let began = (context.time, context.packet);
    tx.files.push(File::new(*context.files, direction, name, &context.config.files, began));
    let place = tx.files.len() - 1;
    tx.body.carried(direction).file = Some(place);
    place
}

/// First, last and whole size of a `Content-Range`; 0 for a size that is not told (RFC 9110 §14.4).
pub(super) fn content_range(value: &[u8]) -> Option<(u64, u64, u64)> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let text =
        text.get(..5).filter(|unit| unit.eq_ignore_ascii_case("bytes")).and(text.get(5..))?.trim_start();
    let (range, size) = text.split_once('/')?;
    let size = if size == "*" { 0 } else { size.parse().ok()? };
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && (size == 0 || last < size)).then_some((first, last, size))
}

fn take_part(tx: &mut Exchanging, part: Part<'_>, context: &mut Context<'_>) {
    match part {
        Part::Open(name) => {
            new_file(tx, Direction::ToServer, name, context);
        }
        Part::Bytes(bytes) => {
            if let Some(file) = open_file(tx, Direction::ToServer) {
                file.append(bytes);
            }
        }
        Part::Close => close(tx, Direction::ToServer, FileState::Closed),
        Part::InvalidHeader => tx.core.raise(event::MULTIPART_INVALID_HEADER),
        Part::NoData => tx.core.raise(event::MULTIPART_NO_FILEDATA),
    }
}

/// The limit is reached: a file that goes on is cut off here.
fn cut_off(tx: &mut Exchanging, direction: Direction) {
    close(tx, direction, FileState::Truncated);
    let carried = tx.body.carried(direction);
    carried.no_file = true;
    carried.multipart = None;
    if let Kept::Here(body) = &mut carried.kept {
        body.cut = true;
    }
}

fn close(tx: &mut Exchanging, direction: Direction, state: FileState) {
    if let Some(file) = open_file(tx, direction) {
        file.close(if file.gaps { FileState::Truncated } else { state });
    }
    tx.body.carried(direction).file = None;
}

/// The message is complete: its files are closed.
pub(super) fn finish(tx: &mut Exchanging, direction: Direction, context: &mut Context<'_>) {
    if let Some(mut parser) = tx.body.carried(direction).multipart.take() {
        parser.finish(&mut |part| take_part(tx, part, context));
    }
    close(tx, direction, FileState::Closed);
    let carried = tx.body.carried(direction);
    carried.no_file = true;
    carried.chain = None;
    if let Kept::Here(body) = &mut carried.kept {
        body.ended = true;
    }
}
