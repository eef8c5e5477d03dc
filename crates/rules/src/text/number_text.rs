//! The syntax that all integer keywords share.
//!
//! `5` `=5` `!5` `!=5` `<5` `<=5` `>5` `>=5` `1-5` `1<>5` `!1-5` `&0xc0=0x80` `&0xc0!=0`, hexadecimal numbers, units
//! (`kb`, `mib`, …), names of values; for lists also which items are meant. Ranges exclude their ends.

use protocol::Enumeration;

use super::error::{Code, Fault, Parsed, meant};
use crate::NumberTest;
use crate::ir::{Items, Quantity};

/// What an integer can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) bits: u8,
    pub(crate) names: Enumeration,
}

impl Kind {
    /// A plain integer of so many bits.
    pub(crate) const fn bits(bits: u8) -> Self {
        Self { bits, names: &[] }
    }

    fn max(self) -> u64 {
        if self.bits >= 64 { u64::MAX } else { (1 << self.bits) - 1 }
    }

    /// Whether the names stand for bits rather than for values.
    fn is_flags(self) -> bool {
        self.names.len() > 1
            && self.names.iter().all(|(_, value)| value.is_power_of_two())
            && self.names.iter().any(|(_, value)| *value > 2)
    }

    fn named(self, name: &str) -> Option<u64> {
        self.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Reads a comparison.
pub(crate) fn test(text: &str, kind: Kind) -> Parsed<NumberTest> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::new(Code::Value, "a number is missing"));
    }
    if let Some(masked) = text.strip_prefix('&') {
        return mask(masked, kind);
    }
    if kind.is_flags()
        && let Some(test) = flags(text, kind)?
    {
        return Ok(test);
    }
    if let Some(value) = kind.named(text) {
        return Ok(NumberTest::Equal(value));
    }
    if let Some(value) =
        text.strip_prefix('!').and_then(|name| kind.named(name.trim_start_matches('=').trim()))
    {
        return Ok(NumberTest::NotEqual(value));
    }
    if let Some(rest) = text.strip_prefix(">=") {
        return Ok(NumberTest::GreaterEqual(number(rest, kind)?));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Ok(NumberTest::LessEqual(number(rest, kind)?));
    }
    if let Some(rest) = text.strip_prefix("!=") {
        return Ok(NumberTest::NotEqual(number(rest, kind)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        let value = number(rest, kind)?;
        let never = value == kind.max();
        return if never { Err(impossible(text)) } else { Ok(NumberTest::Greater(value)) };
    }
    if let Some(rest) = text.strip_prefix('<') {
        let value = number(rest, kind)?;
        return if value == 0 { Err(impossible(text)) } else { Ok(NumberTest::Less(value)) };
    }
    let (negated, rest) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('=').unwrap_or(text)),
    };
    if let Some((low, high)) = ends(rest) {
        return between(low, high, negated, text, kind);
    }
    let value = number(rest, kind)?;
    Ok(if negated { NumberTest::NotEqual(value) } else { NumberTest::Equal(value) })
}

/// The ends of `1-5` or `1<>5`.
pub(crate) fn ends(text: &str) -> Option<(&str, &str)> {
    text.split_once("<>").or_else(|| text.split_once('-'))
}

fn between(low: &str, high: &str, negated: bool, text: &str, kind: Kind) -> Parsed<NumberTest> {
    let (low, high) = (number(low, kind)?, number(high, kind)?);
    if high <= low.saturating_add(1) {
        return Err(Fault::new(Code::Never, format!("nothing lies between {low} and {high}"))
            .help("the ends of a range do not belong to it"));
    }
    let _ = text;
    Ok(if negated { NumberTest::NotBetween(low, high) } else { NumberTest::Between(low, high) })
}

fn impossible(text: &str) -> Fault {
    Fault::new(Code::Never, format!("no value of this keyword is {text}"))
}

fn mask(text: &str, kind: Kind) -> Parsed<NumberTest> {
    let wrong = || Fault::new(Code::Value, "a mask needs a value").help("write `&0xc0=0x80` or `&0xc0!=0`");
    let (mask, value) = text.split_once('=').ok_or_else(wrong)?;
    let (mask, negated) = match mask.trim_end().strip_suffix('!') {
        Some(mask) => (mask, true),
        None => (mask, false),
    };
    let (mask, value) = (number(mask, kind)?, number(value, kind)?);
    if value & !mask != 0 {
        return Err(Fault::new(
            Code::Never,
            format!("{value:#x} has bits that the mask {mask:#x} takes away"),
        ));
    }
    Ok(NumberTest::Masked { mask, value, negated })
}

/// Reads `fin,!comp`, `+a,b`, `*a,b`, `-a`, `=a`; `None` when it is not a list of names.
fn flags(text: &str, kind: Kind) -> Parsed<Option<NumberTest>> {
    let (modifier, list) = match text.chars().next() {
        Some(modifier @ ('+' | '*' | '-' | '=')) => (Some(modifier), &text[1..]),
        _ => (None, text),
    };
    let (mut mask, mut value) = (0, 0);
    for part in list.split(',') {
        let part = part.trim();
        let (negated, name) = match part.strip_prefix('!') {
            Some(name) => (true, name.trim()),
            None => (false, part),
        };
        let Some(bits) = kind.named(name) else {
            if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
                return Err(unnamed(name, kind));
            }
            return Ok(None);
        };
        if mask & bits != 0 {
            return Err(Fault::new(Code::Value, format!("`{name}` stands here twice")));
        }
        mask |= bits;
        value |= if negated { 0 } else { bits };
    }
    Ok(Some(match modifier {
        None | Some('+') => NumberTest::Masked { mask, value, negated: false },
        Some('*') => NumberTest::AnyBit(mask),
        Some('-') => NumberTest::Masked { mask, value, negated: true },
        Some(_) => NumberTest::Equal(value),
    }))
}

fn unnamed(name: &str, kind: Kind) -> Fault {
    let mut fault = Fault::new(Code::Value, format!("`{name}` is neither a number nor a known name"));
    fault.help = meant(name, kind.names.iter().map(|(known, _)| *known));
    if fault.help.is_none() && !kind.names.is_empty() {
        let names: Vec<&str> = kind.names.iter().take(12).map(|(known, _)| *known).collect();
        fault.help = Some(format!("known names: {}", names.join(", ")));
    }
    fault
}

/// Reads a number with unit.
pub(crate) fn number(text: &str, kind: Kind) -> Parsed<u64> {
    let text = text.trim();
    if let Some(value) = kind.named(text) {
        return Ok(value);
    }
    let (digits, unit) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(_) => (text, 1),
        None => {
            let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
            let (digits, unit) = text.split_at(end);
            let unit = match unit.trim().to_ascii_lowercase().as_str() {
                "" => 1,
                "kb" | "kib" => 1 << 10,
                "mb" | "mib" => 1 << 20,
                "gb" | "gib" => 1 << 30,
                _ => return Err(unnamed(text, kind)),
            };
            (digits, unit)
        }
    };
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    let Some(value) = value.and_then(|value: u64| value.checked_mul(unit)) else {
        return Err(unnamed(text, kind));
    };
    if value > kind.max() {
        return Err(Fault::new(Code::Value, format!("{value} is more than {}", kind.max())));
    }
    Ok(value)
}

/// Reads a comparison of a list: `value[,which[,part]]`, or `count…`.
pub(crate) fn list_test(text: &str, kind: Kind) -> Parsed<(NumberTest, Items)> {
    if let Some(count) = text.trim().strip_prefix("count") {
        let quantity = Quantity::Count(test(count, Kind::bits(32))?);
        return Ok((NumberTest::Any, Items { quantity, part: None }));
    }
    // Names of bits are separated by commas themselves.
    if kind.is_flags()
        && let Ok(test) = test(text, kind)
    {
        return Ok((test, Items::default()));
    }
    let mut parts = text.splitn(3, ',');
    let test = test(parts.next().unwrap_or_default(), kind)?;
    let quantity = parts.next().map_or(Ok(Quantity::Any), |text| quantity(text.trim()))?;
    let part = parts.next().map(|text| part(text.trim())).transpose()?;
    Ok((test, Items { quantity, part }))
}

fn quantity(text: &str) -> Parsed<Quantity> {
    let index = |text: &str| {
        text.trim().parse().map_err(|_| {
            Fault::new(Code::Value, format!("`{text}` does not say which items"))
                .help("write any, all, all_or_absent, or_absent, nb>2, an index, or oob_or and an index")
        })
    };
    Ok(match text {
        "any" | "" => Quantity::Any,
        "all" | "all1" => Quantity::All,
        "all_or_absent" => Quantity::AllOrAbsent,
        "or_absent" => Quantity::AnyOrAbsent,
        _ => {
            if let Some(count) = text.strip_prefix("nb") {
                Quantity::Count(test(count, Kind::bits(32))?)
            } else if let Some(position) = text.strip_prefix("oob_or") {
                Quantity::AtOrBeyond(index(position)?)
            } else {
                Quantity::At(index(text)?)
            }
        }
    })
}

fn part(text: &str) -> Parsed<(i32, i32)> {
    let ends = text
        .split_once(':')
        .and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
    ends.ok_or_else(|| {
        Fault::new(Code::Value, format!("`{text}` is not a part of a list")).help("write for example `1:-1`")
    })
}
