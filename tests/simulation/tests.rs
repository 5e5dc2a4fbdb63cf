//! The simulation's own tests: clean seeds stay clean and repeat, each planted bug is found.

use crate::bug::Bug;
use crate::run::Simulation;
use crate::{BUG_SEEDS_MAX, STEPS, first_seed};

fn assert_found(bug: Bug) {
    let found = first_seed(bug, 0, BUG_SEEDS_MAX, STEPS);
    let (seed, promise) = found.unwrap_or_else(|| panic!("{bug:?} was not found in {BUG_SEEDS_MAX} seeds"));
    println!("{bug:?} found after {} seeds: {promise}", seed + 1);
}

#[test]
fn clean_seeds_keep_every_promise_and_repeat() {
    for seed in 0..4 {
        let first = Simulation::new(seed, None).run(STEPS);
        assert_eq!(first.broken, None, "seed {seed}: {:#?}", first.steps);
        assert_eq!(first.hash, Simulation::new(seed, None).run(STEPS).hash, "seed {seed} goes two ways");
    }
    assert_ne!(Simulation::new(0, None).run(STEPS).hash, Simulation::new(1, None).run(STEPS).hash);
}

#[test]
fn answers_and_effects_that_leave_before_the_commit_are_found() {
    assert_found(Bug::EarlyRelease);
}

#[test]
fn a_resend_without_asking_is_found() {
    assert_found(Bug::BlindResend);
}

#[test]
fn a_lost_record_of_a_beginning_is_found() {
    assert_found(Bug::LostBegan);
}

#[test]
fn forgotten_deductions_are_found() {
    assert_found(Bug::ForgottenDeductions);
}

#[test]
fn a_window_forgotten_at_a_restart_is_found() {
    assert_found(Bug::ForgottenWindow);
}

#[test]
fn unsynced_keys_are_found() {
    assert_found(Bug::SkippedKeySync);
}

#[test]
fn not_found_believed_at_once_is_found() {
    assert_found(Bug::HastyNotFound);
}

#[test]
fn a_disk_that_lies_about_syncing_is_found() {
    assert_found(Bug::LyingSync);
}
