//! One settings file being read: keys are taken one by one, faults are kept with their lines, what is left over is unknown.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;
use super::nearest::nearest;

/// Syntax faults told of one file: after the first few the rest are mostly their echo.
const SYNTAX_FAULTS_MAX: usize = 20;
/// Characters of an unknown key that are repeated in its fault.
const KEY_SHOWN_MAX: usize = 64;

/// What was found wrong or doubtful in a file.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

/// Bytes of one fault: the longest of ours names every key of a table, and what it shows of the file may be as long as the file.
const MESSAGE_BYTES_MAX: usize = 1_900;

/// A file, its text and what was noted of it.
pub(super) struct Page<'p> {
    file: &'p Path,
    text: &'p str,
    /// Where each line begins, in bytes; a file has at most 4 MiB.
    lines: Vec<u32>,
    notes: Mutex<Notes>,
}

impl<'p> Page<'p> {
    pub(super) fn new(file: &'p Path, text: &'p str) -> Self {
        let begins = (1..).zip(text.bytes()).filter(|(_, byte)| *byte == b'\n').map(|(after, _)| after);
        let lines = std::iter::once(0).chain(begins).collect();
        Self { file, text, lines, notes: Mutex::default() }
    }

    fn line(&self, span: &Range<usize>) -> u32 {
        let start = u32::try_from(span.start).unwrap_or(u32::MAX);
        u32::try_from(self.lines.partition_point(|begin| *begin <= start)).unwrap_or(u32::MAX)
    }

    fn note(&self, line: u32, key: &str, mut message: String) -> Fault {
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push('…');
        }
        Fault { file: PathBuf::from(self.file), line, key: key.to_owned(), message }
    }

    pub(super) fn fault(&self, line: u32, key: &str, message: impl Into<String>) {
        let fault = self.note(line, key, message.into());
        self.notes.lock().faults.push(fault);
    }

    fn warn(&self, line: u32, key: &str, message: impl Into<String>) {
        let warning = self.note(line, key, message.into());
        self.notes.lock().warnings.push(warning);
    }

    /// Notes a fault of the file as a whole.
    pub(super) fn fault_whole(&self, message: impl Into<String>) {
        self.fault(0, "", message);
    }

    /// The file as a table; `None` when it is no TOML, which is then noted.
    pub(super) fn root(&self) -> Option<Table<'_>> {
        let (root, faults) = DeTable::parse_recoverable(self.text);
        for fault in faults.iter().take(SYNTAX_FAULTS_MAX) {
            let line = fault.span().map_or(0, |span| self.line(&span));
            self.fault(line, "", format!("no TOML: {}", fault.message().replace('\n', "; ")));
        }
        // What is missing at the top of a file is told at its first line, where people begin to look.
        let table = Table { page: self, path: String::new(), line: 1, entries: root.into_inner(), known: Vec::new() };
        faults.is_empty().then_some(table)
    }

    pub(super) fn into_notes(self) -> Notes {
        self.notes.into_inner()
    }
}

/// Where a value stands.
#[derive(Clone)]
pub(super) struct Spot<'p> {
    page: &'p Page<'p>,
    pub(super) key: String,
    pub(super) line: u32,
}

impl<'p> Spot<'p> {
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.page.fault(self.line, &self.key, message);
    }

    pub(super) fn warn(&self, message: impl Into<String>) {
        self.page.warn(self.line, &self.key, message);
    }

    /// Where a key within would stand.
    pub(super) fn within(&self, key: &str) -> Self {
        Self { key: format!("{}.{key}", self.key), ..self.clone() }
    }

    pub(super) fn file(&self) -> &'p Path {
        self.page.file
    }
}

/// A value and where it stands.
pub(super) struct Found<'p, T> {
    pub(super) spot: Spot<'p>,
    pub(super) value: T,
}

/// A table whose keys are taken one by one.
pub(super) struct Table<'p> {
    page: &'p Page<'p>,
    path: String,
    line: u32,
    entries: DeTable<'p>,
    known: Vec<&'static str>,
}

impl<'p> Table<'p> {
    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where the table begins.
    pub(super) fn spot(&self) -> Spot<'p> {
        Spot { page: self.page, key: self.path.clone(), line: self.line }
    }

    /// Where a key would stand, for a fault of its absence.
    pub(super) fn spot_of(&self, key: &str) -> Spot<'p> {
        Spot { page: self.page, key: self.key(key), line: self.line }
    }

    fn take(&mut self, key: &'static str) -> Option<Found<'p, DeValue<'p>>> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        Some(self.found(key, value))
    }

    fn found(&self, key: &str, value: Spanned<DeValue<'p>>) -> Found<'p, DeValue<'p>> {
        let spot = Spot { page: self.page, key: self.key(key), line: self.page.line(&value.span()) };
        Found { spot, value: value.into_inner() }
    }

    /// A text of 1 to `characters_max` characters, none of them a control character.
    pub(super) fn text(&mut self, key: &'static str, characters_max: usize) -> Option<Found<'p, String>> {
        text(self.take(key)?, characters_max)
    }

    /// As [`Table::text`], with a fault when it is missing; `what` says what to write.
    pub(super) fn required(
        &mut self,
        key: &'static str,
        characters_max: usize,
        what: &str,
    ) -> Option<Found<'p, String>> {
        let Some(found) = self.take(key) else {
            self.spot_of(key).fault(format!("is missing; write {what}"));
            return None;
        };
        text(found, characters_max)
    }

    /// A whole number within the range.
    pub(super) fn number<N>(&mut self, key: &'static str, range: RangeInclusive<N>) -> Option<Found<'p, N>>
    where
        N: TryFrom<u64> + PartialOrd + Display + Copy,
    {
        let Found { spot, value } = self.take(key)?;
        let read = value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        match read.and_then(|number| N::try_from(number).ok()).filter(|number| range.contains(number)) {
            Some(value) => Some(Found { spot, value }),
            None => {
                spot.fault(format!("must be a whole number from {} to {}", range.start(), range.end()));
                None
            }
        }
    }

    /// As [`Table::number`], with a fault when it is missing.
    pub(super) fn required_number<N>(&mut self, key: &'static str, range: RangeInclusive<N>) -> Option<Found<'p, N>>
    where
        N: TryFrom<u64> + PartialOrd + Display + Copy,
    {
        if !self.entries.contains_key(key) {
            let what = format!("is missing; write a whole number from {} to {}", range.start(), range.end());
            self.spot_of(key).fault(what);
        }
        self.number(key, range)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<Found<'p, bool>> {
        let Found { spot, value } = self.take(key)?;
        match value.as_bool() {
            Some(value) => Some(Found { spot, value }),
            None => {
                spot.fault("must be true or false");
                None
            }
        }
    }

    /// A list of at most `count_max` texts; `None` when the key is missing.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        count_max: usize,
        characters_max: usize,
    ) -> Option<Found<'p, Vec<Found<'p, String>>>> {
        let Found { spot, value } = self.take(key)?;
        let DeValue::Array(items) = value else {
            spot.fault("must be a list of texts, such as [\"…\", \"…\"]");
            return None;
        };
        if items.len() > count_max {
            spot.fault(format!("has {} entries; at most {count_max} are taken", items.len()));
            return None;
        }
        let items = items.into_iter().enumerate().map(|(place, item)| self.found(&format!("{key}[{place}]"), item));
        let value = items.filter_map(|item| text(item, characters_max)).collect();
        Some(Found { spot, value })
    }

    /// A table within this one; an empty one when the key is missing or is none.
    pub(super) fn table(&mut self, key: &'static str) -> Table<'p> {
        self.table_if_any(key).unwrap_or_else(|| {
            let spot = self.spot_of(key);
            Table { page: self.page, path: spot.key, line: spot.line, entries: DeTable::new(), known: Vec::new() }
        })
    }

    /// A table within this one; `None` when the key is missing or is none, which is then noted.
    pub(super) fn table_if_any(&mut self, key: &'static str) -> Option<Table<'p>> {
        let Found { spot, value } = self.take(key)?;
        inner(spot, value, &format!("[{key}]"))
    }

    /// Tables written as `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str, count_max: usize) -> Vec<Table<'p>> {
        let Some(Found { spot, value }) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            spot.fault(format!("must be written as [[{key}]]"));
            return Vec::new();
        };
        if items.len() > count_max {
            spot.fault(format!("has {} entries; at most {count_max} are taken", items.len()));
            return Vec::new();
        }
        let items = items.into_iter().enumerate().map(|(place, item)| self.found(&format!("{key}[{place}]"), item));
        items.filter_map(|found| inner(found.spot, found.value, &format!("[[{key}]]"))).collect()
    }

    /// Every entry as text, for tables whose keys somebody else knows: texts, whole numbers, true and false. The entries of a
    /// table within stand under its key, a dot and theirs; `is_table` says where one may stand.
    pub(super) fn into_texts(
        self,
        characters_max: usize,
        is_table: &dyn Fn(&str) -> bool,
    ) -> Vec<(String, Found<'p, String>)> {
        let mut found = Vec::new();
        self.add_texts("", characters_max, is_table, &mut found);
        found
    }

    fn add_texts(
        self,
        within: &str,
        characters_max: usize,
        is_table: &dyn Fn(&str) -> bool,
        to: &mut Vec<(String, Found<'p, String>)>,
    ) {
        let (page, path) = (self.page, self.path);
        for (key, value) in self.entries {
            let name = key.into_inner();
            let key = if within.is_empty() { name.to_string() } else { format!("{within}.{name}") };
            let spot = Spot { page, key: format!("{path}.{name}"), line: page.line(&value.span()) };
            match value.into_inner() {
                DeValue::Integer(number) => to.push((key, Found { spot, value: number.to_string() })),
                DeValue::Boolean(flag) => to.push((key, Found { spot, value: flag.to_string() })),
                value @ DeValue::String(_) => {
                    to.extend(text(Found { spot, value }, characters_max).map(|found| (key, found)));
                }
                // Only as deep as the adapter's own list of options.
                DeValue::Table(entries) if is_table(&key) => {
                    let table = Table { page, path: spot.key, line: spot.line, entries, known: Vec::new() };
                    table.add_texts(&key, characters_max, is_table, to);
                }
                DeValue::Table(_) => spot.fault("is a table, and this adapter knows none of this name; take it out"),
                _ => spot.fault("must be a text, a whole number, true or false"),
            }
        }
    }

    /// Every value below, by its key with its tables and lists as several texts, for files whose keys somebody else knows.
    /// Tables deeper than two are a fault.
    pub(super) fn into_leaves(self, characters_max: usize, texts_max: usize) -> Vec<(String, u32, Vec<String>)> {
        let mut leaves = Vec::new();
        let mut tables = vec![(self, 0)];
        while let Some((table, depth)) = tables.pop() {
            let (page, path) = (table.page, table.path.clone());
            for (key, value) in table.entries {
                let key = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
                let spot = Spot { page, key: key.clone(), line: page.line(&value.span()) };
                let line = spot.line;
                let one = |spot: Spot<'p>, value: DeValue<'p>| match value {
                    DeValue::Integer(number) => Some(number.to_string()),
                    DeValue::Boolean(flag) => Some(flag.to_string()),
                    value => text(Found { spot, value }, characters_max).map(|found| found.value),
                };
                match value.into_inner() {
                    DeValue::Table(entries) if depth < 2 => {
                        tables.push((Table { page, path: key, line, entries, known: Vec::new() }, depth + 1));
                    }
                    DeValue::Table(_) => spot.fault("is a table within tables, of which none is known here"),
                    DeValue::Array(items) if items.len() <= texts_max => {
                        let items = items.into_iter().filter_map(|item| one(spot.clone(), item.into_inner()));
                        leaves.push((key, line, items.collect()));
                    }
                    DeValue::Array(items) => {
                        spot.fault(format!("has {} entries; at most {texts_max} are taken", items.len()));
                    }
                    value => leaves.extend(one(spot, value).map(|text| (key, line, vec![text]))),
                }
            }
        }
        leaves
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) {
        for key in self.entries.keys() {
            let name: &str = key.get_ref();
            let shown: String = name.escape_debug().take(KEY_SHOWN_MAX).collect();
            let message = match nearest(name, &self.known) {
                Some(near) => format!("unknown key; did you mean `{near}`?"),
                None => format!("unknown key; known here: {}", self.known.join(", ")),
            };
            self.page.fault(self.page.line(&key.span()), &self.key(&shown), message);
        }
    }
}

fn text<'p>(found: Found<'p, DeValue<'p>>, characters_max: usize) -> Option<Found<'p, String>> {
    let Found { spot, value } = found;
    // A date written without quotes is the same word to whoever writes the file.
    let read = match value {
        DeValue::String(text) => Some(text.into_owned()),
        DeValue::Datetime(date) => Some(date.to_string()),
        _ => None,
    };
    let fits = |text: &String| {
        !text.trim().is_empty() && text.chars().count() <= characters_max && !text.chars().any(char::is_control)
    };
    match read.filter(fits) {
        Some(value) => Some(Found { spot, value: value.trim().to_owned() }),
        None => {
            spot.fault(format!("must be a text of 1 to {characters_max} characters in quotes, on one line"));
            None
        }
    }
}

fn inner<'p>(spot: Spot<'p>, value: DeValue<'p>, written: &str) -> Option<Table<'p>> {
    match value {
        DeValue::Table(entries) => {
            Some(Table { page: spot.page, path: spot.key, line: spot.line, entries, known: Vec::new() })
        }
        _ => {
            spot.fault(format!("must be a table, written as {written}"));
            None
        }
    }
}
