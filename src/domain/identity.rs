//! Identity numbers (rule D32): which can be anybody's, and how they are compared as partners mean them.

/// The form of an identity number under which two writings of one person are the same text.
///
/// Full-width digits are not folded: they are refused at intake. A 15-digit card (GB 11643-1989) is widened with the
/// century 19 and its check character; an 18-digit credit code (GB 32100) holds the 9-character organisation code at
/// places 9 to 17, so organisation codes compare by those nine.
#[must_use]
pub fn normalise(id_type: &str, number: &str) -> String {
    let mut plain = String::with_capacity(number.len());
    plain.extend(number.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()));
    if is_card(id_type) && plain.len() == 15 && plain.bytes().all(|b| b.is_ascii_digit()) {
        let (region, rest) = plain.split_at(6);
        let body = format!("{region}19{rest}");
        let check = check_character(&body).unwrap_or('?');
        return format!("{body}{check}");
    }
    if !is_card(id_type) && plain.len() == 18 && plain.is_ascii() {
        return plain.get(8..17).map_or_else(|| plain.clone(), str::to_owned);
    }
    plain
}

/// Is this ID type the resident identity card (`01` on the wire)?
#[must_use]
pub fn is_card(id_type: &str) -> bool {
    id_type == "01"
}

/// Is this ID type the unified social credit code (`24100` on the wire)?
#[must_use]
pub fn is_credit_code(id_type: &str) -> bool {
    id_type == "24100"
}

/// Can this number of this type be anybody's on `today`? Cards are born by then and, like credit codes, have the right check
/// character; numbers of other types are not judged.
#[must_use]
pub fn is_possible(id_type: &str, number: &str, today: crate::Day) -> bool {
    match id_type {
        card if is_card(card) => card_is_valid(number) && born_on(number).is_none_or(|day| day <= today),
        code if is_credit_code(code) => credit_code_is_valid(number),
        _ => true,
    }
}

/// The birth date in an 18-digit card number.
fn born_on(number: &str) -> Option<crate::Day> {
    number.get(6..14).filter(|_| number.len() == 18).and_then(crate::Day::parse)
}

/// Is a unified social credit code whole: 18 signs of its alphabet, the last one the check character of the others (GB 32100-2015)?
#[must_use]
pub fn credit_code_is_valid(code: &str) -> bool {
    const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const MODULUS: usize = 31;
    let Some((body, check)) = code.split_at_checked(17).filter(|_| code.len() == 18) else { return false };
    let value = |sign: char| SIGNS.find(sign.to_ascii_uppercase());
    // The weights are the powers of 3.
    let sum = body.chars().try_fold((0, 1), |(sum, weight), sign| {
        value(sign).map(|value| ((sum + value * weight) % MODULUS, weight * 3 % MODULUS))
    });
    sum.is_some_and(|(sum, _)| check.chars().next().and_then(value) == Some((MODULUS - sum) % MODULUS))
}

/// Is an 18-digit resident card number well formed, birth date and check character included (GB 11643-1999)?
#[must_use]
pub fn card_is_valid(number: &str) -> bool {
    if number.len() == 15 {
        let birth = number.get(6..12).and_then(|birth| crate::Day::parse(&format!("19{birth}")));
        return number.bytes().all(|b| b.is_ascii_digit()) && birth.is_some();
    }
    let Some((body, check)) = number.split_at_checked(17).filter(|_| number.len() == 18) else { return false };
    let date_is_real = body.get(6..14).and_then(crate::Day::parse).is_some() || old_birth(body);
    date_is_real && check_character(body).is_some_and(|c| check.eq_ignore_ascii_case(&c.to_string()))
}

/// Birth years before 1900 occur on made-up cards only, which carry the 1890s on purpose.
fn old_birth(body: &str) -> bool {
    body.get(6..10).is_some_and(|year| ("1800".."1900").contains(&year))
        && body.get(10..14).is_some_and(|md| ("0101".."1232").contains(&md))
}

/// The check character of the first 17 digits (ISO 7064 MOD 11-2).
#[must_use]
pub fn check_character(body: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if body.len() != 17 {
        return None;
    }
    let sum = body
        .bytes()
        .zip(WEIGHTS)
        .try_fold(0_u32, |sum, (byte, weight)| byte.is_ascii_digit().then(|| sum + u32::from(byte - b'0') * weight))?;
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_cards_and_new_cards_are_the_same_person() {
        assert!(card_is_valid("330225189506120170"));
        assert!(!card_is_valid("330225189506120171"));
        assert!(!card_is_valid("33022518950612017"));
        assert!(card_is_valid("330225500612017"));
        assert!(!card_is_valid("330225501312017"), "no such month");
        assert_eq!(normalise("01", "11010519491231002x"), "11010519491231002X");
        assert_eq!(normalise("01", "110105491231002"), "11010519491231002X");
        assert_eq!(normalise("24100", "91330225MA2XXXXX0L"), normalise("20600", "MA2XXXXX-0"));
    }

    #[test]
    fn a_credit_code_has_its_alphabet_and_its_check_character() {
        // Published codes of two bodies, and made-up ones.
        for code in ["91350100M000100Y43", "91110000802100433B", "91330225MA2XXXXX0L", "91330225MA0000074C"] {
            assert!(credit_code_is_valid(code) && credit_code_is_valid(&code.to_ascii_lowercase()), "{code}");
            for place in 0..18 {
                let mut other: Vec<char> = code.chars().collect();
                other[place] = if other[place] == '7' { '8' } else { '7' };
                let other: String = other.into_iter().collect();
                assert!(!credit_code_is_valid(&other), "{other}: any one wrong sign is seen");
            }
        }
        let swapped = "91330225MA0000704C";
        for wrong in
            ["", "91330225MA2XXXXX0", "91330225MA2XXXXX0L0", "9133O225MA2XXXXX0L", "九1330225MA2XXXXX", swapped]
        {
            assert!(!credit_code_is_valid(wrong), "{wrong}");
        }
    }

    #[test]
    fn nobody_has_a_card_who_is_not_born() {
        let day = |text: &str| crate::Day::parse(text).unwrap();
        let of = |body: &str| format!("{body}{}", check_character(body).unwrap());
        let (born, number) = (day("20261122"), of("33022520261122001"));
        assert!(is_possible("01", &number, born), "on the first day of a life");
        assert!(!is_possible("01", &number, day("20261121")));
        assert!(!is_possible("01", &of("33022529991231001"), born));
        assert!(is_possible("01", "330225189506120170", born) && is_possible("01", "330225500612017", born));
        assert!(!is_possible("24100", "91330225MA2XXXXX1K", born) && is_possible("24100", "91330225MA2XXXXX0L", born));
        assert!(is_possible("20600", "MA2XXXXX-1", born), "an organisation code is not judged");
    }
}
