//! What programs say to each other: the bytes of application protocols.

pub mod dns;
pub mod ftp;
pub mod http;
pub mod industry;
pub mod media;
pub mod smb;
pub mod smtp;
pub mod ssh;
pub mod tls;
mod x509;
