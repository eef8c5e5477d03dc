//! What a value of a request means once the server has decoded it.

/// Rounds of decoding: attacks encode twice to get past who decodes once.
const ROUNDS: usize = 2;
/// Bytes that are looked at.
const LENGTH_MAX: usize = 2_048;

/// Decoded, in lower case, with comments of SQL and runs of blanks as one blank.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes: Vec<u8> = text.bytes().take(LENGTH_MAX).collect();
    for _ in 0..ROUNDS {
        if !bytes.contains(&b'%') {
            break;
        }
        bytes = percent(&bytes);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => {
            let mut text = text;
            text.make_ascii_lowercase();
            text
        }
        Ok(text) => text.to_lowercase(),
        Err(odd) => String::from_utf8_lossy(odd.as_bytes()).to_lowercase(),
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        let plain = rest.bytes().take_while(|byte| is_plain(*byte)).count();
        if plain > 0 {
            out.push_str(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        if let Some(inside) = rest.strip_prefix("/*") {
            // `/*!…*/` is run by MySQL: only the marks are taken away.
            rest = match inside.strip_prefix('!') {
                Some(run) => run.trim_start_matches(|digit: char| digit.is_ascii_digit()),
                None => inside.find("*/").map_or(inside, |end| inside.get(end + 2..).unwrap_or_default()),
            };
            push_blank(&mut out);
            continue;
        }
        if let Some(after) = rest.strip_prefix("*/") {
            rest = after;
            push_blank(&mut out);
            continue;
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        if letter == '+' || letter.is_whitespace() || letter == '\0' {
            push_blank(&mut out);
        } else {
            out.push(letter);
        }
    }
    out
}

/// Letters that mean themselves.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'/' | b'*' | b'+')
}

fn push_blank(out: &mut String) {
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// `%41` and IIS's `%u0041`; what is malformed stays.
fn percent(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let wide = *byte == b'%' && matches!(bytes.get(at + 1), Some(b'u' | b'U'));
        let (start, used) = if wide { (at + 4, 6) } else { (at + 1, 3) };
        match (*byte, digit(start), digit(start + 1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += used;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn encodings_and_comments_are_taken_away() {
        assert_eq!(decoded("id=1%27+UNION/**/SELECT"), "id=1' union select");
        assert_eq!(decoded("%252e%252e%252fetc"), "../etc");
        assert_eq!(decoded("a/*!50000union*/b"), "a union b");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%u0027x"), "'x");
    }
}
