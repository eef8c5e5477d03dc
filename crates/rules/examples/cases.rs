//! Reads the rules of every conformance case and says which are refused against the case's expectation, or the other way
//! round: `cargo run -p rules --example cases -- FOLDER`.

use std::path::Path;

use rules::{Environment, Loader};
use serde_json::Value;

fn main() {
    let root = std::env::args().nth(1).unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/verify").to_string_lossy().into_owned()
    });
    let root = Path::new(&root);
    let Ok(baseline) = std::fs::read(root.join("baseline.json")) else {
        println!("{}: not there, skipped", root.display());
        return;
    };
    let baseline: Value = serde_json::from_slice(&baseline).expect("the baseline is JSON");
    let mut cases: Vec<_> = std::fs::read_dir(root.join("cases"))
        .expect("cases are there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    cases.sort();
    let (mut right, mut wrong) = (0, 0);
    for case in cases {
        let (Some(options), Some(expected)) =
            (json(&case.join("options.json")), json(&case.join("expect.json")))
        else {
            continue;
        };
        let mut environment = environment(&baseline);
        variables(&mut environment, &options["vars"]);
        environment.firewall = options.get("firewall_rules").is_some();
        environment.data_folder = Some(case.clone());
        let mut loader = Loader::new(&environment);
        if let Some(name) = options["rules"].as_str() {
            let path = case.join(name);
            loader.rules(&path, &std::fs::read(&path).unwrap_or_default());
        }
        if let Some(name) = options["firewall_rules"].as_str() {
            let path = case.join(name);
            loader.firewall_rules(&path, &std::fs::read(&path).unwrap_or_default());
        }
        if let Some(name) = options["threshold_file"].as_str() {
            let path = case.join(name);
            loader.thresholds(&path, &std::fs::read(&path).unwrap_or_default());
        }
        let loaded = loader.finish();
        let refuse = expected["exit"] == "nonzero";
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if refuse == loaded.errors.is_empty() {
            wrong += 1;
            println!("## {name}: {}", if refuse { "should be refused" } else { "should load" });
            for error in &loaded.errors {
                print!("{}", error.render());
            }
        } else {
            right += 1;
            if refuse && std::env::args().any(|argument| argument == "-v") {
                println!("-- {name}");
                for error in &loaded.errors {
                    print!("{}", error.render());
                }
            }
        }
    }
    println!("{right} as expected, {wrong} not");
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn environment(baseline: &Value) -> Environment {
    let mut environment = Environment {
        read_file: |path| std::fs::read(path),
        stream_events: STREAM_EVENTS.to_vec(),
        reputation_categories: (1..60).map(|number| ("test".to_owned(), number)).take(1).collect(),
        ..Environment::default()
    };
    variables(&mut environment, &baseline["vars"]);
    environment
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

const STREAM_EVENTS: &[&str] =
    &["reassembly_seq_gap", "reassembly_depth_reached", "pkt_invalid_timestamp", "pkt_invalid_ack"];
