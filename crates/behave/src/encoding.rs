//! How bytes are written: text, packed letters, or binary.

/// How the first bytes of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Nothing to judge by.
    Empty,
    /// Words, markup, structured text.
    Text,
    /// One long run of base-64 or hexadecimal letters: data packed to pass as text.
    Packed,
    /// Base-64 whose content is structured text: there was no need to pack it but to hide it.
    Hidden,
    /// Control characters: compressed, encrypted, or a format of its own.
    Binary,
}

/// Letters that a run must have to count as packed.
const PACKED_MIN: usize = 24;

/// How a body that begins with `head` is written.
pub(crate) fn writing(head: &[u8]) -> Writing {
    if head.is_empty() {
        return Writing::Empty;
    }
    let control = head.iter().filter(|byte| !matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n')).count();
    // UTF-8 text has bytes above 0x7f, but well-formed ones. The head may cut the last letter.
    let utf8 = std::str::from_utf8(head).err().is_none_or(|error| error.valid_up_to() + 4 > head.len());
    let low = head.iter().filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n')).count();
    if control * 10 > head.len() && (!utf8 || low * 20 > head.len()) {
        return Writing::Binary;
    }
    packed(head)
}

/// Text: packed letters, or words.
fn packed(head: &[u8]) -> Writing {
    // A form field: what is behind its name.
    let value = match head.iter().position(|byte| *byte == b'=') {
        Some(at)
            if at < 32 && head[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') =>
        {
            &head[at + 1..]
        }
        _ => head,
    };
    let value = value.trim_ascii();
    let letters = value.iter().take_while(|byte| is_packed_letter(**byte)).count();
    if letters < PACKED_MIN || letters * 10 < value.len() * 9 {
        return Writing::Text;
    }
    let run = &value[..letters];
    let hexadecimal = run.iter().all(u8::is_ascii_hexdigit);
    let classes = [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit];
    let mixed = classes.iter().all(|class| run.iter().any(class));
    match (hexadecimal || mixed, decodes_to_text(run)) {
        (true, true) => Writing::Hidden,
        (true, false) => Writing::Packed,
        _ => Writing::Text,
    }
}

fn is_packed_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'%')
}

/// Whether base-64 letters stand for structured text.
fn decodes_to_text(letters: &[u8]) -> bool {
    let values: Vec<u8> = letters
        .iter()
        .map_while(|letter| match letter {
            b'A'..=b'Z' => Some(letter - b'A'),
            b'a'..=b'z' => Some(letter - b'a' + 26),
            b'0'..=b'9' => Some(letter - b'0' + 52),
            b'+' | b'-' => Some(62),
            b'/' | b'_' => Some(63),
            _ => None,
        })
        .collect();
    let bytes: Vec<u8> = values
        .chunks_exact(4)
        .flat_map(|four| [four[0] << 2 | four[1] >> 4, four[1] << 4 | four[2] >> 2, four[2] << 6 | four[3]])
        .collect();
    bytes.len() >= 16 && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n'))
}

/// Whether a text has a globally unique identifier in it (`8-4-4-4-12` hexadecimal digits), percent signs undone.
pub(crate) fn has_guid(text: &str) -> bool {
    let plain: Vec<u8> = text.replace("%2D", "-").replace("%2d", "-").into_bytes();
    plain.windows(36).any(|window| {
        window.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    })
}

/// Whether bytes begin as a program does: Windows, Linux, macOS.
pub(crate) fn is_program(head: &[u8]) -> bool {
    let windows = head.starts_with(b"MZ") && (head.len() < 64 || head[2..64].contains(&0));
    windows
        || head.starts_with(b"\x7fELF")
        || [&b"\xcf\xfa\xed\xfe"[..], b"\xce\xfa\xed\xfe"].iter().any(|magic| head.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_apart() {
        let cases: [(&[u8], Writing); 7] = [
            (b"", Writing::Empty),
            (b"<html><head><title>Weather</title>", Writing::Text),
            (b"name=anna&city=Bern&comment=hello+there", Writing::Text),
            (b"eyJob3N0IjogIjI2NTJmODQ4ZTFiOCIsICJwbGF0Zm9ybSI6ICJsaW51eCJ9", Writing::Hidden),
            (b"p=r8VPEPG%2BIsO5/Zrs%2BhcieY3AKFwIzFYeqCF6JUBb55GWeL2RfzoimcSDkWbx", Writing::Packed),
            (b"\xed\x9a3k\xfc\xaa\xc3\xa4r\xdf\xdd'\x87\xa3\xd1\x02\x0f\xf6\x11Y", Writing::Binary),
            ("d\u{e9}j\u{e0} vu, and more words".as_bytes(), Writing::Text),
        ];
        for (bytes, expected) in cases {
            assert_eq!(writing(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn identifiers_are_found_behind_percent_signs() {
        assert!(has_guid("/x?mi=747f3d96%2D68a7%2D43f1%2D8cbe%2De8d6dadd0358&b=64"));
        assert!(!has_guid("/2024-10-24/747f3d96"));
    }
}
