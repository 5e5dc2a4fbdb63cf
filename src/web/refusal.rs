//! Refusals of the engine as problems: each has one.

use domain::rules::{self, Breach};

use crate::fault::{Fault, Want};
use crate::gate::Refusal;
use crate::problem::{Problem, Slug};

/// How long a caller waits when too much is waiting, in seconds: a full queue is worked off within one.
pub(crate) const OVERLOAD_WAIT_S: u32 = 1;
/// While we stop and start again.
const DRAIN_WAIT_S: u32 = 10;
/// While the index is filled: a hundred thousand events are read within one or two.
const FILL_WAIT_S: u32 = 2;
/// A checkpoint is signed each second.
const CHECKPOINT_WAIT_S: u32 = 1;
/// Until an operator has acted.
const REPAIR_WAIT_S: u32 = 60;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let named = |slug: Slug, at: String, want: Want| Self::from(slug).at(vec![Fault::at(at, want)]);
        match refusal {
            Refusal::KeyReused => Slug::IdempotencyKeyReused.into(),
            Refusal::Rules(breaches) => Self::from(Slug::RulesBroken).breaking(breaches),
            Refusal::StageTooLow { at, stage } => {
                let breach = Breach { rule: &rules::D19, at };
                Self::from(Slug::RulesBroken).breaking(vec![breach]).saying(
                    format!("该协助单位现处“{}”阶段，尚未开通此类事项。", stage.chinese()),
                    format!(
                        "The partner is at the stage \"{}\", which does not include this kind of act.",
                        stage.word()
                    ),
                )
            }
            Refusal::PartnerUnknown { at } => named(Slug::PartnerUnknown, at, Want::KnownPartner),
            Refusal::ScopeEmpty => named(Slug::ScopeEmpty, "/scope".to_owned(), Want::KnownPartner),
            Refusal::DocumentUnknown { at } => named(Slug::DocumentUnknown, at, Want::StoredDocument),
            Refusal::DocumentLost { at } => named(Slug::DocumentLost, at, Want::StoredDocument),
            Refusal::OriginalUnknown { at } => named(Slug::OriginalUnknown, at, Want::KnownFreeze),
            Refusal::OriginalGone { at } => named(Slug::OriginalGone, at, Want::LeftOver),
            Refusal::AccountNotListed => named(Slug::AccountNotListed, "/case/account".to_owned(), Want::Listed),
            Refusal::CallbackNotListed => named(Slug::CallbackNotListed, "/callback/url".to_owned(), Want::Listed),
            Refusal::CourtForeign => Slug::CourtForeign.into(),
            Refusal::TooManyActs { max } => Self::from(Slug::TooManyActs)
                .saying(format!("一件请求至多{max}个协助事项。"), format!("One request plans at most {max} acts.")),
            Refusal::DeadlinePassed => named(Slug::DeadlinePassed, "/deadline".to_owned(), Want::Ahead),
            Refusal::NotFound => Slug::NotFound.into(),
            Refusal::WrongState { state } => Self::from(Slug::WrongState).in_state(state),
            Refusal::StillAsked => still_asked(),
            Refusal::NoCallback => Slug::PartnerHasNoCallback.into(),
            Refusal::Unreadable(untaken) => named(Slug::InvalidRequest, String::new(), Want::Form(untaken)),
            Refusal::Formal(defects) => Self::from(Slug::WouldBeHandedBack).at(of_partners(defects)),
            Refusal::PartUnread(defects) => Self::from(Slug::PartReleaseUnread).at(of_partners(defects)),
            Refusal::PapersMissing { papers, officers } => {
                let missing = papers.into_iter().map(|kind| Fault::at("/documents", Want::Paper(kind)));
                let nobody = officers.then(|| Fault::at("/officers", Want::Officers));
                Self::from(Slug::PapersMissing).at(missing.chain(nobody).collect())
            }
            Refusal::StopNotYours => Slug::StopNotYours.into(),
            Refusal::ActClaimed { by, until } => {
                // To the minute, as people say it: the instant itself stands in the task.
                let until: String = domain::day::show_instant(until).replace('T', " ").chars().take(16).collect();
                Self::from(Slug::ActClaimed)
                    .saying(format!("认领人：{by}，至{until}。"), format!("Taken by {by} until {until}."))
            }
            Refusal::ApplicantNotAllowed => not_allowed(),
            Refusal::CaseInUse { uses } => {
                let chinese: Vec<&str> = uses.iter().map(|of| of.chinese()).collect();
                let english: Vec<&str> = uses.iter().map(|of| of.english()).collect();
                Self::from(Slug::CaseInUse)
                    .saying(format!("{}。", chinese.join("；")), format!("There are {}.", english.join("; ")))
            }
            Refusal::PersonNeeded => Slug::PersonNeeded.into(),
            Refusal::SamePerson => Slug::SamePerson.into(),
            Refusal::AboveTaken { at } => {
                let bound = "不得超过已划出而未退还的金额 · at most what was taken and not given back";
                named(Slug::OutOfBounds, at, Want::Within(bound))
            }
            Refusal::NotYetInCheckpoint => Self::from(Slug::NotYetInCheckpoint).after(CHECKPOINT_WAIT_S),
            Refusal::OutOfBounds { at, bound } => named(Slug::OutOfBounds, at.to_owned(), Want::Within(bound)),
            Refusal::Overloaded => Self::from(Slug::Overloaded).after(OVERLOAD_WAIT_S),
            Refusal::Draining => Self::from(Slug::Draining).after(DRAIN_WAIT_S),
            Refusal::ContentUnreadable => Self::from(Slug::ContentUnreadable).after(REPAIR_WAIT_S),
            Refusal::Unavailable => Self::from(Slug::Unavailable).after(REPAIR_WAIT_S),
            Refusal::Filling => Self::from(Slug::HistoryFilling).after(FILL_WAIT_S),
        }
    }
}

fn not_allowed() -> Problem {
    let breach = Breach { rule: &rules::D34, at: String::new() };
    Problem::from(Slug::ApplicantNotAllowed).breaking(vec![breach])
}

fn still_asked() -> Problem {
    Problem::from(Slug::WrongState).in_state("in_doubt").saying(
        "本系统正以己方编号向协助单位询问该事项，答复到达即自行了结，此刻无须由人确认；仍无结果的，以事项的next为准。",
        "The gateway is asking the partner about this act by our own number at this moment: the answer settles it, and people are not due yet. If it settles nothing, the act's next says what follows.",
    )
}

fn of_partners(defects: Vec<(String, domain::form::Defect)>) -> Vec<Fault> {
    let fault = |(partner, defect): (String, domain::form::Defect)| {
        Fault::at(defect.at.clone(), Want::Of(partner, Box::new(defect)))
    };
    defects.into_iter().map(fault).collect()
}
