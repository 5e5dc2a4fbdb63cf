//! What a partner says in one message, cut into decisions: each must fit a batch of the journal, however long the message is.

use domain::SlipNumber;
use domain::outcome::{Detail, Finding, FoundAccount, Outcome, PriorMeasure};
use domain::slip::LINES_MAX;
use domain::socket::FeedbackItem;

use super::faces::named;
use crate::decide::face::LIST_ACTS_MAX;

/// About how much of what a message says goes into one decision, in bytes. A batch of the journal is 16 MiB: there is room for how the
/// records are written, and for what follows from the answers.
pub const FEEDBACK_BYTES_MAX: usize = 4 << 20;
/// What each answer takes beside what it says: its leaf, its numbers, a task.
const BESIDE: usize = 1_024;

/// Cuts a message, in its order. `lines_of` = how many acts the slips have: an answer that names no line is said of each.
pub(super) fn cut(
    items: Vec<FeedbackItem>,
    lines_of: impl FnOnce(&[Option<SlipNumber>]) -> Vec<usize>,
) -> Vec<Vec<FeedbackItem>> {
    let without_line = |item: &FeedbackItem| match (&item.outcome, named(&item.slip, item.line)) {
        (Ok(_), Some((slip, None))) => Some(slip),
        _ => None,
    };
    let slips: Vec<Option<SlipNumber>> = items.iter().map(without_line).collect();
    let lines = if slips.iter().any(Option::is_some) { lines_of(&slips) } else { Vec::new() };
    let mut portions = Vec::new();
    let (mut portion, mut bytes) = (Vec::new(), 0_usize);
    for (place, item) in items.into_iter().enumerate() {
        let times = lines.get(place).copied().unwrap_or(1).clamp(1, LINES_MAX);
        let own = item.outcome.as_ref().map_or(0, |outcome| times * (BESIDE + said_bytes(outcome)));
        let is_full = portion.len() >= LIST_ACTS_MAX || bytes + own > FEEDBACK_BYTES_MAX;
        if is_full && !portion.is_empty() {
            portions.push(std::mem::take(&mut portion));
            bytes = 0;
        }
        bytes += own;
        portion.push(item);
    }
    if !portion.is_empty() {
        portions.push(portion);
    }
    portions
}

/// About what an outcome takes when it is written down: its texts, and what stands around them.
fn said_bytes(outcome: &Outcome) -> usize {
    let text = outcome.text.as_ref().map_or(0, |text| text.expose().len());
    let replies = outcome.replies.iter().map(|reply| reply.bytes.expose().len().div_ceil(3) * 4 + 128);
    let accounts = outcome.accounts.iter().map(account_bytes);
    let ahead = outcome.ahead.iter().map(ahead_bytes);
    let findings = outcome.findings.iter().map(|Finding { details, .. }| details_bytes(details) + 32);
    text + replies.sum::<usize>() + accounts.sum::<usize>() + ahead.sum::<usize>() + findings.sum::<usize>()
}

fn account_bytes(account: &FoundAccount) -> usize {
    let ahead: usize = account.ahead.iter().map(ahead_bytes).sum();
    let texts = account.number.expose().len() + account.class.len() + account.status.len() + account.branch.len();
    200 + texts + ahead + details_bytes(&account.details)
}

fn ahead_bytes(ahead: &PriorMeasure) -> usize {
    80 + ahead.organ.expose().len() + ahead.paper.expose().len()
}

fn details_bytes(details: &[Detail]) -> usize {
    details.iter().map(|detail| 24 + detail.name.len() + detail.value.expose().len()).sum()
}

#[cfg(test)]
mod tests {
    use domain::Personal;
    use domain::outcome::{SealedReply, Verdict};

    use super::*;

    fn item(slip: u64, line: Option<u16>, reply: usize) -> FeedbackItem {
        let mut outcome = Outcome::of(Verdict::Done);
        outcome.replies.push(SealedReply {
            file_name: Personal::new("回执.pdf".to_owned()),
            file_type: "pdf".to_owned(),
            bytes: Personal::new(vec![7; reply]),
            md5_fits: true,
        });
        FeedbackItem { slip: SlipNumber::from_bits(slip).to_string(), line, outcome: Ok(outcome) }
    }

    fn counts(items: Vec<FeedbackItem>, lines: usize) -> Vec<usize> {
        let cut = cut(items, |slips| slips.iter().map(|slip| slip.map_or(0, |_| lines)).collect());
        cut.iter().map(Vec::len).collect()
    }

    #[test]
    fn an_ordinary_message_is_one_decision_and_a_long_one_is_several() {
        assert_eq!(counts((0..500).map(|slip| item(slip, Some(1), 300)).collect(), 1), [500]);
        assert_eq!(counts((0..501).map(|slip| item(slip, Some(1), 300)).collect(), 1), [500, 1]);
        assert_eq!(counts(Vec::new(), 1), [0; 0]);
    }

    #[test]
    fn sealed_replies_are_counted_as_they_are_written() {
        let counts = counts((0..300).map(|slip| item(slip, Some(1), 47_000)).collect(), 1);
        assert_eq!(counts.iter().sum::<usize>(), 300);
        assert!(counts.iter().all(|count| *count <= 66) && counts.len() == 5, "{counts:?}");
    }

    #[test]
    fn an_answer_that_names_no_line_counts_once_for_each() {
        let both = || vec![item(1, None, 45_000), item(2, None, 45_000), item(3, Some(1), 10)];
        assert_eq!(counts(both(), 200), [1, 1, 1]);
        assert_eq!(counts(both(), 10), [3]);
    }
}
