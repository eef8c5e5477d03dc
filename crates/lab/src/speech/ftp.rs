//! FTP logins. Reference: RFC 959.

use model::Time;

use crate::frame::Host;
use crate::scene::Scene;
use crate::talk::{MS, Side, Talk};

/// Tries passwords for a user on port 21; the last one succeeds if `accepted`. Returns when it was over.
pub fn log_in(
    scene: &mut Scene,
    at: Time,
    ends: (&Host, &Host),
    user: &str,
    passwords: &[String],
    accepted: bool,
) -> Time {
    let mut talk = Talk::open(scene, at, ends.0, ends.1, 21);
    talk.wait(4 * MS).server(b"220 (vsFTPd 3.0.3)\r\n");
    for (index, password) in passwords.iter().enumerate() {
        talk.wait(20 * MS).client(format!("USER {user}\r\n").as_bytes());
        talk.wait(MS).server(b"331 Please specify the password.\r\n");
        talk.wait(5 * MS).client(format!("PASS {password}\r\n").as_bytes());
        if accepted && index + 1 == passwords.len() {
            talk.wait(30 * MS).server(b"230 Login successful.\r\n");
            talk.wait(300 * MS).client(b"PWD\r\n").server(b"257 \"/\" is the current directory\r\n");
        } else {
            talk.wait(900 * MS).server(b"530 Login incorrect.\r\n");
        }
    }
    talk.client(b"QUIT\r\n").server(b"221 Goodbye.\r\n");
    talk.close(Side::Server)
}
