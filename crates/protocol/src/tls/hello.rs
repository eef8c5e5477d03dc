//! The hello messages of TLS (RFC 8446 §4.1.2, RFC 5246 §7.4.1), read in place. QUIC carries the same messages.

/// A client's or server's hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello<'a> {
    /// `legacy_version`.
    pub(crate) version: u16,
    pub(crate) random: &'a [u8; 32],
    pub(crate) session: &'a [u8],
    /// The client's list of cipher suites, or the server's choice: two bytes each.
    pub(crate) ciphers: &'a [u8],
    /// The extensions block without its length.
    pub(crate) extensions: &'a [u8],
}

/// Numbers of extensions that are looked into.
pub(crate) mod extension {
    pub(crate) const SERVER_NAME: u16 = 0;
    pub(crate) const SUPPORTED_GROUPS: u16 = 10;
    pub(crate) const EC_POINT_FORMATS: u16 = 11;
    pub(crate) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(crate) const ALPN: u16 = 16;
    pub(crate) const SESSION_TICKET: u16 = 35;
    pub(crate) const EARLY_DATA: u16 = 42;
    pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
    pub(crate) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// Reads lengths and values from the front of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (&first, tail) = self.rest.split_first()?;
        self.rest = tail;
        Some(first)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        let (first, tail) = self.rest.split_first_chunk()?;
        self.rest = tail;
        Some(u16::from_be_bytes(*first))
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        let (high, low) = (self.u8()?, self.u16()?);
        Some(usize::from(high) << 16 | usize::from(low))
    }

    /// A vector with one byte of length.
    pub(crate) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u8()?);
        self.take(length)
    }

    /// A vector with two bytes of length.
    pub(crate) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }
}

/// Reads a ClientHello's body. `None`: its lengths do not fit.
pub(crate) fn client(body: &[u8]) -> Option<Hello<'_>> {
    let mut cursor = Cursor::new(body);
    let version = cursor.u16()?;
    let random = cursor.take(32)?.first_chunk()?;
    let session = cursor.vector8()?;
    let ciphers = cursor.vector16()?;
    cursor.vector8()?;
    Some(Hello { version, random, session, ciphers, extensions: extensions(cursor)? })
}

/// Reads a ServerHello's body. `None`: its lengths do not fit.
pub(crate) fn server(body: &[u8]) -> Option<Hello<'_>> {
    let mut cursor = Cursor::new(body);
    let version = cursor.u16()?;
    let random = cursor.take(32)?.first_chunk()?;
    // The first drafts of TLS 1.3 have neither session nor compression here.
    let draft = version == 0x0304 || version >> 8 == 0x7f;
    let session = if draft { &[][..] } else { cursor.vector8()? };
    let ciphers = cursor.take(2)?;
    if !draft {
        cursor.u8()?;
    }
    Some(Hello { version, random, session, ciphers, extensions: extensions(cursor)? })
}

/// A hello may end before its extensions (RFC 5246 §7.4.1.2); a length that goes beyond its end is broken.
fn extensions(mut cursor: Cursor<'_>) -> Option<&[u8]> {
    if cursor.rest.len() < 2 { Some(&[]) } else { cursor.vector16() }
}

impl<'a> Hello<'a> {
    /// Extensions as they stand: number and content. Ends at the first that does not fit.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut cursor = Cursor::new(self.extensions);
        std::iter::from_fn(move || Some((cursor.u16()?, cursor.vector16()?)))
    }

    /// Whether the extensions fill their block exactly.
    pub(crate) fn is_sound(&self) -> bool {
        self.each().map(|(_, content)| content.len() + 4).sum::<usize>() == self.extensions.len()
    }

    /// The content of one extension; the first when it is there twice.
    pub(crate) fn find(&self, number: u16) -> Option<&'a [u8]> {
        self.each().find(|(found, _)| *found == number).map(|(_, content)| content)
    }

    /// Version offered first by `supported_versions`, or the one chosen by it; the legacy version without it.
    pub(crate) fn newest(&self, from_client: bool) -> u16 {
        let Some(content) = self.find(extension::SUPPORTED_VERSIONS) else { return self.version };
        let list = if from_client { content.get(1..).unwrap_or_default() } else { content };
        words(list).find(|version| is_version(*version)).unwrap_or(self.version)
    }

    /// Names in the ALPN extension (RFC 7301 §3.1).
    pub(crate) fn alpns(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut list = Cursor::new(self.find(extension::ALPN).unwrap_or_default());
        let mut names = Cursor::new(list.vector16().unwrap_or_default());
        std::iter::from_fn(move || names.vector8()).filter(|name| !name.is_empty())
    }

    /// The list of two-byte values that an extension holds behind its length.
    pub(crate) fn list(&self, number: u16) -> impl Iterator<Item = u16> + use<'a> {
        let mut cursor = Cursor::new(self.find(number).unwrap_or_default());
        words(cursor.vector16().unwrap_or_default())
    }

    /// Point formats of elliptic curves.
    pub(crate) fn point_formats(&self) -> &'a [u8] {
        let mut cursor = Cursor::new(self.find(extension::EC_POINT_FORMATS).unwrap_or_default());
        cursor.vector8().unwrap_or_default()
    }
}

/// What `server_name` says (RFC 6066 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerName<'a> {
    /// Nothing: the server's acknowledgement is empty.
    Empty,
    /// The host.
    Host(&'a [u8]),
    /// A name of another type than a host.
    WrongType,
    /// A length that does not fit, or a name that is none.
    WrongLength,
}

/// Longest host name.
const HOST_MAX: usize = 255;

/// Reads the content of `server_name`.
pub(crate) fn server_name(content: &[u8]) -> ServerName<'_> {
    if content.is_empty() {
        return ServerName::Empty;
    }
    let mut cursor = Cursor::new(content);
    let (Some(_), Some(kind)) = (cursor.u16(), cursor.u8()) else { return ServerName::WrongLength };
    if kind != 0 {
        return ServerName::WrongType;
    }
    match cursor.vector16() {
        Some(host) if (1..=HOST_MAX).contains(&host.len()) => ServerName::Host(host),
        _ => ServerName::WrongLength,
    }
}

/// Two-byte values in a row.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + use<'_> {
    bytes.chunks_exact(2).map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1]))
}

/// Reserved values that clients sprinkle in to keep servers tolerant (RFC 8701).
pub(crate) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// Versions that were ever spoken: SSL 2 and 3, TLS up to 1.3, and the drafts of 1.3 (Facebook's own included).
pub(crate) const fn is_version(version: u16) -> bool {
    matches!(version, 0x0002 | 0x0200 | 0x0300..=0x0304 | 0x7f10..=0x7f1c | 0xfb17 | 0xfb1a)
}
