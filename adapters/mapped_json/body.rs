//! Bodies: rows of a partner file that say which word of ours stands where, and the body they make of an order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
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
    Named(Arc<str>),
    /// A word of ours in a shape; `is_required`: without it nothing is sent.
    Word { word: Cow<'static, str>, shape: Shape, is_required: bool },
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
            return Ok(Self::Named(name.into()));
        }
        let is_order = known.len() > 1;
        match (word, rest.as_slice()) {
            ("officers", []) if is_order => return Ok(Self::Officers),
            ("papers", []) if is_order => return Ok(Self::Papers),
            _ => {}
        }
        let Some((word, sort)) = known.iter().find_map(|words| sort_of(words, word)) else {
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
        Ok(Self::Word { word, shape, is_required })
    }

    /// The word of ours that it places.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word { word, .. } => Some(word),
            _ => None,
        }
    }
}

/// The word as our list has it, and its sort.
pub(crate) fn sort_of(words: Words, word: &str) -> Option<(Cow<'static, str>, Sort)> {
    words.iter().find_map(|(known, sort)| match known.strip_suffix('*') {
        Some(before) => {
            let is_one = word.strip_prefix(before).is_some_and(|name| !name.is_empty());
            is_one.then(|| (Cow::Owned(word.to_owned()), *sort))
        }
        None => (*known == word).then_some((Cow::Borrowed(*known), *sort)),
    })
}

/// Where a body holds JSON as a text: what is placed at or below stands in it.
#[derive(Clone)]
pub(crate) struct Packing {
    pub(crate) place: Place,
    pub(crate) is_base64: bool,
}

impl Tables {
    /// The body that the rows make of what is given.
    ///
    /// # Errors
    /// [`Unencodable`] when something required is missing, or cannot be said in their words.
    pub(crate) fn body(
        &self,
        rows: &[Row],
        packing: Option<&Packing>,
        given: &Given<'_>,
    ) -> Result<Vec<u8>, Unencodable> {
        let written = |node: &Node| serde_json::to_vec(node).map_err(|_| Unencodable);
        let mut node = self.node(rows, given)?;
        if let Some(Packing { place, is_base64 }) = packing
            && let Some(inner) = node.take(place)
        {
            let bytes = written(&inner)?;
            let text =
                if *is_base64 { STANDARD.encode(bytes) } else { String::from_utf8(bytes).map_err(|_| Unencodable)? };
            node.put(place, Node::Leaf(Value::String(text))).ok_or(Unencodable)?;
        }
        written(&node)
    }

    fn node(&self, rows: &[Row], given: &Given<'_>) -> Result<Node, Unencodable> {
        let mut node = Node::empty();
        for row in rows {
            if let Some(value) = self.value(&row.source, given)? {
                node.put(&row.place, value).ok_or(Unencodable)?;
            }
        }
        Ok(node)
    }

    /// The text of a source that stands in a header.
    pub(crate) fn header(&self, source: &Source, given: &Given<'_>) -> Option<String> {
        match self.value(source, given).ok()?? {
            Node::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn value(&self, source: &Source, given: &Given<'_>) -> Result<Option<Node>, Unencodable> {
        Ok(Some(match source {
            Source::Constant(value) => Node::Leaf(value.clone()),
            Source::Named(name) => {
                let constant = self.constants.get(name.as_ref()).ok_or(Unencodable)?;
                Node::Leaf(Value::String(constant.expose().clone()))
            }
            Source::Word { word, shape, is_required } => match given.own(word) {
                Some(own) => Node::Leaf(write(&own, shape, &self.codes).ok_or(Unencodable)?),
                None if *is_required => return Err(Unencodable),
                None => return Ok(None),
            },
            Source::Officers => match given {
                Given::Order(slip, ..) => {
                    let each = slip.context.officers.iter().map(Given::Officer);
                    Node::List(each.map(|one| self.node(&self.officer, &one)).collect::<Result<_, _>>()?)
                }
                _ => return Err(Unencodable),
            },
            Source::Papers => match given {
                Given::Order(slip, _, files) => {
                    let papers = &slip.context.papers;
                    let carried = files.iter().map(|file| Given::Paper(None, Some(file)));
                    let named = papers.iter().filter(|_| files.is_empty()).map(|paper| Given::Paper(Some(paper), None));
                    let each = carried.chain(named).map(|one| self.node(&self.paper, &one));
                    Node::List(each.collect::<Result<_, _>>()?)
                }
                _ => return Err(Unencodable),
            },
        }))
    }

    /// What a row names and the file does not hold, and what to write.
    pub(crate) fn lacks(&self, source: &Source) -> Option<String> {
        match source {
            Source::Word { shape: Shape::Code(name), .. } if !self.codes.contains_key(name.as_ref()) => Some(
                "names a table of codes that is not there; write it as [options.codes.NAME], or another shape"
                    .to_owned(),
            ),
            Source::Named(name) if !self.constants.contains_key(name.as_ref()) => {
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

    /// Does such a body need the bytes of the papers?
    pub(crate) fn carries_bytes(&self, rows: &[Row]) -> bool {
        let of_all = || self.paper.iter().any(|row| matches!(row.source.word(), Some("content" | "md5")));
        rows.iter().any(|row| match &row.source {
            Source::Papers => of_all(),
            source => matches!(source.word(), Some("papers.1.content" | "papers.1.md5")),
        })
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
