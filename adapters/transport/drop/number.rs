//! The number of an order where each travels in a packet of its own: 22 signs that lead back to slip and line.

use domain::{SlipLine, SlipNumber};

/// The number of one order: our slip number and two places for its line. Partners know a repeat by the number alone, so
/// what travels apart needs one of its own; with 22 signs it is as long as they allow.
pub(crate) fn number_of(key: SlipLine) -> Option<String> {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let digit = |place: u16| DIGITS.get(usize::from(place)).copied().map(char::from);
    Some(format!("{}{}{}", key.slip, digit(key.line / 36)?, digit(key.line % 36)?))
}

/// A sign of the codes and numbers that names of packets are made of.
pub(crate) fn is_sign(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// The order that a number names; `None` when it is none of ours.
pub(crate) fn key_of(number: &str) -> Option<SlipLine> {
    let (slip, line) = (number.get(..20)?, number.get(20..22)?);
    // Written in capitals, and what is written otherwise is not ours.
    if number.len() != 22 || !line.bytes().all(is_sign) {
        return None;
    }
    Some(SlipLine { slip: SlipNumber::parse(slip)?, line: u16::from_str_radix(line, 36).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Day;

    #[test]
    fn numbers_of_orders_are_as_long_as_banks_allow_and_lead_back() {
        let slip = SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 12);
        assert_eq!(number_of(SlipLine { slip, line: 0 }).unwrap(), "X202611220000000001200");
        assert_eq!(number_of(SlipLine { slip, line: 200 }).unwrap(), "X20261122000000000125K");
        for line in 0..=1_295 {
            let key = SlipLine { slip, line };
            let number = number_of(key).unwrap();
            assert_eq!((number.len(), key_of(&number)), (22, Some(key)));
        }
        assert_eq!(number_of(SlipLine { slip, line: 1_296 }), None);
        for bad in
            ["", "X2026112200000000012", "X20261122000000000125k", "A202611220000000001200", "X2026112200000000012+1"]
        {
            assert_eq!(key_of(bad), None, "{bad}");
        }
    }
}
