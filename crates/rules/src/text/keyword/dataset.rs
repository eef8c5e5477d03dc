//! `dataset` and `datarep`: sets of values, in files or gathered while running.

use std::path::Path;
use std::sync::Arc;

use super::{Given, Keyword};
use crate::ir::{DatasetCommand, DatasetFormat, DatasetKind, DatasetSpec, Op};
use crate::text::dataset_file;
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::number_text::{self, Kind};

pub(super) const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "dataset",
        help: "The buffer is in a set, or goes into it: `isset,name,type string,load file`.",
        set: dataset,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "datarep",
        help: "The buffer has this reputation in a set: `name,>,10,load file,type md5`.",
        set: datarep,
        ..Keyword::EMPTY
    },
];

fn needs_buffer(draft: &Draft<'_>, keyword: &str) -> Parsed<()> {
    if draft.has_buffer() {
        return Ok(());
    }
    Err(Fault::new(Code::Place, format!("`{keyword}` needs a sticky buffer before it"))
        .help("for example `dns.query; dataset:isset,names,type string,load names.lst;`"))
}

fn dataset(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    needs_buffer(draft, "dataset")?;
    let mut parts = given.text.split(',').map(str::trim);
    let command = match parts.next().unwrap_or_default() {
        "isset" => DatasetCommand::IsSet,
        "isnotset" => DatasetCommand::IsNotSet,
        "set" => DatasetCommand::Set,
        "unset" => DatasetCommand::Unset,
        other => {
            let known = ["isset", "isnotset", "set", "unset"];
            let mut fault = Fault::new(Code::Value, format!("`{other}` is not a command of `dataset`"));
            fault.help = meant(other, known.into_iter())
                .or_else(|| Some(format!("write one of {}", known.join(", "))));
            return Err(fault);
        }
    };
    let set = parse_spec(draft, parts, false)?;
    if set.format != DatasetFormat::Csv && matches!(command, DatasetCommand::Set | DatasetCommand::Unset) {
        return Err(Fault::new(Code::Value, "a set from JSON can only be asked, not changed"));
    }
    draft.add(Op::Dataset { set, command }, false);
    Ok(())
}

fn datarep(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    needs_buffer(draft, "datarep")?;
    let mut parts = given.text.splitn(4, ',').map(str::trim);
    let (name, operator, value) = (parts.next(), parts.next(), parts.next());
    let (Some(name), Some(operator), Some(value)) = (name, operator, value) else {
        return Err(Fault::new(Code::Value, "name, comparison and value are needed")
            .help("write `datarep:name,>,10,load file,type string`"));
    };
    if !matches!(operator, "<" | ">" | "=" | "==" | "<=" | ">=" | "!=") {
        return Err(Fault::new(Code::Value, format!("`{operator}` is not a comparison")));
    }
    let operator = if operator == "==" { "=" } else { operator };
    let test = number_text::test(&format!("{operator}{value}"), Kind::bits(16))?;
    let rest = parts.next().unwrap_or_default();
    let options = std::iter::once(name).chain(rest.split(',').map(str::trim).filter(|part| !part.is_empty()));
    let set = parse_spec(draft, options, true)?;
    draft.add(Op::Datarep { set, test }, false);
    Ok(())
}

/// Longest name of a set.
const NAME_MAX: usize = 63;

/// Reads a name and options, checks them, and reads the file.
pub(crate) fn parse_spec<'t>(
    draft: &Draft<'_>,
    mut parts: impl Iterator<Item = &'t str>,
    reputation: bool,
) -> Parsed<DatasetSpec> {
    let name = parts.next().unwrap_or_default();
    if name.is_empty() || name.len() > NAME_MAX || name.contains(char::is_whitespace) {
        return Err(Fault::new(Code::Value, format!("`{name}` is not a name for a set"))
            .help(format!("at most {NAME_MAX} characters, without blanks")));
    }
    let mut set = DatasetSpec::named(name);
    let mut memcap = None;
    for part in parts {
        option(&mut set, &mut memcap, part)?;
    }
    set.memcap_bytes = memcap;
    if set.kind.is_none() {
        return known(draft, &set);
    }
    check(&set, reputation)?;
    written_inside(draft, &mut set)?;
    if let Some(name) = &set.load {
        let (path, text) = draft.environment.read_beside(draft.folder.as_deref(), name)?;
        set.load = Some(path.to_string_lossy().into_owned());
        set.entries = Arc::new(dataset_file::read(&text, &set, reputation)?);
    } else if let Some(path) = &set.state {
        // It need not exist yet.
        let text = draft.environment.read(Path::new(path)).unwrap_or_default();
        set.entries = Arc::new(dataset_file::read(&text, &set, reputation)?);
    }
    Ok(set)
}

fn option(set: &mut DatasetSpec, memcap: &mut Option<u64>, part: &str) -> Parsed<()> {
    let (option, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
    let value = value.trim();
    let text = || {
        if value.is_empty() {
            Err(Fault::new(Code::Value, format!("`{option}` needs a value")))
        } else {
            Ok(value.to_owned())
        }
    };
    match option {
        "type" => set.kind = Some(kind(value)?),
        "load" => set.load = Some(text()?),
        "save" => set.save = Some(text()?),
        "state" => set.state = Some(text()?),
        "memcap" => *memcap = Some(number_text::number(value, Kind::bits(64))?),
        "hashsize" => drop(number_text::number(value, Kind::bits(32))?),
        "format" => {
            set.format = match value {
                "csv" => DatasetFormat::Csv,
                "json" => DatasetFormat::Json,
                "ndjson" | "jsonline" => DatasetFormat::Ndjson,
                other => {
                    return Err(Fault::new(Code::Value, format!("`{other}` is not csv, json or ndjson")));
                }
            };
        }
        "context_key" | "enrichment_key" => set.context_key = Some(text()?),
        "value_key" => set.value_key = Some(text()?),
        "array_key" => set.array_key = Some(text()?),
        "remove_key" => set.remove_key = true,
        "match" => {
            set.subdomain = match value {
                "subdomain" => true,
                "exact" => false,
                other => return Err(Fault::new(Code::Value, format!("`{other}` is not a way to match"))),
            };
        }
        other => {
            let known = [
                "type",
                "load",
                "save",
                "state",
                "memcap",
                "hashsize",
                "format",
                "context_key",
                "value_key",
                "array_key",
                "remove_key",
                "match",
            ];
            let mut fault = Fault::new(Code::Value, format!("`{other}` is not an option of a set"));
            fault.help = meant(other, known.into_iter());
            return Err(fault);
        }
    }
    Ok(())
}

fn kind(text: &str) -> Parsed<DatasetKind> {
    Ok(match text {
        "string" => DatasetKind::String,
        "md5" => DatasetKind::Md5,
        "sha256" => DatasetKind::Sha256,
        "ipv4" => DatasetKind::Ipv4,
        "ip" | "ipv6" => DatasetKind::Ip,
        other => {
            return Err(Fault::new(Code::Value, format!("`{other}` is not a type of values"))
                .help("types: string, md5, sha256, ipv4, ip"));
        }
    })
}

/// A set that only has a name is one that the configuration or a rule before this describes.
fn known(draft: &Draft<'_>, set: &DatasetSpec) -> Parsed<DatasetSpec> {
    let in_rule =
        draft.rule.inspections.iter().flat_map(|inspection| inspection.ops.iter()).find_map(|op| match op {
            Op::Dataset { set: known, .. } if known.name == set.name && known.kind.is_some() => Some(known),
            _ => None,
        });
    let mut described = in_rule.into_iter().chain(&draft.environment.datasets).chain(draft.sets.iter());
    match described.find(|known| known.name == set.name && known.kind.is_some()) {
        Some(known) => Ok(known.clone()),
        None => Err(Fault::new(Code::Value, format!("the set `{}` has no type", set.name))
            .help("add `type string` (or md5, sha256, ipv4, ip)")),
    }
}

fn check(set: &DatasetSpec, reputation: bool) -> Parsed<()> {
    let wrong = |cause: &str| Err(Fault::new(Code::Value, cause));
    if set.load.is_some() && set.state.is_some() {
        return wrong("`load` and `state` exclude each other");
    }
    if set.save.is_some() && set.state.is_some() {
        return wrong("`save` and `state` exclude each other");
    }
    let json = set.format != DatasetFormat::Csv;
    if json && set.value_key.is_none() {
        return wrong("a JSON format needs `value_key`");
    }
    if json && (set.save.is_some() || set.state.is_some()) {
        return wrong("a set from JSON cannot be saved");
    }
    if !json
        && (set.value_key.is_some() || set.context_key.is_some() || set.array_key.is_some() || set.remove_key)
    {
        return wrong("keys are for the formats json and ndjson; add `format json`");
    }
    if set.format == DatasetFormat::Ndjson && set.array_key.is_some() {
        return wrong("`array_key` is for the format json");
    }
    if set.subdomain && set.kind != Some(DatasetKind::String) {
        return wrong("`match subdomain` is for strings");
    }
    if reputation && set.load.is_none() && set.state.is_none() {
        return wrong("`datarep` needs a file: add `load FILE`");
    }
    Ok(())
}

/// Keeps files that are written inside the data folder.
fn written_inside(draft: &Draft<'_>, set: &mut DatasetSpec) -> Parsed<()> {
    for place in [&mut set.save, &mut set.state].into_iter().flatten() {
        let path = Path::new(place.as_str());
        let outside =
            path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir);
        if outside && !draft.environment.write_anywhere {
            return Err(Fault::new(Code::File, format!("rules may not write to `{place}`"))
                .help("name a file without `/` before it and without `..`"));
        }
        if let Some(folder) = &draft.environment.data_folder {
            *place = folder.join(path).to_string_lossy().into_owned();
        }
    }
    Ok(())
}
