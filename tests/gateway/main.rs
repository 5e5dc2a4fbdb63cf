//! The gateway as its users meet it: the real binary over real HTTP, simulated banks beside it, and what must be so afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod bench;

mod absent;
mod browser;
mod canary;
mod contract;
mod damage;
mod delays;
mod deliveries;
mod dialect;
mod doubt;
mod erasing;
mod evidence;
mod explicit;
mod faces;
mod faults;
mod feedback;
mod full_disk;
mod fund;
mod giving_back;
mod inbox;
mod kills;
mod kinds;
mod law;
mod ledger;
mod left_out;
mod leftovers;
mod limits;
mod lost;
mod mailbox;
mod main_job;
mod mapped;
mod measures;
mod openapi;
mod operations;
mod packets;
mod papers;
mod partners;
mod persons;
mod policy;
mod pull;
mod reminders;
mod rules;
mod searches;
mod secrecy;
mod secret_sums;
mod settling;
mod stand_ins;
mod stops;
mod storage;
mod strangers;
mod trials;
