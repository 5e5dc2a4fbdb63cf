//! The table is what it should be, and each rule that refuses is tried from both sides, as far as a request alone tells.

use super::*;
use crate::act::{ActOrder, Original};
use crate::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use crate::outcome::AssetKind;
use crate::request::{Asked, Goal, Priority, Request, Scope};
use crate::{ActKind, Day, Money, Personal};

const TODAY: &str = "2026-11-22";

fn personal(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn paper(kind: &str) -> Paper {
    Paper { kind: kind.to_owned(), number: personal("1"), file_name: personal("a.pdf"), digest: personal("sha256:00") }
}

fn order(kind: ActKind) -> ActOrder {
    let amount = kind.needs_amount().then(|| Money::from_fen(100));
    let own = Original { act: None, slip: "X".to_owned(), case_number: personal("(2026)浙0225执1号") };
    let original = (!kind.builds_on().is_empty()).then_some(own);
    let account = Some(personal("62"));
    let partner = "p".to_owned();
    ActOrder {
        kind,
        partner,
        subject: 0,
        account,
        amount,
        from: None,
        to: None,
        original,
        note: None,
        details: Vec::new(),
    }
}

fn request(asked: Asked) -> Request {
    let obligor = Party {
        role: Role::Obligor,
        kind: PartyKind::Person,
        name: personal("王小渔"),
        id_type: "01".to_owned(),
        bankrupt: None,
        id_number: personal("330225189506120170"),
    };
    let creditor = Party { role: Role::Creditor, ..obligor.clone() };
    let account = CourtAccount {
        holder: "court".to_owned(),
        bank: "bank".to_owned(),
        bank_code: "4".to_owned(),
        number: personal("2"),
    };
    let officer = Officer { name: personal("a"), work_id: personal("b"), duty_id: personal("c"), phone: personal("") };
    Request {
        case: Case {
            number: personal("(2026)浙0225执1号"),
            stage: Stage::Enforcement,
            court: Court { code: "330225".to_owned(), name: "court".to_owned() },
            claim: Money::from_fen(100_000),
            costs: Money::ZERO,
            parties: vec![obligor, creditor],
            account: Some(account),
        },
        asked,
        officers: vec![officer],
        papers: vec![paper("ruling")],
        priority: Priority::Normal,
        deadline: None,
        callback: None,
        viewers: Vec::new(),
        repeat: None,
        preservation: None,
    }
}

fn one(kind: ActKind) -> Request {
    request(Asked::Acts(vec![order(kind)]))
}

fn goal(goal: Goal) -> Request {
    request(Asked::Goal { goal, subjects: vec![0], scope: Scope::default() })
}

fn broken_at(request: &Request, kind: PartnerKind, pack: &RulePack) -> Vec<String> {
    let breaches = check_under(request, day(TODAY), |_| Some((kind, pack)), |_| None);
    breaches.iter().map(|breach| format!("{} {}", breach.rule.id, breach.at)).collect()
}

fn broken(request: &Request) -> Vec<String> {
    broken_at(request, PartnerKind::Bank, &RulePack::default())
}

fn with(mut request: Request, change: impl FnOnce(&mut Request)) -> Request {
    change(&mut request);
    request
}

fn with_act(kind: ActKind, change: impl FnOnce(&mut ActOrder)) -> Request {
    let mut act = order(kind);
    change(&mut act);
    request(Asked::Acts(vec![act]))
}

#[test]
fn the_table_has_the_levels_that_are_settled() {
    let of =
        |level: Level| -> Vec<&str> { RULES.iter().filter(|rule| rule.level == level).map(|rule| rule.id).collect() };
    let refuse = ["D1", "D2", "D3", "D4", "D6", "D7", "D8", "D9", "D19", "D20", "D23", "D24", "D28", "D32"];
    assert_eq!(of(Level::Refuse), refuse);
    assert_eq!(of(Level::Automatic), ["D10", "D11", "D13", "D14", "D15", "D16", "D21", "D33"]);
    assert_eq!(of(Level::Task), ["D12", "D18", "D26", "D27", "D35"]);
    assert_eq!(of(Level::Warn), ["D22", "D25"]);
    assert_eq!(of(Level::Access), ["D5", "D34"]);
    assert_eq!(of(Level::Evidence), ["D17", "D29", "D30", "D31"]);
    for (number, rule) in (1..).zip(RULES) {
        assert_eq!(rule.id, format!("D{number}"));
        assert!(!rule.source.is_empty() && !rule.zh.is_empty() && !rule.en.is_empty(), "{}", rule.id);
    }
    assert_eq!(RULES.len(), 35);
}

#[test]
fn the_published_page_is_the_table() {
    let mut page = "# The rules\n\nWhat the gateway holds every request against, with what it does: `refuse` names the rule in the \
        refusal (`rules[].id` of a `rules_broken` problem), `automatic` is done by itself, `task` asks a person, `warn` is done and \
        told, `access` says who sees what, `evidence` is what the trail proves. Made from `src/domain/rules/table.rs`.\n\n\
        | id | level | 规则 | rule | source |\n|---|---|---|---|---|\n"
        .to_owned();
    for rule in RULES {
        let level = rule.level;
        page += &format!(
            "| {} | {} {} | {} | {} | {} |\n",
            rule.id,
            level.word(),
            level.chinese(),
            rule.zh,
            rule.en,
            rule.source
        );
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/rules.md");
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(file, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), page, "run again with UPDATE_GOLDEN=1");
}

#[test]
fn an_ordinary_request_breaks_nothing() {
    for request in [goal(Goal::Look), goal(Goal::Secure), goal(Goal::Collect)] {
        assert_eq!(broken(&request), [""; 0]);
    }
    for kind in ActKind::ALL {
        assert_eq!(broken(&one(*kind)), [""; 0], "{}", kind.word());
    }
}

#[test]
fn d1_only_obligors() {
    assert_eq!(broken(&with_act(ActKind::Query, |act| act.subject = 1)), ["D1 /acts/0/subject"]);
    let creditor = Asked::Goal { goal: Goal::Look, subjects: vec![0, 1], scope: Scope::default() };
    assert_eq!(broken(&request(creditor)), ["D1 /subjects/1"]);
}

#[test]
fn d2_one_filed_case() {
    let numbered = |number: &str| broken(&with(goal(Goal::Look), |request| request.case.number = personal(number)));
    let filed = [
        "(2026)浙0225执1234号",
        "（2025）浙0225执保7号",
        "〔2019〕最高法执监35号",
        "(2026)浙0225执恢12号之一",
        "(2014)象执民字第1234-1号",
    ];
    for number in filed {
        assert_eq!(numbered(number), [""; 0], "{number}");
    }
    let unfiled = [
        "",
        "待立案",
        "(2027)浙0225执1号",
        "(1926)浙0225执1号",
        "(2026)浙0225执号",
        "(2026)浙0225执0号",
        "2026浙0225执1号",
        "(2026)浙0225执1号、(2026)浙0225执2号",
        "(2026)浙0225执1",
        "(2026)0225执1号",
        "(26)浙0225执1号",
        "(2026)浙0225执1号之",
    ];
    for number in unfiled {
        assert_eq!(numbered(number), ["D2 /case/number"], "{number}");
    }
}

#[test]
fn d3_the_papers_of_the_measure() {
    let without = |request: Request, papers: Vec<Paper>| with(request, |request| request.papers = papers);
    assert_eq!(broken(&without(goal(Goal::Look), Vec::new())), ["D3 /documents"]);
    assert_eq!(broken(&without(goal(Goal::Look), vec![paper("query_notice")])), [""; 0]);
    assert_eq!(broken(&without(one(ActKind::Freeze), vec![paper("query_notice")])), ["D3 /documents"]);
    let consent = RulePack { surrender: SurrenderRule::WithConsent, ..RulePack::default() };
    let under =
        |papers: Vec<Paper>| broken_at(&without(one(ActKind::Surrender), papers), PartnerKind::Insurance, &consent);
    assert_eq!(under(vec![paper("ruling")]), ["D3 /documents"]);
    assert_eq!(under(vec![paper("ruling"), paper("holder_consent")]), [""; 0]);
}

#[test]
fn d4_officers_with_both_numbers() {
    assert_eq!(broken(&with(goal(Goal::Look), |request| request.officers.clear())), ["D4 /officers"]);
    let nameless = |request: &mut Request| request.officers[0].duty_id = personal(" ");
    assert_eq!(broken(&with(goal(Goal::Look), nameless)), ["D4 /officers/0"]);
    let second = |duty_id: &str| {
        broken(&with(goal(Goal::Look), |request| {
            let first = request.officers[0].clone();
            request.officers.push(Officer { work_id: personal("x"), duty_id: personal(duty_id), ..first });
        }))
    };
    assert_eq!(second("y"), [""; 0]);
    assert_eq!(second("c"), ["D4 /officers/1"], "one person named twice");
}

#[test]
fn d6_and_d20_what_is_deducted() {
    let preserving = |request: Request| with(request, |request| request.case.stage = Stage::Preservation);
    assert_eq!(broken(&preserving(goal(Goal::Secure))), [""; 0]);
    assert_eq!(broken(&preserving(goal(Goal::Collect))), ["D6 /case/stage"]);
    for kind in [ActKind::Deduct, ActKind::Surrender, ActKind::WithdrawBenefits] {
        assert_eq!(broken(&preserving(one(kind))), ["D6 /case/stage"]);
        assert_eq!(broken(&with(one(kind), |request| request.case.account = None)), ["D20 /case/account"]);
        assert_eq!(broken(&with_act(kind, |act| act.original = None)), ["D20 /acts/0/original"]);
    }
}

#[test]
fn d7_an_exact_amount() {
    assert_eq!(broken(&with_act(ActKind::Freeze, |act| act.amount = None)), ["D7 /acts/0/amount"]);
    assert_eq!(broken(&with_act(ActKind::Freeze, |act| act.amount = Some(Money::ZERO))), ["D7 /acts/0/amount"]);
    let nothing_owed = |request: &mut Request| request.case.claim = Money::ZERO;
    assert_eq!(broken(&with(goal(Goal::Secure), nothing_owed)), ["D7 /case/claim"]);
    assert_eq!(broken(&with(goal(Goal::Look), nothing_owed)), [""; 0]);
}

#[test]
fn d9_no_longer_than_the_law_and_the_pack_allow() {
    let until = |to: &str, kind: PartnerKind, pack: &RulePack| {
        broken_at(&with_act(ActKind::Freeze, |act| act.to = Some(day(to))), kind, pack)
    };
    let built_in = RulePack::default();
    let last = [
        (PartnerKind::Bank, "2027-11-21"),
        (PartnerKind::Payment, "2027-11-21"),
        (PartnerKind::HousingFund, "2027-11-21"),
        (PartnerKind::Insurance, "2029-11-21"),
        (PartnerKind::Registry, "2029-11-21"),
    ];
    for (kind, to) in last {
        assert_eq!(until(to, kind, &built_in), [""; 0], "{}", kind.word());
        let later = Day::from_count(day(to).count() + 1).to_string();
        assert_eq!(until(&later, kind, &built_in), ["D9 /acts/0/to"], "{}", kind.word());
    }
    assert_eq!(until("2026-11-21", PartnerKind::Bank, &built_in), ["D9 /acts/0/to"], "over already");
    let ahead = |from: &str, to: &str| {
        broken(&with_act(ActKind::Freeze, |act| (act.from, act.to) = (Some(day(from)), Some(day(to)))))
    };
    assert_eq!(ahead("2026-12-20", "2027-12-19"), Vec::<String>::new());
    assert_eq!(ahead("2028-02-29", "2029-02-27"), ["D9 /acts/0/from"], "banks act when they are served");
    let longer = RulePack { freeze_years: vec![(AssetKind::Fund, 3), (AssetKind::Policy, 2)], ..RulePack::default() };
    assert_eq!(until("2029-11-21", PartnerKind::HousingFund, &longer), [""; 0]);
    assert_eq!(until("2029-11-21", PartnerKind::Insurance, &longer), ["D9 /acts/0/to"]);
    let unlawful = RulePack { freeze_years: vec![(AssetKind::Cash, 9)], ..RulePack::default() };
    assert_eq!(until("2027-11-22", PartnerKind::Bank, &unlawful), ["D9 /acts/0/to"], "no pack stands above the law");
}

#[test]
fn d19_what_the_rules_there_allow() {
    let never = RulePack { surrender: SurrenderRule::Never, ..RulePack::default() };
    let surrender = one(ActKind::Surrender);
    assert_eq!(broken_at(&surrender, PartnerKind::Insurance, &RulePack::default()), [""; 0]);
    assert_eq!(broken_at(&surrender, PartnerKind::Insurance, &never), ["D19 /acts/0/kind"]);
    assert_eq!(broken_at(&one(ActKind::WithdrawBenefits), PartnerKind::Insurance, &never), [""; 0]);
    let closed = RulePack { fund_conditions: Vec::new(), ..RulePack::default() };
    let deduct = one(ActKind::Deduct);
    assert_eq!(broken_at(&deduct, PartnerKind::HousingFund, &closed), ["D19 /acts/0/kind"]);
    assert_eq!(broken_at(&deduct, PartnerKind::HousingFund, &RulePack::default()), [""; 0]);
    assert_eq!(broken_at(&deduct, PartnerKind::Bank, &closed), [""; 0]);
    assert_eq!(broken_at(&one(ActKind::Freeze), PartnerKind::HousingFund, &closed), [""; 0]);
}

#[test]
fn d23_and_d24_listed_accounts() {
    let listed = |reserve: bool| {
        let list = vec!["62".to_owned()];
        let (reserve_accounts, margin_accounts) = if reserve { (list, Vec::new()) } else { (Vec::new(), list) };
        RulePack { reserve_accounts, margin_accounts, ..RulePack::default() }
    };
    let at_bank = |kind, pack: &RulePack| broken_at(&one(kind), PartnerKind::Bank, pack);
    assert_eq!(at_bank(ActKind::Freeze, &listed(false)), [""; 0], "margin may be frozen");
    assert_eq!(at_bank(ActKind::Deduct, &listed(false)), ["D23 /acts/0/account"]);
    for kind in [ActKind::Freeze, ActKind::Renew, ActKind::Deduct] {
        assert_eq!(at_bank(kind, &listed(true)), ["D24 /acts/0/account"]);
    }
    assert_eq!(at_bank(ActKind::Release, &listed(true)), [""; 0]);
    let other = with_act(ActKind::Freeze, |act| act.account = Some(personal("63")));
    assert_eq!(broken_at(&other, PartnerKind::Bank, &listed(true)), [""; 0]);
}

#[test]
fn d28_bankruptcy_rests_what_takes_and_nothing_else() {
    let told = |request: Request, bankrupt: bool| {
        broken(&with(request, |request| request.case.parties[0].bankrupt = Some(bankrupt)))
    };
    for asked in [Goal::Secure, Goal::Collect] {
        assert_eq!(told(goal(asked), true), ["D28 /subjects/0"]);
        assert_eq!(told(goal(asked), false), [""; 0]);
    }
    assert_eq!(told(goal(Goal::Look), true), [""; 0]);
    for kind in ActKind::ALL {
        let rests = *kind == ActKind::Freeze || *kind == ActKind::Renew || kind.moves_money();
        let expected: &[&str] = if rests { &["D28 /acts/0/subject"] } else { &[] };
        assert_eq!(told(one(*kind), true), expected, "{}", kind.word());
    }
    let creditors = with(goal(Goal::Collect), |request| request.case.parties[1].bankrupt = Some(true));
    assert_eq!(broken(&creditors), [""; 0], "the creditor's own");
}

#[test]
fn d32_the_three_keys() {
    let card =
        |number: &str| broken(&with(goal(Goal::Look), |request| request.case.parties[0].id_number = personal(number)));
    assert_eq!(card("330225189506120171"), ["D32 /case/parties/0/id_number"]);
    assert_eq!(card(""), ["D32 /case/parties/0"]);
    let unborn = format!("33022520991231001{}", crate::identity::check_character("33022520991231001").unwrap());
    assert_eq!(card(&unborn), ["D32 /case/parties/0/id_number"], "born after today");
    let company = |number: &str| {
        let of = |request: &mut Request| {
            (request.case.parties[0].id_type, request.case.parties[0].id_number) =
                ("24100".to_owned(), personal(number));
        };
        broken(&with(goal(Goal::Look), of))
    };
    assert_eq!(company("91330225MA2XXXXX1K"), ["D32 /case/parties/0/id_number"]);
    assert_eq!(company("91330225MA2XXXXX0L"), [""; 0]);
    let creditors = with(goal(Goal::Look), |request| {
        let creditor = &mut request.case.parties[1];
        (creditor.id_type, creditor.id_number) = ("24100".to_owned(), personal("91330225MA2XXXXX1K"));
    });
    assert_eq!(broken(&creditors), [""; 0], "only obligors' property is looked for");
    let nameless = |request: &mut Request| request.case.parties[0].name = personal(" ");
    assert_eq!(broken(&with(goal(Goal::Look), nameless)), ["D32 /case/parties/0"]);
}

#[test]
fn protected_property_is_known_by_the_partners_words() {
    for (class, rule) in [
        ("客户备付金集中存管账户", Some("D24")),
        ("存款准备金", Some("D24")),
        ("期货保证金账户", Some("D24")),
        ("信用证开证保证金", Some("D23")),
        ("独立保函开立保证金", Some("D23")),
        ("党费专户", Some("D25")),
        ("社保基金财政专户", Some("D25")),
        ("工资账户", Some("D22")),
        ("保函保证金", None),
        ("住房公积金个人账户", None),
        ("个人结算账户", None),
        ("", None),
    ] {
        assert_eq!(protects(class).map(|rule| rule.id), rule, "{class}");
    }
}

#[test]
fn the_old_doors_say_what_the_built_in_pack_says() {
    for asset in AssetKind::ALL {
        assert_eq!(freeze_years_max(*asset), RulePack::default().years_of(*asset));
        assert!(freeze_years_max(*asset) <= lawful_years_max(*asset));
    }
    assert_eq!((years_max(None), years_max(Some(PartnerKind::Insurance))), (DEPOSIT_YEARS_MAX, RIGHT_YEARS_MAX));
    let kind_of = |_: &str| Some(PartnerKind::Bank);
    assert_eq!(check(&goal(Goal::Collect), day(TODAY), kind_of), []);
}
