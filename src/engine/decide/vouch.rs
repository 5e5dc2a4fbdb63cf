//! The first of two persons' words counts while the token that said it is in force: a secret that leaked and was taken away must not leave
//! half of an erasure behind.

use domain::Millis;

use super::Decider;
use crate::config::{Config, Person};
use crate::fold::token_hash;
use crate::state::proof::OF_CONFIG;
use crate::state::slab::Index;

/// Does the token belong to this court, or to the gateway?
pub(super) fn is_of_court(person: &Person, court: &str) -> bool {
    person.court.as_deref().is_none_or(|own| own == court)
}

impl Decider {
    /// Settings came into force: a token that is not as it was before counts from here on. What was in force before a start is not known, only
    /// when settings last changed: words from before that are not counted, whoever said them.
    pub(super) fn note_persons(&mut self, before: &Config) {
        let changed = self.state.holds.iter().rev().find(|hold| hold.partner == OF_CONFIG);
        let changed_at = changed.or(self.state.holds.front()).map_or(self.now, |hold| hold.at);
        let since = |(name, person): (&String, &Person)| {
            let known = self.persons_since.get(name).filter(|_| before.persons.get(name) == Some(person));
            (name.clone(), known.copied().unwrap_or(changed_at))
        };
        self.persons_since = self.config.persons.iter().map(since).collect();
    }

    /// Is what was said at an instant under this name still the word of a person who may say it?
    pub(super) fn counts(&self, by: &str, at: Millis, may: impl Fn(&Person) -> bool) -> bool {
        let is_in_force = self.persons_since.get(by).is_some_and(|since| *since <= at);
        is_in_force && self.config.persons.get(by).is_some_and(may)
    }

    /// The code of a case's court.
    pub(super) fn court_word(&self, case: Index) -> &str {
        self.state.cases.get(case).map_or("", |case| self.state.word(case.court))
    }

    /// The same of a word on a doubt, of which the name's hash is kept and no instant.
    pub(super) fn settles_still(&self, by: u32, court: &str) -> bool {
        let mut persons = self.config.persons.iter();
        persons.any(|(name, person)| person.settles && is_of_court(person, court) && token_hash(name) == by)
    }
}
