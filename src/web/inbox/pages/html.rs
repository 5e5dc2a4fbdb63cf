//! Writing a page: markup is ours and fixed at build time, everything else is escaped; the types know which is which.

use crate::intake::text::is_hidden;

/// A page being written.
pub(super) struct Html(String);

impl Html {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(8 * 1_024))
    }

    /// Markup of ours. Only what stands in the source can be passed here.
    pub(super) fn put(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text of anybody's, escaped so that it is safe between tags and inside a quoted attribute; what would hide text or turn it
    /// around stands there by its number.
    pub(super) fn say(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Lines may be broken: where a text is shown as it stands, that says nothing of ours.
                '\n' | '\t' => self.0.push(character),
                hidden if is_hidden(hidden) => self.0.push_str(&format!("⟨U+{:04X}⟩", u32::from(hidden))),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Chinese, and the same in English beside it.
    pub(super) fn both(&mut self, (chinese, english): (&str, &str)) -> &mut Self {
        self.say(chinese).put(" <span class=\"en\" lang=\"en\">").say(english).put("</span>")
    }

    /// A term and what it says; nothing when it says nothing.
    pub(super) fn term(&mut self, name: (&str, &str), text: &str) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        self.put("<dt>").both(name).put("</dt><dd>").say(text).put("</dd>")
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_says_is_text_and_nothing_else() {
        let mut page = Html::new();
        page.put("<p title=\"").say("a\" onload='x'").put("\">").say("<script>alert(1)</script> & 王").put("</p>");
        assert_eq!(
            page.into_text(),
            "<p title=\"a&quot; onload=&#39;x&#39;\">&lt;script&gt;alert(1)&lt;/script&gt; &amp; 王</p>"
        );
    }

    #[test]
    fn what_hides_or_turns_text_around_is_seen() {
        let mut page = Html::new();
        page.say("裁定书\u{202E}fdp.exe\u{0}\u{200B}\n二");
        assert_eq!(page.into_text(), "裁定书⟨U+202E⟩fdp.exe⟨U+0000⟩⟨U+200B⟩\n二");
    }

    proptest::proptest! {
        #[test]
        fn no_text_opens_a_tag_or_ends_an_attribute(text in "[^\\pC\\p{Mn}\u{115F}\u{1160}\u{2028}\u{2029}\u{3164}\u{FFA0}\u{FFF0}-\u{FFFD}]*") {
            let mut page = Html::new();
            let written = { page.say(&text); page.into_text() };
            proptest::prop_assert!(!written.contains(['<', '>', '"', '\'']));
            let back = written.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            proptest::prop_assert_eq!(back.replace("&#39;", "'").replace("&amp;", "&"), text);
        }
    }
}
