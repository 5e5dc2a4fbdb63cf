//! Bodies: rows of a partner file that say which word of ours stands where, and the body they make of an order.

use std::collections::BTreeMap;

use domain::Secret;
use domain::socket::PaperFile;
use serde_json::Value;

use super::place::{Node, Place};
use super::value::{Codes, Shape, Sort, write};
use super::words::{Given, Words};
use crate::open::Unencodable;

/// What stands at a place.
#[derive(Clone)]
pub(crate) enum Source {
    /// Always this.
    Constant(Value),
    /// A value of the file that may be a secret.
    Named(String),
    /// A word of ours in a shape; `is_required`: without it nothing is sent.
    Word { word: String, shape: Shape, is_required: bool },
    /// All officers, as the rows of `[options.officer]` say.
    Officers,
    /// All papers, as the rows of `[options.paper]` say.
    Papers,
}

/// What stands where.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) source: Source,
}

/// Tables that all bodies draw on.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) codes: BTreeMap<String, Codes>,
    pub(crate) constants: BTreeMap<String, Secret<String>>,
    pub(crate) officer: Vec<Row>,
    pub(crate) paper: Vec<Row>,
}

impl Source {
    /// Reads `amount fen_number required`, `text:…`, `number:…`, `flag:…`, `constants.NAME`, `officers`, `papers`.
    ///
    /// # Errors
    /// What to write instead.
    pub(crate) fn parse(text: &str, known: &[Words]) -> Result<Self, String> {
        if let Some((kind, rest)) = text.split_once(':') {
            let constant = match kind {
                "text" => Some(Value::String(rest.to_owned())),
                "number" => rest.trim().parse::<i64>().ok().map(Value::from),
                "flag" => rest.trim().parse::<bool>().ok().map(Value::from),
                _ => None,
            };
            return constant
                .map(Self::Constant)
                .ok_or("is no constant; write text:…, number:… or flag:true".to_owned());
        }
        let mut parts = text.split_whitespace();
        let word = parts.next().unwrap_or_default();
        let mut rest: Vec<&str> = parts.collect();
        let is_required = rest.last() == Some(&"required");
        rest.truncate(rest.len() - usize::from(is_required));
        if let (Some(name), [], false) = (word.strip_prefix("constants."), rest.as_slice(), is_required) {
            return Ok(Self::Named(name.to_owned()));
        }
        let is_order = known.len() > 1;
        match (word, rest.as_slice()) {
            ("officers", []) if is_order => return Ok(Self::Officers),
            ("papers", []) if is_order => return Ok(Self::Papers),
            _ => {}
        }
        let Some(sort) = known.iter().find_map(|words| sort_of(words, word)) else {
            let words: Vec<&str> = known.iter().flat_map(|words| words.iter()).map(|(word, _)| *word).collect();
            return Err(format!("names no word of ours; write text:…, constants.NAME or one of {}", words.join(", ")));
        };
        let shape = match rest.as_slice() {
            [] => Shape::parse(sort, None),
            [shape] => Shape::parse(sort, Some(shape)),
            _ => None,
        };
        let shape =
            shape.ok_or_else(|| format!("has a shape that it cannot have; write one of {}", Shape::words(sort)))?;
        Ok(Self::Word { word: word.to_owned(), shape, is_required })
    }

    /// The word of ours that it places.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word { word, .. } => Some(word),
            _ => None,
        }
    }
}

fn sort_of(words: Words, word: &str) -> Option<Sort> {
    let fits = |known: &str| match known.strip_suffix('*') {
        Some(before) => word.strip_prefix(before).is_some_and(|name| !name.is_empty()),
        None => known == word,
    };
    words.iter().find(|(known, _)| fits(known)).map(|(_, sort)| *sort)
}

impl Tables {
    /// The body that the rows make of what is given.
    ///
    /// # Errors
    /// [`Unencodable`] when something required is missing, or cannot be said in their words.
    pub(crate) fn body(&self, rows: &[Row], given: &Given<'_>, files: &[PaperFile]) -> Result<Vec<u8>, Unencodable> {
        serde_json::to_vec(&self.node(rows, given, files)?).map_err(|_| Unencodable)
    }

    fn node(&self, rows: &[Row], given: &Given<'_>, files: &[PaperFile]) -> Result<Node, Unencodable> {
        let mut node = Node::empty();
        for row in rows {
            if let Some(value) = self.value(&row.source, given, files)? {
                node.put(&row.place, value).ok_or(Unencodable)?;
            }
        }
        Ok(node)
    }

    fn value(&self, source: &Source, given: &Given<'_>, files: &[PaperFile]) -> Result<Option<Node>, Unencodable> {
        Ok(Some(match source {
            Source::Constant(value) => Node::Leaf(value.clone()),
            Source::Named(name) => {
                let constant = self.constants.get(name).ok_or(Unencodable)?;
                Node::Leaf(Value::String(constant.expose().clone()))
            }
            Source::Word { word, shape, is_required } => match given.own(word) {
                Some(own) => Node::Leaf(write(&own, shape, &self.codes).ok_or(Unencodable)?),
                None if *is_required => return Err(Unencodable),
                None => return Ok(None),
            },
            Source::Officers => match given {
                Given::Order(slip, _) => {
                    let each = slip.context.officers.iter().map(Given::Officer);
                    Node::List(each.map(|one| self.node(&self.officer, &one, &[])).collect::<Result<_, _>>()?)
                }
                _ => return Err(Unencodable),
            },
            Source::Papers => match given {
                Given::Order(slip, _) => {
                    let papers = &slip.context.papers;
                    let carried = files.iter().map(|file| Given::Paper(None, Some(file)));
                    let named = papers.iter().filter(|_| files.is_empty()).map(|paper| Given::Paper(Some(paper), None));
                    let each = carried.chain(named).map(|one| self.node(&self.paper, &one, &[]));
                    Node::List(each.collect::<Result<_, _>>()?)
                }
                _ => return Err(Unencodable),
            },
        }))
    }

    /// What a row names and the file does not hold, and what to write.
    pub(crate) fn lacks(&self, source: &Source) -> Option<String> {
        match source {
            Source::Word { shape: Shape::Code(name), .. } if !self.codes.contains_key(name) => Some(
                "names a table of codes that is not there; write it as [options.codes.NAME], or another shape"
                    .to_owned(),
            ),
            Source::Named(name) if !self.constants.contains_key(name) => {
                Some("names a constant that is not there; write it into [options.constants]".to_owned())
            }
            Source::Officers if self.officer.is_empty() => {
                Some("places officers, and no [options.officer] says what of them; write it".to_owned())
            }
            Source::Papers if self.paper.is_empty() => {
                Some("places papers, and no [options.paper] says what of them; write it".to_owned())
            }
            _ => None,
        }
    }

    /// Do papers travel with their bytes?
    pub(crate) fn carries_bytes(&self) -> bool {
        self.paper.iter().any(|row| matches!(row.source.word(), Some("content" | "md5")))
    }
}

/// Do all rows have room beside each other?
pub(crate) fn fit(rows: &[Row]) -> Result<(), usize> {
    let mut node = Node::empty();
    for (nth, row) in rows.iter().enumerate() {
        node.put(&row.place, Node::Leaf(Value::Null)).ok_or(nth)?;
    }
    Ok(())
}
