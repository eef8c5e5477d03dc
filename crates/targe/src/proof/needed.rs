//! The rules that a re-run needs: those behind findings, and those whose verdict they wait for.

use std::collections::{BTreeMap, BTreeSet};

use model::Finding;

/// Rules that let traffic pass change what others see; this many of them are taken along.
const PASS_MAX: usize = 2_000;

/// The text of the rules needed, in the order of the files.
pub(crate) fn rules(texts: &[String], findings: &[Finding]) -> String {
    let lines: Vec<String> = texts.iter().flat_map(|text| logical_lines(text)).collect();
    let mut by_sid: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut setters: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(sid) = sid_of(line) {
            by_sid.entry(sid).or_default().push(number);
        }
        for (kind, action, name) in bits(line) {
            if matches!(action, "set" | "toggle" | "unset") {
                setters.entry((kind, name)).or_default().push(number);
            }
        }
    }
    let mut waiting: Vec<usize> = findings
        .iter()
        .filter(|finding| finding.detector == "rule")
        .filter_map(|finding| by_sid.get(&sid_in_title(&finding.title)?))
        .flatten()
        .copied()
        .collect();
    waiting.extend(
        lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.starts_with("pass "))
            .map(|(number, _)| number)
            .take(PASS_MAX),
    );
    let mut chosen = BTreeSet::new();
    while let Some(number) = waiting.pop() {
        if !chosen.insert(number) {
            continue;
        }
        for (kind, _, name) in lines.get(number).map(|line| bits(line)).unwrap_or_default() {
            waiting.extend(setters.get(&(kind, name)).into_iter().flatten());
        }
    }
    chosen.into_iter().filter_map(|number| lines.get(number)).map(|line| format!("{line}\n")).collect()
}

/// Lines of rules, those that end in a backslash joined with what follows; comments and blanks left out.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(begun) = line.strip_suffix('\\') {
            open.push_str(begun);
            continue;
        }
        open.push_str(line);
        let whole = std::mem::take(&mut open);
        if !whole.is_empty() && !whole.starts_with('#') {
            lines.push(whole);
        }
    }
    lines
}

fn sid_of(line: &str) -> Option<u32> {
    let at = line.rfind("sid:").filter(|at| line[..*at].ends_with([';', ' ', '(']))?;
    let digits: String = line[at + 4..].trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The number in `message (1:2001)`.
fn sid_in_title(title: &str) -> Option<u32> {
    let (_, inside) = title.strip_suffix(')')?.rsplit_once('(')?;
    inside.split_once(':')?.1.parse().ok()
}

/// Kind, action and name of the bits that a rule touches.
fn bits(line: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    for kind in ["flowbits", "xbits", "hostbits", "flowint"] {
        for (at, _) in line.match_indices(kind) {
            let Some(rest) = line[at + kind.len()..].strip_prefix(':') else { continue };
            let value = rest.split(';').next().unwrap_or_default();
            let parts: Vec<&str> = value.split(',').map(str::trim).collect();
            match parts[..] {
                // flowint names its variable first.
                [name, action, ..] if kind == "flowint" => {
                    found.push((kind, if matches!(action, "=" | "+" | "-") { "set" } else { action }, name));
                }
                [action, names, ..] => {
                    found.extend(names.split('|').map(|name| (kind, action, name.trim())));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_with_the_rules_whose_bits_they_wait_for() {
        let text = "# a comment\n\
            alert tcp any any -> any any (msg:\"a\"; flowbits:set,seen; noalert; sid:1;)\n\
            alert tcp any any -> any any (msg:\"b\"; flowbits:isset,seen; \\\n  sid:2;)\n\
            alert tcp any any -> any any (msg:\"c\"; sid:3;)\n\
            pass tcp any any -> any any (sid:4;)\n";
        let mut finding = crate::proof::make::tests::finding("rule", "b (1:2)");
        finding.id = 1;
        let needed = rules(&[text.to_owned()], &[finding]);
        let sids: Vec<_> = needed.lines().filter_map(sid_of).collect();
        assert_eq!(sids, [1, 2, 4]);
    }
}
