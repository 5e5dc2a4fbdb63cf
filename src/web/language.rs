//! The two languages in which the gateway speaks to people, and which one a caller wants.

/// A language of texts for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// 中文, when nothing else is asked for: its users are Chinese courts.
    #[default]
    Chinese,
    /// English.
    English,
}

/// Ranges of `Accept-Language` looked at; browsers send fewer than ten.
const RANGES_MAX: usize = 16;

impl Language {
    /// The one of the two that an `Accept-Language` header likes better; Chinese when it likes neither, or both alike.
    #[must_use]
    pub fn of_header(header: &str) -> Self {
        let (mut chinese, mut english) = (None, None);
        for range in header.split(',').take(RANGES_MAX) {
            let (tag, weight) = read_range(range);
            let primary = tag.split('-').next().unwrap_or_default();
            let liked = if primary.eq_ignore_ascii_case("zh") {
                &mut chinese
            } else if primary.eq_ignore_ascii_case("en") {
                &mut english
            } else {
                continue;
            };
            *liked = (*liked).max(weight);
        }
        if english.unwrap_or(0) > chinese.unwrap_or(0) { Self::English } else { Self::Chinese }
    }

    /// The language tag, for `Content-Language`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.pick("zh-CN", "en")
    }

    /// The text in this language.
    #[must_use]
    pub fn pick<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// A range and its weight in thousandths; a weight that cannot be read counts as zero.
fn read_range(range: &str) -> (&str, Option<u16>) {
    let mut parts = range.split(';');
    let tag = parts.next().unwrap_or_default().trim();
    let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
        None => Some(1_000),
        Some(text) => Some(thousandths(text.trim()).unwrap_or(0)),
    };
    (tag, weight)
}

/// `1`, `0.8`, `0.125` (RFC 9110, 12.4.2) in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u16 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    Some((whole * 1_000 + fraction).min(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_better_is_spoken() {
        for (header, expected) in [
            ("", Language::Chinese),
            ("en", Language::English),
            ("en-GB,en;q=0.9", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en;q=0.3, zh;q=0.4", Language::Chinese),
            ("fr, en;q=0.001", Language::English),
            ("fr", Language::Chinese),
            ("*", Language::Chinese),
            ("en;q=0", Language::Chinese),
            ("en;q=x,;;,=,q=", Language::Chinese),
            ("zh, en", Language::Chinese),
        ] {
            assert_eq!(Language::of_header(header), expected, "{header}");
        }
    }
}
