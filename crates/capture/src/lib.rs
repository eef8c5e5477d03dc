//! Where packets come from and go to.
//!
//! Reads classic pcap and pcapng, plain or packed with gzip or zstd (told by their first bytes, never by the file's
//! name), from files, folders and standard input; several inputs are merged in time order. Plain files are mapped and
//! packets are handed out without copying. Writes pcap and pcapng.
//!
//! A file that is cut short or damaged is data: it is read as far as it goes, and the [`Loss`] says where it stopped.
//! Only what cannot be opened, or is no capture at all, is a [`CaptureError`].
//!
//! Invariants: packet ids count from 1 over all inputs without a hole; a packet's time is never smaller than the one's
//! before it (what had to be raised is counted, and its own time kept); nothing is allocated per packet once warm.
//!
//! References: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, RFC 1952 (gzip), RFC 8878 (zstd).

mod batch;
mod endian;
mod error;
mod feed;
mod input;
mod pages;
mod pcap;
mod pcapng;
mod source;
#[cfg(test)]
mod tests;
mod writer;

pub use batch::{Batch, Packets};
pub use error::{CaptureError, Fault};
pub use feed::Packing;
pub use input::{Format, InputFacts, Loss, LossKind};
pub use pages::small_pages;
pub use source::{PickedPacket, Source};
pub use writer::Writer;

/// Most bytes one packet may have; a header that claims more is damaged. As in libpcap.
pub const PACKET_BYTES_MAX: u32 = 256 * 1024;

/// Most bytes of a pcapng block that is read rather than skipped. As in libpcap.
pub const BLOCK_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// Most interfaces that one pcapng section may describe.
pub const INTERFACES_MAX: usize = 65_536;

/// Most inputs that can be merged at once.
pub const INPUTS_MAX: usize = 32_768;

/// How deep folders inside a folder are searched.
pub const FOLDER_DEPTH_MAX: usize = 8;

/// A batch is closed early once its packets have this many bytes, so that what is under way stays bounded.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most packet comments that are kept; later ones are counted and dropped.
pub const COMMENTS_MAX: usize = 65_536;

/// Most bytes of one comment that are kept.
pub const COMMENT_BYTES_MAX: usize = 4_096;
