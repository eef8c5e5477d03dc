//! How values are read.

use serde_json::Value;

use crate::config::{Settings, plain};

/// A setting that only stages below read, by its name.
pub(super) fn keep(_: &mut Settings, _: &Value) -> Result<(), String> {
    Ok(())
}

pub(super) fn expected(what: &str, value: &Value) -> String {
    format!("expected {what}, not {value}")
}

pub(super) fn yes_no(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "yes" => Ok(true),
        Value::String(text) if text == "no" => Ok(false),
        _ => Err(expected("true or false", value)),
    }
}

pub(super) fn number<T: TryFrom<u64>>(value: &Value) -> Result<T, String> {
    let number = value.as_u64().ok_or_else(|| expected("a whole number", value))?;
    T::try_from(number).map_err(|_| format!("{number} is too large"))
}

pub(super) fn choose<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let text = plain(value);
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, choice)| *choice).ok_or_else(|| expected(&format!("one of {}", names.join(", ")), value))
}

pub(super) fn port_list(value: &Value) -> Result<Vec<u16>, String> {
    plain(value)
        .split(',')
        .map(str::trim)
        .filter(|port| !port.is_empty())
        .map(|port| port.parse().map_err(|_| expected("a list of ports", value)))
        .collect()
}
