//! What a read packet makes us hold, in bytes: whoever sweeps must stop in time.

use domain::outcome::{Detail, Finding, FoundAccount, Lead, Outcome, PriorMeasure, SealedReply};
use domain::socket::{FeedbackItem, Inbound};

/// All that it says, its texts and files and what they stand in; a little less than the allocator takes.
pub(super) fn of(inbound: &Inbound) -> usize {
    sum(&inbound.feedback, of_item) + sum(&inbound.leads, of_lead)
}

/// The entries themselves and what each of them points to.
fn sum<T>(entries: &[T], of: impl Fn(&T) -> usize) -> usize {
    size_of_val(entries) + entries.iter().map(of).sum::<usize>()
}

fn of_item(item: &FeedbackItem) -> usize {
    item.slip.len()
        + match &item.outcome {
            Ok(outcome) => of_outcome(outcome),
            // The name of a field at most.
            Err(_) => 0,
        }
}

fn of_outcome(outcome: &Outcome) -> usize {
    let personal = [&outcome.text, &outcome.serial].into_iter().flatten().map(|text| text.expose().len());
    personal.sum::<usize>()
        + outcome.as_of.as_ref().map_or(0, String::len)
        + sum(&outcome.accounts, of_account)
        + sum(&outcome.ahead, of_measure)
        + sum(&outcome.replies, of_reply)
        + sum(&outcome.findings, of_finding)
        + sum(&outcome.named, |named| named.name.expose().len() + named.id_number.expose().len())
        + sum(&outcome.account_numbers, |number| number.expose().len())
}

fn of_account(account: &FoundAccount) -> usize {
    account.number.expose().len()
        + account.class.len()
        + account.status.len()
        + account.currency.len()
        + account.branch.len()
        + sum(&account.ahead, of_measure)
        + sum(&account.details, of_detail)
}

fn of_measure(measure: &PriorMeasure) -> usize {
    measure.organ.expose().len() + measure.paper.expose().len()
}

fn of_reply(reply: &SealedReply) -> usize {
    reply.file_name.expose().len() + reply.file_type.len() + reply.bytes.expose().len()
}

fn of_finding(finding: &Finding) -> usize {
    sum(&finding.details, of_detail)
}

fn of_detail(detail: &Detail) -> usize {
    detail.name.len() + detail.value.expose().len()
}

fn of_lead(lead: &Lead) -> usize {
    lead.slip.len()
        + lead.serial.expose().len()
        + lead.as_of.len()
        + lead.text.as_ref().map_or(0, |text| text.expose().len())
        + sum(&lead.details, of_detail)
}
