//! Questions about a partner's form: what it promises to look at is what its messages cannot be written without.

use domain::{ActKind, Money};

use super::giving_back::{adapter, building, sent};
use super::{networked, options, order_of, specimen_of};

#[tokio::test]
async fn what_cannot_be_written_without_its_asset_is_refused_before_anything_is_sent() {
    let mut told = Vec::new();
    for name in networked() {
        let own = specimen_of(name).options;
        let form = (adapter(name).form)(&options(own, "http://127.0.0.1:9/"));
        for kind in adapter(name).acts.iter().copied().filter(|kind| !kind.is_question()) {
            let builds = kind.builds_on_freeze() || kind.gives_back();
            let mut slip = if builds { building(name, kind, Some(123_456)) } else { order_of(name) };
            let line = &mut slip.lines[0];
            (line.kind, line.amount) = (kind, line.amount.or(Some(Money::from_fen(123_456))));
            let named = sent(name, own, &slip).await;
            slip.lines[0].account = None;
            let unnamed = sent(name, own, &slip).await;
            if named.is_some() {
                told.push((name, kind));
                assert_eq!(unnamed.is_none(), form.asset_named.contains(&kind), "{name} {}", kind.word());
            }
        }
    }
    for (name, kind) in [
        ("bank_http", ActKind::Freeze),
        ("bank_http", ActKind::Deduct),
        ("insurance_open", ActKind::Freeze),
        ("housing_fund_open", ActKind::Freeze),
    ] {
        assert!(told.contains(&(name, kind)), "{name} {} was not tried", kind.word());
    }
}
