//! PostgreSQL messages (protocol 3.0, PostgreSQL manual, chapter "Frontend/Backend Protocol").

use crate::wire::Wire;

/// Startup parameters kept.
const PARAMETERS_MAX: usize = 64;
/// Fields kept of one error or notice.
const FIELDS_MAX: usize = 32;
/// Bytes kept of one text.
const TEXT_MAX: usize = 64 * 1024;

/// What a client says.
#[derive(Debug)]
pub(super) enum Request {
    Ssl,
    Startup {
        version: (u16, u16),
        user: Option<Vec<u8>>,
        parameters: Vec<(Vec<u8>, Vec<u8>)>,
    },
    Cancel {
        process: u32,
        secret: u32,
    },
    Password(Vec<u8>),
    SaslInitial {
        mechanism: Vec<u8>,
        parameter: Vec<u8>,
    },
    SaslResponse(Vec<u8>),
    Query(Vec<u8>),
    /// All `CopyData` messages of a copy.
    CopyData {
        count: u64,
        bytes: u64,
    },
    CopyDone,
    CopyFail(Vec<u8>),
    Terminate,
}

/// What a server says.
#[derive(Debug)]
pub(super) enum Response {
    Ssl(bool),
    /// An error or a notice: names and values.
    Fields {
        error: bool,
        fields: Vec<(&'static str, Vec<u8>)>,
    },
    Authentication(&'static str),
    Md5([u8; 4]),
    SaslFinal(Vec<u8>),
    Parameter(Vec<u8>, Vec<u8>),
    Key {
        process: u32,
        secret: u32,
    },
    Ready,
    RowDescription(u16),
    /// All rows of an answer.
    Rows {
        count: u64,
        bytes: u64,
    },
    Completed(Vec<u8>),
    CopyIn(u16),
    CopyOut(u16),
    CopyData {
        count: u64,
        bytes: u64,
    },
    CopyDone,
    Notification {
        process: u32,
        channel: Vec<u8>,
        payload: Vec<u8>,
    },
    Unknown,
}

/// What a client's password message means depends on what the server asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Asked {
    #[default]
    Password,
    Sasl,
    SaslMore,
}

pub(super) const CODE_SSL: u32 = 80_877_103;
pub(super) const CODE_CANCEL: u32 = 80_877_102;
pub(super) const CODE_GSS: u32 = 80_877_104;

/// A message without a type byte: the first ones of a client. `None`: damaged.
pub(super) fn untyped(body: &[u8]) -> Option<Request> {
    let wire = &mut Wire::new(body);
    match wire.be32()? {
        CODE_SSL | CODE_GSS => Some(Request::Ssl),
        CODE_CANCEL => Some(Request::Cancel { process: wire.be32()?, secret: wire.be32()? }),
        version => {
            let version = ((version >> 16) as u16, version as u16);
            let (mut user, mut parameters) = (None, Vec::new());
            while let Some(name) = wire.until_zero().filter(|name| !name.is_empty()) {
                let value = wire.until_zero()?.to_vec();
                if name == b"user" {
                    user = Some(value);
                } else if parameters.len() < PARAMETERS_MAX {
                    parameters.push((name.to_vec(), value));
                }
            }
            Some(Request::Startup { version, user, parameters })
        }
    }
}

/// Outer `None`: damaged; inner: a message that is of no interest (extended queries).
pub(super) fn request(kind: u8, body: &[u8], asked: Asked) -> Option<Option<Request>> {
    let wire = &mut Wire::new(body);
    Some(Some(match kind {
        b'Q' => Request::Query(zero_ended(body)),
        b'X' => Request::Terminate,
        b'd' => Request::CopyData { count: 1, bytes: body.len() as u64 },
        b'c' => Request::CopyDone,
        b'f' => Request::CopyFail(zero_ended(body)),
        b'p' => match asked {
            Asked::Password => Request::Password(zero_ended(body)),
            Asked::Sasl => {
                let mechanism = kept(wire.until_zero()?);
                let len = wire.be32()?;
                // A length of -1 says that there is nothing.
                let parameter = if len == u32::MAX { &[] } else { wire.take(usize::try_from(len).ok()?)? };
                Request::SaslInitial { mechanism, parameter: kept(parameter) }
            }
            Asked::SaslMore => Request::SaslResponse(kept(body)),
        },
        _ => return Some(None),
    }))
}

/// `None`: damaged.
pub(super) fn response(kind: u8, body: &[u8]) -> Option<Response> {
    let wire = &mut Wire::new(body);
    Some(match kind {
        b'R' => return authentication(wire),
        b'S' => Response::Parameter(kept(wire.until_zero()?), kept(wire.until_zero()?)),
        b'K' => Response::Key { process: wire.be32()?, secret: wire.be32()? },
        b'Z' => Response::Ready,
        b'E' => Response::Fields { error: true, fields: fields(wire) },
        b'N' => Response::Fields { error: false, fields: fields(wire) },
        b'T' => Response::RowDescription(wire.be16()?),
        b'D' => Response::Rows { count: 1, bytes: row_bytes(wire)? },
        b'C' => Response::Completed(zero_ended(body)),
        b'G' => Response::CopyIn(columns(wire)?),
        b'H' => Response::CopyOut(columns(wire)?),
        b'd' => Response::CopyData { count: 1, bytes: body.len() as u64 },
        b'c' => Response::CopyDone,
        b'A' => Response::Notification {
            process: wire.be32()?,
            channel: kept(wire.until_zero()?),
            payload: kept(wire.until_zero()?),
        },
        _ => Response::Unknown,
    })
}

/// Overall format, then the number of columns.
fn columns(wire: &mut Wire<'_>) -> Option<u16> {
    wire.byte()?;
    wire.be16()
}

fn authentication(wire: &mut Wire<'_>) -> Option<Response> {
    Some(match wire.be32()? {
        0 => Response::Authentication("authentication_ok"),
        3 => Response::Authentication("authentication_cleartext_password"),
        5 => Response::Md5(wire.array()?),
        7 => Response::Authentication("authentication_gss"),
        8 => Response::Authentication("authentication_gss_continue"),
        9 => Response::Authentication("authentication_sspi"),
        10 => Response::Authentication("authentication_sasl"),
        11 => Response::Authentication("authentication_sasl_continue"),
        12 => Response::SaslFinal(kept(wire.rest())),
        _ => Response::Unknown,
    })
}

/// Bytes of the values of a row; a length of -1 is a NULL.
fn row_bytes(wire: &mut Wire<'_>) -> Option<u64> {
    let count = wire.be16()?;
    let mut bytes = 0;
    for _ in 0..count {
        let len = wire.be32()?;
        if len != u32::MAX {
            wire.take(usize::try_from(len).ok()?)?;
            bytes += u64::from(len);
        }
    }
    Some(bytes)
}

fn fields(wire: &mut Wire<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let mut fields = Vec::new();
    while let Some(kind) = wire.byte().filter(|kind| *kind != 0) {
        let Some(value) = wire.until_zero() else { break };
        if fields.len() < FIELDS_MAX {
            fields.push((field_name(kind), kept(value)));
        }
    }
    fields
}

fn field_name(kind: u8) -> &'static str {
    match kind {
        b'S' => "severity_localizable",
        b'V' => "severity_non_localizable",
        b'C' => "code",
        b'M' => "message",
        b'D' => "detail",
        b'H' => "hint",
        b'P' => "position",
        b'p' => "internal_position",
        b'q' => "internal_query",
        b'W' => "where",
        b's' => "schema_name",
        b't' => "table",
        b'c' => "column",
        b'd' => "data_type",
        b'n' => "constraint",
        b'F' => "file",
        b'L' => "line",
        b'R' => "routine",
        _ => "unknown",
    }
}

fn zero_ended(body: &[u8]) -> Vec<u8> {
    kept(body.strip_suffix(&[0]).unwrap_or(body))
}

fn kept(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..TEXT_MAX).unwrap_or(bytes).to_vec()
}
