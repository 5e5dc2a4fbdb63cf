//! What banks say, as pure functions over text: `soap`, `packed`, `list`, `feedback`, `reply` for banks that fetch;
//! `order` and `answer` for banks that we call; `reason` for both.

pub(crate) mod answer;
pub(crate) mod feedback;
pub(crate) mod list;
pub(crate) mod order;
pub(crate) mod packed;
pub(crate) mod reason;
pub(crate) mod reply;
pub(crate) mod soap;
