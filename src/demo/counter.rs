//! A bank's counter: an order that never reached the bank's system is carried out from paper, under its number.

use anyhow::{Context, bail};
use serde_json::Value;
use simulators::bank::{Books, Identity, Name, Order, Original, Papers, Payee, Verb};
use simulators::parse_yuan;

use super::county::{CASE, COURT_ACCOUNT, DemoCounty};

const ORGAN: &str = "象山县人民法院";

/// Carries out a freeze or a deduct of the demo's case.
///
/// # Errors
/// Another kind of act, an account without our freeze, or books that have stopped.
pub async fn bring(books: &Books, county: &DemoCounty, act: &Value, number: &str) -> anyhow::Result<()> {
    let text = |key: &str| act.get(key).and_then(Value::as_str).unwrap_or_default();
    let amount = parse_yuan(text("amount")).with_context(|| format!("reading the amount of {number}"))?;
    let account = text("account");
    let verb = match text("kind") {
        "freeze" => {
            let end = county.today().next_year().plus_days(-1);
            Verb::Freeze {
                application: text("slip").to_owned(),
                limit: Some(amount),
                asked: None,
                queue: false,
                end,
                product: None,
                takes_over: Vec::new(),
            }
        }
        "deduct" => {
            let (bank_code, number) = COURT_ACCOUNT;
            let payee = Payee {
                name: "象山县人民法院执行款专户".to_owned(),
                bank: "象山农商银行".to_owned(),
                bank_code: bank_code.to_owned(),
                account: number.to_owned(),
            };
            Verb::Deduct { original: ours(books, account)?, amount: Some(amount), payee }
        }
        other => bail!("the demo brings no paper for {other}"),
    };
    let identity = county.identity().cloned();
    let nobody = || Identity { name: String::new(), id_type: String::new(), id_number: String::new() };
    let order = Order {
        name: Name { slip: number.to_owned(), line: String::new() },
        content: "paper".to_owned(),
        organ: ORGAN.to_owned(),
        document: CASE.to_owned(),
        subject: identity.unwrap_or_else(nobody),
        account: account.to_owned(),
        sub_account: String::new(),
        currency: "CNY".to_owned(),
        papers: Papers {
            document: true,
            credentials: true,
            officer_numbers: vec!["GW330225001".to_owned(), "GW330225002".to_owned()],
        },
        verb,
    };
    books.order(order).await.with_context(|| format!("carrying out {number} from paper"))?;
    Ok(())
}

/// The freeze of this case on an account.
fn ours(books: &Books, account: &str) -> anyhow::Result<Original> {
    let account = books.account(account).context("finding the account at the counter")?;
    let freeze = account.freezes.iter().find(|freeze| freeze.document == CASE);
    let freeze = freeze.context("finding this case's freeze at the counter")?;
    let name = freeze.names.first().context("finding the number of this case's freeze at the counter")?;
    Ok(Original { number: name.key(), application: freeze.application.clone() })
}
