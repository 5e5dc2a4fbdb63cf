//! The courier: how a delivery is written and carried. The engine knows neither JSON of the API nor HTTP.

use std::future::Future;
use std::pin::Pin;

use domain::{ActId, Millis, Personal, SlipLine};

use crate::view::RequestView;

/// What a courier carries: a delivery to a court, or a reminder to a partner's clerks.
pub struct Parcel {
    /// By which way: a court's code, or [`reminder_route`].
    pub route: String,
    /// Where to.
    pub url: Personal<String>,
    /// `webhook-id`: the same for every attempt at one version of one request, or at one reminder.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub sent_at_s: i64,
    /// `webhook-signature`: one for each key in force, apart by a blank.
    pub signatures: String,
    /// The body.
    pub body: Personal<Vec<u8>>,
}

/// The name of the way by which a partner's clerks are reminded; no court's code holds a colon.
#[must_use]
pub fn reminder_route(partner: &str) -> String {
    format!("reminder:{partner}")
}

/// A reminder: counts, numbers and ages, and nothing that tells who or how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reminding {
    /// Sequence of its `reminder.began`.
    pub reminder: u64,
    /// Sequence of the first that said this.
    pub first: u64,
    /// The partner.
    pub partner: String,
    /// `arrived`, `waiting`, `overdue`.
    pub cause: &'static str,
    /// How many wait.
    pub open: u32,
    /// How many of them are overdue.
    pub overdue: u32,
    /// Since when the oldest has been waiting.
    pub oldest: Millis,
    /// When this was decided.
    pub at: Millis,
    /// What waits, in order; at most [`crate::state::reminder::REMINDED_ACTS_MAX`].
    pub acts: Vec<RemindedAct>,
}

/// One act that waits in an inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemindedAct {
    /// Its id.
    pub act: ActId,
    /// Its key for the partner.
    pub key: SlipLine,
    /// When it became ready for the partner.
    pub ready_at: Millis,
    /// When an answer is due.
    pub due: Millis,
}

/// What became of one attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Carried {
    /// A status of 2xx.
    Acknowledged,
    /// Anything else: perhaps received, perhaps not, so it goes again.
    Failed {
        /// `connect`, `address`, `origin`, `timeout`, `broken`, `redirected`, `gone`, `interrupted`, `unreadable`, `unavailable`,
        /// `panicked`, `status_…`.
        cause: String,
        /// The receiver asks to be left alone for so long.
        retry_after_ms: Option<u64>,
    },
}

impl Carried {
    /// A failure without a word about when.
    #[must_use]
    pub fn failed(cause: &str) -> Self {
        Self::Failed { cause: cause.to_owned(), retry_after_ms: None }
    }
}

/// Writes and carries deliveries. It makes one attempt; it never waits, repeats, follows or keeps anything.
pub trait Courier: Send + Sync {
    /// The body: the request as its court may read it, with the version that the court had before; `at` is when it became so.
    fn write(&self, view: &RequestView, previous: u64, at: Millis) -> Vec<u8>;
    /// The body of a reminder, with the address at which the clerks work.
    fn remind(&self, reminding: &Reminding, link: &str) -> Vec<u8>;
    /// One attempt.
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Carried> + Send + 'a>>;
}

/// For where nothing is delivered: every attempt fails.
pub struct NoCourier;

impl Courier for NoCourier {
    fn write(&self, _view: &RequestView, _previous: u64, _at: Millis) -> Vec<u8> {
        Vec::new()
    }

    fn remind(&self, _reminding: &Reminding, _link: &str) -> Vec<u8> {
        Vec::new()
    }

    fn carry<'a>(&'a self, _parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Carried> + Send + 'a>> {
        Box::pin(std::future::ready(Carried::failed("connect")))
    }
}
