//! Writes captures: pcap with nanoseconds, or pcapng with comments and one interface per link type.

use std::io::{self, Write};

use model::{LinkType, Packet};

/// Writes packets to a file in one of two formats. Little-endian, nothing of the machine or the clock in it: the same
/// packets give the same bytes.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    buffer: Vec<u8>,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Pcap(LinkType),
    /// The link types that have an interface, by interface.
    Pcapng(Vec<LinkType>),
}

/// Bytes are handed on in pieces of about this size.
const BUFFER_BYTES: usize = 64 * 1024;

impl<W: Write> Writer<W> {
    /// Begins a pcap file for packets of one link type, with times in nanoseconds.
    pub fn pcap(out: W, link: LinkType) -> Self {
        let mut buffer = Vec::with_capacity(2 * BUFFER_BYTES);
        buffer.extend_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
        buffer.extend_from_slice(&2_u16.to_le_bytes());
        buffer.extend_from_slice(&4_u16.to_le_bytes());
        buffer.extend_from_slice(&[0; 8]);
        buffer.extend_from_slice(&crate::PACKET_BYTES_MAX.to_le_bytes());
        buffer.extend_from_slice(&u32::from(link.0).to_le_bytes());
        Self { out, buffer, format: Format::Pcap(link) }
    }

    /// Begins a pcapng file, with an optional comment on the whole of it.
    pub fn pcapng(out: W, comment: Option<&str>) -> Self {
        let mut writer =
            Self { out, buffer: Vec::with_capacity(2 * BUFFER_BYTES), format: Format::Pcapng(Vec::new()) };
        writer.block(0x0a0d_0d0a, |body| {
            body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
            body.extend_from_slice(&1_u16.to_le_bytes());
            body.extend_from_slice(&0_u16.to_le_bytes());
            body.extend_from_slice(&u64::MAX.to_le_bytes());
            if let Some(comment) = comment {
                option(body, 1, comment.as_bytes());
            }
            option(body, 4, b"targe");
            option(body, 0, b"");
        });
        writer
    }

    /// Writes one packet.
    ///
    /// # Errors
    /// When the file cannot be written, or a pcap file is given a packet of another link type.
    pub fn write(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        self.write_with_comment(packet, None)
    }

    /// Writes one packet with a comment; pcap has no room for comments and drops it.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write_with_comment(&mut self, packet: &Packet<'_>, comment: Option<&str>) -> io::Result<()> {
        self.put(packet, None, comment)
    }

    /// Writes one packet with the number it has in the input it comes from (`epb_packetid`), and a comment; pcap has no room
    /// for either and drops them.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write_numbered(&mut self, packet: &Packet<'_>, comment: &str) -> io::Result<()> {
        self.put(packet, Some(packet.id.0), Some(comment))
    }

    fn put(&mut self, packet: &Packet<'_>, number: Option<u64>, comment: Option<&str>) -> io::Result<()> {
        match &mut self.format {
            Format::Pcap(link) if *link == packet.link => self.pcap_record(packet)?,
            Format::Pcap(link) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("a pcap file of link type {} cannot hold link type {}", link.0, packet.link.0),
                ));
            }
            Format::Pcapng(links) => {
                let known = links.iter().position(|link| *link == packet.link);
                let interface = known.unwrap_or_else(|| {
                    links.push(packet.link);
                    links.len() - 1
                });
                if known.is_none() {
                    self.interface(packet.link);
                }
                self.packet_block(interface as u32, packet, number, comment);
            }
        }
        if self.buffer.len() >= BUFFER_BYTES {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes what is still held back and gives the destination back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pcap_record(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let seconds = u32::try_from(packet.time.secs()).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "a pcap file cannot hold times after the year 2105")
        })?;
        let nanos = (packet.time.nanos() % 1_000_000_000) as u32;
        let fields = [seconds, nanos, packet.bytes.len() as u32, packet.wire_len];
        self.buffer.extend(fields.into_iter().flat_map(u32::to_le_bytes));
        self.buffer.extend_from_slice(packet.bytes);
        Ok(())
    }

    fn interface(&mut self, link: LinkType) {
        self.block(1, |body| {
            body.extend_from_slice(&link.0.to_le_bytes());
            body.extend_from_slice(&0_u16.to_le_bytes());
            body.extend_from_slice(&crate::PACKET_BYTES_MAX.to_le_bytes());
            option(body, 9, &[9]);
            option(body, 0, b"");
        });
    }

    fn packet_block(
        &mut self,
        interface: u32,
        packet: &Packet<'_>,
        number: Option<u64>,
        comment: Option<&str>,
    ) {
        let nanos = packet.time.nanos();
        let fields =
            [interface, (nanos >> 32) as u32, nanos as u32, packet.bytes.len() as u32, packet.wire_len];
        self.block(6, |body| {
            body.extend(fields.into_iter().flat_map(u32::to_le_bytes));
            body.extend_from_slice(packet.bytes);
            pad(body);
            if let Some(comment) = comment {
                option(body, 1, comment.as_bytes());
            }
            if let Some(number) = number {
                option(body, 5, &number.to_le_bytes());
            }
            if comment.is_some() || number.is_some() {
                option(body, 0, b"");
            }
        });
    }

    /// Writes a block around what `fill` writes. Pieces are only handed on between blocks, and every block is a multiple
    /// of four bytes, so padding may count from the buffer's beginning.
    fn block(&mut self, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&kind.to_le_bytes());
        self.buffer.extend_from_slice(&[0; 4]);
        fill(&mut self.buffer);
        let length = (self.buffer.len() - start + 4) as u32;
        self.buffer.extend_from_slice(&length.to_le_bytes());
        if let Some(place) = self.buffer.get_mut(start + 4..start + 8) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    while !body.len().is_multiple_of(4) {
        body.push(0);
    }
}
