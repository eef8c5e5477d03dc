//! In which way a name resembles a protected one.

use std::collections::{BTreeMap, BTreeSet};

use unicode_security::confusable_detection::skeleton;

use crate::domain;

/// In which way a name resembles a protected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Letters that look the same (Unicode TR 39 §4).
    Homoglyph,
    /// One letter too many, too few, another one, or two swapped.
    Typo,
    /// The protected label joined with a lure.
    Combination,
    /// The whole protected name in front of a stranger's domain.
    Subdomain,
}

impl Way {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Way::Homoglyph => "letters that look the same",
            Way::Typo => "a typing error",
            Way::Combination => "the name with a lure",
            Way::Subdomain => "the name in front of another domain",
        }
    }
}

/// A resemblance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Likeness {
    pub(crate) way: Way,
    /// The protected name.
    pub(crate) of: String,
    /// What it weighs, in log-odds.
    pub(crate) weight: f64,
}

/// Words that lure.
const LURES: [&str; 26] = [
    "login",
    "logon",
    "signin",
    "secure",
    "security",
    "account",
    "accounts",
    "verify",
    "verification",
    "update",
    "support",
    "banking",
    "confirm",
    "wallet",
    "auth",
    "password",
    "recovery",
    "alert",
    "billing",
    "invoice",
    "payment",
    "refund",
    "unlock",
    "helpdesk",
    "customer",
    "limited",
];
/// Domains of networks that carry others' names in front of their own, as their contracts want it.
const CARRIERS: [&str; 14] = [
    "akadns.net",
    "edgekey.net",
    "edgesuite.net",
    "akamaiedge.net",
    "akamai.net",
    "cloudfront.net",
    "fastly.net",
    "azureedge.net",
    "trafficmanager.net",
    "cloudflare.net",
    "amazonaws.com",
    "lencr.org",
    "spamhaus.org",
    "surbl.org",
];

/// The protected names, ready for look-ups.
#[derive(Debug, Default)]
pub(crate) struct Protected {
    /// Registered domains, and their labels: what is protected is no look-alike.
    domains: BTreeSet<String>,
    /// By label.
    labels: BTreeMap<String, String>,
    /// By skeleton of the label.
    skeletons: BTreeMap<String, String>,
    /// By label with one letter left out; finds every single edit in one look-up per letter.
    deletions: BTreeMap<String, Vec<String>>,
    longest: usize,
    shortest: usize,
}

impl Protected {
    /// From names such as `bank.example`; labels shorter than `label_min` are protected against other scripts and subdomains only.
    pub(crate) fn new(names: &[String], label_min: usize) -> Self {
        let mut protected = Self { shortest: usize::MAX, ..Self::default() };
        for name in names {
            let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
            let Some(domain) = domain::registered(&name) else { continue };
            let label = domain::chosen(domain).to_owned();
            protected.domains.insert(domain.to_owned());
            protected.skeletons.entry(bones(&label)).or_insert_with(|| domain.to_owned());
            if label.len() >= label_min {
                for short in deletions(&label) {
                    protected.deletions.entry(short).or_default().push(label.clone());
                }
                protected.longest = protected.longest.max(label.len());
                protected.shortest = protected.shortest.min(label.len());
                protected.labels.entry(label).or_insert_with(|| domain.to_owned());
            }
        }
        protected
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// How the name `below`.`domain` resembles a protected one; `None` when it does not, or is one.
    pub(crate) fn resembles(&self, below: &str, domain: &str) -> Option<Likeness> {
        if self.domains.contains(domain) || CARRIERS.contains(&domain) {
            return None;
        }
        self.subdomain(below).or_else(|| {
            let label = domain::chosen(domain);
            // The same label under another ending is more often the same owner in another country than a stranger.
            if self.labels.contains_key(label)
                || self.domains.iter().any(|known| domain::chosen(known) == label)
            {
                return None;
            }
            self.homoglyph(label).or_else(|| self.typo(label)).or_else(|| self.combination(label))
        })
    }

    fn homoglyph(&self, label: &str) -> Option<Likeness> {
        let foreign = label.starts_with("xn--");
        let (shown, result) = idna::domain_to_unicode(label);
        if foreign && result.is_err() {
            return None;
        }
        let of = self.skeletons.get(&bones(&shown))?;
        Some(Likeness { way: Way::Homoglyph, of: of.clone(), weight: if foreign { 2.5 } else { 1.8 } })
    }

    fn typo(&self, label: &str) -> Option<Likeness> {
        if label.len() + 1 < self.shortest || label.len() > self.longest + 1 {
            return None;
        }
        let mut candidates = deletions(label);
        candidates.push(label.to_owned());
        let near = candidates.iter().find_map(|short| {
            let direct = self.labels.contains_key(short).then(|| short.clone());
            direct.or_else(|| self.deletions.get(short)?.iter().find(|known| one_edit(label, known)).cloned())
        })?;
        // The longer the label, the less one letter is chance.
        let weight = if near.len() >= 8 { 1.0 } else { 0.5 };
        Some(Likeness { way: Way::Typo, of: self.labels[&near].clone(), weight })
    }

    fn combination(&self, label: &str) -> Option<Likeness> {
        let joined = |rest: &str| LURES.contains(&rest);
        for (known, domain) in &self.labels {
            let Some(at) = label.find(known.as_str()) else { continue };
            let (before, after) = (&label[..at], &label[at + known.len()..]);
            let parts = before.split('-').chain(after.split('-')).filter(|part| !part.is_empty());
            let lures = parts.clone().filter(|part| joined(part)).count();
            if lures >= 1 {
                let weight = 0.9 + 0.3 * (lures - 1).min(2) as f64;
                return Some(Likeness { way: Way::Combination, of: domain.clone(), weight });
            }
        }
        None
    }

    fn subdomain(&self, below: &str) -> Option<Likeness> {
        let labels: Vec<&str> = below.split('.').collect();
        for from in 0..labels.len() {
            for upto in from + 2..=labels.len().min(from + 3) {
                let name = labels[from..upto].join(".");
                if self.domains.contains(&name) {
                    return Some(Likeness { way: Way::Subdomain, of: name, weight: 1.6 });
                }
            }
        }
        None
    }
}

/// What a label looks like: its skeleton, in lower case, without the accents that a hasty eye skips.
fn bones(label: &str) -> String {
    // Digits that stand for letters are confusable with capitals; names have none, so the small letters take their place.
    let plain: String = label
        .chars()
        .map(|letter| match letter {
            '0' => 'o',
            '1' => 'l',
            letter => letter,
        })
        .collect();
    let bones: String = skeleton(&plain).collect::<String>().to_lowercase();
    bones.chars().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter)).collect()
}

/// The label with each of its letters left out in turn.
fn deletions(label: &str) -> Vec<String> {
    label
        .char_indices()
        .map(|(at, letter)| [&label[..at], &label[at + letter.len_utf8()..]].concat())
        .collect()
}

/// Whether one insertion, deletion, replacement or swap of neighbours leads from one label to the other.
fn one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], [_]) | ([_], []) => true,
        ([_, rest_a @ ..], [_, rest_b @ ..]) if rest_a == rest_b => true,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) if rest == a => true,
        ([x, y, rest_a @ ..], [v, w, rest_b @ ..]) => x == w && y == v && rest_a == rest_b,
        _ => false,
    }
}
