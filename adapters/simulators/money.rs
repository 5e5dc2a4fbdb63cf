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

/// An amount as `18000.00` in files and on admin ports.
pub(crate) mod text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::{Fen, parse_yuan, yuan};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on a reference")]
    pub(crate) fn serialize<S: Serializer>(fen: &Fen, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&yuan(*fen))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Fen, D::Error> {
        let text = String::deserialize(from)?;
        parse_yuan(&text).ok_or_else(|| D::Error::custom("not an amount (18000.00)"))
    }
}

/// The same where there may be none.
pub(crate) mod optional_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::{Fen, parse_yuan, yuan};

    #[expect(clippy::ref_option, reason = "serde hands on a reference")]
    pub(crate) fn serialize<S: Serializer>(fen: &Option<Fen>, to: S) -> Result<S::Ok, S::Error> {
        match fen {
            Some(fen) => to.serialize_some(&yuan(*fen)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Fen>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        parse_yuan(&text).map(Some).ok_or_else(|| D::Error::custom("not an amount (18000.00)"))
    }
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
