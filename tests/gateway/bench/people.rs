//! The made-up people of the tests, known to every bank under the same name and number, each with one account there.

use std::sync::LazyLock;

use simulators::bank::Identity;
use simulators::{County, Fen};

/// More than any test pursues at once.
const PEOPLE: u32 = 300;

static COUNTY: LazyLock<County> = LazyLock::new(|| County::made_up(20_261_122, PEOPLE, 0));

/// All of them, with the accounts of no bank in particular.
pub fn everybody() -> County {
    COUNTY.clone()
}

/// One of them.
pub fn person(index: usize) -> Identity {
    COUNTY.customers[index].identity.clone()
}

/// Number of a person's account at the bank with this place.
pub fn account(bank: usize, index: usize) -> String {
    let owner = &COUNTY.customers[index].identity.id_number;
    let first = COUNTY.accounts.iter().find(|account| account.owner == *owner).unwrap();
    format!("622{bank:03}{}", &first.number[6..])
}

/// What the bank with this place knows: everybody has one account; the last balance given is that of all who follow.
pub fn county_of(bank: usize, balances: &[Fen]) -> County {
    let mut county = COUNTY.clone();
    let all = std::mem::take(&mut county.accounts);
    for (index, customer) in county.customers.iter().enumerate() {
        let mut own = all.iter().find(|account| account.owner == customer.identity.id_number).unwrap().clone();
        own.number = account(bank, index);
        own.balance = balances.get(index).or(balances.last()).copied().unwrap_or(0);
        own.products.clear();
        county.accounts.push(own);
    }
    county
}
