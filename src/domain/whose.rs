//! Whose an answer is: the names and identity numbers in it, as partners write and mask them, held against the subject of the order.

use crate::Personal;
use crate::case::{Party, PartyKind};
use crate::identity::{is_card, normalise};
use crate::outcome::Reason;

/// Somebody whom an answer names as the one it is about, as the partner writes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// Name; empty = not said.
    pub name: Personal<String>,
    /// Identity number; empty = not said.
    pub id_number: Personal<String>,
}

impl Named {
    /// Somebody with that name and identity number; empty = not said.
    #[must_use]
    pub fn of(name: &str, id_number: &str) -> Self {
        Self { name: Personal::from(name), id_number: Personal::from(id_number) }
    }

    /// Does it say anything?
    #[must_use]
    pub fn says_anything(&self) -> bool {
        !self.name.expose().trim().is_empty() || !self.id_number.expose().trim().is_empty()
    }

    /// Why it is somebody else than `party`; `None` when nothing in it says so.
    ///
    /// Widths, spaces, dots of names, dashes and case do not make another person; nor do 15 digits for the 18 of one card, or the nine
    /// signs of an organisation code within a credit code. What a partner has masked (`王*渔`, `3302********0170`) is held as far as it
    /// can be read. A number of another sort of paper than the one in the order (a passport, an old business licence) can be compared
    /// with nothing, so that the whole name must then fit.
    #[must_use]
    pub fn differs(&self, party: &Party) -> Option<Reason> {
        let number = number_fits(party, self.id_number.expose());
        let name = name_fits(party.name.expose(), self.name.expose());
        match (number, name) {
            (Fit::Other, _) => Some(Reason::IdMismatch),
            (_, Fit::Other) => Some(Reason::NameMismatch),
            (Fit::Unlike, Fit::Same) => None,
            (Fit::Unlike, _) => Some(Reason::IdMismatch),
            _ => None,
        }
    }
}

/// How what is said fits what was ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    Same,
    /// As far as it can be read.
    Masked,
    /// Nothing is said, or nothing of it can be read.
    Unsaid,
    /// It cannot be compared.
    Unlike,
    Other,
}

/// A sign by which partners cover what they do not tell; a question mark is what is left of a character that a charset has not.
const MASKS: &str = "*?#×○●□■☆★＿_…";
/// The one kind of sign to which all of them are read.
const MASK: char = '*';
/// So many X in a row cover digits: a number has one at its end.
const MASKING_XS: &str = "XXX";

/// Full-width signs as their narrow ones, in capitals, without what no two systems write alike.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let narrow = |sign: char| match u32::from(sign) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(sign),
        0x3014 | 0x3010 => '(',
        0x3015 | 0x3011 => ')',
        _ => sign,
    };
    let is_beside = |sign: &char| {
        sign.is_whitespace() || sign.is_control() || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}')
    };
    let of_mask = |sign: char| if MASKS.contains(sign) { MASK } else { sign };
    text.chars().map(narrow).filter(move |sign| !is_beside(sign)).map(of_mask).map(|sign| sign.to_ascii_uppercase())
}

fn folded_number(text: &str) -> String {
    let is_dash = |sign: &char| matches!(sign, '-' | '‐' | '‑' | '–' | '—' | '−' | '.' | '/');
    folded(text).filter(|sign| !is_dash(sign)).collect()
}

/// With the Xs of a card that stand for digits as masks.
fn masked_xs(number: &str) -> String {
    let (mut read, mut rest) = (String::with_capacity(number.len()), number);
    while let Some(at) = rest.find('X') {
        let (before, from) = rest.split_at(at);
        let xs = from.len() - from.trim_start_matches('X').len();
        let (run, after) = from.split_at(xs);
        read.push_str(before);
        read.push_str(if xs >= MASKING_XS.len() { "*" } else { run });
        rest = after;
    }
    read.push_str(rest);
    read
}

fn folded_name(text: &str) -> String {
    let is_dot = |sign: &char| matches!(sign, '·' | '•' | '・' | '‧' | '∙' | '⋅' | '･' | '.');
    let mut name = String::with_capacity(text.len());
    name.extend(folded(text).filter(|sign| !is_dot(sign)));
    name
}

fn name_fits(ordered: &str, said: &str) -> Fit {
    let (ordered, said) = (folded_name(ordered), folded_name(said));
    if said.is_empty() || ordered.is_empty() {
        return Fit::Unsaid;
    }
    if said == ordered {
        return Fit::Same;
    }
    // 王某某, and 王XX where the rest is Chinese.
    let is_chinese = !said.is_ascii();
    let covers = |sign: char| sign == MASK || sign == '某' || (is_chinese && sign == 'X');
    fits_masked(&ordered, &said.replace(covers, "*"))
}

fn fits_masked(ordered: &str, said: &str) -> Fit {
    match said.contains(MASK) {
        true if said.chars().all(|sign| sign == MASK) => Fit::Unsaid,
        true if matches_mask(ordered, said) => Fit::Masked,
        _ => Fit::Other,
    }
}

/// Does a text read so? Each mask covers the sign in its place; where the lengths differ, each run of them one sign or more.
fn matches_mask(text: &str, mask: &str) -> bool {
    if text.chars().count() == mask.chars().count() {
        return text.chars().zip(mask.chars()).all(|(sign, mask)| mask == MASK || mask == sign);
    }
    let mut pieces = mask.split(MASK).peekable();
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        if piece.is_empty() && !is_last {
            continue;
        }
        let Some(covered) = rest.chars().next() else { return false };
        let behind = rest.get(covered.len_utf8()..).unwrap_or_default();
        if is_last {
            return behind.ends_with(piece);
        }
        let Some(at) = behind.find(piece) else { return false };
        rest = behind.get(at + piece.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

fn number_fits(party: &Party, said: &str) -> Fit {
    let said = folded_number(said);
    if said.is_empty() {
        return Fit::Unsaid;
    }
    let (of_card, ordered) = (is_card(&party.id_type), folded_number(party.id_number.expose()));
    let whole = normalise(&party.id_type, &ordered);
    if said == ordered || normalise(&party.id_type, &said) == whole {
        return Fit::Same;
    }
    let said = if of_card { masked_xs(&said) } else { said };
    if !said.contains(MASK) {
        return if is_of_its_sort(party, &ordered, &said) { Fit::Other } else { Fit::Unlike };
    }
    // Of a card the writing that it had before may have been masked, or one cut short.
    let old = old_card(&whole).filter(|old| of_card && said.len() <= old.len());
    let writings = [Some(ordered.as_str()), Some(whole.as_str()), old.as_deref()];
    let fits = writings.into_iter().flatten().map(|writing| fits_masked(writing, &said));
    fits.reduce(|best, fit| if best == Fit::Other { fit } else { best }).unwrap_or(Fit::Unsaid)
}

/// The 15 digits that a card of 18 signs had before (GB 11643-1989).
fn old_card(card: &str) -> Option<String> {
    let (region, rest) = card.split_at_checked(6)?;
    Some(format!("{region}{}", rest.get(2..11)?))
}

/// Is what is said the number of a paper of the ordered one's sort, so that another number is another's?
fn is_of_its_sort(party: &Party, ordered: &str, said: &str) -> bool {
    let is_code = |number: &str| matches!(number.len(), 9 | 18);
    match party.kind {
        PartyKind::Person => is_card(&party.id_type) == looks_like_card(said),
        PartyKind::Organisation => is_code(ordered) == is_code(said),
    }
}

/// 15 digits, or 17 and a check character: a card's, of whomever.
fn looks_like_card(number: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
    match number.split_at_checked(17) {
        Some((body, check)) => is_digits(body) && (is_digits(check) || check == "X") && check.len() == 1,
        None => number.len() == 15 && is_digits(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Role;

    const CARD: &str = "33022519890612014X";

    fn party(kind: PartyKind, name: &str, id_type: &str, id_number: &str) -> Party {
        Party {
            role: Role::Obligor,
            kind,
            name: Personal::from(name),
            id_type: id_type.to_owned(),
            id_number: Personal::from(id_number),
            bankrupt: None,
        }
    }

    fn wang() -> Party {
        party(PartyKind::Person, "王小渔", "01", CARD)
    }

    fn works() -> Party {
        party(PartyKind::Organisation, "象山（浙江）船舶有限公司", "24100", "91330225MA2XXXXX0L")
    }

    #[test]
    fn widths_masks_and_old_numbers_do_not_make_another_person() {
        for (name, number) in [
            ("王小渔", CARD),
            (" 王 小 渔 ", "33022519890612014x"),
            ("", "３３０２２５１９８９０６１２０１４Ｘ"),
            ("", "330225-19890612-014X"),
            ("王小渔", "330225890612014"),
            ("王小渔", "330225********014X"),
            ("*小渔", "3302*014X"),
            ("王*", "330225XXXXXXXX014X"),
            ("王**", "330225******014"),
            ("王某某", ""),
            ("王XX", ""),
            ("王小?", ""),
            ("***", "******************"),
            ("王小渔", "E12345678"),
            ("", ""),
        ] {
            assert_eq!(Named::of(name, number).differs(&wang()), None, "{name} {number}");
        }
        for (name, number) in [
            ("象山(浙江)船舶有限公司", "91330225MA2XXXXX0L"),
            ("象山（浙江）船舶有限公司", "MA2XXXXX-0"),
            ("象山（浙江）船舶有限公司", "330225000012345"),
            ("象山*有限公司", "9133****0L"),
            ("", "９１３３０２２５ＭＡ２ＸＸＸＸＸ０Ｌ"),
        ] {
            assert_eq!(Named::of(name, number).differs(&works()), None, "{name} {number}");
        }
        let far = party(PartyKind::Person, "阿卜杜拉·买买提", "01", CARD);
        for name in ["阿卜杜拉•买买提", "阿卜杜拉买买提", "阿卜杜拉.买买提", "阿卜杜拉・*"]
        {
            assert_eq!(Named::of(name, "").differs(&far), None, "{name}");
        }
        let abroad = party(PartyKind::Person, "John SMITH", "414", "E12345678");
        assert_eq!(Named::of("JOHN SMITH", "e12345678").differs(&abroad), None);
        assert_eq!(Named::of("john smith", CARD).differs(&abroad), None, "his card is another paper");
    }

    #[test]
    fn whoever_is_named_otherwise_is_another() {
        let (name, number) = (Some(Reason::NameMismatch), Some(Reason::IdMismatch));
        for (said_name, said_number, why) in [
            ("王海棠", CARD, name),
            ("王海棠", "", name),
            ("*海棠", "", name),
            ("李*渔", "", name),
            ("王小渔儿", CARD, name),
            ("王小", "", name),
            ("王小渔", "330225189001010019", number),
            ("", "330225198906120188", number),
            ("", "330226********014X", number),
            ("", "330225********0181", number),
            ("王小渔", "330225890612018", number),
            ("", "E12345678", number),
            ("王*渔", "E12345678", number),
            ("王海棠", "330225189001010019", number),
        ] {
            assert_eq!(Named::of(said_name, said_number).differs(&wang()), why, "{said_name} {said_number}");
        }
        for (said_name, said_number, why) in [
            ("象山（浙江）船舶有限公司", "91330225MA2XXXXX1K", number),
            ("象山（浙江）船舶有限公司", "MA2XXXXX-1", number),
            ("宁海（浙江）船舶有限公司", "91330225MA2XXXXX0L", name),
            ("", "330225000012345", number),
            ("象山*有限公司", "330225000012345", number),
        ] {
            assert_eq!(Named::of(said_name, said_number).differs(&works()), why, "{said_name} {said_number}");
        }
    }

    proptest::proptest! {
        /// Whatever is covered of it, a name or a number fits its owner; and what is left to be read of another's does not.
        #[test]
        fn a_mask_fits_its_owner_and_nobody_who_can_be_read_otherwise(
            from in 0_usize..18, len in 1_usize..18, other in 0_usize..18,
        ) {
            let covered = |number: &str| -> String {
                number.chars().enumerate().map(|(at, sign)| if (from..from + len).contains(&at) { '*' } else { sign }).collect()
            };
            proptest::prop_assert_eq!(Named::of("", &covered(CARD)).differs(&wang()), None);
            let changed: String = CARD.chars().enumerate().map(|(at, sign)| match sign {
                _ if at != other => sign,
                '7' => '8',
                _ => '7',
            }).collect();
            let is_seen = changed != CARD && !(from..from + len).contains(&other);
            let told = Named::of("", &covered(&changed)).differs(&wang());
            proptest::prop_assert!(!is_seen || told == Some(Reason::IdMismatch), "{}", covered(&changed));
        }

        #[test]
        fn nothing_that_is_written_breaks_the_reading(name: String, number: String) {
            let _any = Named::of(&name, &number).differs(&wang());
            let _any = Named::of(&name, &number).differs(&works());
        }
    }
}
