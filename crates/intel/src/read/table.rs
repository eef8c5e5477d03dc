//! Lines: plain lists, hosts files, CSV with a header, and Zeek intel files.

use super::{About, Reading, confidence, seconds};
use crate::indicator::Kind;

/// Names of the column that holds the value.
const VALUES: [&str; 7] =
    ["indicator", "value", "ioc", "observable", "ioc_value", "indicator_value", "dst_ip"];

/// Plain lists, hosts files and CSV.
pub(super) fn lines(text: &str, reading: &mut Reading) {
    let mut header: Option<Vec<String>> = None;
    let mut data = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") {
            continue;
        }
        if !data && line.contains([',', ';']) {
            let names: Vec<String> =
                cells(line).iter().map(|name| name.trim().to_ascii_lowercase()).collect();
            if names.iter().any(|name| VALUES.contains(&name.as_str())) {
                header = Some(names);
                data = true;
                continue;
            }
        }
        data = true;
        match &header {
            Some(names) => row(number, names, &cells(line), reading),
            None => plain(number, line, reading),
        }
    }
}

/// One line of a plain list: a value, maybe with a remark; or address and name of a hosts file, of which the name is meant.
fn plain(number: usize, line: &str, reading: &mut Reading) {
    let (content, note) = match line.split_once(" #").or_else(|| line.split_once("\t#")) {
        Some((content, note)) => (content.trim(), note.trim()),
        None => (line, ""),
    };
    let mut words = content.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let sink = matches!(first, "0.0.0.0" | "127.0.0.1" | "::" | "::1");
    let value = if sink { words.next().unwrap_or(first) } else { first };
    let about = About { note: note.to_owned(), ..About::default() };
    reading.take(number, None, value, &about);
}

fn row(number: usize, names: &[String], cells: &[String], reading: &mut Reading) {
    let cell = |wanted: &[&str]| {
        let place = names.iter().position(|name| wanted.contains(&name.as_str()));
        place.and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
    };
    let value = cell(&VALUES);
    if value.is_empty() {
        reading.fault(number, "the line has no value in the column of indicators");
        return;
    }
    let kind = match kind(cell(&["type", "indicator_type", "ioc_type", "kind"])) {
        Ok(kind) => kind,
        Err(cause) => return reading.fault(number, cause),
    };
    let until = cell(&["expires", "expiry", "valid_until", "expiration", "expires_at"]);
    let sure = cell(&["confidence", "confidence_level", "score"]);
    let about = About {
        confidence: confidence(sure),
        expires: seconds(until),
        source: cell(&["source", "feed", "provider", "reporter"]).to_owned(),
        note: cell(&["description", "note", "comment", "malware", "threat", "desc"]).to_owned(),
    };
    if !until.is_empty() && about.expires.is_none() {
        return reading.fault(
            number,
            format!("`{until}` is not a time; expected 2026-11-26, 2026-11-26T09:12:00Z, or seconds"),
        );
    }
    if !sure.is_empty() && about.confidence.is_none() {
        return reading
            .fault(number, format!("`{sure}` is not a confidence; expected 0 to 100, or low, medium, high"));
    }
    reading.take(number, kind, value, &about);
}

/// The kind that a table's word for it means; `None` when the table leaves it open.
fn kind(word: &str) -> Result<Option<Kind>, String> {
    Ok(Some(match word.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
        "" => return Ok(None),
        "ip" | "ipv4" | "ipv6" | "address" | "ip-address" | "ipv4-addr" | "ipv6-addr" | "ip-dst"
        | "ip-src" => Kind::Address,
        "cidr" | "network" | "subnet" | "netblock" => Kind::Network,
        "domain" | "hostname" | "fqdn" | "domain-name" | "host" => Kind::Domain,
        "url" | "uri" => Kind::Url,
        "md5" | "sha1" | "sha-1" | "sha256" | "sha-256" | "hash" | "file-hash" | "md5-hash"
        | "sha256-hash" => Kind::Hash,
        "ja3" | "ja3s" | "ja4" | "ja3-hash" | "ja3-fingerprint-md5" | "fingerprint" => Kind::Fingerprint,
        other => return Err(format!("indicators of type `{other}` cannot be matched")),
    }))
}

/// Cells of a CSV line (RFC 4180): commas, or semicolons when there is no comma; quotes double inside quotes.
fn cells(line: &str) -> Vec<String> {
    let separator = if line.contains(',') { ',' } else { ';' };
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            letter if letter == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

/// Zeek's intel framework: tab-separated, `#fields` names the columns, `Intel::…` the types.
pub(super) fn zeek(text: &str, reading: &mut Reading) {
    let mut names: Vec<&str> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(fields) = line.strip_prefix("#fields\t") {
            names = fields.split('\t').map(str::trim).collect();
            continue;
        }
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |wanted: &str| {
            let place = names.iter().position(|name| *name == wanted);
            place
                .and_then(|place| cells.get(place))
                .map_or("", |cell| if cell.trim() == "-" { "" } else { cell.trim() })
        };
        let kind = match cell("indicator_type") {
            "Intel::ADDR" => Kind::Address,
            "Intel::SUBNET" => Kind::Network,
            "Intel::DOMAIN" => Kind::Domain,
            "Intel::URL" => Kind::Url,
            "Intel::FILE_HASH" | "Intel::CERT_HASH" => Kind::Hash,
            "" => {
                reading.fault(number, "the line has no indicator_type; columns are separated by tabs");
                continue;
            }
            other => {
                reading.fault(number, format!("indicators of type `{other}` cannot be matched"));
                continue;
            }
        };
        let about = About {
            confidence: confidence(cell("meta.confidence")),
            expires: seconds(cell("meta.expires")),
            source: cell("meta.source").to_owned(),
            note: cell("meta.desc").to_owned(),
        };
        reading.take(number, Some(kind), cell("indicator"), &about);
    }
}
