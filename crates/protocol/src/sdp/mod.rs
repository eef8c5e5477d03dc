//! SDP (RFC 8866): the description of a media session that SIP carries in its bodies.
//!
//! Limits: 255 lines of one kind, lines of 2 KiB; a description that breaks the order of the lines ends there.

#[cfg(test)]
mod tests;

use json::Json;

const ITEMS_MAX: usize = 255;
const LINE_BYTES_MAX: usize = 2048;

/// A description.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    /// `o=`
    pub(crate) origin: Vec<u8>,
    /// `s=`
    pub(crate) session_name: Vec<u8>,
    /// `i=`
    pub(crate) session_info: Option<Vec<u8>>,
    /// `u=`
    pub(crate) uri: Option<Vec<u8>>,
    /// `e=`
    pub(crate) email: Option<Vec<u8>>,
    /// `p=`
    pub(crate) phone_number: Option<Vec<u8>>,
    /// `c=`
    pub(crate) connection_data: Option<Vec<u8>>,
    /// `b=`
    pub(crate) bandwidths: Vec<Vec<u8>>,
    /// `t=` and the `r=` that belongs to it.
    pub(crate) times: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// `z=`
    pub(crate) timezone: Option<Vec<u8>>,
    /// `k=`
    pub(crate) encryption_key: Option<Vec<u8>>,
    /// `a=`
    pub(crate) attributes: Vec<Vec<u8>>,
    /// `m=`
    pub(crate) media: Vec<Media>,
}

/// A stream of media.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    /// `m=`
    pub(crate) media: Vec<u8>,
    /// `i=`
    pub(crate) info: Option<Vec<u8>>,
    /// `c=`
    pub(crate) connection_data: Option<Vec<u8>>,
    /// `b=`
    pub(crate) bandwidths: Vec<Vec<u8>>,
    /// `k=`
    pub(crate) encryption_key: Option<Vec<u8>>,
    /// `a=`
    pub(crate) attributes: Vec<Vec<u8>>,
}

/// Lines of a body, one `x=text` at a time.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let end = memchr::memchr(b'\n', self.rest);
        let (line, after) = match end {
            Some(at) => (self.rest.get(..at)?, self.rest.get(at + 1..)?),
            None => (self.rest, &[] as &[u8]),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [letter, b'=', text @ ..] if text.len() <= LINE_BYTES_MAX => Some((*letter, text, after)),
            _ => None,
        }
    }

    fn take(&mut self, letter: u8) -> Option<Vec<u8>> {
        let (found, text, after) = self.peek()?;
        (found == letter).then(|| {
            self.rest = after;
            text.to_vec()
        })
    }

    fn all(&mut self, letter: u8) -> Vec<Vec<u8>> {
        let mut items = Vec::new();
        while let Some(text) = self.take(letter) {
            if items.len() < ITEMS_MAX {
                items.push(text);
            }
        }
        items
    }
}

/// Reads a description; `None` when its first lines are not those of one.
pub(crate) fn read(body: &[u8]) -> Option<Description> {
    let mut lines = Lines { rest: body };
    lines.take(b'v').filter(|version| version == b"0")?;
    let mut description = Description {
        origin: lines.take(b'o')?,
        session_name: lines.take(b's')?,
        session_info: lines.take(b'i'),
        uri: lines.take(b'u'),
        email: lines.take(b'e'),
        phone_number: lines.take(b'p'),
        connection_data: lines.take(b'c'),
        bandwidths: lines.all(b'b'),
        ..Description::default()
    };
    while let Some(time) = lines.take(b't') {
        let repeat = lines.take(b'r');
        if description.times.len() < ITEMS_MAX {
            description.times.push((time, repeat));
        }
    }
    description.timezone = lines.take(b'z');
    description.encryption_key = lines.take(b'k');
    description.attributes = lines.all(b'a');
    while let Some(media) = lines.take(b'm') {
        let media = Media {
            media,
            info: lines.take(b'i'),
            connection_data: lines.take(b'c'),
            bandwidths: lines.all(b'b'),
            encryption_key: lines.take(b'k'),
            attributes: lines.all(b'a'),
        };
        if description.media.len() < ITEMS_MAX {
            description.media.push(media);
        }
    }
    Some(description)
}

/// Writes `"sdp": {…}`.
pub(crate) fn write(description: &Description, json: &mut Json) {
    json.object("sdp").number("version", 0);
    json.bytes_text("origin", &description.origin).bytes_text("session_name", &description.session_name);
    let texts = [
        ("session_info", &description.session_info),
        ("uri", &description.uri),
        ("email", &description.email),
        ("phone_number", &description.phone_number),
        ("connection_data", &description.connection_data),
        ("timezone", &description.timezone),
        ("encryption_key", &description.encryption_key),
    ];
    write_texts(json, &texts);
    write_items(json, "bandwidths", &description.bandwidths);
    if !description.times.is_empty() {
        json.array("time_descriptions");
        for (time, repeat) in &description.times {
            json.object_item().bytes_text("time", time);
            write_texts(json, &[("repeat_time", repeat)]);
            json.end();
        }
        json.end();
    }
    write_items(json, "attributes", &description.attributes);
    if !description.media.is_empty() {
        json.array("media_descriptions");
        for media in &description.media {
            json.object_item().bytes_text("media", &media.media);
            let texts = [
                ("media_info", &media.info),
                ("connection_data", &media.connection_data),
                ("encryption_key", &media.encryption_key),
            ];
            write_texts(json, &texts);
            write_items(json, "bandwidths", &media.bandwidths);
            write_items(json, "attributes", &media.attributes);
            json.end();
        }
        json.end();
    }
    json.end();
}

fn write_texts(json: &mut Json, texts: &[(&str, &Option<Vec<u8>>)]) {
    for (key, text) in texts {
        if let Some(text) = text {
            json.bytes_text(key, text);
        }
    }
}

fn write_items(json: &mut Json, key: &str, items: &[Vec<u8>]) {
    if items.is_empty() {
        return;
    }
    json.array(key);
    for item in items {
        json.bytes_item(item);
    }
    json.end();
}
