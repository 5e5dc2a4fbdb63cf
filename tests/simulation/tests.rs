//! The simulation's own tests: clean seeds stay clean and repeat, each planted bug is found.

use crate::bug::Bug;
use crate::run::Simulation;

const STEPS: u64 = 300;
const SEEDS_MAX: u64 = 2_000;
