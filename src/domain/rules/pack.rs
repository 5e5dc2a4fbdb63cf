//! Rule packs: what differs by province or agreement, with its version; the built-in one holds where none is named.

use crate::Money;
use crate::act::words;
use crate::outcome::AssetKind;
use crate::request::PartnerKind;

words! {
    /// May a court end a policy for its cash value without its holder (DOMAIN.md c.5)?
    SurrenderRule {
        /// Yes: ruling and notice are enough.
        Forced = 1 "forced" "可以强制退保",
        /// Only with the holder's written consent among the papers.
        WithConsent = 2 "with_consent" "须经投保人同意",
        /// No: a policy is frozen, its benefits are withdrawn, but it is not ended.
        Never = 3 "never" "不得强制退保",
    }
}

words! {
    /// What opens a housing-fund account for a deduction (条例 art. 24).
    WithdrawalCondition {
        /// Buying, building or renovating a home.
        Home = 1 "home" "购买、建造、翻建、大修自住住房",
        /// Retired.
        Retired = 2 "retired" "离休、退休",
        /// Fully disabled, and employment ended.
        Disabled = 3 "disabled" "完全丧失劳动能力并终止劳动关系",
        /// Settled abroad.
        Abroad = 4 "abroad" "出境定居",
        /// Repaying a mortgage.
        Mortgage = 5 "mortgage" "偿还购房贷款本息",
        /// Rent above the set share of income.
        Rent = 6 "rent" "房租超出家庭工资收入的规定比例",
    }
}

/// The longest a deposit may be frozen (rule D9), in years; fund accounts likewise, as long as no pack says otherwise (DOMAIN.md c.6).
pub const DEPOSIT_YEARS_MAX: i32 = 1;
/// The longest that a movable may be sealed (rule D9), in years.
pub const MOVABLE_YEARS_MAX: i32 = 2;
/// The longest that other property rights may be frozen (rule D9), in years: policies, equity, real estate.
pub const RIGHT_YEARS_MAX: i32 = 3;

/// The longest that the law itself lets property of a sort be frozen, in years; a pack may shorten it, never go beyond.
#[must_use]
pub fn lawful_years_max(asset: AssetKind) -> i32 {
    match asset {
        AssetKind::Cash | AssetKind::Wallet => DEPOSIT_YEARS_MAX,
        AssetKind::Vehicle => MOVABLE_YEARS_MAX,
        // Whether the year or the three years hold for fund accounts is not settled, so a pack may say.
        AssetKind::Fund | AssetKind::Policy | AssetKind::RealEstate | AssetKind::Other => RIGHT_YEARS_MAX,
    }
}

/// How long property of a sort may be frozen where no pack says otherwise, in years.
#[must_use]
pub fn freeze_years_max(asset: AssetKind) -> i32 {
    if asset == AssetKind::Fund { DEPOSIT_YEARS_MAX } else { lawful_years_max(asset) }
}

/// Working days for the debtor's notice where no pack says otherwise: 法〔2018〕64号 says "promptly" and names no number.
pub const DEBTOR_NOTICE_DAYS: u16 = 3;

/// What differs by province or agreement, from `config/rules/<name>.toml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulePack {
    /// Id: lower-case letters, digits, dashes; at most 32 characters.
    pub name: String,
    /// Its version, such as `2026-01`: another text has another one.
    pub version: String,
    /// SHA-256 over the file's text, hex; empty = built into this release.
    pub digest: String,
    /// The first 64 bits of the digest: how acts name the pack that they were planned under; 0 = built in.
    pub id: u64,
    /// May policies be surrendered?
    pub surrender: SurrenderRule,
    /// Days in which those concerned may buy a policy out after notice; 0 = no notice is asked for.
    pub buyout_days: u16,
    /// What opens a fund account for a deduction; empty = it is frozen and not deducted.
    pub fund_conditions: Vec<WithdrawalCondition>,
    /// How long property may be frozen, in years, by kinds in the order of [`AssetKind::ALL`].
    pub freeze_years: Vec<(AssetKind, i32)>,
    /// What a goal leaves to a person on deposits and fund accounts together (rule D22); zero = nothing.
    pub living_reserve: Money,
    /// Working days within which the debtor is told of the first freeze or deduction of a case (rule D20).
    pub debtor_notice_days: u16,
    /// Accounts that may be neither frozen nor deducted (rule D24): pooled reserves, clearing margins.
    pub reserve_accounts: Vec<String>,
    /// Accounts that may be frozen and not deducted (rule D23): margin for letters of credit and guarantees.
    pub margin_accounts: Vec<String>,
}

/// The name of the pack that is built in, and of the file that may take its place.
pub const BUILT_IN: &str = "default";

impl Default for RulePack {
    fn default() -> Self {
        Self {
            name: BUILT_IN.to_owned(),
            version: "1".to_owned(),
            digest: String::new(),
            id: 0,
            surrender: SurrenderRule::Forced,
            buyout_days: 0,
            fund_conditions: WithdrawalCondition::ALL.to_vec(),
            freeze_years: Vec::new(),
            living_reserve: Money::ZERO,
            debtor_notice_days: DEBTOR_NOTICE_DAYS,
            reserve_accounts: Vec::new(),
            margin_accounts: Vec::new(),
        }
    }
}

impl RulePack {
    /// How long property of a sort may be frozen, in years.
    #[must_use]
    pub fn years_of(&self, asset: AssetKind) -> i32 {
        let said = self.freeze_years.iter().find(|(kind, _)| *kind == asset).map(|(_, years)| *years);
        said.unwrap_or_else(|| freeze_years_max(asset)).min(lawful_years_max(asset))
    }

    /// The longest effect that may be ordered of an industry, in years.
    #[must_use]
    pub fn years_at(&self, kind: Option<PartnerKind>) -> i32 {
        self.years_of(kind.and_then(brings).unwrap_or(AssetKind::Cash))
    }

    /// The same of property of a sort, and of what the industry ordinarily brings where the sort is not known.
    #[must_use]
    pub fn years_for(&self, asset: Option<AssetKind>, kind: Option<PartnerKind>) -> i32 {
        asset.map_or_else(|| self.years_at(kind), |asset| self.years_of(asset))
    }

    /// Does a goal leave something on property of this sort?
    #[must_use]
    pub fn reserves_on(&self, asset: AssetKind) -> bool {
        self.living_reserve.is_positive() && matches!(asset, AssetKind::Cash | AssetKind::Fund)
    }

    /// May a fund account be deducted from at all?
    #[must_use]
    pub fn opens_funds(&self) -> bool {
        !self.fund_conditions.is_empty()
    }
}

/// What sort of property a question to this industry may bring; `None` = none of worth.
#[must_use]
pub fn brings(kind: PartnerKind) -> Option<AssetKind> {
    match kind {
        PartnerKind::Bank => Some(AssetKind::Cash),
        PartnerKind::Payment => Some(AssetKind::Wallet),
        PartnerKind::HousingFund => Some(AssetKind::Fund),
        PartnerKind::Insurance => Some(AssetKind::Policy),
        PartnerKind::Registry => Some(AssetKind::RealEstate),
        PartnerKind::Police | PartnerKind::Grid => None,
    }
}
