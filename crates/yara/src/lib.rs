//! YARA rules on carved files. The matcher is built in with the feature `boreal` (`cargo build --features yara` of the program);
//! without it, asking for rules is answered by how to get it, never by silence.

/// Bytes of a file that are looked at.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// Matches told per file.
pub const MATCHES_MAX: usize = 16;

/// Why rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// This program was built without the matcher.
    NotBuiltIn,
    /// A rule file that cannot be compiled: file, and what is wrong with which line.
    Rule {
        /// The file, as it was named.
        file: String,
        /// What the compiler says, with line and column.
        cause: String,
    },
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NotBuiltIn => f.write_str(
                "this program was built without YARA; build it with `cargo build --release -p targe --features yara`",
            ),
            Error::Rule { file, cause } => write!(f, "{file}: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

/// A rule that matched a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Name of the rule.
    pub rule: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its `meta: description`; may be empty.
    pub note: String,
}

/// Compiled rules.
#[derive(Debug)]
pub struct Rules {
    #[cfg(feature = "boreal")]
    scanner: boreal::Scanner,
    #[cfg(not(feature = "boreal"))]
    never: std::convert::Infallible,
}

#[cfg(not(feature = "boreal"))]
impl Rules {
    /// Compiles rule files, each with its name.
    ///
    /// # Errors
    /// Always: the matcher is not built in.
    pub fn compile(_files: &[(String, String)]) -> Result<Self, Error> {
        Err(Error::NotBuiltIn)
    }

    /// The rules that match, in the order of their names.
    pub fn scan(&self, _bytes: &[u8]) -> Vec<Match> {
        match self.never {}
    }
}

#[cfg(feature = "boreal")]
impl Rules {
    /// Compiles rule files, each with its name.
    ///
    /// # Errors
    /// The first rule that cannot be compiled.
    pub fn compile(files: &[(String, String)]) -> Result<Self, Error> {
        let mut compiler = boreal::compiler::CompilerBuilder::new().build();
        for (file, text) in files {
            compiler
                .add_rules_str(text)
                .map_err(|error| Error::Rule { file: file.clone(), cause: error.to_string() })?;
        }
        Ok(Self { scanner: compiler.finalize() })
    }

    /// The rules that match, in the order of their names.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Match> {
        let seen = &bytes[..bytes.len().min(FILE_BYTES_MAX)];
        // A scan that gives up (a rule without end) still tells what matched before.
        let outcome = self.scanner.scan_mem(seen).unwrap_or_else(|(_, outcome)| outcome);
        let mut matches: Vec<Match> = outcome
            .rules
            .iter()
            .map(|rule| Match {
                rule: rule.name.to_owned(),
                tags: rule.tags.iter().map(|tag| self.scanner.get_string_symbol(*tag).to_owned()).collect(),
                note: rule.metadatas.iter().find_map(|meta| self.note(meta)).unwrap_or_default(),
            })
            .collect();
        matches.sort_by(|a, b| a.rule.cmp(&b.rule));
        matches.truncate(MATCHES_MAX);
        matches
    }

    /// The text of a `description`.
    fn note(&self, meta: &boreal::Metadata) -> Option<String> {
        if self.scanner.get_string_symbol(meta.name) != "description" {
            return None;
        }
        match meta.value {
            boreal::MetadataValue::Bytes(value) => {
                Some(String::from_utf8_lossy(self.scanner.get_bytes_symbol(value)).into_owned())
            }
            boreal::MetadataValue::Integer(_) | boreal::MetadataValue::Boolean(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str =
        r#"rule marker : test { meta: description = "a marker" strings: $a = "evil marker" condition: $a }"#;

    #[cfg(feature = "boreal")]
    #[test]
    fn a_rule_matches_what_it_describes_and_nothing_else() {
        let rules = Rules::compile(&[("a.yar".into(), RULE.into())]).unwrap();
        let found = rules.scan(b"xx evil marker xx");
        assert_eq!(
            found,
            [Match { rule: "marker".into(), tags: vec!["test".into()], note: "a marker".into() }]
        );
        assert_eq!(rules.scan(b"nothing"), []);
    }

    #[cfg(feature = "boreal")]
    #[test]
    fn a_broken_rule_is_told_with_its_file() {
        let error = Rules::compile(&[("b.yar".into(), "rule x {".into())]).unwrap_err();
        assert!(error.to_string().starts_with("b.yar: "), "{error}");
    }

    #[cfg(not(feature = "boreal"))]
    #[test]
    fn without_the_matcher_the_answer_says_how_to_get_it() {
        let error = Rules::compile(&[("a.yar".into(), RULE.into())]).unwrap_err();
        assert!(error.to_string().contains("--features yara"), "{error}");
    }
}
