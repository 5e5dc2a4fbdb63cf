//! A seeded maker of a made-up county: customers and accounts that look real and cannot be anyone's.
//!
//! Persons are born in the 1890s, names are drawn from the sea, account numbers lie in a range no bank has issued.

use serde::{Deserialize, Serialize};

use crate::bank::{Account, AccountState, Customer, Identity, PriorFreeze, Product};
use crate::day::Day;
use crate::random::Sequence;

const SURNAMES: [&str; 16] =
    ["王", "李", "张", "陈", "林", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "何", "郭", "马"];
const GIVEN: [&str; 20] = [
    "小渔", "小帆", "阿礁", "阿潮", "海螺", "石斑", "望潮", "金鲳", "银鲳", "青蟹", "海棠", "听涛", "晒网", "摇橹",
    "撑篙", "赶海", "拾贝", "观澜", "系舟", "夜泊",
];
const TRADES: [&str; 6] = ["水产", "船具", "冷冻", "渔网", "海运", "晒盐"];
const REGION: &str = "330225";
const BRANCHES: [(&str, &str); 3] =
    [("象山石浦支行", "102332002250"), ("象山支行", "102332002251"), ("象山丹城支行", "102332002252")];

/// Customers and accounts of one bank.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct County {
    /// Customers.
    pub customers: Vec<Customer>,
    /// Their accounts.
    pub accounts: Vec<Account>,
}

impl County {
    /// `persons` persons and `companies` companies with one to three accounts each; the same seed gives the same county.
    pub fn made_up(seed: u64, persons: u32, companies: u32) -> County {
        let mut random = Sequence::new(seed);
        let mut county = County::default();
        for index in 0..persons {
            let customer = made_up_person(&mut random, index);
            county.add_accounts(&mut random, &customer);
            county.customers.push(customer);
        }
        for index in 0..companies {
            let customer = made_up_company(&mut random, index);
            county.add_accounts(&mut random, &customer);
            county.customers.push(customer);
        }
        county
    }

    /// The county of the sample messages: one person, two accounts, one earlier freeze by a neighbouring court.
    pub fn of_the_samples() -> County {
        let owner = "330225189506120170".to_owned();
        let day = |y, m, d| Day::new(y, m, d).unwrap_or(Day::EPOCH);
        let mut first = plain_account(1, &owner, 1_823_456, day(2011, 3, 5));
        first.freezes.push(court_freeze(&PriorFreeze {
            organ: "宁海县人民法院".to_owned(),
            document: "(2026)浙0226执保77号".to_owned(),
            limit: Some(1_000_000),
            caught: 1_000_000,
            end: day(2027, 5, 1),
            queued: false,
        }));
        let mut second = plain_account(2, &owner, 5_000_000, day(2019, 7, 1));
        second.class = "定期".to_owned();
        (second.branch, second.branch_code) = ("象山支行".to_owned(), "102332002251".to_owned());
        let customer = Customer {
            identity: Identity { name: "王小渔".to_owned(), id_type: "01".to_owned(), id_number: owner },
            company: false,
            address: "浙江省象山县石浦镇".to_owned(),
            post_code: "315731".to_owned(),
            phone: "13800000000".to_owned(),
        };
        County { customers: vec![customer], accounts: vec![first, second] }
    }

    /// Lets another court hold all that is on an account until a day.
    pub fn held_by_another_court(&mut self, account: &str, organ: &str, document: &str, end: Day) {
        for account in self.accounts.iter_mut().filter(|own| own.number == account) {
            account.freezes.push(court_freeze(&PriorFreeze {
                organ: organ.to_owned(),
                document: document.to_owned(),
                limit: Some(account.balance),
                caught: account.balance,
                end,
                queued: false,
            }));
        }
    }

    fn add_accounts(&mut self, random: &mut Sequence, customer: &Customer) {
        let count = 1 + random.below(3);
        for nth in 0..count {
            let sequence = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX) + 1;
            let balance = i64::try_from(random.below(30_000_000)).unwrap_or(0);
            let opened = Day::new(2005, 1, 1).unwrap_or(Day::EPOCH).plus_days(small(random.below(7000)));
            let mut account = plain_account(sequence, &customer.identity.id_number, balance, opened);
            account.class = match (customer.company, nth) {
                (true, _) => "对公结算",
                (false, 0) => "活期",
                (false, _) => "定期",
            }
            .to_owned();
            if let Some((branch, code)) = random.pick(&BRANCHES) {
                (account.branch, account.branch_code) = ((*branch).to_owned(), (*code).to_owned());
            }
            if random.below(10) == 0 {
                account.products.push(Product {
                    number: format!("LC{sequence:08}"),
                    name: "潮信稳健理财".to_owned(),
                    wealth_account: format!("9{sequence:011}"),
                    units: 1_000_000,
                    units_held: 0,
                    freezable: random.below(2) == 0,
                });
            }
            self.accounts.push(account);
        }
    }
}

fn small(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(0)
}

fn plain_account(sequence: u64, owner: &str, balance: i64, opened: Day) -> Account {
    Account {
        number: account_number(sequence),
        owner: owner.to_owned(),
        class: "活期".to_owned(),
        branch: "象山石浦支行".to_owned(),
        branch_code: "102332002250".to_owned(),
        opened,
        currency: "156".to_owned(),
        state: AccountState::Normal,
        balance,
        freezes: Vec::new(),
        ended: Vec::new(),
        rights: Vec::new(),
        products: Vec::new(),
    }
}

fn court_freeze(told: &PriorFreeze) -> crate::bank::Freeze {
    crate::bank::Freeze {
        names: Vec::new(),
        application: String::new(),
        organ: told.organ.clone(),
        document: told.document.clone(),
        sub_account: String::new(),
        limit: told.limit,
        caught: told.caught,
        queued: told.queued,
        start: Day::new(2026, 5, 2).unwrap_or(Day::EPOCH),
        end: told.end,
        product: None,
        open_deducts: Vec::new(),
        parked: Vec::new(),
    }
}

fn made_up_person(random: &mut Sequence, index: u32) -> Customer {
    let surname = random.pick(&SURNAMES).copied().unwrap_or("王");
    let given = random.pick(&GIVEN).copied().unwrap_or("小渔");
    let birth = Day::new(1890, 1, 1).unwrap_or(Day::EPOCH).plus_days(small(random.below(3650)));
    Customer {
        identity: Identity {
            name: format!("{surname}{given}"),
            id_type: "01".to_owned(),
            id_number: identity_number(birth, index),
        },
        company: false,
        address: format!("浙江省象山县虚构镇{}号", index + 1),
        post_code: "315700".to_owned(),
        phone: "13800000000".to_owned(),
    }
}

fn made_up_company(random: &mut Sequence, index: u32) -> Customer {
    let given = random.pick(&GIVEN).copied().unwrap_or("听涛");
    let trade = random.pick(&TRADES).copied().unwrap_or("水产");
    Customer {
        identity: Identity {
            name: format!("象山虚构{given}{trade}有限公司"),
            id_type: "24100".to_owned(),
            id_number: credit_code(index),
        },
        company: true,
        address: format!("浙江省象山县虚构工业区{}号", index + 1),
        post_code: "315700".to_owned(),
        phone: "0574-00000000".to_owned(),
    }
}

/// An 18-digit identity number with its right check digit. The counter runs over birth days too, so that a large county has no twins.
fn identity_number(birth: Day, index: u32) -> String {
    let birth = birth.plus_days(small(u64::from(index / 999)));
    let body = format!("{REGION}{}{:03}", birth.compact(), index % 999 + 1);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.chars().zip(weights).filter_map(|(c, w)| Some(c.to_digit(10)? * w)).sum();
    let check = "10X98765432".chars().nth(usize::try_from(sum % 11).unwrap_or(0)).unwrap_or('0');
    format!("{body}{check}")
}

/// A unified social credit code whose two check characters are right (GB 32100 over GB 11714).
fn credit_code(index: u32) -> String {
    const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let organ = format!("MA{index:06}");
    let value = |c: char| if c.is_ascii_digit() { c.to_digit(10) } else { c.to_digit(36) };
    let organ_sum: u32 = organ.chars().zip([3, 7, 9, 10, 5, 8, 4, 2]).filter_map(|(c, w)| Some(value(c)? * w)).sum();
    let organ_check = match 11 - organ_sum % 11 {
        10 => "X".to_owned(),
        11 => "0".to_owned(),
        digit => digit.to_string(),
    };
    let body = format!("91{REGION}{organ}{organ_check}");
    let mut weight = 1;
    let mut sum = 0;
    for sign in body.chars() {
        sum += SIGNS.find(sign).unwrap_or(0) * weight;
        weight = weight * 3 % 31;
    }
    let check = SIGNS.chars().nth((31 - sum % 31) % 31).unwrap_or('0');
    format!("{body}{check}")
}

/// A 19-digit account number as the samples have them: its last digit is the Luhn digit of a number one zero shorter, so it never
/// passes a card's own check and cannot be anyone's.
fn account_number(sequence: u64) -> String {
    let body = format!("6222{sequence:013}");
    let sum: u32 = body
        .chars()
        .rev()
        .enumerate()
        .filter_map(|(place, c)| {
            let digit = c.to_digit(10)?;
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            Some(if doubled > 9 { doubled - 9 } else { doubled })
        })
        .sum();
    format!("6222{sequence:014}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_are_those_of_the_samples() {
        assert_eq!(account_number(1), "6222000000000000017");
        assert_eq!(account_number(2), "6222000000000000025");
        assert_eq!(identity_number(Day::new(1895, 6, 12).unwrap(), 16), "330225189506120170");
        // GB 32100 check of a published example's shape: the code's own check character closes the sum to 0 mod 31.
        let code = credit_code(7);
        let weights = (0..18).scan(1u32, |w, _| Some(std::mem::replace(w, *w * 3 % 31)));
        let signs = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        let sum: u32 =
            code.chars().take(17).zip(weights).map(|(c, w)| u32::try_from(signs.find(c).unwrap()).unwrap() * w).sum();
        let check = u32::try_from(signs.find(code.chars().last().unwrap()).unwrap()).unwrap();
        assert_eq!((sum + check) % 31, 0);
    }

    #[test]
    fn a_seed_is_a_county_without_twins() {
        let county = County::made_up(7, 3000, 200);
        let again = County::made_up(7, 3000, 200);
        assert_eq!(serde_json::to_string(&county).unwrap(), serde_json::to_string(&again).unwrap());
        let ids: BTreeSet<_> = county.customers.iter().map(|c| c.identity.id_number.clone()).collect();
        assert_eq!(ids.len(), county.customers.len());
        let numbers: BTreeSet<_> = county.accounts.iter().map(|a| a.number.clone()).collect();
        assert_eq!(numbers.len(), county.accounts.len());
        assert!(county.customers.iter().filter(|c| !c.company).all(|c| {
            c.identity.id_number.len() == 18 && c.identity.id_number[6..9].parse::<u32>().unwrap() <= 190
        }));
    }
}
