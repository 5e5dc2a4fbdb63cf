//! Warnings: what a request found that the law protects, so that whoever reads it verifies before going on (rules D22 to D25).

use domain::rules::{Rule, protects};
use serde::Serialize;

use crate::gate::{ActView, RequestView};

/// The most warnings shown with a page of acts; who has more reads the accounts themselves.
pub(crate) const WARNINGS_SHOWN: usize = 100;

#[derive(Serialize)]
pub(crate) struct ShownWarning<'a> {
    rule: &'static str,
    level: &'static str,
    source: &'static str,
    // Both languages, because a version says the same to everyone who reads it: its digest is over this too.
    zh: &'static str,
    en: &'static str,
    act: String,
    account: &'a str,
}

/// One for each account of the page that the partner calls by a protected name.
pub(crate) fn of(view: &RequestView) -> Vec<ShownWarning<'_>> {
    view.acts.iter().flat_map(of_act).take(WARNINGS_SHOWN).collect()
}

fn of_act(act: &ActView) -> impl Iterator<Item = ShownWarning<'_>> {
    // The newest word about an account is what holds; an earlier one may have called it otherwise.
    act.accounts().into_iter().filter_map(move |account| {
        let rule: &'static Rule = protects(&account.class)?;
        Some(ShownWarning {
            rule: rule.id,
            level: rule.level.word(),
            source: rule.source,
            zh: rule.zh,
            en: rule.en,
            act: act.id.to_string(),
            account: account.number.expose(),
        })
    })
}
