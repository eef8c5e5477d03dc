//! Indicators as CSV (RFC 4180), for spreadsheets and block lists.

use super::indicator::{Indicator, What, indicators};
use super::rfc3339;
use crate::{Edition, Report, visible, words};

const COLUMNS: &str = "type,value,scope,role,confidence,likelihood,severity,incident,findings,first_seen,last_seen,count,techniques,packets,why,tlp";

/// `indicators.csv`.
pub(crate) fn render(report: &Report, edition: Edition) -> Vec<u8> {
    let mut text = format!("{COLUMNS}\r\n");
    for indicator in indicators(report) {
        let fields = fields(&indicator, edition).map(|field| cell(&field));
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn fields(indicator: &Indicator, edition: Edition) -> [String; 16] {
    let kind = match &indicator.what {
        What::Address(address) if address.is_ipv4() => "ipv4",
        What::Address(_) => "ipv6",
        What::Name(_) => "domain",
        What::File(_) => "sha256",
    };
    let list = |numbers: Vec<String>| numbers.join(" ");
    [
        kind.into(),
        indicator.what.value(),
        if indicator.what.is_global() { "global" } else { "internal" }.into(),
        indicator.role.word().into(),
        format!("{:.3}", f64::from(indicator.confidence.0) / 1000.0),
        words::likelihood(indicator.confidence).into(),
        indicator.severity.word().into(),
        indicator.incident.to_string(),
        list(indicator.findings.iter().map(u64::to_string).collect()),
        rfc3339(indicator.first),
        rfc3339(indicator.last),
        indicator.count.to_string(),
        indicator.techniques.join(" "),
        list(indicator.packets.iter().map(|packet| packet.0.to_string()).collect()),
        indicator.why.clone(),
        format!("TLP:{}", edition.tlp.label()),
    ]
}

/// A field, quoted where it must be; what a spreadsheet would run as a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let mut text = visible(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_neither_a_formula_nor_two_cells() {
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("a\r\nb"), "a⟨U+000D⟩⟨U+000A⟩b");
    }
}
