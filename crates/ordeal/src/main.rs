//! `ordeal doubling [NAME]` prints what each hostile case costs at a size and at twice that size; `ordeal write NAME SIZE FILE`
//! writes a case as a capture; `ordeal seeds DIR` writes what the fuzzer begins with; `ordeal list` says what there is.

use std::path::Path;
use std::process::ExitCode;

use ordeal::case::{self, CASES};
use ordeal::doubling;
use ordeal::target::TARGETS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => {
            for case in CASES {
                println!("{:28} {}", case.name, case.what);
            }
            ExitCode::SUCCESS
        }
        ["doubling"] => table(""),
        ["doubling", part] => table(part),
        ["write", name, size, file] => write(name, size, file),
        ["seeds", folder] => seeds(folder.as_ref()),
        _ => {
            eprintln!("ordeal list | seeds DIR | doubling [NAME] | write NAME SIZE FILE");
            ExitCode::from(2)
        }
    }
}

fn table(part: &str) -> ExitCode {
    println!("{:28} {:>8} {:>12} {:>12} {:>6}", "case", "size", "once", "twice", "ratio");
    let costs = doubling::measure(part, |cost| println!("{}", doubling::line(cost)));
    let over = costs.iter().filter(|cost| cost.ratio() > doubling::RATIO_MAX).count();
    println!("{} cases, {over} above {}", costs.len(), doubling::RATIO_MAX);
    ExitCode::from(u8::from(over > 0))
}

/// A folder per target below `folder`, a file per seed.
fn seeds(folder: &Path) -> ExitCode {
    for target in TARGETS {
        let place = folder.join(target.name);
        let written = std::fs::create_dir_all(&place).and_then(|()| {
            let mut numbered = (0..).zip((target.seeds)());
            numbered.try_for_each(|(number, seed): (u32, _)| {
                std::fs::write(place.join(format!("seed-{number:03}")), seed)
            })
        });
        if let Err(error) = written {
            eprintln!("cannot write {}: {error}", place.display());
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn write(name: &str, size: &str, file: &str) -> ExitCode {
    let (Some(case), Ok(size)) = (case::find(name), size.parse()) else {
        eprintln!("no case is called {name}, or {size} is no number; `ordeal list` names the cases");
        return ExitCode::from(2);
    };
    match case::write(&(case.build)(size), file.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {file}: {error}");
            ExitCode::from(2)
        }
    }
}
