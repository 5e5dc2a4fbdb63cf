//! Exchanges: one attempt on tokio, judged, and back to the decider. A panicking exchange is an outcome, not a dead lane.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::outcome::Lead;
use domain::socket::{Cause, INBOUND_ITEMS_MAX, Judged, Plug};
use futures_util::FutureExt;

use super::departures::Leave;
use super::whose::of_its_subject;
use super::{Asked, Shared};
use crate::command::{Command, Effect};
use crate::refusal::Refusal;

/// How often what an answer told beside is tried again, in all: five minutes, in which an index of thirty million events fills. The
/// answer itself is not known until then.
const LEAD_TRIES_MAX: u32 = 300;
/// How soon.
const LEAD_AGAIN: Duration = Duration::from_secs(1);

/// Starts exchanges whose beginning is durable: one hand-over to the exchange threads for all of a commit, each a task of its own there.
pub fn begin(shared: &Arc<Shared>, effects: Vec<Effect>) {
    if effects.is_empty() {
        return;
    }
    shared.counts.exchanges.fetch_add(u64::try_from(effects.len()).unwrap_or(0), Ordering::Relaxed);
    let own = Arc::clone(shared);
    shared.tokio.spawn(async move {
        for effect in effects {
            tokio::spawn(exchange(Arc::clone(&own), effect));
        }
    });
}

async fn exchange(shared: Arc<Shared>, effect: Effect) {
    let judged = match AssertUnwindSafe(attempt(&shared, &effect)).catch_unwind().await {
        Ok(judged) => judged,
        Err(_) => Judged::Doubt { cause: Cause::Panicked },
    };
    if let Judged::NotSent { cause, .. } | Judged::Doubt { cause } = &judged {
        shared.calls.failed(&effect.partner, *cause, shared.clock.wall());
        if let Some(count) = shared.counts.failed.get(cause.code()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (judged, leads) = judged.parted();
    // Before its end: an exchange that has ended is not asked about again, and a crash in between would lose what it told beside.
    let mut tries_left = LEAD_TRIES_MAX;
    for lead in leads.into_iter().take(INBOUND_ITEMS_MAX) {
        tell_lead(&shared, &effect, lead, &mut tries_left).await;
    }
    let command = Command::Ended { exchange: effect.exchange, act: effect.act, judged };
    tell(&shared, command).await;
}

/// What a lead is about cannot always be told at once: while the index fills, what is not found is not absent. The result that came
/// beside it waits meanwhile, but not for ever.
async fn tell_lead(shared: &Arc<Shared>, effect: &Effect, lead: Lead, tries_left: &mut u32) {
    let fault = loop {
        match shared.lead_news(&effect.partner, lead.clone()) {
            Ok(Some(news)) => return tell(shared, Command::Lead(Box::new(news))).await,
            Ok(None) => return,
            Err(fault) if *tries_left == 0 || shared.draining.load(Ordering::Relaxed) => break fault,
            Err(_) => *tries_left -= 1,
        }
        tokio::time::sleep(LEAD_AGAIN).await;
    };
    tracing::error!(
        partner = effect.partner,
        exchange = effect.exchange,
        ?fault,
        "what a partner told beside its answer could not be recorded, because nothing could be found out of what it is about; ask the partner for it"
    );
}

/// The end of an exchange must reach the decider: it waits for room, off the worker when the channel is full.
pub(super) async fn tell(shared: &Arc<Shared>, command: Command) {
    let asked = Asked::Command(Box::new(command), None);
    if let Err(std::sync::mpsc::TrySendError::Full(asked)) = shared.commands.try_send(asked) {
        let mut asked = Some(asked);
        while let Some(again) = asked.take() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            if let Err(std::sync::mpsc::TrySendError::Full(back)) = shared.commands.try_send(again) {
                asked = Some(back);
            }
        }
    }
}

async fn attempt(shared: &Arc<Shared>, effect: &Effect) -> Judged {
    let plug = shared.plugs.read().get(&effect.partner).cloned();
    let Some(plug) = plug else { return nothing_sent(Cause::Connect) };
    let Plug::CallOut(call) = plug.as_ref() else { return nothing_sent(Cause::Connect) };
    let partner = shared.partner(&effect.partner);
    let form = partner.as_ref().map(|partner| &partner.form);
    let Some(slip) = shared.papers.slip(&[effect.act], true, form) else {
        // Erased or lost: what cannot be written cannot have been sent. What is lost may be put back, so it waits and is no end.
        let is_lost = shared.papers.is_lost(effect.act.sequence) || shared.papers.is_lost(effect.request);
        let cause = if is_lost { Cause::Unreadable } else { Cause::Unencodable };
        return if effect.ask { Judged::Doubt { cause } } else { nothing_sent(cause) };
    };
    let judged = if effect.ask {
        let Some(line) = slip.lines.first() else { return Judged::Doubt { cause: Cause::Unencodable } };
        let key = domain::SlipLine { slip: slip.number, line: line.line };
        within_window(shared, &effect.partner, call.ask(key, line.kind)).await
    } else if slip.lines.iter().any(|line| call.wants_papers(line.kind)) {
        let files = match shared.papers_for((effect.request, &effect.partner), &slip, form).await {
            Ok(files) => files,
            Err(Refusal::ContentUnreadable) => return nothing_sent(Cause::Unreadable),
            Err(_) => return nothing_sent(Cause::Unencodable),
        };
        within_window(shared, &effect.partner, call.send_with_papers(&slip, &files)).await
    } else {
        within_window(shared, &effect.partner, call.send(&slip)).await
    };
    of_its_subject(&slip, judged)
}

/// One call, once the partner's window has room; the decision kept it too, but the disk came between.
async fn within_window(shared: &Shared, partner: &str, call: impl Future<Output = Judged>) -> Judged {
    let ticket = loop {
        match shared.departures.take(partner, shared.clock.mono()) {
            Leave::Now(ticket) => break ticket,
            Leave::After(wait_ms) => tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await,
        }
    };
    let judged = call.await;
    shared.departures.answered(partner, ticket, shared.clock.mono());
    judged
}

fn nothing_sent(cause: Cause) -> Judged {
    Judged::NotSent { cause, retry_after_ms: None }
}
