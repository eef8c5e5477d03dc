//! DER (ITU-T X.690): tag, length, value, read without copying. Used for certificates and Kerberos messages.
//!
//! Only what those need: single-byte tags, definite lengths (a length in indefinite form is refused), no re-encoding checks.

/// One element: its tag byte, its content, and its bytes with the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Universal tags and the ways to build others.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const T61_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const GENERAL_STRING: u8 = 0x1b;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// Context-specific, constructed: `[n]`.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// Application, constructed.
    pub(crate) const fn application(number: u8) -> u8 {
        0x60 | number
    }
}

/// A sequence of elements that is read from its front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element; `None` at the end or when it is cut off or malformed.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (header, length) = header(self.rest)?;
        let end = header.checked_add(length)?;
        let whole = self.rest.get(..end)?;
        let element = Element { tag: *whole.first()?, content: whole.get(header..)?, whole };
        self.rest = self.rest.get(end..)?;
        Some(element)
    }

    /// The next element, if it carries this tag; otherwise nothing is taken.
    pub(crate) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        (self.peek()? == tag).then(|| self.next()).flatten()
    }

    /// What is inside the next element, if it carries this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.take(tag).map(|element| element.inside())
    }
}

impl<'a> Element<'a> {
    /// The element's content as elements.
    pub(crate) const fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The content as a signed integer of at most four bytes.
    pub(crate) fn signed(&self) -> Option<i32> {
        let (&first, _) = self.content.split_first()?;
        if self.content.len() > 4 {
            return None;
        }
        let start = if first & 0x80 != 0 { -1i32 } else { 0 };
        Some(self.content.iter().fold(start, |number, digit| (number << 8) | i32::from(*digit)))
    }
}

/// Bytes of the header and of the content behind it. `None`: cut off, or not a form that DER allows here.
pub(crate) fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
    if tag & 0x1f == 0x1f {
        return None;
    }
    if first & 0x80 == 0 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let digits = bytes.get(2..2 + count)?;
    let length = digits.iter().fold(0usize, |length, digit| length << 8 | usize::from(*digit));
    Some((2 + count, length))
}

/// An object identifier in dotted form. Arcs beyond 64 bits are cut.
pub(crate) fn oid_text(content: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let mut arc = 0u64;
    let mut first = true;
    for byte in content {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let top = (arc / 40).min(2);
            let _ = write!(text, "{top}.{}", arc - top * 40);
            first = false;
        } else {
            let _ = write!(text, ".{arc}");
        }
        arc = 0;
    }
    text
}

/// Seconds since 1970 of a `UTCTime` or `GeneralizedTime` (RFC 5280 §4.1.2.5). Offsets are understood, fractions ignored.
pub(crate) fn time(element: &Element<'_>) -> Option<i64> {
    let text = element.content;
    let (year, rest) = match element.tag {
        tag::UTC_TIME => {
            let year = digits(text, 0, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        tag::GENERALIZED_TIME => (digits(text, 0, 4)?, text.get(4..)?),
        _ => return None,
    };
    let part = |at: usize| digits(rest, at, 2);
    let (month, day, hour, minute) = (part(0)?, part(2)?, part(4)?, part(6)?);
    let second = part(8).unwrap_or(0);
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !valid {
        return None;
    }
    let zone = rest.iter().position(|byte| matches!(byte, b'+' | b'-')).and_then(|at| {
        let minutes = digits(rest, at + 1, 2)? * 60 + digits(rest, at + 3, 2)?;
        Some(if rest.get(at) == Some(&b'-') { -minutes } else { minutes })
    });
    Some(seconds(year, month, day) + hour * 3600 + minute * 60 + second - zone.unwrap_or(0) * 60)
}

fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    text.get(at..at + count)?
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// Seconds since 1970 of a day in the Gregorian calendar.
pub(crate) fn seconds(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * 86_400
}

/// `2017-03-23T00:00:00` of seconds since 1970.
pub(crate) fn time_text(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = years + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_come_short_and_long() {
        assert_eq!(header(&[0x30, 5]), Some((2, 5)));
        assert_eq!(header(&[0x30, 0x82, 1, 0]), Some((4, 256)));
        assert_eq!(header(&[0x30, 0x80]), None);
        assert_eq!(header(&[0x30, 0x82, 1]), None);
    }

    #[test]
    fn an_element_that_is_cut_off_is_none() {
        assert_eq!(Reader::new(&[2, 3, 1, 2]).next(), None);
        let element = Reader::new(&[2, 2, 1, 2, 9]).next().expect("is complete");
        assert_eq!((element.content, element.signed()), (&[1, 2][..], Some(258)));
    }

    #[test]
    fn integers_have_a_sign() {
        let read = |bytes: &[u8]| Reader::new(bytes).next().and_then(|element| element.signed());
        assert_eq!(read(&[2, 1, 23]), Some(23));
        assert_eq!(read(&[2, 2, 0xff, 0x7b]), Some(-133));
    }

    #[test]
    fn identifiers_are_dotted() {
        assert_eq!(oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]), "1.2.840.113549.1.9.1");
        assert_eq!(oid_text(&[0x55, 4, 3]), "2.5.4.3");
    }

    #[test]
    fn times_of_both_kinds_are_read_and_written() {
        let read = |tag, text: &[u8]| time(&Element { tag, content: text, whole: text }).map(time_text);
        assert_eq!(read(tag::UTC_TIME, b"170323000000Z").as_deref(), Some("2017-03-23T00:00:00"));
        assert_eq!(read(tag::UTC_TIME, b"500101000000Z").as_deref(), Some("1950-01-01T00:00:00"));
        assert_eq!(read(tag::GENERALIZED_TIME, b"20520229235959Z"), Some("2052-02-29T23:59:59".into()));
        assert_eq!(read(tag::UTC_TIME, b"170323000000+0130").as_deref(), Some("2017-03-22T22:30:00"));
        assert_eq!(read(tag::UTC_TIME, b"171323000000Z"), None);
    }
}
