//! What partners say and how it travels: one folder an industry, one visible list.
