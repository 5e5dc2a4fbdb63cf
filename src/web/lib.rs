//! The HTTP faces: intake, partner faces, audit, operations.
