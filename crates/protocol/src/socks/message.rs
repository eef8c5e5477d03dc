//! Messages of SOCKS, one side at a time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Exchange;
use crate::wire::Wire;

/// "None of your methods" (RFC 1928 §3).
pub(super) const NO_METHOD: u8 = 0xff;
/// Methods in a greeting that is recognised on any port.
const METHODS_MAX: u8 = 8;
/// Bytes of a name.
const NAME_MAX: usize = 255;

/// What came of reading a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Bytes that it took.
    Done(usize),
    /// It is not there as a whole.
    More,
    Not,
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Ip(IpAddr),
    Name(Vec<u8>),
}

/// What the client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// 1 = connect, 2 = bind, 3 = relay datagrams.
    pub(super) command: u8,
    pub(super) address: Address,
    pub(super) port: u16,
}

/// Whether a stream's first bytes are a greeting of version 5, whole and nothing behind it.
pub(super) fn greets(bytes: &[u8]) -> bool {
    match bytes {
        [5, count @ 1..=METHODS_MAX, methods @ ..] => {
            methods.len() == usize::from(*count)
                && methods.iter().all(|method| matches!(method, 0..=9 | 0x80..))
        }
        _ => false,
    }
}

/// Whether a stream's first bytes are a request of version 4, whole and nothing behind it.
pub(super) fn asks_4(bytes: &[u8]) -> bool {
    let mut exchange = Exchange::default();
    let whole = exchange.request_4(bytes) == Read::Done(bytes.len());
    let graphic = |text: &[u8]| text.iter().all(u8::is_ascii_graphic);
    whole
        && exchange.asked.is_some_and(|asked| {
            asked.port != 0 && matches!(&asked.address, Address::Ip(ip) if !ip.is_unspecified())
                || matches!(&asked.address, Address::Name(name) if graphic(name) && name.contains(&b'.'))
        })
        && exchange.user.is_none_or(|user| graphic(&user))
}

fn done(whole: &[u8], wire: &Wire<'_>) -> Read {
    Read::Done(whole.len() - wire.len())
}

impl Exchange {
    pub(super) fn is_granted(&self) -> bool {
        let granted = if self.version == 4 { 0x5a } else { 0 };
        self.answer.as_ref().is_some_and(|(code, _)| *code == granted)
    }

    pub(super) fn greeting(&mut self, bytes: &[u8]) -> Read {
        let wire = &mut Wire::new(bytes);
        if wire.byte() != Some(5) {
            return Read::Not;
        }
        let methods = wire.byte().and_then(|count| wire.take(count.into()));
        let Some(methods) = methods else { return Read::More };
        self.version = 5;
        self.methods = methods.to_vec();
        done(bytes, wire)
    }

    pub(super) fn choice(&mut self, bytes: &[u8]) -> Read {
        match bytes {
            [5, method, ..] => {
                self.method = Some(*method);
                Read::Done(2)
            }
            [5] => Read::More,
            _ => Read::Not,
        }
    }

    /// Name and password (RFC 1929 §2).
    pub(super) fn proof(&mut self, bytes: &[u8]) -> Read {
        let wire = &mut Wire::new(bytes);
        if wire.byte() != Some(1) {
            return Read::Not;
        }
        let user = wire.byte().and_then(|length| wire.take(length.into()));
        let password = wire.byte().and_then(|length| wire.take(length.into()));
        let (Some(user), Some(_)) = (user, password) else { return Read::More };
        self.user = Some(user.to_vec());
        done(bytes, wire)
    }

    pub(super) fn proven(&mut self, bytes: &[u8]) -> Read {
        match bytes {
            [1, status, ..] => {
                self.proven = Some(*status == 0);
                Read::Done(2)
            }
            [1] => Read::More,
            _ => Read::Not,
        }
    }

    pub(super) fn request_5(&mut self, bytes: &[u8]) -> Read {
        let wire = &mut Wire::new(bytes);
        if wire.byte() != Some(5) {
            return Read::Not;
        }
        let Some(command) = wire.byte() else { return Read::More };
        if wire.byte().is_some_and(|reserved| reserved != 0) {
            return Read::Not;
        }
        match address(wire) {
            Ok((address, port)) => {
                self.asked = Some(Asked { command, address, port });
                done(bytes, wire)
            }
            Err(read) => read,
        }
    }

    /// The request of version 4, with a name behind it when its address is 0.0.0.x (4a).
    pub(super) fn request_4(&mut self, bytes: &[u8]) -> Read {
        let wire = &mut Wire::new(bytes);
        if wire.byte() != Some(4) {
            return Read::Not;
        }
        let Some(command) = wire.byte() else { return Read::More };
        if !matches!(command, 1 | 2) {
            return Read::Not;
        }
        let (Some(port), Some(ip)) = (wire.be16(), wire.array::<4>()) else { return Read::More };
        let user = match text(wire) {
            Ok(user) => user,
            Err(read) => return read,
        };
        let address = match ip {
            [0, 0, 0, last] if last != 0 => match text(wire) {
                Ok(name) => Address::Name(name),
                Err(read) => return read,
            },
            ip => Address::Ip(Ipv4Addr::from(ip).into()),
        };
        self.version = 4;
        self.user = Some(user).filter(|user| !user.is_empty());
        self.asked = Some(Asked { command, address, port });
        done(bytes, wire)
    }

    pub(super) fn reply(&mut self, bytes: &[u8]) -> Read {
        let wire = &mut Wire::new(bytes);
        let (version, code) = (wire.byte(), wire.byte());
        if self.version == 4 {
            return match (version, code, wire.take(6)) {
                (Some(0), Some(code), Some(_)) => {
                    self.answer = Some((code, None));
                    done(bytes, wire)
                }
                (Some(0), _, None) => Read::More,
                _ => Read::Not,
            };
        }
        if version != Some(5) {
            return Read::Not;
        }
        let (Some(code), Some(_)) = (code, wire.byte()) else { return Read::More };
        match address(wire) {
            Ok((address, _)) => {
                self.answer = Some((code, Some(address)));
                done(bytes, wire)
            }
            Err(read) => read,
        }
    }
}

/// Bytes up to a zero.
fn text(wire: &mut Wire<'_>) -> Result<Vec<u8>, Read> {
    match wire.until_zero() {
        Some(text) if text.len() <= NAME_MAX => Ok(text.to_vec()),
        None if wire.len() <= NAME_MAX => Err(Read::More),
        _ => Err(Read::Not),
    }
}

/// An address of version 5, and the port.
fn address(wire: &mut Wire<'_>) -> Result<(Address, u16), Read> {
    let kind = wire.byte().ok_or(Read::More)?;
    let address = match kind {
        1 => Address::Ip(Ipv4Addr::from(wire.array::<4>().ok_or(Read::More)?).into()),
        3 => {
            let length = wire.byte().ok_or(Read::More)?;
            Address::Name(wire.take(length.into()).ok_or(Read::More)?.to_vec())
        }
        4 => Address::Ip(Ipv6Addr::from(wire.array::<16>().ok_or(Read::More)?).into()),
        _ => return Err(Read::Not),
    };
    Ok((address, wire.be16().ok_or(Read::More)?))
}
