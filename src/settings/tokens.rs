//! The `[[tokens]]` of gateway and courts.

use std::collections::BTreeMap;

use engine::config::Person;
use web::right::{Right, Settle, Stop};
use web::tokens::{NAME_BESIDE, NAME_CHARACTERS_MAX};
use web::{Role, Token};

use super::page::{Found, Table};

/// Letters of a SHA-256 in hex.
const HASH_CHARACTERS: usize = 64;
/// Clerks of one partner: a registry's counters, all shifts.
const CLERKS_MAX: usize = 200;

/// Reads the tokens of a file; those of a court belong to it, and hold none but `allowed` roles.
pub(super) fn read<'p>(table: &mut Table<'p>, court: Option<&str>, allowed: &[Role]) -> Vec<Found<'p, Token>> {
    let tables = table.tables("tokens", web::tokens::TOKENS_MAX);
    tables.into_iter().filter_map(|table| one(table, court, allowed)).collect()
}

fn one<'p>(mut table: Table<'p>, court: Option<&str>, allowed: &[Role]) -> Option<Found<'p, Token>> {
    let spot = table.spot();
    let (name, hash) = holder(&mut table);
    let roles = roles(&mut table, allowed);
    let is_person = table.flag("person").is_some_and(|flag| flag.value);
    table.finish();
    if !is_person && roles.as_ref().is_some_and(|roles| roles.contains(&Role::Approver)) {
        spot.warn("is an approver but no person: it can approve nothing, settle no doubt and lift no stop; write person = true if one person alone holds it");
    }
    let (name, hash, roles) = (name?, hash?, roles?);
    let value = Token { hash, name, roles, court: court.map(str::to_owned), partner: None, is_person };
    Some(Found { spot, value })
}

/// Name and hash, which every token has.
fn holder(table: &mut Table<'_>) -> (Option<String>, Option<[u8; 32]>) {
    let name = table.required("name", NAME_CHARACTERS_MAX, "who holds it").filter(|name| {
        let formed = name.value.chars().all(|c| c.is_ascii_alphanumeric() || NAME_BESIDE.contains(c));
        if !formed {
            name.spot.fault("holds other characters than letters, digits, - _ . @; rename it");
        }
        formed
    });
    let hash =
        table.required("sha256", 2 * HASH_CHARACTERS, "the SHA-256 of the token's text in hex").and_then(|text| {
            let hash = hash(&text.value);
            if hash.is_none() {
                text.spot.fault("must be 64 hex digits: the SHA-256 of the token's text, never the token itself");
            }
            hash
        });
    (name.map(|name| name.value), hash)
}

fn roles(table: &mut Table<'_>, allowed: &[Role]) -> Option<Vec<Role>> {
    let words = allowed.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
    let Some(found) = table.texts("roles", Role::ALL.len(), 20) else {
        table.spot_of("roles").fault(format!("is missing; write a list of {words}"));
        return None;
    };
    let mut roles = Vec::new();
    for word in &found.value {
        match Role::from_word(&word.value).filter(|role| allowed.contains(role)) {
            None => word.spot.fault(format!("is no role that a token of this file may have; those are {words}")),
            Some(role) if roles.contains(&role) => word.spot.fault("stands here twice; leave one out"),
            Some(role) => roles.push(role),
        }
    }
    if found.value.is_empty() {
        found.spot.fault(format!("is empty; write one or more of {words}"));
    }
    Some(roles)
}

/// Those that persons hold, as the decider holds the first of two words against them.
pub(super) fn persons(tokens: &[Token]) -> BTreeMap<String, Person> {
    let has = |token: &Token, right: &[Role]| token.roles.iter().any(|role| right.contains(role));
    let person = |token: &Token| Person {
        court: token.court.clone(),
        hash: token.hash,
        settles: has(token, Settle::ROLES),
        lifts: has(token, Stop::ROLES),
    };
    tokens.iter().filter(|token| token.is_person).map(|token| (token.name.clone(), person(token))).collect()
}

/// `[[clerks]]` of a partner's file: people who answer for it; each has a token of their own, because it stands in the trail.
pub(super) fn of_clerks<'p>(table: &mut Table<'p>, partner: &str) -> Vec<Found<'p, Token>> {
    let tables = table.tables("clerks", CLERKS_MAX);
    tables.into_iter().filter_map(|table| clerk(table, partner)).collect()
}

fn clerk<'p>(mut table: Table<'p>, partner: &str) -> Option<Found<'p, Token>> {
    let spot = table.spot();
    let (name, hash) = holder(&mut table);
    table.finish();
    let (name, hash) = (name?, hash?);
    let roles = vec![Role::Partner];
    Some(Found {
        spot,
        value: Token { hash, name, roles, court: None, partner: Some(partner.to_owned()), is_person: true },
    })
}

/// `[callback]` of a partner's file: the token under which it posts by itself, named like the partner.
pub(super) fn of_partner<'p>(mut table: Table<'p>, partner: &str) -> Option<Found<'p, Token>> {
    let spot = table.spot();
    let text = table.required("sha256", 2 * HASH_CHARACTERS, "the SHA-256 of the token's text in hex");
    table.finish();
    let text = text?;
    let Some(hash) = hash(&text.value) else {
        text.spot.fault("must be 64 hex digits: the SHA-256 of the token's text, never the token itself");
        return None;
    };
    let roles = vec![Role::Partner];
    Some(Found {
        spot,
        value: Token { hash, name: partner.to_owned(), roles, court: None, partner: None, is_person: false },
    })
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).filter_map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    let bytes: Vec<u8> = bytes.collect();
    (digits.len() == HASH_CHARACTERS).then_some(())?;
    bytes.try_into().ok()
}
