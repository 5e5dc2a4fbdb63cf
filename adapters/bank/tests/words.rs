//! Words that a bank writes where a code would stand, and what nobody may take them for; what is too long, empty or too large.

use domain::outcome::{Reason, Verdict};
use domain::socket::{FaceAnswer, PaperFile};
use domain::{ActKind, Personal};

use super::pulled::{control_with, djxx, element, fed_back, returned};
use super::specimen::{hub, paper, slip};
use crate::transport::pull::ANSWER_BYTES_MAX;

#[test]
fn words_of_a_queue_are_one_only_where_nothing_in_them_refuses() {
    let told = |word: &str, text: &str, inside: &str| {
        let outcome = control_with(&[("KZZT", word), ("SKJE", "0"), ("WNKZYY", text)], inside);
        outcome.map(|outcome| (outcome.verdict, outcome.reason))
    };
    for text in ["轮候", "已登记轮候冻结", "账户已被冻结，转为轮候", "余额不足，轮候冻结"]
    {
        let queue = told("2", text, "");
        let named = text.starts_with("余额").then_some((Verdict::Refused, Some(Reason::Insufficient)));
        assert_eq!(queue, Ok(named.unwrap_or((Verdict::Queued, Some(Reason::PriorRight)))), "{text}");
    }
    for text in [
        "账户已被冻结，我行不支持轮候冻结",
        "轮候冻结失败",
        "已有轮候3笔，无法控制",
        "该冻结为轮候冻结，不能续冻",
        "账户为轮候冻结，无法扣划",
        "轮候申请退回",
    ] {
        for inside in [String::new(), djxx()] {
            assert!(told("2", text, &inside).is_ok_and(|(verdict, _)| verdict == Verdict::Refused), "{text}");
        }
    }
    for text in ["已登记轮候，无法足额冻结", "轮候冻结异常", "可申请轮候冻结", "请改为轮候冻结后重发", "已有轮候3笔"]
    {
        for inside in [String::new(), djxx()] {
            assert!(told("2", text, &inside).is_err(), "{text}: one of the two is asked for");
        }
    }
    for text in ["轮候冻结异常", "暂未开通轮候", "可申请轮候冻结", "轮候冻结失败"] {
        assert!(told("1", text, &djxx()).is_err(), "{text}: controlled, nothing held, and no queue");
    }
    for text in ["部分解除失败", "轮候部分未解除", "请联系网点"] {
        assert!(told("1", text, &djxx()).is_ok_and(|(verdict, _)| verdict == Verdict::Partly), "{text}");
    }
}

#[test]
fn words_in_place_of_an_account_are_never_an_account() {
    let told = |rows: &[(&str, &str)]| {
        let rows = rows.iter().map(|(account, text)| {
            element("zhxx", &[("BDHM", "X1"), ("CCXH", "1"), ("KHZH", account), ("WNKZYY", text), ("YE", "1.00")], "")
        });
        let (_, mut items) = fed_back("shfeedXzcxInfo", &element("zhxxList", &[], &rows.collect::<Vec<_>>().concat()));
        items.remove(0).outcome
    };
    for none in ["查无开户信息", "未开户", "无此客户", "账户不存在", "该客户已销户", "无"] {
        let outcome = told(&[(none, "")]).unwrap();
        assert_eq!((outcome.verdict, outcome.accounts.len()), (Verdict::NoSuchCustomer, 0), "{none}");
    }
    for refused in ["业务审核未通过", "姓名与证件不匹配", "无法律文书"] {
        let outcome = told(&[(refused, "")]).unwrap();
        assert_eq!((outcome.verdict, outcome.accounts.len()), (Verdict::Refused, 0), "{refused}");
    }
    let wide = "6".repeat(65);
    // The last is 查无 in UTF-8, read as GBK.
    for unknown in ["请联系网点", "待查", "null", "-", wide.as_str(), "鏌ユ棤"] {
        assert!(told(&[(unknown, "")]).is_err(), "{unknown}");
    }
    let (account, refusal) = (("6222", ""), ("业务审核未通过", "另一账户须人工核对"));
    for rows in [[account, refusal], [refusal, account]] {
        let outcome = told(&rows).unwrap();
        assert_eq!((outcome.verdict, outcome.accounts.len()), (Verdict::Done, 1));
        assert!(outcome.text.is_some_and(|text| text.expose().contains("另一账户须人工核对")), "what is unanswered");
    }
    let outcome = told(&[account, ("查无开户信息", "")]).unwrap();
    assert!(outcome.verdict == Verdict::Done && outcome.text.is_none());
}

#[test]
fn a_message_that_says_nothing_is_told_so() {
    let failed = |inner: &str| {
        let (_, items) = fed_back("shfeedXzcxInfo", inner);
        items.into_iter().filter(|item| item.outcome.is_err()).map(|item| item.slip).collect::<Vec<_>>()
    };
    let frame = |slip: &str, inside: &str| element("bdhm", &[("BDHM", slip)], inside);
    let row = element("zhxx", &[("KHZH", "6222")], "");
    let told = element("backinfo", &[], &(frame("X1", "<zhxxList/>") + &frame("X2", &element("zhxxList", &[], &row))));
    assert_eq!(failed(&told), ["X1"]);
    assert_eq!(failed("<zhxxList/>"), [""]);
    assert_eq!(failed(&element("kzxxList", &[("BDHM", "X3")], "")), ["X3"]);
}

#[test]
fn texts_are_kept_as_long_as_a_text_may_be() {
    let long = "长".repeat(2_000);
    let fields = [("KZZT", "2"), ("WNKZYY", long.as_str())];
    assert_eq!(control_with(&fields, "").unwrap().text.unwrap().expose().chars().count(), 500);
    let row = [("BDHM", "X1"), ("KHZH", "6222"), ("ZHZT", &long), ("CCLB", &long), ("KHWD", &long), ("FKSJ", &long)];
    let (_, mut items) = fed_back("shfeedXzcxInfo", &element("zhxxList", &[], &element("zhxx", &row, "")));
    let outcome = items.remove(0).outcome.unwrap();
    let account = &outcome.accounts[0];
    for text in [&account.status, &account.class, &account.branch, outcome.as_of.as_ref().unwrap()] {
        assert_eq!(text.chars().count(), 100);
    }
}

#[test]
fn papers_that_would_not_be_whole_are_denied() {
    let file = |number: &str, bytes: usize| PaperFile {
        number: Personal::new(number.to_owned()),
        bytes: Personal::new(vec![0; bytes]),
        ..paper("ruling", "裁定书.pdf")
    };
    let told = |files| {
        let answer = FaceAnswer::Papers { key: "X1".to_owned(), files };
        returned(&hub().encode("kzwsInfo", &answer).bytes)
    };
    assert_eq!(told(vec![file("1", 9), file("2", 9)]).root.children.len(), 2);
    let denied = told(vec![file("1", ANSWER_BYTES_MAX), file("2", 1)]);
    assert!(denied.root.children.is_empty(), "a part of the papers looks like all of them");
    assert!(denied.values(&denied.root).text("errorMsg").unwrap().contains("上限"));
}

#[test]
fn what_cannot_be_written_is_known_before_it_is_listed() {
    let hub = hub();
    assert!(hub.can_write(&slip(ActKind::Freeze)) && hub.can_write(&slip(ActKind::Query)));
    let mut bare = slip(ActKind::Freeze);
    bare.lines[0].amount = None;
    assert!(!hub.can_write(&bare));
}

proptest::proptest! {
    /// Whatever stands beside it, KZZT 2 holds and moves nothing, and KZZT 1 with words is all of it only where the words say so.
    #[test]
    fn a_word_for_the_result_is_never_turned_round(
        word in "[12]", held in proptest::option::of(0_u32..200), text in "(|轮候|已登记|无法|失败|部分|未|解除|冻结|成功|余额不足){0,4}", is_behind: bool,
    ) {
        let held = held.map(|held| held.to_string()).unwrap_or_default();
        let fields = [("KZZT", word.as_str()), ("DJXE", "100"), ("SKJE", &held), ("WNKZYY", &text)];
        let Ok(outcome) = control_with(&fields, &if is_behind { djxx() } else { String::new() }) else { return Ok(()) };
        let refuses = ["无法", "失败"].iter().any(|refusal| text.contains(refusal));
        match outcome.verdict {
            Verdict::Queued => proptest::prop_assert!(word == "2" && !refuses && (text.contains("轮候") || is_behind)),
            Verdict::Refused => proptest::prop_assert!(word == "2" && outcome.caught.is_none_or(|held| !held.is_positive())),
            Verdict::Partly => proptest::prop_assert!(word == "1" && !text.is_empty()),
            Verdict::Done => proptest::prop_assert!(word == "1" && !refuses && !text.contains(['未', '部'])),
            _ => proptest::prop_assert!(false, "no other word"),
        }
    }
}
