//! Seeded simulation of the production core on a simulated disk.

fn main() {}
