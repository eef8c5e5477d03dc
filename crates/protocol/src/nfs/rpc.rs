//! ONC-RPC, version 2 (RFC 5531): records of a stream, calls and replies.

use crate::wire::Wire;

/// The number of NFS among RPC's programs.
pub(super) const PROGRAM: u32 = 100_003;
/// Bytes of a record mark (RFC 5531 §11).
pub(super) const MARK: usize = 4;
/// Bytes of credentials or of a verifier at most (RFC 5531 §8.2).
const AUTH_MAX: usize = 400;
/// Flavors of authentication.
pub(super) const AUTH_UNIX: u32 = 1;
pub(super) const AUTH_GSS: u32 = 6;
/// GSS service "integrity": arguments are wrapped, but readable (RFC 2203 §5.3.2.2).
const GSS_INTEGRITY: u32 = 2;

/// Who asks, as he says himself (`AUTH_SYS`).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Unix {
    pub(super) machine: Vec<u8>,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) xid: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) flavor: u32,
    pub(super) unix: Option<Unix>,
    /// Arguments are sealed and cannot be read.
    pub(super) sealed: bool,
    /// Arguments and results carry a length before and a checksum behind.
    pub(super) wrapped: bool,
    pub(super) arguments: &'a [u8],
}

/// A reply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    pub(super) xid: u32,
    /// 0 = accepted, 1 = denied.
    pub(super) state: u32,
    /// Whether the call was carried out, so that there are results.
    pub(super) success: bool,
    pub(super) results: &'a [u8],
}

/// Either.
#[derive(Debug, Clone)]
pub(super) enum Message<'a> {
    Call(Call<'a>),
    Reply(Reply<'a>),
    /// A call of another program, such as NFS's own calls back.
    Other,
}

/// Reads a message; what is cut off behind its header is cut off in arguments or results. `None`: it is none, or its
/// header is not there as a whole.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let wire = &mut Wire::new(bytes);
    let xid = wire.be32()?;
    match wire.be32()? {
        0 => read_call(xid, wire),
        1 => {
            let state = wire.be32()?;
            let mut success = false;
            match state {
                0 => {
                    wire.be32()?;
                    opaque(wire, AUTH_MAX)?;
                    success = wire.be32()? == 0;
                }
                1 => {}
                _ => return None,
            }
            Some(Message::Reply(Reply { xid, state, success, results: wire.rest() }))
        }
        _ => None,
    }
}

fn read_call<'a>(xid: u32, wire: &mut Wire<'a>) -> Option<Message<'a>> {
    if wire.be32()? != 2 {
        return None;
    }
    let (program, version, procedure) = (wire.be32()?, wire.be32()?, wire.be32()?);
    if program != PROGRAM {
        return Some(Message::Other);
    }
    let flavor = wire.be32()?;
    let credentials = opaque(wire, AUTH_MAX)?;
    wire.be32()?;
    opaque(wire, AUTH_MAX)?;
    let unix = (flavor == AUTH_UNIX).then(|| read_unix(credentials)).flatten();
    let service = (flavor == AUTH_GSS).then(|| read_gss(credentials)).flatten();
    let sealed =
        flavor == AUTH_GSS && service.is_none_or(|(stage, service)| stage != 0 || service > GSS_INTEGRITY);
    let wrapped = service == Some((0, GSS_INTEGRITY));
    let arguments = wire.rest();
    Some(Message::Call(Call { xid, version, procedure, flavor, unix, sealed, wrapped, arguments }))
}

fn read_unix(bytes: &[u8]) -> Option<Unix> {
    let wire = &mut Wire::new(bytes);
    wire.be32()?;
    let machine = opaque(wire, 255)?.to_vec();
    Some(Unix { machine, uid: wire.be32()?, gid: wire.be32()? })
}

/// Stage of the context and service (RFC 2203 §5).
fn read_gss(bytes: &[u8]) -> Option<(u32, u32)> {
    let wire = &mut Wire::new(bytes);
    wire.be32()?;
    let stage = wire.be32()?;
    wire.be32()?;
    Some((stage, wire.be32()?))
}

/// What stands inside the wrapping of the GSS service "integrity": behind the length and the sequence number.
pub(super) fn unwrap(bytes: &[u8]) -> &[u8] {
    bytes.get(8..).unwrap_or_default()
}

/// XDR's opaque of variable length (RFC 4506 §4.10), padded to four bytes; a missing pad is forgiven at the very end.
pub(super) fn opaque<'a>(wire: &mut Wire<'a>, max: usize) -> Option<&'a [u8]> {
    let length = usize::try_from(wire.be32()?).ok().filter(|length| *length <= max)?;
    let bytes = wire.take(length)?;
    let pad = (4 - length % 4) % 4;
    wire.take(pad.min(wire.len()))?;
    Some(bytes)
}

/// An opaque of which less may be there than it says: what is there, and its length.
pub(super) fn partial<'a>(wire: &mut Wire<'a>) -> Option<(&'a [u8], usize)> {
    let length = usize::try_from(wire.be32()?).ok()?;
    let there = length.min(wire.len());
    let bytes = wire.take(there)?;
    let pad = (4 - length % 4) % 4;
    wire.take(pad.min(wire.len()))?;
    Some((bytes, length))
}

/// Whether bytes begin a call of NFS, versions 2 to 4, without a record mark before it; `None`: too little to tell.
pub(super) fn begins_call(bytes: &[u8]) -> Option<bool> {
    let wire = &mut Wire::new(bytes);
    wire.be32()?;
    let fixed = wire.be32()? == 0 && wire.be32()? == 2 && wire.be32()? == PROGRAM;
    let version = wire.be32()?;
    let procedure = wire.be32()?;
    let flavor = wire.be32()?;
    Some(fixed && (2..=4).contains(&version) && procedure <= 21 && flavor <= 7)
}

/// Whether bytes begin a reply, without a record mark before it; `None`: too little to tell.
pub(super) fn begins_reply(bytes: &[u8]) -> Option<bool> {
    let wire = &mut Wire::new(bytes);
    wire.be32()?;
    if wire.be32()? != 1 {
        return Some(false);
    }
    match wire.be32()? {
        0 => {
            let flavor = wire.be32()?;
            let length = wire.be32()?;
            Some(flavor <= 7 && length <= AUTH_MAX as u32 && length % 4 == 0)
        }
        1 => Some(wire.be32()? <= 1),
        _ => Some(false),
    }
}
