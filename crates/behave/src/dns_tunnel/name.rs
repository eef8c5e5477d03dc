//! Names: what is below the registered domain, and how it is written.

/// A name in two parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    /// The labels below the domain, as asked.
    pub(super) below: &'a str,
    /// The registered domain, in lower case; without one, the first label.
    pub(super) domain: String,
    /// There is no domain: the last label is no top level.
    pub(super) rootless: bool,
}

/// The labels below the registered domain, and the domain. Reverse look-ups and local names carry nothing of interest.
pub(super) fn split(name: &str) -> Option<Split<'_>> {
    let name = name.trim_end_matches('.');
    let (before, last) = name.rsplit_once('.')?;
    if ["arpa", "local"].iter().any(|local| last.eq_ignore_ascii_case(local)) {
        return None;
    }
    let rootless = !(last.len() >= 4 && last.as_bytes()[..4].eq_ignore_ascii_case(b"xn--"))
        && last.len() > 3
        && last.bytes().any(|byte| !byte.is_ascii_alphabetic());
    if rootless {
        let (domain, below) = name.split_once('.')?;
        return Some(Split { below, domain: domain.to_ascii_lowercase(), rootless });
    }
    // Country domains with a short second level (`co.uk`) are registered one label deeper.
    let (below, second) = before.rsplit_once('.')?;
    let country = last.len() == 2;
    let below = if second.len() <= 3 && country { below.rsplit_once('.')?.0 } else { below };
    Some(Split { below, domain: name[below.len() + 1..].to_ascii_lowercase(), rootless })
}

/// Whether labels are an address written backwards, as lists of senders and reverse zones are asked (RFC 5782 §2).
pub(super) fn is_reversed_address(below: &str) -> bool {
    let octets = below.split('.').take_while(|label| label.parse::<u8>().is_ok()).count();
    let nibbles = below
        .split('.')
        .take_while(|label| label.len() == 1 && label.bytes().all(|b| b.is_ascii_hexdigit()))
        .count();
    octets >= 4 || nibbles >= 32
}

/// Whether labels have letters that no host name may have. Underscores and asterisks are used by services and wildcards.
pub(super) fn is_unlawful(below: &str) -> bool {
    below.len() >= 10
        && below.chars().any(|letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_' | ' '))
        // International names may be sent as they are: those have whole letters beyond ASCII, and nothing else.
        && below.chars().any(|letter| letter.is_ascii_punctuation() && !matches!(letter, '.' | '-' | '_') || letter == '\u{fffd}')
}

/// Shannon entropy of the letters, dots aside, in bits per letter.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    let mut total = 0u32;
    for byte in text.bytes().filter(|byte| *byte != b'.') {
        counts[usize::from(byte)] += 1;
        total += 1;
    }
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / f64::from(total.max(1)))
        .map(|share| -share * libm::log2(share))
        .sum()
}

/// FNV-1a, 64 bits: names are compared, never printed from it.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Option<(String, String)> {
        split(name).map(|split| (split.below.to_owned(), split.domain))
    }

    #[test]
    fn names_are_split_below_the_registered_domain() {
        let two = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(parts("a.b.example.com"), two("a.b", "example.com"));
        assert_eq!(parts("a.b.example.co.uk"), two("a.b", "example.co.uk"));
        assert_eq!(parts("example.com"), None);
        assert_eq!(parts("1.0.0.10.in-addr.arpa"), None);
    }

    #[test]
    fn names_without_a_domain_group_by_their_first_label() {
        let split = split("prefix.91f003f500f6.9200821e527d").expect("two parts");
        assert_eq!((split.domain.as_str(), split.rootless), ("prefix", true));
    }

    #[test]
    fn lists_are_asked_for_addresses_backwards() {
        assert!(is_reversed_address("2.0.0.127.zen"));
        assert!(!is_reversed_address("a1b2c3.zen"));
    }

    #[test]
    fn base_64_has_letters_that_hosts_have_not() {
        assert!(is_unlawful("H4sICN03+2QAA3R=="));
        assert!(!is_unlawful("_ldap._tcp.dc._msdcs"));
        assert!(!is_unlawful("b\u{fc}cher-und-mehr"));
    }
}
