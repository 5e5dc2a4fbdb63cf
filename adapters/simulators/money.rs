//! Yuan on the wire, whole fen inside.

/// Money in fen (1/100 yuan). A simulated bank keeps no smaller part.
pub type Fen = i64;

/// Above this a text is not an amount of a county's bank but a mistake (100 billion yuan).
pub const AMOUNT_FEN_MAX: Fen = 10_000_000_000_000;

/// Reads `18000`, `18000.5`, `18000.00` or `18000.0000`; a part of a fen, a sign or a thousands mark is refused.
pub fn parse_yuan(text: &str) -> Option<Fen> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || part.len() > 4 || !digits(whole) || !digits(part) {
        return None;
    }
    let padded = format!("{part:0<4}");
    if padded.get(2..4)? != "00" {
        return None;
    }
    let fen = whole.parse::<Fen>().ok()?.checked_mul(100)?.checked_add(padded.get(0..2)?.parse().ok()?)?;
    (fen <= AMOUNT_FEN_MAX).then_some(fen)
}

/// Writes fen as yuan with two digits: `18000.00`.
pub fn yuan(fen: Fen) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let magnitude = fen.unsigned_abs();
    format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_four_digits_but_no_part_of_a_fen() {
        assert_eq!(parse_yuan("18000"), Some(1_800_000));
        assert_eq!(parse_yuan("18234.5"), Some(1_823_450));
        assert_eq!(parse_yuan("18234.5600"), Some(1_823_456));
        for text in ["", ".5", "-1", "1,000.00", "1.001", "1.00000", "9999999999999", "一千"] {
            assert_eq!(parse_yuan(text), None, "{text}");
        }
        assert_eq!(yuan(1_823_456), "18234.56");
        assert_eq!(yuan(-5), "-0.05");
    }
}
