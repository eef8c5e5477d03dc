//! Prevention: a segment that differs from what was passed on before at its place is passed on with the earlier bytes.

use decode::Transport;
use flow::{Seen, Stream, Turn};

/// The packet as it is passed on; `None` when it goes on as it came.
pub(crate) fn passed_on(seen: &Seen<'_>, stream: &Stream<'_>, turn: &Turn) -> Option<Vec<u8>> {
    let Transport::Tcp(tcp) = seen.layers.transport else { return None };
    let payload = seen.layers.payload.start as usize..seen.layers.payload.end as usize;
    let earlier = stream.replacement(turn, payload.len())?;
    let mut bytes = seen.bytes.to_vec();
    let place = bytes.get_mut(payload.clone())?;
    let odd = (payload.start - tcp.at as usize) % 2 == 1;
    let (gone, come) = (sum(place, odd), sum(earlier, odd));
    place.copy_from_slice(earlier);
    let at = tcp.at as usize + 16;
    let checksum = bytes.get_mut(at..at + 2)?;
    let old = u16::from_be_bytes([checksum[0], checksum[1]]);
    // RFC 1624 §3: HC' = ~(~HC + ~m + m').
    let new = !fold(u64::from(!old) + u64::from(!fold(gone)) + come);
    checksum.copy_from_slice(&new.to_be_bytes());
    Some(bytes)
}

/// Sum of 16-bit words; `odd`: the first byte is the second half of a word.
fn sum(bytes: &[u8], odd: bool) -> u64 {
    let place = |index: usize| if index.is_multiple_of(2) == odd { 0 } else { 8 };
    bytes.iter().enumerate().map(|(index, byte)| u64::from(*byte) << place(index)).sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::{fold, sum};

    #[test]
    fn sums_do_not_depend_on_where_they_are_cut() {
        let bytes = [1, 2, 3, 4, 5, 6, 7];
        for cut in 0..bytes.len() {
            let (front, back) = bytes.split_at(cut);
            assert_eq!(fold(sum(&bytes, false)), fold(sum(front, false) + sum(back, cut % 2 == 1)));
        }
        assert_eq!(sum(&[1, 2], false), 0x0102);
        assert_eq!(sum(&[1, 2], true), 0x0201);
    }
}
