//! Payment card numbers in bytes that are not encrypted.
//!
//! A number is 13 to 19 digits, whole or in groups set apart by one blank, plus or hyphen, that begins as an issuer's numbers do,
//! has the length of that issuer's, and passes the check of ISO/IEC 7812-1 annex B (Luhn). What passes the first two tests and
//! not the check is counted: one in ten of arbitrary numbers passes, so the share tells cards from other long numbers.
//!
//! Nothing whole is kept: the first six and the last four digits (what PCI DSS 4.0 requirement 3.4.1 lets be shown), and a keyed hash
//! by which repeated numbers are told apart. The hash stays in memory; it is written nowhere.
//!
//! Limits: [`CardsSeen::NUMBERS`] different numbers per flow and direction, or file; more are counted. Time is linear: where there are
//! no digits, two bytes of twelve are looked at.

use std::collections::BTreeSet;

use model::{CardNumber, CardsSeen, PacketId, Time};
use sha2::{Digest, Sha256};

/// Fewest digits of a number.
const DIGITS_MIN: usize = 13;
/// Most digits of a number.
const DIGITS_MAX: usize = 19;
/// Bytes that are kept of a run that may go on: more than the longest number in groups takes.
const OPEN_BYTES_MAX: usize = 40;
/// Bytes ahead of a run that say whether it stands alone.
const CONTEXT_BYTES: usize = 2;
/// Of any thirteen bytes in which no two neighbours are separators, a multiple of this and the byte behind it hold a digit.
const STRIDE: usize = 12;

/// Looks for card numbers in bytes that come piece by piece.
#[derive(Debug, Default)]
pub struct Cards {
    seen: CardsSeen,
    known: BTreeSet<u64>,
    /// Digits at the end of the piece before, with what stands ahead of them: a number may go on in the next piece.
    open: Vec<u8>,
    last: (Time, PacketId),
}

impl Cards {
    /// Looks at a piece that follows what was looked at before.
    pub fn take(&mut self, bytes: &[u8], time: Time, packet: PacketId) {
        self.last = (time, packet);
        if self.open.is_empty() {
            self.look(bytes);
        } else {
            let mut joined = std::mem::take(&mut self.open);
            joined.extend_from_slice(bytes);
            self.look(&joined);
        }
    }

    /// Whether bytes hold, or end with, what may be a number: whoever sees none need keep nothing.
    pub fn may_begin(bytes: &[u8]) -> bool {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut at = 0;
        while at < bytes.len() {
            if !digit(at) && !digit(at + 1) {
                at += STRIDE;
                continue;
            }
            let hit = if digit(at) { at } else { at + 1 };
            let end = run_end(bytes, hit);
            if end - run_begin(bytes, hit, 0) >= DIGITS_MIN {
                return true;
            }
            at = end.next_multiple_of(STRIDE);
        }
        bytes.last().is_some_and(u8::is_ascii_digit)
    }

    /// What comes next follows nothing: a piece is missing.
    pub fn interrupt(&mut self) {
        let open = std::mem::take(&mut self.open);
        if let Some(begin) = open.iter().position(u8::is_ascii_digit) {
            let end = run_end(&open, begin);
            self.run(&open, begin, end);
        }
    }

    /// What was seen; `None` when nothing that looks like a card number was.
    pub fn told(mut self) -> Option<Box<CardsSeen>> {
        self.interrupt();
        let seen = self.seen;
        (!seen.numbers.is_empty() || seen.failed > 0 || seen.tests > 0).then(|| Box::new(seen))
    }

    fn look(&mut self, bytes: &[u8]) {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let (mut at, mut done) = (0, 0);
        while at < bytes.len() {
            if !digit(at) && !digit(at + 1) {
                at += STRIDE;
                continue;
            }
            let hit = if digit(at) { at } else { at + 1 };
            let begin = run_begin(bytes, hit, done);
            let end = run_end(bytes, hit);
            let separated = end + 1 == bytes.len() && bytes.get(end).is_some_and(|byte| is_separator(*byte));
            if end == bytes.len() || separated {
                return self.keep_open(bytes, begin);
            }
            self.run(bytes, begin, end);
            done = end;
            at = end.next_multiple_of(STRIDE);
        }
        // The last digits may lie behind the last place that was looked at.
        let end = bytes.len() - usize::from(bytes.last().is_some_and(|byte| is_separator(*byte)));
        if end > done && digit(end - 1) {
            self.keep_open(bytes, run_begin(bytes, end - 1, done));
        }
    }

    /// Judges what is complete of the run at the end, and keeps the rest of it, with the two bytes ahead, until more comes.
    fn keep_open(&mut self, bytes: &[u8], begin: usize) {
        let mut tail = group_begin(bytes, begin, bytes.len());
        // Short groups may be the first ones of a number that the next piece ends.
        for _ in 0..SHORT_GROUPS_MAX {
            let before = group_begin(bytes, begin, tail.saturating_sub(1).max(begin));
            if tail <= begin + 1 || !matches!(tail - 1 - before, 4 | 6) {
                break;
            }
            tail = before;
        }
        if tail > begin + 1 {
            self.run(bytes, begin, tail - 1);
        }
        self.open = bytes[tail.saturating_sub(CONTEXT_BYTES)..].to_vec();
        if self.open.len() > OPEN_BYTES_MAX {
            // Too long for a card's number, and so is whatever it goes on as.
            self.open.drain(..self.open.len() - OPEN_BYTES_MAX);
            self.open[0] = b'x';
        }
    }

    /// Judges a run of digits and single separators: groups that make a number as cards show it, and groups that are one by themselves.
    fn run(&mut self, bytes: &[u8], begin: usize, end: usize) {
        if end - begin < DIGITS_MIN {
            return;
        }
        let mut groups: Vec<&[u8]> = bytes[begin..end].split(|byte| is_separator(*byte)).collect();
        if !ends_there(bytes, end) {
            groups.pop();
        }
        let mut at = usize::from(!begins_there(bytes, begin));
        while let Some(rest) = groups.get(at..).filter(|rest| !rest.is_empty()) {
            match number_in_groups(rest, rest.len() == groups.len()) {
                Some((count, digits)) => {
                    self.number(&digits, true);
                    at += count;
                }
                None => {
                    self.number(rest[0], false);
                    at += 1;
                }
            }
        }
    }

    fn number(&mut self, digits: &[u8], grouped: bool) {
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) || !is_of_issuer(digits) {
            return;
        }
        if !passes_check(digits) {
            self.seen.failed = self.seen.failed.saturating_add(1);
            return;
        }
        if is_example(digits) {
            self.seen.tests = self.seen.tests.saturating_add(1);
            return;
        }
        let key = key_of(digits);
        if self.known.contains(&key) {
            return;
        }
        if self.seen.numbers.len() >= CardsSeen::NUMBERS {
            self.seen.more = self.seen.more.saturating_add(1);
            return;
        }
        self.known.insert(key);
        let value = |part: &[u8]| part.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        let (prefix, suffix) = (value(&digits[..6]), value(&digits[digits.len() - 4..]) as u16);
        let (time, packet) = self.last;
        self.seen.numbers.push(CardNumber { key, prefix, suffix, grouped, time, packet });
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'+')
}

/// Where the run around `at` begins, not before `floor`.
fn run_begin(bytes: &[u8], at: usize, floor: usize) -> usize {
    let mut begin = at;
    while begin > floor {
        let before = bytes[begin - 1];
        let joined = is_separator(before) && begin - 1 > floor && bytes[begin - 2].is_ascii_digit();
        if before.is_ascii_digit() {
            begin -= 1;
        } else if joined {
            begin -= 2;
        } else {
            break;
        }
    }
    begin
}

/// Where the run around `at` ends.
fn run_end(bytes: &[u8], at: usize) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = at;
    loop {
        if digit(end) {
            end += 1;
        } else if bytes.get(end).is_some_and(|byte| is_separator(*byte)) && digit(end + 1) {
            end += 2;
        } else {
            return end;
        }
    }
}

/// Where the last group of digits before `end` begins, not before `floor`; a separator at the very end belongs to it.
fn group_begin(bytes: &[u8], floor: usize, end: usize) -> usize {
    let mut begin = end;
    if begin > floor && is_separator(bytes[begin - 1]) {
        begin -= 1;
    }
    while begin > floor && bytes[begin - 1].is_ascii_digit() {
        begin -= 1;
    }
    begin
}

/// Whether a number can begin here: what stands before does not make it a part of something longer, such as a hexadecimal number or a
/// decimal fraction. Track 1 of a magnetic stripe puts `%B` before the number (ISO/IEC 7813).
fn begins_there(bytes: &[u8], begin: usize) -> bool {
    match begin.checked_sub(1).map(|at| bytes[at]) {
        Some(b'B') => begin >= 2 && bytes[begin - 2] == b'%',
        Some(byte) => !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'_'),
        None => true,
    }
}

/// Whether a number can end here.
fn ends_there(bytes: &[u8], end: usize) -> bool {
    bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

/// A number whose groups stand first, and how many groups it takes. Among other groups only what passes the check is taken for one.
fn number_in_groups(groups: &[&[u8]], alone: bool) -> Option<(usize, Vec<u8>)> {
    FORMS.iter().find_map(|form| {
        let own = groups.get(..form.len())?;
        if own.iter().zip(*form).any(|(group, length)| group.len() != *length) {
            return None;
        }
        let digits = own.concat();
        let fits = is_of_issuer(&digits) && passes_check(&digits);
        (fits || (alone && form.len() == groups.len())).then_some((form.len(), digits))
    })
}

/// Lengths of groups as cards show them, longest first.
const FORMS: &[&[usize]] = &[&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 5]];
/// Short groups that may stand ahead of the last one of a number.
const SHORT_GROUPS_MAX: usize = 4;

/// Whether numbers of this length begin so: by the issuer identification numbers that the networks publish.
fn is_of_issuer(digits: &[u8]) -> bool {
    let prefix = digits[..6].iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let length = digits.len() as u8;
    ISSUERS.iter().any(|(from, to, lengths)| (*from..=*to).contains(&prefix) && lengths.contains(&length))
}

/// First and last beginning, in six digits, and the lengths that occur with it.
const ISSUERS: &[(u32, u32, &[u8])] = &[
    // Mir
    (220_000, 220_499, &[16, 17, 18, 19]),
    // Mastercard
    (222_100, 272_099, &[16]),
    (510_000, 559_999, &[16]),
    // Diners Club
    (300_000, 305_999, &[14, 16]),
    (309_500, 309_599, &[14, 16]),
    (360_000, 369_999, &[14, 16]),
    (380_000, 399_999, &[14, 16]),
    // American Express
    (340_000, 349_999, &[15]),
    (370_000, 379_999, &[15]),
    // JCB
    (352_800, 358_999, &[16]),
    // Visa
    (400_000, 499_999, &[13, 16, 19]),
    // Maestro and debit cards of national networks (Shetab, Elcart, RuPay, Verve, Troy)
    (500_000, 509_999, &[16, 18, 19]),
    (560_000, 589_999, &[16, 18, 19]),
    (603_700, 603_999, &[16]),
    (610_400, 610_499, &[16]),
    (627_000, 629_999, &[16, 17, 18, 19]),
    (636_200, 636_299, &[16]),
    (639_000, 639_999, &[16]),
    (979_200, 979_289, &[16]),
    (991_900, 991_999, &[16]),
    // Discover, UnionPay
    (601_100, 601_199, &[16, 19]),
    (620_000, 626_999, &[16, 17, 18, 19]),
    (644_000, 659_999, &[16, 19]),
];

/// The check of ISO/IEC 7812-1 annex B (Luhn).
fn passes_check(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << (place % 2);
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a number is one of those that documentation and payment services publish for trying things out, or is made of one or two
/// different digits.
fn is_example(digits: &[u8]) -> bool {
    let mut different = [false; 10];
    for digit in digits {
        different[usize::from(digit - b'0')] = true;
    }
    different.iter().filter(|there| **there).count() <= 2 || EXAMPLES.contains(&digits)
}

/// Numbers that the networks and payment services publish for tests.
const EXAMPLES: &[&[u8]] = &[
    b"4111111111111111",
    b"4012888888881881",
    b"4222222222222",
    b"4000056655665556",
    b"4000000000000002",
    b"4000000000000077",
    b"4917610000000000",
    b"5105105105105100",
    b"5200828282828210",
    b"5454545454545454",
    b"2223003122003222",
    b"2223000048400011",
    b"378282246310005",
    b"371449635398431",
    b"378734493671000",
    b"6011000990139424",
    b"6011111111111117",
    b"30569309025904",
    b"38520000023237",
    b"36227206271667",
    b"3056930009020004",
    b"3530111333300000",
    b"3566002020360505",
    b"6200000000000005",
    b"6304000000000000",
];

/// By which repeated numbers are told apart.
fn key_of(digits: &[u8]) -> u64 {
    let hash = Sha256::new().chain_update(b"targe: distinct card numbers").chain_update(digits).finalize();
    hash[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number of an issuer's test range: `prefix`, then `middle` in as many digits as are missing, then the check digit.
    fn number(prefix: &str, middle: u64, length: usize) -> String {
        let mut text = format!("{prefix}{middle:0width$}", width = length - 1 - prefix.len());
        let check = (b'0'..=b'9').find(|digit| passes_check(&[text.as_bytes(), &[*digit]].concat()));
        text.push(char::from(check.expect("one digit of ten passes")));
        text
    }

    fn look(pieces: &[&[u8]]) -> CardsSeen {
        let mut cards = Cards::default();
        for piece in pieces {
            cards.take(piece, Time::from_secs(1), PacketId(1));
        }
        cards.told().map(|seen| *seen).unwrap_or_default()
    }

    #[test]
    fn numbers_are_found_whole_and_in_groups_wherever_they_stand() {
        let plain = number("400000", 123_456_789, 16);
        let amex = number("370000", 12_345_678, 15);
        for before in 0..30 {
            let text = format!(
                "{}pan={plain}&cvc=123 {} {} {};",
                "x".repeat(before),
                &amex[..4],
                &amex[4..10],
                &amex[10..]
            );
            let seen = look(&[text.as_bytes()]);
            assert_eq!(seen.numbers.len(), 2, "{text}");
            assert_eq!((seen.numbers[0].prefix, seen.numbers[0].grouped), (400_000, false));
            assert!(seen.numbers[1].grouped);
        }
    }

    #[test]
    fn a_number_in_two_pieces_counts_once() {
        let text =
            format!("a,{},b and later some more text that is long enough", number("400000", 987_654_321, 16));
        for cut in 0..text.len() {
            let seen = look(&[&text.as_bytes()[..cut], &text.as_bytes()[cut..]]);
            assert_eq!((seen.numbers.len(), seen.failed), (1, 0), "cut at {cut}: {seen:?}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        let good = number("400000", 5_550_001, 16);
        for text in [
            format!("0x{good}ff"),
            format!("a{good}"),
            format!("3.{good}"),
            format!("{good}1234"),
            "1700000000000 1700000000001".to_owned(),
            "4111111111111111".to_owned(),
            "2024-03-01 10:22:31 2024-03-01".to_owned(),
        ] {
            assert_eq!(look(&[text.as_bytes()]).numbers.len(), 0, "{text}");
        }
    }

    #[test]
    fn one_in_ten_of_arbitrary_numbers_passes_and_the_rest_is_counted() {
        let text: String =
            (0..1_000_u64).map(|n| format!("{};", 4_000_000_000_000_000 + n * 7_919)).collect();
        let seen = look(&[text.as_bytes()]);
        assert!((80..120).contains(&seen.numbers.len()), "{}", seen.numbers.len());
        assert_eq!(seen.numbers.len() + seen.failed as usize + seen.tests as usize, 1_000);
    }

    #[test]
    fn no_more_numbers_are_kept_than_the_limit() {
        let text: String = (0..CardsSeen::NUMBERS as u64 + 50)
            .map(|n| format!("{} ", number("400000", n + 7, 16)))
            .collect();
        let seen = look(&[text.as_bytes()]);
        assert_eq!((seen.numbers.len(), seen.more + seen.tests), (CardsSeen::NUMBERS, 50));
    }
}
