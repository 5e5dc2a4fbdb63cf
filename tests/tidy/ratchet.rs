//! Findings, and the list of old sinners, which may only shrink.

/// One place that breaks a rule.
pub struct Finding {
    /// File, function, dependency: what a reader looks for.
    pub place: String,
    /// What is wrong, and what to do.
    pub cure: String,
}

impl Finding {
    /// `place` breaks a rule; `cure` says what to do.
    pub fn new(place: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { place: place.into(), cure: cure.into() }
    }
}

/// Rule and place of what is wrong for now. Nothing is ever added; whoever mends one takes its line away.
const OLD_SINNERS: &[(&str, &str)] = &[];

/// Fails with every finding at once, but for the old sinners; also when one of these sins no more.
pub fn hold(rule: &str, findings: &[Finding]) {
    let old: Vec<&str> = OLD_SINNERS.iter().filter(|(of, _)| *of == rule).map(|(_, place)| *place).collect();
    let mended = old.iter().filter(|place| !findings.iter().any(|finding| finding.place == **place));
    let mended =
        mended.map(|place| format!("{place}: mended, so take its line out of OLD_SINNERS in tests/tidy/ratchet.rs"));
    let fresh = findings.iter().filter(|finding| !old.contains(&finding.place.as_str()));
    let told: Vec<String> = fresh.map(|finding| format!("{}: {}", finding.place, finding.cure)).chain(mended).collect();
    assert!(told.is_empty(), "{rule} ({} to mend)\n  {}", told.len(), told.join("\n  "));
}
