//! Rule packs: every key wrong in turn, who names which, what is kept of earlier versions.

use domain::Money;
use domain::outcome::AssetKind;
use domain::rules::{RulePack, SurrenderRule, WithdrawalCondition};

use super::*;

const PACK: &str = r#"name = "zhejiang"
version = "2026-01"
sources = ["浙高法执〔2015〕8号"]
[policy]
surrender = "with_consent"
buyout_days = 15
[notice]
debtor_workdays = 5
[fund]
conditions = ["retired", "abroad"]
[freeze_years]
cash = 1
fund = 3
policy = 2
[living]
reserve = "2490.00"
[accounts]
reserve = ["9001"]
margin = ["9002", "9003"]
"#;

fn with_pack() -> Folder {
    let folder = Folder::sound();
    folder.put("rules/zhejiang.toml", PACK);
    folder
}

fn naming(name: &str) -> String {
    PARTNER.replacen("[rate]", &format!("rules = \"{name}\"\n[rate]"), 1)
}

fn law(folder: &Folder) -> RulePack {
    RulePack::clone(&folder.settings().config.partners["bank-x"].law)
}

#[test]
fn every_key_of_a_pack_wrong_in_turn() {
    for (begin, wrong, key) in [
        ("name", "name = \"Zhejiang\"", "name"),
        ("name", "name = \"jiangsu\"", "name"),
        ("version", "version = 1", "version"),
        ("sources", "sources = []", "sources"),
        ("surrender", "surrender = \"maybe\"", "policy.surrender"),
        ("buyout_days", "buyout_days = 366", "policy.buyout_days"),
        ("debtor_workdays", "debtor_workdays = 0", "notice.debtor_workdays"),
        ("debtor_workdays", "debtor_workdays = 41", "notice.debtor_workdays"),
        ("conditions", "conditions = [\"retired\", \"rich\"]", "fund.conditions[1]"),
        ("conditions", "conditions = [\"retired\", \"retired\"]", "fund.conditions[1]"),
        ("cash", "cash = 2", "freeze_years.cash"),
        ("fund", "fund = 4", "freeze_years.fund"),
        ("policy", "policy = 0", "freeze_years.policy"),
        ("policy", "shares = 1", "freeze_years.shares"),
        ("reserve = \"2", "reserve = 2490", "living.reserve"),
        ("reserve = \"2", "reserve = \"-1.00\"", "living.reserve"),
        ("reserve = [", "reserve = [\"9 001\"]", "accounts.reserve[0]"),
        ("margin", "margin = [\"9002\", \"9002\"]", "accounts.margin[1]"),
    ] {
        let folder = with_pack();
        let line = line_of(PACK, begin);
        let mut lines: Vec<&str> = PACK.lines().collect();
        lines[usize::try_from(line).unwrap() - 1] = wrong;
        folder.put("rules/zhejiang.toml", &lines.join("\n"));
        assert_eq!(folder.faults(), [("rules/zhejiang.toml".to_owned(), line, key.to_owned())], "{wrong}");
    }
}

#[test]
fn a_partner_has_the_pack_that_it_names_or_that_the_gateway_names() {
    let folder = with_pack();
    assert_eq!(law(&folder), RulePack::default(), "nobody names one");
    folder.put("partners/bank-x.toml", &naming("zhejiang"));
    let named = law(&folder);
    assert_eq!((named.name.as_str(), named.version.as_str(), named.digest.len()), ("zhejiang", "2026-01", 64));
    assert_eq!(named.id, u64::from_str_radix(&named.digest[..16], 16).unwrap());
    assert_eq!((named.surrender, named.buyout_days), (SurrenderRule::WithConsent, 15));
    assert_eq!((named.debtor_notice_days, RulePack::default().debtor_notice_days), (5, 3));
    assert_eq!(named.fund_conditions, [WithdrawalCondition::Retired, WithdrawalCondition::Abroad]);
    let years = |asset| named.years_of(asset);
    assert_eq!((years(AssetKind::Fund), years(AssetKind::Policy), years(AssetKind::Other)), (3, 2, 3));
    assert_eq!(named.living_reserve, Money::from_fen(249_000));
    assert_eq!((named.reserve_accounts.len(), named.margin_accounts.len()), (1, 2));
    folder.put("partners/bank-x.toml", PARTNER);
    folder.put("gateway.toml", &GATEWAY_TOML.replace("rules = \"default\"", "rules = \"zhejiang\""));
    assert_eq!(law(&folder), named, "the gateway's own file names it");
    folder.put("partners/bank-x.toml", &naming("default"));
    assert_eq!(law(&folder), RulePack::default(), "the partner's file stands above it");
}

#[test]
fn a_file_called_default_takes_the_place_of_the_built_in_one() {
    let folder = with_pack();
    folder.put("rules/default.toml", &PACK.replace("\"zhejiang\"", "\"default\""));
    assert_eq!(law(&folder).version, "2026-01");
    fs::remove_file(folder.0.path().join("gateway.toml")).unwrap();
    assert_eq!(law(&folder).version, "2026-01");
}

#[test]
fn a_pack_that_is_not_there_is_told_with_the_nearest() {
    let folder = with_pack();
    folder.put("partners/bank-x.toml", &naming("zhejang"));
    assert_eq!(folder.faults(), [("partners/bank-x.toml".to_owned(), 12, "rules".to_owned())]);
    assert!(told(&folder.load().err().unwrap()).contains("did you mean \"zhejiang\""));
    folder.put("partners/bank-x.toml", PARTNER);
    folder.put("gateway.toml", &GATEWAY_TOML.replace("rules = \"default\"", "rules = \"mars\""));
    let faults = told(&folder.load().err().unwrap());
    assert!(faults.contains("rules/mars.toml") && faults.contains("zhejiang, default"), "{faults}");
}

#[test]
fn an_earlier_version_is_kept_under_name_and_version_and_known_by_its_digest() {
    let folder = with_pack();
    folder.put("partners/bank-x.toml", &naming("zhejiang"));
    let old = law(&folder);
    let before = folder.settings().config.digest.clone();
    folder.put("rules/zhejiang-2026-01.toml", PACK);
    assert_eq!(folder.settings().config.rules.len(), 1, "the same text is the same pack");
    folder.put("rules/zhejiang.toml", &PACK.replace("2026-01", "2026-02").replace("= 15", "= 30"));
    let settings = folder.settings();
    let new = &settings.config.partners["bank-x"].law;
    assert_eq!((new.version.as_str(), new.buyout_days), ("2026-02", 30));
    assert_eq!(settings.config.rules[&old.id].buyout_days, 15);
    assert_ne!(settings.config.digest, before);
    folder.put("partners/bank-x.toml", &naming("zhejiang-2026-01"));
    assert_eq!(folder.faults().len(), 1, "nobody names an earlier version");
}

#[test]
fn the_sample_packs_load() {
    let settings = load_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config")).ok().unwrap();
    let packs: Vec<_> =
        settings.config.rules.values().map(|pack| (pack.name.as_str(), pack.surrender.word())).collect();
    assert_eq!(packs.len(), 3);
    for pack in [("beijing", "never"), ("guangdong", "with_consent"), ("zhejiang", "forced")] {
        assert!(packs.contains(&pack), "{pack:?}");
    }
}
