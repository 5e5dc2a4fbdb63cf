//! Places in JSON (RFC 6901 pointers), and a body built out of values at places, the same to the byte each time.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

/// Steps of one place; forms that nest deeper are not described by a table.
pub(crate) const STEPS_MAX: usize = 8;

/// A place: the steps from the top.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place(Vec<String>);

impl Place {
    /// Reads `/data/list/0/name`; `None` when it is no place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let steps: Option<Vec<String>> = text.strip_prefix('/')?.split('/').map(step).collect();
        steps.filter(|steps| steps.len() <= STEPS_MAX).map(Self)
    }

    /// What stands there.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match value {
            Value::Object(object) => object.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

fn step(text: &str) -> Option<String> {
    let sound = !text.is_empty() && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    sound.then(|| text.replace("~1", "/").replace("~0", "~"))
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
        put(self, &place.0, value)
    }
}

fn put(node: &mut Node, steps: &[String], value: Node) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
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
        Node::Object(object) if step != "0" => put(object.entry(step.clone()).or_insert_with(Node::empty), rest, value),
        Node::List(items) if step == "0" => put(items.first_mut()?, rest, value),
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
