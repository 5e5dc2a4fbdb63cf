//! Rows of a table: a place in the partner's JSON, and what stands there.

use super::super::body::{Row, Source, Tables, fit};
use super::super::place::Place;
use super::super::words::{REPLY, Words};
use super::place;
use crate::options::Reading;

/// The rows of one table, and whether all of them have room beside each other.
pub(super) fn rows(reading: &mut Reading<'_>, tables: &Tables, table: &str, known: &[Words]) -> (Vec<Row>, bool) {
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for (key, text) in reading.under(table) {
        let whole = format!("{table}.{key}");
        let place = place(reading, &whole, key);
        match Source::parse(text, known) {
            Ok(source) => {
                if let Some(message) = tables.lacks(&source) {
                    reading.fault(&whole, &message);
                }
                if let Some(place) = place {
                    rows.push(Row { place, source });
                    keys.push(whole);
                }
            }
            Err(message) => reading.fault(&whole, &message),
        }
    }
    let fits = fit(&rows);
    if let Err(nth) = fits
        && let Some(key) = keys.get(nth)
    {
        let message =
            "stands within or around another place of this table; a value and an object cannot both stand there";
        reading.fault(key, message);
    }
    (rows, fits.is_ok())
}

/// Our answer to what was posted; without a table `{"taken": true}` or `false`.
pub(super) fn reply(reading: &mut Reading<'_>, tables: &Tables, table: &str, taken: bool) -> Vec<Row> {
    let (rows, _) = rows(reading, tables, table, &[REPLY]);
    if !rows.is_empty() {
        return rows;
    }
    let place = Place::parse("/taken");
    place.into_iter().map(|place| Row { place, source: Source::Constant(serde_json::Value::Bool(taken)) }).collect()
}
