//! What a client says it is.

/// Kinds of user agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    /// Nothing said.
    None,
    /// A browser, in the form that all of them use.
    Browser,
    /// A program with name and version.
    Tool,
    /// Neither.
    Odd,
}

/// Words of which a browser's comment has one: the system it runs on.
const SYSTEMS: [&str; 9] =
    ["windows", "macintosh", "x11", "linux", "android", "iphone", "ipad", "compatible", "playstation"];

/// What kind of agent calls itself `text`. RFC 9110 §10.1.5: products, each a token with an optional version.
pub(super) fn of(text: &str) -> Agent {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if text.is_empty() {
        Agent::None
    } else if lower.starts_with("mozilla/") || lower.starts_with("opera/") {
        // The name alone, without a comment, or with one that names no system, is what browsers never send.
        if SYSTEMS.iter().any(|system| lower.contains(system)) { Agent::Browser } else { Agent::Odd }
    } else if is_named(text) {
        Agent::Tool
    } else {
        Agent::Odd
    }
}

/// A product with a version, or several words.
fn is_named(text: &str) -> bool {
    let product = text.split([' ', '(']).next().unwrap_or_default();
    let versioned = product.split_once('/').is_some_and(|(name, version)| {
        name.chars().any(|letter| letter.is_ascii_alphabetic())
            && version.chars().any(|letter| letter.is_ascii_digit())
    });
    versioned || text.contains(' ') || text.contains('.') || text.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_told_apart() {
        let cases = [
            ("", Agent::None),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:99.0) Gecko/20100101 Firefox/99.0",
                Agent::Browser,
            ),
            ("Mozilla/4.08 (Charon; Inferno)", Agent::Odd),
            ("curl/7.68.0", Agent::Tool),
            ("Microsoft BITS/7.5", Agent::Tool),
            ("vBKbaQgjyvRRbcgfvlsc", Agent::Odd),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
