//! BER as the upper layers of OSI use it: tags beyond 30 and lengths in more bytes than needed, but no open ends.

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Class and "constructed", as in the first byte: `0xa0` for `[n]` constructed, `0x80` for `[n]` primitive.
    pub(crate) class: u8,
    pub(crate) number: u32,
    pub(crate) content: &'a [u8],
}

impl Element<'_> {
    pub(crate) fn is_constructed(&self) -> bool {
        self.class & 0x20 != 0
    }

    /// Whether it is `[number]` of the context.
    pub(crate) fn is_context(&self, number: u32) -> bool {
        self.class & 0xc0 == 0x80 && self.number == number
    }

    /// The content as a number of at most eight bytes.
    pub(crate) fn integer(&self) -> Option<u64> {
        let fits = (1..=8).contains(&self.content.len());
        fits.then(|| self.content.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// Takes the next element off `rest`; what is cut off behind its header is given as far as it is there.
pub(crate) fn next<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let (first, mut after) = rest.split_first()?;
    let mut number = u32::from(first & 0x1f);
    if number == 0x1f {
        number = 0;
        loop {
            let (byte, more) = after.split_first()?;
            after = more;
            number = number.checked_mul(128)?.checked_add(u32::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    let (length, after) = length(after)?;
    let (content, after) = after.split_at_checked(length).unwrap_or((after, &[]));
    *rest = after;
    Some(Element { class: first & 0xe0, number, content })
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, after) = bytes.split_first()?;
    match first {
        0..=0x7f => Some((usize::from(*first), after)),
        0x81..=0x84 => {
            let (digits, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0usize, |length, digit| length << 8 | usize::from(*digit));
            Some((length, after))
        }
        _ => None,
    }
}

/// Calls `each` with every element below `bytes`, outside in, to a depth of `levels`, until it answers false.
pub(crate) fn walk<'a>(mut bytes: &'a [u8], levels: u8, each: &mut impl FnMut(Element<'a>) -> bool) -> bool {
    while let Some(element) = next(&mut bytes) {
        if !each(element) {
            return false;
        }
        if element.is_constructed() && levels > 0 && !walk(element.content, levels - 1, each) {
            return false;
        }
    }
    true
}
