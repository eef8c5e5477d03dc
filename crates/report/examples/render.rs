//! Renders `report.json` in one format, without the engine: `cargo run -p report --example render -- report.json html DIR fa`.

use std::path::Path;

use report::catalogue::Language;
use report::{Edition, Format, Report};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which report.json?")?;
    let format = arguments.next().and_then(|word| Format::of_word(&word)).ok_or("which format?")?;
    let folder = arguments.next().ok_or("which folder?")?;
    let language = arguments.next().and_then(|tag| Language::of_tag(&tag)).unwrap_or_default();
    let report = Report::from_json(&std::fs::read(file)?)?;
    let edition = Edition { language, ..Edition::default() };
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in format.render(&report, edition)? {
        std::fs::write(Path::new(&folder).join(name), bytes)?;
    }
    Ok(())
}
