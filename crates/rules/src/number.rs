//! Comparisons of integers, with all that the rule language can say.

use serde::{Deserialize, Serialize};

/// A comparison of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NumberTest {
    /// `5`, `=5`.
    Equal(u64),
    /// `!5`, `!=5`.
    NotEqual(u64),
    /// `<5`.
    Less(u64),
    /// `<=5`.
    LessEqual(u64),
    /// `>5`.
    Greater(u64),
    /// `>=5`.
    GreaterEqual(u64),
    /// `1-5`, `1<>5`: strictly between. Keywords with inclusive ranges are widened when they are parsed.
    Between(u64, u64),
    /// `!1-5`: not strictly between.
    NotBetween(u64, u64),
    /// `&mask`, `&mask=value`: the masked bits equal the value; `&mask` alone means "any of them", see [`NumberTest::AnyBit`].
    Masked {
        /// Bits that count.
        mask: u64,
        /// What they must be.
        value: u64,
        /// They must not.
        negated: bool,
    },
    /// Any of the bits is set.
    AnyBit(u64),
    /// Any value will do.
    Any,
}

impl NumberTest {
    /// Whether it holds for `number`.
    pub const fn holds(self, number: u64) -> bool {
        match self {
            NumberTest::Equal(value) => number == value,
            NumberTest::NotEqual(value) => number != value,
            NumberTest::Less(value) => number < value,
            NumberTest::LessEqual(value) => number <= value,
            NumberTest::Greater(value) => number > value,
            NumberTest::GreaterEqual(value) => number >= value,
            NumberTest::Between(low, high) => low < number && number < high,
            NumberTest::NotBetween(low, high) => number <= low || high <= number,
            NumberTest::Masked { mask, value, negated } => (number & mask == value) != negated,
            NumberTest::AnyBit(mask) => number & mask != 0,
            NumberTest::Any => true,
        }
    }

    /// The same comparison with another number in place of its (only) one.
    #[must_use]
    pub const fn with(self, number: u64) -> Self {
        match self {
            NumberTest::Equal(_) => NumberTest::Equal(number),
            NumberTest::NotEqual(_) => NumberTest::NotEqual(number),
            NumberTest::Less(_) => NumberTest::Less(number),
            NumberTest::LessEqual(_) => NumberTest::LessEqual(number),
            NumberTest::Greater(_) => NumberTest::Greater(number),
            NumberTest::GreaterEqual(_) => NumberTest::GreaterEqual(number),
            other => other,
        }
    }
}
