//! Every rule of the list from both sides through the API: what happens where it applies, and what beside it. Rules that refuse and those
//! of evidence have tables of their own, which hold themselves to the list (`law.rs`, `evidence.rs`); all others stand here.

use std::collections::BTreeSet;

use domain::rules::{Level, RULES};
use serde_json::{Value, json};

use crate::bench::{Ask, Caller, Gateway, Setup, Spec, View, acts, deduct, freeze, look, release, secure};
use crate::measures::{import, row, today};

/// A gateway with a bank that is called and a counter of which the test is the clerk.
struct Court {
    gateway: Gateway,
    clerk: Caller,
}

/// Where a rule applies, what is seen; and beside it.
type Sides = (Value, Value);

/// The rule, what to do, what is seen where it applies, what beside it.
struct Tried {
    rule: &'static str,
    both: fn(&Court) -> Sides,
    seen: fn() -> Sides,
}

macro_rules! tried {
    ($($rule:literal $both:ident => $applies:tt, $beside:tt;)+) => {
        &[$(Tried { rule: $rule, both: $both, seen: || (json!($applies), json!($beside)) }),+]
    };
}

const TRIED: &[Tried] = tried! {
    "D5" a_secret_is_seen_by_its_viewers => 404, 200;
    "D10" what_is_over_is_no_measure => ["D10"], [];
    "D11" a_preservation_goes_on_as_enforcement => "taken", "original_unknown";
    "D12" the_end_of_a_measure_is_told_in_time => ["D12"], [];
    "D13" a_freeze_that_is_taken_over_keeps_its_rank => 1, 2;
    "D14" what_is_frozen_is_not_frozen_twice => ["D14"], [];
    "D15" who_was_first_on_a_subject_is_served_first => "first", "second";
    "D16" a_measure_takes_effect_when_it_is_served => 1, 0;
    "D18" an_objection_has_its_answer => ["D18"], [];
    "D21" a_product_is_not_frozen_by_itself => 0, 1;
    "D22" what_is_needed_to_live_is_told => ["D22"], [];
    "D25" special_money_is_told => ["D25"], [];
    "D26" co_owners_are_told => ["D26"], [];
    "D27" a_case_at_rest_freezes_nothing => ["D27"], [];
    "D33" a_release_waits_for_an_open_deduction => "ready", "awaiting";
    "D34" the_applicant_sees_what_the_court_allows => 200, 403;
    "D35" whoever_found_too_little_goes_out => ["D35"], [];
};

const TABLES_OF_THEIR_OWN: [Level; 2] = [Level::Refuse, Level::Evidence];

#[test]
fn every_other_rule_of_the_list_from_both_sides() {
    let here: BTreeSet<&str> = TRIED.iter().map(|tried| tried.rule).collect();
    let listed = RULES.iter().filter(|rule| !TABLES_OF_THEIR_OWN.contains(&rule.level)).map(|rule| rule.id);
    assert_eq!(here, listed.collect(), "a rule of the list without both its sides, or one that is not in it");
    assert_eq!(here.len(), TRIED.len(), "each once");
    let mut gateway =
        Setup::of(vec![Spec::called("bank-a").holds(&[1_000_000]).with(|spec| spec.in_flight = 1)]).lay_out();
    let tokens = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let clerk = Caller { base: gateway.url().to_owned(), token: tokens[0].clone() };
    let court = Court { gateway, clerk };
    let mut found = Vec::new();
    for Tried { rule, both, seen } in TRIED {
        let (sides, wanted) = (both(&court), seen());
        assert_ne!(wanted.0, wanted.1, "{rule}: both sides are the same");
        if sides != wanted {
            found.push(format!("{rule}: saw {sides:?}, wanted {wanted:?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

impl Court {
    fn at_desk(&self, account: &str, yuan: &str) -> Ask {
        acts(&[0], vec![freeze("desk-a", account, yuan)]).claim("5000.00")
    }

    /// The rules that a request breaks; empty = it is taken.
    fn rules(&self, ask: &Ask) -> Value {
        static KEYS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let key = format!("rules-{}", KEYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let answer = self.gateway.submit_as(&key, ask);
        if answer.status == 202 { json!([]) } else { json!(answer.rules()) }
    }

    /// The clerk fetches and answers the only act of a request.
    fn answered(&self, ask: &Ask, answer: &Value) -> (String, Value) {
        let id = self.gateway.submit(ask).id;
        self.clerk.get("/v1/partner/tasks").of_status(200);
        let act = self.gateway.view(&id).0["acts"][0].clone();
        self.answer(&act, answer);
        (id, act)
    }

    fn answer(&self, act: &Value, answer: &Value) {
        let path = format!("/v1/partner/tasks/{}/answer", act["id"].as_str().unwrap());
        self.clerk.post(&path, answer).of_status(200);
    }

    fn held(&self, account: &str, yuan: &str) -> (Ask, Value) {
        let ask = self.at_desk(account, yuan);
        let (id, _) = self.answered(&ask, &json!({ "verdict": "done", "limit": yuan, "caught": yuan }));
        (ask, self.gateway.wait_finished(&id).act("freeze", "desk-a").clone())
    }

    fn asks(&self, answer: &Value) -> (String, Value) {
        self.answered(&acts(&[0], vec![json!({ "kind": "query", "partner": "desk-a", "subject": 0 })]), answer)
    }

    fn found(&self, account: &Value) -> Value {
        json!({ "verdict": "done", "accounts": [account] })
    }

    /// The rules of open tasks about this act or its measure.
    fn tasks_of(&self, act: &Value) -> Value {
        let open = self.gateway.caller("officer").get("/v1/tasks?limit=200").of_status(200).json()["tasks"].clone();
        let of_act = open.as_array().unwrap().iter().filter(|task| task["act"] == act["id"]);
        json!(of_act.map(|task| task["rule"].clone()).collect::<Vec<_>>())
    }

    /// How many measures stand at the counter.
    fn in_force(&self) -> usize {
        let all = self.gateway.caller("submitter").get("/v1/measures?partner=desk-a&state=in_force&limit=200");
        all.of_status(200).json()["measures"].as_array().unwrap().len()
    }
}

fn account(number: &str) -> Value {
    json!({ "number": number, "class": "活期", "status": "正常", "balance": "800.00", "available": "800.00" })
}

fn status(caller: &Caller, path: &str) -> Value {
    json!(caller.get(path).status)
}

fn a_secret_is_seen_by_its_viewers(court: &Court) -> Sides {
    let mut ask = look(&[0]).at(&["bank-a"]);
    ask.0["viewers"] = json!(["approver"]);
    let path = format!("/v1/requests/{}", court.gateway.submit(&ask).id);
    (status(&court.gateway.caller("officer"), &path), status(&court.gateway.caller("approver"), &path))
}

fn what_is_over_is_no_measure(court: &Court) -> Sides {
    let until = |number: &str, ahead: i32| {
        let mut row = row(number, "cash");
        row["to"] = json!(today().plus_days(ahead).to_string());
        let told = import(&court.gateway, &row);
        let rules = told["problem"]["rules"].as_array().cloned().unwrap_or_default();
        json!(rules.iter().map(|rule| rule["id"].clone()).collect::<Vec<_>>())
    };
    (until("OVER-1", -1), until("OVER-2", 0))
}

fn a_preservation_goes_on_as_enforcement(court: &Court) -> Sides {
    let preserving = court.at_desk("6211000011", "500.00").stage("preservation");
    let (id, _) = court.answered(&preserving, &json!({ "verdict": "done", "limit": "500.00", "caught": "500.00" }));
    let held = court.gateway.wait_finished(&id).act("freeze", "desk-a").clone();
    let taking = |names_it: bool| {
        let mut ask = acts(&[0], vec![deduct(&held, "100.00")]).claim("5000.00");
        if names_it {
            ask.0["case"]["preservation"] = json!({ "number": preserving.0["case"]["number"] });
        }
        let answer = court.gateway.submit_as(if names_it { "enforcing" } else { "unrelated" }, &ask);
        if answer.status == 202 { json!("taken") } else { json!(answer.slug()) }
    };
    let beside = taking(false);
    (taking(true), beside)
}

fn the_end_of_a_measure_is_told_in_time(court: &Court) -> Sides {
    let told = |number: &str, ahead: i32| {
        let mut row = row(number, "cash");
        (row["to"], row["account"]) = (json!(today().plus_days(ahead).to_string()), json!(number));
        let measure = import(&court.gateway, &row)["measure"].clone();
        move || {
            let open = court.gateway.caller("officer").get("/v1/tasks?kind=expiring").of_status(200).json();
            let of = open["tasks"].as_array().unwrap().iter().filter(|task| task["measure"] == measure);
            json!(of.map(|task| task["rule"].clone()).collect::<Vec<_>>())
        }
    };
    let (near, far) = (told("END-1", 20), told("END-2", 300));
    let near = crate::bench::eventually("the task", || Some(near()).filter(|told| *told != json!([])));
    (near, far())
}

fn a_freeze_that_is_taken_over_keeps_its_rank(court: &Court) -> Sides {
    let rank = |number: &str, takes_over: bool| {
        let mut order = freeze("desk-a", number, "100.00");
        if takes_over {
            order["original"] = json!({ "slip": "GA20260001", "case_number": "浙公冻〔2026〕1号" });
        }
        let ahead = json!([{ "organ": "象山县公安局", "paper": "GA20260001", "amount": "100.00" }]);
        let answer = json!({ "verdict": "done", "limit": "100.00", "caught": "100.00", "ahead": ahead });
        let (_, act) = court.answered(&acts(&[0], vec![order]).claim("5000.00"), &answer);
        let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
        court.gateway.caller("court-auditor").get(&path).of_status(200).json()["ranks"][0]["rank"].clone()
    };
    (rank("6213000001", true), rank("6213000002", false))
}

fn what_is_frozen_is_not_frozen_twice(court: &Court) -> Sides {
    let (ask, _) = court.held("6214000001", "100.00");
    let again = |account: &str| court.rules(&court.at_desk(account, "100.00").same_case(&ask));
    (again("6214000001"), again("6214000002"))
}

fn who_was_first_on_a_subject_is_served_first(court: &Court) -> Sides {
    let gateway = &court.gateway;
    let operator = gateway.caller("operator");
    let served_first = |second: usize| {
        let until = domain::day::show_instant(today().plus_days(1).end());
        operator.post("/v1/partners/bank-a/pause", &json!({ "reason": "演练", "until": until })).of_status(200);
        let order = |person: usize, priority: &str| {
            let mut ask = acts(&[person], vec![freeze("bank-a", &gateway.bank("bank-a").account(person), "1.00")]);
            ask.0["priority"] = json!(priority);
            gateway.submit(&ask).id
        };
        let (early, urgent) = (order(1, "normal"), order(second, "urgent"));
        operator.post_nothing("/v1/partners/bank-a/resume").of_status(200);
        let sent = |id: &str| {
            let act = gateway.wait_finished(id).act("freeze", "bank-a").clone();
            let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
            let shown = gateway.caller("court-auditor").get(&path).of_status(200).json();
            shown["times"]["sent"]["event"].as_u64().unwrap()
        };
        if sent(&early) < sent(&urgent) { json!("first") } else { json!("second") }
    };
    (served_first(1), served_first(2))
}

fn a_measure_takes_effect_when_it_is_served(court: &Court) -> Sides {
    let before = court.in_force();
    let in_force = || json!(court.in_force() - before);
    let id = court.gateway.submit(&court.at_desk("6216000001", "100.00")).id;
    let beside = in_force();
    court.clerk.get("/v1/partner/tasks").of_status(200);
    let act = court.gateway.view(&id).act("freeze", "desk-a").clone();
    court.answer(&act, &json!({ "verdict": "done", "limit": "100.00", "caught": "100.00" }));
    court.gateway.wait_finished(&id);
    (in_force(), beside)
}

fn an_objection_has_its_answer(court: &Court) -> Sides {
    let ((_, objected), (_, other)) = (court.held("6218000001", "100.00"), court.held("6218000002", "100.00"));
    let path = format!("/v1/acts/{}/objection", objected["id"].as_str().unwrap());
    court.clerk.post(&path, &json!({ "text": "该账户为工会经费专户" })).of_status(200);
    let only = |act: &Value| {
        let rules = court.tasks_of(act);
        json!(rules.as_array().unwrap().iter().filter(|rule| *rule == "D18").collect::<Vec<_>>())
    };
    (only(&objected), only(&other))
}

fn a_product_is_not_frozen_by_itself(court: &Court) -> Sides {
    let freezes = |answer: &Value| {
        let ask = secure(&[0]).claim("300.00").at(&["desk-a"]);
        let id = court.gateway.submit(&ask).id;
        court.clerk.get("/v1/partner/tasks").of_status(200);
        let query = court.gateway.view(&id).act("query", "desk-a").clone();
        court.answer(&query, answer);
        json!(court.gateway.view(&id).acts_of("freeze", "desk-a").len())
    };
    let details = json!([{ "name": "product", "value": "稳健理财一号" }]);
    let product =
        json!({ "verdict": "done", "accounts": [], "findings": [{ "class": "holding", "details": details }] });
    (freezes(&product), freezes(&court.found(&account("6221000001"))))
}

fn warned(court: &Court, class: &str) -> Value {
    let mut found = account("6222000001");
    found["class"] = json!(class);
    let (id, _) = court.asks(&court.found(&found));
    let warnings = court.gateway.wait_finished(&id).0["warnings"].as_array().cloned().unwrap_or_default();
    json!(warnings.iter().map(|warning| warning["rule"].clone()).collect::<Vec<_>>())
}

fn what_is_needed_to_live_is_told(court: &Court) -> Sides {
    (warned(court, "养老金账户"), warned(court, "活期"))
}

fn special_money_is_told(court: &Court) -> Sides {
    (warned(court, "工会经费专户"), warned(court, "活期"))
}

fn co_owners_are_told(court: &Court) -> Sides {
    let with = |name: &str| {
        let mut found = account("6226000001");
        found["details"] = json!([{ "name": name, "value": "李某" }]);
        court.tasks_of(&court.asks(&court.found(&found)).1)
    };
    (with("co_owner"), with("branch_phone"))
}

fn a_case_at_rest_freezes_nothing(court: &Court) -> Sides {
    let (ask, act) = court.held("6227000001", "100.00");
    let request = act["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/acts/{request}/evidence");
    let shown = court.gateway.caller("court-auditor").get(&path).of_status(200).json();
    let case = format!("/v1/cases/{}", shown["case"].as_str().unwrap());
    let more = |number: &str| court.rules(&court.at_desk(number, "10.00").same_case(&ask));
    let beside = more("6227000002");
    let halt = json!({ "cause": "settlement", "reason": "双方和解" });
    court.gateway.caller("officer").post(&format!("{case}/halt"), &halt).of_status(200);
    (more("6227000003"), beside)
}

fn a_release_waits_for_an_open_deduction(court: &Court) -> Sides {
    let state = |number: &str, deducts: bool| {
        let (ask, held) = court.held(number, "100.00");
        if deducts {
            let taking = acts(&[0], vec![deduct(&held, "10.00")]).same_case(&ask).claim("5000.00");
            court.gateway.submit(&taking);
        }
        let id = court.gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&ask).claim("5000.00")).id;
        court.clerk.get("/v1/partner/tasks").of_status(200);
        json!(court.gateway.view(&id).state_of("release", "desk-a"))
    };
    (state("6233000001", true), state("6233000002", false))
}

fn the_applicant_sees_what_the_court_allows(court: &Court) -> Sides {
    let view = |id: &str| -> View { court.gateway.wait_finished(id) };
    let shown = view(&court.gateway.submit(&look(&[0]).at(&["bank-a"])).id);
    let path = format!("/v1/requests/{}/applicant", shown.0["id"].as_str().unwrap());
    let beside = status(&court.gateway.caller("officer"), &path);
    let allow = format!("/v1/cases/{}/applicant", shown.0["case"]["id"].as_str().unwrap());
    let body = json!({ "allow": true, "reason": "申请执行人书面申请" });
    court.gateway.caller("approver").post(&allow, &body).of_status(200);
    (status(&court.gateway.caller("officer"), &path), beside)
}

fn whoever_found_too_little_goes_out(court: &Court) -> Sides {
    let owed = |yuan: &str| {
        let view = court.gateway.run(&secure(&[3]).claim(yuan).at(&["bank-a"]));
        let case = view.0["case"]["id"].clone();
        let open = court.gateway.caller("officer").get("/v1/tasks?kind=site_investigation").of_status(200).json();
        let of = open["tasks"].as_array().unwrap().iter().filter(|task| task["case"] == case);
        json!(of.map(|task| task["rule"].clone()).collect::<Vec<_>>())
    };
    let beside = owed("10.00");
    (owed("900000.00"), beside)
}
