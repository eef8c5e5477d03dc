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

/// `mi_option_purge_delay` of `mimalloc.h`: milliseconds until unused memory goes back to the system.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// Memory of a burst of flows is wanted back before the next one: an eighth less at the peak, for no CPU time that shows.
const PURGE_DELAY_MS: std::ffi::c_long = 20;

/// Has the allocator give back what it does not use sooner than in the second it takes by default.
fn give_back_early() {
    #[allow(unsafe_code, reason = "the only way to set it for the process")]
    // SAFETY: this call takes plain numbers and changes when memory is given back that nobody has.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MS);
    }
}

/// Wrong usage, or input that cannot be read.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    capture::small_pages();
    give_back_early();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_of_the_allocator_is_the_one_that_is_meant() {
        #[allow(unsafe_code, reason = "reads a number")]
        // SAFETY: this call takes a number and gives one.
        let before = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(before, 1000, "the default of the purge delay, in milliseconds");
        give_back_early();
        #[allow(unsafe_code, reason = "reads a number")]
        // SAFETY: as above.
        let after = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(after, PURGE_DELAY_MS);
    }
}
