//! Tests of records: round trips and canonical leaves.
