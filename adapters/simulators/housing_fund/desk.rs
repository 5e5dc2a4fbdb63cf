//! The centre at its desk: books, what waits to be looked at, and what happens to people and accounts besides tasks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::Account;
use super::books::{FundBooks, FundError};
use super::person::{Condition, Person};
use super::reading::{self, Agreement};
use super::telling;
use crate::day::Day;
use crate::money::{AMOUNT_FEN_MAX, Fen, yuan};
use crate::open::{Answer, News, Now, Task, Trade, dashed};

/// Something that happens at a fund centre.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FundAct {
    /// A person with accounts comes.
    Add { person: Box<Person>, accounts: Vec<Account> },
    /// A person retires.
    Retire { id_number: String },
    /// A condition of art. 24 arises.
    Meet {
        id_number: String,
        condition: Condition,
        #[serde(default, with = "crate::money::optional_text")]
        allows: Option<Fen>,
    },
    /// The day of retirement becomes known.
    ExpectRetirement {
        id_number: String,
        #[serde(with = "crate::day::text")]
        on: Day,
    },
    /// So much is kept back.
    KeepBack {
        id_number: String,
        #[serde(default, with = "crate::money::optional_text")]
        reserve: Option<Fen>,
    },
    /// Money is paid in.
    Contribute {
        account: String,
        #[serde(with = "crate::money::text")]
        yuan: Fen,
    },
    /// Another organ's freeze arrives.
    FreezeByOther {
        account: String,
        organ: String,
        document: String,
        #[serde(with = "crate::money::text")]
        limit: Fen,
        #[serde(with = "crate::day::text")]
        to: Day,
    },
    /// Another organ ends its freeze.
    EndByOther { account: String, document: String },
    /// Every deduct that waits is looked at.
    ReviewAll {},
}

/// The books, and what waits to be looked at.
pub(crate) struct FundDesk {
    pub books: Arc<FundBooks>,
    pub agreement: Agreement,
    pub review_ms: u64,
    /// When, and which deduct.
    pub reviews: Vec<(u64, String)>,
}

impl FundDesk {
    fn answer(&self, number: &str) -> Option<Answer> {
        self.books.ask(number).map(|answer| telling::answer(answer.told()))
    }

    fn paid(&self) -> Value {
        let rows = self.books.paid_out().into_iter().map(|paid| {
            json!({
                "number": paid.number, "account": paid.account, "yuan": yuan(paid.amount),
                "to": paid.payee.number, "serial": paid.serial, "on": dashed(paid.on),
            })
        });
        rows.collect()
    }

    fn effects(&self) -> Value {
        let rows = self.books.effects().into_iter().map(
            |effect| json!({"number": effect.number, "kind": effect.what, "account": effect.account, "yuan": yuan(effect.amount)}),
        );
        rows.collect()
    }
}

/// An amount that can be written down and read again.
fn check(amount: Option<Fen>) -> Result<(), FundError> {
    match amount {
        Some(fen) if !(0..=AMOUNT_FEN_MAX).contains(&fen) => Err(FundError::Amount),
        _ => Ok(()),
    }
}

impl Trade for FundDesk {
    type Act = FundAct;
    type Outcome = Result<(), FundError>;
    const ACTS: &'static [&'static str] = &[
        "add",
        "retire",
        "meet",
        "expect_retirement",
        "keep_back",
        "contribute",
        "freeze_by_other",
        "end_by_other",
        "review_all",
    ];
    const LOOKS: &'static [&'static str] = &["accounts", "people", "paid", "effects"];

    fn take(&mut self, task: &Task, now: Now) -> Answer {
        let order = match reading::order(task, &self.agreement, now.today) {
            Ok(order) => order,
            Err(defect) => return defect.into(),
        };
        let answer = self.books.order(order);
        if answer.told().is_none() {
            self.reviews.push((now.ms.saturating_add(self.review_ms), task.number.clone()));
        }
        telling::answer(answer.told())
    }

    fn due(&mut self, now: Now) -> Vec<News> {
        let (due, later) = std::mem::take(&mut self.reviews).into_iter().partition(|(at, _)| *at <= now.ms);
        self.reviews = later;
        let due: Vec<(u64, String)> = due;
        due.iter().for_each(|(_, number)| self.books.review(number));
        let renewed = self.books.take_renewed();
        renewed
            .into_iter()
            .filter_map(|number| self.answer(&number).map(|answer| News::Result { number, answer }))
            .collect()
    }

    fn next_due_ms(&self) -> Option<u64> {
        self.reviews.iter().map(|(at, _)| *at).min()
    }

    fn turn(&mut self, today: Day) {
        self.books.set_date(today);
    }

    fn act(&mut self, act: &FundAct, _now: Now) -> Result<(), FundError> {
        match act {
            FundAct::Add { person, accounts } => self.books.add(person.as_ref().clone(), accounts.clone()),
            FundAct::Retire { id_number } => self.books.retire(id_number)?,
            FundAct::Meet { id_number, condition, allows } => {
                check(*allows).and_then(|()| self.books.meet(id_number, *condition, *allows))?;
            }
            FundAct::ExpectRetirement { id_number, on } => self.books.expect_retirement(id_number, *on)?,
            FundAct::KeepBack { id_number, reserve } => {
                check(*reserve).and_then(|()| self.books.keep_back(id_number, *reserve))?;
            }
            FundAct::Contribute { account, yuan } => self.books.contribute(account, *yuan)?,
            FundAct::FreezeByOther { account, organ, document, limit, to } => {
                check(Some(*limit))
                    .and_then(|()| self.books.freeze_by_other(account, (organ, document), *limit, *to))?;
            }
            FundAct::EndByOther { account, document } => self.books.end_by_other(account, document)?,
            FundAct::ReviewAll {} => {
                self.reviews.clear();
                self.books.review_all();
            }
        }
        Ok(())
    }

    fn told(outcome: &Result<(), FundError>) -> Result<Value, String> {
        match outcome {
            Ok(()) => Ok(json!({"done": true})),
            Err(error) => Err(error.to_string()),
        }
    }

    fn look(&self, name: &str) -> Value {
        match name {
            "accounts" => json!(self.books.accounts()),
            "people" => json!(self.books.people()),
            "paid" => self.paid(),
            "effects" => self.effects(),
            _ => Value::Null,
        }
    }
}
