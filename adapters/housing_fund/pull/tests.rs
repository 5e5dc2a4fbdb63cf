//! Fund centres that fetch: the fields of fund accounts, and what an order looks like.

use domain::outcome::{AssetKind, Outcome};
use domain::socket::{FaceAnswer, FaceVerb};
use domain::{ActKind, Money};

use super::{INDUSTRY, PULL, face};
use crate::court_form::specimen::{Hub, call, slip};

fn hub() -> Hub {
    Hub::of(&PULL, face())
}

fn fed(argument: &str) -> Outcome {
    match hub().decode(&call("gjjfeedXzcxInfo", Some(argument))).ok().unwrap().verb {
        FaceVerb::Feedback { mut items, .. } => items.remove(0).outcome.unwrap(),
        _ => panic!("not a feedback"),
    }
}

#[test]
fn a_fund_account_is_found_with_its_particulars() {
    let outcome = fed(include_str!("../golden/fetched/01_gjjfeedXzcxInfo_argument.b64").trim_end());
    let [account] = outcome.accounts.as_slice() else { panic!("one account") };
    assert_eq!((account.asset, account.currency.as_str(), account.is_cny()), (AssetKind::Fund, "人民币", true));
    // No field says what can be held; no court holds anything, so all of it can.
    assert_eq!((account.balance, account.available), (Some(Money::from_fen(3_650_012)), account.balance));
    let told: Vec<_> = account.details.iter().map(|d| (d.name.as_str(), d.value.expose().as_str())).collect();
    let expected = [
        ("opened", "2012/01/10"),
        ("monthly_contribution", "1200.00"),
        ("region", "宁波"),
        ("employer", "某水产公司"),
        ("employer_address", "象山县"),
        ("employer_contact", "李会计"),
        ("employer_contact_id", "330225189311030423"),
        ("loan_unpaid", "no"),
        ("court_frozen", "no"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_order_on_a_fund_account_is_written_to_the_byte() {
    let answer = hub().encode("gjjgetXzkzList", &FaceAnswer::List(vec![slip(ActKind::Renew)]));
    let written = String::from_utf8(answer.bytes).unwrap();
    assert_eq!(written, include_str!("../golden/fetched/gjjgetXzkzList_reply.xml").trim_end());
    assert_eq!(INDUSTRY.operations.len(), 9);
}
