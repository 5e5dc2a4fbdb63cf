//! Places in JSON (RFC 6901 pointers), and a body built out of values at places, the same to the byte each time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

/// Steps of one place; forms that nest deeper are not described by a table.
pub(crate) const STEPS_MAX: usize = 8;

/// Between the steps of a place; no key of a partner's form holds it.
const BETWEEN: char = '\0';

/// A place: the steps from the top. Shared, because tables are read over each other, and thousands of partners have hundreds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place(Arc<str>);

impl Place {
    /// Reads `/data/list/0/name`; `None` when it is no place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let mut steps = String::with_capacity(rest.len());
        for (nth, text) in rest.split('/').enumerate() {
            if nth == STEPS_MAX {
                return None;
            }
            if nth > 0 {
                steps.push(BETWEEN);
            }
            steps.push_str(&step(text)?);
        }
        Some(Self(steps.into()))
    }

    /// The same, and `/` for the whole: where a list may stand.
    pub(crate) fn parse_list(text: &str) -> Option<Self> {
        if text == "/" { Some(Self("".into())) } else { Self::parse(text) }
    }

    fn steps(&self) -> impl Iterator<Item = &str> {
        // No step is empty, so only the whole has none.
        self.0.split(BETWEEN).filter(|step| !step.is_empty())
    }

    /// What stands there.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.steps().try_fold(value, |value, step| match value {
            Value::Object(object) => object.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Does the other place lie within this one?
    pub(crate) fn holds(&self, other: &Self) -> bool {
        other.0.strip_prefix(self.0.as_ref()).is_some_and(|rest| rest.starts_with(BETWEEN))
    }

    /// The same as [`Place::find`], to put something else there.
    pub(crate) fn find_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.steps().try_fold(value, |value, step| match value {
            Value::Object(object) => object.get_mut(step),
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

fn step(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('~') {
        return (!text.is_empty() && !text.contains(BETWEEN)).then_some(text.into());
    }
    let is_sound = !text.contains(BETWEEN) && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    is_sound.then(|| text.replace("~1", "/").replace("~0", "~").into())
}

/// A body being written. Keys are in the order of their bytes; the step `0` is the only entry of a list.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    Leaf(Value),
    Object(BTreeMap<String, Node>),
    List(Vec<Node>),
}

impl Node {
    /// An object with nothing in it.
    pub(crate) fn empty() -> Self {
        Self::Object(BTreeMap::new())
    }

    /// Puts a value at a place; `None` when something else stands there, above or below it.
    pub(crate) fn put(&mut self, place: &Place, value: Node) -> Option<()> {
        put(self, place.steps(), value)
    }

    /// Takes out what was put at or below a place; `None` when nothing stands there.
    pub(crate) fn take(&mut self, place: &Place) -> Option<Node> {
        let found = place.steps().try_fold(self, |node, step| match node {
            Node::Object(object) => object.get_mut(step),
            Node::List(items) => items.get_mut(step.parse::<usize>().ok()?),
            Node::Leaf(_) => None,
        })?;
        Some(std::mem::replace(found, Node::empty()))
    }
}

fn put<'s>(node: &mut Node, mut steps: impl Iterator<Item = &'s str>, value: Node) -> Option<()> {
    let Some(step) = steps.next() else {
        if !matches!(node, Node::Object(object) if object.is_empty()) {
            return None;
        }
        *node = value;
        return Some(());
    };
    if step == "0" && matches!(node, Node::Object(object) if object.is_empty()) {
        *node = Node::List(vec![Node::empty()]);
    }
    match node {
        Node::Object(object) if step != "0" => {
            put(object.entry(step.to_owned()).or_insert_with(Node::empty), steps, value)
        }
        Node::List(items) if step == "0" => put(items.first_mut()?, steps, value),
        _ => None,
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                object.iter().try_for_each(|(key, node)| map.serialize_entry(key, node))?;
                map.end()
            }
            Self::List(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| sequence.serialize_element(item))?;
                sequence.end()
            }
        }
    }
}
