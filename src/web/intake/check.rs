//! From form to request: every field held against what it allows, every fault told at once.

use domain::Personal;
use domain::act::ActOrder;
use domain::request::{
    Asked, Goal, PARTIES_MAX, PartnerKind, Priority, REPEAT_DAYS_MAX, REPEAT_HOURS, REPEAT_HOURS_MAX, REPEAT_HOURS_MIN,
    Repeat, Request, Scope,
};

use crate::fault::{Fault, Want};
use crate::intake::at::At;
use crate::intake::form::{ActForm, RepeatForm, RequestForm, ScopeForm};
use crate::intake::parts;
use crate::intake::text::{Faults, ascii, plain};

/// Characters of a region code: six digits for a county, up to twelve for a village.
const REGION_CHARACTERS_MAX: usize = 12;
/// Characters of a partner id.
pub(crate) const PARTNER_CHARACTERS_MAX: usize = 32;
/// Characters of a token's name.
const TOKEN_CHARACTERS_MAX: usize = 40;
/// Characters of an address that results are announced at; what servers and proxies take.
const ADDRESS_CHARACTERS_MAX: usize = 2_000;

/// The request that a form stands for.
///
/// # Errors
/// All faults, in the order of the fields.
pub(crate) fn request(mut form: RequestForm<'_>) -> Result<Request, Vec<Fault>> {
    let mut faults = Faults::none();
    let root = At::Root;
    let parties = form.case.parties.0.len();
    let preservation = parts::preservation(&mut form.case, &root.field("case"), &mut faults);
    let case = parts::case(form.case, &root.field("case"), &mut faults);
    let with_goal = form.goal.is_some();
    let repeat = form.repeat.and_then(|repeat| self::repeat(&repeat, with_goal, &root.field("repeat"), &mut faults));
    let looks = form.goal.as_ref().is_some_and(|goal| goal.0 == Goal::Look.word());
    if repeat.is_some() && looks {
        faults.add(&root.field("repeat"), Want::RepeatableGoal);
    }
    let asked = match (form.goal, form.acts) {
        (Some(goal), None) => {
            let at = root.field("goal");
            let goal = faults.word(&at, &goal, Goal::from_word, Goal::ALL.iter().map(|goal| goal.word()));
            let subjects = subjects(form.subjects.map(|list| list.0), parties, &mut faults);
            let scope = scope(form.scope, &root.field("scope"), &mut faults);
            goal.map(|goal| Asked::Goal { goal, subjects, scope })
        }
        (None, Some(acts)) => {
            for (name, given) in [("subjects", form.subjects.is_some()), ("scope", form.scope.is_some())] {
                if given {
                    faults.add(&root.field(name), Want::WithGoal);
                }
            }
            Some(Asked::Acts(orders(acts.0, parties, &mut faults)))
        }
        (goal, _) => {
            faults.add(&root.field(if goal.is_some() { "acts" } else { "goal" }), Want::GoalOrActs);
            None
        }
    };
    // That nobody is named breaks a rule (D4), and is told with the other rules that are broken.
    let officers =
        each(form.officers.0, &root.field("officers"), |officer, at| parts::officer(officer, at, &mut faults));
    let at = root.field("documents");
    let documents = form.documents.map_or_else(Vec::new, |list| list.0);
    let papers = each(documents, &at, |document, at| parts::paper(document, at, &mut faults));
    let priority = match form.priority {
        None => Some(Priority::Normal),
        Some(word) => {
            let all = Priority::ALL.iter().map(|priority| priority.word());
            faults.word(&root.field("priority"), &word, Priority::from_word, all)
        }
    };
    let deadline = form.deadline.and_then(|text| faults.instant(&root.field("deadline"), &text));
    let callback = form.callback.map(|callback| {
        let at = root.field("callback");
        address(callback.url, &at.field("url"), &mut faults)
    });
    let in_viewers = root.field("viewers");
    let viewers = form.viewers.map(|list| {
        each(list.0, &in_viewers, |viewer, at| Some(faults.text(at, viewer, ascii(TOKEN_CHARACTERS_MAX, "-_."))))
    });
    let viewers = viewers.unwrap_or_default();
    let faults = faults.found();
    match (case, asked, priority) {
        (Some(case), Some(asked), Some(priority)) if faults.is_empty() => {
            Ok(Request { case, asked, officers, papers, priority, deadline, callback, viewers, repeat, preservation })
        }
        _ => Err(faults),
    }
}

/// Reads each entry of a list at its place.
pub(crate) fn each<F, T>(entries: Vec<F>, at: &At<'_>, mut read: impl FnMut(F, &At<'_>) -> Option<T>) -> Vec<T> {
    entries.into_iter().enumerate().filter_map(|(place, entry)| read(entry, &at.entry(place))).collect()
}

fn subjects(given: Option<Vec<super::form::Place>>, parties: usize, faults: &mut Faults) -> Vec<u16> {
    let root = At::Root;
    let at = root.field("subjects");
    let Some(given) = given else {
        faults.add(&at, Want::Present);
        return Vec::new();
    };
    if given.is_empty() {
        faults.add(&at, Want::Entries(1, PARTIES_MAX));
    }
    let mut subjects = Vec::with_capacity(given.len());
    for (place, subject) in given.into_iter().enumerate() {
        if usize::from(subject.0) >= parties {
            faults.add(&at.entry(place), Want::Party);
        } else if subjects.contains(&subject.0) {
            faults.add(&at.entry(place), Want::Distinct);
        }
        subjects.push(subject.0);
    }
    subjects
}

fn repeat(form: &RepeatForm, with_goal: bool, at: &At<'_>, faults: &mut Faults) -> Option<Repeat> {
    if !with_goal {
        faults.add(at, Want::WithGoal);
    }
    let mut within = |name: &'static str, value: u16, (min, max): (u16, u16)| {
        if !(min..=max).contains(&value) {
            faults.add(&at.field(name), Want::Number(min.into(), max.into()));
        }
        value
    };
    let days = within("days", form.days.0, (1, REPEAT_DAYS_MAX));
    let hours = form.every_hours.map_or(REPEAT_HOURS, |hours| hours.0);
    let every_hours = within("every_hours", hours, (REPEAT_HOURS_MIN, REPEAT_HOURS_MAX));
    Some(Repeat { days, every_hours })
}

fn scope(form: Option<ScopeForm<'_>>, at: &At<'_>, faults: &mut Faults) -> Scope {
    let Some(form) = form else { return Scope::default() };
    let kinds = form.kinds.map_or_else(Vec::new, |list| list.0);
    let kinds = each(kinds, &at.field("kinds"), |word, at| {
        faults.word(at, &word, PartnerKind::from_word, PartnerKind::ALL.iter().map(|kind| kind.word()))
    });
    let regions = form.regions.map_or_else(Vec::new, |list| list.0);
    let regions =
        each(regions, &at.field("regions"), |code, at| Some(faults.text(at, code, ascii(REGION_CHARACTERS_MAX, ""))));
    let partners = form.partners.map_or_else(Vec::new, |list| list.0);
    let partners =
        each(partners, &at.field("partners"), |id, at| Some(faults.text(at, id, ascii(PARTNER_CHARACTERS_MAX, "-"))));
    Scope { kinds, regions, partners }
}

fn orders(acts: Vec<ActForm<'_>>, parties: usize, faults: &mut Faults) -> Vec<ActOrder> {
    let root = At::Root;
    let at = root.field("acts");
    if acts.is_empty() {
        faults.add(&at, Want::Entries(1, domain::request::ACTS_MAX));
    }
    each(acts, &at, |act, at| parts::order(act, parties, at, faults))
}

fn address(url: super::form::Text<'_>, at: &At<'_>, faults: &mut Faults) -> Personal<String> {
    let url = faults.text(at, url, plain(ADDRESS_CHARACTERS_MAX));
    if !url.is_empty() && !is_address(&url) {
        faults.add(at, Want::Address);
    }
    Personal::new(url)
}

/// An absolute http or https address with a host, without user and fragment; only visible ASCII.
fn is_address(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'[';
    host.as_bytes().first().is_some_and(begins)
        && host.bytes().all(named)
        && url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>'))
}
