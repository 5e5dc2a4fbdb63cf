//! What an answer told beside itself: recorded before the exchange ends, and where it cannot be, somebody is told that there was something.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::SlipLine;
use domain::outcome::Lead;
use domain::socket::INBOUND_ITEMS_MAX;

use super::Shared;
use super::dispatch::tell;
use super::faces::named;
use super::left_out::sentence;
use crate::command::{Command, Effect, LeadNews};
use crate::refusal::Refusal;

/// How often what an answer told beside is tried again, in all: five minutes, in which an index of thirty million events fills. The
/// answer itself is not known until then.
const LEAD_TRIES_MAX: u32 = 300;
/// How soon.
const LEAD_AGAIN: Duration = Duration::from_secs(1);

/// What became of the leads of one answer.
#[derive(Default)]
struct Found {
    /// To be recorded.
    news: Vec<LeadNews>,
    /// Of what these are about nothing can be found out, in words that name nobody.
    lost: Vec<String>,
}

/// Looks for what each is about. While the index fills, what is not found is not absent: it is looked for again, as long as `rest` lets it,
/// and so often in all. The result that came beside it waits meanwhile, but not for ever.
async fn find<R: Future<Output = bool>>(
    leads: Vec<Lead>,
    look: impl Fn(Lead) -> Result<Option<LeadNews>, Refusal>,
    rest: impl Fn() -> R,
) -> Found {
    let (mut found, mut left) = (Found::default(), LEAD_TRIES_MAX);
    for lead in leads.into_iter().take(INBOUND_ITEMS_MAX) {
        loop {
            match look(lead.clone()) {
                Ok(news) => found.news.extend(news),
                Err(_) if left > 0 && rest().await => {
                    left -= 1;
                    continue;
                }
                Err(_) => found.lost.push(sentence(&lead.slip, lead.line, None)),
            }
            break;
        }
    }
    found
}

/// Records what an answer told beside. Before the end of its exchange: one that has ended is not asked about again, and a crash in between
/// would lose it.
pub(super) async fn take(shared: &Arc<Shared>, effect: &Effect, own: Option<SlipLine>, leads: Vec<Lead>) {
    let look = |lead: Lead| match own {
        Some(own)
            if named(&lead.slip, lead.line).is_some_and(|(slip, line)| slip == own.slip && line == Some(own.line)) =>
        {
            shared.own_lead(effect, lead).map(Some)
        }
        _ => Ok(shared.lead_news(&effect.partner, lead)?.map(|news| LeadNews { beside: true, ..news })),
    };
    let rest = || {
        let goes_on = !shared.draining.load(Ordering::Relaxed);
        async move {
            if goes_on {
                tokio::time::sleep(LEAD_AGAIN).await;
            }
            goes_on
        }
    };
    let Found { news, lost } = find(leads, look, rest).await;
    for news in news {
        tell(shared, Command::Lead(Box::new(news))).await;
    }
    if !lost.is_empty() {
        tracing::error!(
            partner = effect.partner,
            exchange = effect.exchange,
            leads = lost.len(),
            runbook = "docs/RUNBOOK.md#lost",
            "what a partner told beside its answer could not be recorded, because nothing could be found out of what it is about; look at the task and ask the partner for it"
        );
        let command = Command::NobodysAnswer { partner: effect.partner.clone(), text: lost.join("\n") };
        tell(shared, command).await;
    }
}

impl Shared {
    /// What was told of the very act of an exchange: that takes no plan, which may have become unreadable, and the index only when the
    /// request ended meanwhile.
    fn own_lead(&self, effect: &Effect, lead: Lead) -> Result<LeadNews, Refusal> {
        let is_open = {
            let decider = self.decider.read();
            let state = &decider.state;
            let act = state.act_index(effect.act).and_then(|index| state.acts.get(index));
            act.is_some_and(|act| state.requests.get(act.request).is_some())
        };
        let closed = if is_open { None } else { self.closed_with_events(effect.request)? };
        let papers = closed.as_ref().and_then(|closed| self.papers.request(closed.sequence));
        let has_callback = papers.is_some_and(|papers| papers.callback.is_some());
        let partner = effect.partner.clone();
        Ok(LeadNews { act: effect.act, partner, slot: effect.slot, has_callback, closed, beside: true, lead })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::outcome::LeadClass;
    use domain::{ActId, Personal};
    use futures_util::FutureExt;

    use super::*;

    fn lead(slip: &str, serial: &str) -> Lead {
        Lead {
            slip: slip.to_owned(),
            line: Some(1),
            class: LeadClass::LinkedAccount,
            serial: Personal::from(serial),
            as_of: String::new(),
            respond_by: None,
            details: Vec::new(),
            text: None,
        }
    }

    fn news(lead: Lead) -> LeadNews {
        let act = ActId { sequence: 1, line: 0 };
        LeadNews { act, partner: "bank-a".to_owned(), slot: 1, has_callback: false, closed: None, beside: true, lead }
    }

    /// Without a clock: it rests so often as it is let.
    fn found(leads: Vec<Lead>, look: impl Fn(Lead) -> Result<Option<LeadNews>, Refusal>, rests: u32) -> (Found, u32) {
        let rested = Cell::new(0);
        let rest = || {
            rested.set(rested.get() + 1);
            std::future::ready(rested.get() <= rests)
        };
        let found = find(leads, look, rest).now_or_never().unwrap();
        (found, rested.get())
    }

    #[test]
    fn what_cannot_be_found_is_looked_for_again_and_recorded_once_it_can_be() {
        let tries = Cell::new(0);
        let look = |lead: Lead| {
            tries.set(tries.get() + 1);
            if tries.get() < 5 { Err(Refusal::Unavailable) } else { Ok(Some(news(lead))) }
        };
        let (found, _) = found(vec![lead("100", "a"), lead("100", "b")], look, u32::MAX);
        assert_eq!((found.news.len(), found.lost.len()), (2, 0));
    }

    #[test]
    fn what_is_never_found_is_told_by_its_number_and_what_is_found_beside_it_is_recorded() {
        let look = |lead: Lead| {
            if lead.slip == "200" { Err(Refusal::ContentUnreadable) } else { Ok(Some(news(lead))) }
        };
        let leads = || vec![lead("200", "6222000000000017"), lead("100", "b"), lead("200", "6222000000000018")];
        let (after_all, rested) = found(leads(), look, u32::MAX);
        assert_eq!(rested, LEAD_TRIES_MAX, "for all of them together");
        assert_eq!(
            (after_all.news.len(), after_all.lost.as_slice()),
            (1, &["200-1 线索 lead".to_owned(), "200-1 线索 lead".to_owned()][..])
        );
        let (stopping, _) = found(leads(), look, 0);
        assert_eq!((stopping.news.len(), stopping.lost.len()), (1, 2), "a stop does not wait, and tells as well");
    }
}
