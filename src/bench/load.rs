//! The callers: so many connections, each with one request under way; or so many requests a second.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::orders::Order;
use super::report::share_of;
use super::role::{lines, say};
use super::stub::now_ns;
use super::wire::{Connection, request};

/// Between two looks at how much is open.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A caller that may not send now, or was refused, comes back after this.
const COME_BACK: Duration = Duration::from_millis(2);

/// One measurement.
#[derive(Clone, Serialize, Deserialize)]
pub struct Run {
    /// `host:port`.
    pub address: String,
    /// Where requests are posted.
    pub path: String,
    /// The court's token.
    pub token: String,
    /// The uploaded ruling.
    pub digest: String,
    /// Acts in a request.
    pub acts: usize,
    /// Connections.
    pub clients: u64,
    /// How long, in milliseconds.
    pub ms: u64,
    /// Requests a second over all connections; 0 = each sends as soon as it was answered.
    pub per_second: u64,
    /// Requests at most; 0 = no limit but the time.
    pub requests_max: u64,
    /// Callers pause above so many open acts; 0 = never.
    pub open_acts_max: u64,
    /// Tells idempotency keys of runs apart.
    pub run: u64,
    /// The first case.
    pub first_case: u64,
    /// So many cases, taken in turn.
    pub cases: u64,
    /// Notes when each request was sent.
    pub noted: bool,
}

/// What came of it.
#[derive(Default, Serialize, Deserialize)]
pub struct Ran {
    /// Answered with 200 or 202.
    pub taken: u64,
    /// Other answers and broken connections, by status (0 = broken).
    pub refused: BTreeMap<u16, u64>,
    /// From the first request to the last answer, in microseconds.
    pub took_us: u64,
    /// Median of one answer, in microseconds.
    pub p50_us: u64,
    /// 99 of 100 answers came within, in microseconds.
    pub p99_us: u64,
    /// `[case, ns]` when each was sent.
    pub sent: Vec<(u64, u64)>,
}

struct Shared {
    run: Run,
    until: Instant,
    next: Cell<u64>,
    too_much: Cell<bool>,
    ran: RefCell<Ran>,
    took_us: RefCell<Vec<u64>>,
}

impl Shared {
    /// The next request's number; `None` when there is none.
    fn take(&self) -> Option<u64> {
        let number = self.next.get();
        let over = self.run.requests_max > 0 && number >= self.run.requests_max;
        if over || Instant::now() >= self.until {
            return None;
        }
        self.next.set(number + 1);
        Some(number)
    }

    fn note(&self, status: u16, case: u64, sent_ns: u64, took: Duration) {
        let mut ran = self.ran.borrow_mut();
        if status != 200 && status != 202 {
            *ran.refused.entry(status).or_default() += 1;
            return;
        }
        ran.taken += 1;
        self.took_us.borrow_mut().push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if self.run.noted {
            ran.sent.push((case, sent_ns));
        }
    }
}

async fn caller(shared: Rc<Shared>, place: u64) {
    let run = &shared.run;
    let mut order = Order::new(&run.path, &run.token, &run.digest, run.acts, run.run);
    let mut connection = Connection::open(&run.address).await.ok();
    let mut pace = paced(run, place);
    loop {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        while shared.too_much.get() && Instant::now() < shared.until {
            tokio::time::sleep(COME_BACK).await;
        }
        let Some(number) = shared.take() else { return };
        let case = run.first_case + number % run.cases.max(1);
        let bytes = order.fill(case, number);
        let (began, sent_ns) = (Instant::now(), now_ns());
        let status = match &mut connection {
            Some(connection) => connection.call(bytes).await.unwrap_or(0),
            None => 0,
        };
        shared.note(status, case, sent_ns, began.elapsed());
        if status == 0 {
            connection = Connection::open(&run.address).await.ok();
        }
        if status != 200 && status != 202 {
            tokio::time::sleep(COME_BACK).await;
        }
    }
}

/// Each caller's beat, shifted against the others so that together they send evenly.
fn paced(run: &Run, place: u64) -> Option<tokio::time::Interval> {
    let beat_us = (run.clients * 1_000_000).checked_div(run.per_second)?;
    let first = tokio::time::Instant::now() + Duration::from_micros(beat_us * place / run.clients.max(1));
    Some(tokio::time::interval_at(first, Duration::from_micros(beat_us.max(1))))
}

/// Looks at how much is open, and holds the callers back above the bound.
async fn watch(shared: Rc<Shared>) {
    let run = &shared.run;
    let Ok(mut connection) = Connection::open(&run.address).await else { return };
    let look = request("GET", "/health/ready", "", "", "");
    while Instant::now() < shared.until {
        if connection.call(&look).await.is_err() {
            return;
        }
        let health: Value = serde_json::from_slice(connection.body()).unwrap_or_default();
        let open = health.get("open_acts").and_then(Value::as_u64).unwrap_or(0);
        shared.too_much.set(open > run.open_acts_max);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn measure(run: Run) -> Ran {
    let began = Instant::now();
    let shared = Rc::new(Shared {
        until: began + Duration::from_millis(run.ms),
        next: Cell::new(0),
        too_much: Cell::new(false),
        ran: RefCell::default(),
        took_us: RefCell::default(),
        run,
    });
    let callers: Vec<_> =
        (0..shared.run.clients).map(|place| tokio::task::spawn_local(caller(Rc::clone(&shared), place))).collect();
    let watching = (shared.run.open_acts_max > 0).then(|| tokio::task::spawn_local(watch(Rc::clone(&shared))));
    for caller in callers {
        let _ended = caller.await;
    }
    if let Some(watching) = watching {
        watching.abort();
    }
    let mut ran = shared.ran.take();
    let mut took_us = shared.took_us.take();
    ran.took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    ran.p50_us = share_of(&mut took_us, 50);
    ran.p99_us = share_of(&mut took_us, 99);
    ran
}

/// Runs the role.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the callers")?;
    say(&serde_json::json!({ "url": "" }))?;
    for said in lines() {
        let run: Run = serde_json::from_value(said).context("reading what to measure")?;
        let ran = tokio::task::LocalSet::new().block_on(&runtime, measure(run));
        say(&serde_json::to_value(&ran)?)?;
    }
    Ok(())
}
