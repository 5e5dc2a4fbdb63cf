//! `dialects/<name>.toml`: what differs between channels, read as text; the adapters' crate makes sense of it and finds its faults.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::socket::{DialectEntry, DialectText};

use super::page::Page;

/// Dialects by name.
pub(super) type Dialects = BTreeMap<String, Arc<DialectText>>;

/// Characters of a text; the adapters' own bounds are narrower.
const CHARACTERS_MAX: usize = 100;
/// Texts of one list.
const TEXTS_MAX: usize = 32;

/// Reads the file; `None` when it has faults.
pub(super) fn read(page: &Page<'_>, stem: &str) -> Option<DialectText> {
    let root = page.root()?;
    let whole = root.spot();
    let formed = stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !formed || stem.len() > 32 {
        whole.fault("is named with other characters than lower-case letters, digits and dashes; rename the file");
        return None;
    }
    let entries = root.into_leaves(CHARACTERS_MAX, TEXTS_MAX);
    let entries = entries.into_iter().map(|(key, line, texts)| (key, DialectEntry { texts, line }));
    let text = DialectText { name: stem.to_owned(), entries: entries.collect() };
    let faults = adapters::dialect::check(&text);
    for fault in &faults {
        page.fault(fault.line, &fault.key, fault.message.as_str());
    }
    faults.is_empty().then_some(text)
}
