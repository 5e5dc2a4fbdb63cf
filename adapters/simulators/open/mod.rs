//! The frame of every partner that speaks the open task form (schemas/partners/open-tasks.md): server, task book, clock, knobs, callbacks.
//!
//! An industry keeps its books and implements [`Trade`]; its public simulator wraps an [`Office`]:
//!
//! * `Trade::take` gets each number once (repeats and conflicts are answered by the frame) and says what becomes of it:
//!   final, `State::Registered`, `State::Accepted` (202), or `State::HandedBack`, which is answered 422 and binds nothing,
//!   so it must not have changed the books.
//! * `Trade::due` is called when `Trade::next_due_ms` has come, and after each task: what it returns becomes the answer to
//!   a question and is posted to the gateway until it says 200.
//! * `Trade::act` is everything that happens at the partner besides tasks: said by Rust or over the admin port, and written down.
//! * With a ledger every input is written down, and nothing is told before that is on disk; a start replays it, so a trade may draw
//!   on nothing but its inputs.
//! * Time is `Now`: milliseconds of the partner's own clock ([`Office::advance_ms`] turns it forward) and a calendar day
//!   ([`Office::set_date`]).

mod admin;
mod answer;
mod desk;
mod faces;
mod ledger;
mod post;
mod serve;
mod shared;
mod task;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use answer::{Ahead, Answer, Lead, News, State, dashed, details, finding};
pub(crate) use desk::Desk;
pub(crate) use faces::office_faces;
pub(crate) use ledger::{Kept, machine_ms};
pub use post::CallbackRecord;
pub(crate) use shared::Shared;
pub(crate) use task::{Payee, Task};

use crate::SimulatorError;
use crate::connections::listen;
use crate::day::Day;
use crate::knobs::Knobs;
use crate::rate::{AgreedRate, Violation};
use crate::worker::Worker;

/// The partner's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// Milliseconds since its start, and what it was turned forward.
    pub ms: u64,
    /// Its calendar.
    pub today: Day,
}

/// An industry's books.
pub(crate) trait Trade: Send + 'static {
    /// Something that happens at the partner besides tasks; one JSON object keyed by its name.
    type Act: Serialize + DeserializeOwned;
    /// What an act came to.
    type Outcome;
    /// Names of the acts.
    const ACTS: &'static [&'static str];
    /// Names of what can be looked at.
    const LOOKS: &'static [&'static str];
    /// A task with a new number.
    fn take(&mut self, task: &Task, now: Now) -> Answer;
    /// What has come due.
    fn due(&mut self, now: Now) -> Vec<News>;
    /// When something comes due next; `None` = nothing waits.
    fn next_due_ms(&self) -> Option<u64>;
    /// The calendar was turned: measures end, queues move up.
    fn turn(&mut self, _today: Day) {}
    /// Does an act.
    fn act(&mut self, act: &Self::Act, now: Now) -> Self::Outcome;
    /// An outcome for scripts; the error says why nothing was changed.
    fn told(outcome: &Self::Outcome) -> Result<Value, String>;
    /// One of `LOOKS`.
    fn look(&self, name: &str) -> Value;
}

/// Where results and leads are posted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The gateway's address, such as `http://127.0.0.1:8080`.
    pub gateway: String,
    /// The partner's id there.
    pub partner: String,
    /// What the partner shows there.
    pub token: String,
}

/// How a simulated partner of the open form is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenConfig {
    /// Where it listens; port 0 = a free one.
    pub address: SocketAddr,
    /// Where its knobs are, on a loopback address; port 0 = a free one.
    pub admin_address: SocketAddr,
    /// What callers must show.
    pub token: String,
    /// Ledger file; none = in memory only.
    pub ledger: Option<PathBuf>,
    /// Where it posts; can be set later.
    pub callback: Option<Callback>,
    /// A callback that got no 200 is repeated after so many milliseconds.
    pub repeat_ms: u64,
    /// Rate agreed with callers.
    pub rate: Option<AgreedRate>,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// First day of its calendar.
    pub first_day: Day,
}

impl Default for OpenConfig {
    fn default() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        OpenConfig {
            address: loopback,
            admin_address: loopback,
            token: "open-token".to_owned(),
            ledger: None,
            callback: None,
            repeat_ms: 200,
            rate: None,
            seed: 1,
            // The day of the sample messages.
            first_day: Day::new(2026, 11, 20).unwrap_or(Day::EPOCH),
        }
    }
}

/// A running partner. Dropping it stops it.
pub(crate) struct Office<T: Trade> {
    url: String,
    admin_url: String,
    shared: Arc<Shared<T>>,
    _worker: Worker,
}

impl<T: Trade> Office<T> {
    /// Starts the partner on its own thread; it takes tasks when this returns.
    ///
    /// # Errors
    /// When a port, the thread or the HTTP client cannot be had, or the ledger tells of other books.
    pub(crate) fn start(
        name: &str,
        trade: T,
        kept: Kept<T::Act>,
        config: OpenConfig,
    ) -> Result<Office<T>, SimulatorError> {
        if !config.admin_address.ip().is_loopback() {
            return Err(SimulatorError::NotLoopback { address: config.admin_address });
        }
        let (listener, address) = listen(config.address)?;
        let (admin_listener, admin_address) = listen(config.admin_address)?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
        let shared = Shared::take_up(trade, kept, config)?;
        let served = Arc::clone(&shared);
        let worker = Worker::start(name, move || async move {
            tokio::join!(
                serve::serve(&served, listener, admin_listener),
                post::keep_time(&served),
                post::deliver(&served, &client)
            );
        })?;
        let (url, admin_url) = (format!("http://{address}"), format!("http://{admin_address}"));
        Ok(Office { url, admin_url, shared, _worker: worker })
    }

    /// Where `/v1/tasks` begins.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where its knobs are.
    pub(crate) fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// Its knobs.
    pub(crate) fn knobs(&self) -> &Knobs {
        &self.shared.knobs
    }

    /// Says where results are posted; what waits goes there.
    pub(crate) fn call_back(&self, callback: Callback) {
        *self.shared.callback.lock() = Some(callback);
        self.shared.post.notify_one();
    }

    /// Turns the partner's clock forward; what comes due is done and posted.
    pub(crate) fn advance_ms(&self, ms: u64) {
        self.shared.change(|desk, _| desk.advance(ms));
        self.shared.wait_durable();
    }

    /// Turns the partner's calendar; it never goes back.
    pub(crate) fn set_date(&self, day: Day) {
        self.shared.change(|desk, _| desk.set_date(day));
        self.shared.wait_durable();
    }

    /// Looks into the books.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(self.shared.desk.lock().trade())
    }

    /// Does what the partner's own people do; durable when this returns.
    pub(crate) fn act(&self, act: T::Act) -> T::Outcome {
        let outcome = self.shared.change(|desk, elapsed_ms| desk.act(act, elapsed_ms));
        self.shared.wait_durable();
        outcome
    }

    /// Every callback that was posted, in order.
    pub(crate) fn callbacks(&self) -> Vec<CallbackRecord> {
        self.shared.desk.lock().records().to_vec()
    }

    /// Nothing waits to be posted.
    pub(crate) fn all_posted(&self) -> bool {
        self.shared.desk.lock().is_posted()
    }

    /// How many numbers it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.shared.desk.lock().taken()
    }

    /// Changes the agreed rate; counting starts anew.
    pub(crate) fn agree(&self, rate: Option<AgreedRate>) {
        self.shared.rate.lock().agree(rate);
    }

    /// Calls above the agreed rate.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.shared.rate.lock().violations()
    }

    /// Calls with a right credential.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.rate.lock().calls()
    }
}
