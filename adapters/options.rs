//! Reading a partner's `[options]`: every fault at once, each with its line, never a value.

use domain::socket::{OptionFault, PartnerOptions, option_fits};

/// Two tables of options as one; `N` is the sum of their lengths, and anything else does not compile.
pub(crate) const fn joined<const N: usize>(
    mut first: &[(&'static str, &'static str)],
    mut second: &[(&'static str, &'static str)],
) -> [(&'static str, &'static str); N] {
    assert!(first.len() + second.len() == N);
    let mut rows = [("", ""); N];
    let mut left: &mut [(&'static str, &'static str)] = &mut rows;
    while let [slot, rest @ ..] = left {
        if let [row, more @ ..] = first {
            (*slot, first) = (*row, more);
        } else if let [row, more @ ..] = second {
            (*slot, second) = (*row, more);
        }
        left = rest;
    }
    rows
}

/// Options being read.
pub(crate) struct Reading<'o> {
    options: &'o PartnerOptions,
    /// What was wrong so far.
    pub(crate) faults: Vec<OptionFault>,
}

impl<'o> Reading<'o> {
    /// Begins, and refuses keys that the adapter does not know.
    pub(crate) fn begin(options: &'o PartnerOptions, known: &[(&'static str, &'static str)]) -> Self {
        let mut reading = Self { options, faults: Vec::new() };
        for key in options.entries.keys() {
            if !known.iter().any(|(name, _)| option_fits(name, key)) {
                let words: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                reading.fault(key, &format!("unknown option; this adapter knows: {}", words.join(", ")));
            }
        }
        reading
    }

    /// Notes a fault of a key.
    pub(crate) fn fault(&mut self, key: &str, message: &str) {
        let line = self.options.entries.get(key).map_or(0, |entry| entry.line);
        self.faults.push(OptionFault { key: key.to_owned(), line, message: message.to_owned() });
    }

    /// The trimmed text of a key, `None` when it is missing or empty.
    pub(crate) fn text(&self, key: &str) -> Option<&'o str> {
        self.options.entries.get(key).map(|entry| entry.text.expose().trim()).filter(|text| !text.is_empty())
    }

    /// The entries of a table within: what follows `table` and a dot in their keys, and their trimmed texts.
    pub(crate) fn under(&self, table: &str) -> Vec<(&'o str, &'o str)> {
        let from = format!("{table}.");
        let entries = self.options.entries.range(from.clone()..).take_while(|(key, _)| key.starts_with(&from));
        entries.filter_map(|(key, entry)| Some((key.get(from.len()..)?, entry.text.expose().trim()))).collect()
    }

    /// The text of a key that must be there; `what` says what to write.
    pub(crate) fn required(&mut self, key: &str, what: &str) -> &'o str {
        match self.text(key) {
            Some(text) => text,
            None => {
                self.fault(key, &format!("is missing; write {what}"));
                ""
            }
        }
    }

    /// The value read by `read`, `otherwise` when the key is missing; a fault when it cannot be read.
    pub(crate) fn read<T>(&mut self, key: &str, otherwise: T, what: &str, read: impl Fn(&str) -> Option<T>) -> T {
        let Some(text) = self.text(key) else { return otherwise };
        match read(text) {
            Some(value) => value,
            None => {
                self.fault(key, &format!("cannot be read; write {what}"));
                otherwise
            }
        }
    }

    /// The bytes of a file that a key names, at most `bytes_max`.
    pub(crate) fn file(&mut self, key: &str, bytes_max: u64) -> Option<Vec<u8>> {
        use std::io::Read as _;
        let path = self.text(key)?;
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if u64::try_from(length).is_ok_and(|length| length <= bytes_max) => Some(bytes),
            Ok(_) => {
                self.fault(key, "the file is larger than any certificate; name a PEM file");
                None
            }
            Err(error) => {
                self.fault(
                    key,
                    &format!("the file cannot be read ({}); name a PEM file this process may read", error.kind()),
                );
                None
            }
        }
    }

    /// The value built from the options, or all faults.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Vec<OptionFault>> {
        if self.faults.is_empty() { Ok(value) } else { Err(self.faults) }
    }
}
