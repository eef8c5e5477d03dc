//! The binary: arguments, configuration, exit codes.

mod arguments;
mod campaign;
mod config;
mod intelligence;
mod investigate;
mod proof;
mod publish;
mod reload;
mod rule_cache;
mod rules;
mod scanner;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, ConfigCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wrong usage, or input that cannot be read.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    capture::small_pages();
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Investigate(investigate) => investigate::run(&investigate),
        Command::Report(command) => publish::again(&command),
        Command::Verify(verify) => proof::verify_command(&verify),
        Command::Bundle(command) => proof::bundle_command(&command),
        Command::Claim(command) => proof::claim_command(&command),
        Command::Key(command) => proof::key_command(&command),
        Command::Rules(command) => rules::command(&command),
        Command::Intel(command) => intelligence::command(&command),
        Command::Config(ConfigCommand::Show { config }) => show(config.as_deref()),
        Command::Completions { shell } => {
            arguments::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => arguments::man().map_err(Into::into).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("targe: {error:#}");
        ExitCode::from(EXIT_USAGE)
    })
}

fn show(path: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
    let settings = path.map_or_else(|| Ok(config::Settings::new()), config::Settings::read)?;
    print!("{}", settings.show());
    Ok(ExitCode::SUCCESS)
}
