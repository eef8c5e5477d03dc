//! The model of generated names: a logistic regression over twelve features, read from `model.txt` beside it.
//!
//! `train.py` writes the weights and computes the same features; the test holds both to the same values.

use std::sync::OnceLock;

/// Letters of names, in the order of the table's columns.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-";
/// Columns: the letters, and the end of the name.
const COLUMNS: usize = LETTERS.len() + 1;
/// Features, in the order of `[weights]`.
pub(crate) const FEATURES: [&str; 12] = [
    "bias",
    "length",
    "pairs",
    "worst pairs",
    "vowels",
    "digits",
    "consonant run",
    "entropy",
    "turns",
    "hexadecimal",
    "different letters",
    "long without vowel",
];
/// Letters of a name that are looked at; a DNS label has 63 (RFC 1035 §2.3.4).
const NAME_MAX: usize = 63;

/// Weights and the table of letter pairs.
pub(crate) struct Model {
    weights: [f64; 12],
    /// ln P(second | first): a row per letter, the first row for the beginning of a name.
    pairs: Vec<[f64; COLUMNS]>,
}

/// The model that the project ships.
pub(crate) fn shipped() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        Model::read(include_str!("model.txt")).expect("the shipped model is complete; a test reads it")
    })
}

impl Model {
    fn read(text: &str) -> Option<Self> {
        let mut model = Self { weights: [0.0; 12], pairs: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with(['#', '['])) {
            if let Some((name, value)) = line.split_once(" = ") {
                let place = FEATURES.iter().position(|known| *known == name)?;
                model.weights[place] = value.parse().ok()?;
            } else {
                let values: Vec<f64> = line
                    .split(' ')
                    .skip(1)
                    .map_while(|value| value.parse().ok())
                    .map(|value: f64| value / 100.0)
                    .collect();
                model.pairs.push(values.try_into().ok()?);
            }
        }
        (model.pairs.len() == COLUMNS).then_some(model)
    }

    /// Log-odds that a label was generated, and its features. Letters that are none are left out.
    pub(crate) fn score(&self, label: &str) -> (f64, [f64; 12]) {
        let name: Vec<u8> = label
            .bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .filter(|byte| LETTERS.contains(byte))
            .take(NAME_MAX)
            .collect();
        let features = self.features(&name);
        (features.iter().zip(self.weights).map(|(value, weight)| value * weight).sum(), features)
    }

    fn features(&self, name: &[u8]) -> [f64; 12] {
        let n = name.len().max(1) as f64;
        let column = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).unwrap_or(COLUMNS - 1);
        let mut logs: Vec<f64> = Vec::with_capacity(name.len() + 1);
        let mut row = 0;
        for byte in name {
            logs.push(self.pairs[row][column(*byte)]);
            row = column(*byte) + 1;
        }
        logs.push(self.pairs[row][COLUMNS - 1]);
        logs.sort_by(f64::total_cmp);
        let worst = &logs[..logs.len().min(3)];
        let (mut run, mut longest, mut turns) = (0u32, 0u32, 0u32);
        let mut counts = [0u32; 256];
        for (at, byte) in name.iter().enumerate() {
            run = if byte.is_ascii_alphabetic() && !is_vowel(*byte) { run + 1 } else { 0 };
            longest = longest.max(run);
            turns += u32::from(at > 0 && byte.is_ascii_digit() != name[at - 1].is_ascii_digit());
            counts[usize::from(*byte)] += 1;
        }
        let different = counts.iter().filter(|count| **count > 0);
        let entropy: f64 = different
            .clone()
            .map(|count| f64::from(*count) / n)
            .map(|share| -share * libm::log2(share))
            .sum();
        let share = |of: &dyn Fn(&u8) -> bool| name.iter().filter(|byte| of(byte)).count() as f64 / n;
        let digits = share(&|byte| byte.is_ascii_digit());
        let vowels = share(&|byte| is_vowel(*byte));
        let hexadecimal = name.len() >= 8 && digits > 0.0 && name.iter().all(u8::is_ascii_hexdigit);
        [
            1.0,
            n / 10.0,
            logs.iter().sum::<f64>() / logs.len() as f64,
            worst.iter().sum::<f64>() / worst.len() as f64,
            vowels,
            digits,
            f64::from(longest) / 4.0,
            entropy / 4.0,
            f64::from(turns) / n,
            f64::from(u8::from(hexadecimal)),
            different.count() as f64 / n,
            f64::from(u8::from(name.len() >= 8 && vowels < 0.15)),
        ]
    }
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}
