//! Query strings: each parameter known, once, within its bound; nothing of it is echoed or logged.

use percent_encoding::percent_decode_str;

use crate::fault::{Fault, Want};
use crate::intake::text::{ascii, fault_of, is_plain};
use crate::limits::FAULTS_MAX;
use crate::problem::{Problem, Slug};

/// Characters of one parameter: a case number percent-encoded fits well.
const PARAMETER_BYTES_MAX: usize = 1_024;

/// The parameters of a query string, read one by one.
pub(crate) struct Query {
    given: Vec<(&'static str, String)>,
    faults: Vec<Fault>,
}

impl Query {
    /// Parts a query string into parameters of these names.
    pub(crate) fn of(query: &str, names: &[&'static str]) -> Self {
        let mut read = Self { given: Vec::new(), faults: Vec::new() };
        for part in query.split('&').filter(|part| !part.is_empty()).take(FAULTS_MAX) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let Some(known) = names.iter().copied().find(|known| *known == name) else {
                read.faults.push(Fault::parameter("", Want::OneOf(names.to_vec())));
                continue;
            };
            if read.given.iter().any(|(given, _)| *given == known) {
                read.faults.push(Fault::parameter(known, Want::Once));
                continue;
            }
            match decode(value).filter(|text| is_plain(text)) {
                Some(text) => read.given.push((known, text)),
                None => read.faults.push(Fault::parameter(known, Want::PlainText)),
            }
        }
        read
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        let place = self.given.iter().position(|(given, _)| *given == name)?;
        Some(self.given.swap_remove(place).1)
    }

    /// A text of so many characters.
    pub(crate) fn text(&mut self, name: &'static str, max: usize) -> Option<String> {
        let text = self.take(name)?;
        let want = match text.chars().count() {
            0 => Want::Characters,
            count if count > max => Want::Shorter(max),
            _ => return Some(text),
        };
        self.faults.push(Fault::parameter(name, want));
        None
    }

    /// A code of ASCII letters and digits and what stands `beside` them.
    pub(crate) fn code(&mut self, name: &'static str, max: usize, beside: &'static str) -> Option<String> {
        let code = self.take(name)?;
        match fault_of(&code, ascii(max, beside)) {
            None => Some(code),
            Some(want) => {
                self.faults.push(Fault::parameter(name, want));
                None
            }
        }
    }

    /// A whole number within a range.
    pub(crate) fn number(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        let text = self.take(name)?;
        let number = whole(&text).filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.faults.push(Fault::parameter(name, Want::Number(min, max)));
        }
        number
    }

    /// A day such as 2026-11-20.
    pub(crate) fn day(&mut self, name: &'static str) -> Option<domain::Day> {
        let text = self.take(name)?;
        let day = domain::Day::parse(&text).filter(|_| text.len() == 10 && !text.contains('/'));
        if day.is_none() {
            self.faults.push(Fault::parameter(name, Want::Day));
        }
        day
    }

    /// One of these words.
    pub(crate) fn word<T>(
        &mut self,
        name: &'static str,
        read: fn(&str) -> Option<T>,
        all: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        let text = self.take(name)?;
        let word = read(&text);
        if word.is_none() {
            self.faults.push(Fault::parameter(name, Want::OneOf(all.collect())));
        }
        word
    }

    /// A wait such as `30s` or `500ms`, in milliseconds.
    pub(crate) fn wait(&mut self, name: &'static str, max_ms: u64) -> Option<u64> {
        let text = self.take(name)?;
        let ms = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(ms), _) => whole(ms),
            (None, Some(s)) => whole(s).and_then(|s| s.checked_mul(1_000)),
            (None, None) => None,
        };
        let ms = ms.filter(|ms| *ms <= max_ms);
        if ms.is_none() {
            self.faults.push(Fault::parameter(name, Want::Wait(max_ms / 1_000)));
        }
        ms
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All faults of all parameters.
    pub(crate) fn end(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::from(Slug::InvalidParameter).at(self.faults)) }
    }
}

fn whole(text: &str) -> Option<u64> {
    (text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn decode(value: &str) -> Option<String> {
    if value.len() > PARAMETER_BYTES_MAX {
        return None;
    }
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
