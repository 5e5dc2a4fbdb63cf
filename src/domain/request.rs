//! What a court submits with one click: a goal or explicit acts, for one case.

use crate::act::{ActOrder, words};
use crate::case::{Case, Officer, Paper};
use crate::{Millis, Personal};

words! {
    /// The one click (DESIGN §5).
    Goal {
        /// Query everything in scope.
        Look = 1 "look" "查询",
        /// Query, then freeze just enough.
        Secure = 2 "secure" "查询并冻结",
        /// Secure, then deduct to the court's account, then release what is over.
        Collect = 3 "collect" "查询、冻结并扣划",
    }
}

words! {
    /// How a request ranks among others in the same lane; releases go before all of them.
    Priority {
        /// Before normal.
        Urgent = 1 "urgent" "紧急",
        /// The ordinary.
        Normal = 2 "normal" "普通",
        /// When nothing else waits.
        Batch = 3 "batch" "批量",
    }
}

words! {
    /// Industries.
    PartnerKind {
        /// 银行.
        Bank = 1 "bank" "银行",
        /// 保险.
        Insurance = 2 "insurance" "保险",
        /// 住房公积金.
        HousingFund = 3 "housing_fund" "住房公积金",
        /// 公安.
        Police = 4 "police" "公安",
        /// 支付机构.
        Payment = 5 "payment" "支付机构",
        /// 登记机构.
        Registry = 6 "registry" "登记机构",
        /// 网格.
        Grid = 7 "grid" "网格",
    }
}

words! {
    /// Where a request stands as a whole.
    RequestState {
        /// Something is still under way or waits for a person.
        Open = 1 "open" "办理中",
        /// Every act is final and nothing follows.
        Finished = 2 "finished" "已完成",
        /// Stopped by the court; every act is final.
        Stopped = 3 "stopped" "已停止",
    }
}

/// Which partners a goal reaches; an empty list sets no bound.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Scope {
    /// Industries.
    pub kinds: Vec<PartnerKind>,
    /// Region codes.
    pub regions: Vec<String>,
    /// Partner ids.
    pub partners: Vec<String>,
}

/// What is asked: a goal, or acts one by one.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// The one click.
    Goal {
        /// Which.
        goal: Goal,
        /// Which parties of the case.
        subjects: Vec<u16>,
        /// Which partners.
        scope: Scope,
    },
    /// Explicit acts.
    Acts(Vec<ActOrder>),
}

/// A request as submitted, checked for form.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The case.
    pub case: Case,
    /// What is asked.
    pub asked: Asked,
    /// In whose name; one or two.
    pub officers: Vec<Officer>,
    /// Papers that travel with it.
    pub papers: Vec<Paper>,
    /// Rank among others.
    pub priority: Priority,
    /// Nothing new starts after this instant.
    pub deadline: Option<Millis>,
    /// Where results are announced; must be of an origin in the court's file.
    pub callback: Option<Personal<String>>,
    /// Secret: the tokens that may see it besides the one that submits it (rule D5); empty = every token of the court.
    pub viewers: Vec<String>,
}

/// The most viewers of a secret request: a panel and its clerks.
pub const VIEWERS_MAX: usize = 16;

/// The most acts one request may plan in all, its follow-ups included: a province-wide query of 4,000 banks for two
/// subjects fits, and an act's line still fits 20 bits.
pub const ACTS_MAX: usize = 10_000;
/// The most parties, so that a subject fits a byte of the snapshot.
pub const PARTIES_MAX: usize = 64;
/// The most papers a request carries.
pub const PAPERS_MAX: usize = 64;
/// The most officers: one in charge and one beside.
pub const OFFICERS_MAX: usize = 4;
