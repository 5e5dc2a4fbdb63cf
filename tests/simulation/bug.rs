//! Planted bugs: what the simulation must find. None of them touches product code; each alters what is around it or what it is told.

use clap::ValueEnum;

/// A bug that can be planted into the harness.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Bug {
    /// Answers and effects leave before the commit.
    EarlyRelease,
    /// A question about a doubtful act goes out as the act itself.
    BlindResend,
    /// The record that an exchange began never reaches the journal.
    LostBegan,
    /// While a court submits, open deductions count for nothing.
    ForgottenDeductions,
    /// After a restart the instants of the newest exchanges are forgotten.
    ForgottenWindow,
    /// New keys are not synced before the commit that names them.
    SkippedKeySync,
    /// "Not found" is believed at once.
    HastyNotFound,
    /// The disk says that it synced and did not.
    LyingSync,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::EarlyRelease,
        Self::BlindResend,
        Self::LostBegan,
        Self::ForgottenDeductions,
        Self::ForgottenWindow,
        Self::SkippedKeySync,
        Self::HastyNotFound,
        Self::LyingSync,
    ];

    /// Does it change the state itself, so that comparing states would find it at once and prove nothing about the promise it breaks?
    pub fn alters_state(self) -> bool {
        matches!(self, Self::LostBegan | Self::ForgottenWindow)
    }
}
