//! Conditions of rules in their running form, in words.

use std::fmt::Write as _;

use protocol::ProtocolId;

use super::explain::{number, packet, pattern};
use crate::RuleSet;
use crate::ir::{Place, Value};
use crate::op::{Content, Op};
use crate::sig::{Test, What};

/// A condition on packet or flow.
pub(crate) fn test(test: &Test, rules: &RuleSet) -> String {
    let names = &rules.names;
    let bits = |bits: &[u32]| bits.iter().map(|bit| names.bits.name(*bit)).collect::<Vec<_>>().join(" or ");
    match test {
        Test::Packet(test) => packet(test),
        Test::BitsSet(set) => format!("the flowbit {} is set", bits(set)),
        Test::BitsNotSet(set) => format!("the flowbit {} is not set", bits(set)),
        Test::IntIs { name, test, .. } => format!("the flowint {} {}", names.ints.name(*name), number(*test)),
        Test::IntSet(name) => format!("the flowint {} is set", names.ints.name(*name)),
        Test::IntNotSet(name) => format!("the flowint {} is not set", names.ints.name(*name)),
        Test::Xbit { bit, track, set } => {
            let not = if *set { "" } else { "not " };
            format!("the bit {} of {track:?} is {not}set", names.xbits.name(*bit))
        }
        Test::Flowvar { name, bytes, negated } | Test::Pktvar { name, bytes, negated } => {
            let not = if *negated { "does not contain" } else { "contains" };
            format!("the variable {} {not} {}", names.vars.name(*name), pattern(bytes))
        }
    }
}

/// What a step looks at.
pub(crate) fn subject(protocol: ProtocolId, what: &What) -> String {
    match what {
        What::Bytes { field, .. } | What::Number { field, .. } => {
            (Place { protocol, field: *field }).field().name.to_owned()
        }
        What::FileData(_) => "file.data".to_owned(),
        What::FileName(_) => "file.name".to_owned(),
        What::FileMagic(_) => "file.magic".to_owned(),
        What::Stream(_) => "the stream".to_owned(),
        What::FileSize(_) | What::Hashes(_) | What::AnyFile => "a file".to_owned(),
        What::Custom { .. } | What::Event(_) | What::State { .. } | What::Reached => {
            "the transaction".to_owned()
        }
    }
}

/// What a step asks, as far as it is not about bytes.
pub(crate) fn condition(protocol: ProtocolId, what: &What) -> String {
    match what {
        What::Bytes { part, .. } if part.absent == crate::ir::Absent::Required => "it is absent".to_owned(),
        What::Bytes { .. } | What::FileData(_) | What::FileName(_) | What::FileMagic(_) | What::Stream(_) => {
            "its conditions hold".to_owned()
        }
        What::Number { test, .. } => number(*test),
        What::Custom { condition, negated } => {
            let not = if *negated { "not " } else { "" };
            format!("{not}{condition:?}")
        }
        What::Event(code) => {
            let name = protocol::get(protocol).events.get(usize::from(*code)).copied().unwrap_or_default();
            format!("the event {name} was raised")
        }
        What::State { test, .. } => format!("its state {}", number(*test)),
        What::FileSize(test) => format!("its size {}", number(*test)),
        What::Hashes(hashes) => format!("its {:?} is in a list", hashes.kind),
        What::AnyFile => "there is one".to_owned(),
        What::Reached => "the hook is reached".to_owned(),
    }
}

/// An operation on bytes.
pub(crate) fn operation(op: &Op, rules: &RuleSet) -> String {
    match op {
        Op::Content(one) => content(one),
        Op::Pcre(pcre) => {
            let not = if pcre.negated { "!" } else { "" };
            format!("pcre {not}/{}/", pcre.pattern.source())
        }
        Op::IsDataAt { at, relative, negated } => {
            let (not, from) = (if *negated { "!" } else { "" }, if *relative { ",relative" } else { "" });
            format!("isdataat {not}{}{from}", value(*at))
        }
        Op::ByteTest(test) => {
            let not = if test.negated { "not " } else { "" };
            let (bytes, offset) = (value(test.bytes), value(test.offset));
            format!("byte_test {bytes} bytes at {offset}: {not}{:?} {}", test.operator, value(test.value))
        }
        Op::ByteJump(jump) => format!("byte_jump {} bytes at {}", value(jump.bytes), value(jump.offset)),
        Op::ByteExtract(from) => {
            format!("byte_extract {} bytes at {}", value(from.bytes), value(from.offset))
        }
        Op::ByteMath(math) => format!("byte_math {} bytes at {}", value(math.bytes), value(math.offset)),
        Op::Size(test) => format!("its length {}", number(*test)),
        Op::Entropy { operator, value, negated, .. } => {
            let not = if *negated { "not " } else { "" };
            format!("its entropy is {not}{operator:?} {value}")
        }
        Op::Base64 { then, .. } => {
            let inner: Vec<String> = then.iter().map(|op| operation(op, rules)).collect();
            format!("base64_decode, and in that: {}", inner.join("; "))
        }
        Op::Asn1(_) => "asn1".to_owned(),
        Op::Dataset { set, command, .. } => {
            let name = rules.names.datasets.get(*set as usize).map_or("", |set| set.name.as_str());
            format!("dataset {command:?} {name}")
        }
        Op::Datarep { set, test } => {
            let name = rules.names.datasets.get(*set as usize).map_or("", |set| set.name.as_str());
            format!("datarep {name}: {}", number(*test))
        }
    }
}

fn value(value: Value) -> String {
    match value {
        Value::Is(number) => number.to_string(),
        Value::Var(var) => format!("variable {var}"),
    }
}

fn content(content: &Content) -> String {
    let not = if content.negated { "!" } else { "" };
    let mut out = format!("content {not}{}", pattern(&content.bytes));
    if content.nocase {
        out.push_str(" nocase");
    }
    for (name, given) in [
        ("offset", content.offset),
        ("depth", content.depth),
        ("distance", content.distance),
        ("within", content.within),
    ] {
        if let Some(given) = given {
            let _ = write!(out, " {name} {}", value(given));
        }
    }
    if content.endswith {
        out.push_str(" endswith");
    }
    out
}
