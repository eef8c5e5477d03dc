//! Reads and compiles rule files (packed with gzip or not) and says what came of it: `cargo run --release -p rules --example load -- FILE…`.
//!
//! Without a file, the public rule set beside the workspace is read, when it is there.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rules::{Environment, Group, Loader, RuleSet, Settings};

fn main() {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/rules/et-open.rules.gz"));
    }
    let environment = environment();
    for file in files {
        let Some(bytes) = unpacked(&file) else {
            println!("{}: not there, skipped", file.display());
            continue;
        };
        let begin = Instant::now();
        let mut loader = Loader::new(&environment);
        loader.rules(&file, &bytes);
        let loaded = loader.finish();
        let took = begin.elapsed();
        let (rules, errors) = (loaded.rules.len(), loaded.errors.len());
        println!(
            "{}: {rules} rules, {errors} errors, {} left out, {took:?}",
            file.display(),
            loaded.skipped.len()
        );
        let begin = Instant::now();
        let mut rules = loaded.rules;
        let set = RuleSet::compile(std::mem::take(&mut rules), Settings::default());
        println!("compiled in {:?}", begin.elapsed());
        for group in set.groups() {
            let Group { name, strings, size_bytes, unfiltered, .. } = group;
            println!("{name:50} {strings:5?} strings {size_bytes:8} bytes {unfiltered:5} unfiltered");
        }
        let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for error in &loaded.errors {
            let entry = reasons.entry(format!("{} {}", error.code.name(), error.cause)).or_default();
            entry.0 += 1;
            entry.1 = error.render();
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (reason, (count, example)) in reasons.iter().take(60) {
            println!("{count:6} {reason}\n{example}");
        }
    }
}

/// The file's bytes, through `gzip` when they are packed.
fn unpacked(file: &Path) -> Option<Vec<u8>> {
    if file.extension().is_none_or(|extension| extension != "gz") {
        return std::fs::read(file).ok();
    }
    file.exists().then_some(())?;
    let mut child = Command::new("gzip").arg("-dc").arg(file).stdout(Stdio::piped()).spawn().ok()?;
    let mut bytes = Vec::new();
    child.stdout.take()?.read_to_end(&mut bytes).ok()?;
    child.wait().ok()?.success().then_some(bytes)
}

/// Variables as a fresh installation has them.
fn environment() -> Environment {
    let mut environment = Environment { read_file: |path| std::fs::read(path), ..Environment::default() };
    let addresses = [
        ("HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"),
        ("EXTERNAL_NET", "!$HOME_NET"),
        ("AIM_SERVERS", "$EXTERNAL_NET"),
        ("HTTP_SERVERS", "$HOME_NET"),
        ("SMTP_SERVERS", "$HOME_NET"),
        ("SQL_SERVERS", "$HOME_NET"),
        ("DNS_SERVERS", "$HOME_NET"),
        ("TELNET_SERVERS", "$HOME_NET"),
        ("DC_SERVERS", "$HOME_NET"),
    ];
    for (name, value) in addresses {
        environment.variables.set_address(name, value);
    }
    let ports = [
        ("HTTP_PORTS", "80"),
        ("SHELLCODE_PORTS", "!80"),
        ("ORACLE_PORTS", "1521"),
        ("SSH_PORTS", "22"),
        ("FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"),
        ("FTP_PORTS", "21"),
        ("SIP_PORTS", "[5060, 5061]"),
    ];
    for (name, value) in ports {
        environment.variables.set_port(name, value);
    }
    environment
}
