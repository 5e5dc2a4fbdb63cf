//! What a bank says beside its codes: whom and which account it means, who is still at it, why not, and days in any writing.

use super::*;

fn words(text: &str) -> String {
    refused().replace("账号与被控制人证件信息不匹配，业务审核未通过", text)
}

#[test]
fn an_answer_names_its_customers_so_that_they_can_be_held_against_the_order() {
    let found = found();
    let told = one(queried("SS03", found, 1, 2));
    let [owner] = told.named.as_slice() else { panic!("one customer") };
    assert_eq!((owner.name.expose().as_str(), owner.id_number.expose().as_str()), ("王小渔", "330225189506120170"));
    let second = "<CUSTOMER RWLSH=\"X202611220000000001200\" CXFKJG=\"02\" CXFKJGYY=\"查无\" KHMC=\"林小满\"/></SS03>";
    let told = one(queried("SS03", &found.replace("</SS03>", second), 1, 2));
    assert_eq!(told.named.len(), 2, "one that was not found is named too");
    let bare = found.replace(" KHMC=\"王小渔\"", "").replace(" ZZHM=\"330225189506120170\"", "");
    assert!(one(queried("SS03", &bare, 1, 2)).named.is_empty());
}

#[test]
fn who_is_still_at_it_has_refused_nothing() {
    for text in ["处理中", "人工审核中，请稍后", "已受理，待人工复核"] {
        let told = one(answered("SS19", &words(text)));
        assert_eq!((told.verdict, told.reason), (Verdict::Registered, Some(Reason::UnderWay)), "{text}");
        assert_eq!((told.limit, told.caught), (None, None));
        let nobody = nobody().replace("查无开户信息", text);
        assert_eq!(one(queried("SS04", &nobody, 0, 0)).verdict, Verdict::Registered, "{text}");
    }
    assert_eq!(one(answered("SS19", &words("请联系集中处理中心"))).verdict, Verdict::Refused);
    assert_eq!(reason(answered("SS19", &words("无法自动冻结，待人工处理"))), "contradiction", "both");
}

#[test]
fn refusals_have_the_reason_that_their_words_mean() {
    for (text, reason) in [
        ("查无此人", Reason::NotFound),
        ("查无此户", Reason::NotFound),
        ("按证件号码查无此人", Reason::NotFound),
        ("账户不存在", Reason::NotFound),
        ("在先冻结", Reason::PriorRight),
        ("账户已被其他法院冻结，无可冻结金额", Reason::PriorRight),
        ("账户质押", Reason::PriorRight),
    ] {
        let told = one(answered("SS19", &words(text)));
        assert_eq!((told.verdict, told.reason), (Verdict::Refused, Some(reason)), "{text}");
    }
    let told = one(answered("SS19", &words("轮候")));
    assert_eq!((told.verdict, told.reason), (Verdict::Queued, Some(Reason::PriorRight)));
}

#[test]
fn days_are_read_in_every_writing_that_banks_use() {
    for text in [
        "20271119",
        "2027-11-19",
        "2027/11/19",
        "20271119235959",
        "2027-11-19 23:59:59",
        "2027/11/19 23:59",
        "2027年11月19日",
    ] {
        let told = one(answered("SS19", &partly().replace("DJJSRQ=\"20271119\"", &format!("DJJSRQ=\"{text}\""))));
        assert_eq!(told.to, Day::parse("2027-11-19"), "{text}");
    }
}
