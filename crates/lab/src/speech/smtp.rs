//! Mail on its way to a server, with attachments. References: RFC 5321, RFC 5322, RFC 2045.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Time;

use crate::calendar::Date;
use crate::frame::Host;
use crate::scene::Scene;
use crate::talk::{MS, Side, Talk};

/// A message and its envelope.
#[derive(Debug, Clone)]
pub struct Mail<'a> {
    /// What the sending machine calls itself.
    pub greeting: &'a str,
    /// What the receiving server calls itself.
    pub server_name: &'a str,
    /// Sender on the envelope.
    pub from: &'a str,
    /// Receiver.
    pub to: &'a str,
    /// Sender as the reader sees it.
    pub shown_from: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
    /// File name, kind and bytes of an attachment.
    pub attachment: Option<(&'a str, &'a str, &'a [u8])>,
}

impl Mail<'_> {
    /// Hands the message in on port 25. Returns when it was over.
    pub fn play(&self, scene: &mut Scene, at: Time, client: &Host, server: &Host) -> Time {
        let mut random = scene.random(&format!("smtp {} {}", client.ip, at.nanos()));
        let id = random.letters(b"0123456789ABCDEF", 10);
        let message = self.message(at, &id);
        let mut talk = Talk::open(scene, at, client, server, 25);
        talk.wait(5 * MS).server(format!("220 {} ESMTP ready\r\n", self.server_name).as_bytes());
        let hello = format!(
            "250-{}\r\n250-PIPELINING\r\n250-SIZE 20480000\r\n250-8BITMIME\r\n250 HELP\r\n",
            self.server_name
        );
        let steps = [
            (format!("EHLO {}\r\n", self.greeting), hello),
            (format!("MAIL FROM:<{}> SIZE={}\r\n", self.from, message.len()), "250 2.1.0 Ok\r\n".to_owned()),
            (format!("RCPT TO:<{}>\r\n", self.to), "250 2.1.5 Ok\r\n".to_owned()),
            ("DATA\r\n".to_owned(), "354 End data with <CR><LF>.<CR><LF>\r\n".to_owned()),
        ];
        for (said, answered) in steps {
            talk.wait(2 * MS).client(said.as_bytes());
            talk.wait(3 * MS).server(answered.as_bytes());
        }
        talk.client(message.as_bytes());
        talk.wait(20 * MS).server(format!("250 2.0.0 Ok: queued as {id}\r\n").as_bytes());
        talk.client(b"QUIT\r\n").server(b"221 2.0.0 Bye\r\n");
        talk.close(Side::Server)
    }

    fn message(&self, at: Time, id: &str) -> String {
        let domain = self.from.rsplit('@').next().unwrap_or("mail.example");
        let mut out = format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{id}@{domain}>\r\nMIME-Version: 1.0\r\n",
            self.shown_from,
            self.to,
            self.subject,
            Date::imf(at, "+0000")
        );
        let text = self.text.replace('\n', "\r\n");
        match self.attachment {
            None => {
                out.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
                out.push_str(&text);
                out.push_str("\r\n");
            }
            Some((name, kind, bytes)) => {
                let border = format!("=_{id}");
                out.push_str(&format!("Content-Type: multipart/mixed; boundary=\"{border}\"\r\n\r\n"));
                out.push_str(&format!(
                    "--{border}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--{border}\r\n\
                     Content-Type: {kind}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
                     Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
                ));
                // 57 bytes are 76 characters, the longest line that RFC 2045 allows.
                for piece in bytes.chunks(57) {
                    out.push_str(&STANDARD.encode(piece));
                    out.push_str("\r\n");
                }
                out.push_str(&format!("--{border}--\r\n"));
            }
        }
        out.push_str(".\r\n");
        out
    }
}
