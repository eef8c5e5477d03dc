//! Whatever a detector can say has a line in every language: read from the source of the detectors themselves, so that a new
//! one without its lines is found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

/// A text in the source of a detector.
#[derive(Debug)]
struct Literal {
    file: String,
    line: usize,
    text: String,
}

/// Files of `behave` that say nothing to anybody.
const SILENT: &[&str] =
    &["lib.rs", "knob.rs", "table.rs", "samples.rs", "metamorphic.rs", "metamorphic_channels.rs"];

/// What a term's name follows.
const BEFORE_A_NAME: &[&str] = &["term(", "fact(", "deed(", "add("];

/// Texts that are looked for, not said; and panics.
const NOT_SAID: &[&str] = &[
    "the list itself would make every entry of a table larger",
    "internet widgits pty ltd",
    "default company ltd",
    "global security",
    "cn=domain admins",
    "Microsoft Windows [",
    "Windows PowerShell",
    "nmap scripting engine",
    "invalid password",
    "httpx -",
    "powershell -",
    "net user",
    "into outfile",
    "into dumpfile",
    "waitfor delay",
    "drop table",
    "insert into",
    "delete from",
    "order by 1--",
    "Mozilla/5.0 (",
    "having 1=1",
    "select * from",
    "<%@ page",
    "<img src=",
    "<body onload",
    "' onerror=",
    "\" onerror=",
    "PS C:\\",
    "certificate {print}",
    "it was there a line ago",
    "a detector has at most {DEEDS_MAX} deeds",
    "a detector has at most {WAYS_MAX} ways",
    "the shipped model is complete; a test reads it",
    // Features of the model of letters.
    "worst pairs",
    "consonant run",
    "different letters",
    "long without vowel",
];

/// Pieces that sentences are put together from, each with one that is.
const PIECES: &[(&str, &str)] = &[
    ("{server} port {port}", "10.0.0.2 calls 10.0.0.5 port 80 every 60.0 s ± 1.0 s, 9 times"),
    ("a bare connection", "by a bare connection: 4111…1111"),
    ("by {way}: {}", "by http: 4111…1111"),
    (
        "{server} port {port} shows an odd certificate, `{}`: {}",
        "192.0.2.1 port 443 shows an odd certificate, `CN=a`: signed by itself, age, days, port",
    ),
    ("{} ({name})", "10.0.0.2 fetched a program (exe) from 192.0.2.1 (a.example) port 80 as /a"),
    (
        "{server} ({name})",
        "10.0.0.2 takes orders in HTTP from 192.0.2.1 (a.example) port 80: 9 exchanges, 8 posts, mostly /a",
    ),
    ("{} {} by {}", "address 192.0.2.1 by feed.csv"),
    (
        "{victim} {does} {}, known bad by {}{note}",
        "10.0.0.2 talked to 192.0.2.1, known bad by feed.csv, a botnet",
    ),
    ("a mailbox", "mail for a mailbox is passed on to box@drop.example: 9 mails"),
    ("{} mailboxes", "mail for 3 mailboxes is passed on to box@drop.example: 9 mails"),
    ("asked for", "10.0.0.2 asked for evil.example, known bad by feed.csv"),
    ("was called by", "10.0.0.2 was called by 192.0.2.1, known bad by feed.csv"),
    ("talked to", "10.0.0.2 talked to 192.0.2.1, known bad by feed.csv"),
    (
        "{victim} was sent {} that YARA rules know: {rules}{note}",
        "10.0.0.2 was sent a.exe that YARA rules know: packed, known (a loader)",
    ),
    ("a file", "10.0.0.2 was sent a file that YARA rules know: packed"),
    (", which then logs in at it", "10.0.0.2 has an event log opened by 10.0.0.3, which then logs in at it"),
    ("{} {} {}{back}", "10.0.0.2 has a printer driver loaded by 10.0.0.3"),
    ("{address} explores the domain: {}", "10.0.0.2 explores the domain: accounts and groups, shares"),
    (
        "claims to be a browser towards {server} but shakes hands like none ({})",
        "10.0.0.2 claims to be a browser towards 192.0.2.1 but shakes hands like none (no TLS 1.3, no HTTP/2)",
    ),
    (
        "calls itself `{}` towards {server}: {strange}",
        "10.0.0.2 calls itself `Mozilla/6.0` towards 192.0.2.1: letters without sense",
    ),
    (
        "has a TLS client that speaks to {server} alone ({})",
        "10.0.0.2 has a TLS client that speaks to 192.0.2.1 alone (t12d)",
    ),
    ("{client} {what}", "10.0.0.2 has a TLS client that speaks to 192.0.2.1 alone (t12d)"),
    (
        "names of no domain",
        "10.0.0.2 sends data in names of no domain: 7 names and their answers carried 700 bytes",
    ),
    (
        "names below {name}",
        "10.0.0.2 sends data in names below a.example: 7 names and their answers carried 700 bytes",
    ),
    (
        "{client} sends data in {below}: {names} names and their answers carried {carried} bytes",
        "10.0.0.2 sends data in names below a.example: 7 names and their answers carried 700 bytes",
    ),
    ("{source} sends {destination} {}", "10.0.0.2 sends 10.0.0.3 fragments that overlap"),
    (
        "{address} is flooded: {count} {what} within ten seconds, from about {sources:.0} sources",
        "10.0.0.2 is flooded: 9000 half-open connections within ten seconds, from about 80 sources",
    ),
    ("{what}: none of them was answered to the end", "ICMP messages: none of them was answered to the end"),
    ("first of {count} {what}", "first of 9000 requests that are never finished"),
    (
        "; then one login was accepted",
        "10.0.0.2 guesses passwords of 10.0.0.5 (ssh port 22), 36 tries; then one login was accepted",
    ),
    (
        "{client} guesses passwords of {server} ({} port {port}), {tries:.0} tries{ending}",
        "10.0.0.2 guesses passwords of 10.0.0.5 (ssh port 22), 36 tries",
    ),
    ("{address} {lead} at {server}", "10.0.0.2 is refused for wrong passwords 12 times at 10.0.0.5"),
    (
        "tries {users:.0} user names and is refused {refused:.0} times",
        "10.0.0.2 tries 12 user names and is refused 13 times at 10.0.0.5",
    ),
    (
        "is refused for wrong passwords {wrong:.0} times",
        "10.0.0.2 is refused for wrong passwords 12 times at 10.0.0.5",
    ),
    (
        "collects RC4 tickets of {services:.0} services",
        "10.0.0.2 collects RC4 tickets of 9 services at 10.0.0.5",
    ),
    (
        "gets answers for {unproven:.0} accounts without pre-authentication",
        "10.0.0.2 gets answers for 2 accounts without pre-authentication at 10.0.0.5",
    ),
    (
        "logs in {downgrades:.0} accounts with RC4 although the domain has AES",
        "10.0.0.2 logs in 1 accounts with RC4 although the domain has AES at 10.0.0.5",
    ),
    (
        "{} {name}, which passes itself off as {of}: {}",
        "10.0.0.2 visited bаnk.example, which passes itself off as bank.example: letters that look the same",
    ),
    (
        "{client} visited",
        "10.0.0.2 visited bamk.example, which passes itself off as bank.example: a typing error",
    ),
    (
        "{client} asked for",
        "10.0.0.2 asked for bank-login.example, which passes itself off as bank.example: the name with a lure",
    ),
    (
        "somebody asked for",
        "somebody asked for bank.example.test, which passes itself off as bank.example: the name in front of another domain",
    ),
    ("{} of {of}", "the name in front of another domain of bank.example"),
    ("{} uses {name}, {kind}{}", "10.0.0.2 uses a.dyn.example, a dynamic name, and is alone in that"),
    (
        ", and is alone in that",
        "somebody uses xkqz.example, a name that looks generated, and is alone in that",
    ),
    ("a name that looks generated", "10.0.0.2 uses xkqz.example, a name that looks generated"),
    ("loads a program from", "10.0.0.2 loads a program from 192.0.2.1 port 4444: 9 bytes out, 9000 bytes in"),
    ("serves a shell to", "10.0.0.2 serves a shell to 192.0.2.1 port 4444: 9000 bytes out, 9 bytes in"),
    (
        "is controlled over a bare connection from",
        "10.0.0.2 is controlled over a bare connection from 192.0.2.1 port 4444: 9 bytes out, 9 bytes in",
    ),
    (
        "{client} {what} {server} port {port}: {} bytes out, {} bytes in",
        "10.0.0.2 serves a shell to 192.0.2.1 port 4444: 9000 bytes out, 9 bytes in",
    ),
    (
        ", and {others} further means of running something there",
        "10.0.0.2 makes a service on 10.0.0.3, and 2 further means of running something there",
    ),
    ("{} {} {}{more}", "10.0.0.2 runs PowerShell on 10.0.0.3"),
    ("{host} uses {tool}{name}", "10.0.0.2 uses remote administration (relay.example)"),
    ("{} of {} tries led to nothing", "192.0.2.1 tried 254 hosts on one port; 9 of 10 tries led to nothing"),
    (
        "tried {} hosts on one port; {nothing}",
        "192.0.2.1 tried 254 hosts on one port; 9 of 10 tries led to nothing",
    ),
    (
        "tried {} ports of a host; {nothing}",
        "192.0.2.1 tried 99 ports of a host; 9 of 10 tries led to nothing",
    ),
    ("pinged {pinged} hosts once or twice", "192.0.2.1 pinged 254 hosts once or twice"),
    (
        "began {} conversations with flags that no system sends",
        "192.0.2.1 began 9 conversations with flags that no system sends",
    ),
    ("{address} {what}", "192.0.2.1 pinged 254 hosts once or twice"),
    (
        ", which signs its own certificate",
        "10.0.0.2 keeps an encrypted channel to 192.0.2.1 port 443, which signs its own certificate: 9 connections, 9 bytes out, 9 bytes in",
    ),
    ("{client} tries {} on {server}{name}", "192.0.2.1 tries a web shell on 10.0.0.5 (shop.example)"),
];

#[test]
fn whatever_a_detector_can_say_has_a_line_in_every_language() {
    let literals = literals();
    assert!(literals.len() > 600, "the source is read: {} texts", literals.len());
    for language in Language::ALL {
        let words = Words::new(language);
        let mut missing = Vec::new();
        for literal in &literals {
            let text = &literal.text;
            if NOT_SAID.contains(&text.as_str()) {
                continue;
            }
            let whole = PIECES.iter().find(|(piece, _)| piece == text).map(|(_, whole)| *whole);
            let sample = whole.map_or_else(|| with_places_filled(text), str::to_owned);
            // What a host does to another has its line with both; all else has one of its own.
            let deed = format!("10.0.0.2 {sample} 10.0.0.3");
            let is_fixed = whole.is_none() && !text.contains('{');
            // English takes any sentence as it is: that it has a line is told by what reads it.
            let own = if is_fixed { words.fixed.contains_key(text.as_str()) } else { reads(&words, &sample) };
            let of_both = is_fixed && !own && reads(&words, &deed) && words.say(&deed).is_translated;
            let is_said = of_both || (own && words.say(&sample).is_translated);
            if !is_said {
                missing.push(format!("{}:{}: {sample}", literal.file, literal.line));
            }
        }
        assert!(
            missing.is_empty(),
            "{} sentences of detectors have no line `say.…` in {}.txt (pieces of a sentence go to PIECES, what is not said to NOT_SAID): {missing:#?}",
            missing.len(),
            language.tag()
        );
    }
}

#[test]
fn every_piece_and_exception_is_still_in_the_source() {
    let literals = literals();
    let texts: BTreeSet<&str> = literals.iter().map(|literal| literal.text.as_str()).collect();
    let listed = PIECES.iter().map(|(piece, _)| *piece).chain(NOT_SAID.iter().copied());
    let gone: Vec<&str> = listed.filter(|text| !texts.contains(text)).collect();
    assert!(gone.is_empty(), "no detector has these any more: {gone:#?}");
}

/// The texts of all that finds.
fn literals() -> Vec<Literal> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut literals = Vec::new();
    let behave = crates.join("behave/src");
    read_folder(&behave, &behave, &mut literals);
    for name in ["intel/src/watch.rs", "engine/src/carried.rs"] {
        read_source(name, &std::fs::read_to_string(crates.join(name)).expect("it is text"), &mut literals);
    }
    literals
}

fn reads(words: &Words, sentence: &str) -> bool {
    words.fixed.contains_key(sentence)
        || words.sentences.iter().any(|(_, template)| template.read(sentence).is_some())
}

/// A text with a number in each of its places.
fn with_places_filled(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push('7');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled + rest
}

fn read_folder(folder: &Path, root: &Path, out: &mut Vec<Literal>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it is read").path())
        .collect();
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(root).expect("it lies below").display().to_string();
        if path.is_dir() {
            read_folder(&path, root, out);
        } else if name.ends_with(".rs") && !name.contains("tests") && !SILENT.contains(&name.as_str()) {
            let source = std::fs::read_to_string(&path).expect("it is text");
            read_source(&name, &source, out);
        }
    }
}

/// The texts of a source file that somebody may be told: those with a blank, and names of terms. What a detector declares of
/// itself is not said in reports, nor are its tests.
fn read_source(file: &str, source: &str, out: &mut Vec<Literal>) {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let bytes = source.as_bytes();
    // Braces that are open within a `Description`; 0: outside.
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                at += source[at..].find('\n').unwrap_or(bytes.len() - at);
            }
            b'\'' => at += letter_len(&source[at..]),
            b'"' => {
                let (text, len) = text_of(&source[at + 1..]);
                let before = source[..at].trim_end();
                let is_name = BEFORE_A_NAME.iter().any(|word| before.ends_with(word));
                // The first text of a description is the detector's name.
                let is_detector = depth == 1 && before.ends_with("Description {\n    name:");
                if (depth == 0 || is_detector)
                    && (is_detector || is_name || text.trim().contains(' '))
                    && text.contains(|letter: char| letter.is_alphabetic())
                {
                    let line = 1 + source[..at].matches('\n').count();
                    out.push(Literal { file: file.to_owned(), line, text });
                }
                at += 1 + len;
            }
            b'{' if depth > 0 || source[..at].trim_end().ends_with("Description = Description") => {
                depth += 1;
                at += 1;
            }
            b'}' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Bytes of a letter in single quotes, or of the tick of a lifetime.
fn letter_len(source: &str) -> usize {
    let mut letters = source.char_indices().skip(1);
    match (letters.next(), letters.next(), letters.next()) {
        (Some((_, '\\')), Some(_), _) => source[3..].find('\'').map_or(1, |end| end + 4),
        (Some(_), Some((end, '\'')), _) => end + 1,
        _ => 1,
    }
}

/// A text up to its closing quotes, and how many bytes of source that is with them.
fn text_of(source: &str) -> (String, usize) {
    let mut text = String::new();
    let mut letters = source.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (text, at + 1),
            '\\' => match letters.next() {
                Some((_, '\n')) => while letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {},
                Some((_, 'n')) => text.push('\n'),
                Some((_, other)) => text.push(other),
                None => {}
            },
            _ => text.push(letter),
        }
    }
    (text, source.len())
}
