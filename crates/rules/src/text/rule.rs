//! One rule: from its words to the typed form.

use std::path::Path;

use super::check;
use super::draft::Draft;
use super::environment::Environment;
use super::error::{Code, Fault, Parsed, meant};
use super::keyword::{self, Argument, Given, Meaning};
use super::memo::Memo;
use super::requires;
use super::syntax::{self, Setting, Word, Written};
use crate::ir::{Action, ActionScope, DatasetSpec, Header, Rule, Verb};

/// What reading one rule comes to.
#[derive(Debug)]
pub(crate) enum Read {
    Rule(Box<Rule>),
    /// `requires` is not met; says why.
    LeftOut(String),
}

/// What a rule is read with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) folder: Option<&'a Path>,
    pub(crate) sets: &'a [DatasetSpec],
    pub(crate) firewall: bool,
    pub(crate) memo: &'a Memo,
}

/// Reads a rule. The fault's place counts from the start of `text`; the sid comes with it when the rule has one.
pub(crate) fn read(text: &str, around: Around<'_>) -> Result<Read, (Fault, Option<u32>)> {
    let written = syntax::parse(text).map_err(|fault| (fault, sid_of(text)))?;
    let sid = sid(&written.settings);
    read_written(&written, around).map_err(|fault| (fault, sid))
}

fn read_written(written: &Written<'_>, around: Around<'_>) -> Parsed<Read> {
    if let Some(reason) = unmet(&written.settings, &around.environment.features)? {
        return Ok(Read::LeftOut(reason));
    }
    let action = action(&written.action, around.firewall)?;
    let mut rule = Rule::new(action, header(written, around)?);
    rule.firewall = around.firewall;
    let mut draft = Draft::new(rule, around.environment);
    draft.folder = around.folder.map(Path::to_path_buf);
    draft.sets = around.sets;
    for setting in &written.settings {
        set(&mut draft, setting)?;
    }
    draft.no_loose_ends()?;
    check::all(&draft)?;
    if !draft.once.sid {
        return Err(Fault::new(Code::NoSid, "the rule has no `sid`").help("add `sid:NUMBER;`"));
    }
    Ok(Read::Rule(Box::new(draft.finish())))
}

/// The sid, for faults.
fn sid(settings: &[Setting<'_>]) -> Option<u32> {
    settings.iter().find(|setting| setting.name.text == "sid")?.value?.text.parse().ok()
}

/// The sid of a rule that cannot be taken apart.
fn sid_of(text: &str) -> Option<u32> {
    let (_, rest) = text.rsplit_once("sid:")?;
    rest.trim_start().split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

fn unmet(settings: &[Setting<'_>], features: &[&str]) -> Parsed<Option<String>> {
    for setting in settings.iter().filter(|setting| setting.name.text == "requires") {
        let Some(value) = setting.value else { continue };
        let known = |word: &str| keyword::look_up(word).is_some();
        if let Some(reason) =
            requires::unmet(value.text, features, &known).map_err(|fault| value.place(fault))?
        {
            return Ok(Some(reason));
        }
    }
    Ok(None)
}

const VERBS: &[(&str, Verb)] = &[
    ("alert", Verb::Alert),
    ("pass", Verb::Pass),
    ("drop", Verb::Drop),
    ("reject", Verb::Reject),
    ("rejectsrc", Verb::Reject),
    ("rejectdst", Verb::RejectDst),
    ("rejectboth", Verb::RejectBoth),
    ("config", Verb::Config),
    ("accept", Verb::Accept),
];

fn action(word: &Word<'_>, firewall: bool) -> Parsed<Action> {
    let mut parts = word.text.split(',');
    let main = parts.next().unwrap_or_default();
    let (name, scope) = match main.split_once(':') {
        Some((name, scope)) => (name, Some(scope)),
        None => (main, None),
    };
    let Some((_, verb)) = VERBS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
        let mut fault = word.fault(Code::Action, format!("unknown action `{name}`"));
        fault.help = meant(name, VERBS.iter().map(|(known, _)| *known));
        return Err(fault);
    };
    let mut action = Action::new(*verb);
    action.scope = match scope {
        None => None,
        Some("packet") => Some(ActionScope::Packet),
        Some("flow") => Some(ActionScope::Flow),
        Some("hook") if firewall => Some(ActionScope::Hook),
        Some("tx") if firewall => Some(ActionScope::Tx),
        Some(other) => {
            return Err(word
                .fault(Code::Action, format!("`{name}` cannot be limited to `{other}`"))
                .help("write :packet or :flow"));
        }
    };
    for also in parts {
        match also {
            "alert" if *verb != Verb::Alert => action.alert = true,
            "pass:flow" if firewall => action.pass = Some(ActionScope::Flow),
            "pass:packet" if firewall => action.pass = Some(ActionScope::Packet),
            other => return Err(word.fault(Code::Action, format!("`{other}` cannot be added to an action"))),
        }
    }
    if *verb == Verb::Accept && !firewall {
        return Err(word.fault(Code::Action, "`accept` is for firewall rules").help("write `pass`"));
    }
    if firewall && *verb == Verb::Accept && action.scope.is_none() {
        return Err(word
            .fault(Code::Action, "`accept` must say what it accepts")
            .help("write accept:hook, accept:packet, accept:tx or accept:flow"));
    }
    if action.scope.is_some() && matches!(verb, Verb::Alert | Verb::Config) {
        return Err(word.fault(Code::Action, format!("`{name}` has no scope")));
    }
    Ok(action)
}

fn header(written: &Written<'_>, around: Around<'_>) -> Parsed<Header> {
    let Around { environment, memo, firewall, .. } = around;
    let meant =
        memo.protocol(written.protocol.text, environment).map_err(|fault| written.protocol.place(fault))?;
    let mut header = Header::any(meant.proto);
    header.apps = meant.apps;
    header.hook = meant.hook;
    header.hook_up_to = meant.up_to;
    // One HTTP/2 connection carries transactions of several kinds, so that a state alone does not say which is accepted.
    let of_kinds = |app: &protocol::ProtocolId| matches!(protocol::get(*app).name, "http2" | "doh2");
    let app_hook = matches!(header.hook, Some(crate::ir::Hook::App { .. }));
    if firewall && app_hook && header.apps.iter().all(of_kinds) {
        return Err(written
            .protocol
            .fault(Code::Protocol, "firewall rules cannot hook into states of HTTP/2")
            .help("accept it as a whole with a rule on packets"));
    }
    if meant.up_to && !firewall {
        return Err(written.protocol.fault(Code::Protocol, "a hook with `<` is for firewall rules"));
    }
    let addresses =
        |word: Word<'_>| memo.addresses(word.text, environment).map_err(|fault| word.place(fault));
    let ports = |word: Word<'_>| memo.ports(word.text, environment).map_err(|fault| word.place(fault));
    header.src = addresses(written.source)?;
    header.src_ports = ports(written.source_port)?;
    header.dst = addresses(written.destination)?;
    header.dst_ports = ports(written.destination_port)?;
    match written.arrow.text {
        "->" => {}
        "<>" => header.either_way = true,
        "=>" => header.both_sides = true,
        "<-" => {
            return Err(written
                .arrow
                .fault(Code::Arrow, "`<-` is not an arrow")
                .help("swap the sides and write `->`"));
        }
        other => {
            return Err(written
                .arrow
                .fault(Code::Arrow, format!("`{other}` is not an arrow"))
                .help("write `->`, `<>` for either way, or `=>` for request and response together"));
        }
    }
    if header.both_sides && header.apps.is_empty() && header.proto.any {
        return Err(written.arrow.fault(Code::Arrow, "`=>` is for rules about an application protocol"));
    }
    Ok(header)
}

/// Applies one option.
fn set(draft: &mut Draft<'_>, setting: &Setting<'_>) -> Parsed<()> {
    let name = setting.name;
    let Some(meaning) = keyword::look_up(name.text) else {
        let mut fault = name.fault(Code::Keyword, format!("unknown keyword `{}`", name.text));
        fault.help = meant(name.text, keyword::words().into_iter());
        return Err(fault);
    };
    let (argument, negatable) = match meaning {
        Meaning::Keyword(keyword) => (keyword.argument, keyword.negatable),
        Meaning::Field(field) => (field.argument(), false),
    };
    let end = setting.value.map_or(name.at + name.text.len(), |value| value.at + value.text.len());
    draft.span = name.at..end;
    draft.keyword = name.text.to_owned();
    let mut value = setting.value.unwrap_or(Word { text: "", at: end });
    check_presence(&name, &value, argument)?;
    let negated = negatable && take_negation(&mut value);
    match argument {
        Argument::Quoted | Argument::MaybeQuoted => unquote(&name, &mut value, argument == Argument::Quoted)?,
        Argument::Plain | Argument::Optional if value.text.starts_with('"') => {
            strip_quotes(&mut value);
        }
        Argument::None | Argument::Plain | Argument::Optional => {}
    }
    let given = Given { text: value.text, negated };
    let outcome = match meaning {
        Meaning::Keyword(keyword) => (keyword.set)(draft, &given),
        Meaning::Field(field) => keyword::set_field(draft, field, &given),
    };
    outcome.map_err(|fault| {
        let foreign = fault.code == Code::Place && fault.span.is_some();
        if foreign { fault } else { draft.placed(Some(&value), fault) }
    })
}

fn check_presence(name: &Word<'_>, value: &Word<'_>, argument: Argument) -> Parsed<()> {
    let given = !value.text.is_empty();
    match argument {
        Argument::None if given => Err(value
            .fault(Code::Argument, format!("`{}` takes no argument", name.text))
            .help(format!("write `{};`", name.text))),
        Argument::Plain | Argument::Quoted | Argument::MaybeQuoted if !given => {
            Err(name.fault(Code::Argument, format!("`{}` needs an argument", name.text)))
        }
        _ => Ok(()),
    }
}

fn take_negation(value: &mut Word<'_>) -> bool {
    match value.text.strip_prefix('!') {
        Some(rest) => {
            let inner = rest.trim_start();
            value.at += value.text.len() - inner.len();
            value.text = inner;
            true
        }
        None => false,
    }
}

fn unquote(name: &Word<'_>, value: &mut Word<'_>, needed: bool) -> Parsed<()> {
    if !value.text.starts_with('"') {
        if needed {
            return Err(value
                .fault(Code::Option, format!("the argument of `{}` stands in quotes", name.text))
                .help(format!("write {}:\"…\";", name.text)));
        }
        return Ok(());
    }
    if value.text.len() < 2 || !value.text.ends_with('"') {
        return Err(value
            .fault(Code::Option, "the quote is not closed before the `;`")
            .help("close it, or escape a `;` inside it as `\\;`"));
    }
    value.text = &value.text[1..value.text.len() - 1];
    value.at += 1;
    if value.text.is_empty() {
        return Err(value.fault(Code::Argument, format!("the argument of `{}` is empty", name.text)));
    }
    Ok(())
}

/// Takes quotes off that are not needed but do no harm.
fn strip_quotes(value: &mut Word<'_>) {
    if let Some(inner) = value.text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        value.text = inner;
        value.at += 1;
    }
}
