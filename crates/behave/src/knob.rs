//! Settings of detectors: declared once, read by the configuration, the manual and the detector.

use crate::Description;

/// One setting of a detector.
#[derive(Debug, Clone, Copy)]
pub struct Knob {
    /// Name below `behave.<detector>.`.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Unit (`s`, `bytes`, `count`, `share`).
    pub unit: &'static str,
    /// Smallest and largest value taken.
    pub range: (f64, f64),
    /// Default.
    pub default: f64,
}

/// The values of a detector's settings.
pub struct Knobs<'a> {
    description: &'a Description,
    settings: &'a dyn Fn(&str) -> Option<f64>,
}

impl std::fmt::Debug for Knobs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knobs").field("description", &self.description).finish_non_exhaustive()
    }
}

impl<'a> Knobs<'a> {
    pub(crate) fn new(description: &'a Description, settings: &'a dyn Fn(&str) -> Option<f64>) -> Self {
        Self { description, settings }
    }

    /// The value of a setting, inside its range.
    ///
    /// # Panics
    /// On a name that the detector does not declare.
    pub fn get(&self, name: &str) -> f64 {
        let knob = self.description.knobs.iter().find(|knob| knob.name == name);
        let knob = knob.unwrap_or_else(|| panic!("`{name}` is not a setting of {}", self.description.name));
        let set = (self.settings)(&format!("{}.{name}", self.description.name));
        set.unwrap_or(knob.default).clamp(knob.range.0, knob.range.1)
    }
}
