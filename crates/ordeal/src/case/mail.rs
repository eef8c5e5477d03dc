//! SMTP and MIME.

use super::{Case, turns};
use crate::{Frames, Wire};

/// A session that sends one mail, with so many recipients.
fn mail(recipients: usize, text: &[u8]) -> Frames {
    let mut wire = Wire::default();
    let mut lines: Vec<(&[u8], &[u8])> = vec![
        (b"EHLO client.example\r\n", b"250 mail.example\r\n"),
        (b"MAIL FROM:<a@client.example>\r\n", b"250 ok\r\n"),
    ];
    lines.resize(2 + recipients, (b"RCPT TO:<b@mail.example>\r\n", b"250 ok\r\n"));
    lines.push((b"DATA\r\n", b"354 go on\r\n"));
    lines.push((text, b"250 queued\r\n"));
    lines.push((b"QUIT\r\n", b"221 bye\r\n"));
    let talk = turns(&mut wire, 25, b"220 mail.example ESMTP\r\n", &lines);
    wire.close(talk);
    wire.finish()
}

pub(super) const NESTED_PARTS: Case = Case {
    name: "mime-nested",
    what: "Parts inside parts, a thousand deep and more.",
    size: 2_000,
    build: |size| {
        let mut text = b"Subject: deep\r\nMIME-Version: 1.0\r\n".to_vec();
        for depth in 0..size {
            let head = format!("Content-Type: multipart/mixed; boundary=\"b{depth}\"\r\n\r\n--b{depth}\r\n");
            text.extend_from_slice(head.as_bytes());
        }
        text.extend_from_slice(b"Content-Type: text/plain\r\n\r\ninnermost\r\n.\r\n");
        mail(1, &text)
    },
};

pub(super) const LONG_LINE: Case = Case {
    name: "mail-long-line",
    what: "A mail whose text is one line.",
    size: 2_000_000,
    build: |size| {
        let mut text = b"Subject: long\r\n\r\n".to_vec();
        text.resize(text.len() + size, b'x');
        text.extend_from_slice(b"\r\n.\r\n");
        mail(1, &text)
    },
};

pub(super) const MANY_RECIPIENTS: Case = Case {
    name: "smtp-many-recipients",
    what: "One mail to ever more recipients.",
    size: 10_000,
    build: |size| mail(size, b"Subject: all\r\n\r\nhello\r\n.\r\n"),
};

pub(super) const LONG_HEADER: Case = Case {
    name: "mail-folded-header",
    what: "A header that is folded over ever more lines.",
    size: 50_000,
    build: |size| {
        let mut text = b"Subject: folded\r\n".to_vec();
        text.extend_from_slice(&b" and on\r\n".repeat(size));
        text.extend_from_slice(b"\r\nhello\r\n.\r\n");
        mail(1, &text)
    },
};
