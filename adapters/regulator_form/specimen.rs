//! What the tests of both industries need of the form: a slip about an organisation, and the message in a request.

use std::sync::Arc;

use domain::case::PartyKind;
use domain::slip::{Slip, SlipContext};

use super::Said;
use super::names::Ends;
use super::request::request;
use crate::transport::drop::packet;

/// The same slip about an organisation.
pub(crate) fn of_organisation(mut slip: Slip) -> Slip {
    let mut case = slip.context.case.clone();
    case.parties[0].kind = PartyKind::Organisation;
    let (officers, papers) = (slip.context.officers.clone(), slip.context.papers.clone());
    slip.context = Arc::new(SlipContext { case, officers, papers });
    slip
}

/// The message of the slip's one line, out of its sealed packet.
pub(crate) fn message(said: &Said, ends: &Ends, slip: &Slip) -> String {
    let request = request(said, ends, slip, &[]).unwrap();
    let base = request.name.strip_suffix(".zip").unwrap();
    let member = packet::read(&request.bytes, Some(base)).unwrap().remove(0);
    String::from_utf8(member.bytes).unwrap()
}
