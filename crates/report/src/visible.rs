//! Text from traffic made safe to look at: what cannot be seen, or reorders what can, is spelled out.

use std::fmt::Write;

/// The text with control letters, marks of direction and invisible letters written as `⟨U+202E⟩`.
///
/// A name like `exe.\u{202e}fdp` reads `exe.pdf` on a page that obeys the mark; here the mark itself is shown.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            write!(out, "⟨U+{:04X}⟩", letter as u32).expect("a String takes every write");
        } else {
            out.push(letter);
        }
    }
    out
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_reorder_text_are_shown() {
        assert_eq!(visible("exe.\u{202e}fdp\u{7}"), "exe.⟨U+202E⟩fdp⟨U+0007⟩");
        assert_eq!(visible("пример.рф 例え ±"), "пример.рф 例え ±");
    }
}
