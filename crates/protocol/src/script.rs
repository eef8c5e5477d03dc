//! What pages do that break into browsers: marks of exploits in the text of a page or script that comes to a client.
//!
//! Marks are counted while the bytes pass, across chunks, in the first [`LOOKED_MAX`] bytes.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use model::ScriptSeen;

/// Bytes that are looked at.
const LOOKED_MAX: usize = 64 * 1024;
/// Bytes kept of a chunk, so that a mark that is split over two is found: as many as the longest mark has, less one.
const CARRY: usize = 25;
/// Bytes of an escape: `%u` or `\u` and four digits.
const ESCAPE: usize = 6;
/// A value that goes on for so many letters, and nothing else, is padding.
const WORD_MIN: u32 = 128;

/// What is looked for, in lower case; made once, since pages come in many small chunks.
struct Marks {
    escapes: [Finder<'static>; 2],
    sled: [Finder<'static>; 2],
    unescapes: [Finder<'static>; 2],
    object: Finder<'static>,
    class: [Finder<'static>; 1],
    objects: [Finder<'static>; 2],
    paths: [Finder<'static>; 1],
    /// Words that only those write who attack, or who write about it.
    words: [Finder<'static>; 5],
    growth: Finder<'static>,
    /// Objects and their like that reach out of a page, and the bit of each.
    reaches: [(Finder<'static>, u16); 11],
}

static MARKS: LazyLock<Marks> = LazyLock::new(|| Marks {
    escapes: finders(["%u", "\\u"]),
    sled: finders(["\\x90\\x90", "%90%90"]),
    unescapes: finders(["unescape", "fromcharcode"]),
    object: Finder::new("<object"),
    class: finders(["clsid:"]),
    objects: finders(["activexobject(", "createobject("]),
    paths: finders(["c:\\"]),
    words: finders(["shellcode", "heapspray", "heap spray", "spraytoaddress", "nopsled"]),
    growth: Finder::new("while"),
    reaches: [
        ("wscript.shell", ScriptSeen::RUNS),
        ("shell.application", ScriptSeen::RUNS),
        ("cmd.exe", ScriptSeen::RUNS),
        ("cmd /c", ScriptSeen::RUNS),
        ("powershell", ScriptSeen::RUNS),
        ("calc.exe", ScriptSeen::RUNS),
        ("adodb.stream", ScriptSeen::STORES),
        ("savetofile", ScriptSeen::STORES),
        ("scripting.filesystemobject", ScriptSeen::STORES),
        ("microsoft.xmlhttp", ScriptSeen::FETCHES),
        ("msxml2.", ScriptSeen::FETCHES),
    ]
    .map(|(name, bit)| (Finder::new(name), bit)),
});

fn finders<const N: usize>(marks: [&'static str; N]) -> [Finder<'static>; N] {
    marks.map(Finder::new)
}

/// Marks of one file.
#[derive(Debug, Default)]
pub(crate) struct Script {
    seen: ScriptSeen,
    looked: usize,
    carry: Vec<u8>,
    /// Letters of the word at hand.
    word: u32,
    /// A tag of an object was seen: class identifiers mean something.
    object: bool,
    /// It is no text: nothing is looked at any more.
    other: bool,
}

impl Script {
    /// More bytes of the file.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        if self.other || self.looked >= LOOKED_MAX {
            return;
        }
        if self.looked == 0 && !is_page(bytes) {
            self.other = true;
            return;
        }
        let bytes = &bytes[..bytes.len().min(LOOKED_MAX - self.looked)];
        self.looked += bytes.len();
        let mut text = std::mem::take(&mut self.carry);
        let old = text.len();
        text.extend_from_slice(bytes);
        text[old..].make_ascii_lowercase();
        self.marks(&text, old);
        if self.object {
            self.words(bytes);
        }
        text.drain(..text.len().saturating_sub(CARRY));
        self.carry = text;
    }

    /// What was seen; `None` when nothing was.
    pub(crate) fn told(self) -> Option<Box<ScriptSeen>> {
        (self.seen != ScriptSeen::default()).then(|| Box::new(self.seen))
    }

    /// Long words: the values of objects are looked at.
    fn words(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.word = if byte.is_ascii_alphabetic() { self.word + 1 } else { 0 };
            if self.word >= WORD_MIN {
                self.seen.longest_word = self.seen.longest_word.max(self.word);
            }
        }
    }

    /// Marks that end behind the first `old` bytes.
    fn marks(&mut self, text: &[u8], old: usize) {
        let (seen, marks) = (&mut self.seen, &*MARKS);
        // What began in the last chunk counts in this one; an escape counts with its digits.
        let behind = |finder: &'static Finder<'static>, len: usize| {
            let from = old.saturating_sub(len - 1);
            finder.find_iter(&text[from..]).map(move |at| from + at)
        };
        let found = |finder: &'static Finder<'static>| behind(finder, finder.needle().len());
        for at in marks.escapes.iter().flat_map(|escape| behind(escape, ESCAPE)) {
            escape(seen, text.get(at + 2..at + ESCAPE));
        }
        let count = |marks: &'static [Finder<'static>]| {
            marks.iter().map(|mark| found(mark).count() as u32).sum::<u32>()
        };
        seen.sled += count(&marks.sled);
        seen.unescapes += count(&marks.unescapes);
        self.object |= found(&marks.object).next().is_some();
        if self.object {
            seen.objects += count(&marks.class);
        }
        seen.objects += count(&marks.objects);
        seen.paths += count(&marks.paths);
        seen.words += count(&marks.words);
        seen.growth += found(&marks.growth).filter(|at| grows(&text[*at..])).count() as u32;
        for (name, bit) in &marks.reaches {
            if found(name).next().is_some() {
                seen.reaches |= bit;
            }
        }
    }
}

/// Whether bytes begin a page or a script: text, with a tag or a word of a script near its beginning.
fn is_page(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    let text =
        head.iter().filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)).count();
    text * 20 >= head.len() * 19 && memchr::memchr3(b'<', b'(', b'{', head).is_some()
}

/// Four digits behind an escape.
fn escape(seen: &mut ScriptSeen, digits: Option<&[u8]>) {
    let Some(digits) = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)) else { return };
    seen.escapes = seen.escapes.saturating_add(1);
    let unwritable = matches!(digits, [b'd', b'8'..=b'f', ..] | [b'e', ..] | [b'f', b'0'..=b'8', ..]);
    seen.unwritable = seen.unwritable.saturating_add(unwritable.into());
    // Both bytes alike, as in 9090 or 0c0c: where it is jumped to does not matter.
    let alike = digits[..2] == digits[2..];
    let slides =
        matches!(&digits[..2], b"90" | b"0a" | b"0b" | b"0c" | b"0d" | b"04" | b"05" | b"06" | b"09" | b"41");
    seen.sled = seen.sled.saturating_add((alike && slides).into());
}

/// Whether a loop goes on until a string is long enough.
fn grows(text: &[u8]) -> bool {
    let text = &text[..text.len().min(64)];
    let Some(at) = memchr::memmem::find(text, b".length") else { return false };
    let rest = &text[at + 7..];
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b')' | b'*' | b'2' | b'+' | b'0'..=b'9'))
        == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, chunk: usize) -> Option<Box<ScriptSeen>> {
        let mut script = Script::default();
        text.as_bytes().chunks(chunk).for_each(|chunk| script.take(chunk));
        script.told()
    }

    const SPRAY: &str = "<html><object classid='clsid:4A46B8CD-F7BD-11D4-B1D8-000102290E7C'></object><script>\
        var shellcode = unescape('%uE860%u0000%u815D'); var slide = unescape('%u9090%u9090');\
        while (slide.length < 0x40000) slide += slide; new ActiveXObject('WScript.Shell');</script>";

    #[test]
    fn a_page_that_fills_the_heap_shows_its_marks() {
        let seen = seen(SPRAY, 10_000).expect("marks");
        assert_eq!((seen.escapes, seen.sled, seen.unwritable), (5, 2, 1));
        assert_eq!((seen.objects, seen.growth, seen.words), (2, 1, 1));
        assert_eq!(seen.reaches, ScriptSeen::RUNS);
    }

    #[test]
    fn marks_are_found_wherever_chunks_end() {
        for chunk in [600, 137, 61] {
            let (whole, cut) = (seen(SPRAY, 10_000).unwrap(), seen(SPRAY, chunk).unwrap());
            assert_eq!((whole.objects, whole.words, whole.reaches), (cut.objects, cut.words, cut.reaches));
            assert_eq!(
                (whole.escapes, whole.sled, whole.unwritable),
                (cut.escapes, cut.sled, cut.unwritable)
            );
        }
    }

    #[test]
    fn padding_is_a_word_that_does_not_end() {
        let page = format!("<html><object><param value=\"{}\">", "Abc".repeat(130));
        assert_eq!(seen(&page, 100).expect("a word").longest_word, 390);
        let encoded = format!("<img src=\"data:image/png;base64,{}\">", "iVBORw0KGgoAAAANSUhEUg".repeat(90));
        assert_eq!(seen(&encoded, 100), None);
    }

    #[test]
    fn machine_code_is_told_from_text_by_what_cannot_be_written() {
        let code = seen("<script>x='%ud9f7%ue106%uf2b1%u5a2e'</script>", 400).expect("escapes");
        assert_eq!((code.escapes, code.unwritable), (4, 3));
        let text = seen("<script>x='%u0641%u0627%u0631%u0633%u06cc'</script>", 400).expect("escapes");
        assert_eq!((text.escapes, text.unwritable), (5, 0));
    }

    #[test]
    fn a_page_about_objects_shows_none_of_its_own() {
        assert_eq!(seen("<pre>&lt;object classid=&quot;clsid:0B1C3B47&quot;&gt;</pre>", 400), None);
        let own =
            seen("<object classid='clsid:0B1C3B47'></object>File = \"c:\\\\boot.ini\"", 400).expect("one");
        assert_eq!((own.objects, own.paths), (1, 1));
    }

    #[test]
    fn an_ordinary_page_and_a_picture_show_nothing() {
        assert_eq!(
            seen("<html><p>Hello</p><script>var a = {b: 1}; while (a.next) { a = a.next }</script>", 40),
            None
        );
        assert_eq!(seen("\u{1}\u{2}\u{3}\u{4} %u9090 shellcode", 40), None);
    }
}
