//! Names and their registered domains.

/// The labels below the registered domain, and the domain; `None` for names without one: reverse look-ups, local names, bare labels.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    let name = name.trim_end_matches('.');
    const LOCAL: [&str; 8] =
        [".arpa", ".local", ".lan", ".localdomain", ".home", ".internal", ".corp", ".workgroup"];
    if LOCAL.iter().any(|suffix| name.ends_with(suffix)) || name.ends_with('.') || name.is_empty() {
        return None;
    }
    let domain = psl::domain_str(name)?;
    let below = name.len() - domain.len();
    Some((name[..below].trim_end_matches('.'), domain))
}

/// The registered domain of a name.
pub(crate) fn registered(name: &str) -> Option<&str> {
    split(name).map(|(_, domain)| domain)
}

/// The label that somebody chose when registering: the domain without its public suffix.
pub(crate) fn chosen(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// Whether a name is a domain or lies below it; letters count alike, large or small.
pub(crate) fn is_below(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.as_bytes(), domain.as_bytes());
    // The cheaper question first: where the domain would begin, few names have a dot.
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    (start == 0 || name[start - 1] == b'.') && name[start..].eq_ignore_ascii_case(domain)
}
