//! The container: a zip file in one canonical form, so that every byte of it is accounted for.
//!
//! Canonical: local headers one after the other from byte 0, the directory behind them, the end record last; no comments, no
//! extra fields, the date of all members 1980-01-01, methods 0 (stored) and 8 (deflated). What ordinary tools write differs and
//! is refused: a bundle that was packed anew is not the bundle that was signed.
//!
//! Reference: APPNOTE.TXT 6.3 §4.3.

use std::fmt;
use std::io::{Read, Write};

/// Most bytes of one member once unpacked.
const MEMBER_BYTES_MAX: usize = 256 << 20;
/// Most bytes of all members once unpacked: a small file must not become a large memory.
const CONTENT_BYTES_MAX: usize = 1 << 30;
/// Most members.
const MEMBERS_MAX: usize = 4_096;
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Bytes of a local header before the name.
const LOCAL_BYTES: usize = 30;
const VERSION: u16 = 20;
/// 1980-01-01 in the form of the format.
const DATE: u16 = 0x0021;
/// Most bytes that one byte unpacks to (RFC 1951 §3.2.5: 258 bytes for two bits).
const DEFLATE_RATIO_MAX: usize = 1_032;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Its bytes as they lie in the file.
    pub packed: Vec<u8>,
    /// Its content.
    pub content: Vec<u8>,
    deflated: bool,
    /// Of the content.
    crc: u32,
}

impl Member {
    /// A member that is deflated when that makes it smaller.
    ///
    /// # Panics
    /// Never: memory takes every write.
    pub fn new(name: impl Into<String>, content: Vec<u8>) -> Self {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&content).expect("memory takes every write");
        let packed = encoder.finish().expect("memory takes every write");
        if packed.len() < content.len() {
            let crc = crc_of(&content);
            Self { name: name.into(), packed, content, deflated: true, crc }
        } else {
            Self::stored(name, content)
        }
    }

    /// A member that lies in the file as it is, so that each of its bytes has one form only.
    pub fn stored(name: impl Into<String>, content: Vec<u8>) -> Self {
        let crc = crc_of(&content);
        Self { name: name.into(), packed: content.clone(), content, deflated: false, crc }
    }

    fn method(&self) -> u16 {
        if self.deflated { DEFLATED } else { STORED }
    }

    fn sizes(&self) -> (u32, u32) {
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        (size(&self.packed), size(&self.content))
    }

    /// The fields that local header and directory share, from the method to the length of the name.
    fn fields(&self) -> Vec<u8> {
        let (packed, content) = self.sizes();
        let mut out = Vec::with_capacity(24);
        for half in [self.method(), 0, DATE] {
            out.extend_from_slice(&half.to_le_bytes());
        }
        for word in [self.crc, packed, content] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&(self.name.len() as u16).to_le_bytes());
        out
    }
}

/// All members, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    /// Members in the order of the file.
    pub members: Vec<Member>,
}

/// Why bytes are not an archive in canonical form, naming what was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveError(pub String);

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ArchiveError {}

impl Archive {
    /// Content of a member.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.members.iter().find(|member| member.name == name).map(|member| &*member.content)
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for member in &self.members {
            out.extend_from_slice(&local_header(member));
            out.extend_from_slice(&member.packed);
        }
        out.extend_from_slice(&self.tail());
        out
    }

    /// Directory and end record.
    fn tail(&self) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        for member in &self.members {
            out.extend_from_slice(&central_header(member, at as u32));
            at += LOCAL_BYTES + member.name.len() + member.packed.len();
        }
        let size = out.len() as u32;
        out.extend_from_slice(&end_record(self.members.len() as u16, size, at as u32));
        out
    }

    /// Reads bytes in canonical form.
    ///
    /// # Errors
    /// What was touched: a member's header, its bytes, its entry in the directory, the end; or where the file breaks off.
    pub fn read(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut archive = Self::default();
        let (mut at, mut content_bytes) = (0, 0);
        while u32_at(bytes, at) == Some(LOCAL) {
            if archive.members.len() >= MEMBERS_MAX {
                return Err(ArchiveError(format!("the archive has more than {MEMBERS_MAX} members")));
            }
            let member = read_member(bytes, at, archive.members.last())?;
            at += LOCAL_BYTES + member.name.len() + member.packed.len();
            content_bytes += member.content.len();
            if content_bytes > CONTENT_BYTES_MAX {
                return Err(ArchiveError(format!(
                    "the members unpack to more than {CONTENT_BYTES_MAX} bytes"
                )));
            }
            if archive.members.iter().any(|known| known.name == member.name) {
                return Err(ArchiveError(format!("member `{}` is there twice", member.name)));
            }
            archive.members.push(member);
        }
        if archive.members.is_empty() {
            return Err(ArchiveError("this is no bundle: it does not begin with a zip member".into()));
        }
        archive.check_tail(bytes, at)?;
        Ok(archive)
    }

    /// Compares directory and end record with what they must be.
    fn check_tail(&self, bytes: &[u8], at: usize) -> Result<(), ArchiveError> {
        let wanted = self.tail();
        let there = bytes.get(at..).unwrap_or_default();
        let last = self.members.last().map_or("", |member| &member.name);
        if there == wanted {
            return Ok(());
        }
        let differs = there.iter().zip(&wanted).position(|(a, b)| a != b).map(|place| at + place);
        let end = at + wanted.len();
        let Some(position) = differs else {
            return Err(ArchiveError(if bytes.len() < end {
                format!(
                    "the bundle is truncated: it ends at byte {}, {} bytes early",
                    bytes.len(),
                    end - bytes.len()
                )
            } else {
                format!("{} bytes were added behind the end of the bundle", bytes.len() - end)
            }));
        };
        if position < at + 4 {
            return Err(ArchiveError(format!(
                "member `{last}` is not followed by another member nor by the directory: bytes were changed, removed or added at byte {at}"
            )));
        }
        let mut end = at;
        for (member, offset) in self.members.iter().zip(0..) {
            end += central_header(member, offset).len();
            if position < end {
                return Err(ArchiveError(format!(
                    "the directory entry of member `{}` was altered (byte {position})",
                    member.name
                )));
            }
        }
        Err(ArchiveError(format!("the end record of the archive was altered (byte {position})")))
    }
}

fn read_member(bytes: &[u8], at: usize, before: Option<&Member>) -> Result<Member, ArchiveError> {
    let place =
        before.map_or("at the beginning".to_owned(), |member| format!("behind member `{}`", member.name));
    let broken = |what: &str| ArchiveError(format!("the header {place} (byte {at}) was altered: {what}"));
    let truncated = |name: &str| {
        ArchiveError(format!(
            "the bundle is truncated or its sizes were altered: member `{name}` does not fit"
        ))
    };
    let half = |offset: usize| u16_at(bytes, at + offset).ok_or_else(|| broken("it is cut off"));
    let word = |offset: usize| u32_at(bytes, at + offset).ok_or_else(|| broken("it is cut off"));
    let name_len = usize::from(half(26)?);
    let name = bytes.get(at + 30..at + 30 + name_len).ok_or_else(|| broken("its name is cut off"))?;
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| is_plain(name))
        .ok_or_else(|| broken("its name is not one of a bundle"))?
        .to_owned();
    let (method, packed_len, content_len) = (half(8)?, word(18)? as usize, word(22)? as usize);
    let data = at + 30 + name_len;
    let packed = bytes.get(data..data.saturating_add(packed_len)).ok_or_else(|| truncated(&name))?;
    let content = match method {
        STORED => packed.to_vec(),
        DEFLATED => {
            let limit = content_len.min(MEMBER_BYTES_MAX) as u64 + 1;
            // What is stated may be wrong: no more is made ready than so many bytes can unpack to.
            let likely = content_len.min(packed_len.saturating_mul(DEFLATE_RATIO_MAX)).min(MEMBER_BYTES_MAX);
            let mut content = Vec::with_capacity(likely + 1);
            let mut decoder = flate2::bufread::DeflateDecoder::new(packed);
            decoder
                .by_ref()
                .take(limit)
                .read_to_end(&mut content)
                .map_err(|_| ArchiveError(format!("member `{name}` was altered: it does not unpack")))?;
            if decoder.total_in() != packed_len as u64 {
                return Err(ArchiveError(format!("member `{name}` was altered: its packed bytes end early")));
            }
            content
        }
        _ => {
            return Err(ArchiveError(format!(
                "the header of member `{name}` was altered: unknown method {method}"
            )));
        }
    };
    let crc = crc_of(&content);
    let member = Member { name, packed: packed.to_vec(), content, deflated: method == DEFLATED, crc };
    let wanted = local_header(&member);
    let seen = bytes.get(at..data).unwrap_or_default();
    if seen != wanted {
        let position = seen.iter().zip(&wanted).position(|(a, b)| a != b).unwrap_or(0);
        let name = &member.name;
        return Err(ArchiveError(match position {
            14..18 => format!("member `{name}` was altered: its check sum (CRC-32) does not fit its content"),
            22..26 => format!("member `{name}` was altered: its size is not the one that is stated"),
            _ => format!("the header of member `{name}` was altered (byte {})", at + position),
        }));
    }
    Ok(member)
}

fn crc_of(content: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    crc.sum()
}

fn local_header(member: &Member) -> Vec<u8> {
    let mut out = LOCAL.to_le_bytes().to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&member.fields());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(member.name.as_bytes());
    out
}

fn central_header(member: &Member, offset: u32) -> Vec<u8> {
    let mut out = CENTRAL.to_le_bytes().to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&member.fields());
    // No extra field, no comment, disk 0, no attributes.
    out.extend_from_slice(&[0; 12]);
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(member.name.as_bytes());
    out
}

fn end_record(members: u16, size: u32, at: u32) -> Vec<u8> {
    let mut out = END.to_le_bytes().to_vec();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&members.to_le_bytes());
    out.extend_from_slice(&members.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&at.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

/// Names that cannot lead out of a folder they are unpacked into.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 256
        && !name.starts_with('/')
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
