//! PPP and PPPoE (RFC 1661, RFC 1332, RFC 2516).

use crate::DecodeEvent as Event;
use crate::part::Part;
use crate::walk::Walk;

impl Walk<'_> {
    /// PPP, with or without the address and control bytes, with a protocol field of one or two bytes (RFC 1661 §6.5, §6.6).
    pub(crate) fn ppp(&mut self, part: Part<'_>) -> bool {
        let body = if part.byte(0) == Some(0xff) { part.skip(2) } else { part };
        let Some((protocol, size)) = read_protocol(body) else {
            self.broken(Event::PppPktTooSmall);
            return false;
        };
        self.ppp_protocol(protocol, body.skip(size))
    }

    /// PPPoE session stage: data of a PPP link.
    pub(crate) fn pppoe_session(&mut self, part: Part<'_>) {
        if part.len() < 7 {
            return self.broken(Event::PppoePktTooSmall);
        }
        // RFC 2516 §6: the code of session packets is zero.
        if part.byte(1) != Some(0) {
            return self.broken(Event::PppoeWrongCode);
        }
        if part.u16(4).unwrap_or(0) == 0 {
            return;
        }
        let body = part.skip(6);
        match read_protocol(body) {
            Some((protocol, size)) => {
                self.ppp_protocol(protocol, body.skip(size));
            }
            None => self.broken(Event::PppoePktTooSmall),
        }
    }

    /// PPPoE discovery stage: a code and tags. Nothing lies below.
    pub(crate) fn pppoe_discovery(&mut self, part: Part<'_>) {
        let (Some(code), Some(length)) = (part.byte(1), part.u16(4)) else {
            return self.broken(Event::PppoePktTooSmall);
        };
        // PADI, PADO, PADR, PADS, PADT.
        if !matches!(code, 0x09 | 0x07 | 0x19 | 0x65 | 0xa7) {
            return self.broken(Event::PppoeWrongCode);
        }
        let mut tags = part.skip(6);
        if usize::from(length) > tags.len() {
            return self.broken(Event::PppoeMalformedTags);
        }
        tags = tags.first(usize::from(length));
        while let Some(length) = tags.u16(2) {
            let size = 4 + usize::from(length);
            if size > tags.len() {
                return self.broken(Event::PppoeMalformedTags);
            }
            tags = tags.skip(size);
        }
    }

    fn ppp_protocol(&mut self, protocol: u16, part: Part<'_>) -> bool {
        match protocol {
            0x0021 => {
                if part.len() < 20 {
                    self.broken(Event::PppIp4PktTooSmall);
                    return false;
                }
                self.ipv4(part)
            }
            0x0057 => {
                if part.len() < 40 {
                    self.broken(Event::PppIp6PktTooSmall);
                    return false;
                }
                self.ipv6(part)
            }
            // Van Jacobson, uncompressed: an IPv4 header whose protocol field holds a slot number (RFC 1144 §3.2.2).
            0x002f => {
                if part.len() < 20 {
                    self.broken(Event::PppVjuPktTooSmall);
                    return false;
                }
                part.byte(0).is_some_and(|byte| byte >> 4 == 4) && self.ipv4(part)
            }
            0x0023 | 0x0025 | 0x0027 | 0x0029 | 0x002b | 0x002d | 0x0031 | 0x0033 | 0x0035 | 0x0201
            | 0x0231 | 0x0233 | 0x0281 | 0x0283 | 0x8021 | 0x8023 | 0x8025 | 0x8027 | 0x8029 | 0x802b
            | 0x8031 | 0x8033 | 0x8035 | 0x8057 | 0x8281 | 0xc021 | 0xc023 | 0xc025 | 0xc223 => {
                self.odd(Event::PppUnsupProto);
                true
            }
            _ => {
                self.broken(Event::PppWrongType);
                true
            }
        }
    }
}

/// The protocol and the size of its field: an odd first byte is the whole of it.
fn read_protocol(part: Part<'_>) -> Option<(u16, usize)> {
    match part.byte(0)? {
        byte if byte & 1 == 1 => Some((u16::from(byte), 1)),
        _ => Some((part.u16(0)?, 2)),
    }
}
