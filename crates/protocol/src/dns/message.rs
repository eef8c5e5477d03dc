//! One DNS message: header, questions, resource records, names with compression (RFC 1035 §4.1, RFC 6891, RFC 4255, RFC 2782).

use smallvec::SmallVec;

use super::names;

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 12;
/// A name longer than this is cut; twice the legal 255 leaves room for what attackers try.
const NAME_BYTES_MAX: usize = 1025;
/// Labels and pointers followed in one name.
const STEPS_MAX: usize = 255;
/// Bytes of names and data kept of one message; names beyond it are cut to nothing.
const POOL_BYTES_MAX: usize = 256 * 1024;

/// The response bit (QR).
pub(crate) const FLAG_RESPONSE: u16 = 0x8000;
/// The reserved bit (Z).
pub(crate) const FLAG_RESERVED: u16 = 0x0040;

/// A stretch of [`Message::pool`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

/// A name in text form, labels joined by dots.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    text: Span,
    /// It was too long and was cut.
    pub(crate) truncated: bool,
}

/// What was odd about the names of a message.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oddities {
    /// A signature is longer than any algorithm makes them.
    pub(crate) signature: bool,
    /// A name was longer than allowed.
    pub(crate) truncated: bool,
    /// A compression pointer pointed to itself.
    pub(crate) looped: bool,
    /// A name had too many labels or pointers.
    pub(crate) labels: bool,
    /// The authority section could not be read.
    pub(crate) authorities: bool,
    /// The additional section could not be read.
    pub(crate) additionals: bool,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Query {
    /// Name asked for.
    pub(crate) name: Name,
    /// Type asked for.
    pub(crate) rrtype: u16,
}

/// A resource record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Owner.
    pub(crate) name: Name,
    /// Type.
    pub(crate) rrtype: u16,
    /// Seconds it may be kept.
    pub(crate) ttl: u32,
    /// Data.
    pub(crate) data: Data,
}

/// Types of records with signatures (RFC 2535, RFC 4034).
const SIG: u16 = 24;
const RRSIG: u16 = 46;
/// Bytes beyond which no algorithm's signature goes: SLH-DSA (FIPS 205) has up to 49,856.
const SIGNATURE_MAX: usize = 61_440;

/// The data of a resource record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// A and AAAA: the address bytes, of any length.
    Address(Span),
    /// CNAME, NS, PTR, MX: a name.
    Name(Name),
    /// TXT: length-prefixed strings, checked.
    Text(Span),
    /// NULL: anything.
    Null(Span),
    /// SOA.
    Soa {
        /// Primary server.
        mname: Name,
        /// Mailbox of who is responsible.
        rname: Name,
        /// Serial, refresh, retry, expire, minimum.
        numbers: [u32; 5],
    },
    /// SRV: priority, weight, port, target.
    Srv([u16; 3], Name),
    /// SSHFP: algorithm, type, fingerprint.
    Sshfp(u8, u8, Span),
    /// OPT: options, unparsed.
    Options(Span),
    /// Everything else.
    Other,
}

/// A message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Identifier.
    pub(crate) id: u16,
    /// Flags word of the header.
    pub(crate) flags: u16,
    /// Question section.
    pub(crate) queries: SmallVec<[Query; 1]>,
    records: Vec<Record>,
    /// Where the answer and the authority sections end in `records`.
    ends: [usize; 2],
    pool: SmallVec<[u8; 96]>,
    /// What was odd.
    pub(crate) oddities: Oddities,
}

/// The message cannot be read: a field goes beyond its end, or a label has a reserved type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Message {
    /// Operation code.
    pub(crate) fn opcode(&self) -> u8 {
        (self.flags >> 11) as u8 & 15
    }

    /// Response code.
    pub(crate) fn rcode(&self) -> u16 {
        self.flags & 15
    }

    /// Whether it is a response.
    pub(crate) fn is_response(&self) -> bool {
        self.flags & FLAG_RESPONSE != 0
    }

    /// Answer section.
    pub(crate) fn answers(&self) -> &[Record] {
        self.records.get(..self.ends[0]).unwrap_or_default()
    }

    /// Authority section.
    pub(crate) fn authorities(&self) -> &[Record] {
        self.records.get(self.ends[0]..self.ends[1]).unwrap_or_default()
    }

    /// Additional section.
    pub(crate) fn additionals(&self) -> &[Record] {
        self.records.get(self.ends[1]..).unwrap_or_default()
    }

    /// All records, answers first.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The bytes of a span.
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.pool.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// The text of a name.
    pub(crate) fn name(&self, name: Name) -> &[u8] {
        self.bytes(name.text)
    }

    /// Strings of a TXT record.
    pub(crate) fn strings(&self, span: Span) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes(span);
        std::iter::from_fn(move || {
            let (&length, tail) = rest.split_first()?;
            let text = tail.get(..usize::from(length))?;
            rest = tail.get(usize::from(length)..)?;
            Some(text)
        })
    }

    /// Options of an OPT record: code and data.
    pub(crate) fn options(&self, span: Span) -> impl Iterator<Item = (u16, &[u8])> {
        let mut rest = self.bytes(span);
        std::iter::from_fn(move || {
            let (&[a, b, c, d], tail) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes([c, d]));
            let data = tail.get(..length)?;
            rest = tail.get(length..)?;
            Some((u16::from_be_bytes([a, b]), data))
        })
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = self.pool.len();
        if start + bytes.len() > POOL_BYTES_MAX {
            return Span::default();
        }
        self.pool.extend_from_slice(bytes);
        Span { start: start as u32, len: bytes.len() as u32 }
    }
}

/// The header of a message: identifier, flags, and the four counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    id: u16,
    /// Flags word.
    pub(crate) flags: u16,
    counts: [u16; 4],
}

impl Header {
    /// Reads it; `None` when there are too few bytes.
    pub(crate) fn read(bytes: &[u8]) -> Option<Header> {
        let mut cursor = Cursor { message: bytes, at: 0 };
        let id = cursor.u16().ok()?;
        let flags = cursor.u16().ok()?;
        let mut counts = [0; 4];
        for count in &mut counts {
            *count = cursor.u16().ok()?;
        }
        Some(Header { id, flags, counts })
    }

    /// Whether a message of `len` bytes can hold as many questions and records as it announces.
    pub(crate) fn fits(&self, len: usize) -> bool {
        self.counts.iter().map(|&count| usize::from(count)).sum::<usize>() * 2 <= len
    }
}

/// Reads the message behind its header.
///
/// Authority and additional sections that cannot be read are noted in [`Oddities`]; questions and answers must be sound.
pub(crate) fn read(bytes: &[u8], header: Header) -> Result<Message, Malformed> {
    let mut message = Message { id: header.id, flags: header.flags, ..Message::default() };
    let mut cursor = Cursor { message: bytes, at: HEADER_BYTES };
    let [questions, answers, authorities, additionals] = header.counts;
    for _ in 0..questions {
        let name = cursor.name(&mut message)?;
        let rrtype = cursor.u16()?;
        cursor.u16()?;
        message.queries.push(Query { name, rrtype });
    }
    cursor.records(&mut message, answers)?;
    message.ends = [message.records.len(); 2];
    message.oddities.authorities = cursor.records(&mut message, authorities).is_err();
    if message.oddities.authorities {
        message.records.truncate(message.ends[0]);
        return Ok(message);
    }
    message.ends[1] = message.records.len();
    message.oddities.additionals = cursor.records(&mut message, additionals).is_err();
    if message.oddities.additionals {
        message.records.truncate(message.ends[1]);
    }
    Ok(message)
}

/// A place in the message.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(Malformed)?;
        let bytes = self.message.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(bytes)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(Malformed)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.take(2)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk)).ok_or(Malformed)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.take(4)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk)).ok_or(Malformed)
    }

    fn records(&mut self, message: &mut Message, count: u16) -> Result<(), Malformed> {
        for _ in 0..count {
            let name = self.name(message)?;
            let rrtype = self.u16()?;
            self.u16()?;
            let ttl = self.u32()?;
            let length = usize::from(self.u16()?);
            let start = self.at;
            self.take(length)?;
            let mut data = Cursor { message: self.message.get(..self.at).unwrap_or_default(), at: start };
            message.oddities.signature |= matches!(rrtype, SIG | RRSIG) && length > SIGNATURE_MAX;
            let data = if length == 0 { Data::Other } else { data.data(self.message, message, rrtype)? };
            message.records.push(Record { name, rrtype, ttl, data });
        }
        Ok(())
    }

    /// Reads record data; the cursor ends where the data end, `whole` is the message for compressed names.
    fn data(&mut self, whole: &[u8], message: &mut Message, rrtype: u16) -> Result<Data, Malformed> {
        let data = self.message.get(self.at..).unwrap_or_default();
        Ok(match rrtype {
            names::A | names::AAAA => Data::Address(message.keep(data)),
            names::CNAME | names::NS | names::PTR => Data::Name(self.name_in(whole, message)?),
            names::MX => {
                self.u16()?;
                Data::Name(self.name_in(whole, message)?)
            }
            names::TXT => {
                let first = usize::from(*data.first().ok_or(Malformed)?);
                data.get(1..1 + first).ok_or(Malformed)?;
                Data::Text(message.keep(data))
            }
            names::NULL => Data::Null(message.keep(data)),
            names::SOA => {
                let mname = self.name_in(whole, message)?;
                let rname = self.name_in(whole, message)?;
                let mut numbers = [0; 5];
                for number in &mut numbers {
                    *number = self.u32()?;
                }
                Data::Soa { mname, rname, numbers }
            }
            names::SRV => {
                let numbers = [self.u16()?, self.u16()?, self.u16()?];
                Data::Srv(numbers, self.name_in(whole, message)?)
            }
            names::SSHFP => {
                let (algorithm, kind) = (self.u8()?, self.u8()?);
                let fingerprint = self.message.get(self.at..).unwrap_or_default();
                Data::Sshfp(algorithm, kind, message.keep(fingerprint))
            }
            names::OPT => Data::Options(message.keep(data)),
            _ => Data::Other,
        })
    }

    fn name(&mut self, message: &mut Message) -> Result<Name, Malformed> {
        self.name_in(self.message, message)
    }

    /// Reads a name that starts here, with pointers into `whole`, into the message's pool.
    fn name_in(&mut self, whole: &[u8], message: &mut Message) -> Result<Name, Malformed> {
        let start = message.pool.len();
        let mut walk = Walk { bytes: self.message, at: self.at, after: None };
        let mut truncated = start >= POOL_BYTES_MAX;
        for step in 0.. {
            if step > STEPS_MAX {
                message.oddities.labels = true;
                if walk.after.is_none() {
                    return Err(Malformed);
                }
                break;
            }
            match walk.step(whole)? {
                Step::Label(_) if truncated => {}
                Step::Label(label) => {
                    if message.pool.len() > start {
                        message.pool.push(b'.');
                    }
                    message.pool.extend_from_slice(label);
                }
                Step::Pointer => {}
                Step::Loop => {
                    message.oddities.looped = true;
                    break;
                }
                Step::End => break,
            }
            if message.pool.len() - start > NAME_BYTES_MAX && !truncated {
                truncated = true;
                message.pool.truncate(start + NAME_BYTES_MAX);
                if walk.after.is_some() {
                    break;
                }
            }
        }
        message.oddities.truncated |= truncated;
        self.at = walk.after.unwrap_or(walk.at);
        let text = Span { start: start as u32, len: (message.pool.len() - start) as u32 };
        Ok(Name { text, truncated })
    }
}

/// Follows labels and pointers.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where reading goes on after the name, once a pointer was followed.
    after: Option<usize>,
}

enum Step<'a> {
    Label(&'a [u8]),
    Pointer,
    Loop,
    End,
}

impl<'a> Walk<'a> {
    fn step<'b: 'a>(&mut self, whole: &'b [u8]) -> Result<Step<'a>, Malformed> {
        let Some(&length) = self.bytes.get(self.at) else { return Ok(Step::End) };
        match length & 0xc0 {
            0 if length == 0 => {
                self.at += 1;
                Ok(Step::End)
            }
            0 => {
                let start = self.at + 1;
                let end = start + usize::from(length);
                let label = self.bytes.get(start..end).ok_or(Malformed)?;
                self.at = end;
                Ok(Step::Label(label))
            }
            0xc0 => {
                let low = *self.bytes.get(self.at + 1).ok_or(Malformed)?;
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                if target > whole.len() {
                    return Err(Malformed);
                }
                let looped = target == self.at;
                self.after.get_or_insert(self.at + 2);
                self.at = target;
                self.bytes = whole;
                Ok(if looped { Step::Loop } else { Step::Pointer })
            }
            _ => Err(Malformed),
        }
    }
}
