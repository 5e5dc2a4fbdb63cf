//! Texts of a form held against what their field allows, all faults collected.

use std::fmt::{self, Write as _};

use domain::{Day, Millis, Money};

use crate::fault::{Fault, Want};
use crate::intake::at::At;
use crate::intake::form::{Amount, Text};
use crate::limits::FAULTS_MAX;

/// What a field allows.
#[derive(Clone, Copy)]
pub(crate) struct Allows {
    /// Characters at most.
    pub(crate) max: usize,
    /// `None` = any plain text; otherwise ASCII letters and digits and these.
    pub(crate) ascii: Option<&'static str>,
}

/// Any plain text of so many characters.
pub(crate) const fn plain(max: usize) -> Allows {
    Allows { max, ascii: None }
}

/// ASCII letters, digits and what is named beside; full-width digits look the same to people and differ for every partner.
pub(crate) const fn ascii(max: usize, beside: &'static str) -> Allows {
    Allows { max, ascii: Some(beside) }
}

/// The faults found so far.
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, at: &At<'_>, want: Want) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault::at(at.pointer(), want));
        }
    }

    pub(crate) fn found(self) -> Vec<Fault> {
        self.0
    }

    /// A text as its field allows it; an empty one where it is at fault.
    pub(crate) fn text(&mut self, at: &At<'_>, text: Text<'_>, allows: Allows) -> String {
        match fault_of(&text.0, allows) {
            None => text.0.into_owned(),
            Some(want) => {
                self.add(at, want);
                String::new()
            }
        }
    }

    /// The same where the field may be absent.
    pub(crate) fn maybe(&mut self, at: &At<'_>, text: Option<Text<'_>>, allows: Allows) -> Option<String> {
        text.map(|text| self.text(at, text, allows))
    }

    /// One of the words of a closed list.
    pub(crate) fn word<T: Copy>(
        &mut self,
        at: &At<'_>,
        text: &Text<'_>,
        read: fn(&str) -> Option<T>,
        all: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        let found = read(&text.0);
        if found.is_none() {
            self.add(at, if text.0.is_empty() { Want::Characters } else { Want::OneOf(all.collect()) });
        }
        found
    }

    pub(crate) fn amount(&mut self, at: &At<'_>, text: &Amount<'_>) -> Money {
        // Blanks around are cut by the parser, which is right for partners and too lenient here.
        let read = if text.0.trim() == text.0 {
            Money::parse_order(&text.0)
        } else {
            Err(domain::money::MoneyError::NotDecimal)
        };
        read.unwrap_or_else(|error| {
            self.add(at, Want::Amount(error));
            Money::ZERO
        })
    }

    /// The same where a sum of nothing means nothing; `nothing` says so, as [`Want::Within`] has it.
    pub(crate) fn amount_above_zero(&mut self, at: &At<'_>, text: &Amount<'_>, nothing: &'static str) -> Money {
        if Money::parse_order(&text.0) == Ok(Money::ZERO) {
            self.add(at, Want::Within(nothing));
            return Money::ZERO;
        }
        self.amount(at, text)
    }

    /// A day in the one form of the API.
    pub(crate) fn day(&mut self, at: &At<'_>, text: &Text<'_>) -> Option<Day> {
        let formed = text.0.len() == 10 && text.0.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day = Day::parse(&text.0).filter(|_| formed);
        if day.is_none() {
            self.add(at, Want::Day);
        }
        day
    }

    pub(crate) fn instant(&mut self, at: &At<'_>, text: &Text<'_>) -> Option<Millis> {
        let instant = if text.0.len() <= 35 { domain::day::parse_instant(&text.0) } else { None };
        if instant.is_none() {
            self.add(at, Want::Instant);
        }
        instant
    }

    pub(crate) fn digest(&mut self, at: &At<'_>, text: Text<'_>) -> String {
        if is_digest(&text.0) {
            return text.0.into_owned();
        }
        self.add(at, Want::Digest);
        String::new()
    }
}

/// `sha256:` and 64 lower-case hex digits?
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

/// What is wrong with a text; `None` when nothing is.
pub(crate) fn fault_of(text: &str, allows: Allows) -> Option<Want> {
    if text.is_empty() {
        return Some(Want::Characters);
    }
    // A character takes at most four bytes, so most texts need no counting.
    if text.len() > allows.max && text.chars().count() > allows.max {
        return Some(Want::Shorter(allows.max));
    }
    match allows.ascii {
        Some(_) if text.trim().len() != text.len() => Some(Want::PlainText),
        Some(beside) => {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || beside.as_bytes().contains(&byte);
            (!text.bytes().all(fits)).then_some(Want::Ascii(beside))
        }
        None => (!is_plain(text)).then_some(Want::PlainText),
    }
}

/// No control characters, no marks that hide or turn text around, no blanks at the ends.
pub(crate) fn is_plain(text: &str) -> bool {
    let mut before = None;
    let shown = text.chars().all(|c| {
        // Nearly every character of every request is one of these.
        let is_common = matches!(c, ' '..='~' | '\u{4E00}'..='\u{9FFF}');
        let passes = is_common || !is_hidden(c) || is_variant(c) && before.is_some_and(is_ideograph);
        before = Some(c);
        passes
    });
    shown && text.trim().len() == text.len()
}

/// Chooses a form of the ideograph before it: names are registered in such forms, and partners tell them apart.
fn is_variant(c: char) -> bool {
    ('\u{E0100}'..='\u{E01EF}').contains(&c)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// A control character, a mark that hides text, turns it around or breaks its line, or a number that is no character and that no
/// XML can carry?
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xFFFE == 0xFFFE
        || ('\u{FDD0}'..='\u{FDEF}').contains(&c)
        || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Format characters (Unicode's Cf), line and paragraph ends, what is drawn as nothing (Default_Ignorable_Code_Point), and U+FFFC and
/// U+FFFD, which stand for what was lost.
const HIDDEN: &[(char, char)] = &[
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{2028}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFD}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

/// A text of anybody's as people may read it on paper: what is hidden stands there by its number, so that a partner's word can
/// neither begin a line of ours nor turn one around.
pub(crate) struct Visible<'t>(pub(crate) &'t str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| if is_hidden(c) { write!(f, "⟨U+{:04X}⟩", u32::from(c)) } else { f.write_char(c) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partners_word_begins_no_line_on_paper_and_turns_none_around() {
        let told = "同意\n七、适用规则\r\u{202E}cod.\u{2066}\u{0}";
        assert!(!is_plain(told));
        let shown = Visible(told).to_string();
        assert_eq!(shown, "同意⟨U+000A⟩七、适用规则⟨U+000D⟩⟨U+202E⟩cod.⟨U+2066⟩⟨U+0000⟩");
        assert!(is_plain(&shown), "what is shown hides nothing");
        assert_eq!(Visible("象山县人民法院（2026）").to_string(), "象山县人民法院（2026）");
    }

    #[test]
    fn what_is_drawn_as_nothing_is_hidden_and_the_chosen_form_of_an_ideograph_is_not() {
        for hidden in [
            "石\u{E0041}某",
            "石\u{AD}某",
            "石\u{61C}某",
            "石\u{600}某",
            "石\u{FE0F}某",
            "石\u{180E}某",
            "石\u{206A}某",
            "石\u{3164}某",
            "石\u{E0001}某",
            "石\u{1D173}某",
            "\u{E0100}石",
            "a\u{E0100}",
            "葛\u{E0100}\u{E0101}",
            "石\u{2028}某",
        ] {
            assert!(!is_plain(hidden), "{hidden:?}");
        }
        for shown in [
            "葛\u{E0100}城",
            "\u{20000}\u{E01EF}",
            "𠮷某",
            "买买提·吐尔逊",
            "Müller-Lüdenscheid",
            "某某（2026）",
            "é̂",
            "😀",
        ] {
            assert!(is_plain(shown), "{shown:?}");
        }
        // Pictures for people show every mark.
        assert_eq!(Visible("葛\u{E0100}").to_string(), "葛⟨U+E0100⟩");
    }

    #[test]
    fn the_list_of_what_is_hidden_is_in_order() {
        assert!(HIDDEN.iter().all(|(first, last)| first <= last) && HIDDEN.is_sorted());
    }
}
