//! The words and rules of assisted enforcement: pure types, no clock, no I/O, no serialization.
