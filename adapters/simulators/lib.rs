//! Partners for tests and demos, written from the partner documents alone.
