//! What banks that we call say, as pure functions over text: `order` and `answer`. Banks that fetch speak `crate::court_form`.

pub(crate) mod answer;
pub(crate) mod order;

pub(crate) use crate::court_form::{packed, reason, reply};
