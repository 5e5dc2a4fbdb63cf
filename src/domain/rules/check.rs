//! What can be judged from the request alone, with the kind of each partner and the rules in force there.

use std::sync::LazyLock;

use super::{Breach, D1, D2, D3, D4, D6, D7, D9, D19, D20, D23, D24, D28, D32, Rule, RulePack, SurrenderRule};
use crate::act::ActOrder;
use crate::case::{Party, Role, Stage};
use crate::outcome::AssetKind;
use crate::request::{Asked, Goal, PartnerKind, Request};
use crate::{ActKind, Day, Money};

static BUILT_IN_PACK: LazyLock<RulePack> = LazyLock::new(RulePack::default);

/// How many days ahead the first day of a freeze may lie: a month, for orders that are prepared early.
pub const FREEZE_AHEAD_DAYS_MAX: i32 = 30;

fn breach(rule: &'static Rule, at: impl Into<String>) -> Breach {
    Breach { rule, at: at.into() }
}

/// As [`check_under`], with the built-in pack everywhere.
#[must_use]
pub fn check(request: &Request, today: Day, kind_of: impl Fn(&str) -> Option<PartnerKind>) -> Vec<Breach> {
    check_under(request, today, |partner| kind_of(partner).map(|kind| (kind, &*BUILT_IN_PACK)), |_| None)
}

/// Every rule that the request breaks by itself, without knowing earlier acts; `law_of` knows the kind of a partner and the
/// rule pack in force there, `property_of` what sort of property an act is about where that is known.
#[must_use]
pub fn check_under<'l>(
    request: &Request,
    today: Day,
    law_of: impl Fn(&str) -> Option<(PartnerKind, &'l RulePack)>,
    property_of: impl Fn(&ActOrder) -> Option<AssetKind>,
) -> Vec<Breach> {
    let mut found = Vec::new();
    if !super::is_case_number(request.case.number.expose(), today.ymd().0) {
        found.push(breach(&D2, "/case/number"));
    }
    check_parties(request, today, &mut found);
    check_officers(request, &mut found);
    match &request.asked {
        Asked::Goal { goal, subjects, .. } => check_goal(request, *goal, subjects, &mut found),
        Asked::Acts(acts) => {
            check_papers(request, acts.iter().any(|act| act.kind.is_control()), &mut found);
            if acts.iter().any(|act| act.kind.moves_money()) {
                check_deducting(request, &mut found);
            }
            for (place, act) in acts.iter().enumerate() {
                let at = format!("/acts/{place}");
                check_subject(request, act.subject, &format!("{at}/subject"), &mut found);
                if is_bankrupt(request, act.subject) && is_stayed_by_bankruptcy(act.kind) {
                    found.push(breach(&D28, format!("{at}/subject")));
                }
                let (kind, pack) = law_of(&act.partner).map_or((None, &*BUILT_IN_PACK), |(k, pack)| (Some(k), pack));
                check_act(act, pack.years_for(property_of(act), kind), today, &at, &mut found);
                check_property(request, act, (kind, pack), &at, &mut found);
            }
        }
    }
    found
}

/// Must it rest once a court has accepted the bankruptcy of whom it is about (rule D28)? Questions and what lets go need not.
#[must_use]
pub fn is_stayed_by_bankruptcy(kind: ActKind) -> bool {
    matches!(kind, ActKind::Freeze | ActKind::Renew) || kind.moves_money()
}

fn check_goal(request: &Request, goal: Goal, subjects: &[u16], found: &mut Vec<Breach>) {
    for (place, subject) in subjects.iter().enumerate() {
        let at = format!("/subjects/{place}");
        check_subject(request, *subject, &at, found);
        if goal != Goal::Look && is_bankrupt(request, *subject) {
            found.push(breach(&D28, at));
        }
    }
    check_papers(request, goal != Goal::Look, found);
    if goal == Goal::Collect {
        check_deducting(request, found);
    }
    if goal != Goal::Look && !request.case.target().is_positive() {
        found.push(breach(&D7, "/case/claim"));
    }
}

fn is_bankrupt(request: &Request, subject: u16) -> bool {
    request.case.parties.get(usize::from(subject)).is_some_and(|party: &Party| party.bankrupt == Some(true))
}

fn check_parties(request: &Request, today: Day, found: &mut Vec<Breach>) {
    for (place, party) in request.case.parties.iter().enumerate() {
        if party.role != Role::Obligor {
            continue;
        }
        let number = party.id_number.expose();
        let well_formed = !party.name.expose().trim().is_empty() && !party.id_type.is_empty() && !number.is_empty();
        if !well_formed {
            found.push(breach(&D32, format!("/case/parties/{place}")));
        } else if !crate::identity::is_possible(&party.id_type, number, today) {
            found.push(breach(&D32, format!("/case/parties/{place}/id_number")));
        }
    }
}

fn check_officers(request: &Request, found: &mut Vec<Breach>) {
    if request.officers.is_empty() {
        found.push(breach(&D4, "/officers"));
    }
    for (place, officer) in request.officers.iter().enumerate() {
        let blank = |text: &crate::Personal<String>| text.expose().trim().is_empty();
        if blank(&officer.name) || blank(&officer.work_id) || blank(&officer.duty_id) {
            found.push(breach(&D4, format!("/officers/{place}")));
            continue;
        }
        // Somebody who is named twice is not two officers.
        let same = |other: &crate::case::Officer| other.work_id == officer.work_id || other.duty_id == officer.duty_id;
        if request.officers.iter().take(place).any(same) {
            found.push(breach(&D4, format!("/officers/{place}")));
        }
    }
}

fn check_subject(request: &Request, subject: u16, at: &str, found: &mut Vec<Breach>) {
    let obligor = request.case.parties.get(usize::from(subject)).is_some_and(|party| party.role == Role::Obligor);
    if !obligor {
        found.push(breach(&D1, at));
    }
}

fn check_papers(request: &Request, controls: bool, found: &mut Vec<Breach>) {
    if request.papers.is_empty() || (controls && !request.has_paper("ruling")) {
        found.push(breach(&D3, "/documents"));
    }
}

fn check_deducting(request: &Request, found: &mut Vec<Breach>) {
    if request.case.stage == Stage::Preservation {
        found.push(breach(&D6, "/case/stage"));
    }
    if request.case.account.is_none() {
        found.push(breach(&D20, "/case/account"));
    }
}

fn check_act(act: &ActOrder, years: i32, today: Day, at: &str, found: &mut Vec<Breach>) {
    if act.kind.needs_amount() && !act.amount.is_some_and(Money::is_positive) {
        found.push(breach(&D7, format!("{at}/amount")));
    }
    if !act.kind.builds_on().is_empty() && act.original.is_none() {
        found.push(breach(&D20, format!("{at}/original")));
    }
    // Partners act when they are served (rule D16): a first day far ahead would let the effect last longer than the cap.
    let latest = Day::from_count(today.count().saturating_add(FREEZE_AHEAD_DAYS_MAX));
    if act.kind.is_lasting() && act.from.is_some_and(|from| from > latest) {
        found.push(breach(&D9, format!("{at}/from")));
    }
    if act.kind.is_lasting() || act.kind == ActKind::Renew {
        check_period((act.from, act.to), years, today, at, found);
    }
}

/// A period is whole, not over yet, and within the cap from its first day (rule D9).
fn check_period((from, to): (Option<Day>, Option<Day>), years: i32, today: Day, at: &str, found: &mut Vec<Breach>) {
    let from = from.unwrap_or(today);
    match to {
        Some(to) if to < from || to < today || to > from.last_of_years(years) => {
            found.push(breach(&D9, format!("{at}/to")));
        }
        _ => {}
    }
}

/// What the rules in force at the partner say about this property.
fn check_property(
    request: &Request,
    act: &ActOrder,
    (kind, pack): (Option<PartnerKind>, &RulePack),
    at: &str,
    found: &mut Vec<Breach>,
) {
    if act.kind == ActKind::Surrender && !request.may_surrender(pack.surrender) {
        found.push(match pack.surrender {
            SurrenderRule::Never => breach(&D19, format!("{at}/kind")),
            SurrenderRule::Forced | SurrenderRule::WithConsent => breach(&D3, "/documents"),
        });
    }
    if act.kind == ActKind::Deduct && kind == Some(PartnerKind::HousingFund) && !pack.opens_funds() {
        found.push(breach(&D19, format!("{at}/kind")));
    }
    let Some(account) = act.account.as_ref().map(|account| account.expose()) else { return };
    if is_stayed_by_bankruptcy(act.kind) && pack.reserve_accounts.contains(account) {
        found.push(breach(&D24, format!("{at}/account")));
    }
    if act.kind.moves_money() && pack.margin_accounts.contains(account) {
        found.push(breach(&D23, format!("{at}/account")));
    }
}

/// The paper by which a policy's holder agrees to its end.
const HOLDER_CONSENT: &str = "holder_consent";

impl Request {
    /// Does a paper of this kind travel with it?
    #[must_use]
    pub fn has_paper(&self, kind: &str) -> bool {
        self.papers.iter().any(|paper| paper.kind == kind)
    }

    /// May a policy be ended under this rule, with the papers that the request has?
    #[must_use]
    pub fn may_surrender(&self, rule: SurrenderRule) -> bool {
        match rule {
            SurrenderRule::Forced => true,
            SurrenderRule::WithConsent => self.has_paper(HOLDER_CONSENT),
            SurrenderRule::Never => false,
        }
    }
}
