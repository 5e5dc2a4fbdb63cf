//! The law as data: the rules that a request is held against, with source and text, and the checks that need nothing else.

use crate::act::ActOrder;
use crate::case::{Role, Stage};
use crate::outcome::AssetKind;
use crate::request::{Asked, Goal, PartnerKind, Request};
use crate::{ActKind, Day, Money};

/// What a rule does when it is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The order is refused.
    Refuse,
}

/// One rule of DOMAIN.md (d).
#[derive(PartialEq, Eq, Debug)]
pub struct Rule {
    /// `D1` … `D35`.
    pub id: &'static str,
    /// What happens when it is broken.
    pub level: Level,
    /// Where it stands.
    pub source: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $id:literal, $source:literal, $zh:literal, $en:literal;)+) => {
        $($(#[$doc])* pub static $name: Rule = Rule { id: $id, level: Level::Refuse, source: $source, zh: $zh, en: $en };)+
        /// Every rule that is enforced.
        pub static RULES: &[&Rule] = &[$(&$name),+];
    };
}

rules! {
    /// Only obligors.
    D1: "D1", "法释〔2013〕20号 第七条", "只能对本案被执行人采取措施", "an act may only be about an obligor of the case";
    /// Papers per measure.
    D3: "D3", "法释〔2013〕20号 第三、四条", "缺少该措施所需的法律文书", "the papers this measure needs are missing";
    /// Officers.
    D4: "D4", "法释〔2013〕20号 第二条", "缺少执行人员或其证件号码", "an officer with work and duty numbers is missing";
    /// Preservation stage.
    D6: "D6", "财产保全规定 第十一条", "保全阶段不得扣划，冻结以保全裁定数额为限", "in the preservation stage nothing may be deducted";
    /// Exact amount.
    D7: "D7", "财产保全规定 第十五条第三款", "冻结、扣划必须写明确切数额", "a freeze or deduction states an exact amount above zero";
    /// No clear excess.
    D8: "D8", "查封扣押冻结规定 第十九条；民事诉讼法 第二百五十三条", "超过申请执行标的额与执行费用之和", "the sum would exceed claim and costs";
    /// Periods.
    D9: "D9", "民事诉讼法解释 第四百八十五条", "冻结银行存款的期限不得超过一年", "a deposit is frozen for at most one year";
    /// Agreed with the partner.
    D19: "D19", "法释〔2013〕20号 第九条", "该协助单位未开通此项网络措施", "this partner has not agreed to this kind of act over the network";
    /// Freeze first, and only to the court's account.
    D20: "D20", "法〔2018〕64号", "先冻结后扣划，且只能划入本院执行款专户", "freeze first, deduct only what is frozen, and only to the court's listed case-money account";
    /// The three keys of identity.
    D32: "D32", "总对总技术规范", "姓名、证件类型、证件号码缺一不可且须有效", "name, ID type and ID number are all needed and must be valid";
}

/// A broken rule, with the place in the request as a JSON pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Which rule.
    pub rule: &'static Rule,
    /// Where, such as `/acts/0/amount`.
    pub at: String,
}

fn breach(rule: &'static Rule, at: impl Into<String>) -> Breach {
    Breach { rule, at: at.into() }
}

/// The longest a deposit may be frozen (rule D9), in years; fund accounts likewise, as long as no law says otherwise (DOMAIN.md c.6).
pub const DEPOSIT_YEARS_MAX: i32 = 1;
/// The longest that other property rights may be frozen (rule D9), in years: policies, equity, real estate.
pub const RIGHT_YEARS_MAX: i32 = 3;

/// How long property of a sort may be frozen, in years.
#[must_use]
pub fn freeze_years_max(asset: AssetKind) -> i32 {
    match asset {
        AssetKind::Cash | AssetKind::Wallet | AssetKind::Fund => DEPOSIT_YEARS_MAX,
        AssetKind::Policy | AssetKind::Other => RIGHT_YEARS_MAX,
    }
}

/// The longest effect that may be ordered of an industry, in years.
#[must_use]
pub fn years_max(kind: Option<PartnerKind>) -> i32 {
    match kind {
        Some(PartnerKind::Insurance) => freeze_years_max(AssetKind::Policy),
        Some(PartnerKind::Registry) => freeze_years_max(AssetKind::Other),
        _ => DEPOSIT_YEARS_MAX,
    }
}

/// Every rule that the request breaks by itself, without knowing partners or earlier acts.
#[must_use]
pub fn check(request: &Request, today: Day, kind_of: impl Fn(&str) -> Option<PartnerKind>) -> Vec<Breach> {
    let mut found = Vec::new();
    check_parties(request, &mut found);
    check_officers(request, &mut found);
    match &request.asked {
        Asked::Goal { goal, subjects, .. } => {
            for (place, subject) in subjects.iter().enumerate() {
                check_subject(request, *subject, &format!("/subjects/{place}"), &mut found);
            }
            check_papers(request, *goal != Goal::Look, &mut found);
            if *goal == Goal::Collect {
                check_deducting(request, &mut found);
            }
            if *goal != Goal::Look && !request.case.target().is_positive() {
                found.push(breach(&D7, "/case/claim"));
            }
        }
        Asked::Acts(acts) => {
            check_papers(request, acts.iter().any(|act| act.kind.is_control()), &mut found);
            if acts.iter().any(|act| act.kind.moves_money()) {
                check_deducting(request, &mut found);
            }
            for (place, act) in acts.iter().enumerate() {
                check_subject(request, act.subject, &format!("/acts/{place}/subject"), &mut found);
                check_act(act, years_max(kind_of(&act.partner)), today, &format!("/acts/{place}"), &mut found);
            }
        }
    }
    found
}

fn check_parties(request: &Request, found: &mut Vec<Breach>) {
    for (place, party) in request.case.parties.iter().enumerate() {
        if party.role != Role::Obligor {
            continue;
        }
        let number = party.id_number.expose();
        let well_formed = !party.name.expose().trim().is_empty() && !party.id_type.is_empty() && !number.is_empty();
        if !well_formed {
            found.push(breach(&D32, format!("/case/parties/{place}")));
        } else if crate::identity::is_card(&party.id_type) && !crate::identity::card_is_valid(number) {
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
    let ruling = request.papers.iter().any(|paper| paper.kind == "ruling");
    if request.papers.is_empty() || (controls && !ruling) {
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
