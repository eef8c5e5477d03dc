//! `requires:`: what a rule demands of the engine. A rule whose demands are not met is left out, which is no error.

use crate::text::error::{Code, Fault, Parsed};

/// The Suricata version whose language and behaviour this is.
pub const VERSION: [u8; 3] = [9, 0, 0];

/// Why a rule is left out; `None` when all demands are met.
///
/// # Errors
/// When the demands cannot be read.
pub(crate) fn unmet(value: &str, features: &[&str], known: &dyn Fn(&str) -> bool) -> Parsed<Option<String>> {
    let mut reason = None;
    for demand in value.split(',') {
        let demand = demand.trim();
        let (kind, rest) = demand.split_once(char::is_whitespace).unwrap_or((demand, ""));
        let rest = rest.trim();
        let missing = match kind {
            "version" => version(rest)?,
            "feature" if !rest.is_empty() => {
                (!features.contains(&rest)).then(|| format!("needs the feature {rest}"))
            }
            "keyword" if !rest.is_empty() => (!known(rest)).then(|| format!("needs the keyword {rest}")),
            "feature" | "keyword" => {
                return Err(Fault::new(Code::Value, format!("`{kind}` needs a name")));
            }
            "" => return Err(Fault::new(Code::Value, "a demand is empty")),
            other => Some(format!("needs `{other}`, which is not known")),
        };
        reason = reason.or(missing);
    }
    Ok(reason)
}

fn version(text: &str) -> Parsed<Option<String>> {
    if text.is_empty() {
        return Err(bad_version(text));
    }
    let mut any = false;
    for alternative in text.split('|') {
        any |= all_hold(alternative.trim(), text)?;
    }
    Ok((!any).then(|| format!("needs version {text}")))
}

/// Whether every comparison of one alternative holds: `>= 7.0.3 < 8`.
fn all_hold(alternative: &str, text: &str) -> Parsed<bool> {
    let mut rest = alternative;
    let mut all = true;
    let mut count = 0;
    while !rest.is_empty() {
        let operator_len = rest.bytes().take_while(|byte| matches!(byte, b'<' | b'>' | b'=')).count();
        let (operator, after) = rest.split_at(operator_len);
        let after = after.trim_start();
        let number_len =
            after.bytes().take_while(|byte| !byte.is_ascii_whitespace() && !b"<>=".contains(byte)).count();
        let (number, after) = after.split_at(number_len);
        let wanted = numbers(number).ok_or_else(|| bad_version(text))?;
        all &= match operator {
            ">=" => VERSION >= wanted,
            ">" => VERSION > wanted,
            "<=" => VERSION <= wanted,
            "<" => VERSION < wanted,
            _ => return Err(bad_version(text)),
        };
        count += 1;
        rest = after.trim_start();
    }
    if count == 0 { Err(bad_version(text)) } else { Ok(all) }
}

fn numbers(text: &str) -> Option<[u8; 3]> {
    let mut version = [0; 3];
    let mut parts = text.split('-').next()?.split('.');
    for (place, index) in version.iter_mut().zip(0..) {
        match parts.next() {
            Some(part) => *place = part.parse().ok()?,
            None if index > 0 => break,
            None => return None,
        }
    }
    parts.next().is_none().then_some(version)
}

fn bad_version(text: &str) -> Fault {
    Fault::new(Code::Value, format!("`{text}` is not a demand for a version"))
        .help("write `version >= 8.0.0`, or `version >= 7.0.3 < 8 | >= 8.0.1`")
}
