//! Traffic an attacker would send, in any size. One line in [`CASES`] per case.

mod mail;
mod other;
mod packet;
mod stream;
mod web;

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use model::{LinkType, Packet, PacketId};

use crate::{Conversation, Frames, Side, Wire};

/// Hostile traffic in any size.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub what: &'static str,
    /// Units with which it takes long enough to be measured.
    pub size: usize,
    /// Makes it.
    pub build: fn(usize) -> Frames,
}

/// Every case.
pub const CASES: &[Case] = &[
    packet::FRAGMENTS_UNFINISHED,
    packet::FRAGMENTS_BACKWARDS,
    packet::TUNNELS_IN_TUNNELS,
    packet::EXTENSION_CHAINS,
    stream::SINGLE_BYTES,
    stream::BACKWARDS,
    stream::SHUFFLED,
    stream::OVERLAPPING,
    stream::SAME_AGAIN,
    stream::HOLES,
    stream::URGENT,
    stream::IDLE_ACKS,
    stream::OPEN_AGAIN,
    stream::PORT_REUSE,
    stream::HALF_OPEN,
    stream::UNIQUE_HOSTS,
    web::PIPELINED,
    web::UNANSWERED,
    web::MANY_HEADERS,
    web::LONG_HEADER,
    web::TINY_CHUNKS,
    web::COMPRESSION_BOMB,
    web::MANY_PARTS,
    web::CONTINUATION_FLOOD,
    web::RAPID_RESET,
    web::PING_FLOOD,
    web::HELLO_IN_PIECES,
    web::APPLICATION_DATA,
    web::RECORD_FLOOD,
    mail::NESTED_PARTS,
    mail::LONG_LINE,
    mail::MANY_RECIPIENTS,
    mail::LONG_HEADER,
    other::POINTER_LOOPS,
    other::LARGE_ANSWERS,
    other::UNIQUE_NAMES,
    other::OPEN_FILES,
    other::LONG_COMPOUND,
    other::FTP_BANNER,
    other::SSH_BANNER,
    other::POP3_BANNER,
    other::IMAP_BANNER,
    other::MODBUS_PIPELINED,
    other::UNKNOWN_BYTES,
];

/// The case with this name.
pub fn find(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}

/// Writes frames as a pcap file.
///
/// # Errors
/// When the file cannot be written.
pub fn write(frames: &Frames, path: &Path) -> io::Result<()> {
    let mut writer = capture::Writer::pcap(BufWriter::new(File::create(path)?), LinkType::ETHERNET);
    for ((time, bytes), id) in frames.iter().zip(1..) {
        let wire_len = bytes.len() as u32;
        writer.write(&Packet { id: PacketId(id), time: *time, link: LinkType::ETHERNET, bytes, wire_len })?;
    }
    writer.finish().map(drop)
}

/// One conversation to a port: what the client says, then what the server says.
fn exchange(port: u16, request: &[u8], response: &[u8]) -> Frames {
    let mut wire = Wire::default();
    let mut talk = wire.open(port);
    wire.say(&mut talk, Side::Client, request);
    wire.say(&mut talk, Side::Server, response);
    wire.close(talk);
    wire.finish()
}

/// One conversation to a port in turns, the server first when `banner` is not empty.
fn turns(wire: &mut Wire, port: u16, banner: &[u8], lines: &[(&[u8], &[u8])]) -> Conversation {
    let mut talk = wire.open(port);
    if !banner.is_empty() {
        wire.say(&mut talk, Side::Server, banner);
    }
    for (request, response) in lines {
        wire.say(&mut talk, Side::Client, request);
        wire.say(&mut talk, Side::Server, response);
    }
    talk
}
