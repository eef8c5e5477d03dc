//! What a rule says of itself.

use super::{Argument, Given, Keyword};
use crate::ir::Target;
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed};

/// Priority of a rule whose class is not known.
const PRIORITY_DEFAULT: u8 = 3;

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn plain(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "msg",
        argument: Argument::Quoted,
        help: "The message of the alert.",
        set: msg,
        ..Keyword::EMPTY
    },
    plain("sid", "Number of the rule.", |draft, given| {
        once(&mut draft.once.sid, "sid")?;
        draft.rule.meta.sid = number(given.text)?;
        if draft.rule.meta.sid == 0 {
            return Err(Fault::new(Code::Value, "0 is not a number for a rule"));
        }
        Ok(())
    }),
    plain("rev", "Revision of the rule.", |draft, given| {
        once(&mut draft.once.rev, "rev")?;
        draft.rule.meta.rev = number(given.text)?;
        Ok(())
    }),
    plain("gid", "Group of the rule's number; 1 unless said.", |draft, given| {
        once(&mut draft.once.gid, "gid")?;
        draft.rule.meta.gid = number(given.text)?;
        Ok(())
    }),
    plain("classtype", "Class of what is detected; gives category and priority.", classtype),
    plain("priority", "1 is the highest; goes before the class's own.", |draft, given| {
        once(&mut draft.once.priority, "priority")?;
        match number(given.text)? {
            priority @ 1..=255 => {
                draft.rule.meta.priority = priority as u8;
                Ok(())
            }
            other => Err(Fault::new(Code::Value, format!("{other} is not a priority from 1 to 255"))),
        }
    }),
    plain("reference", "Where more can be read: `cve,2014-0160`.", reference),
    plain("metadata", "Keys with values, for the alert: `created_at 2024_01_01, tag x`.", metadata),
    plain("target", "Which end is the target: `src_ip` or `dest_ip`.", |draft, given| {
        draft.rule.meta.target = Some(match given.text {
            "src_ip" => Target::Source,
            "dest_ip" => Target::Destination,
            other => {
                return Err(Fault::new(Code::Value, format!("`{other}` is not an end"))
                    .help("write src_ip or dest_ip"));
            }
        });
        Ok(())
    }),
    // Evaluated before everything else; see `requires.rs`.
    plain("requires", "What the engine must offer; otherwise the rule is left out.", |_, _| Ok(())),
    Keyword {
        name: "noalert",
        argument: Argument::None,
        help: "The rule does its work without an alert.",
        set: |draft, _| {
            once(&mut draft.once.alert, "noalert")?;
            draft.rule.meta.noalert = true;
            Ok(())
        },
        ..Keyword::EMPTY
    },
    Keyword {
        name: "alert",
        argument: Argument::None,
        help: "The rule alerts, whatever its action.",
        set: |draft, _| {
            once(&mut draft.once.alert, "alert")?;
            draft.rule.action.alert = true;
            draft.rule.meta.noalert = false;
            Ok(())
        },
        ..Keyword::EMPTY
    },
];

fn once(seen: &mut bool, keyword: &str) -> Parsed<()> {
    if std::mem::replace(seen, true) {
        return Err(Fault::new(Code::Place, format!("a rule can have one `{keyword}`")));
    }
    Ok(())
}

fn number(text: &str) -> Parsed<u32> {
    let text = text.trim_matches('"');
    text.parse().map_err(|_| Fault::new(Code::Value, format!("`{text}` is not a number up to {}", u32::MAX)))
}

fn msg(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    once(&mut draft.once.msg, "msg")?;
    let mut message = String::with_capacity(given.text.len());
    let mut chars = given.text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            // Only these are escaped in a message; another backslash stands for itself.
            '\\' => match chars.next_if(|next| matches!(next, ':' | ';' | '"' | '\\')) {
                Some(escaped) => message.push(escaped),
                None => message.push('\\'),
            },
            other => message.push(other),
        }
    }
    draft.rule.meta.msg = message;
    Ok(())
}

fn classtype(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    once(&mut draft.once.class, "classtype")?;
    let (name, category, priority) = match draft.environment.classes.find(given.text) {
        Some(class) => (class.name.clone(), class.description.clone(), class.priority),
        // A rule set may be newer than its classification file; such rules load, as in Suricata.
        None => (given.text.to_owned(), "Unknown Classtype".to_owned(), PRIORITY_DEFAULT),
    };
    let meta = &mut draft.rule.meta;
    meta.class = name;
    meta.category = category;
    if !draft.once.priority {
        meta.priority = priority;
    }
    Ok(())
}

fn reference(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let Some((system, content)) = given.text.split_once(',') else {
        return Err(Fault::new(Code::Value, "a reference is a system and what to look for there")
            .help("write for example `reference:cve,2014-0160`"));
    };
    let (system, content) = (system.trim(), content.trim());
    if content.is_empty() {
        return Err(Fault::new(Code::Value, format!("the reference to `{system}` is empty")));
    }
    let prefix = draft.environment.references.find(system).map_or("", |system| system.prefix.as_str());
    let reference = if content.contains("://") { content.to_owned() } else { format!("{prefix}{content}") };
    draft.rule.meta.references.push(reference);
    Ok(())
}

fn metadata(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    for pair in given.text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(char::is_whitespace).unwrap_or((pair, ""));
        if value.is_empty() {
            continue;
        }
        let pair = (key.to_owned(), value.trim().to_owned());
        draft.rule.meta.metadata.push(pair);
    }
    Ok(())
}
