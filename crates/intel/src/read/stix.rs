//! STIX 2.1 bundles: the `indicator` objects and their patterns (OASIS STIX 2.1 §4.7, §9).

use serde_json::Value;

use super::{About, Reading, line_of, seconds};
use crate::indicator::Kind;

/// Whether a document is a bundle, or a list of STIX objects.
pub(super) fn is(document: &Value) -> bool {
    document["type"] == "bundle"
        || document["type"] == "indicator"
        || document.as_array().is_some_and(|list| list.iter().any(|object| object["type"] == "indicator"))
}

/// Reads every indicator.
pub(super) fn read(document: &Value, text: &str, reading: &mut Reading) {
    let single = std::slice::from_ref(document);
    let objects = document["objects"].as_array().or(document.as_array()).map_or(single, Vec::as_slice);
    // Who made an indicator stands in an object of its own.
    let makers: Vec<(&str, &str)> = objects
        .iter()
        .filter(|object| object["type"] == "identity")
        .filter_map(|object| Some((object["id"].as_str()?, object["name"].as_str()?)))
        .collect();
    for object in objects.iter().filter(|object| object["type"] == "indicator") {
        let id = object["id"].as_str().unwrap_or_default();
        let line = line_of(text, id);
        let pattern = object["pattern"].as_str().unwrap_or_default();
        if object["pattern_type"].as_str().is_some_and(|kind| kind != "stix") {
            reading
                .fault(line, format!("{id}: patterns of type {} cannot be matched", object["pattern_type"]));
            continue;
        }
        let maker = object["created_by_ref"].as_str();
        let maker = makers.iter().find(|(id, _)| Some(*id) == maker).map_or("", |(_, name)| name);
        let about = About {
            confidence: object["confidence"].as_u64().and_then(|number| u8::try_from(number.min(100)).ok()),
            expires: object["valid_until"].as_str().and_then(seconds),
            source: maker.to_owned(),
            note: object["name"].as_str().unwrap_or_default().to_owned(),
        };
        if object["revoked"] == true {
            continue;
        }
        match comparisons(pattern) {
            Ok(list) => {
                for (kind, value) in list {
                    reading.take(line, Some(kind), &value, &about);
                }
            }
            Err(cause) => reading.fault(line, format!("{id}: {cause}")),
        }
    }
}

/// The comparisons of a pattern, any of which makes it match.
///
/// # Errors
/// What of the pattern language is used that cannot be honoured.
fn comparisons(pattern: &str) -> Result<Vec<(Kind, String)>, String> {
    let tokens = tokens(pattern)?;
    let mut list = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Token::Word(path) = &tokens[at] else {
            at += 1;
            continue;
        };
        if path == "OR" {
            at += 1;
            continue;
        }
        if matches!(path.as_str(), "AND" | "NOT" | "FOLLOWEDBY" | "WITHIN" | "REPEATS" | "START" | "STOP") {
            return Err(format!(
                "`{path}` in the pattern asks for more than one observation; such patterns cannot be matched"
            ));
        }
        let operator = tokens.get(at + 1);
        let values: Vec<&String> = tokens[at + 1..]
            .iter()
            .skip(1)
            .map_while(|token| match token {
                Token::Text(text) => Some(Some(text)),
                Token::Mark('(' | ',') => Some(None),
                _ => None,
            })
            .flatten()
            .collect();
        let known = matches!(operator, Some(Token::Mark('=')))
            || matches!(operator, Some(Token::Word(word)) if word == "IN" || word == "ISSUBSET");
        if !known || values.is_empty() {
            return Err(format!(
                "the comparison of `{path}` cannot be matched; `=`, `IN` and `ISSUBSET` can"
            ));
        }
        let kind = kind(path).ok_or_else(|| format!("`{path}` cannot be matched"))?;
        list.extend(values.iter().map(|value| (kind, (*value).clone())));
        at += 2 + values.len();
    }
    if list.is_empty() { Err("the pattern compares nothing".to_owned()) } else { Ok(list) }
}

fn kind(path: &str) -> Option<Kind> {
    let path = path.to_ascii_lowercase();
    Some(match path.as_str() {
        "ipv4-addr:value"
        | "ipv6-addr:value"
        | "network-traffic:dst_ref.value"
        | "network-traffic:src_ref.value" => Kind::Address,
        "domain-name:value" | "hostname:value" => Kind::Domain,
        "url:value" => Kind::Url,
        _ if path.starts_with("file:hashes.") || path.starts_with("x509-certificate:hashes.") => Kind::Hash,
        _ if path.contains("ja3") || path.contains("ja4") => Kind::Fingerprint,
        _ => return None,
    })
}

enum Token {
    /// A path, an operator or a keyword.
    Word(String),
    /// A quoted value.
    Text(String),
    Mark(char),
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => tokens.push(Token::Text(quoted(&mut letters)?)),
            '[' | ']' | '(' | ')' | ',' | '=' => tokens.push(Token::Mark(letter)),
            letter if letter.is_whitespace() => {}
            letter => {
                let mut word = String::from(letter);
                while let Some(next) =
                    letters.next_if(|next| !next.is_whitespace() && !"[]()=,".contains(*next))
                {
                    // Keys of hashes are quoted inside the path: file:hashes.'SHA-256'.
                    if next == '\'' {
                        word.push_str(&quoted(&mut letters)?);
                    } else {
                        word.push(next);
                    }
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn quoted(letters: &mut impl Iterator<Item = char>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match letters.next() {
            Some('\'') => return Ok(text),
            Some('\\') => text.extend(letters.next()),
            Some(letter) => text.push(letter),
            None => return Err("a quote in the pattern does not close".to_owned()),
        }
    }
}
