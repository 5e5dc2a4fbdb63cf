//! Tokens: 256 random bits known only to their holder; we keep their SHA-256 and what they may do.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};

use crate::gate::Caller;
use crate::right::Role;

/// What every token begins with, so that scanners of leaked secrets find it.
const PREFIX: &str = "xz_";
/// Base64url characters of 32 bytes.
const CHARACTERS: usize = 43;
/// Characters of a token's name at most: who holds it, as an address of mail if need be.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// What stands in a token's name beside letters and digits.
pub const NAME_BESIDE: &str = "-_.@";
/// Tokens in force at most: court systems, people and partners of a province.
pub const TOKENS_MAX: usize = 10_000;

/// A token as the settings tell it.
#[derive(Clone)]
pub struct Token {
    /// SHA-256 of the text that the holder shows.
    pub hash: [u8; 32],
    /// Its name, as it stands in leaves and logs: 1..=64 of letters, digits, `-`, `_`, `.`, `@`.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The court it belongs to; `None` = the gateway's own.
    pub court: Option<String>,
    /// The partner whose clerk holds it; `None` = nobody's clerk.
    pub partner: Option<String>,
    /// A person's token, not a machine's.
    pub is_person: bool,
}

/// Why a set of tokens is not taken; the set in force stays.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenFault {
    /// The name is not one.
    #[error("take tokens: the name at place {place} is not 1 to 64 of letters, digits, - _ . @; rename it")]
    Name {
        /// Its place in the set, from 0.
        place: usize,
    },
    /// The token may do nothing.
    #[error("take tokens: `{name}` has no role; give it one or remove it")]
    NoRole {
        /// Its name.
        name: String,
    },
    /// Two tokens of the set are one.
    #[error("take tokens: `{name}` and another one share a name or a hash; make each its own")]
    Twice {
        /// Its name.
        name: String,
    },
    /// Too many.
    #[error("take tokens: {count} are more than {TOKENS_MAX}; remove those not in use")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// A token in force: whom it stands for and how much it may still ask this second.
pub(crate) struct Holder {
    pub(crate) caller: Caller,
    pub(crate) roles: Vec<Role>,
    pub(crate) allowance: DefaultDirectRateLimiter,
}

type Table = HashMap<[u8; 32], Arc<Holder>>;

/// The tokens in force; can be exchanged as a whole while calls go on.
///
/// Looking one up in an ordinary hash map is safe: what is compared is the SHA-256 of what was shown. Whoever measures how
/// long that takes learns something about hashes of their own guesses, and cannot steer a guess towards the hash of a token
/// without finding preimages.
pub struct Tokens {
    table: RwLock<Arc<Table>>,
    per_second: NonZeroU32,
}

impl Tokens {
    /// Puts tokens in force, each with an allowance of `per_second` calls.
    ///
    /// # Errors
    /// [`TokenFault`] names the first fault.
    pub fn new(tokens: Vec<Token>, per_second: u32) -> Result<Self, TokenFault> {
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        Ok(Self { table: RwLock::new(Arc::new(build(tokens, per_second)?)), per_second })
    }

    /// Checks another set, which [`Tokens::put`] puts in force; nothing has changed when this returns.
    ///
    /// # Errors
    /// [`TokenFault`] names the first fault.
    pub fn prepare(&self, tokens: Vec<Token>) -> Result<Prepared, TokenFault> {
        Ok(Prepared(Arc::new(build(tokens, self.per_second)?)))
    }

    /// Puts a checked set in force. Allowances begin anew, which gives a caller at most one second more.
    pub fn put(&self, Prepared(table): Prepared) {
        *self.table.write() = table;
    }

    /// Is there a token with this hash in the set in force?
    #[must_use]
    pub fn is_in_force(&self, hash: &[u8; 32]) -> bool {
        self.held(hash).is_some()
    }

    /// Both in one.
    ///
    /// # Errors
    /// [`TokenFault`] names the first fault; the set in force stays.
    pub fn replace(&self, tokens: Vec<Token>) -> Result<(), TokenFault> {
        self.put(self.prepare(tokens)?);
        Ok(())
    }

    pub(crate) fn find(&self, shown: &str) -> Option<Arc<Holder>> {
        self.held(&hash_of(shown)?)
    }

    /// The holder of the token with this hash, as long as it is in force.
    pub(crate) fn held(&self, hash: &[u8; 32]) -> Option<Arc<Holder>> {
        self.table.read().get(hash).cloned()
    }
}

/// A set of tokens that is checked and not in force yet.
pub struct Prepared(Arc<Table>);

fn build(tokens: Vec<Token>, per_second: NonZeroU32) -> Result<Table, TokenFault> {
    if tokens.len() > TOKENS_MAX {
        return Err(TokenFault::TooMany { count: tokens.len() });
    }
    let mut names = std::collections::BTreeSet::new();
    let mut table = HashMap::with_capacity(tokens.len());
    for (place, token) in tokens.into_iter().enumerate() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || NAME_BESIDE.contains(c);
        if token.name.is_empty() || token.name.len() > NAME_CHARACTERS_MAX || !token.name.chars().all(allowed) {
            return Err(TokenFault::Name { place });
        }
        if token.roles.is_empty() {
            return Err(TokenFault::NoRole { name: token.name });
        }
        if !names.insert(token.name.clone()) || table.contains_key(&token.hash) {
            return Err(TokenFault::Twice { name: token.name });
        }
        let Token { hash, name, roles, court, partner, is_person } = token;
        let is_operator = roles.contains(&Role::Operator);
        let caller = Caller { token: name, court, partner, is_person, is_operator };
        let allowance = RateLimiter::direct(Quota::per_second(per_second));
        table.insert(hash, Arc::new(Holder { caller, roles, allowance }));
    }
    Ok(table)
}

/// A token of 32 random bytes, as text for its holder and as the hash that is kept.
#[must_use]
pub fn mint(random: [u8; 32]) -> (Secret<String>, [u8; 32]) {
    let mut text = String::with_capacity(PREFIX.len() + CHARACTERS);
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(random, &mut text);
    let hash = Sha256::digest(text.as_bytes()).into();
    (Secret::new(text), hash)
}

/// The hash of a token's text; `None` when it has not the form of one.
#[must_use]
pub fn hash_of(shown: &str) -> Option<[u8; 32]> {
    let secret = shown.strip_prefix(PREFIX)?;
    let formed =
        secret.len() == CHARACTERS && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    formed.then(|| Sha256::digest(shown.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, random: u8) -> Token {
        let (_, hash) = mint([random; 32]);
        Token {
            hash,
            name: name.to_owned(),
            roles: vec![Role::Submitter],
            court: None,
            partner: None,
            is_person: false,
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let (text, hash) = mint([7; 32]);
        assert_eq!(text.expose(), "xz_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        assert_eq!(hash_of(text.expose()), Some(hash));
        for bad in [
            "",
            "xz_",
            "xz_BwcH",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "xz_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB é",
        ] {
            assert_eq!(hash_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_set_is_taken_whole_or_not_at_all() {
        let tokens = Tokens::new(vec![token("court-a", 1)], 10).unwrap();
        let shown = |random| mint([random; 32]).0;
        assert!(tokens.find(shown(1).expose()).is_some());
        tokens.replace(vec![token("court-b", 2)]).unwrap();
        assert!(tokens.find(shown(1).expose()).is_none());
        let mut mute = token("c", 3);
        mute.roles.clear();
        let name = |name: &str| name.to_owned();
        assert_eq!(tokens.replace(vec![token("b", 3), mute]), Err(TokenFault::NoRole { name: name("c") }));
        assert_eq!(tokens.replace(vec![token("b", 3), token("d", 3)]), Err(TokenFault::Twice { name: name("d") }));
        assert_eq!(tokens.replace(vec![token("b", 3), token("b", 4)]), Err(TokenFault::Twice { name: name("b") }));
        assert_eq!(tokens.replace(vec![token("张三", 3)]), Err(TokenFault::Name { place: 0 }));
        assert_eq!(tokens.find(shown(2).expose()).map(|holder| holder.caller.token.clone()), Some(name("court-b")));
    }
}
