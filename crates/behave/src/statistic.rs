//! Robust statistics over small samples. Order of input never matters; logarithms come from `libm`.

/// The median; 0 for nothing. Sorts its argument.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        len if len % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

/// Median absolute deviation from `centre`.
pub(crate) fn spread(values: &[f64], centre: f64) -> f64 {
    let mut away: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median(&mut away)
}

/// Probability of log-odds.
pub(crate) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}
