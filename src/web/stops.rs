//! Emergency stops: ordered by one person, lifted by two, seen by whoever they concern.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::stop::StopScope;
use domain::{ActKind, StopId};
use serde::Serialize;

use crate::fault::Want;
use crate::gate::StopView;
use crate::intake::at::At;
use crate::intake::check::each;
use crate::intake::commands::{bytes, checked, reason, reason_alone};
use crate::intake::form::{StopForm, StopScopeForm};
use crate::intake::requests::personal_answer;
use crate::intake::show::{Instant, json};
use crate::intake::text::{Faults, ascii};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, ReadStates, Stop};

/// Characters of a court's code.
const COURT_CHARACTERS_MAX: usize = 6;

#[derive(Serialize)]
struct ShownStops<'a> {
    stops: Vec<ShownStop<'a>>,
}

#[derive(Serialize)]
struct ShownStop<'a> {
    id: String,
    scope: ShownScope<'a>,
    by: &'a str,
    own: bool,
    at: Instant,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lift_proposed: Option<ShownLift<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ShownScope<'a> {
    Acts(Vec<&'static str>),
    Court(&'a str),
    All(bool),
}

#[derive(Serialize)]
struct ShownLift<'a> {
    by: &'a str,
    at: Instant,
}

#[derive(Serialize)]
struct ShownOrdered {
    id: String,
    sequence: u64,
}

#[derive(Serialize)]
struct ShownLifted {
    sequence: u64,
    lifted: bool,
}

impl<'a> ShownStop<'a> {
    fn of(view: &'a StopView) -> Self {
        Self {
            id: view.id.to_string(),
            scope: match &view.scope {
                StopScope::Acts(kinds) => ShownScope::Acts(kinds.iter().map(|kind| kind.word()).collect()),
                StopScope::Court(code) => ShownScope::Court(code),
                StopScope::All => ShownScope::All(true),
            },
            by: &view.by,
            own: view.own,
            at: Instant(view.at),
            reason: view.reason.expose(),
            lift_proposed: view.lift.as_ref().map(|(by, at)| ShownLift { by, at: Instant(*at) }),
        }
    }
}

pub(crate) async fn list(allowed: Allowed<ReadStates>) -> HttpResponse {
    let views = allowed.gate().stops(allowed.caller());
    personal_answer(json(&ShownStops { stops: views.iter().map(ShownStop::of).collect() }))
}

pub(crate) async fn order(
    allowed: Allowed<Stop>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let (scope, reason) = checked(&bytes, |form: StopForm<'_>, at, faults| {
        let reason = reason(form.reason, at, faults);
        Some((scope(form.scope, &at.field("scope"), faults)?, reason))
    })?;
    let id = allowed.gate().order_stop(allowed.caller(), scope, reason).await?;
    let shown = json(&ShownOrdered { id: id.to_string(), sequence: id.0 });
    Ok(HttpResponse::Ok().content_type("application/json").body(shown))
}

fn scope(form: StopScopeForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<StopScope> {
    match (form.acts, form.court, form.all) {
        (Some(acts), None, None) => {
            let at = at.field("acts");
            let words = || ActKind::ALL.iter().map(|kind| kind.word());
            let none = acts.0.is_empty();
            let kinds = each(acts.0, &at, |word, at| faults.word(at, &word, ActKind::from_word, words()));
            let scope = StopScope::of_kinds(&kinds);
            // Words that are none have their own fault.
            if none {
                faults.add(&at, Want::Entries(1, ActKind::ALL.len()));
            }
            scope
        }
        (None, Some(court), None) => {
            Some(StopScope::Court(faults.text(&at.field("court"), court, ascii(COURT_CHARACTERS_MAX, ""))))
        }
        (None, None, Some(true)) => Some(StopScope::All),
        _ => {
            faults.add(at, Want::StopScope);
            None
        }
    }
}

pub(crate) async fn lift(
    allowed: Allowed<Stop>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = StopId::parse(&id).ok_or(Slug::NotFound)?;
    let reason = reason_alone(&bytes(&request, payload, allowed.limits()).await?)?;
    let lifted = allowed.gate().lift_stop(allowed.caller(), id, reason).await?;
    let shown = json(&ShownLifted { sequence: lifted.sequence, lifted: lifted.lifted });
    Ok(HttpResponse::Ok().content_type("application/json").body(shown))
}
