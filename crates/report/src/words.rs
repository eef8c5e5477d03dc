//! Numbers as people read them, likelihoods in the words of ICD 203.

use model::Confidence;

/// The word for a probability (ICD 203, Analytic Standards, D.6.e.(2)(a)).
pub fn likelihood(confidence: Confidence) -> &'static str {
    match confidence.0 {
        0..=50 => "almost no chance",
        51..=200 => "very unlikely",
        201..=450 => "unlikely",
        451..=550 => "roughly even chance",
        551..=800 => "likely",
        801..=950 => "very likely",
        _ => "almost certain",
    }
}

/// A count with separators: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units: `1.5 MB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (size, unit) in UNITS {
        if number >= size {
            return format!("{:.1} {unit}", number as f64 / size as f64);
        }
    }
    format!("{number} B")
}

/// A measured value: a dash when there is none, whole numbers plainly, others with three digits behind the point; from ten thousand on a count.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if (10_000.0..1e15).contains(&value) {
        return count(value.round() as u64);
    }
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!((count(1_234_567), count(12)), ("1,234,567".into(), "12".into()));
        assert_eq!((bytes(999), bytes(1_500_000)), ("999 B".into(), "1.5 MB".into()));
        assert_eq!(
            (number(3.0), number(0.25), number(94_019_250.1)),
            ("3".into(), "0.250".into(), "94,019,250".into())
        );
    }

    #[test]
    fn likelihood_words_follow_the_standard() {
        assert_eq!(likelihood(Confidence(500)), "roughly even chance");
        assert_eq!(likelihood(Confidence(960)), "almost certain");
    }
}
