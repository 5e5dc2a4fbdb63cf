//! A partner that feeds back a sealed reply for each of hundreds of slips in one message: more than a batch of the journal may be.

use domain::outcome::SealedReply;

use super::pulled_list::{called, listed, started, submit_all};
use super::*;

const REQUESTS: usize = 150;
/// In Base64 it stays just below what stands in a record.
const REPLY_BYTES: usize = 47_000;

/// An account, and a reply sealed by the bank.
pub(super) fn with_reply(mut outcome: Outcome) -> Outcome {
    outcome.replies.push(SealedReply {
        file_name: Personal::new("回执.pdf".to_owned()),
        file_type: "pdf".to_owned(),
        bytes: Personal::new(vec![0xb7; REPLY_BYTES]),
        md5_fits: true,
    });
    outcome
}

#[test]
fn a_message_above_the_longest_batch_is_taken_whole() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    tokio.block_on(submit_all(&running.engine, REQUESTS));
    let slips = tokio.block_on(listed(&running.engine));
    assert_eq!(slips.len(), 2 * REQUESTS, "18 MiB, with a reply each");
    let lines: Vec<String> = slips.iter().map(|slip| format!("{slip} 62 sealed")).collect();
    let taken = tokio.block_on(called(&running.engine, Some(Personal::new(lines.join("\n")))));
    assert_eq!(taken.iter().filter(|taken| *taken == "Ok(())").count(), slips.len(), "{:?}", taken.first());
    assert!(!running.engine.is_broken());
    running.drain(std::time::Duration::from_secs(5));
}
