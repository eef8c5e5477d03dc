//! Configuration: one table of knobs, read by the YAML reader, `targe config show` and the manual.
//!
//! A configuration file is YAML; keys may be nested or dotted (`stream: {midstream: true}` is `stream.midstream: true`).
//! An unknown key is refused with the nearest name. What a knob does not hold keeps its default.

mod knobs;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use flow::Exception;
use rules::{Policies, Policy};
use serde_json::Value;

pub(crate) use knobs::knobs;

/// Everything a run is told: what the knobs set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The engine and its stages.
    pub(crate) engine: engine::Config,
    /// Address variables (`HOME_NET`), as written.
    pub(crate) addresses: Vec<(String, String)>,
    /// Port variables, as written.
    pub(crate) ports: Vec<(String, String)>,
    /// Files of the rule engine.
    pub(crate) files: RuleFiles,
    /// Databases of autonomous systems and of countries.
    pub(crate) places: (Option<PathBuf>, Option<PathBuf>),
    /// `HOME_NET` was given, so that it also says which hosts are ours.
    pub(crate) home_is_set: bool,
    /// Rules and settings are a stranger's: they read no files of this machine.
    pub(crate) confined: bool,
    /// What the firewall does where no rule decides; `None` = nothing was said.
    pub(crate) policies: Option<Policies>,
    /// `stream.inline`; `None` = as the mode wants it.
    pub(crate) inline: Option<bool>,
    /// `stream.midstream`; `None` = where nothing is prevented.
    pub(crate) midstream: Option<bool>,
    /// Everything by its dotted name, as the knobs took it: for `config show` and the protocols.
    pub(crate) values: Vec<(String, Value)>,
}

/// Files that the rule engine reads besides rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleFiles {
    /// `threshold.config`.
    pub(crate) threshold: Option<PathBuf>,
    /// `classification.config`.
    pub(crate) classification: Option<PathBuf>,
    /// `reference.config`.
    pub(crate) reference: Option<PathBuf>,
    /// Reputation categories.
    pub(crate) reputation_categories: Option<PathBuf>,
    pub(crate) geoip: Option<PathBuf>,
    /// Reputation lists.
    pub(crate) reputation: Vec<PathBuf>,
}

/// A configuration that cannot be used: one sentence each.
#[derive(Debug)]
pub(crate) struct ConfigError(pub(crate) String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Settings {
    /// The defaults.
    pub(crate) fn new() -> Self {
        let mut settings = Self::default();
        for knob in knobs() {
            let value = serde_json::from_str(knob.default).expect("defaults in the table are JSON");
            settings.set(knob.name, &value).expect("defaults in the table are valid");
        }
        for (name, value) in knobs::VARIABLES {
            settings.set_variable(name, value);
        }
        settings.resolve();
        settings
    }

    /// Reads a file over the defaults.
    ///
    /// # Errors
    /// One sentence with file and key when the file cannot be read, is not YAML, or holds an unknown key or a bad value.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |what: String| ConfigError(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let mut settings = Self::new();
        settings.merge(&text).map_err(|error| wrong(error.0))?;
        Ok(settings)
    }

    /// Applies YAML text.
    ///
    /// # Errors
    /// Like [`Settings::read`], without the file's name.
    pub(crate) fn merge(&mut self, text: &str) -> Result<(), ConfigError> {
        let document: Value = serde_saphyr::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let mut flat = Vec::new();
        match &document {
            Value::Null => {}
            Value::Object(_) => flatten("", &document, &mut flat),
            _ => return Err(ConfigError("the file must be a mapping of keys to values".into())),
        }
        for (name, value) in &flat {
            self.set(name, value)?;
        }
        self.resolve();
        Ok(())
    }

    /// Sets one knob.
    ///
    /// # Errors
    /// An unknown name, with the nearest known one, or a value that the knob does not take.
    pub(crate) fn set(&mut self, name: &str, value: &Value) -> Result<(), ConfigError> {
        if let Some(variable) = name.strip_prefix("vars.") {
            self.set_variable(variable, &plain(value));
            return Ok(());
        }
        if let Some(place) = name.strip_prefix("firewall.policies.") {
            return self.set_policy(place, value);
        }
        if let Some(setting) = name.strip_prefix("behave.")
            && !knobs().any(|knob| knob.name == name)
        {
            return self.set_detector(name, setting, value);
        }
        let Some(knob) = knobs().find(|knob| knob.name == name) else {
            return Err(ConfigError(unknown(name)));
        };
        (knob.set)(self, value).map_err(|error| ConfigError(format!("`{name}`: {error}")))?;
        match self.values.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = value.clone(),
            None => self.values.push((name.to_owned(), value.clone())),
        }
        if let Some(setting) = name.strip_prefix("app.").or(name.starts_with("eve.").then_some(name)) {
            let settings = &mut self.engine.protocol.settings;
            settings.retain(|(known, _)| known != setting);
            settings.push((setting.to_owned(), plain(value)));
        }
        Ok(())
    }

    /// What the firewall does where no rule decides: `packet.filter`, or `app.PROTOCOL.STATE`.
    fn set_policy(&mut self, place: &str, value: &Value) -> Result<(), ConfigError> {
        let text = plain(value);
        let wrong = |what: &str| ConfigError(format!("`firewall.policies.{place}`: {what}"));
        let Some(policy) = Policy::read(&text) else {
            return Err(wrong(
                "expected accept or drop, a colon, and packet, flow, hook or tx; maybe `alert`",
            ));
        };
        let policies = self.policies.get_or_insert_default();
        match place.split('.').collect::<Vec<_>>()[..] {
            ["packet", "filter"] => policies.packet = policy,
            ["app", protocol, state] => {
                policies.app.push((protocol.to_owned(), state.replace('-', "_"), policy));
            }
            _ => return Err(wrong("there is no such place; expected packet.filter or app.PROTOCOL.STATE")),
        }
        Ok(())
    }

    /// Settings of detectors are declared by the detectors themselves.
    fn set_detector(&mut self, name: &str, setting: &str, value: &Value) -> Result<(), ConfigError> {
        let known = setting.split_once('.').and_then(|(detector, knob)| {
            let description = behave::DETECTORS.iter().find(|description| description.name == detector)?;
            description.knobs.iter().find(|known| known.name == knob)
        });
        let Some(knob) = known else { return Err(ConfigError(unknown(name))) };
        let number = value.as_f64().filter(|number| (knob.range.0..=knob.range.1).contains(number));
        let Some(number) = number else {
            let (low, high) = knob.range;
            return Err(ConfigError(format!(
                "`{name}`: expected a number from {low} to {high}, not {value}"
            )));
        };
        self.engine.behave.retain(|(known, _)| known != setting);
        self.engine.behave.push((setting.to_owned(), number));
        Ok(())
    }

    /// Networks of `HOME_NET`, as far as they are plain networks.
    fn home(&self) -> Option<behave::Home> {
        let (_, text) = self.addresses.iter().find(|(name, _)| name == "HOME_NET")?;
        let networks: Vec<_> = text
            .trim_matches(['[', ']'])
            .split(',')
            .filter_map(|network| {
                let (address, bits) = network.trim().split_once('/').unwrap_or((network.trim(), "128"));
                Some((address.parse().ok()?, bits.parse::<u8>().ok()?))
            })
            .collect();
        (!networks.is_empty()).then(|| behave::Home::new(networks))
    }

    /// What follows from several knobs together.
    fn resolve(&mut self) {
        let prevents = self.engine.mode == engine::Mode::Prevent;
        self.engine.flow.stream.inline = self.inline.unwrap_or(prevents);
        // A capture often begins amid conversations. What prevents must not guess how they began.
        let midstream = self.midstream.unwrap_or(!prevents);
        self.engine.flow.stream.midstream = midstream;
        self.engine.protocol.midstream = midstream;
        self.engine.eve.prevention = prevents;
        self.resolve_exceptions(prevents);
        // Stored files are named by their SHA-256.
        let stores = self
            .values
            .iter()
            .any(|(name, value)| name == "file_store.enabled" && value == &Value::Bool(true));
        self.engine.protocol.files.sha256 |= stores;
        if self.home_is_set {
            self.engine.home = self.home().unwrap_or_default();
        }
        let switch = |name: &str, default| {
            self.engine.protocol.setting(name).map_or(default, |value| !matches!(value, "false" | "no"))
        };
        let (ja3, ja4) = (switch("tls.ja3_fingerprints", true), switch("tls.ja4_fingerprints", true));
        let limit = |name: &str, default| {
            self.engine.protocol.setting(name).and_then(|value| value.parse().ok()).unwrap_or(default)
        };
        let bodies = (limit("http.request_body_limit", 102_400), limit("http.response_body_limit", 102_400));
        let layers = limit("http.response_body_decompress_layer_limit", 2);
        let protocol = &mut self.engine.protocol;
        (protocol.disabled_on, protocol.ports) = Default::default();
        (protocol.ja3, protocol.ja4) = (ja3, ja4);
        (protocol.request_body_limit, protocol.response_body_limit) = bodies;
        protocol.decompress_layers = u8::try_from(layers).unwrap_or(u8::MAX);
        protocol.disabled = (0u8..)
            .zip(protocol::REGISTRY)
            .filter(|(_, known)| {
                let name = known.name.replace('-', "_");
                matches!(protocol.setting(&format!("{name}.enabled")), Some("false" | "no"))
            })
            .map(|(id, _)| protocol::ProtocolId(id))
            .collect();
        let transports = [("", None), ("tcp.", Some(6)), ("udp.", Some(17))];
        for ((known, id), (word, transport)) in protocol::REGISTRY
            .iter()
            .zip(0u8..)
            .flat_map(|known| transports.map(|transport| (known, transport)))
        {
            let (name, id) = (known.name.replace('-', "_"), protocol::ProtocolId(id));
            let off = matches!(protocol.setting(&format!("{name}.{word}enabled")), Some("false" | "no"));
            protocol.disabled_on.extend(transport.filter(|_| off).map(|transport| (id, transport)));
            if let Some(text) = protocol.setting(&format!("{name}.{word}ports")) {
                let ports = text.split(',').filter_map(|port| port.trim().parse().ok()).collect::<Vec<u16>>();
                if !ports.is_empty() {
                    protocol.ports.push((id, transport, ports));
                }
            }
        }
    }

    /// Exception policies: what is not said follows `policy.default`, and that the mode. Detection drops nothing, and sessions
    /// that are picked up in the middle are dropped by nobody.
    fn resolve_exceptions(&mut self, prevents: bool) {
        let named = |name: &str| {
            let value = self.values.iter().find(|(known, _)| known == name).map(|(_, value)| plain(value));
            value.filter(|value| value != "auto").and_then(|value| Exception::from_name(&value))
        };
        let midstream = self.engine.flow.stream.midstream;
        let drops = |policy: Exception| {
            use Exception::{DropFlow, DropPacket, Reject, RejectBoth};
            matches!(policy, DropPacket | DropFlow | Reject | RejectBoth)
        };
        let allowed = |policy: Exception, may_drop: bool| {
            if drops(policy) && !may_drop { Exception::Ignore } else { policy }
        };
        let default = named("policy.default").unwrap_or(Exception::DropFlow);
        let at_midstream = named("stream.midstream_policy").unwrap_or(default);
        let stream = &mut self.engine.flow.stream;
        stream.midstream_policy = allowed(at_midstream, prevents && !midstream);
        stream.memcap_policy = allowed(default, prevents);
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        // The default written out again, as `show` does, says nothing about which hosts are ours.
        let default = knobs::VARIABLES.contains(&(name, value));
        self.home_is_set |= name == "address.HOME_NET" && !default;
        let (list, name) = match name.split_once('.') {
            Some(("port", name)) => (&mut self.ports, name),
            Some(("address", name)) => (&mut self.addresses, name),
            _ => (&mut self.addresses, name),
        };
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = value.to_owned(),
            None => list.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Every knob with its value, as YAML that can be read back.
    pub(crate) fn show(&self) -> String {
        let mut text = String::from("# Every setting of Targe with its value. Keys may also be nested.\n");
        for (list, kind) in [(&self.addresses, "address"), (&self.ports, "port")] {
            for (name, value) in list {
                text += &format!("vars.{kind}.{name}: {}\n", Value::from(value.as_str()));
            }
        }
        for knob in knobs() {
            if let Some((_, value)) = self.values.iter().find(|(name, _)| name == knob.name) {
                text += &format!("\n# {}\n{}: {value}\n", knob.help, knob.name);
            }
        }
        for description in behave::DETECTORS {
            for knob in description.knobs {
                let setting = format!("{}.{}", description.name, knob.name);
                let set = self.engine.behave.iter().find(|(name, _)| *name == setting);
                let value = set.map_or(knob.default, |(_, value)| *value);
                text += &format!("\n# {} ({})\nbehave.{setting}: {value}\n", knob.help, knob.unit);
            }
        }
        text
    }
}

/// Nested keys become dotted ones.
fn flatten(prefix: &str, value: &Value, flat: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&name, value, flat);
            }
        }
        Value::Object(_) => {}
        _ => flat.push((prefix.to_owned(), value.clone())),
    }
}

/// A value as plain text: lists joined by commas.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn unknown(name: &str) -> String {
    let nearest = knobs().map(|knob| (distance(knob.name, name), knob.name)).min();
    match nearest {
        Some((away, near)) if away <= name.len() / 2 => {
            format!("unknown key `{name}`; did you mean `{near}`?")
        }
        _ => format!("unknown key `{name}`; `targe config show` lists all of them"),
    }
}

/// Edits that lead from one text to the other (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
