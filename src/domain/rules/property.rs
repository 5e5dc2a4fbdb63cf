//! Property that the law protects, as far as a partner's own words for an account tell it.

use super::Rule;
use super::table::{D22, D23, D24, D25};

/// Words by which a partner's class of an account is known, strictest first: the first that is found decides.
///
/// A word that says too little is left out on purpose: an ordinary guarantee's margin is no independent guarantee's, and a
/// person's own fund account is not the fund's pool.
const WORDS: [(&Rule, &[&str]); 4] = [
    (&D24, &["存款准备金", "备付金", "期货保证金", "期货结算"]),
    (&D23, &["信用证开证保证金", "信用证保证金", "独立保函"]),
    (
        &D25,
        &[
            "党费",
            "团费",
            "工会经费",
            "社会保险基金",
            "社保基金",
            "基本生活保障资金",
            "住房公积金专户",
            "案款专户",
            "执行款专户",
            "军队",
            "保护基金",
            "存款保险基金",
        ],
    ),
    (&D22, &["工资", "养老金", "退休金", "低保", "抚恤金", "救济金", "抚养费"]),
];

/// The rule that protects property which a partner calls so; `None` = nothing is known to.
#[must_use]
pub fn protects(class: &str) -> Option<&'static Rule> {
    WORDS.into_iter().find(|(_, words)| words.iter().any(|word| class.contains(word))).map(|(rule, _)| rule)
}
