//! The xiezhi binary: one command line over all floors.

fn main() {}
