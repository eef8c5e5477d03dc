//! Files.

use std::sync::Arc;

use model::Direction;

use super::buffer::{files, transaction};
use super::transform::hex_bytes;
use super::{Argument, Given, Keyword};
use crate::ir::{ActionScope, Content, FileHashes, HashKind, Op, PostAction, Subject, TransactionTest};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed};
use crate::text::number_text::{self, Kind};

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn quoted(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, argument: Argument::MaybeQuoted, negatable: true, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    quoted("filename", "The name of a file holds this, in any case.", |draft, given| {
        named(draft, given, Subject::FileName, given.text.to_owned(), false)
    }),
    quoted("fileext", "The name of a file ends with this extension.", |draft, given| {
        named(draft, given, Subject::FileName, format!(".{}", given.text), true)
    }),
    quoted("filemagic", "What the first bytes tell of a file holds this, in any case.", |draft, given| {
        named(draft, given, Subject::FileMagic, given.text.to_owned(), false)
    }),
    Keyword { name: "filesize", help: "Size of a file.", set: filesize, ..Keyword::EMPTY },
    Keyword {
        name: "filestore",
        argument: Argument::Optional,
        help: "Stores files: `request`, `response` or `both`, and of the `file`, `tx` or `flow`.",
        set: filestore,
        ..Keyword::EMPTY
    },
    quoted("filemd5", "The MD5 of a file is in this list.", |draft, given| {
        hashes(draft, given, HashKind::Md5)
    }),
    quoted("filesha1", "The SHA-1 of a file is in this list.", |draft, given| {
        hashes(draft, given, HashKind::Sha1)
    }),
    quoted("filesha256", "The SHA-256 of a file is in this list.", |draft, given| {
        hashes(draft, given, HashKind::Sha256)
    }),
];

fn named(
    draft: &mut Draft<'_>,
    given: &Given<'_>,
    subject: Subject,
    text: String,
    endswith: bool,
) -> Parsed<()> {
    files(draft)?;
    let mut content = Content::new(text.to_ascii_lowercase().as_bytes());
    content.nocase = true;
    content.negated = given.negated;
    content.endswith = endswith;
    draft.add_apart(subject, Op::Content(content));
    Ok(())
}

fn filesize(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    files(draft)?;
    let (direction, text) = match given.text.split_once(',') {
        Some((side, text)) => (Some(direction(side.trim())?), text),
        None => (None, given.text),
    };
    let test = number_text::test(text, Kind::bits(64))?;
    if let Some(direction) = direction {
        draft.side(direction);
    }
    transaction(draft, TransactionTest::FileSize { test, direction });
    Ok(())
}

fn direction(text: &str) -> Parsed<Direction> {
    match text {
        "to_server" | "toserver" | "request" => Ok(Direction::ToServer),
        "to_client" | "toclient" | "response" => Ok(Direction::ToClient),
        other => Err(Fault::new(Code::Value, format!("`{other}` is not a direction"))
            .help("write to_server or to_client")),
    }
}

fn filestore(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if std::mem::replace(&mut draft.once.filestore, true) {
        return Err(Fault::new(Code::Place, "a rule can have one `filestore`"));
    }
    files(draft)?;
    let (mut side, mut scope) = (None, ActionScope::File);
    for (word, place) in given.text.split(',').map(str::trim).filter(|word| !word.is_empty()).zip(0..) {
        match (place, word) {
            (0, "both") => side = Some(None),
            (0, word) => side = Some(Some(direction(word)?)),
            (1, "file") => scope = ActionScope::File,
            (1, "tx") => scope = ActionScope::Tx,
            (1, "ssn" | "flow") => scope = ActionScope::Flow,
            _ => {
                return Err(Fault::new(Code::Value, format!("`{word}` is not an option of `filestore`"))
                    .help("write filestore:both,flow; with request, response, both and file, tx, flow"));
            }
        }
    }
    draft.rule.post.push(PostAction::Filestore { direction: side, scope });
    Ok(())
}

fn hashes(draft: &mut Draft<'_>, given: &Given<'_>, kind: HashKind) -> Parsed<()> {
    files(draft)?;
    let (_, text) = draft.environment.read_beside(draft.folder.as_deref(), given.text)?;
    let size = match kind {
        HashKind::Md5 => 16,
        HashKind::Sha1 => 20,
        HashKind::Sha256 => 32,
    };
    let mut digests = Vec::new();
    for (line, number) in text.lines().zip(1u32..) {
        let Some(word) = line.split([' ', '\t', ',']).next().map(str::trim).filter(|word| !word.is_empty())
        else {
            continue;
        };
        if word.starts_with('#') {
            continue;
        }
        match hex_bytes(word) {
            Some(digest) if digest.len() == size => digests.push(digest),
            _ => {
                let cause = format!("line {number} of `{}` is not a digest of {size} bytes", given.text);
                return Err(Fault::new(Code::File, cause));
            }
        }
    }
    digests.sort_unstable();
    digests.dedup();
    draft.rule.hashes.push(FileHashes { kind, digests: Arc::new(digests), negated: given.negated });
    Ok(())
}
