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

/// What a string says of the page that it stands in.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// Four hexadecimal digits behind it are two bytes of code, or of what is jumped into.
    Escape,
    Sled,
    Unescape,
    Object,
    /// Means something behind an object's tag only.
    Class,
    NewObject,
    Path,
    /// Only those write it who attack, or who write about it.
    Word,
    Growth,
    /// An object, or its like, that reaches out of a page; the bit of what it is for.
    Reach(u16),
}

/// What is looked for, in lower case.
const MARKS: [(&str, Mark); 28] = [
    ("%u", Mark::Escape),
    ("\\u", Mark::Escape),
    ("\\x90\\x90", Mark::Sled),
    ("%90%90", Mark::Sled),
    ("unescape", Mark::Unescape),
    ("fromcharcode", Mark::Unescape),
    ("<object", Mark::Object),
    ("clsid:", Mark::Class),
    ("activexobject(", Mark::NewObject),
    ("createobject(", Mark::NewObject),
    ("c:\\", Mark::Path),
    ("shellcode", Mark::Word),
    ("heapspray", Mark::Word),
    ("heap spray", Mark::Word),
    ("spraytoaddress", Mark::Word),
    ("nopsled", Mark::Word),
    ("while", Mark::Growth),
    ("wscript.shell", Mark::Reach(ScriptSeen::RUNS)),
    ("shell.application", Mark::Reach(ScriptSeen::RUNS)),
    ("cmd.exe", Mark::Reach(ScriptSeen::RUNS)),
    ("cmd /c", Mark::Reach(ScriptSeen::RUNS)),
    ("powershell", Mark::Reach(ScriptSeen::RUNS)),
    ("calc.exe", Mark::Reach(ScriptSeen::RUNS)),
    ("adodb.stream", Mark::Reach(ScriptSeen::STORES)),
    ("savetofile", Mark::Reach(ScriptSeen::STORES)),
    ("scripting.filesystemobject", Mark::Reach(ScriptSeen::STORES)),
    ("microsoft.xmlhttp", Mark::Reach(ScriptSeen::FETCHES)),
    ("msxml2.", Mark::Reach(ScriptSeen::FETCHES)),
];

/// Says which marks there are, of which a chunk of a page has few; each of those is then looked for by itself. Made once, since
/// pages come in many small chunks.
struct Finders {
    any: literal::Finder,
    each: [Finder<'static>; MARKS.len()],
}

static FINDERS: LazyLock<Finders> = LazyLock::new(|| {
    let mut any = literal::Builder::default();
    for ((text, _), number) in MARKS.iter().zip(0..) {
        any.add(text.as_bytes(), number);
    }
    let any = any.build().expect("there are marks");
    Finders { any, each: MARKS.map(|(text, _)| Finder::new(text)) }
});

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
        self.marks(&mut text, old);
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

    /// Marks that end behind the first `old` bytes: what began in the last chunk counts in this one, an escape with its digits.
    fn marks(&mut self, text: &mut [u8], old: usize) {
        let mut present = 0_u32;
        FINDERS
            .any
            .scan(text, |numbers| present |= numbers.iter().fold(0, |bits, number| bits | 1 << number));
        if present == 0 {
            return;
        }
        text.make_ascii_lowercase();
        let seen = &mut self.seen;
        let mut classes = 0;
        for ((name, mark), (number, finder)) in MARKS.iter().zip(FINDERS.each.iter().enumerate()) {
            if present >> number & 1 == 0 {
                continue;
            }
            let len = if let Mark::Escape = mark { ESCAPE } else { name.len() };
            let from = old.saturating_sub(len - 1);
            for at in finder.find_iter(&text[from..]).map(|at| from + at) {
                match *mark {
                    Mark::Escape => escape(seen, text.get(at + 2..at + ESCAPE)),
                    Mark::Sled => seen.sled += 1,
                    Mark::Unescape => seen.unescapes += 1,
                    Mark::Object => self.object = true,
                    Mark::Class => classes += 1,
                    Mark::NewObject => seen.objects += 1,
                    Mark::Path => seen.paths += 1,
                    Mark::Word => seen.words += 1,
                    Mark::Growth => seen.growth += u32::from(grows(&text[at..])),
                    Mark::Reach(bit) => seen.reaches |= bit,
                }
            }
        }
        if self.object {
            seen.objects += classes;
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
