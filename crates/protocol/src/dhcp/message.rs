//! A DHCP message: the header of BOOTP, the magic, options.

/// Bytes up to and with the magic.
pub(super) const HEADER_BYTES: usize = 240;
const MAGIC: &[u8] = b"\x63\x82\x53\x63";
const OPTIONS_MAX: usize = 256;

pub(super) const PAD: u8 = 0;
pub(super) const SUBNET_MASK: u8 = 1;
pub(super) const ROUTERS: u8 = 3;
pub(super) const DNS_SERVERS: u8 = 6;
pub(super) const HOSTNAME: u8 = 12;
pub(super) const REQUESTED_IP: u8 = 50;
pub(super) const LEASE_TIME: u8 = 51;
pub(super) const OVERLOAD: u8 = 52;
pub(super) const MESSAGE_TYPE: u8 = 53;
pub(super) const PARAMETERS: u8 = 55;
pub(super) const RENEWAL_TIME: u8 = 58;
pub(super) const REBINDING_TIME: u8 = 59;
pub(super) const VENDOR_CLASS: u8 = 60;
pub(super) const CLIENT_ID: u8 = 61;
pub(super) const END: u8 = 255;

/// A message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// 1 request, 2 reply.
    pub(super) opcode: u8,
    pub(super) id: u32,
    pub(super) client_ip: [u8; 4],
    pub(super) your_ip: [u8; 4],
    pub(super) server_ip: [u8; 4],
    pub(super) relay_ip: [u8; 4],
    /// Hardware address, as long as the header says.
    pub(super) mac: Vec<u8>,
    /// Code and data, in order.
    pub(super) options: Vec<(u8, Vec<u8>)>,
    /// No end was among the options.
    pub(super) truncated: bool,
    /// An option is longer than what follows it.
    pub(super) malformed: bool,
}

impl Message {
    /// Data of the first option with this code.
    pub(super) fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(known, _)| *known == code).map(|(_, data)| data.as_slice())
    }

    /// A time in seconds.
    pub(super) fn seconds(&self, code: u8) -> Option<u32> {
        self.option(code)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }
}

/// Reads a message; `None` when it is too short or has no magic.
pub(super) fn read(bytes: &[u8]) -> Option<Message> {
    let (header, options) = bytes.split_at_checked(HEADER_BYTES)?;
    let opcode = *header.first()?;
    if header.get(236..)? != MAGIC || !(1..=2).contains(&opcode) {
        return None;
    }
    let address = |at: usize| header.get(at..).and_then(|rest| rest.first_chunk::<4>().copied());
    let mac_len = usize::from(*header.get(2)?).min(16);
    let mut message = Message {
        opcode,
        id: u32::from_be_bytes(address(4)?),
        client_ip: address(12)?,
        your_ip: address(16)?,
        server_ip: address(20)?,
        relay_ip: address(24)?,
        mac: header.get(28..28 + mac_len)?.to_vec(),
        ..Message::default()
    };
    message.truncated = !read_options(options, &mut message);
    // RFC 2132 §9.3: the fields for names may hold further options.
    let overload = message.option(OVERLOAD).and_then(|data| data.first().copied()).unwrap_or(0);
    if overload & 1 != 0 {
        read_options(header.get(108..236)?, &mut message);
    }
    if overload & 2 != 0 {
        read_options(header.get(44..108)?, &mut message);
    }
    Some(message)
}

/// Reads options; says whether the end was among them.
fn read_options(bytes: &[u8], message: &mut Message) -> bool {
    let mut rest = bytes;
    while let Some((&code, after)) = rest.split_first() {
        match code {
            PAD => rest = after,
            END => return true,
            _ => {
                let data =
                    after.split_first().and_then(|(&len, tail)| tail.split_at_checked(usize::from(len)));
                let Some((data, tail)) = data else {
                    message.malformed = true;
                    return false;
                };
                if message.options.len() < OPTIONS_MAX {
                    message.options.push((code, data.to_vec()));
                }
                rest = tail;
            }
        }
    }
    false
}
