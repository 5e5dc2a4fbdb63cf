//! The courier: how a delivery is written and carried. The engine knows neither JSON of the API nor HTTP.

use std::future::Future;
use std::pin::Pin;

use domain::{Millis, Personal};

use crate::view::RequestView;

/// What a courier makes of one delivery.
pub struct Parcel {
    /// The court.
    pub court: String,
    /// Where to.
    pub url: Personal<String>,
    /// `webhook-id`: the same for every attempt at one version of one request.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub sent_at_s: i64,
    /// `webhook-signature`: one for each key in force, apart by a blank.
    pub signatures: String,
    /// The body.
    pub body: Personal<Vec<u8>>,
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
    /// One attempt.
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Carried> + Send + 'a>>;
}

/// For where nothing is delivered: every attempt fails.
pub struct NoCourier;

impl Courier for NoCourier {
    fn write(&self, _view: &RequestView, _previous: u64, _at: Millis) -> Vec<u8> {
        Vec::new()
    }

    fn carry<'a>(&'a self, _parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Carried> + Send + 'a>> {
        Box::pin(std::future::ready(Carried::failed("connect")))
    }
}
