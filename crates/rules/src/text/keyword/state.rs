//! What rules remember: flowbits, flowint, xbits, hostbits, variables, address reputation; and what they do afterwards.

use super::content::pattern;
use super::packet::add;
use super::{Argument, Given, Keyword};
use crate::NumberTest;
use crate::ir::{
    ActionScope, BitTrack, IpReputation, PacketTest, PostAction, ReputationSide, Tag, TagMetric, TagOf,
};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::number_text::{self, Kind};

/// Seconds that an xbit stays set unless the rule says otherwise.
const EXPIRE_DEFAULT: u32 = 30;
/// Seconds that a hostbit stays set unless the rule says otherwise.
const HOSTBIT_EXPIRE_DEFAULT: u32 = 300;
fn no_ndpi(_: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    Err(Fault::new(Code::Unsupported, "Targe does not contain the nDPI library")
        .help("use `app-layer-protocol`, or leave the rule out"))
}

/// Packets that `tag` takes unless the rule says otherwise.
const TAG_PACKETS: u32 = 256;

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn keyword(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    keyword(
        "flowbits",
        "Bits of the flow: `set,name`, `isset,a|b`, `isnotset`, `unset`, `toggle`, `noalert`.",
        flowbits,
    ),
    keyword("flowint", "Numbers of the flow: `name,+,1`, `name,>,5`, `name,isset`.", flowint),
    keyword(
        "xbits",
        "Bits of an address, a pair or a transaction: `set,name,track ip_src,expire 60`.",
        xbits,
    ),
    keyword("hostbits", "Bits of an address: `set,name,src`.", hostbits),
    keyword("flowvar", "A variable of the flow holds these bytes.", |draft, given| {
        variable(draft, given, true)
    }),
    keyword("pktvar", "A variable of the packet holds these bytes.", |draft, given| {
        variable(draft, given, false)
    }),
    keyword("iprep", "Reputation of an address: `dst,CnC,>,30`.", iprep),
    keyword("tag", "Also writes packets that follow: `session,20,packets`.", tag),
    keyword("config", "Changes the configuration: `logging disable, type tx, scope tx`.", config),
    Keyword {
        name: "lua",
        aliases: &["luajit"],
        argument: Argument::Optional,
        help: "A script decides.",
        set: |_, _| Err(Fault::new(Code::Unsupported, "Targe does not run Lua").help("leave the rule out")),
        ..Keyword::EMPTY
    },
    Keyword {
        name: "ndpi-protocol",
        help: "What the nDPI library takes the flow for.",
        set: no_ndpi,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "ndpi-risk",
        help: "What the nDPI library finds doubtful about the flow.",
        set: no_ndpi,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "prefilter",
        argument: Argument::None,
        help: "The condition before it finds candidates for the rule.",
        set: prefilter,
        ..Keyword::EMPTY
    },
    keyword("nfq_set_mark", "A mark for netfilter: refused.", |_, _| {
        Err(Fault::new(Code::Unsupported, "there is no netfilter queue to set marks in"))
    }),
];

/// A name that state is kept under.
fn named(text: &str) -> Parsed<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Fault::new(Code::Value, "the name is missing"));
    }
    if name.contains(char::is_whitespace) {
        return Err(Fault::new(Code::Value, format!("`{name}` has a blank, which names cannot have")));
    }
    Ok(name.to_owned())
}

fn flowbits(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (command, names) = given.text.split_once(',').unwrap_or((given.text, ""));
    let command = command.trim();
    if command == "noalert" {
        if !names.is_empty() {
            return Err(Fault::new(Code::Value, "`noalert` has no name"));
        }
        draft.rule.meta.noalert = true;
        return Ok(());
    }
    let several = || names.split('|').map(named).collect::<Parsed<Vec<String>>>();
    let one = || {
        if names.contains('|') {
            return Err(Fault::new(Code::Value, format!("`{command}` takes one name"))
                .help("`|` is for isset and isnotset"));
        }
        named(names)
    };
    match command {
        "isset" => add(draft, PacketTest::FlowbitsSet(several()?)),
        "isnotset" => add(draft, PacketTest::FlowbitsNotSet(several()?)),
        "set" => post(draft, PostAction::FlowbitSet(one()?)),
        "unset" => post(draft, PostAction::FlowbitUnset(one()?)),
        "toggle" => post(draft, PostAction::FlowbitToggle(one()?)),
        _ => Err(unknown(command)),
    }
}

const COMMANDS: &[&str] = &["set", "unset", "isset", "isnotset", "toggle", "noalert"];

fn unknown(command: &str) -> Fault {
    let mut fault = Fault::new(Code::Value, format!("`{command}` is not a command"));
    fault.help = meant(command, COMMANDS.iter().copied())
        .or_else(|| Some(format!("known commands: {}", COMMANDS.join(", "))));
    fault
}

fn post(draft: &mut Draft<'_>, action: PostAction) -> Parsed<()> {
    draft.rule.post.push(action);
    Ok(())
}

fn flowint(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.splitn(3, ',').map(str::trim);
    let name = named(parts.next().unwrap_or_default())?;
    let operator = parts.next().unwrap_or_default();
    match operator {
        "isset" => return add(draft, PacketTest::FlowintSet(name)),
        "isnotset" | "notset" => return add(draft, PacketTest::FlowintNotSet(name)),
        _ => {}
    }
    let Some(operand) = parts.next().filter(|operand| !operand.is_empty()) else {
        return Err(Fault::new(Code::Value, "a number or the name of another variable is missing"));
    };
    let (value, other) = match operand.parse::<u32>() {
        Ok(value) => (value, None),
        Err(_) if operand.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
            return Err(Fault::new(Code::Value, format!("`{operand}` is not a number up to {}", u32::MAX)));
        }
        Err(_) => (0, Some(named(operand)?)),
    };
    let number = u64::from(value);
    let test = match operator {
        "=" | "+" | "-" => {
            let operator = if operator == "=" {
                '='
            } else if operator == "+" {
                '+'
            } else {
                '-'
            };
            return post(draft, PostAction::Flowint { name, operator, value, other });
        }
        "==" => NumberTest::Equal(number),
        "!=" => NumberTest::NotEqual(number),
        "<" => NumberTest::Less(number),
        "<=" => NumberTest::LessEqual(number),
        ">" => NumberTest::Greater(number),
        ">=" => NumberTest::GreaterEqual(number),
        other => {
            return Err(Fault::new(Code::Value, format!("`{other}` is not an operator of `flowint`"))
                .help("write one of + - = == != < <= > >= isset notset"));
        }
    };
    add(draft, PacketTest::FlowintIs { name, test, other })
}

fn xbits(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.split(',').map(str::trim);
    let command = parts.next().unwrap_or_default();
    if command == "noalert" {
        draft.rule.meta.noalert = true;
        return Ok(());
    }
    let name = named(parts.next().unwrap_or_default())?;
    let (mut track, mut expire) = (None, EXPIRE_DEFAULT);
    for part in parts {
        let (option, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match (option, value.trim()) {
            ("track", "ip_src") => track = Some(BitTrack::Src),
            ("track", "ip_dst") => track = Some(BitTrack::Dst),
            ("track", "ip_pair") => track = Some(BitTrack::Pair),
            ("track", "tx") => track = Some(BitTrack::Tx),
            ("expire", value) => {
                expire = match value.parse() {
                    Ok(seconds @ 1..) => seconds,
                    _ => {
                        return Err(Fault::new(Code::Value, format!("`{value}` is not a number of seconds")));
                    }
                };
            }
            _ => {
                return Err(Fault::new(Code::Value, format!("`{part}` is not an option of `xbits`"))
                    .help("write track ip_src, ip_dst, ip_pair or tx, and expire SECONDS"));
            }
        }
    }
    let Some(track) = track else {
        return Err(
            Fault::new(Code::Value, "`xbits` needs to know whose bit it is").help("add `track ip_src`")
        );
    };
    bit(draft, command, name, track, expire)
}

fn hostbits(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.split(',').map(str::trim);
    let command = parts.next().unwrap_or_default();
    if command == "noalert" {
        draft.rule.meta.noalert = true;
        return Ok(());
    }
    let name = named(parts.next().unwrap_or_default())?;
    let track = match parts.next() {
        None | Some("" | "src") => BitTrack::Src,
        Some("dst") => BitTrack::Dst,
        Some("both") => BitTrack::Both,
        Some(other) => {
            return Err(
                Fault::new(Code::Value, format!("`{other}` is not an end")).help("write src, dst or both")
            );
        }
    };
    let expire = match parts.next() {
        None => HOSTBIT_EXPIRE_DEFAULT,
        Some(text) => text
            .parse()
            .map_err(|_| Fault::new(Code::Value, format!("`{text}` is not a number of seconds")))?,
    };
    bit(draft, command, name, track, expire)
}

fn bit(draft: &mut Draft<'_>, command: &str, name: String, track: BitTrack, expire: u32) -> Parsed<()> {
    match command {
        "isset" => add(draft, PacketTest::Xbits { name, track, set: true }),
        "isnotset" => add(draft, PacketTest::Xbits { name, track, set: false }),
        "set" => post(draft, PostAction::XbitSet { name, track, expire }),
        "unset" => post(draft, PostAction::XbitUnset { name, track }),
        "toggle" => post(draft, PostAction::XbitToggle { name, track, expire }),
        _ => Err(unknown(command)),
    }
}

fn variable(draft: &mut Draft<'_>, given: &Given<'_>, of_flow: bool) -> Parsed<()> {
    let Some((name, value)) = given.text.split_once(',') else {
        return Err(Fault::new(Code::Value, "a name and bytes are needed").help("write `name,\"bytes\"`"));
    };
    let name = named(name)?;
    let value = value.trim();
    let (negated, value) = match value.strip_prefix('!') {
        Some(value) => (true, value.trim()),
        None => (false, value),
    };
    let bytes = pattern(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))?;
    add(
        draft,
        if of_flow {
            PacketTest::Flowvar { name, bytes, negated }
        } else {
            PacketTest::Pktvar { name, bytes, negated }
        },
    )
}

fn iprep(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let parts: Vec<&str> = given.text.split(',').map(str::trim).collect();
    let (side, category, operator, value) = match parts.as_slice() {
        [side, category, operator] => (*side, *category, *operator, ""),
        [side, category, operator, value] => (*side, *category, *operator, *value),
        _ => {
            return Err(Fault::new(Code::Value, "side, category, comparison and value are needed")
                .help("write for example `iprep:dst,CnC,>,30`"));
        }
    };
    let side = match side {
        "any" => ReputationSide::Any,
        "src" => ReputationSide::Source,
        "dst" => ReputationSide::Destination,
        "both" => ReputationSide::Both,
        other => return Err(Fault::new(Code::Value, format!("`{other}` is not any, src, dst or both"))),
    };
    let categories = &draft.environment.reputation_categories;
    let Some((_, category)) = categories.iter().find(|(name, _)| name == category) else {
        let mut fault = Fault::new(Code::Name, format!("there is no category of reputation `{category}`"));
        fault.help = meant(category, categories.iter().map(|(name, _)| name.as_str()));
        return Err(fault);
    };
    let category = *category;
    let (test, unset) = match operator {
        "isset" => (NumberTest::GreaterEqual(1), false),
        "isnotset" => (NumberTest::Equal(0), true),
        operator => {
            let test = number_text::test(&format!("{operator}{value}"), Kind::bits(8))?;
            if value.trim().parse::<u8>().is_ok_and(|value| value > 127) {
                return Err(Fault::new(Code::Value, "a reputation is at most 127"));
            }
            (test, false)
        }
    };
    add(draft, PacketTest::Reputation(IpReputation { side, category, test, unset }))
}

fn tag(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let parts: Vec<&str> = given.text.split(',').map(str::trim).collect();
    let wrong = |part: &str| {
        Fault::new(Code::Value, format!("`{part}` is not an option of `tag`"))
            .help("write tag:session,20,packets or tag:host,60,seconds,src")
    };
    let host = match parts.first() {
        Some(&"session") => false,
        Some(&"host") => true,
        other => return Err(wrong(other.copied().unwrap_or_default())),
    };
    let (count, metric) = match (parts.get(1), parts.get(2)) {
        (None, _) => (TAG_PACKETS, TagMetric::Packets),
        (Some(count), Some(metric)) => {
            let count = count.parse().map_err(|_| wrong(count))?;
            let metric = match *metric {
                "packets" => TagMetric::Packets,
                "seconds" => TagMetric::Seconds,
                "bytes" => TagMetric::Bytes,
                other => return Err(wrong(other)),
            };
            (count, metric)
        }
        (Some(count), None) => return Err(wrong(count)),
    };
    let of = match (host, parts.get(3)) {
        (false, None) => TagOf::Session,
        (true, Some(&"src")) => TagOf::HostSource,
        (true, None | Some(&"dst")) => TagOf::HostDestination,
        (_, Some(other)) => return Err(wrong(other)),
    };
    post(draft, PostAction::Tag(Tag { of, count, metric }))
}

fn config(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (mut what, mut kind, mut scope) = (None, None, None);
    for part in given.text.split(',').map(str::trim) {
        match part.split_whitespace().collect::<Vec<_>>().as_slice() {
            [system @ ("logging" | "tracking"), "disable"] => what = Some(*system),
            ["type", name @ ("tx" | "flow")] => kind = Some(*name),
            ["scope", "tx"] => scope = Some(ActionScope::Tx),
            ["scope", "flow"] => scope = Some(ActionScope::Flow),
            ["scope", "packet"] => scope = Some(ActionScope::Packet),
            _ => return Err(Fault::new(Code::Value, format!("`{part}` is not an option of `config`"))),
        }
    }
    match (what, kind, scope) {
        (Some("logging"), Some(_), Some(scope)) => post(draft, PostAction::ConfigLoggingOff { scope }),
        (Some("tracking"), Some("flow"), Some(ActionScope::Packet)) => {
            Err(Fault::new(Code::Unsupported, "flow tracking cannot be switched off by a rule here"))
        }
        _ => Err(Fault::new(Code::Value, "`config` needs what, type and scope")
            .help("write `config:logging disable, type tx, scope tx`")),
    }
}

fn prefilter(draft: &mut Draft<'_>, _: &Given<'_>) -> Parsed<()> {
    use crate::ir::{FastPattern, Op};
    use crate::text::draft::Latest;
    match draft.latest {
        Latest::Nothing => Err(Fault::new(Code::Place, "there is no condition before `prefilter`")),
        Latest::Packet(position) => {
            draft.rule.prefilter = Some(position);
            Ok(())
        }
        Latest::Content => {
            let content = draft.content()?;
            content.fast.get_or_insert(FastPattern::Whole);
            Ok(())
        }
        Latest::Other if matches!(draft.last_match.and_then(|spot| draft.op(spot)), Some(Op::Pcre(_))) => {
            Err(Fault::new(Code::Place, "`prefilter` is not for `pcre`"))
        }
        Latest::Other => Ok(()),
    }
}
