//! A rule in words: what it looks for, in which order, and what it does then.

use std::fmt::Write as _;

use crate::NumberTest;
use crate::ir::{
    Absent, ByteFormat, Content, Endian, FlowState, Hook, Inspection, Items, JumpFrom, Late, MathOperator,
    Op, PacketTest, PostAction, Quantity, Rule, Subject, Target, TestOperator, ThresholdKind, Track,
    TransactionTest, Value,
};

/// Addresses and ports printed of one set at most, in characters.
const SET_CHARS_MAX: usize = 120;

/// Several lines about a rule.
pub fn explain(rule: &Rule) -> String {
    let mut out = String::new();
    let meta = &rule.meta;
    let _ = writeln!(out, "rule {}:{} revision {}: {}", meta.gid, meta.sid, meta.rev, meta.msg);
    let class = if meta.category.is_empty() {
        "without class".to_owned()
    } else {
        format!("{} ({})", meta.category, meta.class)
    };
    let silent = if meta.noalert { ", without an alert" } else { "" };
    let _ = writeln!(out, "does: {:?}{silent}; priority {}, {class}", rule.action.verb, meta.priority);
    header(rule, &mut out);
    for test in &rule.packet {
        let _ = writeln!(out, "and:  {}", packet(test));
    }
    for inspection in &rule.inspections {
        buffer(rule, inspection, &mut out);
    }
    for test in &rule.transaction {
        let _ = writeln!(out, "and:  {}", transaction(test));
    }
    for hashes in &rule.hashes {
        let (not, count) = (if hashes.negated { "none" } else { "one" }, hashes.digests.len());
        let _ = writeln!(out, "and:  the {:?} of the file is {not} of {count} in a list", hashes.kind);
    }
    for late in &rule.late {
        let _ = writeln!(out, "but:  {}", counted(late));
    }
    for action in &rule.post {
        let _ = writeln!(out, "then: {}", afterwards(action));
    }
    match meta.target {
        Some(Target::Source) => out.push_str("the source is the target\n"),
        Some(Target::Destination) => out.push_str("the destination is the target\n"),
        None => {}
    }
    for reference in &meta.references {
        let _ = writeln!(out, "see:  {reference}");
    }
    out
}

fn cut(text: String) -> String {
    if text.chars().count() <= SET_CHARS_MAX {
        return text;
    }
    let mut short: String = text.chars().take(SET_CHARS_MAX).collect();
    short.push('…');
    short
}

fn header(rule: &Rule, out: &mut String) {
    let header = &rule.header;
    let apps: Vec<&str> = header.apps.iter().map(|id| protocol::get(*id).name).collect();
    let transport = if header.proto.any {
        "IP".to_owned()
    } else {
        let numbers: Vec<String> = (0..=255u8)
            .filter(|number| header.proto.has(*number))
            .map(|number| match number {
                1 => "ICMP".to_owned(),
                6 => "TCP".to_owned(),
                17 => "UDP".to_owned(),
                58 => "ICMPv6".to_owned(),
                132 => "SCTP".to_owned(),
                other => format!("protocol {other}"),
            })
            .collect();
        numbers.join(" or ")
    };
    let end = |addresses: &crate::AddressSet, ports: &crate::PortSet| {
        let addresses = if addresses.is_any() { "anyone".to_owned() } else { cut(addresses.to_string()) };
        if ports.is_any() { addresses } else { format!("{addresses} port {}", cut(ports.to_string())) }
    };
    let (from, to) = (end(&header.src, &header.src_ports), end(&header.dst, &header.dst_ports));
    let over = if apps.is_empty() { transport } else { format!("{} over {transport}", apps.join(" or ")) };
    let way = if header.either_way { ", either way" } else { "" };
    let both = if header.both_sides { "; request and response are looked at together" } else { "" };
    let _ = writeln!(out, "when: {over} from {from} to {to}{way}{both}");
    match header.hook {
        Some(Hook::App { name, .. }) => drop(writeln!(out, "at:   {name}")),
        Some(hook) => drop(writeln!(out, "at:   {hook:?}")),
        None => {}
    }
}

pub(super) fn number(test: NumberTest) -> String {
    match test {
        NumberTest::Equal(value) => format!("is {value}"),
        NumberTest::NotEqual(value) => format!("is not {value}"),
        NumberTest::Less(value) => format!("is less than {value}"),
        NumberTest::LessEqual(value) => format!("is at most {value}"),
        NumberTest::Greater(value) => format!("is more than {value}"),
        NumberTest::GreaterEqual(value) => format!("is at least {value}"),
        NumberTest::Between(low, high) => format!("lies between {low} and {high}, both excluded"),
        NumberTest::NotBetween(low, high) => format!("is {low} or less, or {high} or more"),
        NumberTest::Masked { mask, value, negated: false } => {
            format!("has of the bits {mask:#x} exactly {value:#x}")
        }
        NumberTest::Masked { mask, value, negated: true } => {
            format!("has of the bits {mask:#x} not {value:#x}")
        }
        NumberTest::AnyBit(mask) => format!("has one of the bits {mask:#x}"),
        NumberTest::Any => "is there".to_owned(),
    }
}

fn items(items: Items) -> String {
    let which = match items.quantity {
        Quantity::Any => String::new(),
        Quantity::All => ", for all of at least one".to_owned(),
        Quantity::AllOrAbsent => ", for all".to_owned(),
        Quantity::AnyOrAbsent => ", for one, or there is none".to_owned(),
        Quantity::At(index) => format!(", for number {index}"),
        Quantity::AtOrBeyond(index) => format!(", for number {index}, if there is one"),
        Quantity::Count(test) => format!(", and the number of such {}", number(test)),
    };
    match items.part {
        Some((from, to)) => format!("{which}, from {from} to before {to}"),
        None => which,
    }
}

pub(super) fn packet(test: &PacketTest) -> String {
    match test {
        PacketTest::Flow(flow) => {
            let mut words = Vec::new();
            match flow.direction {
                Some(model::Direction::ToServer) => words.push("goes to the server"),
                Some(model::Direction::ToClient) => words.push("goes to the client"),
                None => {}
            }
            match flow.state {
                FlowState::Any => {}
                FlowState::Established => words.push("belongs to an established flow"),
                FlowState::NotEstablished => words.push("belongs to no established flow"),
            }
            match flow.stream {
                Some(true) => words.push("is part of the stream"),
                Some(false) => words.push("is not part of the stream"),
                None => {}
            }
            if words.is_empty() {
                words.push("belongs to a flow");
            }
            format!("the packet {}", words.join(" and "))
        }
        PacketTest::Dsize(test) => format!("the length of the payload {}", number(*test)),
        PacketTest::FlowbitsSet(bits) => format!("the flowbit {} is set", bits.join(" or ")),
        PacketTest::FlowbitsNotSet(bits) => format!("the flowbit {} is not set", bits.join(" or ")),
        PacketTest::Ttl(test) => format!("the time to live {}", number(*test)),
        PacketTest::IcmpType(test) => format!("the ICMP type {}", number(*test)),
        PacketTest::IcmpCode(test) => format!("the ICMP code {}", number(*test)),
        PacketTest::StreamSize(side, test) => format!("the stream of {side:?} {}", number(*test)),
        PacketTest::AppProtocol { protocols, failed, unknown, side, negated, .. } => {
            let mut names: Vec<&str> = protocols.iter().map(|id| protocol::get(*id).name).collect();
            names.extend(failed.then_some("not recognised"));
            names.extend(unknown.then_some("not yet known"));
            let not = if *negated { "not " } else { "" };
            format!("the application protocol ({side:?}) is {not}{}", names.join(" or "))
        }
        PacketTest::Country(country) => {
            let codes: Vec<String> =
                country.codes.iter().map(|code| String::from_utf8_lossy(code).into_owned()).collect();
            let not = if country.negated { "not " } else { "" };
            format!("the country of an address ({:?}) is {not}{}", country.side, codes.join(" or "))
        }
        PacketTest::Never => "never".to_owned(),
        other => format!("{other:?}"),
    }
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Payload => "the payload of the packet or the stream".to_owned(),
        Subject::Packet(buffer) => format!("the packet's {buffer:?}"),
        Subject::Field { name, places } => {
            let help = places.first().map_or("", |place| place.field().help);
            format!("{name} ({})", help.trim_end_matches('.'))
        }
        Subject::FileData { .. } => "the content of files".to_owned(),
        Subject::FileName => "the name of a file".to_owned(),
        Subject::FileMagic => "the kind of a file".to_owned(),
        Subject::Frame { protocol, kind } => format!("a frame {}.{kind}", protocol::get(*protocol).name),
    }
}

fn buffer(rule: &Rule, inspection: &Inspection, out: &mut String) {
    let mut what = subject(&inspection.subject);
    for transform in &inspection.transforms {
        let _ = write!(what, ", after {transform:?}");
    }
    match inspection.absent {
        Absent::Required => {
            let _ = writeln!(out, "and:  there is no {what}");
            return;
        }
        Absent::Holds => drop(writeln!(out, "and:  there is no {what}, or in it")),
        Absent::Fails => drop(writeln!(out, "in:   {what}")),
    }
    for op in &inspection.ops {
        let _ = writeln!(out, "      {}", operation(rule, op));
    }
}

fn value(rule: &Rule, value: Value) -> String {
    match value {
        Value::Is(number) => number.to_string(),
        Value::Var(var) => rule.variables.get(usize::from(var)).cloned().unwrap_or_default(),
    }
}

/// Bytes as a rule writes them.
pub(crate) fn pattern(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    let mut hex = false;
    for byte in bytes {
        let plain = (b' '..=b'~').contains(byte) && !b"\"|;:\\".contains(byte);
        if plain == hex {
            out.push('|');
            hex = !hex;
        } else if hex {
            out.push(' ');
        }
        if plain {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out.push_str(if hex { "|\"" } else { "\"" });
    out
}

fn content(rule: &Rule, content: &Content) -> String {
    let mut out = pattern(&content.bytes);
    out.push_str(if content.negated { " is not found" } else { " is found" });
    let mut add = |words: String| {
        let _ = write!(out, ", {words}");
    };
    if content.nocase {
        add("in any case".to_owned());
    }
    if content.startswith {
        add("at the very start".to_owned());
    }
    if let Some(offset) = content.offset {
        add(format!("not before byte {}", value(rule, offset)));
    }
    if let Some(depth) = content.depth {
        let from = if content.offset.is_some() { " from there" } else { " from the start" };
        add(format!("within {} bytes{from}", value(rule, depth)));
    }
    if let Some(distance) = content.distance {
        add(format!("{} bytes or more behind the last match", value(rule, distance)));
    }
    if let Some(within) = content.within {
        add(format!("ending within {} bytes", value(rule, within)));
    }
    if content.endswith {
        add("at the very end".to_owned());
    }
    if content.fast.is_some() {
        add("which finds candidates".to_owned());
    }
    out
}

fn number_at(rule: &Rule, bytes: Value, offset: Value, relative: bool, format: ByteFormat) -> String {
    let from = if relative { "behind the last match" } else { "from the start" };
    let how = match format {
        ByteFormat::Binary(Endian::Big) => "",
        ByteFormat::Binary(Endian::Little) => ", little-endian",
        ByteFormat::Binary(Endian::Dce) => ", as DCE/RPC says",
        ByteFormat::Text(_) => " as text",
    };
    format!("the number in {} bytes at {} {from}{how}", value(rule, bytes), value(rule, offset))
}

fn operation(rule: &Rule, op: &Op) -> String {
    match op {
        Op::Content(pattern) => content(rule, pattern),
        Op::Pcre(pcre) => {
            let not = if pcre.negated { "does not match" } else { "matches" };
            let behind = if pcre.relative { " behind the last match" } else { "" };
            format!("/{}/ {not}{behind}", pcre.pattern.source())
        }
        Op::IsDataAt { at, relative, negated } => {
            let not = if *negated { "is no" } else { "is a" };
            let from = if *relative { "behind the last match" } else { "from the start" };
            format!("there {not} byte {} {from}", value(rule, *at))
        }
        Op::ByteTest(test) => {
            let sign = match test.operator {
                TestOperator::Less => "<",
                TestOperator::Greater => ">",
                TestOperator::Equal => "=",
                TestOperator::LessEqual => "<=",
                TestOperator::GreaterEqual => ">=",
                TestOperator::And => "&",
                TestOperator::Or => "^",
            };
            let not = if test.negated { "not " } else { "" };
            let what = number_at(rule, test.bytes, test.offset, test.relative, test.format);
            format!("{what} is {not}{sign} {}", value(rule, test.value))
        }
        Op::ByteJump(jump) => {
            let what = number_at(rule, jump.bytes, jump.offset, jump.relative, jump.format);
            let from = match jump.from {
                JumpFrom::Here => "from there",
                JumpFrom::Beginning => "from the start",
                JumpFrom::End => "from the end",
            };
            format!("go on {what} further {from}")
        }
        Op::ByteExtract(extract) => {
            let what = number_at(rule, extract.bytes, extract.offset, extract.relative, extract.format);
            format!("{what} is kept as {}", value(rule, Value::Var(extract.var)))
        }
        Op::ByteMath(math) => {
            let what = number_at(rule, math.bytes, math.offset, math.relative, math.format);
            let sign = match math.operator {
                MathOperator::Add => "+",
                MathOperator::Subtract => "-",
                MathOperator::Multiply => "*",
                MathOperator::Divide => "/",
                MathOperator::ShiftLeft => "<<",
                MathOperator::ShiftRight => ">>",
            };
            format!(
                "{what} {sign} {} is kept as {}",
                value(rule, math.operand),
                value(rule, Value::Var(math.var))
            )
        }
        Op::Size(test) => format!("its length {}", number(*test)),
        Op::Base64(decode) => {
            let inner: Vec<String> = decode.then.iter().map(|op| operation(rule, op)).collect();
            format!("base64 is decoded, and in that: {}", inner.join("; "))
        }
        Op::Dataset { set, command } => format!("{command:?} in the set {}", set.name),
        Op::Datarep { set, test } => format!("its reputation in {} {}", set.name, number(*test)),
        Op::Entropy { .. } | Op::Asn1(_) => format!("{op:?}"),
    }
}

fn transaction(test: &TransactionTest) -> String {
    match test {
        TransactionTest::Number { name, test, items: which, .. } => {
            format!("{name} {}{}", number(*test), items(*which))
        }
        TransactionTest::Custom { name, places, .. } => match places.first() {
            Some((_, condition)) => format!("{name}: {condition:?}"),
            None => name.to_string(),
        },
        TransactionTest::Event { protocol, code } => {
            let protocol = protocol::get(*protocol);
            let event = protocol.events.get(usize::from(*code)).copied().unwrap_or_default();
            format!("the {} parser saw {event}", protocol.name)
        }
        TransactionTest::State { direction, test } => format!("the state {direction:?} {}", number(*test)),
        TransactionTest::FileSize { test, .. } => format!("the size of a file {}", number(*test)),
    }
}

fn track(track: Track) -> &'static str {
    match track {
        Track::Src => "source address",
        Track::Dst => "destination address",
        Track::Both => "pair of addresses",
        Track::Rule => "rule",
        Track::Flow => "flow",
    }
}

fn counted(late: &Late) -> String {
    match late {
        Late::Threshold { kind, track: per, count, seconds } => {
            let per = track(*per);
            match kind {
                ThresholdKind::Limit => {
                    format!("alerts at most {count} times per {per} in {seconds} seconds")
                }
                ThresholdKind::Threshold => {
                    format!("alerts every {count} matches per {per} in {seconds} seconds")
                }
                ThresholdKind::Both => {
                    format!("one alert per {per} in {seconds} seconds, once there were {count} matches")
                }
                ThresholdKind::Backoff { multiplier } => {
                    format!("alerts per {per} at match {count}, then each time {multiplier} times as many")
                }
            }
        }
        Late::DetectionFilter { track: per, count, seconds, unique_on } => {
            let what = unique_on.map_or("matches".to_owned(), |on| format!("different values of {on:?}"));
            format!("only after {count} {what} per {} in {seconds} seconds", track(*per))
        }
        Late::RateFilter { track: per, count, seconds, action, timeout } => format!(
            "{action:?} for {timeout} seconds after {count} matches per {} in {seconds} seconds",
            track(*per)
        ),
        Late::Suppress { track, addresses } => {
            format!("not when {track:?} is {}", cut(addresses.to_string()))
        }
    }
}

fn afterwards(action: &PostAction) -> String {
    match action {
        PostAction::FlowbitSet(name) => format!("sets the flowbit {name}"),
        PostAction::FlowbitUnset(name) => format!("unsets the flowbit {name}"),
        PostAction::FlowbitToggle(name) => format!("turns the flowbit {name} over"),
        PostAction::Bypass => "leaves the rest of the flow alone".to_owned(),
        PostAction::Filestore { .. } => "stores files".to_owned(),
        PostAction::ConfigLoggingOff { .. } => "switches records off".to_owned(),
        PostAction::Tag(tag) => {
            format!("also writes the next {} {:?} of {:?}", tag.count, tag.metric, tag.of)
        }
        other => format!("{other:?}"),
    }
}
