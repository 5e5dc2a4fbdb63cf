//! What the police are asked and what they answer, free of any wire form.

use serde::{Deserialize, Serialize};

use super::register::Details;
use crate::bank::Identity;
use crate::day::Day;

/// What a task wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// 查询.
    Query,
    /// 查找下落.
    Locate,
    /// 临控.
    Watch,
    /// 限制出境.
    BorderControl,
    /// 撤控.
    Lift,
    /// 协助执行.
    Support,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 6] = [Kind::Query, Kind::Locate, Kind::Watch, Kind::BorderControl, Kind::Lift, Kind::Support];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Query => "query",
            Kind::Locate => "locate",
            Kind::Watch => "watch",
            Kind::BorderControl => "border_control",
            Kind::Lift => "lift",
            Kind::Support => "support",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Which classes a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// `identity`.
    pub identity: bool,
    /// `vehicle`.
    pub vehicle: bool,
    /// `contact`.
    pub contact: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Wants { identity: true, vehicle: true, contact: true }
    }
}

/// An officer as named in a task.
#[derive(Clone)]
pub struct Officer {
    /// Name.
    pub name: String,
    /// 工作证.
    pub work_id: String,
    /// 执行公务证.
    pub duty_id: String,
}

/// One task.
#[derive(Clone)]
pub struct Order {
    /// The court's number.
    pub number: String,
    /// What is wanted.
    pub kind: Kind,
    /// Case.
    pub case_number: String,
    /// Whom it is about.
    pub subject: Identity,
    /// Plate, or empty.
    pub plate: String,
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
    /// Number and case of the original.
    pub original: Option<(String, String)>,
    /// What people are to do.
    pub note: String,
    /// Classes asked for.
    pub wants: Wants,
    /// Officers.
    pub officers: Vec<Officer>,
    /// Kinds of the papers whose digest fits their content.
    pub papers: Vec<String>,
}

/// Where a task stands, in the words of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Has it, says later.
    Accepted,
    /// Taken up, goes on.
    Registered,
    /// All of it.
    Done,
    /// Less than asked.
    Partly,
    /// Not done.
    Refused,
    /// Formal defect.
    HandedBack,
    /// Nobody with this number.
    NoSuchCustomer,
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// State.
    pub standing: Standing,
    /// Reason word, or empty.
    pub reason: &'static str,
    /// Words for people, or empty.
    pub text: String,
    /// First day in force.
    pub from: Option<Day>,
    /// Last day in force.
    pub to: Option<Day>,
    /// By when they come or say no.
    pub due: Option<Day>,
    /// The police's own number, or empty.
    pub serial: String,
    /// When it was so, UTC milliseconds.
    pub as_of_ms: i64,
    /// Findings: class and particulars.
    pub findings: Vec<(&'static str, Details)>,
}

impl Told {
    pub(crate) fn of(standing: Standing, as_of_ms: i64) -> Told {
        Told {
            standing,
            reason: "",
            text: String::new(),
            from: None,
            to: None,
            due: None,
            serial: String::new(),
            as_of_ms,
            findings: Vec::new(),
        }
    }

    pub(crate) fn because(mut self, reason: &'static str, text: &str) -> Told {
        (self.reason, self.text) = (reason, text.to_owned());
        self
    }
}
