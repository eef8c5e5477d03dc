//! Arguments, from which help, completions and the man page are made.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use report::catalogue::Language;
use report::{Edition, Format, Tlp};

/// A cyber shield that shows its work: from packets to incidents that anyone can check.
#[derive(Debug, Parser)]
#[command(name = "targe", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read captures and write events, findings, incidents and a report.
    Investigate(Investigate),
    /// Write a saved report in other formats, in another language, or with another marking.
    Report(ReportCommand),
    /// Check an evidence bundle with nothing but the bundle: signature, tree, stamps, and every claim by running the engine
    /// again on its packets. Ends with 3 when something does not hold.
    Verify(Verify),
    /// Stamp or redact an evidence bundle.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Hold public statements against what was found.
    #[command(subcommand)]
    Claim(ClaimCommand),
    /// Make and show keys that sign evidence bundles.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Look for what is known to be bad.
    #[command(subcommand)]
    Intel(IntelCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page (roff).
    Man,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Say of each rule that cannot be honoured where, why, and what to write instead. Ends with 1 when there is one.
    Check {
        /// Rule files in the Suricata language (also gzip).
        #[arg(required = true, value_name = "RULES")]
        files: Vec<PathBuf>,
        /// Configuration file (YAML).
        #[arg(short = 'c', long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also print the pattern that finds each rule, and where it is looked for.
        #[arg(long)]
        choices: bool,
        /// Also list rules that were left out without being wrong, and every slow rule.
        #[arg(short = 'v', long)]
        verbose: bool,
    },
    /// Tell a rule in words.
    Explain {
        /// Number of the rule.
        sid: u32,
        /// Rule files in the Suricata language (also gzip).
        #[arg(required = true, value_name = "RULES")]
        files: Vec<PathBuf>,
        /// Configuration file (YAML).
        #[arg(short = 'c', long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Run a capture and say of each rule where it gave an alert, or how near it came. Ends with 1 when one gave none.
    Test {
        #[command(flatten)]
        trial: Trial,
        /// Only these rules; all are run.
        #[arg(long, value_name = "SID")]
        sid: Vec<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a capture and say what each rule costs, dearest first. The same input gives the same counts.
    Profile {
        #[command(flatten)]
        trial: Trial,
        /// How many rules to print.
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// Write which rule gave an alert on which flow, to compare with another engine.
    Pairs {
        #[command(flatten)]
        trial: Option<Trial>,
        /// Read the alerts of this eve.json, of any engine, in place of running a capture.
        #[arg(long, value_name = "FILE", conflicts_with = "Trial")]
        eve: Option<PathBuf>,
        /// File to write (CSV); standard output when not given.
        #[arg(short = 'o', long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// List every keyword with one sentence each.
    Keywords,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The bundle.
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// The public key whose signature it must bear (PEM).
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<PathBuf>,
    /// The capture it was made from: its packets are compared, and claims are checked against all of it.
    #[arg(long, value_name = "CAPTURE")]
    pub(crate) original: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Ask an authority for a time stamp (RFC 3161), or attach its answer.
    Stamp {
        /// The bundle; the answer is put into it.
        bundle: PathBuf,
        /// Write the request to a file, to be carried to an authority by other means.
        #[arg(long, value_name = "FILE")]
        request: Option<PathBuf>,
        /// Attach the answer in this file.
        #[arg(long, value_name = "FILE", conflicts_with = "request")]
        response: Option<PathBuf>,
        /// Ask this authority (http://…) and attach its answer. The only connection that Targe makes here.
        #[arg(long, value_name = "URL", conflicts_with_all = ["request", "response"])]
        authority: Option<String>,
    },
    /// Write a copy without sensitive pieces; its signature stays valid.
    Redact {
        /// The bundle.
        bundle: PathBuf,
        /// The copy.
        #[arg(short = 'o', long, value_name = "FILE")]
        output: PathBuf,
        /// What to take out; may be given several times.
        #[arg(long, value_name = "WHAT", required = true, value_delimiter = ',')]
        what: Vec<RedactKind>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum RedactKind {
    /// Payment card numbers in packets.
    Cards,
    /// Addresses of ours in packet headers, and every file and claim that names one.
    Victims,
    /// Bodies of mails in packets.
    Mail,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClaimCommand {
    /// Say whether a statement is supported, refuted, or not observable from this sensor.
    Check {
        /// One of: "an attack of kind KIND on HOST was stopped at TIME", "NUMBER card numbers left", "server HOST controlled
        /// host HOST", "nothing left".
        statement: String,
        /// The bundle to look into.
        #[arg(long, value_name = "FILE")]
        bundle: Option<PathBuf>,
        /// The folder that `investigate` wrote.
        #[arg(short = 'o', long, value_name = "DIR", conflicts_with = "bundle")]
        output: Option<PathBuf>,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key: FILE (readable by its owner alone) and FILE.pub.
    New {
        /// Where to write it.
        file: PathBuf,
    },
    /// Print the name and the public half of a key.
    Show {
        /// A public or private key.
        file: PathBuf,
    },
}

/// Rules, and captures to try them on.
#[derive(Debug, Args)]
pub(crate) struct Trial {
    /// Rule file in the Suricata language (also gzip).
    #[arg(required = true, value_name = "RULES")]
    pub(crate) rules: PathBuf,
    /// Captures: pcap or pcapng, also gzip or zstd; a folder. Several are merged by time.
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// Configuration file (YAML).
    #[arg(short = 'c', long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set one configuration value, like `--set stream.midstream=true`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntelCommand {
    /// Match indicators against the events of an earlier run. Ends with 1 when one is met.
    Match {
        /// Output folder of an earlier run (its eve.json), or an eve.json.
        #[arg(value_name = "DIR")]
        events: PathBuf,
        /// Indicator files: plain lists, CSV, Zeek intel, STIX 2.1 or MISP JSON.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print the sightings as JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value, as YAML.
    Show {
        /// A configuration file to read over the defaults.
        #[arg(short = 'c', long)]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Investigate {
    /// Captures: pcap or pcapng, also gzip or zstd; a folder; `-` for standard input. Several are merged by time.
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// Folder for eve.json, findings.json, incidents.json and report.html.
    #[arg(short = 'o', long, value_name = "DIR", default_value = "targe-out")]
    pub(crate) output: PathBuf,
    /// Rule files in the Suricata language (also gzip); may be given several times.
    #[arg(short = 'r', long, value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Indicators of what is known to be bad: plain list, CSV, Zeek intel, STIX 2.1 or MISP JSON; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) intel: Vec<PathBuf>,
    /// YARA rules for the files that were carried (only in builds with the feature `yara`); may be given several times.
    #[arg(long, value_name = "RULES")]
    pub(crate) yara: Vec<PathBuf>,
    /// Folder of the memory that links incidents of several captures into campaigns; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Configuration file (YAML).
    #[arg(short = 'c', long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Networks that are ours, separated by commas; sets `HOME_NET`.
    #[arg(long, value_name = "CIDRS")]
    pub(crate) home_net: Option<String>,
    /// Threads that carry the work; never changes a result.
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Print the summary as JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// End with 1 when there are incidents, for scripts.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Set one configuration value, like `--set stream.midstream=true`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Say nothing but errors.
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,
    /// Also write an evidence bundle: claims, report, and the packets behind them, for `targe verify`.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// State the SHA-256 of inputs above 256 MiB, too; that of smaller ones, and of those behind a bundle, a store or a
    /// further format, is always stated.
    #[arg(long)]
    pub(crate) digest: bool,
    /// Sign the bundle with this key (`targe key new`).
    #[arg(long, value_name = "KEY", requires = "bundle")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output_as: OutputAs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportCommand {
    /// Folder of an investigation, or its report.json.
    #[arg(value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// Where to write; the folder of the report when not given.
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output_as: OutputAs,
}

/// Formats, language and marking of a report.
#[derive(Debug, Args)]
pub(crate) struct OutputAs {
    /// Further formats, separated by commas.
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', value_parser = formats())]
    pub(crate) format: Vec<Format>,
    /// Language of pages and of the PDF.
    #[arg(long, value_name = "TAG", default_value = "en", value_parser = languages())]
    pub(crate) language: Language,
    /// Marking by the Traffic Light Protocol 2.0: clear, green, amber, amber+strict, red.
    #[arg(long, value_name = "LABEL", default_value = "amber", value_parser = marking)]
    pub(crate) tlp: Tlp,
}

impl OutputAs {
    /// Language and marking.
    pub(crate) fn edition(&self) -> Edition {
        Edition { language: self.language, tlp: self.tlp }
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::word))
        .map(|word| Format::of_word(&word).expect("only words of formats pass"))
}

fn languages() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::tag))
        .map(|tag| Language::of_tag(&tag).expect("only tags of languages pass"))
}

fn marking(word: &str) -> Result<Tlp, String> {
    Tlp::of_word(word).ok_or_else(|| "want clear, green, amber, amber+strict or red".to_owned())
}

/// Prints completions.
pub(crate) fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "targe", &mut std::io::stdout());
}

/// Prints the manual page.
pub(crate) fn man() -> std::io::Result<()> {
    clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())
}
