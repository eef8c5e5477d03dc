//! Mails in EVE: `smtp` for the envelope, `email` for the message.

use json::Json;
use md5::{Digest, Md5};

use super::{Mail, Smtp};
use crate::mime::{Message, Stage, list};
use crate::{Config, Scope};

/// How a further header field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// Items between commas.
    Items,
    /// Every field of that name.
    All,
}

/// A header field that is logged on request.
struct Extra {
    /// Name in the configuration.
    wish: &'static str,
    /// Key in EVE.
    key: &'static str,
    /// Name in the mail.
    header: &'static [u8],
    form: Form,
    /// Logged when nothing particular was asked for.
    extended: bool,
}

const fn extra(
    wish: &'static str,
    key: &'static str,
    header: &'static [u8],
    form: Form,
    extended: bool,
) -> Extra {
    Extra { wish, key, header, form, extended }
}

const EXTRAS: &[Extra] = &[
    extra("reply-to", "reply_to", b"reply-to", Form::Text, false),
    extra("bcc", "bcc", b"bcc", Form::Items, false),
    extra("message-id", "message_id", b"message-id", Form::Text, true),
    extra("subject", "subject", b"subject", Form::Text, true),
    extra("x-mailer", "x_mailer", b"x-mailer", Form::Text, true),
    extra("user-agent", "user_agent", b"user-agent", Form::Text, true),
    extra("received", "received", b"received", Form::All, false),
    extra("x-originating-ip", "x_originating_ip", b"x-originating-ip", Form::Text, false),
    extra("in-reply-to", "in_reply_to", b"in-reply-to", Form::Text, false),
    extra("references", "references", b"references", Form::Text, false),
    extra("importance", "importance", b"importance", Form::Text, true),
    extra("priority", "priority", b"priority", Form::Text, true),
    extra("sensitivity", "sensitivity", b"sensitivity", Form::Text, true),
    extra("organization", "organization", b"organization", Form::Text, true),
    extra("content-md5", "content_md5", b"content-md5", Form::Text, false),
    extra("date", "date", b"date", Form::Text, true),
];

/// What is logged on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Bit `n`: entry `n` of [`EXTRAS`].
    extras: u32,
    subject_md5: bool,
    body_md5: bool,
}

impl Wanted {
    pub(super) fn read(config: &Config) -> Self {
        let items = |name: &str| -> Vec<String> {
            let text = config.setting(name).unwrap_or_default();
            text.split(',')
                .map(|item| item.trim().to_ascii_lowercase())
                .filter(|item| !item.is_empty())
                .collect()
        };
        let custom = items("eve.smtp.custom");
        let extended = !matches!(config.setting("eve.smtp.extended"), Some("false" | "no"));
        let wanted = |extra: &Extra| {
            if custom.is_empty() {
                extended && extra.extended
            } else {
                custom.iter().any(|wish| wish == extra.wish)
            }
        };
        let extras = EXTRAS
            .iter()
            .enumerate()
            .filter(|(_, extra)| wanted(extra))
            .fold(0, |bits, (place, _)| bits | 1 << place);
        let md5 = items("eve.smtp.md5");
        let has = |name: &str| md5.iter().any(|item| item == name);
        Self { extras, subject_md5: has("subject"), body_md5: has("body") }
    }
}

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let (mail, session) = (scope.tx::<Mail>(), scope.state::<Smtp>());
    json.object("smtp");
    if !session.helo.is_empty() {
        json.bytes_text("helo", &session.helo);
    }
    if let Some(sender) = &mail.mail_from {
        json.bytes_text("mail_from", sender);
    }
    write_items(json, "rcpt_to", mail.rcpt_to.iter().map(Vec::as_slice));
    json.end();
    if let (Some(mime), Some(settings)) = (&mail.mime, &session.settings) {
        json.object("email");
        write_email(mime, settings.log, json);
        json.end();
    }
    true
}

/// Writes a mail into the open object as it is logged when nothing particular was asked for.
pub(crate) fn write_mail(mime: &Message, json: &mut Json) {
    let extras = EXTRAS.iter().enumerate().filter(|(_, extra)| extra.extended);
    let extras = extras.fold(0, |bits, (place, _)| bits | 1 << place);
    write_email(mime, Wanted { extras, subject_md5: false, body_md5: false }, json);
}

fn write_email(mime: &Message, wanted: Wanted, json: &mut Json) {
    json.text(
        "status",
        match mime.stage() {
            Stage::Start => "NONE",
            Stage::Headers => "HEADER_STARTED",
            Stage::Body => "BODY_STARTED",
            Stage::Done => "PARSE_DONE",
        },
    );
    if let Some(from) = mime.header(b"from") {
        json.bytes_text("from", from);
    }
    write_items(json, "to", list(mime.header(b"to").unwrap_or_default()));
    write_items(json, "cc", list(mime.header(b"cc").unwrap_or_default()));
    for (place, extra) in EXTRAS.iter().enumerate() {
        if wanted.extras & 1 << place == 0 {
            continue;
        }
        match extra.form {
            Form::Text => {
                if let Some(value) = mime.header(extra.header) {
                    json.bytes_text(extra.key, value);
                }
            }
            Form::Items => write_items(json, extra.key, list(mime.header(extra.header).unwrap_or_default())),
            Form::All => write_items(json, extra.key, mime.all(extra.header)),
        }
    }
    if wanted.subject_md5
        && let Some(subject) = mime.header(b"subject")
    {
        json.hex("subject_md5", &Md5::digest(subject), None);
    }
    if let Some(digest) = mime.body_md5.filter(|_| wanted.body_md5) {
        json.hex("body_md5", &digest, None);
    }
    write_items(json, "attachment", mime.attachments.iter().map(Vec::as_slice));
    // The last one found comes first.
    write_items(json, "url", mime.urls.iter().rev().map(Vec::as_slice));
}

fn write_items<'a>(json: &mut Json, key: &str, items: impl Iterator<Item = &'a [u8]>) {
    let mut open = false;
    for item in items {
        if !std::mem::replace(&mut open, true) {
            json.array(key);
        }
        json.bytes_item(item);
    }
    if open {
        json.end();
    }
}
