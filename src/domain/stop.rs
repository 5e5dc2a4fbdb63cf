//! Emergency stops: what one person stops at once and only two let go on, and what a stop leaves alone.

use crate::ActKind;

/// What a stop holds back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StopScope {
    /// These kinds of act, of every court; in the order of [`ActKind::ALL`], each once, never empty.
    Acts(Vec<ActKind>),
    /// The acts of one court, by its code; what ends a measure still goes, because people must not stay frozen for our trouble.
    Court(String),
    /// Every act, what ends a measure included: what is wrong with everything may be wrong with a release, and a wrong one cannot
    /// be taken back.
    All,
}

impl StopScope {
    /// Of some kinds; `None` when there are none.
    #[must_use]
    pub fn of_kinds(kinds: &[ActKind]) -> Option<Self> {
        let kinds: Vec<ActKind> = ActKind::ALL.iter().copied().filter(|kind| kinds.contains(kind)).collect();
        (!kinds.is_empty()).then_some(Self::Acts(kinds))
    }

    /// Is an act of this kind and court held back? Questions about what is already under way never are: they change nothing, and
    /// whoever clears up an emergency must know what happened.
    #[must_use]
    pub fn holds(&self, kind: ActKind, court: &str) -> bool {
        match self {
            Self::Acts(kinds) => kinds.contains(&kind),
            Self::Court(code) => code == court && !kind.ends_a_measure(),
            Self::All => true,
        }
    }

    /// The word of it: `acts`, `court`, `all`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Acts(_) => "acts",
            Self::Court(_) => "court",
            Self::All => "all",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_holds_what_it_names_and_a_court_still_releases() {
        let acts = StopScope::of_kinds(&[ActKind::Deduct, ActKind::Freeze, ActKind::Deduct]).unwrap();
        assert_eq!(acts, StopScope::Acts(vec![ActKind::Freeze, ActKind::Deduct]));
        let court = StopScope::Court("330225".to_owned());
        for kind in ActKind::ALL {
            assert_eq!(acts.holds(*kind, "330226"), matches!(kind, ActKind::Freeze | ActKind::Deduct));
            assert_eq!(court.holds(*kind, "330225"), !kind.ends_a_measure());
            assert!(!court.holds(*kind, "330226"));
            assert!(StopScope::All.holds(*kind, "330226"));
        }
        assert_eq!(StopScope::of_kinds(&[]), None);
    }
}
